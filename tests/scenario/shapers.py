# SPDX-License-Identifier: Apache-2.0
"""The small plugins over real sockets: any, chaos, nsid, minimal, local, erratic, errors and loop."""
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import client, message, wait
from support.case import Case, main
from support.ports import free_port
from support.server import Dnsloom, check, host_section, servers
from support.upstream import Upstream

HINFO, NSID, EXTENDED_ERROR = 13, 3, 15


def extended_error(reply):
    value = reply.opt.option(EXTENDED_ERROR) if reply.opt else None
    return value[2:].decode() if value else None


class Shapers(Case):
    def serve(self, steps, zones='["."]', **options):
        return self.enter(Dnsloom(self.folder, servers(f"[{steps}]", zones), **options))

    def serve_with_upstream(self, steps, answer=None, **options):
        self.upstream = self.enter(Upstream(answer))
        return self.serve(f'{steps}, {{ plugin = "forward", to = ["127.0.0.1:{self.upstream.port}"] }}', **options)

    def test_any_is_answered_with_one_record_and_nobody_is_asked(self):
        server = self.serve_with_upstream('{ plugin = "any" }')

        for ask in (server.ask, server.tcp):
            (record,) = ask("www.test", "ANY").answer
            self.assertEqual((record.type, record.ttl), (HINFO, 8482))
            self.assertEqual(message.txt_strings(record.rdata), ["ANY obsoleted", "See RFC 8482"])
        self.assertEqual(self.upstream.count(), 0)
        self.assertEqual(server.ask("www.test").texts(), ["www.test. A 192.0.2.1"])

    def test_chaos_tells_who_it_is_and_leaves_class_in_alone(self):
        server = self.serve_with_upstream('{ plugin = "chaos", version = "mine", hostname = "edge", authors = ["b", "a"] }')

        def say(name):
            return server.ask(name, "TXT", qclass=message.CH).texts()

        self.assertEqual(say("VERSION.bind"), ["VERSION.bind. TXT mine"])
        self.assertEqual(say("id.server"), ["id.server. TXT edge"])
        self.assertEqual(sorted(say("authors.bind")), ["authors.bind. TXT a", "authors.bind. TXT b"])
        self.assertEqual(self.upstream.count(), 0)
        server.ask("version.bind", "TXT")
        self.assertEqual(self.upstream.count(), 1)

    def test_nsid_comes_with_each_reply_to_those_who_ask(self):
        server = self.serve_with_upstream('{ plugin = "nsid", data = "edge 7" }, { plugin = "cache", capacity = "1MiB" }')

        for _ in range(2):  # From the upstream, and from the cache.
            self.assertEqual(server.ask("www.test", options=[(NSID, b"")]).opt.option(NSID), b"edge 7")
        self.assertIsNone(server.ask("www.test", edns=1232).opt.option(NSID))
        self.assertIsNone(server.ask("www.test").opt)

    def test_minimal_takes_what_was_not_asked_for(self):
        (self.folder / "zone").write_text(
            "$ORIGIN example.org.\n$TTL 60\n@ SOA ns host 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n"
            "www A 192.0.2.2\nsub NS ns.sub\nns.sub A 192.0.2.3\n")
        file = '{ plugin = "file", path = "zone" }'
        server = self.serve(f'{{ plugin = "minimal" }}, {file}', '["example.org"]')

        for ask in (server.ask, server.tcp):
            reply = ask("www.example.org", edns=1232)
            self.assertEqual(reply.texts(), ["www.example.org. A 192.0.2.2"])
            self.assertEqual((reply.authority, reply.additional), ([], []))
            self.assertTrue(reply.has(message.AA))
            referral = ask("a.sub.example.org")
            self.assertEqual((len(referral.authority), len(referral.additional)), (1, 1))
        self.assertEqual(len(server.ask("none.example.org").authority), 1)

    def test_minimal_works_on_what_an_upstream_says(self):
        opt = b"\0" + struct.pack("!HHIHHHH", 41, 1232, 0, 9, EXTENDED_ERROR, 5, 3) + b"old"

        def answer(octets, _):
            name = message.parse(octets).question[0][0]
            ns = (name, "NS", 60, message.encode_name("ns.test"))
            reply = message.response(octets, [(name, "A", 60, b"\xc0\0\2\1")], authority=[ns],
                                     additional=[("ns.test.", "A", 60, b"\xc0\0\2\2")])
            return reply[:10] + struct.pack("!H", 2) + reply[12:] + opt if name.startswith("stale.") else reply

        server = self.serve_with_upstream('{ plugin = "minimal" }', answer)
        for name in ("www.test", "stale.test"):
            reply = server.ask(name, edns=1232)
            self.assertEqual((len(reply.answer), reply.authority, reply.additional), (1, [], []))
        self.assertEqual(extended_error(reply), "old")

    def test_local_keeps_local_names_here(self):
        server = self.serve_with_upstream('{ plugin = "local" }')

        self.assertEqual(server.ask("localhost").texts(), ["localhost. A 127.0.0.1"])
        self.assertEqual(server.ask("Localhost.corp.test", "AAAA").texts(), ["Localhost.corp.test. AAAA ::1"])
        self.assertEqual(server.ask("1.0.0.127.in-addr.arpa", "PTR").texts(),
                         ["1.0.0.127.in-addr.arpa. PTR localhost."])
        self.assertEqual(server.ask("9.0.0.127.in-addr.arpa", "PTR").rcode, "NXDOMAIN")
        self.assertEqual(self.upstream.count(), 0)
        self.assertEqual(server.metric("dnsloom_local_localhost_requests_total"), 1)
        self.assertEqual(server.ask("www.test").texts(), ["www.test. A 192.0.2.1"])


