# SPDX-License-Identifier: Apache-2.0
"""acl in front of an answering plugin; all of 127.0.0.0/8 are clients."""
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import client, message, wait
from support.case import Case, main
from support.server import Dnsloom, check, host_section, servers

BLOCKED, FILTERED, PROHIBITED = 15, 17, 18


def ask_from(source, port, name="www.test", qtype="A"):
    """Over TCP, since a dropped query would make UDP wait."""
    with socket.create_connection(("127.0.0.1", port), timeout=client.TIMEOUT, source_address=(source, 0)) as sock:
        octets = message.query(name, qtype, edns=1232)
        sock.sendall(len(octets).to_bytes(2, "big") + octets)
        size = int.from_bytes(sock.recv(2, socket.MSG_WAITALL), "big")
        return message.parse(sock.recv(size, socket.MSG_WAITALL))


def error_of(reply):
    return int.from_bytes(reply.opt.option(15)[:2], "big")


class Acl(Case):
    def serve(self, rules, more="", **host):
        self.server = self.enter(Dnsloom(
            self.folder, servers(f'[{{ plugin = "acl", rules = [{rules}]{more} }}, {{ plugin = "whoami" }}]'), host=host))

    def rcode_from(self, source, **question):
        return ask_from(source, self.server.port, **question).rcode

    def test_rules_are_tried_in_order(self):
        self.serve('{ action = "block", net = ["127.0.0.9"] }, { action = "allow", net = ["127.0.0.0/24"] }, '
                   '{ action = "block", extended_error = "prohibited" }')

        self.assertEqual(self.rcode_from("127.0.0.1"), "NOERROR")
        blocked = ask_from("127.0.0.9", self.server.port)
        self.assertEqual((blocked.rcode, error_of(blocked)), ("REFUSED", BLOCKED))
        outside = ask_from("127.0.1.1", self.server.port)
        self.assertEqual((outside.rcode, error_of(outside)), ("REFUSED", PROHIBITED))
        self.assertEqual(self.server.metric("dnsloom_acl_blocked_requests_total"), 2)

    def test_filter_gives_an_empty_answer(self):
        self.serve('{ action = "filter", type = ["TXT"] }')
        reply = self.server.ask("www.test", "TXT", edns=1232)

        self.assertEqual((reply.rcode, reply.texts(), error_of(reply)), ("NOERROR", [], FILTERED))
        self.assertEqual(len(self.server.ask("www.test", "A").texts()), 0)  # whoami's are additional.
        self.assertEqual(self.server.metric("dnsloom_acl_allowed_requests_total"), 1)

    def test_drop_sends_nothing(self):
        self.serve('{ action = "drop", type = ["ANY"] }')

        self.assertTrue(client.answers_nothing(
            self.server.port, message.query("a.test", 255, id=1), message.query("a.test", id=2)))

    def test_zones_limit_the_rules(self):
        self.serve('{ action = "block" }', ', zones = ["in.test"]')

        self.assertEqual(self.server.ask("a.in.test").rcode, "REFUSED")
        self.assertEqual(self.server.ask("a.out.test").rcode, "NOERROR")

    def test_a_file_is_read_again_and_kept_when_it_is_wrong(self):
        networks = self.folder / "networks"
        networks.write_text("127.0.0.2\n")
        self.serve('{ action = "block", net_file = ["networks"] }')
        self.assertEqual(self.rcode_from("127.0.0.2"), "REFUSED")

        networks.write_text("127.0.0.3\n")
        wait.until(lambda: self.rcode_from("127.0.0.3") == "REFUSED", "the new network is blocked")
        self.assertEqual(self.rcode_from("127.0.0.2"), "NOERROR")

        networks.write_text("127.0.0.2\nwrong\n")
        self.server.wait_log(r"networks:2: ")
        self.assertEqual(self.rcode_from("127.0.0.3"), "REFUSED")
        self.assertEqual(self.server.metric("dnsloom_acl_reload_total", result="failed"), 1)

    def test_ten_thousand_networks(self):
        (self.folder / "networks").write_text("".join(f"10.{i >> 8}.{i & 255}.0/24\n" for i in range(10000)) + "127.0.0.5\n")
        self.serve('{ action = "block", net_file = ["networks"] }')

        self.assertEqual(self.rcode_from("127.0.0.5"), "REFUSED")
        self.assertEqual(self.rcode_from("127.0.0.4"), "NOERROR")

    def test_mistakes_are_told_with_their_place(self):
        code, said = check(self.folder, host_section(self.folder) + servers(
            '[{ plugin = "acl", rules = [\n{ action = "block", net = ["10.0.0.0/40"] }] }]', listen="dns://127.0.0.1:1053"))
        self.assertNotEqual(code, 0)
        self.assertRegex(said, r"dnsloom.toml:\d+:\d+: .*10\.0\.0\.0/40")


if __name__ == "__main__":
    main()
