#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A time server for boards under test. Prints its port on the loopback interface. The first request gets an answer as a
stranger would give it, with a wrong time, and then a wish to be left alone; from the second on it tells the truth."""
import socket
import struct
import time

sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("127.0.0.1", 0))
print(sock.getsockname()[1], flush=True)


def answer(address, originate, stratum, seconds):
    head = bytes([0x24, stratum]) + bytes(22) + originate + bytes(8)
    sock.sendto(head + struct.pack(">II", seconds & 0xFFFFFFFF, 0), address)


is_first = True
while True:
    request, sender = sock.recvfrom(1024)
    if len(request) < 48 or request[0] & 7 != 3:
        continue
    now = int(time.time()) + 2208988800
    if is_first:
        answer(sender, b"stranger", 2, now - 86400 * 365)
        answer(sender, request[40:48], 0, now)
    else:
        answer(sender, request[40:48], 2, now)
    is_first = False
