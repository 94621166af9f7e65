# SPDX-License-Identifier: Apache-2.0
"""Sends queries over real sockets."""
import select
import socket
import struct

from . import message, wait

TIMEOUT = wait.LIMIT  # Of one answer.


def udp(port, octets, *, host="127.0.0.1", timeout=TIMEOUT):
    """The parsed answer to `octets`; raises TimeoutError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.settimeout(timeout)
        sock.connect((host, port))
        sock.send(octets)
        while True:
            reply = sock.recv(65535)
            if reply[:2] == octets[:2]:
                return message.parse(reply)


def ask(port, name, qtype="A", *, host="127.0.0.1", timeout=TIMEOUT, **options):
    return udp(port, message.query(name, qtype, **options), host=host, timeout=timeout)


def answers_nothing(port, octets, probe, *, host="127.0.0.1"):
    """True if the server is silent about `octets`. `probe` is a query that it answers, sent behind from the same socket,
    so that there is nothing to wait for: its answer would have come second."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.settimeout(TIMEOUT)
        sock.connect((host, port))
        sock.send(octets)
        sock.send(probe)
        return sock.recv(65535)[:2] == probe[:2] and octets[:2] != probe[:2]


class Tcp:
    """One connection, framed as RFC 1035 section 4.2.2 says."""

    def __init__(self, port, host="127.0.0.1", timeout=TIMEOUT):
        self.socket = socket.create_connection((host, port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, *queries):
        self.socket.sendall(b"".join(struct.pack("!H", len(q)) + q for q in queries))

    def receive(self):
        """The next message; EOFError if the server closed."""
        while True:
            if len(self.buffer) >= 2:
                size = struct.unpack_from("!H", self.buffer)[0]
                if len(self.buffer) >= 2 + size:
                    octets, self.buffer = self.buffer[2:2 + size], self.buffer[2 + size:]
                    return message.parse(octets)
            more = self.socket.recv(65536)
            if not more:
                raise EOFError("the server closed the connection")
            self.buffer += more

    def ask(self, name, qtype="A", **options):
        self.send(message.query(name, qtype, **options))
        return self.receive()

    def wait_closed(self, timeout=TIMEOUT):
        """Waits until the server closed; TimeoutError if it does not."""
        self.socket.settimeout(timeout)
        try:
            while self.socket.recv(65536):
                pass
        except ConnectionResetError:
            pass

    def is_open(self):
        readable, _, _ = select.select([self.socket], [], [], 0)
        return not readable or bool(self.socket.recv(1, socket.MSG_PEEK))


def tcp(port, name, qtype="A", *, host="127.0.0.1", **options):
    with Tcp(port, host) as connection:
        return connection.ask(name, qtype, **options)
