# SPDX-License-Identifier: Apache-2.0
"""EDNS(0), RFC 6891: versions, sizes, truncation, and OPT records that are wrong."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import struct

from support import client, message
from support.case import Case, main
from support.server import Dnsloom, servers

# Ten TXT records of 200 octets: over 1232 octets, under 4096.
BIG = "\n".join(f'big TXT "{chr(97 + i) * 200}"' for i in range(10))
ZONE = f"""$ORIGIN example.org.
$TTL 60
@ SOA ns host 1 3600 600 86400 60
@ NS ns
ns A 192.0.2.1
www A 192.0.2.2
{BIG}
"""


def opt(size=1232, ttl=0, rdata=b"", owner=b"\0"):
    return owner + struct.pack("!HHIH", 41, size, ttl, len(rdata)) + rdata


def with_additional(*records, name="www.example.org"):
    octets = bytearray(message.query(name))
    struct.pack_into("!H", octets, 10, len(records))
    return bytes(octets) + b"".join(records)


class Edns(Case):
    def setUp(self):
        super().setUp()
        (self.folder / "zone").write_text(ZONE)
        self.server = self.enter(Dnsloom(self.folder, servers('[{ plugin = "file", path = "zone" }]',
                                                              '["example.org"]')))

    def test_query_without_opt_gets_none(self):
        self.assertIsNone(self.server.ask("www.example.org").opt)

    def test_query_with_opt_gets_one_of_version_0(self):
        reply = self.server.ask("www.example.org", edns=4096)

        self.assertEqual(reply.opt.version, 0)
        self.assertGreaterEqual(reply.opt.udp_size, 512)

    def test_do_is_copied_into_the_reply(self):
        self.assertTrue(self.server.ask("www.example.org", do=True).opt.ttl & message.DO)
        self.assertFalse(self.server.ask("www.example.org", edns=1232).opt.ttl & message.DO)

    def test_unknown_option_is_ignored(self):
        reply = self.server.ask("www.example.org", options=[(65001, b"anything")])

        self.assertEqual(reply.rcode, "NOERROR")
        self.assertIsNone(reply.opt.option(65001))

    def test_version_1_is_badvers(self):
        reply = self.server.ask("www.example.org", version=1)

        self.assertEqual(reply.rcode, "BADVERS")
        self.assertEqual(reply.opt.version, 0)
        self.assertEqual(reply.answer, [])

    def test_two_opt_records_are_formerr(self):
        self.assertEqual(self.server.udp(with_additional(opt(), opt())).rcode, "FORMERR")

    def test_opt_with_an_owner_is_formerr(self):
        self.assertEqual(self.server.udp(with_additional(opt(owner=b"\1a\0"))).rcode, "FORMERR")

    def test_option_beyond_the_end_of_rdata_is_formerr(self):
        self.assertEqual(self.server.udp(with_additional(opt(rdata=b"\0\3\0\xff"))).rcode, "FORMERR")

    def test_large_answer_is_truncated_to_512_octets_without_edns(self):
        reply = self.server.ask("big.example.org", "TXT")

        self.assertTrue(reply.has(message.TC))
        self.assertLessEqual(len(reply.wire), 512)

    def test_large_answer_is_truncated_to_what_the_client_takes(self):
        reply = self.server.ask("big.example.org", "TXT", edns=700)

        self.assertTrue(reply.has(message.TC))
        self.assertLessEqual(len(reply.wire), 700)
        self.assertIsNotNone(reply.opt)

    def test_large_answer_is_capped_at_1232_octets(self):
        reply = self.server.ask("big.example.org", "TXT", edns=4096)

        self.assertTrue(reply.has(message.TC))
        self.assertLessEqual(len(reply.wire), 1232)

    def test_size_below_512_counts_as_512(self):
        reply = self.server.ask("www.example.org", edns=100)

        self.assertEqual(reply.rcode, "NOERROR")
        self.assertEqual(len(reply.answer), 1)

    def test_large_answer_is_whole_over_tcp(self):
        reply = self.server.tcp("big.example.org", "TXT")

        self.assertFalse(reply.has(message.TC))
        self.assertEqual(len(reply.answer), 10)


class UdpSize(Case):
    def test_udp_size_raises_the_cap(self):
        (self.folder / "zone").write_text(ZONE)
        server = self.enter(Dnsloom(
            self.folder, servers('[{ plugin = "file", path = "zone" }]', '["example.org"]'),
            host={"udp_size": 4096}))

        reply = server.ask("big.example.org", "TXT", edns=4096)

        self.assertFalse(reply.has(message.TC))
        self.assertEqual(len(reply.answer), 10)


if __name__ == "__main__":
    main()
