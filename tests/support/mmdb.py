# SPDX-License-Identifier: Apache-2.0
"""Writes small databases in MaxMind's format, version 2.0 (https://maxmind.github.io/MaxMind-DB/)."""
import ipaddress
import struct

MARKER = b"\xab\xcd\xefMaxMind.com"
SEPARATOR = 16


def _control(kind, size):
    low = min(size, 29)
    out = bytes([low]) + bytes([kind - 7]) if kind > 7 else bytes([kind << 5 | low])
    return out + (bytes([size - 29]) if size >= 29 else b"")


def encode(value):
    """A dict, list, str, bool, float, int, or a pair (bits, int) for an int of a certain size."""
    if isinstance(value, bool):
        return _control(14, int(value))
    if isinstance(value, str):
        octets = value.encode()
        return _control(2, len(octets)) + octets
    if isinstance(value, float):
        return _control(3, 8) + struct.pack("!d", value)
    if isinstance(value, int):
        value = (32, value)
    if isinstance(value, tuple):
        bits, number = value
        return _control({16: 5, 32: 6, 64: 9}[bits], bits // 8) + number.to_bytes(bits // 8, "big")
    if isinstance(value, list):
        return _control(11, len(value)) + b"".join(map(encode, value))
    return _control(7, len(value)) + b"".join(encode(key) + encode(item) for key, item in value.items())


def database(kind, networks, built=1_700_000_000):
    """The octets of a file of type `kind`; `networks` is {"192.0.2.0/24": value}, none inside another."""
    nodes, data = [[None, None]], b""
    for text, value in networks.items():
        network = ipaddress.ip_network(text)
        shift = 96 if network.version == 4 else 0
        bits = f"{int(network.network_address):0128b}"[:network.prefixlen + shift]
        node = nodes[0]
        for bit in bits[:-1]:
            if node[int(bit)] is None:
                nodes.append([None, None])
                node[int(bit)] = len(nodes) - 1
            node = nodes[node[int(bit)]]
        node[int(bits[-1])] = ("data", len(data))
        data += encode(value)

    def number(record):
        if record is None:
            return len(nodes)
        return record if isinstance(record, int) else len(nodes) + SEPARATOR + record[1]

    tree = b"".join(number(record).to_bytes(3, "big") for node in nodes for record in node)
    return tree + bytes(SEPARATOR) + data + MARKER + encode({
        "node_count": len(nodes), "record_size": (16, 24), "ip_version": (16, 6), "database_type": kind,
        "languages": ["en"], "binary_format_major_version": (16, 2), "binary_format_minor_version": (16, 0),
        "build_epoch": (64, built), "description": {"en": "for tests"}})
