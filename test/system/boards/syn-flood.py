# SPDX-License-Identifier: Apache-2.0
"""A flood of SYNs on an emulated board's cable, from addresses that do not exist, and one caller among them.

usage: syn-flood.py TO-PORT FROM-PORT BOARD-MAC PORT SECONDS

Each datagram is a frame: TO-PORT is the board's card, FROM-PORT ours. The board gets an address; then SYNs to its PORT
come, a hundred a second, while a caller tries to connect as TCP does (again after 1, 2, 4 s), sends a frame of RPC
without a proof and waits for the answer. Prints what happened; ends with 3 when the board wants no address, with 4 when
the caller was not answered before the flood ended.
"""
import random
import socket
import struct
import sys
import time

to_port, from_port, mac_text, port, seconds = sys.argv[1:6]
mac = bytes.fromhex(mac_text)
BOARD_MAC = bytes([mac[0] & 0xFE | 2]) + mac[1:]
ROUTER_MAC = bytes.fromhex("525400123502")
BOARD, ROUTER, CALLER = (socket.inet_aton(a) for a in ("10.0.2.15", "10.0.2.2", "10.0.2.9"))
CALL = b'{"id":1,"method":"RPC.Ping"}\n'
SYN, ACK, RST = 2, 16, 4

wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
wire.bind(("127.0.0.1", int(from_port)))


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def put(kind, payload):
    wire.sendto(BOARD_MAC + ROUTER_MAC + struct.pack(">H", kind) + payload, ("127.0.0.1", int(to_port)))


def ip4(proto, payload, src):
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), random.getrandbits(16), 0, 64, proto, 0) + src + BOARD
    put(0x0800, head[:10] + struct.pack(">H", checksum(head)) + head[12:] + payload)


def tcp(src, sport, seq, ack, flags, data=b""):
    head = struct.pack(">HHIIBBHHH", sport, int(port), seq, ack, 0x50, flags, 8192, 0, 0) + data
    total = checksum(src + BOARD + struct.pack(">BBH", 0, 6, len(head)) + head)
    ip4(6, head[:16] + struct.pack(">H", total) + head[18:], src)


def offer(message):
    kind = message[message.index(b"\x35\x01", 240) + 2]
    options = bytes([53, 1, 2 if kind == 1 else 5, 54, 4]) + ROUTER + bytes([51, 4, 0, 1, 0, 0, 1, 4, 255, 255, 255, 0, 3, 4]) + ROUTER
    reply = bytes([2, 1, 6, 0]) + message[4:8] + bytes(8) + BOARD + bytes(8) + message[28:236] + b"\x63\x82\x53\x63" + options + b"\xff"
    ip4(17, struct.pack(">HHHH", 67, 68, 8 + len(reply), 0) + reply, ROUTER)
    return kind == 3


class Caller:
    def __init__(self):
        self.state, self.tries, self.next, self.sport, self.seq, self.text = "idle", 0, 0.0, 40000, 0, b""

    def step(self, now):
        if self.state == "idle" or (self.state == "syn" and now >= self.next):
            if self.state == "idle":
                self.seq = random.getrandbits(32)
            self.state = "syn"
            tcp(CALLER, self.sport, self.seq, 0, SYN)
            self.next = now + min(2 ** self.tries, 4)
            self.tries += 1

    def take(self, segment):
        seq, ack, offset, flags = struct.unpack(">IIBB", segment[4:14])
        data = segment[(offset >> 4) * 4:]
        if flags & RST:
            self.state, self.sport = "idle", self.sport + 1
        elif self.state == "syn" and flags & SYN:
            self.state, self.seq = "open", ack
            tcp(CALLER, self.sport, ack, seq + 1 & 0xFFFFFFFF, ACK)
            tcp(CALLER, self.sport, ack, seq + 1 & 0xFFFFFFFF, ACK | 8, CALL)
        elif self.state == "open" and data:
            self.text += data
            tcp(CALLER, self.sport, ack, seq + len(data) & 0xFFFFFFFF, ACK)


caller = Caller()
has_address = False
half_open = 0


def answer(frame):
    global has_address, half_open
    kind = frame[12:14]
    if kind == b"\x08\x06" and frame[20:22] == b"\x00\x01" and frame[38:42] != BOARD:
        put(0x0806, frame[14:20] + b"\x00\x02" + ROUTER_MAC + frame[38:42] + frame[22:32])
    elif kind == b"\x08\x00" and frame[23] == 17 and frame[34:38] == b"\x00\x44\x00\x43":
        has_address = offer(frame[42:]) or has_address
    elif kind == b"\x08\x00" and frame[23] == 6 and frame[30:34] == CALLER:
        caller.take(frame[34:14 + struct.unpack(">H", frame[16:18])[0]])
    elif kind == b"\x08\x00" and frame[23] == 6 and frame[47] & SYN:
        half_open += 1  # answered, and nobody is there


def listen(wait):
    wire.settimeout(wait)
    try:
        while True:
            answer(wire.recv(65536))
            wire.settimeout(0.0005)
    except (socket.timeout, BlockingIOError, ValueError):
        pass


end = time.monotonic() + 60
while not has_address:
    listen(0.1)
    if time.monotonic() > end:
        print("the board wants no address")
        sys.exit(3)
listen(1)

begun = time.monotonic()
sent = 0
while time.monotonic() < begun + float(seconds) and b"\n" not in caller.text:
    now = time.monotonic()
    while sent < (now - begun) * 100:
        tcp(socket.inet_aton(f"10.0.2.{random.randrange(20, 250)}"), random.randrange(1024, 65536), random.getrandbits(32), 0, SYN)
        sent += 1
    if now > begun + 1:
        caller.step(now)
    listen(0.005)
print(f"{sent} SYNs, {half_open} answered; the caller tried {caller.tries} times in {time.monotonic() - begun:.1f} s: {caller.text!r}")
sys.exit(0 if b'"code":401' in caller.text else 4)