class Erratic(Case):
    def serve(self, options):
        return self.enter(Dnsloom(
            self.folder, servers(f'[{{ plugin = "erratic", {options} }}]', '["test"]') + servers(zones='["probe"]')))

    def test_every_second_query_is_dropped(self):
        server = self.serve("drop = 2")
        self.assertEqual(server.ask("a.test").texts(), ["a.test. A 192.0.2.53"])
        self.assertTrue(client.answers_nothing(
            server.port, message.query("b.test", id=1), message.query("a.probe", id=2)))

    def test_truncated_over_udp_whole_over_tcp(self):
        server = self.serve("truncate = 1")
        self.assertTrue(server.ask("a.test").has(message.TC))
        self.assertEqual(server.tcp("a.test").texts(), ["a.test. A 192.0.2.53"])

    def test_delayed_replies_let_others_pass(self):
        server = self.serve('delay = 2, duration = "300ms"')
        with server.connect() as connection:
            server.ask("a.test")
            connection.send(message.query("late.test", id=7))
            self.assertEqual(server.ask("a.probe").rcode, "NOERROR")
            self.assertEqual(connection.receive().texts(), ["late.test. A 192.0.2.53"])

    def test_a_delay_beyond_the_deadline_is_servfail(self):
        server = self.serve('delay = 1, duration = "1m"')
        server.write(server.config.read_text().split("\n\n", 1)[1], query_timeout="100ms")
        server.reload()
        self.assertEqual(server.ask("a.test").rcode, "SERVFAIL")

    def test_transfer(self):
        server = self.serve("drop = 0")
        reply = server.tcp("example.test", "AXFR")
        self.assertEqual(len(reply.answer), 6)
        self.assertEqual(reply.answer[0], reply.answer[-1])


class Errors(Case):
    def serve(self, options):
        dead = f"127.0.0.1:{free_port()}"
        return self.enter(Dnsloom(self.folder, servers(
            f'[{{ plugin = "errors"{options} }}, '
            f'{{ plugin = "forward", to = ["{dead}"], force_tcp = true }}]'))), dead

    def test_says_why_a_query_failed(self):
        server, dead = self.serve("")
        self.assertEqual(server.ask("www.test", "MX").rcode, "SERVFAIL")

        server.wait_log("query failed")
        (line,) = [line for line in server.log().splitlines() if "query failed" in line]
        for fact in ("SERVFAIL", "www.test.", "MX", dead):
            self.assertIn(fact, line)
        self.assertEqual(server.metric("dnsloom_errors_total"), 1)

    def test_consolidates_and_tells_at_the_end(self):
        server, _ = self.serve(', consolidate = [{ regexp = "127", duration = "1h" }]')
        for number in range(3):
            server.ask(f"n{number}.test")
        self.assertNotIn("query failed", server.log())

        server.stop()
        self.assertIn("3 errors like", server.log())

    def test_a_bad_expression_is_told_with_its_place(self):
        code, said = check(self.folder, host_section(self.folder) + servers(
            '[{ plugin = "errors", consolidate = [\n{ regexp = "(", duration = "1s" }] }, { plugin = "whoami" }]',
            listen="dns://127.0.0.1:1053"))
        self.assertNotEqual(code, 0)
        self.assertRegex(said, r"dnsloom.toml:\d+:\d+: .*no regular expression")


class Loop(Case):
    def test_a_server_that_forwards_to_itself_finds_out_and_lives(self):
        server = self.enter(Dnsloom(self.folder, servers(
            '[{ plugin = "loop" }, { plugin = "forward", to = ["127.0.0.1:@PORT@"] }]'),
            workers=2, host={"query_timeout": "10s"}))

        self.assertEqual(server.ask("www.test", timeout=30).rcode, "SERVFAIL")
        server.wait_log("forwarding loop: ")
        self.assertEqual(server.metric("dnsloom_loop_looping"), 1)
        reply = server.ask("other.test", edns=1232, timeout=30)
        self.assertEqual(reply.rcode, "SERVFAIL")
        self.assertEqual(extended_error(reply), "forwarding loop")
        self.assertEqual(server.metric("dnsloom_loop_detected_total"), 1)
        self.assertEqual(server.log().count("forwarding loop: "), 1)
        self.assertTrue(server.is_running())

    def test_without_a_loop_a_probe_is_asked_and_nothing_else_happens(self):
        upstream = self.enter(Upstream())
        server = self.enter(Dnsloom(self.folder, servers(
            f'[{{ plugin = "loop" }}, {{ plugin = "forward", to = ["127.0.0.1:{upstream.port}"] }}]', '["test", "."]')))

        for number in range(5):
            self.assertEqual(len(server.ask(f"n{number}.test").answer), 1)
        wait.until(lambda: sum(qtype == HINFO for _, _, qtype in upstream.asked) == 1, "one probe")
        self.assertEqual(server.metric("dnsloom_loop_probes_total"), 1)
        self.assertEqual(server.metric("dnsloom_loop_looping"), 0)


if __name__ == "__main__":
    main()
