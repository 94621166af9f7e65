# SPDX-License-Identifier: Apache-2.0
"""The ratelimit plugin: what a flood gets, and what a client with a cookie gets. Time is moved by `ctl clock`."""
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import message
from support.case import Case, main
from support.server import Dnsloom, servers

COOKIE = 10
CLIENT = bytes(range(8))
SECRET = "e5e973e5a6b2a43f48e7dc849e37bfcf"


class Limited(Case):
    def serve(self, options):
        self.server = self.enter(Dnsloom(
            self.folder, servers(f'[{{ plugin = "ratelimit"{options} }}, {{ plugin = "whoami" }}]'),
            host={"test_clock": True}))
        return self.server

    def replies(self, tries, name="flood.test", **options):
        """What comes back over UDP to so many queries. One with a good cookie is sent last, and is always answered."""
        cookie = self.server.tcp("cookie.test", "A", options=[(COOKIE, CLIENT)]).opt.option(COOKIE)
        found = []
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(20)
            sock.connect(("127.0.0.1", self.server.port))
            for number in range(tries):
                sock.send(message.query(name, id=number, **options))
            sock.send(message.query("last.test", id=tries, options=[(COOKIE, cookie)]))
            while not found or found[-1].id != tries:
                found.append(message.parse(sock.recv(65535)))
        return found[:-1]

    def cookie(self, value, name="cookie.test"):
        return self.server.ask(name, options=[(COOKIE, value)])

    def test_flood_gets_its_share_and_some_truncated_replies(self):
        self.serve(", responses_per_second = 5")
        replies = self.replies(25)
        whole = [reply for reply in replies if not reply.has(message.TC)]
        slipped = [reply for reply in replies if reply.has(message.TC)]

        self.assertEqual(len(whole), 5)
        self.assertEqual(len(slipped), 10)
        self.assertEqual(slipped[0].additional, [])
        self.assertEqual(self.server.metric("dnsloom_ratelimit_limited_total", **{"class": "nodata"}), 20)
        self.assertEqual(self.server.tcp("flood.test", "A").rcode, "NOERROR")

        self.server.ctl("clock", "20s")
        self.assertFalse(self.server.ask("flood.test").has(message.TC))

    def test_cookie_lifts_the_limit(self):
        self.serve(", responses_per_second = 5")
        server_cookie = self.cookie(CLIENT).opt.option(COOKIE)
        replies = self.replies(25, options=[(COOKIE, server_cookie)])

        self.assertEqual(len(server_cookie), 24)
        self.assertEqual(len(replies), 25)
        self.assertFalse(any(reply.has(message.TC) for reply in replies))
        self.assertEqual(replies[0].opt.option(COOKIE), server_cookie)

    def test_required_cookie(self):
        self.serve(", require_cookie = true")
        demanded = self.cookie(CLIENT)

        self.assertEqual(demanded.rcode, "BADCOOKIE")
        self.assertEqual(self.cookie(demanded.opt.option(COOKIE)).rcode, "NOERROR")
        self.assertEqual(self.server.ask("none.test").rcode, "NOERROR")
        self.assertEqual(self.cookie(b"short").rcode, "FORMERR")

    def test_secrets_roll_over(self):
        secrets = self.folder / "secrets"
        secrets.write_text(SECRET + "\n")
        self.serve(f', require_cookie = true, cookie_secret_file = "{secrets}"')
        old = self.cookie(CLIENT).opt.option(COOKIE)

        secrets.write_text("00112233445566778899aabbccddeeff\n" + SECRET + "\n")
        self.server.wait_log("cookie secrets loaded again")
        rolled = self.cookie(old)
        self.assertEqual(rolled.rcode, "NOERROR")
        self.assertNotEqual(rolled.opt.option(COOKIE), old)

        secrets.write_text("nonsense\n")
        self.server.wait_log("secrets stay as they are")
        self.assertEqual(self.cookie(old).rcode, "NOERROR")

    def test_made_up_secret_lives_on_through_a_reload(self):
        self.serve("")
        cookie = self.cookie(CLIENT).opt.option(COOKIE)
        self.server.write(servers('[{ plugin = "ratelimit", require_cookie = true }, { plugin = "whoami" }]'))
        self.server.reload()

        self.assertEqual(self.cookie(cookie).rcode, "NOERROR")


if __name__ == "__main__":
    main()
