# SPDX-License-Identifier: Apache-2.0
"""The forward plugin against unbound, NSD and upstreams that misbehave on purpose."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import client, message, peers, wait
from support.case import Case, main
from support.ports import free_port
from support.server import Dnsloom, servers
from support.upstream import Upstream, soa

ZONE = Path(__file__).parent / "zones" / "plain.zone"


def pipeline(*ports, extra=""):
    to = ", ".join(f'"127.0.0.1:{port}"' for port in ports)
    return servers(f'[{{ plugin = "forward", to = [{to}]{extra} }}]')


class RealUpstreams(Case):
    def test_answers_are_those_of_nsd(self):
        nsd = self.enter(peers.Nsd(self.folder, {"plain.test": ZONE}))
        server = self.enter(Dnsloom(self.folder, pipeline(nsd.port)))
        for name, qtype in (("web", "A"), ("www", "A"), ("nowhere", "A"), ("web", "TXT"), ("host.sub", "A"),
                            ("www.old", "A"), ("odd", 65280), ("svc", "HTTPS")):
            with self.subTest(name=name, qtype=qtype):
                octets = message.query(f"{name}.plain.test", qtype, edns=1232)
                ours, theirs = server.udp(octets), client.udp(nsd.port, octets)
                self.assertEqual(ours.rcode, theirs.rcode)
                for section in ("answer", "authority"):
                    self.assertEqual([r.key() for r in getattr(ours, section)],
                                     [r.key() for r in getattr(theirs, section)])

    def test_answers_of_unbound_reach_udp_and_tcp_clients(self):
        nsd = self.enter(peers.Nsd(self.folder, {"plain.test": ZONE}))
        unbound = self.enter(peers.Unbound(self.folder, nsd.port, ("web.plain.test", "A")))
        server = self.enter(Dnsloom(self.folder, pipeline(unbound.port)))

        for reply in (server.ask("web.plain.test"), server.tcp("web.plain.test")):
            self.assertEqual(sorted(reply.texts()), ["web.plain.test. A 192.0.2.80", "web.plain.test. A 192.0.2.81"])
            self.assertTrue(reply.has(message.RA))


class Scripted(Case):
    def serve(self, *answers, extra=""):
        """One upstream for each function; gives them."""
        upstreams = [self.enter(Upstream(answer)) for answer in answers]
        self.server = self.enter(Dnsloom(self.folder, pipeline(*[u.port for u in upstreams], extra=extra)))
        return upstreams

    def test_truncated_answer_is_asked_again_over_tcp(self):
        def answer(octets, transport):
            if transport == "udp":
                return message.response(octets, flags=message.TC)
            return message.response(octets, [("big.test", "TXT", 60, message.txt("x" * 200))] * 3)

        (upstream,) = self.serve(answer)
        reply = self.server.ask("big.test", "TXT", edns=1232)

        self.assertEqual(len(reply.answer), 3)
        self.assertEqual((upstream.count("udp"), upstream.count("tcp")), (1, 1))

    def test_silent_upstream_is_given_up_for_the_next(self):
        silent, good = self.serve(lambda *_: None, None)

        for number in range(10):
            self.assertEqual(self.server.ask(f"n{number}.test").rcode, "NOERROR")
        self.assertGreaterEqual(good.count(), 10)

    def test_closed_port_is_given_up_for_the_next(self):
        good = self.enter(Upstream())
        server = self.enter(Dnsloom(self.folder, pipeline(free_port(), good.port)))

        for number in range(10):
            self.assertEqual(server.ask(f"n{number}.test").rcode, "NOERROR")

    def test_servfail_of_one_upstream_is_passed_on_or_asked_elsewhere(self):
        self.serve(lambda octets, _: message.response(octets, rcode=2))

        self.assertEqual(self.server.ask("bad.test").rcode, "SERVFAIL")

    def test_nxdomain_is_passed_on_with_its_soa(self):
        self.serve(lambda octets, _: message.response(octets, rcode=3, authority=[soa("test")]))

        reply = self.server.ask("no.test")

        self.assertEqual(reply.rcode, "NXDOMAIN")
        self.assertEqual([record.type for record in reply.authority], [message.TYPES["SOA"]])

    def test_answers_that_do_not_fit_the_query_are_ignored(self):
        def answer(octets, _):
            good = message.response(octets, [("spoof.test", "A", 60, bytes([192, 0, 2, 1]))])
            other_id = bytes([good[0] ^ 0xFF]) + good[1:]
            other_name = good.replace(b"\5spoof", b"\5spook")
            evil = message.response(octets, [("spoof.test", "A", 60, bytes([6, 6, 6, 6]))])
            return [evil[:5], other_id.replace(good[-4:], evil[-4:]), other_name.replace(good[-4:], evil[-4:]), good]

        self.serve(answer)

        self.assertEqual(self.server.ask("spoof.test").texts(), ["spoof.test. A 192.0.2.1"])

    def test_ids_are_not_the_clients_and_spread(self):
        (upstream,) = self.serve(None)
        for number in range(64):
            self.server.ask(f"n{number}.test", id=1)

        self.assertGreater(len(upstream.ids), 48)

    def test_source_ports_spread(self):
        (upstream,) = self.serve(None)
        for number in range(64):
            self.server.ask(f"n{number}.test")

        self.assertGreater(len(upstream.sources), 1)

    def test_case_of_the_client_comes_back(self):
        self.serve(None)

        reply = self.server.ask("MiXed.TeST")

        self.assertEqual(reply.question[0][0], "MiXed.TeST.")

    def test_upstream_that_comes_back_is_used_again(self):
        state = {"up": False}
        first, second = self.serve(lambda octets, _: message.response(
            octets, [("n.test", "A", 1, bytes(4))]) if state["up"] else None, None)
        for number in range(5):
            self.server.ask(f"down{number}.test")
        state["up"] = True

        def is_used():
            before = first.count()
            self.server.ask("again.test")
            return first.count() > before

        wait.until(is_used, "the first upstream is asked again")

    def test_no_upstream_answers_gives_servfail(self):
        self.serve(lambda *_: None)

        self.assertEqual(self.server.ask("dead.test").rcode, "SERVFAIL")

    def test_thousand_at_once_are_all_answered(self):
        (upstream,) = self.serve(None)
        queries = [message.query(f"n{number}.test", id=number) for number in range(1000)]
        with self.server.connect() as connection:
            connection.send(*queries)
            ids = {connection.receive().id for _ in queries}

        self.assertEqual(ids, set(range(1000)))


if __name__ == "__main__":
    main()
