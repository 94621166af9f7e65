# SPDX-License-Identifier: Apache-2.0
"""DNS over TLS to upstreams that do it well, and to some that do not. Time is moved by `ctl clock`."""
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import message, peers, tls_upstream, wait
from support.case import Case, main
from support.server import Dnsloom, servers
from support.ports import free_port
from support.tls_upstream import Authority, TlsUpstream
from support.upstream import Upstream

EXTENDED_ERROR = 15
NO_REACHABLE_AUTHORITY, NETWORK_ERROR = 22, 23


class Tls(Case):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self.folder)

    def upstream(self, behave=None, *, certified=None, **options):
        return self.enter(TlsUpstream(certified or self.authority.issue(), behave, **options))

    def serve(self, *upstreams, extra=""):
        to = ", ".join(f'"tls://127.0.0.1:{upstream.port}"' for upstream in upstreams)
        self.serve_text(f'policy = "sequential", to = [{to}]{extra}')

    def serve_text(self, text):
        self.server = self.enter(Dnsloom(
            self.folder, servers(f'[{{ plugin = "forward", {text}, tls_ca = "{self.authority.path}" }}]'),
            host={"test_clock": True}))

    def ask_while_time_passes(self, step="1s"):
        """The reply to a question, and how many steps of the clock it took."""
        replies = []
        thread = threading.Thread(target=lambda: replies.append(self.server.ask("slow.test", edns=1232)))
        thread.start()
        steps = 0
        while thread.is_alive():
            thread.join(0.1)
            if thread.is_alive():
                self.server.ctl("clock", step)
                steps += 1
        self.assertEqual(len(replies), 1)
        return replies[0], steps

    def extended_error(self, reply):
        self.assertEqual(reply.rcode, "SERVFAIL")
        value = reply.opt.option(EXTENDED_ERROR)
        self.assertIsNotNone(value)
        return int.from_bytes(value[:2], "big"), value[2:].decode()

    def refused(self, text, **options):
        """An upstream alone fails with `text`; with a good one behind it, that one answers."""
        bad, good = self.upstream(**options), self.upstream()
        self.serve(bad)
        code, why = self.extended_error(self.server.ask("bad.test", edns=1232))
        self.assertEqual(code, NETWORK_ERROR)
        self.assertIn(text, why)
        self.assertIn(f"tls://127.0.0.1:{bad.port}", why)
        self.server.wait_log("no TLS with upstream")
        self.server.stop()
        self.serve(bad, good)
        self.assertEqual(self.server.ask("good.test").texts(), ["good.test. A 192.0.2.1"])


class Good(Tls):
    def test_answers_come_over_one_connection_and_sessions_are_resumed(self):
        upstream = self.upstream()
        self.serve(upstream)
        for number in range(20):
            self.assertEqual(self.server.ask(f"n{number}.test").texts(), [f"n{number}.test. A 192.0.2.1"])
        self.assertEqual((upstream.connections, upstream.queries), (1, 20))

        self.server.ctl("clock", "11s")
        self.assertEqual(self.server.ask("later.test").rcode, "NOERROR")
        self.assertEqual((upstream.connections, upstream.resumed), (2, 1))
        self.assertEqual(self.server.metric("dnsloom_forward_tls_handshakes_total", result="resumed"), 1)

    def test_large_answers_and_answers_octet_by_octet(self):
        records = [("big.test", "TXT", 60, message.txt("x" * 200))] * 250
        upstream = self.upstream(answer=lambda octets, _: message.response(octets, records))
        dripping = self.upstream(tls_upstream.drip)
        self.serve(upstream)
        self.assertEqual(len(self.server.tcp("big.test", "TXT").answer), 250)
        self.server.stop()
        self.serve(dripping)
        self.assertEqual(self.server.ask("drip.test").texts(), ["drip.test. A 192.0.2.1"])

    def test_connection_that_is_too_old_is_replaced(self):
        upstream = self.upstream()
        self.serve(upstream, extra=', expire = "1h", max_age = "10s"')
        for seconds, connections in ((0, 1), (9, 1), (2, 2), (9, 2)):
            self.server.ctl("clock", f"{seconds}s")
            self.assertEqual(self.server.ask("age.test").rcode, "NOERROR")
            self.assertEqual(upstream.connections, connections)

    def test_certificate_is_shown_to_an_upstream_that_wants_it(self):
        upstream = self.upstream(clients=self.authority)
        certificate, key = self.authority.issue()
        self.serve(upstream, extra=f', tls_cert = "{certificate}", tls_key = "{key}"')
        self.assertEqual(self.server.ask("good.test").rcode, "NOERROR")
        self.server.stop()
        self.serve(upstream)
        self.assertEqual(self.server.ask("bad.test").rcode, "SERVFAIL")

    def test_server_name_is_checked_in_place_of_the_address(self):
        upstream = self.upstream(certified=self.authority.issue("DNS:dns.test"))
        self.serve(upstream, extra=', tls_servername = "dns.test"')
        self.assertEqual(self.server.ask("good.test").rcode, "NOERROR")


