# SPDX-License-Identifier: Apache-2.0
"""Acceptance tests 16 to 18: what clients, listeners and several callers of reload see."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import socket
import threading

from support import client, message, wait
from support.case import main
from support.ports import free_port
from support.reload import ReloadCase, pipeline, times
from support.server import servers


class Connections(ReloadCase):
    def test_16_pipelined_connection_lives_through_reloads(self):
        self.serve(pipeline(""))
        count, reloads, block = times(10_000), times(50), 100
        every = max(1, count // block // reloads)
        with self.server.connect() as connection:
            version = 1
            for start in range(0, count, block):
                ids = range(start, start + block)
                connection.send(*[message.query(f"n{number}.test", "TXT", id=number) for number in ids])
                if start // block % every == 0:
                    version += 1
                    self.subject.by_move(version)
                    self.server.reload()
                replies = {reply.id: reply for reply in (connection.receive() for _ in ids)}
                self.assertEqual(set(replies), set(ids))
                for number in ids:
                    self.assertEqual(replies[number].question[0][0], f"n{number}.test.")
                    self.assertEqual(replies[number].rcode, "NOERROR")
            self.assertTrue(connection.is_open())
        self.assertGreaterEqual(version, reloads)

    def test_16_idle_connection_holds_no_old_generation(self):
        self.serve(pipeline(""), tcp_idle_timeout="60s")
        with self.server.connect() as connection:
            connection.ask("first.test", "TXT")
            self.subject.by_move(2)
            self.server.reload()
            self.wait_unloaded()
            reply = connection.ask("second.test", "TXT")

        self.assertEqual(message.txt_strings(reply.answer[0].rdata)[1], "00000002")


class Listeners(ReloadCase):
    def metrics_on(self, port):
        return servers(f'[{{ plugin = "metrics", listen = "127.0.0.1:{port}" }}, {{ plugin = "subject" }}]')

    def test_17_page_on_a_taken_port_leaves_the_old_page_open(self):
        self.serve(self.metrics_on("@HTTP@"))
        with socket.create_server(("127.0.0.1", free_port())) as taken:
            port = taken.getsockname()[1]
            self.server.write(self.metrics_on(port))
            said = self.server.reload_fails()

        self.assertIn(str(port), said)
        self.assertIn("dnsloom_", self.server.page())
        self.assertEqual(self.server.version(), 1)

    def test_17_server_on_a_taken_port_leaves_the_old_one_open(self):
        self.serve(pipeline(""))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind(("127.0.0.1", free_port()))
            port = taken.getsockname()[1]
            self.server.write(pipeline("") + servers(zones='["new.test"]', listen=f"dns://127.0.0.1:{port}"))
            said = self.server.reload_fails()

        self.assertIn(str(port), said)
        self.assertEqual(self.server.version(), 1)

    def test_new_listener_is_opened_and_an_old_one_closed(self):
        self.serve(pipeline(""))
        other = free_port()
        second = servers(zones='["new.test"]', listen=f"dns://127.0.0.1:{other}")
        load = self.load()

        self.server.write(pipeline("") + second)
        self.server.reload()
        self.assertEqual(client.ask(other, "a.new.test").rcode, "NOERROR")
        self.assertEqual(client.tcp(other, "a.new.test").rcode, "NOERROR")

        self.server.write(pipeline(""))
        self.server.reload()
        wait.until(lambda: self.is_closed(other), "the port is closed")
        self.assert_clean(load)

    @staticmethod
    def is_closed(port):
        try:
            client.Tcp(port).socket.close()
        except ConnectionRefusedError:
            return True
        return False


class Concurrency(ReloadCase):
    def test_18_twenty_reloads_at_once(self):
        self.serve(watch=True)
        load = self.load()
        results = []

        def call():
            result = self.server.ctl("reload", check=False)
            results.append((result.returncode, result.stdout + result.stderr))

        callers = [threading.Thread(target=call) for _ in range(20)]
        for version, caller in enumerate(callers, start=2):
            self.subject.by_move(version)
            caller.start()
        for caller in callers:
            caller.join()

        self.assertEqual(len(results), 20)
        self.assertEqual([said for code, said in results if code != 0], [])
        self.wait_version(21)
        self.assert_clean(load)
        self.wait_unloaded()


if __name__ == "__main__":
    main()
