# SPDX-License-Identifier: Apache-2.0
"""Upstreams by name and by resolv.conf, which change while the server runs. Time is moved by `ctl clock`."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import message, wait
from support.case import Case, main
from support.server import Dnsloom, servers
from support.tls_upstream import Authority, TlsUpstream
from support.upstream import Upstream


class Names(Case):
    def serve(self, to, extra=""):
        self.server = self.enter(Dnsloom(
            self.folder, servers(f'[{{ plugin = "forward", to = ["{to}"]{extra} }}]'), host={"test_clock": True}))

    def bootstrap(self):
        """A server that gives `self.addresses` for every name."""
        def answer(octets, _):
            name, qtype, _ = message.parse(octets).question[0]
            records = [(name, "A", 60, bytes(map(int, a.split(".")))) for a in self.addresses]
            return message.response(octets, records if qtype == message.TYPES["A"] else [])
        self.addresses = ["127.0.0.1"]
        return self.enter(Upstream(answer))

    def test_name_is_looked_up_and_again_when_its_ttl_has_passed(self):
        upstream, bootstrap = self.enter(Upstream()), self.bootstrap()
        self.serve(f"dns.test:{upstream.port}", f', bootstrap = ["127.0.0.1:{bootstrap.port}"]')
        self.assertEqual(self.server.ask("first.test").rcode, "NOERROR")
        self.assertEqual(bootstrap.count(name="dns.test."), 2)

        self.addresses = ["127.0.0.9", "127.0.0.1"]
        self.server.ctl("clock", "61s")
        wait.until(lambda: self.server.metric(
            "dnsloom_forward_upstream_up", to=f"dns.test:{upstream.port} #2") == 1, "the new address is there")
        for number in range(20):
            self.assertEqual(self.server.ask(f"n{number}.test").rcode, "NOERROR")

    def test_name_in_the_certificate_is_checked(self):
        authority = Authority(self.folder)
        bootstrap, upstream = self.bootstrap(), self.enter(TlsUpstream(authority.issue("DNS:dns.test")))
        self.serve(f"tls://dns.test:{upstream.port}",
                   f', bootstrap = ["127.0.0.1:{bootstrap.port}"], tls_ca = "{authority.path}"')
        self.assertEqual(self.server.ask("good.test").texts(), ["good.test. A 192.0.2.1"])

    def test_resolv_conf_is_followed(self):
        first, second = self.enter(Upstream()), self.enter(Upstream())
        path = self.folder / "resolv.conf"
        path.write_text(f"nameserver [127.0.0.1]:{first.port}\n")
        self.serve(path)
        self.assertEqual(self.server.ask("first.test").rcode, "NOERROR")

        new = self.folder / "resolv.conf.new"
        new.write_text(f"nameserver [127.0.0.1]:{second.port}\n")
        new.replace(path)
        self.server.wait_log("upstream has new addresses")
        self.assertEqual(self.server.ask("second.test").rcode, "NOERROR")
        self.assertEqual((first.count(), second.count()), (1, 1))


if __name__ == "__main__":
    main()
