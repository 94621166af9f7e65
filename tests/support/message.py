# SPDX-License-Identifier: Apache-2.0
"""DNS messages as the tests write and read them; independent of the code under test."""
import dataclasses
import ipaddress
import random
import struct

TYPES = {
    "A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33,
    "NAPTR": 35, "DNAME": 39, "OPT": 41, "DS": 43, "RRSIG": 46, "NSEC": 47, "DNSKEY": 48, "NSEC3": 50,
    "NSEC3PARAM": 51, "TLSA": 52, "SVCB": 64, "HTTPS": 65, "IXFR": 251, "AXFR": 252, "ANY": 255,
    "URI": 256, "CAA": 257,
}
TYPE_NAMES = {number: name for name, number in TYPES.items()}
RCODES = {
    0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED", 6: "YXDOMAIN",
    16: "BADVERS", 23: "BADCOOKIE",
}
IN, CH, ANY_CLASS = 1, 3, 255
QR, AA, TC, RD, RA, AD, CD = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080, 0x0020, 0x0010
DO = 0x8000  # In the TTL field of OPT.

# How names stand in RDATA: "n" is a name, a number so many octets, "*" the rest. All that may be compressed.
RDATA_NAMES = {2: "n", 5: "n", 12: "n", 39: "n", 6: "nn*", 15: (2, "n"), 33: (6, "n")}


def encode_name(text):
    """Wire form of `www.example.org.`; escapes are not known here."""
    out = b""
    for label in text.rstrip(".").split("."):
        if label:
            octets = label.encode("latin-1")
            out += bytes([len(octets)]) + octets
    return out + b"\0"


def decode_name(message, offset):
    """(text, offset behind it), following pointers."""
    labels, end, seen = [], None, 0
    while True:
        size = message[offset]
        if size & 0xC0 == 0xC0:
            end = offset + 2 if end is None else end
            offset = (size & 0x3F) << 8 | message[offset + 1]
            seen += 1
            if seen > 127:
                raise ValueError("pointer loop")
            continue
        if size > 63:
            raise ValueError(f"label type {size:#x}")
        offset += 1
        if size == 0:
            break
        labels.append(message[offset:offset + size].decode("latin-1"))
        offset += size
    return ".".join(labels) + ".", offset if end is None else end


@dataclasses.dataclass(frozen=True)
class Record:
    owner: str
    type: int
    rclass: int
    ttl: int
    rdata: bytes  # Uncompressed.

    def key(self):
        """What has to be equal in two servers' answers."""
        return self.owner.lower(), self.type, self.rclass, self.ttl, self.rdata

    @property
    def text(self):
        """`NAME TYPE VALUE` for the types that tests look at."""
        name = TYPE_NAMES.get(self.type, f"TYPE{self.type}")
        if self.type in (TYPES["A"], TYPES["AAAA"]):
            value = str(ipaddress.ip_address(self.rdata))
        elif self.type == TYPES["TXT"]:
            value = "".join(txt_strings(self.rdata))
        elif self.type in (TYPES["CNAME"], TYPES["NS"], TYPES["PTR"]):
            value = decode_name(self.rdata, 0)[0]
        else:
            value = self.rdata.hex()
        return f"{self.owner} {name} {value}"


def txt_strings(rdata):
    strings, offset = [], 0
    while offset < len(rdata):
        size = rdata[offset]
        strings.append(rdata[offset + 1:offset + 1 + size].decode("latin-1"))
        offset += 1 + size
    return strings


@dataclasses.dataclass
class Message:
    id: int
    bits: int
    question: list
    answer: list
    authority: list
    additional: list  # Without OPT.
    opt: "Opt | None"
    wire: bytes

    @property
    def rcode(self):
        number = (self.bits & 0xF) | ((self.opt.ttl >> 24) << 4 if self.opt else 0)
        return RCODES.get(number, f"RCODE{number}")

    @property
    def opcode(self):
        return self.bits >> 11 & 0xF

    def has(self, flag):
        return self.bits & flag != 0

    def texts(self):
        return [record.text for record in self.answer]


