# SPDX-License-Identifier: Apache-2.0
"""TCP after RFC 7766: pipelining, answers out of order, keepalive, limits, slow and hostile clients."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import socket
import struct
import time

from support import client, message, wait
from support.case import Case, main
from support.server import Dnsloom, servers
from support.upstream import Upstream

KEEPALIVE = 11  # RFC 7828


class Tcp(Case):
    def setUp(self):
        super().setUp()
        self.server = self.enter(Dnsloom(self.folder, servers()))

    def test_many_queries_on_one_connection(self):
        with self.server.connect() as connection:
            for number in range(50):
                self.assertEqual(connection.ask(f"n{number}.test").rcode, "NOERROR")

    def test_pipelined_queries_are_all_answered(self):
        queries = [message.query(f"n{number}.test", id=number) for number in range(1000)]
        with self.server.connect() as connection:
            connection.send(*queries)
            replies = {connection.receive().id for _ in queries}

        self.assertEqual(replies, set(range(1000)))

    def test_query_in_single_octets_is_answered(self):
        octets = message.query("drip.test", id=77)
        framed = struct.pack("!H", len(octets)) + octets
        with self.server.connect() as connection:
            for octet in framed:
                connection.socket.send(bytes([octet]))
            self.assertEqual(connection.receive().id, 77)

    def test_two_queries_and_a_half_in_one_segment(self):
        queries = [message.query(f"n{number}.test", id=number) for number in range(3)]
        framed = b"".join(struct.pack("!H", len(q)) + q for q in queries)
        with self.server.connect() as connection:
            connection.socket.sendall(framed[:-5])
            self.assertEqual([connection.receive().id for _ in range(2)], [0, 1])
            connection.socket.sendall(framed[-5:])
            self.assertEqual(connection.receive().id, 2)

    def test_answers_come_even_if_the_client_has_finished_sending(self):
        with self.server.connect() as connection:
            connection.send(message.query("half.test", id=5))
            connection.socket.shutdown(socket.SHUT_WR)
            self.assertEqual(connection.receive().id, 5)

    def test_message_shorter_than_a_header_closes_the_connection(self):
        with self.server.connect() as connection:
            connection.socket.sendall(b"\0\3abc")
            connection.wait_closed()

    def test_keepalive_is_granted_to_who_asks(self):
        with self.server.connect() as connection:
            reply = connection.ask("keep.test", options=[(KEEPALIVE, b"")])
            other = connection.ask("keep.test", edns=1232)

        units = struct.unpack("!H", reply.opt.option(KEEPALIVE))[0]
        self.assertEqual(units, 100)  # The idle timeout of 10 s in units of 100 ms.
        self.assertIsNone(other.opt.option(KEEPALIVE))

    def test_keepalive_over_udp_is_ignored(self):
        reply = self.server.ask("keep.test", options=[(KEEPALIVE, b"")])

        self.assertIsNone(reply.opt.option(KEEPALIVE))

    def test_garbage_does_not_disturb_other_connections(self):
        with self.server.connect() as good, self.server.connect() as bad:
            bad.socket.sendall(b"\xff" * 1000)
            self.assertEqual(good.ask("good.test").rcode, "NOERROR")


class OutOfOrder(Case):
    def test_slow_answer_does_not_hold_up_a_fast_one(self):
        held = []

        def answer(octets, _):
            if message.parse(octets).question[0][0].startswith("slow"):
                held.append(octets)
                return None
            reply = [message.response(octets, [("fast.test", "A", 1, bytes(4))])]
            return reply

        upstream = self.enter(Upstream(answer))
        server = self.enter(Dnsloom(
            self.folder, servers(f'[{{ plugin = "forward", to = ["127.0.0.1:{upstream.port}"] }}]')))
        with server.connect() as connection:
            connection.send(message.query("slow.test", id=1))
            wait.until(lambda: held, "the slow query reaches the upstream")
            connection.send(message.query("fast.test", id=2))
            self.assertEqual(connection.receive().id, 2)


class Limits(Case):
    def test_idle_connection_is_closed(self):
        server = self.enter(Dnsloom(self.folder, servers(), host={"tcp_idle_timeout": "1s"}))
        with server.connect() as connection:
            begin = time.monotonic()
            connection.ask("idle.test")
            connection.wait_closed()
            self.assertGreater(time.monotonic() - begin, 0.9, "it was not idle for so long")

    def test_connection_without_a_query_is_closed(self):
        server = self.enter(Dnsloom(self.folder, servers(), host={"tcp_idle_timeout": "300ms"}))
        with server.connect() as connection:
            connection.wait_closed()

    def test_slow_drip_does_not_keep_a_connection(self):
        server = self.enter(Dnsloom(self.folder, servers(), host={"tcp_idle_timeout": "300ms"}))
        octets = message.query(".".join(["drip" * 15] * 4))
        with server.connect() as connection:
            connection.socket.send(struct.pack("!H", len(octets)))
            drops = iter(octets[:-1])  # Never complete, one octet each time the condition is looked at.

            def is_closed():
                try:
                    connection.socket.send(bytes([next(drops)]))
                except (BrokenPipeError, ConnectionResetError):
                    return True
                return not connection.is_open()

            wait.until(is_closed, "the connection is closed while octets still trickle in")

    def test_connections_beyond_the_limit_end_old_or_new_ones(self):
        server = self.enter(Dnsloom(self.folder, servers(), host={"tcp_connections": 4}))
        connections = [self.enter(server.connect()) for _ in range(12)]

        def open_count():
            return sum(connection.is_open() for connection in connections)

        wait.until(lambda: open_count() <= 4, "at most 4 connections stay open")
        survivors = [connection for connection in connections if connection.is_open()]
        self.assertTrue(survivors)
        self.assertEqual(survivors[0].ask("open.test").rcode, "NOERROR")

    def test_pipeline_limit_slows_down_and_loses_nothing(self):
        upstream = self.enter(Upstream())
        server = self.enter(Dnsloom(
            self.folder, servers(f'[{{ plugin = "forward", to = ["127.0.0.1:{upstream.port}"] }}]'),
            host={"tcp_pipeline": 4}))
        queries = [message.query(f"n{number}.test", id=number) for number in range(200)]
        with server.connect() as connection:
            connection.send(*queries)
            replies = {connection.receive().id for _ in queries}

        self.assertEqual(replies, set(range(200)))

    def test_client_that_does_not_read_is_bounded(self):
        server = self.enter(Dnsloom(self.folder, servers(), host={"tcp_idle_timeout": "500ms"}))
        octets = message.query("flood.test")
        framed = (struct.pack("!H", len(octets)) + octets) * 1000
        before = server.rss()
        with server.connect() as connection:
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.socket.settimeout(0.2)
            try:
                for _ in range(400):
                    connection.socket.sendall(framed)
            except (TimeoutError, BrokenPipeError, ConnectionResetError):
                pass
            self.assertLess(server.rss() - before, 32 << 20)
            self.assertEqual(server.ask("other.test").rcode, "NOERROR")


if __name__ == "__main__":
    main()
