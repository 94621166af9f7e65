# SPDX-License-Identifier: Apache-2.0
"""rewrite, header and bufsize between a client and a scripted upstream."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import message
from support.case import Case, main
from support.server import Dnsloom, check, host_section, servers
from support.upstream import Upstream

HIDDEN = '{ field = "name", match = "suffix", from = ".corp.test", to = ".internal.test", answer = "auto" }'


class Rewrite(Case):
    def serve(self, steps, answer=None):
        self.upstream = self.enter(Upstream(answer))
        self.server = self.enter(Dnsloom(
            self.folder, servers(f'[{steps}, {{ plugin = "forward", to = ["127.0.0.1:{self.upstream.port}"] }}]'),
            host={"test_clock": True}))

    def asked(self):
        """The last question that the upstream got."""
        return self.upstream.asked[-1][1]

    def test_the_client_gets_its_own_question_and_names_back(self):
        self.serve(f'{{ plugin = "rewrite", rules = [{HIDDEN}] }}')
        reply = self.server.ask("WWW.Corp.test")

        self.assertEqual(self.asked(), "www.internal.test.")
        self.assertEqual(reply.question[0][0], "WWW.Corp.test.")
        self.assertEqual([record.owner.lower() for record in reply.answer], ["www.corp.test."])

    def test_over_tcp_and_with_edns(self):
        self.serve(f'{{ plugin = "rewrite", rules = [{HIDDEN}] }}')
        for options in ({"edns": 1232}, {"options": [(65001, b"abc")]}):
            reply = self.server.ask("www.corp.test", **options)
            self.assertEqual(reply.question[0][0], "www.corp.test.")
            self.assertIsNotNone(reply.opt)
        reply = self.server.tcp("www.corp.test")
        self.assertEqual(reply.question[0][0], "www.corp.test.")
        self.assertEqual(len(reply.answer), 1)

    def test_a_cache_in_front_and_one_behind_keep_what_they_see(self):
        self.serve(f'{{ plugin = "cache", capacity = "1MiB" }}, {{ plugin = "rewrite", rules = [{HIDDEN}] }}, '
                   f'{{ plugin = "cache", capacity = "1MiB" }}')
        first = self.server.ask("www.corp.test")
        self.assertEqual(first.texts(), self.server.ask("www.corp.test").texts())
        self.assertEqual(self.upstream.count(), 1)
        # The cache behind has it by its new name.
        self.assertEqual(len(self.server.ask("www.internal.test").answer), 1)
        self.assertEqual(self.upstream.count(), 1)

    def test_options_outlive_a_suspension(self):
        self.serve(f'{{ plugin = "rewrite", rules = [{HIDDEN}] }}, {{ plugin = "cache", capacity = "1MiB" }}')
        for number in range(20):
            reply = self.server.ask(f"n{number}.corp.test", options=[(65001, b"x" * 100), (65002, b"y" * number)])
            self.assertEqual(len(reply.answer), 1)

    def test_type_rule(self):
        self.serve('{ plugin = "rewrite", rules = [{ field = "type", from = "AAAA", to = "A" }] }')
        reply = self.server.ask("www.test", "AAAA")

        self.assertEqual(self.upstream.asked[-1][2], 1)
        self.assertEqual(reply.question[0][1], 28)

    def test_a_cname_rule_asks_for_the_new_target(self):
        def answer(octets, _):
            name = message.parse(octets).question[0][0].lower()
            if name == "www.test.":
                far = message.encode_name("far.cdn.test.")
                return message.response(octets, [(name, "CNAME", 60, far), ("far.cdn.test.", "A", 60, b"\xc0\0\2\x09")])
            return message.response(octets, [(name, "A", 60, b"\xc0\0\2\1")])

        self.serve('{ plugin = "rewrite", rules = [{ field = "cname", match = "suffix", from = ".cdn.test", '
                   'to = ".near.test" }] }', answer)
        reply = self.server.ask("www.test")

        self.assertEqual(self.asked(), "far.near.test.")
        self.assertEqual(reply.texts(), ["www.test. CNAME far.near.test.", "far.near.test. A 192.0.2.1"])

    def test_mistakes_are_told_with_their_place(self):
        code, said = check(self.folder, host_section(self.folder) + servers(
            '[{ plugin = "rewrite", rules = [\n{ field = "name", match = "regex", from = "(", to = "x" }] }]',
            listen="dns://127.0.0.1:1053"))
        self.assertNotEqual(code, 0)
        self.assertRegex(said, r"dnsloom.toml:\d+:\d+: .*no regular expression")

    def test_header_changes_the_response(self):
        self.serve('{ plugin = "header", response = { set = ["aa"], clear = ["ra"] } }')
        reply = self.server.ask("www.test")
        self.assertTrue(reply.has(message.AA))
        self.assertFalse(reply.has(message.RA))

    def test_bufsize_truncates_what_is_larger(self):
        def answer(octets, _):
            name = message.parse(octets).question[0][0]
            return message.response(octets, [(name, "A", 60, bytes([192, 0, 2, i])) for i in range(60)])

        self.serve('{ plugin = "bufsize", size = 600 }', answer)
        self.assertTrue(self.server.ask("www.test", edns=4096).has(message.TC))
        self.assertEqual(len(self.server.tcp("www.test").answer), 60)


if __name__ == "__main__":
    main()
