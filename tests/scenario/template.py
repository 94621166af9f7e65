# SPDX-License-Identifier: Apache-2.0
"""Records made by templates, and what follows where a template does not fit."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import message
from support.case import Case, main
from support.server import Dnsloom, check, host_section, servers

ADDRESSES = r"""{ plugin = "template", type = "A", match = '^ip-(?P<a>\d+)-(?P<b>\d+)\.', """ \
    r"""answer = '{{ .Name }} 60 IN A 10.0.{{ .Group.a }}.{{ .Group.b }}'%s }"""


class Template(Case):
    def serve(self, steps):
        self.server = self.enter(Dnsloom(self.folder, servers(f"[{steps}]"), host={"test_clock": True}))

    def test_addresses_of_names(self):
        self.serve(ADDRESSES % "")
        reply = self.server.ask("IP-1-2.Dyn.test", edns=1232)
        self.assertEqual(reply.question[0][0], "IP-1-2.Dyn.test.")
        self.assertEqual([text.lower() for text in reply.texts()], ["ip-1-2.dyn.test. a 10.0.1.2"])
        self.assertTrue(reply.has(message.AA))
        self.assertEqual(self.server.tcp("ip-9-9.dyn.test").texts(), ["ip-9-9.dyn.test. A 10.0.9.9"])

    def test_no_match_is_servfail_or_goes_on(self):
        self.serve(ADDRESSES % ', on = { servfail = "next" }' + ', { plugin = "template", rcode = "NXDOMAIN" }')
        self.assertEqual(self.server.ask("www.test").rcode, "NXDOMAIN")
        self.server.write(servers(f"[{ADDRESSES % ''}]"))
        self.server.reload()
        self.assertEqual(self.server.ask("www.test").rcode, "SERVFAIL")
        self.assertEqual(self.server.ask("www.test", "AAAA").rcode, "REFUSED")

    def test_no_record_is_servfail(self):
        self.serve(ADDRESSES % "")
        self.assertEqual(self.server.ask("ip-1-256.test").rcode, "SERVFAIL")
        self.assertEqual(self.server.metric("dnsloom_template_rr_failures_total", section="answer"), 1)

    def test_an_alias_is_followed_from_the_top(self):
        alias = """{ plugin = "template", match = '^www\\.', answer = '{{ .Name }} CNAME ip-7-7.test.', """ \
            """on = { servfail = "next" } }"""
        self.serve(f"{alias}, {ADDRESSES % ''}")
        self.assertEqual(self.server.ask("www.test").texts(), ["www.test. CNAME ip-7-7.test.", "ip-7-7.test. A 10.0.7.7"])

    def test_an_alias_of_itself_ends(self):
        self.serve("""{ plugin = "template", answer = '{{ .Name }} CNAME {{ .Name }}' }""")
        reply = self.server.ask("www.test")
        self.assertEqual(reply.rcode, "NOERROR")
        self.assertLess(len(reply.answer), 40)

    def test_mistakes_are_told_with_their_place(self):
        for option, wanted in ((r"answer = '{{ .Nmae }} A 192.0.2.1'", 'did you mean ".Name"'),
                               (r"match = '('", "RE2"), (r"answer = 'a. 60 IN AX 1'", '"AX" is no type')):
            code, said = check(self.folder, host_section(self.folder) + servers(
                f'[{{ plugin = "template", {option} }}]', listen="dns://127.0.0.1:1053"))
            self.assertNotEqual(code, 0)
            self.assertRegex(said, r"dnsloom.toml:\d+:\d+: ")
            self.assertIn(wanted, said)


if __name__ == "__main__":
    main()
