# SPDX-License-Identifier: Apache-2.0
"""The cache plugin in front of a scripted upstream; time is moved by `ctl clock`, never waited for."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import threading

from support import client, message, wait
from support.case import Case, main
from support.ports import free_port
from support.server import Dnsloom, servers
from support.upstream import Upstream, default_answer, soa


class Cache(Case):
    def serve(self, answer=None, options=""):
        self.upstream = self.enter(Upstream(answer))
        self.server = self.enter(Dnsloom(
            self.folder, servers(f'[{{ plugin = "cache"{options} }}, {{ plugin = "forward", '
                                 f'to = ["127.0.0.1:{self.upstream.port}"] }}]'), host={"test_clock": True}))

    def advance(self, duration):
        self.server.ctl("clock", duration)

    def test_second_question_does_not_reach_the_upstream(self):
        self.serve()
        first = self.server.ask("hit.test")
        second = self.server.ask("hit.test")

        self.assertEqual(first.texts(), second.texts())
        self.assertEqual(self.upstream.count(), 1)

    def test_case_does_not_count_and_the_clients_comes_back(self):
        self.serve()
        self.server.ask("case.test")
        reply = self.server.ask("CASE.Test")

        self.assertEqual(reply.question[0][0], "CASE.Test.")
        self.assertEqual(self.upstream.count(), 1)

    def test_types_are_kept_apart(self):
        self.serve()
        self.server.ask("kind.test", "A")
        self.server.ask("kind.test", "AAAA")

        self.assertEqual(self.upstream.count(), 2)

    def test_ttl_counts_down(self):
        self.serve()
        self.server.ask("age.test")
        self.advance("100s")

        self.assertEqual(self.server.ask("age.test").answer[0].ttl, 200)

    def test_entry_ends_with_its_ttl(self):
        self.serve()
        self.server.ask("end.test")
        self.advance("301s")
        self.server.ask("end.test")

        self.assertEqual(self.upstream.count(), 2)

    def test_nxdomain_is_kept_for_the_soa_minimum(self):
        self.serve(lambda octets, _: message.response(octets, rcode=3, authority=[soa("test", 600, 30)]))
        self.server.ask("no.test")
        self.advance("20s")
        self.assertEqual(self.server.ask("no.test").rcode, "NXDOMAIN")
        self.assertEqual(self.upstream.count(), 1)

        self.advance("11s")
        self.server.ask("no.test")
        self.assertEqual(self.upstream.count(), 2)

    def test_udp_and_tcp_share_it(self):
        self.serve()
        self.server.ask("both.test")
        self.server.tcp("both.test")

        self.assertEqual(self.upstream.count(), 1)

    def test_it_is_bounded_in_octets(self):
        self.serve(options=', capacity = "1MiB"')
        before = self.server.rss()
        with self.server.connect() as connection:
            for block in range(200):
                queries = [message.query(f"n{block}-{number}.bounded.test") for number in range(100)]
                connection.send(*queries)
                for _ in queries:
                    connection.receive()

        self.assertLess(self.server.rss() - before, 16 << 20)

    def test_hits_and_misses_are_counted(self):
        self.serve()
        for _ in range(5):
            self.server.ask("count.test")

        self.assertEqual(self.server.metric("dnsloom_cache_hits_total"), 4)
        self.assertEqual(self.server.metric("dnsloom_cache_misses_total"), 1)

    def test_many_clients_with_one_cold_name_are_one_upstream_query(self):
        gate = threading.Event()

        def late(octets, transport):
            gate.wait(wait.LIMIT)
            return default_answer(octets, transport)

        self.serve(late)
        connections = [self.enter(self.server.connect()) for _ in range(20)]
        for connection in connections:
            connection.send(*(message.query("cold.test", id=number) for number in range(50)))
        wait.until(lambda: self.server.metric("dnsloom_cache_waits_total") == 999, "999 clients wait")
        gate.set()
        replies = [connection.receive() for connection in connections for _ in range(50)]

        self.assertEqual({reply.rcode for reply in replies}, {"NOERROR"})
        self.assertEqual(self.upstream.count(), 1)

    def test_old_data_is_served_while_the_upstream_fails(self):
        rcode = [0]
        self.serve(lambda octets, transport: message.response(octets, rcode=2) if rcode[0] else
                   default_answer(octets, transport), ', serve_stale = "1h", serve_stale_refresh = "verify"')
        self.server.ask("old.test")
        self.advance("301s")
        rcode[0] = 2
        reply = self.server.ask("old.test", edns=1232)

        self.assertEqual((reply.rcode, reply.answer[0].ttl), ("NOERROR", 30))
        self.assertEqual(reply.opt.option(15), b"\0\3")
        self.assertEqual(self.server.metric("dnsloom_cache_served_stale_total"), 1)
        self.advance("3601s")
        self.assertEqual(self.server.ask("old.test").rcode, "SERVFAIL")

    def test_old_data_is_served_while_the_upstream_is_silent(self):
        silent = [False]
        self.serve(lambda octets, transport: None if silent[0] else default_answer(octets, transport),
                   ', serve_stale = "1h", serve_stale_refresh = "verify"')
        self.server.ask("old.test")
        self.advance("301s")
        silent[0] = True
        with self.server.connect() as connection:
            connection.send(message.query("old.test"))
            wait.until(lambda: self.upstream.count() == 2, "the upstream is asked")
            self.advance("1800ms")
            self.assertEqual(connection.receive().answer[0].ttl, 30)

    def test_what_is_asked_for_often_is_renewed_ahead(self):
        self.serve(options=", prefetch = 2")
        for _ in range(3):
            self.server.ask("often.test")
        self.advance("280s")
        self.server.ask("often.test")
        wait.until(lambda: self.server.ask("often.test").answer[0].ttl == 300, "it is renewed")
        self.assertEqual(self.upstream.count(), 2)

    def test_ctl_flushes_names_zones_and_all(self):
        self.serve()
        for words, left in ((["a.b.test"], {"b.test", "other.test"}), (["b.test"], {"other.test"}), (["all"], set())):
            for name in ("a.b.test", "b.test", "other.test"):
                self.server.ask(name)
            self.server.ctl("cache", "flush", *words)
            asked = self.upstream.count()
            for name in left:
                self.server.ask(name)
            self.assertEqual(self.upstream.count(), asked)
            for name in {"a.b.test", "b.test", "other.test"} - left:
                self.server.ask(name)
            self.assertEqual(self.upstream.count(), asked + 3 - len(left))
        refused = self.server.ctl("cache", "flush", "a..b", check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("a..b", refused.stdout + refused.stderr)

    def test_ctl_dumps_what_is_there(self):
        self.serve()
        self.server.ask("shown.test")
        self.advance("10s")

        self.assertEqual(self.server.ctl("cache", "dump").stdout,
                         "; shown.test. A NOERROR age 10 ttl 290\nshown.test. 290 IN A 192.0.2.1\n")

    def test_caches_of_one_name_are_one(self):
        self.upstream = self.enter(Upstream())
        other_port = free_port()
        pipeline = (f'[{{ plugin = "cache", share = "%s" }}, {{ plugin = "forward", '
                    f'to = ["127.0.0.1:{self.upstream.port}"] }}]')
        text = (servers(pipeline % "one") + servers(pipeline % "one", listen=f"dns://127.0.0.1:{other_port}")
                + servers(pipeline % "two", zones='["two.test"]'))
        with Dnsloom(self.folder, text) as server:
            server.ask("a.test")
            client.ask(other_port, "a.test")
            self.assertEqual(self.upstream.count(), 1)
            server.ask("two.test")
            client.ask(other_port, "two.test")
            self.assertEqual(self.upstream.count(), 3)
            server.write(text.replace('share = "one"', 'share = "one", max_ttl = "2h"'))
            server.reload()
            client.ask(other_port, "a.test")
            self.assertEqual(self.upstream.count(), 3, "it outlives a reload")
            server.ctl("cache", "flush", "a.test")
            client.ask(other_port, "a.test")
            self.assertEqual(self.upstream.count(), 4)

    def test_answers_outlive_the_process_in_a_file(self):
        self.upstream = self.enter(Upstream())
        text = servers(f'[{{ plugin = "cache", file = "{self.folder}/answers" }}, {{ plugin = "forward", '
                       f'to = ["127.0.0.1:{self.upstream.port}"] }}]')
        for _ in range(2):
            with Dnsloom(self.folder, text) as server:
                server.ask("kept.test")
        self.assertEqual(self.upstream.count(), 1)


if __name__ == "__main__":
    main()
