# SPDX-License-Identifier: Apache-2.0
"""A network without IPv4 at the other end of an emulated board's cable: a router that announces a prefix and a name
server, one name with an IPv6 address only, and behind it a port of this computer.

usage: ipv6-network.py TO-PORT FROM-PORT BOARD-MAC NAME PORT [dhcp6]

With dhcp6 the router says only that there is a DHCPv6 server, and that one names the name server; first it tells a few lies.

Each datagram is a frame: TO-PORT is the board's card, FROM-PORT ours. Prints a line for each thing that happens.
"""
import socket
import struct
import sys
import time

to_port, from_port, mac_text, name, port = sys.argv[1:6]
by_dhcp6 = sys.argv[6:] == ["dhcp6"]
BOARD_MAC = bytes.fromhex(mac_text)
BOARD_MAC = bytes([BOARD_MAC[0] & 0xFE | 2]) + BOARD_MAC[1:]
ROUTER_MAC = bytes.fromhex("525400123502")
ALL_NODES = socket.inet_pton(socket.AF_INET6, "ff02::1")
ROUTER = socket.inet_pton(socket.AF_INET6, "fe80::2")
PREFIX = socket.inet_pton(socket.AF_INET6, "fd00:1::")
NAME_SERVER = socket.inet_pton(socket.AF_INET6, "fd00:1::53")
SERVER = socket.inet_pton(socket.AF_INET6, "fd00:1::8883")
OURS = (ROUTER, NAME_SERVER, SERVER)
SEGMENT = 500

wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
wire.bind(("127.0.0.1", int(from_port)))
wire.settimeout(0.02)


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def send(src, dst, kind, body, sum_at):
    total = checksum(src + dst + struct.pack(">II", len(body), kind) + body)
    body = body[:sum_at] + struct.pack(">H", total or 0xFFFF) + body[sum_at + 2:]
    mac = BOARD_MAC if dst[0] != 0xFF else b"\x33\x33" + dst[12:]
    head = struct.pack(">IHBB", 0x60000000, len(body), kind, 255) + src + dst
    wire.sendto(mac + ROUTER_MAC + b"\x86\xdd" + head + body, ("127.0.0.1", int(to_port)))


def announce():
    options = bytes([1, 1]) + ROUTER_MAC
    options += struct.pack(">BBBBIII", 3, 4, 64, 0xC0, 86400, 86400, 0) + PREFIX
    if not by_dhcp6:
        options += struct.pack(">BBHI", 25, 3, 0, 3600) + NAME_SERVER
    flags = 0x40 if by_dhcp6 else 0
    send(ROUTER, ALL_NODES, 58, struct.pack(">BBHBBHII", 134, 0, 0, 64, flags, 1800, 0, 0) + options, 2)


def option(code, value):
    return struct.pack(">HH", code, len(value)) + value


def answer_dhcp6(src, message):
    """The answer, and before it what must not count: other exchanges, other clients, servers that are none."""
    client = message[8:18] if message[4:8] == b"\0\1\0\x0a" else b""
    wanted = b"\0\x17" in message[4:]
    print("DHCPv6: message", message[0], "with a client's name" if client else "", "for servers" if wanted else "", flush=True)
    if message[0] != 11 or not client or not wanted:
        return
    good = option(1, client) + option(2, b"\0\3\0\1" + ROUTER_MAC) + option(23, NAME_SERVER)
    liar = good.replace(NAME_SERVER, PREFIX[:15] + b"\x66")
    other = bytes([message[3] ^ 1])
    answers = [b"\7" + message[1:3] + other + liar, b"\7" + message[1:4] + liar.replace(client, bytes(10)),
               b"\7" + message[1:4] + liar[:-1], b"\7" + message[1:4] + option(1, client) + option(23, PREFIX),
               b"\2" + message[1:4] + liar, b"\7" + message[1:4] + option(23, bytes(15)) + liar, b"", b"\7",
               b"\7" + message[1:4] + good]
    for answer in answers:
        send(ROUTER, src, 17, struct.pack(">HHHH", 547, 546, 8 + len(answer), 0) + answer, 6)


