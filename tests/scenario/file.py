# SPDX-License-Identifier: Apache-2.0
"""The file plugin's answers, compared with those of NSD and Knot for the same zone files, plain and signed."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import itertools
import shutil
import subprocess

from support import client, message, peers, wait
from support.case import Case, main
from support.server import Dnsloom, servers

ZONES = Path(__file__).parent / "zones"
LABELS = """
@ ns1 ns2 mail www web chain1 chain2 chain3 dangling outside loop1 tocut towild nowhere a.nowhere WEB wEb.
very.deep.ent deep.ent ent x.deep.ent x.ent xent
wild *.wild a.wild a.b.wild known.wild x.known.wild below.known.wild cwild a.cwild
star *.star a.*.star b.*.star b.star
old www.old a.b.old new web.new www.web.new short x.short
sub ns.sub mail.sub host.sub x.ns.sub noglue x.noglue cut deep.cut x.deep.cut secure x.secure
_sip._udp _udp svc naptr odd upper UPPER
""".split()
TYPES = ["A", "AAAA", "MX", "NS", "SOA", "TXT", "CNAME", "DNAME", "DS", "SRV", "HTTPS", "CAA", "NAPTR", 65280, "ANY"]
OUTSIDE = ["test", "other.test", "xplain.test", "com"]


def questions(zone):
    for label, qtype in itertools.product(LABELS, TYPES):
        yield zone if label == "@" else f"{label}.{zone}", qtype


def keys(records, *, ignore=()):
    return sorted(record.key() for record in records if record.type not in ignore)


def summary(reply):
    """What has to be the same for every right server. The rest is its choice: order, what else is in the additional
    section, and whether a DS record without a signature goes with a referral."""
    types = {record.type for record in reply.authority}
    choice = () if message.TYPES["RRSIG"] in types else (message.TYPES["DS"],)
    return {
        "rcode": reply.rcode,
        "aa": reply.has(message.AA),
        "tc": reply.has(message.TC),
        "answer": keys(reply.answer),
        "authority": keys(reply.authority, ignore=choice) if not reply.answer else [],
    }


class Differential(Case):
    """Every name and type of the zone's corners, against both peers. A difference counts where the two agree with
    each other: where they differ, the RFCs leave it open."""

    def serve(self, zones):
        text = "".join(servers(f'[{{ plugin = "file", path = "{path}" }}]', f'["{name}"]')
                       for name, path in zones.items())
        self.server = self.enter(Dnsloom(self.folder, text))
        self.peers = [self.enter(peer(self.folder, zones)) for peer in (peers.Nsd, peers.Knotd)]

    def compare(self, name, qtype, **options):
        if qtype == "ANY":  # RFC 8482 allows many answers.
            return
        octets = message.query(name, qtype, **options)
        ours = summary(client.udp(self.server.port, octets))
        theirs = [summary(client.udp(peer.port, octets)) for peer in self.peers]
        for field, value in ours.items():
            values = [their[field] for their in theirs]
            if all(v == values[0] for v in values):
                self.assertEqual(value, values[0], f"{name} {qtype}: {field}")

    def compare_all(self, zone, **options):
        for name, qtype in questions(zone):
            with self.subTest(name=name, qtype=qtype, **options):
                self.compare(name, qtype, **options)


class Plain(Differential):
    def setUp(self):
        super().setUp()
        self.serve({"plain.test": ZONES / "plain.zone"})

    def test_same_answers(self):
        self.compare_all("plain.test", edns=1232)

    def test_same_answers_without_edns(self):
        self.compare_all("plain.test")

    def test_same_answers_to_do(self):
        self.compare_all("plain.test", do=True)

    def test_glue_and_addresses_are_in_the_additional_section(self):
        for name, qtype, wanted in (
                ("host.sub.plain.test", "A", {"ns.sub.plain.test. A 192.0.2.53", "ns.sub.plain.test. AAAA 2001:db8::53"}),
                ("x.deep.cut.plain.test", "A", {"ns.deep.cut.plain.test. A 192.0.2.55"}),
                ("plain.test", "MX", {"mail.plain.test. A 192.0.2.25"}),
                ("_sip._udp.plain.test", "SRV", {"web.plain.test. A 192.0.2.80"})):
            with self.subTest(name=name):
                reply = self.server.ask(name, qtype, edns=1232)
                self.assertLessEqual(wanted, {record.text for record in reply.additional})

    def test_names_outside_are_refused(self):
        for name in OUTSIDE:
            with self.subTest(name=name):
                self.assertEqual(self.server.ask(name).rcode, "REFUSED")


class Signed(Differential):
    def sign(self, *options):
        """A zone signed by ldns, in the test's folder."""
        zone = self.folder / "plain.zone"
        shutil.copyfile(ZONES / "plain.zone", zone)
        make = [peers.tool("ldns-keygen"), "-a", "ECDSAP256SHA256", "-k", "plain.test"]
        key = subprocess.run(make, cwd=self.folder, check=True, capture_output=True, text=True).stdout.strip()
        signed = self.folder / "plain.zone.signed"
        subprocess.run([peers.tool("ldns-signzone"), "-e", "20361231", "-i", "20200101", *options, "-f", signed,
                        zone, key], cwd=self.folder, check=True, capture_output=True)
        return signed

    def test_same_answers_with_nsec(self):
        self.serve({"plain.test": self.sign()})
        self.compare_all("plain.test", do=True)

    def test_same_answers_with_nsec3(self):
        self.serve({"plain.test": self.sign("-n", "-s", "c0ffee", "-t", "1")})
        self.compare_all("plain.test", do=True)

    def test_same_answers_with_opt_out(self):
        self.serve({"plain.test": self.sign("-n", "-p")})
        self.compare_all("plain.test", do=True)

    def test_without_do_there_are_no_signatures(self):
        self.serve({"plain.test": self.sign()})

        self.compare_all("plain.test", edns=1232)
        reply = self.server.ask("www.plain.test", "A", edns=1232)
        self.assertNotIn(message.TYPES["RRSIG"], {record.type for record in reply.answer})


