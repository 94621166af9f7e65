# SPDX-License-Identifier: Apache-2.0
"""The cache plugin in front of a scripted upstream; time is moved by `ctl clock`, never waited for."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import message
from support.case import Case, main
from support.server import Dnsloom, servers
from support.upstream import Upstream, soa


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


if __name__ == "__main__":
    main()
