# SPDX-License-Identifier: Apache-2.0
"""Upstreams that do all that they should not: answers stay right, the server bounded, and it says what happened."""
import random
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import message, wait
from support.case import Case, main
from support.server import Dnsloom, SANITIZED, servers
from support.upstream import CLOSE, RESET, Drip, Raw, Upstream

GOOD, EVIL = bytes([192, 0, 2, 1]), bytes([6, 6, 6, 6])
EDE = 15
# Where a test is about something else than health.
NEVER_DOWN = ", max_fails = 0"


def address(asked, value=GOOD):
    return message.response(asked, [(message.parse(asked).question[0][0], "A", 60, value)])


def truncated(asked):
    return message.response(asked, flags=message.TC)


class Misbehaving(Case):
    def serve(self, *answers, extra=NEVER_DOWN):
        upstreams = [self.enter(Upstream(answer)) for answer in answers]
        to = ", ".join(f'"127.0.0.1:{upstream.port}"' for upstream in upstreams)
        self.server = self.enter(Dnsloom(self.folder, servers(
            f'[{{ plugin = "forward", to = [{to}], policy = "sequential"{extra} }}]')))
        return upstreams

    def error(self, name="bad.test", **options):
        """(rcode, code of the extended error, its text) of an answer."""
        reply = self.server.ask(name, edns=1232, **options)
        option = reply.opt.option(EDE)
        return reply.rcode, struct.unpack("!H", option[:2])[0], option[2:].decode()

    def ignored(self, reason):
        return self.server.metric("dnsloom_forward_ignored_replies_total", reason=reason)

    def assert_good(self, name="good.test"):
        self.assertEqual(self.server.ask(name).texts(), [f"{name}. A 192.0.2.1"])


