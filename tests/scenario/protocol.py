# SPDX-License-Identifier: Apache-2.0
"""Opcodes, classes, malformed messages, routing: what the host decides before any plugin."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import struct

from support import client, message
from support.case import Case, main
from support.server import Dnsloom, servers

PROBE = message.query("probe.example.org", id=0xBEEF)


class Protocol(Case):
    def setUp(self):
        super().setUp()
        self.server = self.enter(Dnsloom(self.folder, servers(zones='["example.org"]')))

    def test_reply_repeats_id_question_and_its_spelling(self):
        octets = message.query("WwW.eXample.ORG", "MX", id=0x1234)

        reply = self.server.udp(octets)

        self.assertEqual(reply.id, 0x1234)
        self.assertEqual(reply.question, [("WwW.eXample.ORG.", message.TYPES["MX"], message.IN)])
        self.assertTrue(reply.has(message.QR))

    def test_rd_is_copied(self):
        self.assertTrue(self.server.ask("example.org", flags=message.RD).has(message.RD))
        self.assertFalse(self.server.ask("example.org", flags=0).has(message.RD))

    def test_unknown_opcode_is_notimp(self):
        for opcode in (1, 2, 3, 6, 15):
            with self.subTest(opcode=opcode):
                reply = self.server.ask("example.org", opcode=opcode)
                self.assertEqual((reply.rcode, reply.opcode), ("NOTIMP", opcode))

    def test_update_is_notimp(self):
        self.assertEqual(self.server.ask("example.org", "SOA", opcode=5).rcode, "NOTIMP")

    def test_other_class_is_answered_by_the_plugin(self):
        reply = self.server.ask("example.org", "TXT", qclass=message.CH)

        self.assertEqual(reply.question[0][2], message.CH)

    def test_name_outside_all_zones_is_refused(self):
        for name in ("example.com", "org", ".", "notexample.org"):
            with self.subTest(name=name):
                self.assertEqual(self.server.ask(name).rcode, "REFUSED")

    def test_no_question_is_formerr(self):
        octets = struct.pack("!HHHHHH", 7, 0, 0, 0, 0, 0)

        self.assertEqual(self.server.udp(octets).rcode, "FORMERR")

    def test_two_questions_are_formerr(self):
        octets = bytearray(message.query("example.org"))
        struct.pack_into("!H", octets, 4, 2)
        octets += octets[12:]

        self.assertEqual(self.server.udp(bytes(octets)).rcode, "FORMERR")

    def test_pointer_in_the_question_is_formerr(self):
        octets = struct.pack("!HHHHHH", 9, 0, 1, 0, 0, 0) + b"\xc0\x0c" + struct.pack("!HH", 1, 1)

        self.assertEqual(self.server.udp(octets).rcode, "FORMERR")

    def test_question_cut_short_is_formerr(self):
        octets = message.query("example.org")
        for size in range(12, len(octets)):
            with self.subTest(size=size):
                self.assertEqual(self.server.udp(octets[:size]).rcode, "FORMERR")

    def test_answer_records_in_a_query_are_formerr(self):
        octets = bytearray(message.query("example.org"))
        struct.pack_into("!H", octets, 6, 9)

        self.assertEqual(self.server.udp(bytes(octets)).rcode, "FORMERR")

    def test_less_than_a_header_gets_no_reply(self):
        for size in (1, 2, 11):
            with self.subTest(size=size):
                self.assertTrue(client.answers_nothing(self.server.port, b"\x12" * size, PROBE))

    def test_response_gets_no_reply(self):
        octets = message.query("example.org", flags=message.QR)

        self.assertTrue(client.answers_nothing(self.server.port, octets, PROBE))

    def test_name_of_255_octets_is_answered(self):
        name = ".".join(["a" * 63] * 3 + ["b" * 49]) + ".example.org"
        self.assertEqual(len(message.encode_name(name)), 255)

        self.assertEqual(self.server.ask(name).rcode, "NOERROR")


class Routing(Case):
    ZONES = {"example.org": "outer", "sub.example.org": "inner", "10.0.0.0/8": "reverse", ".": "rest"}

    def setUp(self):
        super().setUp()
        text = ""
        for zone, label in self.ZONES.items():
            file = self.folder / f"{label}.zone"
            origin = "10.in-addr.arpa" if "/" in zone else zone
            file.write_text(f"$ORIGIN {origin if origin == '.' else origin + '.'}\n$TTL 60\n"
                            f"@ SOA ns.test. host.test. 1 3600 600 86400 60\n@ NS ns.test.\n"
                            f'@ TXT "{label}"\n* TXT "{label}"\n')
            text += servers(f'[{{ plugin = "file", path = "{label}.zone" }}]', f'["{zone}"]')
        self.server = self.enter(Dnsloom(self.folder, text))

    def served_by(self, name):
        reply = self.server.ask(name, "TXT")
        return message.txt_strings(reply.answer[0].rdata)[0] if reply.answer else reply.rcode

    def test_longest_zone_takes_the_query(self):
        self.assertEqual(self.served_by("example.org"), "outer")
        self.assertEqual(self.served_by("a.example.org"), "outer")
        self.assertEqual(self.served_by("sub.example.org"), "inner")
        self.assertEqual(self.served_by("a.SUB.example.org"), "inner")
        self.assertEqual(self.served_by("xsub.example.org"), "outer")

    def test_address_block_is_its_reverse_zone(self):
        self.assertEqual(self.served_by("1.10.in-addr.arpa"), "reverse")

    def test_root_takes_the_rest(self):
        self.assertEqual(self.served_by("com"), "rest")

    def test_ds_goes_to_the_parent(self):
        parent = self.server.ask("sub.example.org", "DS")

        self.assertEqual(parent.authority[0].owner.lower(), "example.org.")


class Listeners(Case):
    def test_ipv6(self):
        server = self.enter(Dnsloom(self.folder, servers(listen="dns://[::1]:@PORT@")))

        reply = client.ask(server.port, "example.org", host="::1")

        self.assertEqual(reply.additional[0].text, "example.org. AAAA ::1")
        self.assertEqual(client.tcp(server.port, "example.org", host="::1").rcode, "NOERROR")

    def test_wildcard_answers_from_the_address_that_was_asked(self):
        server = self.enter(Dnsloom(self.folder, servers(listen="dns://:@PORT@")))

        for host in ("127.0.0.1", "127.0.0.53", "::1"):  # A connected socket takes only that source.
            with self.subTest(host=host):
                self.assertEqual(client.ask(server.port, "example.org", host=host).rcode, "NOERROR")

    def test_udp_only(self):
        server = self.enter(Dnsloom(self.folder, servers(listen="udp://127.0.0.1:@PORT@")))

        self.assertEqual(server.ask("example.org").rcode, "NOERROR")
        with self.assertRaises(ConnectionRefusedError):
            server.connect()

    def test_tcp_only(self):
        server = self.enter(Dnsloom(self.folder, servers(listen="tcp://127.0.0.1:@PORT@")))

        self.assertEqual(server.tcp("example.org").rcode, "NOERROR")
        with self.assertRaises(ConnectionRefusedError):
            server.ask("example.org")

    def test_four_workers_answer_all(self):
        server = self.enter(Dnsloom(self.folder, servers(), workers=4))

        for _ in range(100):  # A new socket each: they spread over the workers.
            self.assertEqual(server.ask("example.org").rcode, "NOERROR")


if __name__ == "__main__":
    main()