@dataclasses.dataclass(frozen=True)
class Opt:
    udp_size: int
    ttl: int
    options: tuple  # (code, value)

    @property
    def version(self):
        return self.ttl >> 16 & 0xFF

    def option(self, code):
        return next((value for c, value in self.options if c == code), None)


def query(name, qtype="A", *, id=None, flags=RD, qclass=IN, opcode=0, edns=None, do=False, version=0,
          options=()):
    """A query's octets. `edns` is the UDP size to announce; `do` and options imply one of 1232."""
    number = TYPES[qtype] if isinstance(qtype, str) else qtype
    if edns is None and (do or options or version):
        edns = 1232
    bits = flags | opcode << 11
    out = struct.pack("!HHHHHH", random.randrange(65536) if id is None else id, bits, 1, 0, 0, edns is not None)
    out += encode_name(name) + struct.pack("!HH", number, qclass)
    if edns is not None:
        rdata = b"".join(struct.pack("!HH", code, len(value)) + value for code, value in options)
        out += b"\0" + struct.pack("!HHIH", 41, edns, version << 16 | (DO if do else 0), len(rdata)) + rdata
    return out


def response(asked, answers=(), *, rcode=0, flags=RA, authority=(), additional=()):
    """The octets of an answer to the query `asked`. Records are (owner, type, ttl, rdata)."""
    id, bits = struct.unpack_from("!HH", asked)
    _, end = decode_name(asked, 12)
    sections = (answers, authority, additional)
    out = struct.pack("!HHHHHH", id, QR | (bits & (RD | 0x7800)) | flags | rcode, 1, *map(len, sections))
    out += asked[12:end + 4]
    for owner, rtype, ttl, rdata in (record for section in sections for record in section):
        out += encode_name(owner) + struct.pack("!HHIH", TYPES[rtype], IN, ttl, len(rdata)) + rdata
    return out


def txt(text):
    return bytes([len(text)]) + text.encode("latin-1")


def parse(wire):
    """Reads a message; raises ValueError, IndexError or struct.error for what is none."""
    id, bits, *counts = struct.unpack_from("!HHHHHH", wire)
    offset, question = 12, []
    for _ in range(counts[0]):
        name, offset = decode_name(wire, offset)
        question.append((name, *struct.unpack_from("!HH", wire, offset)))
        offset += 4
    sections, opt = [], None
    for count in counts[1:]:
        records = []
        for _ in range(count):
            owner, offset = decode_name(wire, offset)
            rtype, rclass, ttl, size = struct.unpack_from("!HHIH", wire, offset)
            offset += 10
            if offset + size > len(wire):
                raise ValueError("record beyond the end")
            if rtype == TYPES["OPT"]:
                if opt:
                    raise ValueError("two OPT records")
                opt = Opt(rclass, ttl, tuple(_options(wire[offset:offset + size])))
            else:
                records.append(Record(owner, rtype, rclass, ttl, _rdata(wire, rtype, offset, size)))
            offset += size
        sections.append(records)
    if offset != len(wire):
        raise ValueError(f"{len(wire) - offset} octets behind the message")
    return Message(id, bits, question, *sections, opt, wire)


def _options(rdata):
    offset = 0
    while offset < len(rdata):
        code, size = struct.unpack_from("!HH", rdata, offset)
        yield code, rdata[offset + 4:offset + 4 + size]
        offset += 4 + size


def _rdata(wire, rtype, offset, size):
    out, end = b"", offset + size
    for part in RDATA_NAMES.get(rtype, "*"):
        if part == "n":
            name, offset = decode_name(wire, offset)
            out += encode_name(name)
        elif part == "*":
            out += wire[offset:end]
        else:
            out += wire[offset:offset + part]
            offset += part
    return out