class Udp(Misbehaving):
    def test_late_reply_is_taken_while_the_next_is_asked(self):
        first, second = self.serve(lambda *_: None, lambda *_: None, extra=NEVER_DOWN + ', read_timeout = "50ms"')
        with self.server.connect() as connection:
            connection.send(message.query("late.test"))
            wait.until(second.count, "the second upstream is asked")
            first.send_late(0, address(first.held[0][0]))
            reply = connection.receive()

        self.assertEqual(reply.texts(), ["late.test. A 192.0.2.1"])

    def test_reply_after_the_answer_goes_nowhere(self):
        first, _ = self.serve(lambda *_: None, None, extra=NEVER_DOWN + ', read_timeout = "50ms"')
        self.assertEqual(self.server.ask("later.test").rcode, "NOERROR")
        first.send_late(0, address(first.held[0][0], EVIL))

        wait.until(lambda: self.ignored("unknown_id") == 1, "the late reply is counted")

    def test_forgeries_of_all_kinds_are_counted_and_the_true_reply_taken(self):
        def answer(asked, _):
            good, evil = address(asked), address(asked, EVIL)
            flipped_id = bytes([evil[0] ^ 0xFF]) + evil[1:]
            other_name = evil.replace(b"\5spoof", b"\5spook")
            other_type = bytearray(evil)
            other_type[-(4 + 10 + 12) - 3] = 28
            query = evil[:2] + bytes([evil[2] & 0x7F]) + evil[3:]
            return [b"", evil[:11], evil[:30], flipped_id, other_name, bytes(other_type), query, evil[:-1], good]

        self.serve(answer)

        self.assert_good("spoof.test")
        self.assertEqual(self.ignored("unknown_id"), 1)
        self.assertEqual(self.ignored("wrong_question"), 3)
        self.assertEqual(self.ignored("malformed"), 4)

    def test_garbage_by_the_thousand_is_survived(self):
        rng = random.Random(1)

        def answer(asked, transport):
            good = address(asked)
            # Some junk says that it is truncated.
            if transport == "tcp":
                return good
            junk = []
            for _ in range(40):  # A burst of them all has room in a socket's buffer.
                octets = bytearray(good)
                for _ in range(rng.randrange(1, 6)):
                    octets[rng.randrange(2, len(octets))] = rng.randrange(256)
                # What is left of the question would make it a good reply with any address.
                if octets[12:28] != good[12:28]:
                    junk.append(bytes(octets))
                junk.append(rng.randbytes(rng.randrange(600)))
            return [*junk, good]

        self.serve(answer)

        for number in range(20):
            self.assertEqual(self.server.ask(f"junk{number}.test").rcode, "NOERROR")
        self.assertTrue(self.server.is_running())

    def test_names_that_loop_or_are_too_long_are_no_reply(self):
        def answer(asked, _):
            head = message.response(asked)
            head = head[:6] + b"\0\1" + head[8:]
            record = struct.pack("!HHIH", 1, 1, 60, 4) + EVIL
            at = len(head)
            loop = head + struct.pack("!H", 0xC000 | at) + record
            two = head + struct.pack("!HH", 0xC000 | at + 2, 0xC000 | at) + record
            ahead = head + struct.pack("!H", 0xC000 | at + 6) + record
            too_long = head + b"\x3f" + b"x" * 63 + (b"\x3f" + b"y" * 63) * 3 + b"\x01z\0" + record
            bad_label = head + b"\x40abc\0" + record
            cut = head + b"\x3fabc"
            return [loop, two, ahead, too_long, bad_label, cut, address(asked)]

        self.serve(answer)

        self.assert_good()
        self.assertEqual(self.ignored("malformed"), 6)

    def test_rdata_that_is_malformed_is_told_from_an_answer(self):
        self.serve(lambda asked, _: message.response(asked, [("bad.test", "A", 60, b"\1\2\3")]))

        rcode, code, text = self.error()
        self.assertEqual((rcode, code), ("SERVFAIL", 24))
        self.assertIn("malformed reply", text)

    def test_another_case_is_believed_over_tcp_only(self):
        (upstream,) = self.serve(
            lambda asked, transport: address(asked[:12] + asked[12:].lower(), GOOD if transport == "tcp" else EVIL))

        self.assertEqual(self.server.ask("MiXeD.test").answer[0].rdata, GOOD)
        self.assertEqual((upstream.count("udp"), upstream.count("tcp")), (1, 1))
        self.server.wait_log("does not keep the case")

    def test_silence_is_bounded_in_memory_and_descriptors(self):
        silent, _ = self.serve(lambda *_: None, None, extra=NEVER_DOWN + ', read_timeout = "50ms"')
        self.server.ask("warm.test")
        before = self.server.rss()
        for batch in range(4):
            with self.server.connect() as connection:
                connection.send(*[message.query(f"n{batch}-{number}.test", id=number) for number in range(500)])
                for _ in range(500):
                    self.assertEqual(connection.receive().rcode, "NOERROR")

        self.assertGreaterEqual(silent.count(), 2000)
        # 16 sockets an upstream, and those that are given up but wait.
        self.assertLess(self.server.descriptors(), 2 * (16 + 64) + 60)
        if not SANITIZED:
            self.assertLess(self.server.rss() - before, 32 << 20)


