#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""names.py FOLDER ADDRESS: a name server on port 53 and a time server on port 123 of the loopback interface. Every name is
ADDRESS. How each behaves stands in FOLDER/names.mode and FOLDER/time.mode, and is read for every request: good, silent, failing
(says that it cannot), or garbled (something that is no answer, another thing each time). Each request is a line in
FOLDER/names.log."""
import os
import random
import socket
import struct
import sys
import threading
import time

folder, address = sys.argv[1], socket.inet_aton(sys.argv[2])
A, AAAA = 1, 28
SINCE_1900 = 2208988800
log = open(os.path.join(folder, "names.log"), "a", buffering=1, encoding="ascii")


def mode(of):
    try:
        with open(os.path.join(folder, of + ".mode"), encoding="ascii") as f:
            return f.read().strip()
    except OSError:
        return "good"


def name_end(request):
    at = 12
    while request[at] != 0:
        at += 1 + request[at]
    return at + 1


def name_answer(request, code=0, records=b"", count=0):
    question = request[12:name_end(request) + 4]
    return request[:2] + bytes([0x81, 0x80 | code]) + struct.pack(">HHHH", 1, count, 0, 0) + question + records


def record(data, kind=A, name=b"\xc0\x0c", length=None):
    return name + struct.pack(">HHIH", kind, 1, 5, len(data) if length is None else length) + data


def good_name(request):
    end = name_end(request)
    kind = struct.unpack(">H", request[end:end + 2])[0]
    return name_answer(request, records=record(address), count=1) if kind == A else name_answer(request)


def bad_name(request):
    good = good_name(request)
    return random.choice([
        b"",
        request,                                                            # the question as its own answer
        good[:random.randrange(len(good))],                                 # cut anywhere
        bytes([good[0] ^ 0xFF]) + good[1:],                                 # for another question
        name_answer(request, records=record(address, length=0xFFFF), count=1),
        name_answer(request, records=record(address[:2]), count=1),         # half an address
        name_answer(request, records=record(address, name=b"\xc0\xff"), count=1),
        name_answer(request, records=b"\xc0" + bytes([len(name_answer(request))]) + record(address), count=9),
        name_answer(request, records=record(address) * 100, count=100),     # longer than a datagram of old
        request[:2] + os.urandom(random.randrange(1, 600)),
        os.urandom(random.randrange(1, 600)),
    ])


def good_time(request, stratum=2, originate=None, shift_s=0):
    seconds = (int(time.time()) + SINCE_1900 + shift_s) & 0xFFFFFFFF
    nonce = request[40:48] if originate is None else originate
    return bytes([0x24, stratum]) + bytes(22) + nonce + bytes(8) + struct.pack(">II", seconds, 0)


def bad_time(request):
    return random.choice([
        b"",
        request,
        good_time(request)[:random.randrange(48)],
        good_time(request, originate=b"stranger", shift_s=-86400 * 365),    # a wrong time, of somebody who guesses
        good_time(request, stratum=16),
        b"\xff" + good_time(request)[1:],
        os.urandom(48),
        os.urandom(random.randrange(1, 200)),
    ])


def serve(port, of, good, failing, bad):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", port))
    while True:
        request, sender = sock.recvfrom(2048)
        now = mode(of)
        log.write(f"{of} {now}\n")
        try:
            if now == "garbled":
                sock.sendto(bad(request), sender)
            elif now == "failing":
                sock.sendto(failing(request), sender)
            elif now != "silent":
                sock.sendto(good(request), sender)
        except (IndexError, OSError, struct.error):
            pass                                                            # whatever asked that is none of ours


def refuse_name(request):
    return name_answer(request, code=random.choice([2, 5]))                 # failed, refused


def refuse_time(request):
    return good_time(request, stratum=0)


threads = [threading.Thread(target=serve, args=args, daemon=True)
           for args in ((53, "names", good_name, refuse_name, bad_name), (123, "time", good_time, refuse_time, bad_time))]
for thread in threads:
    thread.start()
print("ready", flush=True)
for thread in threads:
    thread.join()
