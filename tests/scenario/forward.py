# SPDX-License-Identifier: Apache-2.0
"""The forward plugin against unbound, NSD and upstreams that misbehave on purpose."""
import struct
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

    def test_knot_gets_the_cookies_that_it_wants(self):
        knot = self.enter(peers.Knotd(self.folder, {"plain.test": ZONE}, wants_cookies=True))
        strange = client.udp(knot.port, message.query("web.plain.test", options=[(10, bytes(8))]))
        self.assertEqual(strange.rcode, "BADCOOKIE")
        server = self.enter(Dnsloom(self.folder, pipeline(knot.port)))

        for name in ("web.plain.test", "www.plain.test"):
            self.assertEqual(server.ask(name).rcode, "NOERROR")
        # One round for the cookie, and from then on none.
        self.assertEqual(server.metric("dnsloom_forward_requests_total"), 3)

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
        silent, good = self.serve(lambda *_: None, None, extra=', read_timeout = "100ms"')

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
            octets, [("n.test", "A", 1, bytes(4))]) if state["up"] else None, None, extra=', read_timeout = "100ms"')
        for number in range(5):
            self.server.ask(f"down{number}.test")
        state["up"] = True

        def is_used():
            before = first.count()
            self.server.ask("again.test")
            return first.count() > before

        wait.until(is_used, "the first upstream is asked again")

    def test_no_upstream_answers_gives_servfail(self):
        self.serve(lambda *_: None, extra=', read_timeout = "100ms"')

        self.assertEqual(self.server.ask("dead.test").rcode, "SERVFAIL")

    def test_thousand_at_once_are_all_answered(self):
        (upstream,) = self.serve(None)
        queries = [message.query(f"n{number}.test", id=number) for number in range(1000)]
        with self.server.connect() as connection:
            connection.send(*queries)
            ids = {connection.receive().id for _ in queries}

        self.assertEqual(ids, set(range(1000)))


class Edns(Case):
    """What goes to the upstream in its OPT record, and what comes back."""

    def serve(self, steps="", extra="", answer=None):
        self.queries = []

        def record(octets, transport):
            self.queries.append(message.parse(octets))
            return answer(octets) if answer else message.response(octets, [("n.test", "A", 60, bytes([192, 0, 2, 1]))])

        self.upstream = self.enter(Upstream(record))
        self.server = self.enter(Dnsloom(self.folder, servers(
            f'[{steps}{{ plugin = "forward", to = "127.0.0.1:{self.upstream.port}"{extra} }}]')))

    def sent(self, code, number=-1):
        return self.queries[number].opt.option(code)

    def test_options_of_rewrite_go_out_and_the_clients_do_not(self):
        self.serve('{ plugin = "rewrite", rules = [{ field = "edns0", option = "local", code = 65001, data = "mine" }'
                   '] }, ')
        self.server.ask("n.test", options=[(65001, b"theirs"), (3, b""), (12, bytes(20))])

        self.assertEqual(self.sent(65001), b"mine")
        self.assertIsNone(self.sent(3))
        self.assertIsNone(self.sent(12))

        # Even if the client sends the very same.
        self.server.ask("n.test", options=[(65001, b"mine")])
        self.assertEqual(self.sent(65001), b"mine")

    def test_client_subnet_is_stripped_passed_or_added(self):
        theirs = bytes([0, 1, 32, 0, 192, 0, 2, 9])
        for ecs, given, sent in (("strip", theirs, None), ("pass", theirs, bytes([0, 1, 20, 0, 192, 0, 0])),
                                 ("pass", None, None), ("add", None, bytes([0, 1, 20, 0, 127, 0, 0]))):
            with self.subTest(ecs=ecs, given=given):
                self.setUp()
                self.serve(extra=f', ecs = "{ecs}", ecs_prefix4 = 20, ecs_prefix6 = 40')
                self.server.ask("n.test", options=[(8, given)] if given else [], edns=1232)
                self.assertEqual(self.sent(8), sent)

    def test_scope_of_the_reply_comes_back(self):
        def answer(octets):
            subnet = message.parse(octets).opt.option(8)
            return with_options(message.response(octets), (8, subnet[:3] + bytes([16]) + subnet[4:]))

        self.serve(extra=', ecs = "pass"', answer=answer)
        reply = self.server.ask("n.test", options=[(8, bytes([0, 1, 24, 0, 192, 0, 2]))])

        self.assertEqual(reply.opt.option(8), bytes([0, 1, 24, 16, 192, 0, 2]))

    def test_malformed_client_subnet_is_formerr(self):
        self.serve(extra=', ecs = "pass"')

        self.assertEqual(self.server.ask("n.test", options=[(8, bytes([0, 1, 24, 0, 192]))]).rcode, "FORMERR")

    def test_cookies_are_kept_and_wanted_back(self):
        server_part = bytes(range(16))

        def answer(octets):
            cookie = message.parse(octets).opt.option(10)
            return with_options(message.response(octets), (10, cookie[:8] + server_part)) if cookie else None

        self.serve(answer=answer)
        for number in range(3):
            self.server.ask(f"n{number}.test")

        self.assertEqual(len(self.sent(10, 0)), 8)
        self.assertEqual(self.sent(10), self.sent(10, 0) + server_part)

    def test_cookies_off(self):
        self.serve(extra=", cookies = false")
        self.server.ask("n.test")

        self.assertIsNone(self.sent(10))

    def test_case_by_chance_is_the_clients_again(self):
        self.serve(extra=", case_randomization = true", answer=lambda octets: message.response(
            octets, [(message.parse(octets).question[0][0], "A", 60, bytes([192, 0, 2, 1]))]))
        name = "abcdefghijklmnopqrstuvwxyz.test"
        reply = self.server.ask(name)

        self.assertNotEqual(self.queries[0].question[0][0], name + ".")
        self.assertEqual(self.queries[0].question[0][0].lower(), name + ".")
        self.assertEqual(reply.question[0][0], name + ".")
        self.assertEqual(reply.texts(), [f"{name}. A 192.0.2.1"])


