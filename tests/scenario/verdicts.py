# SPDX-License-Identifier: Apache-2.0
"""What the host makes of a plugin's verdicts: errors, drops, deadlines, and the outcomes that go on to the next plugin."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import client, message
from support.case import Case, main
from support.server import Dnsloom, servers


class Hooks(Case):
    """A plugin with an error in its hook gets SERVFAIL for that query; never an exit."""

    def answer_of(self, fault):
        self.server = self.enter(Dnsloom(self.folder, servers(f'[{{ plugin = "subject", fault = "{fault}" }}]')))
        return self.server.ask("fault.test", "TXT").rcode

    def test_exception_is_servfail(self):
        self.assertEqual(self.answer_of("hook_throws"), "SERVFAIL")
        self.assertTrue(self.server.is_running())

    def test_unknown_verdict_is_servfail_and_counted(self):
        self.assertEqual(self.answer_of("hook_fails"), "SERVFAIL")
        self.assertEqual(self.server.metric("dnsloom_host_plugin_errors_total", plugin="subject"), 1)

    def test_drop_sends_nothing(self):
        server = self.enter(Dnsloom(
            self.folder, servers('[{ plugin = "subject", fault = "hook_drops" }]', '["drop.test"]') +
            servers(zones='["probe.test"]')))

        self.assertTrue(client.answers_nothing(
            server.port, message.query("a.drop.test", id=1), message.query("a.probe.test", id=2)))

    def test_never_resumed_query_gets_servfail_at_its_deadline(self):
        server = self.enter(Dnsloom(self.folder, servers('[{ plugin = "subject", fault = "never_resumes" }]'),
                                    host={"query_timeout": "200ms"}))

        self.assertEqual(server.ask("never.test", "TXT").rcode, "SERVFAIL")
        self.assertEqual(server.metric("dnsloom_subject_cancelled_total"), 1)
        self.assertEqual(server.metric("dnsloom_subject_stale_total"), 1)


class Outcomes(Case):
    """`on` and `fallthrough` of a pipeline step."""

    def zone(self, name, records):
        (self.folder / name).write_text(
            f"$ORIGIN example.org.\n$TTL 60\n@ SOA ns host 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n{records}")

    def serve(self, on):
        self.zone("first", 'only TXT "first"\n')
        self.zone("second", 'only A 192.0.2.2\nother A 192.0.2.3\n')
        return self.enter(Dnsloom(self.folder, servers(
            f'[{{ plugin = "file", path = "first"{on} }}, {{ plugin = "file", path = "second" }}]', '["example.org"]')))

    def test_nxdomain_is_the_answer_by_default(self):
        self.assertEqual(self.serve("").ask("other.example.org").rcode, "NXDOMAIN")

    def test_nxdomain_next(self):
        server = self.serve(', on = { nxdomain = "next" }')

        self.assertEqual(server.ask("other.example.org").texts(), ["other.example.org. A 192.0.2.3"])
        self.assertEqual(server.ask("only.example.org").texts(), [])  # NODATA stays.

    def test_nodata_next(self):
        server = self.serve(', on = { nodata = "next" }')

        self.assertEqual(server.ask("only.example.org").texts(), ["only.example.org. A 192.0.2.2"])
        self.assertEqual(server.ask("other.example.org").rcode, "NXDOMAIN")

    def test_fallthrough_in_other_zones_does_not_count(self):
        server = self.serve(', fallthrough = ["else.example.org"]')

        self.assertEqual(server.ask("other.example.org").rcode, "NXDOMAIN")

    def test_fallthrough_in_the_zone(self):
        server = self.serve(', fallthrough = ["example.org"]')

        self.assertEqual(server.ask("other.example.org").texts(), ["other.example.org. A 192.0.2.3"])


if __name__ == "__main__":
    main()
