# SPDX-License-Identifier: Apache-2.0
"""The process: signals, readiness, inherited sockets, privileges, the control socket."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import os
import pwd
import signal
import socket
import subprocess

from support import client, message, wait
from support.case import Case, Skip, main
from support.ports import free_port
from support.server import BINARY, Dnsloom, servers
from support.upstream import Upstream


class Signals(Case):
    def test_sigterm_stops_with_0(self):
        with Dnsloom(self.folder, servers()) as server:
            server.ask("up.test")
            self.assertEqual(server.stop(signal.SIGTERM), 0)

    def test_sigint_stops_with_0(self):
        with Dnsloom(self.folder, servers()) as server:
            self.assertEqual(server.stop(signal.SIGINT), 0)

    def test_sigterm_lets_queries_in_flight_end(self):
        held = []
        upstream = self.enter(Upstream(lambda octets, _: held.append(octets)))
        with Dnsloom(self.folder, servers(
                f'[{{ plugin = "forward", to = ["127.0.0.1:{upstream.port}"] }}]')) as server:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.settimeout(client.TIMEOUT)
                sock.connect(("127.0.0.1", server.port))
                sock.send(message.query("late.test"))
                wait.until(lambda: held, "the query reaches the upstream")
                upstream.answer = lambda octets, _: message.response(octets, [("late.test", "A", 1, bytes(4))])
                server.signal(signal.SIGTERM)
                self.assertEqual(message.parse(sock.recv(4096)).question[0][0], "late.test.")

    def test_sighup_reloads(self):
        with Dnsloom(self.folder, servers('[{ plugin = "subject" }]')) as server:
            before = server.subject()[0]
            server.write(servers('[{ plugin = "subject", label = "two" }]'))
            server.signal(signal.SIGHUP)
            wait.until(lambda: server.subject()[0] != before, "a new instance answers")

    def test_sigpipe_is_survived(self):
        with Dnsloom(self.folder, servers()) as server:
            server.signal(signal.SIGPIPE)
            self.assertEqual(server.ask("pipe.test").rcode, "NOERROR")


class Start(Case):
    def test_port_in_use_is_an_error_that_names_it(self):
        server = Dnsloom(self.folder, servers())
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind(("127.0.0.1", server.port))
            server.launch()
            self.assertEqual(server.process.wait(wait.LIMIT), 1)
        self.assertIn(str(server.port), server.log())

    def test_wrong_configuration_is_an_error(self):
        server = Dnsloom(self.folder, servers('[{ plugin = "nowhere" }]'))
        server.launch()

        self.assertEqual(server.process.wait(wait.LIMIT), 1)
        self.assertIn("nowhere", server.log())

    def test_same_port_serves_again_at_once(self):
        first = Dnsloom(self.folder, servers())
        for _ in range(3):
            with first:
                self.assertEqual(first.tcp("again.test").rcode, "NOERROR")

    def test_first_answer_comes_with_readiness(self):
        with Dnsloom(self.folder, servers()) as server:  # Returns at READY=1.
            self.assertEqual(server.ask("ready.test").rcode, "NOERROR")


class InheritedSockets(Case):
    """LISTEN_FDS, as sd_listen_fds(3) has it: descriptors from 3 on."""

    def test_they_are_used(self):
        port = free_port()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, \
                socket.create_server(("127.0.0.1", port)) as tcp:
            udp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            udp.bind(("127.0.0.1", port))
            server = Dnsloom(self.folder, servers(listen=f"dns://127.0.0.1:{port}"))
            # A shell puts the sockets in place, since LISTEN_PID has to be the server's own.
            script = f'exec 3<&{udp.fileno()} 4<&{tcp.fileno()}; LISTEN_FDS=2 LISTEN_PID=$$ exec "$0" run -c "$1"'
            process = subprocess.Popen(["/bin/bash", "-c", script, BINARY, str(server.config)],
                                       pass_fds=(udp.fileno(), tcp.fileno()),
                                       stdout=open(server.log_file, "wb"), stderr=subprocess.STDOUT)
            try:
                udp_inode, tcp_inode = os.fstat(udp.fileno()).st_ino, os.fstat(tcp.fileno()).st_ino
                self.assertEqual(client.ask(port, "inherited.test").rcode, "NOERROR")
                self.assertEqual(client.tcp(port, "inherited.test").rcode, "NOERROR")
                links = {os.stat(f"/proc/{process.pid}/fd/{fd}").st_ino for fd in os.listdir(f"/proc/{process.pid}/fd")
                         if os.path.exists(f"/proc/{process.pid}/fd/{fd}")}
                self.assertLessEqual({udp_inode, tcp_inode}, links)
            finally:
                process.terminate()
                self.assertEqual(process.wait(wait.LIMIT), 0)


class Privileges(Case):
    def setUp(self):
        super().setUp()
        if os.geteuid() != 0:
            raise Skip("not root")

    def status(self, server, key):
        lines = Path(f"/proc/{server.pid}/status").read_text().splitlines()
        return next(line.split()[1:] for line in lines if line.startswith(key + ":"))

    def test_user_is_changed_and_capabilities_are_gone(self):
        nobody = pwd.getpwnam("nobody")
        self.folder.chmod(0o755)
        server = Dnsloom(self.folder, servers(), host={"user": "nobody"})
        os.chown(server.run_dir, nobody.pw_uid, nobody.pw_gid)
        with server:
            self.assertEqual(server.ask("dropped.test").rcode, "NOERROR")
            self.assertEqual(set(self.status(server, "Uid")), {str(nobody.pw_uid)})
            self.assertEqual(set(self.status(server, "Gid")), {str(nobody.pw_gid)})
            self.assertLessEqual(set(self.status(server, "Groups")), {str(nobody.pw_gid)})
            capabilities = int(self.status(server, "CapEff")[0], 16)
            self.assertEqual(capabilities & ~(1 << 10), 0, "at most CAP_NET_BIND_SERVICE")
            server.reload()

    def test_unknown_user_is_an_error(self):
        server = Dnsloom(self.folder, servers(), host={"user": "nobody-of-that-name"})
        server.launch()

        self.assertEqual(server.process.wait(wait.LIMIT), 1)
        self.assertIn("nobody-of-that-name", server.log())


class Control(Case):
    def setUp(self):
        super().setUp()
        self.server = self.enter(Dnsloom(self.folder, servers('[{ plugin = "subject" }]')))

    def test_status_tells_version_servers_and_generation(self):
        out = self.server.ctl("status").stdout

        self.assertRegex(out, r"\d+\.\d+\.\d+")
        self.assertIn(str(self.server.port), out)
        self.assertIn("generation", out.lower())

    def test_plugins_tells_what_is_loaded(self):
        self.assertIn("subject", self.server.ctl("plugins").stdout)

    def test_stop_stops(self):
        self.server.ctl("stop")

        self.assertEqual(self.server.process.wait(wait.LIMIT), 0)

    def test_unknown_command_fails(self):
        result = self.server.ctl("dance", check=False)

        self.assertNotEqual(result.returncode, 0)
        self.assertIn("dance", result.stdout + result.stderr)

    def test_commands_of_plugins_run_in_all_their_instances_or_in_one(self):
        listed = self.server.ctl("commands").stdout.splitlines()
        self.assertEqual([line.split()[1:3] for line in listed], [["say", "WORD..."]])
        instance = listed[0].split()[0]
        for who in ("subject", instance):
            self.assertEqual(self.server.ctl(who, "say", "two words", "more").stdout, "two words\nmore\n")
        refused = self.server.ctl("subject", "say", "nothing", check=False)
        self.assertEqual((refused.returncode, refused.stdout + refused.stderr), (1, "say something\n"))

    def test_mistaken_commands_of_plugins_are_told_what_there_is(self):
        for words in (["subject"], ["subject", "dance"]):
            result = self.server.ctl(*words, check=False)
            self.assertNotEqual(result.returncode, 0)
            self.assertIn("say", result.stdout + result.stderr)

    def test_a_command_under_way_ends_when_its_plugin_is_replaced(self):
        with subprocess.Popen([BINARY, "ctl", "-s", str(self.server.control), "subject", "say"],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as waiting:
            wait.until(lambda: self.server.metric("dnsloom_subject_said_total"), "the command runs")
            self.server.write(servers('[{ plugin = "subject", label = "other" }]'))
            self.server.reload()
            self.assertIn("replaced", waiting.communicate(timeout=wait.LIMIT)[0])
            self.assertEqual(waiting.returncode, 1)

    def test_no_server_fails_with_a_text(self):
        result = subprocess.run([BINARY, "ctl", "-s", str(self.folder / "none.sock"), "status"],
                                capture_output=True, text=True)

        self.assertEqual(result.returncode, 1)
        self.assertIn("none.sock", result.stderr)

    def test_socket_is_for_its_owner_only(self):
        self.assertEqual(self.server.control.stat().st_mode & 0o007, 0)

    def test_hostile_bytes_do_no_harm(self):
        for octets in (b"\0" * 10000, b"\xff" * 10, b"status", b"\n" * 1000, b"a" * 100000 + b"\n"):
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect(str(self.server.control))
                try:
                    sock.sendall(octets)
                except (BrokenPipeError, ConnectionResetError):
                    pass

        self.assertEqual(self.server.ctl("status").returncode, 0)

    def test_client_that_says_nothing_blocks_nobody(self):
        with socket.socket(socket.AF_UNIX) as silent:
            silent.connect(str(self.server.control))
            self.assertEqual(self.server.ctl("status").returncode, 0)


if __name__ == "__main__":
    main()
