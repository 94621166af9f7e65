# SPDX-License-Identifier: Apache-2.0
"""A name server whose answers a test makes up, on UDP and TCP, in a thread of its own."""
import collections
import selectors
import socket
import struct
import threading

from . import message
from .ports import free_port


class Raw(bytes):
    """Goes over TCP as it is, without its size in front."""


class Drip(bytes):
    """A message over TCP, each octet in a segment of its own."""


CLOSE, RESET = "close", "reset"  # Instead of a reply over TCP: the connection ends.


class Upstream:
    """`answer(query_octets, transport)` gives the reply's octets, several in a list, or None to stay silent.
    `transport` is "udp" or "tcp". Over TCP a reply may also be Raw, Drip, CLOSE or RESET. Without it every A
    question gets 192.0.2.1 and any other is NODATA."""

    def __init__(self, answer=None, port=None):
        self.port = port or free_port()
        self.answer = answer or default_answer
        self.asked = []                        # (transport, name, type number)
        self.sources = collections.Counter()   # Client ports of UDP queries.
        self.addresses = set()                 # Of clients of UDP queries.
        self.ids = set()
        self.held = []                         # UDP queries without a reply: (octets, source).
        self._lock = threading.Lock()
        self._wake, self._waker = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._udp.bind(("127.0.0.1", self.port))
        self._tcp = socket.create_server(("127.0.0.1", self.port))
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._selector.register(self._udp, selectors.EVENT_READ, self._on_udp)
        self._selector.register(self._tcp, selectors.EVENT_READ, self._on_accept)
        self._selector.register(self._wake, selectors.EVENT_READ, None)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._waker.send(b"x")
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._waker.close()

    def send_late(self, number, reply):
        """Answers a UDP query in `held` after all."""
        self._udp.sendto(reply, self.held[number][1])

    def count(self, transport=None, name=None):
        with self._lock:
            return sum((transport in (None, t)) and (name in (None, n)) for t, n, _ in self.asked)

    def _run(self):
        while True:
            for key, _ in self._selector.select():
                if key.data is None:
                    return
                key.data(key.fileobj)

    def _replies(self, octets, transport):
        name, qtype, _ = message.parse(octets).question[0]
        with self._lock:
            self.asked.append((transport, name.lower(), qtype))
            self.ids.add(octets[:2])
        reply = self.answer(octets, transport)
        return reply if isinstance(reply, list) else [reply] if reply else []

    def _on_udp(self, sock):
        octets, source = sock.recvfrom(65535)
        self.sources[source[1]] += 1
        self.addresses.add(source[0])
        replies = self._replies(octets, "udp")
        if not replies:
            self.held.append((octets, source))
        for reply in replies:
            sock.sendto(reply, source)

    def _on_accept(self, sock):
        connection, _ = sock.accept()
        buffer = bytearray()
        self._selector.register(connection, selectors.EVENT_READ, lambda c: self._on_tcp(c, buffer))

    def _on_tcp(self, connection, buffer):
        try:
            more = connection.recv(65536)
        except ConnectionResetError:
            more = b""
        if not more:
            self._end(connection)
            return
        buffer += more
        while len(buffer) >= 2 and len(buffer) >= 2 + struct.unpack_from("!H", buffer)[0]:
            size = struct.unpack_from("!H", buffer)[0]
            octets = bytes(buffer[2:2 + size])
            del buffer[:2 + size]
            for reply in self._replies(octets, "tcp"):
                if not self._send_tcp(connection, reply):
                    return

    def _send_tcp(self, connection, reply):
        """False if the connection is no more."""
        if reply in (CLOSE, RESET):
            if reply == RESET:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._end(connection)
            return False
        framed = reply if isinstance(reply, Raw) else struct.pack("!H", len(reply)) + reply
        try:
            if not isinstance(reply, Drip):
                connection.sendall(framed)
                return True
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for octet in framed:
                connection.sendall(bytes([octet]))
            return True
        except (BrokenPipeError, ConnectionResetError):
            self._end(connection)
            return False

    def _end(self, connection):
        self._selector.unregister(connection)
        connection.close()


def default_answer(octets, _transport):
    name, qtype, _ = message.parse(octets).question[0]
    if qtype == message.TYPES["A"]:
        return message.response(octets, [(name, "A", 300, bytes([192, 0, 2, 1]))])
    return message.response(octets, authority=[soa(name)])


def soa(owner, ttl=60, minimum=60):
    """A SOA record for negative answers."""
    rdata = message.encode_name("ns.test") + message.encode_name("host.test")
    return owner, "SOA", ttl, rdata + struct.pack("!IIIII", 1, 3600, 600, 86400, minimum)
