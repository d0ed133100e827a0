# SPDX-License-Identifier: Apache-2.0
"""An emulated board's cable, plugged into a network card of this computer (as root of a network namespace).

usage: cable.py CARD TO-PORT FROM-PORT

Frames go both ways as they are; the kernel leaves sums of what it sends over a virtual card to the card, so that they are
made here.
"""
import select
import socket
import struct
import sys

card, to_port, from_port = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
wire.bind(("127.0.0.1", from_port))
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
link.bind((card, 0))


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return (~total & 0xFFFF) or 0xFFFF


def with_sum(frame):
    if frame[12:14] == b"\x08\x00":
        kind, at = frame[23], 14 + 4 * (frame[14] & 15)
        end = 14 + struct.unpack(">H", frame[16:18])[0]
        pseudo = frame[26:34]
    elif frame[12:14] == b"\x86\xdd":
        kind, at = frame[20], 54
        end = 54 + struct.unpack(">H", frame[18:20])[0]
        pseudo = frame[22:54]
    else:
        return frame
    where = {17: 6, 6: 16}.get(kind)
    if where is None or at + where + 2 > end or end > len(frame):
        return frame
    body = frame[at:at + where] + b"\0\0" + frame[at + where + 2:end]
    total = checksum(pseudo + struct.pack(">II", len(body), kind) + body)
    return frame[:at] + body[:where] + struct.pack(">H", total) + body[where + 2:]


while True:
    for ready in select.select([wire, link], [], [])[0]:
        if ready is wire:
            link.send(wire.recv(2000))
        else:
            frame, source = link.recvfrom(2000)
            if source[2] != socket.PACKET_OUTGOING:
                wire.sendto(with_sum(frame), ("127.0.0.1", to_port))
