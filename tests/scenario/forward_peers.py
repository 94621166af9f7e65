# SPDX-License-Identifier: Apache-2.0
"""dnsloom, unbound and dnsdist in front of one scripted upstream: what RFCs settle, all answer the same."""
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import client, message, peers
from support.case import Case, main
from support.server import Dnsloom, servers
from support.upstream import Upstream, soa

A = {"web.test.": [bytes([192, 0, 2, 80]), bytes([192, 0, 2, 81])], "target.test.": [bytes([192, 0, 2, 90])],
     "probe.test.": [bytes([192, 0, 2, 1])]}


def answer(octets, transport):
    name, qtype, _ = message.parse(octets).question[0]
    key = name.lower()
    if key == "fails.test.":
        return message.response(octets, rcode=2)
    if key == "big.test.":
        if transport == "udp":
            return message.response(octets, flags=message.RA | message.TC)
        return message.response(octets, [(name, "TXT", 60, message.txt(f"{n:02}" + "x" * 200)) for n in range(10)])
    if key == "alias.test.":
        target = [("target.test.", "A", 60, A["target.test."][0])] if qtype == message.TYPES["A"] else []
        return message.response(octets, [(name, "CNAME", 60, message.encode_name("target.test.")), *target])
    if key == "odd.test." and qtype == 65280:
        reply = message.response(octets, [(name, "A", 60, b"\1\2\3")])
        at = reply.rindex(struct.pack("!HH", 1, 1))
        return reply[:at] + struct.pack("!H", 65280) + reply[at + 2:]
    if key not in A and key not in ("odd.test.", "big.test.", "empty.test."):
        return message.response(octets, rcode=3, authority=[soa("test.")])
    if qtype == message.TYPES["A"] and key in A:
        return message.response(octets, [(name, "A", 60, rdata) for rdata in A[key]])
    return message.response(octets, authority=[soa("test.")])


class SameAnswers(Case):
    def setUp(self):
        super().setUp()
        upstream = self.enter(Upstream(answer))
        self.server = self.enter(Dnsloom(self.folder, servers(
            f'[{{ plugin = "forward", to = "127.0.0.1:{upstream.port}" }}]')))
        self.peers = [self.enter(peers.Unbound(self.folder, upstream.port, ("probe.test", "A"))),
                      self.enter(peers.Dnsdist(self.folder, upstream.port, ("probe.test", "A")))]

    def compare(self, name, qtype, transport="udp", **options):
        def outcome(port):
            ask = client.ask if transport == "udp" else client.tcp
            reply = ask(port, name, qtype, **options)
            records = sorted((r.owner.lower(), r.type, r.rdata) for r in reply.answer)
            return (reply.rcode, reply.question, reply.has(message.RA), reply.has(message.RD), reply.has(message.AA),
                    reply.has(message.TC), [] if reply.has(message.TC) else records)

        ours = outcome(self.server.port)
        for peer in self.peers:
            with self.subTest(name=name, qtype=qtype, transport=transport, peer=type(peer).__name__):
                self.assertEqual(ours, outcome(peer.port))

    def test_answers(self):
        for transport in ("udp", "tcp"):
            for name, qtype in (("web.test", "A"), ("WeB.tEsT", "A"), ("alias.test", "A"), ("odd.test", 65280),
                                ("web.test", "AAAA"), ("empty.test", "MX"), ("nowhere.test", "A"),
                                ("fails.test", "A")):
                self.compare(name, qtype, transport)

    def test_answers_that_are_too_large_for_udp(self):
        self.compare("big.test", "TXT")
        self.compare("big.test", "TXT", edns=1232)
        self.compare("big.test", "TXT", "tcp")


if __name__ == "__main__":
    main()