class Choice(Case):
    def serve(self, *answers, extra):
        upstreams = [self.enter(Upstream(answer)) for answer in answers]
        self.server = self.enter(Dnsloom(self.folder, pipeline(*[u.port for u in upstreams], extra=extra)))
        return upstreams

    def test_failover_by_rcode(self):
        _, good = self.serve(lambda octets, _: message.response(octets, rcode=5), None,
                             extra=', policy = "sequential", failover = ["REFUSED"]')

        self.assertEqual(self.server.ask("n.test").texts(), ["n.test. A 192.0.2.1"])
        self.assertEqual(good.count(), 1)

    def test_failover_with_nobody_left(self):
        self.serve(*[lambda octets, _: message.response(octets, rcode=5)] * 2,
                   extra=', failover = ["REFUSED", "SERVFAIL"]')

        self.assertEqual(self.server.ask("n.test").rcode, "REFUSED")

    def test_hedge_asks_a_second_upstream(self):
        state = {"silent": False}
        first, second = self.serve(lambda octets, transport: None if state["silent"] else
                                   message.response(octets, rcode=3), None,
                                   extra=', policy = "sequential", hedge = 100, read_timeout = "30s", max_fails = 0')
        for number in range(16):
            self.server.ask(f"n{number}.test")
        before = second.count()
        state["silent"] = True

        self.assertEqual(self.server.ask("slow.test").rcode, "NOERROR")
        self.assertEqual(second.count(), before + 1)
        self.assertGreaterEqual(
            self.server.metric("dnsloom_forward_hedges_total", to=f"127.0.0.1:{second.port}"), 1)

    def test_least_latency_leaves_the_slow_one(self):
        silent, good = self.serve(
            lambda *_: None, None, extra=', policy = "least_latency", max_fails = 0, read_timeout = "100ms"')
        for number in range(40):
            self.assertEqual(self.server.ask(f"n{number}.test").rcode, "NOERROR")

        self.assertLess(silent.count(), 20)

    def test_source_address(self):
        (upstream,) = self.serve(None, extra=', source_address = "127.0.0.7"')
        self.server.ask("n.test")

        self.assertEqual(upstream.addresses, {"127.0.0.7"})

    def test_all_down_asks_one_if_told_so(self):
        (upstream,) = self.serve(
            lambda *_: None, extra=', max_fails = 1, read_timeout = "50ms", health_check = "1h", '
            'failfast_all_unhealthy_upstreams = false')
        self.server.ask("n.test")
        before = upstream.count()
        self.server.ask("again.test")

        self.assertGreater(upstream.count(), before)


