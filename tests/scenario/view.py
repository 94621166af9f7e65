# SPDX-License-Identifier: Apache-2.0
"""Servers with the same zones on one listener: the first whose view takes the query answers it."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import message, mmdb
from support.case import Case, main
from support.server import Dnsloom, check, host_section

FACTS = '{ plugin = "facts", facts = ["view/name"] }'


def server(steps, zones='["."]', name="", listen="dns://127.0.0.1:@PORT@"):
    named = f'name = "{name}"\n' if name else ""
    return f'[[server]]\n{named}listen = ["{listen}"]\nzones = {zones}\npipeline = [{steps}]\n'


def view(expression, name="view"):
    return f'{{ plugin = "view", name = "{name}", expr = ["{expression}"] }}'


def answers(address):
    return f'{{ plugin = "template", answer = "{{{{ .Name }}}} 60 IN TXT \\"{address}\\"" }}'


class View(Case):
    def serve(self, *parts):
        self.server = self.enter(Dnsloom(self.folder, "".join(parts), host={"test_clock": True}))

    def said(self, name="www.example.test", qtype="TXT", **query):
        reply = self.server.ask(name, qtype, **query)
        return message.txt_strings(reply.answer[0].rdata)[0] if reply.answer else reply.rcode

    def test_the_first_view_that_takes_it_answers(self):
        signed = view("type() == 'TXT' and do()", "signed")
        self.serve(
            server(f"{signed}, {FACTS}"),
            server(f'{view("do()", "both")}, {FACTS}'),
            server(FACTS))
        self.assertEqual(self.said(do=True), "signed")
        self.assertEqual(self.said(qtype="A", do=True), "both")
        self.assertEqual(self.said(), "")

    def test_no_view_takes_it_then_the_zone_above_is_asked(self):
        self.serve(
            server(f'{view("do()")}, {answers("signed")}', '["example.test"]'),
            server(f'{view("id() == 70000")}, {answers("never")}', '["test"]'),
            server(answers("test"), '["test"]'))
        self.assertEqual(self.said(do=True), "signed")
        self.assertEqual(self.said(), "test")
        self.assertEqual(self.said(name="test"), "test")

    def test_nobody_takes_it(self):
        self.serve(server(f'{view("do()")}, {answers("signed")}'))
        reply = self.server.ask("www.test", "TXT")
        self.assertEqual(reply.rcode, "REFUSED")
        self.assertEqual(self.server.metric("dnsloom_host_rejected_total", reason="no_zone"), 1)

    def test_over_tcp(self):
        tcp = view("proto() == 'tcp'")
        self.serve(server(f'{tcp}, {answers("tcp")}'), server(answers("udp")))
        self.assertEqual(message.txt_strings(self.server.tcp("a.test", "TXT").answer[0].rdata), ["tcp"])
        self.assertEqual(self.said(), "udp")

    def test_facts_in_front_of_a_view(self):
        (self.folder / "cities.mmdb").write_bytes(
            mmdb.database("GeoLite2-City", {"127.0.0.0/8": {"country": {"iso_code": "NO"}}}))
        geoip = '{ plugin = "geoip", file = "cities.mmdb" }'
        sweden = view("metadata('geoip/country/code') == 'SE'")
        norway = view("metadata('geoip/country/code') == 'NO'")
        self.serve(
            server(f'{geoip}, {sweden}, {answers("se")}'),
            server(f'{geoip}, {norway}, {answers("no")}'))
        self.assertEqual(self.said(), "no")

    def test_no_response_hook_of_a_server_that_left_the_query(self):
        header = '{ plugin = "header", response = { set = ["ra"] } }'
        self.serve(server(f'{header}, {view("do()")}, {answers("a")}'), server(answers("b")))
        self.assertFalse(self.server.ask("a.test", "TXT").has(message.RA))
        self.assertTrue(self.server.ask("a.test", "TXT", do=True).has(message.RA))

    def test_servers_that_share_a_zone_need_views(self):
        listen = "dns://127.0.0.1:1053"
        first = server(f'{view("do()")}, {answers("a")}', listen=listen)
        plain = server(answers("b"), listen=listen)
        for parts, wrong in ((first + plain, False), (first + first + plain, False), (first + first, False),
                             (plain + first, True), (plain + plain, True), (first + plain + plain, True)):
            code, said = check(self.folder, host_section(self.folder) + parts)
            self.assertEqual(code != 0, wrong, said)
            if wrong:
                self.assertRegex(said, r"dnsloom.toml:\d+:\d+: the zone \. is served on dns://127.0.0.1:1053 already")

    def test_a_reload_with_other_views(self):
        self.serve(server(f'{view("do()")}, {answers("a")}'), server(answers("b")))
        self.assertEqual(self.said(), "b")
        self.server.write(server(f'{view("not do()")}, {answers("a")}') + server(answers("b")))
        self.server.reload()
        self.assertEqual(self.said(), "a")

    def test_mistakes_are_told_with_their_place(self):
        code, said = check(self.folder, host_section(self.folder) + server(
            view("do() and nmae()"), listen="dns://127.0.0.1:1053"))
        self.assertNotEqual(code, 0)
        self.assertRegex(said, r"dnsloom.toml:\d+:\d+: .*column 10: there is no nmae.* did you mean")


if __name__ == "__main__":
    main()
