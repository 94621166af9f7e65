# SPDX-License-Identifier: Apache-2.0
"""The dns64 plugin in front of a scripted upstream that only has A and PTR records."""
import ipaddress
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import message
from support.case import Case, main
from support.server import Dnsloom, servers
from support.upstream import Upstream, default_answer

REVERSE = ipaddress.ip_address("64:ff9b::192.0.2.1").reverse_pointer


def answer(octets, transport):
    name, qtype, _ = message.parse(octets).question[0]
    if name.startswith("six") and qtype == message.TYPES["AAAA"]:
        return message.response(octets, [(name, "AAAA", 300, ipaddress.ip_address("2001:db8::6").packed)])
    if qtype == message.TYPES["PTR"]:
        return message.response(octets, [(name, "PTR", 300, message.encode_name("host.test"))])
    return default_answer(octets, transport)


class Translated(Case):
    def serve(self, options=", allow_ipv4 = true"):
        self.upstream = self.enter(Upstream(answer))
        self.server = self.enter(Dnsloom(self.folder, servers(
            f'[{{ plugin = "dns64"{options} }}, {{ plugin = "cache" }}, '
            f'{{ plugin = "forward", to = ["127.0.0.1:{self.upstream.port}"] }}]')))
        return self.server

    def addresses(self, name, **options):
        reply = self.server.ask(name, "AAAA", **options)
        return [str(ipaddress.ip_address(record.rdata)) for record in reply.answer]

    def test_a_becomes_aaaa_and_both_answers_are_cached(self):
        self.serve()

        self.assertEqual(self.addresses("four.test"), ["64:ff9b::c000:201"])
        self.assertEqual(self.addresses("four.test"), ["64:ff9b::c000:201"])
        self.assertEqual(self.upstream.count(), 2)
        self.assertLessEqual(self.server.ask("four.test", "AAAA").answer[0].ttl, 60)

    def test_over_tcp_too(self):
        self.serve()

        self.assertEqual(len(self.server.tcp("four.test", "AAAA").answer), 1)

    def test_real_aaaa_is_left_alone(self):
        self.serve()

        self.assertEqual(self.addresses("six.test"), ["2001:db8::6"])
        self.assertEqual(self.upstream.count(), 1)

    def test_validating_client_gets_no_translation(self):
        self.serve()

        self.assertEqual(self.addresses("four.test", flags=message.RD | message.CD, do=True), [])
        self.assertEqual(len(self.addresses("four.test", do=True)), 1)

    def test_client_over_ipv4_gets_none_by_default(self):
        self.serve("")

        self.assertEqual(self.addresses("four.test"), [])

    def test_ptr_is_an_alias_to_the_ipv4_name(self):
        self.serve()
        reply = self.server.ask(REVERSE, "PTR")

        self.assertEqual([record.type for record in reply.answer],
                         [message.TYPES["CNAME"], message.TYPES["PTR"]])
        self.assertEqual(self.upstream.asked[0][1], "1.2.0.192.in-addr.arpa.")


if __name__ == "__main__":
    main()