def neighbour(src, body):
    target = body[8:24]
    if target in OURS and src != bytes(16):
        send(target, src, 58, struct.pack(">BBHI", 136, 0, 0, 0xE0000000) + target + bytes([2, 1]) + ROUTER_MAC, 2)


def answer_name(src, body):
    query = body[8:]
    end = query.index(b"\0", 12) + 1
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode())
        at += 1 + query[at]
    kind = struct.unpack(">H", query[end:end + 2])[0]
    known = ".".join(labels) == name and kind == 28
    print("asked for", ".".join(labels), {1: "A", 28: "AAAA"}.get(kind, kind), flush=True)
    reply = query[:2] + struct.pack(">HHHHH", 0x8180, 1, known, 0, 0) + query[12:end + 4]
    if known:
        reply += struct.pack(">HHHIH", 0xC00C, 28, 1, 60, 16) + SERVER
    ports = struct.unpack(">HH", body[:4])
    send(NAME_SERVER, src, 17, struct.pack(">HHHH", ports[1], ports[0], 8 + len(reply), 0) + reply, 6)


class Relay:
    """One connection of the board, carried on to this computer; a segment at a time."""

    def __init__(self, src, sport, dport, seq):
        self.src, self.ports = src, struct.pack(">HH", dport, sport)
        self.seq, self.ack, self.sent, self.at = 1000, (seq + 1) & 0xFFFFFFFF, b"", 0.0
        self.up = socket.create_connection(("127.0.0.1", int(port)))
        self.up.setblocking(False)
        self.segment(0x12)
        self.seq = 1001

    def segment(self, flags, data=b""):
        head = self.ports + struct.pack(">IIBBHHH", self.seq, self.ack, 0x50, flags, 8192, 0, 0)
        send(SERVER, self.src, 6, head + data, 16)

    def take(self, seq, ack, flags, data):
        if ack == (self.seq + len(self.sent)) & 0xFFFFFFFF and self.sent:
            self.seq, self.sent = ack, b""
        if seq == self.ack and data:
            self.up.setblocking(True)
            self.up.sendall(data)
            self.up.setblocking(False)
            self.ack = (self.ack + len(data)) & 0xFFFFFFFF
        if data or flags & 1:
            self.segment(0x10)

    def turn(self):
        if not self.sent:
            try:
                self.sent = self.up.recv(SEGMENT)
            except BlockingIOError:
                return
            self.at = 0.0
        if self.sent and time.monotonic() - self.at > 0.3:
            self.at = time.monotonic()
            self.segment(0x18, self.sent)


relays = {}


def take_tcp(src, body):
    sport, dport, seq, ack, offset, flags = struct.unpack(">HHIIBB", body[:14])
    if flags & 2:
        print("connection by IPv6 from", socket.inet_ntop(socket.AF_INET6, src), flush=True)
        relays[sport] = Relay(src, sport, dport, seq)
    elif sport in relays:
        relays[sport].take(seq, ack, flags, body[(offset >> 4) * 4:])


def take(frame):
    if frame[12:14] != b"\x86\xdd":
        return
    length, kind = struct.unpack(">HB", frame[18:21])
    src, dst, body = frame[22:38], frame[38:54], frame[54:54 + length]
    if kind == 58 and body[0] == 133:
        announce()
    elif kind == 58 and body[0] == 135:
        neighbour(src, body)
    elif kind == 17 and dst == NAME_SERVER and body[2:4] == b"\0\x35":
        answer_name(src, body)
    elif kind == 17 and body[2:4] == b"\x02\x23" and by_dhcp6:
        answer_dhcp6(src, body[8:])
    elif kind == 6 and dst == SERVER:
        take_tcp(src, body)


announced = 0.0
while True:
    if time.monotonic() - announced > 2:
        announced = time.monotonic()
        announce()
    try:
        take(wire.recv(2000))
    except (TimeoutError, ConnectionRefusedError):
        pass
    for relay in list(relays.values()):
        relay.turn()
