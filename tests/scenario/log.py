# SPDX-License-Identifier: Apache-2.0
"""Lines of the query log, as text and as JSON."""
import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import client
from support.case import Case, main
from support.server import Dnsloom, check, host_section, servers

MARK = r"/\./log\b"  # The instance's name at the front of its lines.
NXDOMAIN = '{ plugin = "template", type = "TXT", rcode = "NXDOMAIN" }, { plugin = "whoami" }'


class Log(Case):
    def serve(self, options, **host):
        self.server = self.enter(Dnsloom(
            self.folder, servers(f'[{{ plugin = "log"{options} }}, {NXDOMAIN}]'), host={"test_clock": True} | host))

    def lines(self, count):
        """Those of the plugin, at least so many."""
        self.server.wait_log(MARK, count)
        return [line for line in self.server.log().splitlines() if re.search(MARK, line)]

    def test_a_format_of_ones_own(self):
        self.serve(""", format = '{remote} "{name}" {type} {rcode} {/geoip/city} {>opcode}'""")
        self.server.ask("Www.Example.test", "AAAA")
        line = self.lines(1)[0]
        self.assertIn(r'127.0.0.1 \"Www.Example.test.\" AAAA NOERROR - 0', line)

    def test_common_over_tcp(self):
        self.serve(', format = "common"')
        self.server.tcp("a.test", "TXT")
        self.assertRegex(
            self.lines(1)[0],
            r'127\.0\.0\.1:\d+ - \d+ \\"TXT IN a\.test\. tcp 24 false 512\\" NXDOMAIN qr,aa,rd 24 \d+\.\d{6}s$')

    def test_fields_as_json(self):
        self.serve(', fields = ["name", "rcode", "kind", "/geoip/city"]', log_format="json")
        self.server.ask("a.test", "TXT")
        line = json.loads(self.lines(1)[0])
        self.assertEqual(
            [line[key] for key in ("message", "name", "rcode", "kind", "geoip/city")],
            ["query", "a.test.", "NXDOMAIN", "denial", "-"])

    def test_classes_and_names(self):
        self.serve(', class = "denial", names = ["example.test"]')
        self.server.ask("www.example.test", "TXT")
        self.server.ask("www.example.test", "A")
        self.server.ask("www.other.test", "TXT")
        self.server.ask("example.test", "TXT")
        self.assertEqual(len(self.lines(2)), 2)

    def test_hostile_names_are_one_line(self):
        self.serve(', format = "common"')
        octets = b'a\n2026 error x: "\x80'
        name = bytes([len(octets)]) + octets + b"\4test\0"
        query = b"\x12\x34\1\0\0\1\0\0\0\0\0\0" + name + b"\0\1\0\1"
        client.udp(self.server.port, query)
        self.server.ask("b.test")
        lines = self.lines(2)
        self.assertEqual(len(lines), 2)
        self.assertIn(r"a\\0102026\\032error\\032x:\\032\\\"\\128.test.", lines[0])

    def test_a_rate(self):
        self.serve(", rate = 2")
        for _ in range(5):
            self.server.ask("a.test")
        self.assertEqual(len(self.lines(2)), 2)
        self.assertEqual(self.server.metric("dnsloom_log_limited_total"), 3)

    def test_mistakes_are_told_with_their_place(self):
        code, said = check(self.folder, host_section(self.folder) + servers(
            '[{ plugin = "log", format = "{rmote}" }, { plugin = "whoami" }]', listen="dns://127.0.0.1:1053"))
        self.assertNotEqual(code, 0)
        self.assertRegex(said, r"dnsloom.toml:\d+:\d+: plugin log: there is no \{rmote\}: did you mean")


if __name__ == "__main__":
    main()