class ZoneFile(Case):
    def test_mistake_in_the_zone_is_reported_with_its_place(self):
        (self.folder / "bad.zone").write_text("$ORIGIN bad.test.\n@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.300\n")
        server = Dnsloom(self.folder, servers('[{ plugin = "file", path = "bad.zone" }]', '["bad.test"]'))
        server.launch()

        self.assertNotEqual(server.process.wait(wait.LIMIT), 0)
        self.assertIn("bad.zone:4:", server.log())

    def test_changed_zone_is_served(self):
        def zone(address):
            return f"$ORIGIN live.test.\n$TTL 60\n@ SOA ns host 1 2 3 4 5\n@ NS ns\nns A {address}\n"

        path = self.folder / "live.zone"
        path.write_text(zone("192.0.2.1"))
        server = self.enter(Dnsloom(self.folder, servers('[{ plugin = "file", path = "live.zone" }]', '["live.test"]')))
        self.assertEqual(server.ask("ns.live.test").texts(), ["ns.live.test. A 192.0.2.1"])

        new = self.folder / "new.zone"
        new.write_text(zone("192.0.2.2"))
        new.replace(path)

        wait.until(lambda: server.ask("ns.live.test").texts() == ["ns.live.test. A 192.0.2.2"], "the new address is served")

    def test_kdig_likes_the_answer(self):
        server = self.enter(Dnsloom(self.folder, servers(f'[{{ plugin = "file", path = "{ZONES}/plain.zone" }}]',
                                                         '["plain.test"]')))
        for tool in ("kdig", "dig"):
            with self.subTest(tool=tool):
                out = subprocess.run([peers.tool(tool), "@127.0.0.1", "-p", str(server.port), "+short", "web.plain.test"],
                                     capture_output=True, text=True, check=True).stdout
                self.assertEqual(sorted(out.split()), ["192.0.2.80", "192.0.2.81"])


if __name__ == "__main__":
    main()