class Options(Case):
    """The effect of the other options over sockets; their bounds are tested beside the code."""

    def serve(self, *answers, extra, behind=""):
        upstreams = [self.enter(Upstream(answer)) for answer in answers]
        to = ", ".join(f'"127.0.0.1:{u.port}"' for u in upstreams)
        self.server = self.enter(Dnsloom(self.folder, servers(
            f'[{{ plugin = "forward", to = [{to}], policy = "sequential"{extra} }}{behind}]')))
        return upstreams

    def test_force_tcp(self):
        (upstream,) = self.serve(None, extra=", force_tcp = true")
        self.server.ask("n.test")

        self.assertEqual((upstream.count("udp"), upstream.count("tcp")), (0, 1))

    def test_prefer_udp_off_follows_the_client(self):
        (upstream,) = self.serve(None, extra=", prefer_udp = false")
        self.server.ask("udp.test")
        self.server.tcp("tcp.test")

        self.assertEqual((upstream.count("udp"), upstream.count("tcp")), (1, 1))
        self.assertEqual(upstream.count("tcp", "tcp.test."), 1)

    def test_except_is_the_next_plugins(self):
        (upstream,) = self.serve(None, extra=', except = "corp.test"', behind=', { plugin = "whoami" }')
        self.server.ask("a.corp.test")
        self.server.ask("b.test")

        self.assertEqual([name for _, name, _ in upstream.asked], ["b.test."])

    def test_max_concurrent(self):
        self.serve(lambda *_: None, extra=", max_concurrent = 3")
        with self.server.connect() as connection:
            connection.send(*[message.query(f"n{number}.test", id=number) for number in range(4)])
            self.assertEqual(connection.receive().rcode, "SERVFAIL")

        self.assertEqual(self.server.metric("dnsloom_forward_max_concurrent_rejects_total"), 1)

    def test_max_connect_attempts(self):
        first, second = self.serve(
            *[lambda *_: None] * 2, extra=', max_connect_attempts = 1, read_timeout = "50ms", max_fails = 0')
        self.assertEqual(self.server.ask("n.test").rcode, "SERVFAIL")

        self.assertEqual((first.count(), second.count()), (1, 0))

    def test_health_check_asks_what_it_is_told(self):
        probes = []

        def answer(octets, _):
            query = message.parse(octets)
            if query.question[0][0] == "probe.test.":
                probes.append(query)
                return message.response(octets, rcode=5)
            return None

        self.serve(answer, None, extra=', max_fails = 1, read_timeout = "50ms", health_check = "20ms", '
                   'health_check_domain = "probe.test", health_check_no_rec = true')
        self.server.ask("n.test")
        wait.until(lambda: probes, "the first upstream is probed")

        self.assertFalse(probes[0].has(message.RD))
        self.assertEqual(probes[0].question[0][1], message.TYPES["NS"])
        self.server.wait_log("upstream is up again")

    def test_round_robin_and_random_ask_all(self):
        for policy in ("round_robin", "random"):
            with self.subTest(policy=policy):
                self.setUp()
                one, two = [self.enter(Upstream()) for _ in range(2)]
                server = self.enter(Dnsloom(self.folder, pipeline(one.port, two.port, extra=f', policy = "{policy}"')))
                for number in range(40):
                    server.ask(f"n{number}.test")
                self.assertEqual(one.count() + two.count(), 40)
                self.assertGreater(min(one.count(), two.count()), 3 if policy == "random" else 19)


def with_options(octets, *options):
    """A response with an OPT record at its end."""
    rdata = b"".join(struct.pack("!HH", code, len(value)) + value for code, value in options)
    counted = octets[:10] + struct.pack("!H", struct.unpack_from("!H", octets, 10)[0] + 1) + octets[12:]
    return counted + b"\0" + struct.pack("!HHIH", 41, 1232, 0, len(rdata)) + rdata


if __name__ == "__main__":
    main()