class EncryptedUnbound(peers.Unbound):
    """Unbound over TLS on `tls_port` and over HTTPS on `https_port`, too."""

    def __init__(self, folder, upstream_port, probe, certified):
        super().__init__(folder, upstream_port, probe)
        self.tls_port, self.https_port = free_port(), free_port()
        self.certified = certified

    def command(self):
        words = super().command()
        path = self.folder / "unbound.conf"
        certificate, key = self.certified
        extra = (f'server:\n  interface: 127.0.0.1@{self.tls_port}\n  interface: 127.0.0.1@{self.https_port}\n'
                 f'  tls-port: {self.tls_port}\n  https-port: {self.https_port}\n'
                 f'  tls-service-pem: "{certificate}"\n  tls-service-key: "{key}"\n')
        path.write_text(path.read_text().replace("server:\n", extra, 1))
        return words


class Real(Tls):
    def test_unbound_answers_over_tls_and_https(self):
        behind = self.enter(Upstream())
        unbound = self.enter(EncryptedUnbound(self.folder, behind.port, ("up.test", "A"), self.authority.issue()))
        for url in (f"tls://127.0.0.1:{unbound.tls_port}", f"https://127.0.0.1:{unbound.https_port}/dns-query",
                    f"https://127.0.0.1:{unbound.https_port}#dns.test"):
            with self.subTest(url=url):
                self.serve_text(f'to = ["{url}"]')
                for number in range(20):
                    self.assertEqual(self.server.ask(f"n{number}.test").texts(), [f"n{number}.test. A 192.0.2.1"])
                self.assertEqual(self.server.metric("dnsloom_forward_tls_handshakes_total", result="full"), 1)
                self.server.stop()

    def test_http_error_is_told(self):
        behind = self.enter(Upstream())
        unbound = self.enter(EncryptedUnbound(self.folder, behind.port, ("up.test", "A"), self.authority.issue()))
        self.serve_text(f'to = ["https://127.0.0.1:{unbound.https_port}/elsewhere"]')
        code, why = self.extended_error(self.server.ask("bad.test", edns=1232))
        self.assertEqual(code, NETWORK_ERROR)
        self.assertIn("HTTP status 404", why)


class Certificates(Tls):
    def test_expired(self):
        self.refused("certificate has expired",
                     certified=self.authority.issue(start="20200101000000Z", end="20210101000000Z"))

    def test_wrong_address(self):
        self.refused("IP address mismatch", certified=self.authority.issue("DNS:dns.test,IP:127.0.0.9"))

    def test_unknown_authority(self):
        self.refused("unable to get local issuer certificate",
                     certified=Authority(self.folder, "other").issue())

    def test_tls_1_1(self):
        self.refused("version", only_old=True)

    def test_renewed_authority_is_taken_up(self):
        other = Authority(self.folder, "other")
        upstream = self.upstream(certified=other.issue())
        self.serve(upstream)
        self.assertEqual(self.server.ask("bad.test").rcode, "SERVFAIL")
        new = self.folder / "new.pem"
        new.write_bytes(other.path.read_bytes())
        new.replace(self.authority.path)
        self.server.wait_log("TLS files were read again")
        self.server.ctl("clock", "1s")  # Time for a probe.
        wait.until(lambda: self.server.ask("good.test").rcode == "NOERROR", "the upstream is up again")


class Breaks(Tls):
    def bounded(self, behave=None, **options):
        """Alone it fails in bounded time; with a good upstream behind it, that one answers."""
        bad, good = self.upstream(behave, **options), self.upstream()
        self.serve(bad, extra=', read_timeout = "1s"')
        reply, steps = self.ask_while_time_passes()
        self.assertLessEqual(steps, 10)
        error = self.extended_error(reply)
        self.server.stop()
        self.serve(bad, good, extra=', read_timeout = "1s"')
        reply, _ = self.ask_while_time_passes()
        self.assertEqual(reply.texts(), ["slow.test. A 192.0.2.1"])
        return error

    def test_handshake_stalls(self):
        code, text = self.bounded(stalls=True)
        self.assertEqual(code, NO_REACHABLE_AUTHORITY)
        self.assertIn("timed out", text)

    def test_answer_that_never_gets_complete(self):
        code, _ = self.bounded(tls_upstream.send_half)
        self.assertEqual(code, NO_REACHABLE_AUTHORITY)

    def test_closed_in_the_middle_of_an_answer(self):
        code, _ = self.bounded(tls_upstream.close_in_the_middle)
        self.assertEqual(code, NETWORK_ERROR)

    def test_reset(self):
        code, _ = self.bounded(tls_upstream.reset)
        self.assertEqual(code, NETWORK_ERROR)


if __name__ == "__main__":
    main()
