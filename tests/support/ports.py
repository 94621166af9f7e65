# SPDX-License-Identifier: Apache-2.0
"""Free loopback ports, out of the range from which the system gives ports to clients."""
import random
import socket

_random = random.Random()  # Seeded by the system: several tests run at once.
_given = set()


def free_port():
    """A port that is free for UDP and TCP on 127.0.0.1 and ::1."""
    while True:
        port = _random.randrange(12000, 32000)
        if port not in _given and _is_free(port):
            _given.add(port)
            return port


def _is_free(port):
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            with socket.socket(family, kind) as sock:
                try:
                    sock.bind((host, port))
                except OSError:
                    return False
    return True
