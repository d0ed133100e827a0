# SPDX-License-Identifier: Apache-2.0
"""A DHCP server at the other end of an emulated board's cable, beside a rogue one that is faster and talks nonsense.

usage: dhcp-network.py TO-PORT FROM-PORT BOARD-MAC

Each datagram is a frame: TO-PORT is the board's card, FROM-PORT ours. The board gets 192.0.2.10/24.
"""
import socket
import struct
import sys

to_port, from_port, mac_text = sys.argv[1:4]
MAC = bytes.fromhex(mac_text)
MAC = bytes([MAC[0] & 0xFE | 2]) + MAC[1:]
SERVER = bytes.fromhex("c0000201")
SERVER_MAC = bytes.fromhex("525400123502")
BOARD = bytes.fromhex("c000020a")
ALL = b"\xff" * 4
NONSENSE = [(bytes(4), "ffffff00", 3600), (b"\x7f\0\0\1", "ff000000", 3600), (BOARD, "ff00ff00", 3600), (BOARD, "00000000", 3600),
            (BOARD, "ffffff00", 0), (ALL, "ffffff00", 3600)]


def checksum(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def reply(asked, kind, address, mask, lease):
    options = bytes([53, 1, kind, 54, 4]) + SERVER + bytes([1, 4]) + bytes.fromhex(mask)
    options += bytes([3, 4]) + SERVER + bytes([51, 4]) + struct.pack(">I", lease) + b"\xff"
    message = bytes([2, 1, 6, 0]) + asked[4:8] + bytes(8) + address + bytes(8) + asked[28:236] + b"\x63\x82\x53\x63" + options
    body = struct.pack(">HHHH", 67, 68, 8 + len(message), 0) + message
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0, 64, 17, 0) + SERVER + ALL
    head = head[:10] + struct.pack(">H", checksum(head)) + head[12:]
    wire.sendto(MAC + SERVER_MAC + b"\x08\x00" + head + body, ("127.0.0.1", int(to_port)))


wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
wire.bind(("127.0.0.1", int(from_port)))
while True:
    frame = wire.recv(2000)
    if frame[12:14] != b"\x08\x00" or frame[23] != 17 or frame[34:38] != b"\x00\x44\x00\x43":
        continue
    asked = frame[42:]
    asks = asked[asked.index(b"\x35\x01", 240) + 2]
    for address, mask, lease in NONSENSE:
        reply(asked, 2 if asks == 1 else 5, address, mask, lease)
    reply(asked, 2 if asks == 1 else 5, BOARD, "ffffff00", 3600)