class Tcp(Misbehaving):
    """All these come to a query that was truncated over UDP."""

    def over_tcp(self, *replies, **options):
        return self.serve(
            lambda asked, transport: truncated(asked) if transport == "udp" else [
                reply(asked) if callable(reply) else reply for reply in replies], **options)

    def test_truncated_over_tcp_too(self):
        self.over_tcp(truncated)

        rcode, code, text = self.error()
        self.assertEqual((rcode, code), ("SERVFAIL", 23))
        self.assertIn("malformed reply", text)

    def test_garbage(self):
        self.over_tcp(Raw(random.Random(2).randbytes(3000)), extra=NEVER_DOWN + ', read_timeout = "50ms"')

        # What it says may be the beginning of a long message, or one with another id.
        rcode, code, _ = self.error()
        self.assertEqual(rcode, "SERVFAIL")
        self.assertIn(code, (22, 23))

    def test_another_question(self):
        self.over_tcp(lambda asked: address(asked, EVIL).replace(b"\3bad", b"\3bat"))

        rcode, code, _ = self.error()
        self.assertEqual((rcode, code), ("SERVFAIL", 23))
        self.assertGreater(self.ignored("wrong_question"), 0)

    def test_reset(self):
        self.over_tcp(RESET)

        rcode, code, text = self.error()
        self.assertEqual((rcode, code), ("SERVFAIL", 23))
        self.assertIn("Connection reset by peer", text)

    def test_close(self):
        self.over_tcp(CLOSE)

        self.assertEqual(self.error()[:2], ("SERVFAIL", 23))

    def test_close_in_the_middle_of_a_reply(self):
        self.over_tcp(lambda asked: Raw(struct.pack("!H", 200) + address(asked)), CLOSE)

        self.assertEqual(self.error()[:2], ("SERVFAIL", 23))

    def test_drip(self):
        self.over_tcp(lambda asked: Drip(address(asked)))

        self.assert_good("drip.test")

    def test_drip_that_never_ends(self):
        self.over_tcp(lambda asked: Raw(struct.pack("!H", 500) + address(asked)),
                      extra=NEVER_DOWN + ', read_timeout = "50ms"')

        rcode, code, text = self.error()
        self.assertEqual((rcode, code), ("SERVFAIL", 22))
        self.assertIn("timed out", text)

    def test_messages_without_octets(self):
        self.over_tcp(Raw(b"\0\0" * 100))

        self.assertEqual(self.error()[:2], ("SERVFAIL", 23))

    def test_largest_message(self):
        self.over_tcp(lambda asked: self.fill(asked, 65535))

        reply = self.server.tcp("big.test", "TXT")
        self.assertEqual(len(reply.answer), 400)
        self.assertTrue(self.server.ask("big.test", "TXT").has(message.TC))

    def test_messages_nobody_asked_for(self):
        self.over_tcp(
            *[lambda asked, n=n: struct.pack("!H", n) + address(asked, EVIL)[2:] for n in range(500)], address)

        reply = self.server.ask("flood.test")
        # One of the ids may be the query's own, by chance.
        self.assertEqual(len(reply.answer), 1)
        self.assertGreater(self.ignored("unknown_id"), 0)
        self.assertLess(self.server.descriptors(), 100)

    def test_other_upstream_answers_in_its_stead(self):
        bad, good = self.serve(
            lambda asked, transport: truncated(asked) if transport == "udp" else RESET, None)

        for number in range(5):
            self.assert_good(f"n{number}.test")
        self.assertEqual(good.count(), 5)

    @staticmethod
    def fill(asked, size):
        """About as large as it may be."""
        count = 400
        name = message.parse(asked).question[0][0]
        each = (size - len(message.response(asked))) // count - len(message.encode_name(name)) - 10
        rdata = bytes([each - 1]) + b"x" * (each - 1)
        return message.response(asked, [(name, "TXT", 60, rdata)] * count)


class Down(Misbehaving):
    def test_all_down_fails_at_once_and_says_why(self):
        (upstream,) = self.serve(lambda *_: None, extra=', max_fails = 1, read_timeout = "50ms", health_check = "1h"')
        self.assertEqual(self.error()[:2], ("SERVFAIL", 22))
        asked = upstream.count()

        rcode, code, text = self.error("again.test")

        self.assertEqual((rcode, code), ("SERVFAIL", 22))
        self.assertEqual(text, f"all upstreams are down; 127.0.0.1:{upstream.port}: timed out")
        self.assertEqual(upstream.count(), asked)
        self.assertEqual(self.server.metric("dnsloom_forward_failfast_total"), 1)
        self.assertEqual(self.server.metric("dnsloom_forward_upstream_up"), 0)
        self.server.wait_log("upstream is down")


if __name__ == "__main__":
    main()
