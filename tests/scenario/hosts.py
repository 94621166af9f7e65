# SPDX-License-Identifier: Apache-2.0
"""hosts over sockets: answers, outcomes, reloads, and a cache in front."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import wait
from support.case import Case, main
from support.server import Dnsloom, check, host_section, servers
from support.upstream import Upstream

FILE = """127.0.0.1 localhost
192.0.2.7 www.office.test office
2001:db8::7 www.office.test
192.0.2.9 *.apps.office.test
"""


class Hosts(Case):
    def setUp(self):
        super().setUp()
        self.file = self.folder / "hosts"
        self.file.write_text(FILE)

    def serve(self, options="", before="", upstream=True):
        behind = ""
        if upstream:
            self.upstream = self.enter(Upstream())
            behind = f', {{ plugin = "forward", to = ["127.0.0.1:{self.upstream.port}"] }}'
        self.server = self.enter(Dnsloom(
            self.folder, servers(f'[{before}{{ plugin = "hosts", file = "hosts"{options} }}{behind}]')))

    def test_names_and_addresses(self):
        self.serve()
        self.assertEqual(self.server.ask("WWW.office.test").texts(), ["WWW.office.test. A 192.0.2.7"])
        self.assertEqual(self.server.tcp("www.office.test", "AAAA").texts(), ["www.office.test. AAAA 2001:db8::7"])
        self.assertEqual(self.server.ask("x.apps.office.test").texts(), ["x.apps.office.test. A 192.0.2.9"])
        self.assertEqual(self.server.ask("7.2.0.192.in-addr.arpa", "PTR").texts(), [
            "7.2.0.192.in-addr.arpa. PTR www.office.test.", "7.2.0.192.in-addr.arpa. PTR office."])

    def test_the_file_is_an_authority_by_default(self):
        self.serve()
        self.assertEqual(self.server.ask("nope.office.test").rcode, "NXDOMAIN")
        self.assertEqual(self.server.ask("office", "AAAA").texts(), [])
        self.assertEqual(self.upstream.count(), 0)

    def test_unknown_names_may_go_on(self):
        self.serve(', on = { nxdomain = "next" }')
        self.assertEqual(self.server.ask("nope.office.test").texts(), ["nope.office.test. A 192.0.2.1"])
        self.assertEqual(self.server.ask("office", "AAAA").texts(), [])
        self.assertEqual(self.upstream.count(), 1)

    def test_unknown_addresses_go_on(self):
        self.serve()
        self.server.ask("8.2.0.192.in-addr.arpa", "PTR")
        self.assertEqual(self.upstream.count(), 1)

    def test_a_change_reaches_a_cache_in_front(self):
        self.serve(before='{ plugin = "cache", capacity = "1MiB" }, ')
        first = ["www.office.test. A 192.0.2.7"]
        self.assertEqual(self.server.ask("www.office.test").texts(), first)

        self.file.write_text(FILE.replace("192.0.2.7", "192.0.2.8"))
        wait.until(lambda: self.server.ask("www.office.test").texts() == ["www.office.test. A 192.0.2.8"],
                   "the new address")

    def test_a_mistake_changes_nothing(self):
        self.serve()
        self.file.write_text(FILE + "192.0.2 wrong\n")
        self.server.wait_log(r"hosts:5: ")

        self.assertEqual(self.server.ask("office").texts(), ["office. A 192.0.2.7"])
        self.assertEqual(self.server.metric("dnsloom_hosts_reload_total", result="failed"), 1)

    def test_mistakes_are_told_with_their_place(self):
        self.file.write_text("192.0.2.1 a\n192.0.2.2\n")
        code, said = check(self.folder, host_section(self.folder) + servers(
            '[{ plugin = "hosts", file = "hosts" }]', listen="dns://127.0.0.1:1053"))
        self.assertNotEqual(code, 0)
        self.assertRegex(said, r"dnsloom.toml:\d+:\d+: .*hosts:2: no name behind 192.0.2.2")

    def test_a_hundred_thousand_names(self):
        self.file.write_text("".join(f"10.{i >> 16}.{i >> 8 & 255}.{i & 255} h{i}.test\n" for i in range(100000)))
        self.serve(upstream=False)

        self.assertEqual(self.server.ask("h99999.test").texts(), ["h99999.test. A 10.1.134.159"])


if __name__ == "__main__":
    main()
