# SPDX-License-Identifier: Apache-2.0
"""The other end of an emulated board's cable, with bad intentions.

usage: hostile-frames.py TO-PORT FROM-PORT BOARD-MAC COUNT SEED

Each datagram is a frame: TO-PORT is the board's card, FROM-PORT ours. First the board gets an address and a TCP
connection, so that its doors are open; then come COUNT frames. Half of them are protocol units with a field or two gone
wrong, which get past the first checks; the others are cut, stretched or random. At last the connection is cut and the
board must open another. Ends with 3 when it never opened the first, with 4 when it did not open the last. (QEMU's own user network would be hit as well, and does not survive it.)
"""
import random
import socket
import struct
import sys
import time

to_port, from_port, mac_text, count, seed = sys.argv[1:6]
rng = random.Random(int(seed))
board_mac = bytes.fromhex(mac_text)
board_ip = socket.inet_aton("10.0.2.15")
ROUTER_MAC = bytes.fromhex("525400123502")
ROUTER_IP = socket.inet_aton("10.0.2.2")
DNS_IP = socket.inet_aton("10.0.2.3")
board_ip6 = bytes.fromhex("fe80000000000000") + bytes([board_mac[0] ^ 2]) + board_mac[1:3] + b"\xff\xfe" + board_mac[3:]
ALL_NODES = bytes.fromhex("ff02" + "00" * 13 + "01")


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def junk(limit):
    return rng.randbytes(rng.randrange(limit))


def ether(kind, payload, dst=None):
    dst = dst or rng.choice([board_mac, b"\xff" * 6, bytes.fromhex("333300000001")])
    return dst + ROUTER_MAC + struct.pack(">H", kind) + payload


def ip4(proto, payload, src=ROUTER_IP, **odd):
    head = struct.pack(">BBHHHBBH4s4s", odd.get("version", 0x45), 0, odd.get("length", 20 + len(payload)), rng.randrange(65536),
                       odd.get("fragment", 0), 64, proto, 0, src, board_ip)
    return ether(0x0800, head[:10] + struct.pack(">H", checksum(head)) + head[12:] + payload)


def udp(src_port, dst_port, payload, src=ROUTER_IP, **odd):
    return ip4(17, struct.pack(">HHHH", src_port, dst_port, odd.pop("udp_length", 8 + len(payload)), 0) + payload, src, **odd)


talk = {}  # the board's connection: ports, and the numbers that it expects


def tcp(flags, payload, offset=5, options=b"", exact=False):
    if talk and (exact or rng.random() < 0.8):
        ports = struct.pack(">HH", talk["to"], talk["from"])
        seq = (talk["seq"] + (0 if exact else rng.choice([0, 0, 0, 1, 600, -1, 70000]))) & 0xFFFFFFFF
        ack = (talk["ack"] + (0 if exact else rng.choice([0, 0, 1, -1, 100000]))) & 0xFFFFFFFF
    else:
        ports = struct.pack(">HH", rng.choice([8883, 443, rng.randrange(65536)]), rng.randrange(49152, 65536))
        seq, ack = rng.getrandbits(32), rng.getrandbits(32)
    head = ports + struct.pack(">IIBBHHH", seq, ack, offset << 4, flags, 8192, 0, 0)
    body = head + options + payload
    pseudo = ROUTER_IP + board_ip + struct.pack(">BBH", 0, 6, len(body))
    body = body[:16] + struct.pack(">H", checksum(pseudo + body)) + body[18:]
    return ip4(6, body)


def arp():
    size = rng.choice([6, 6, 6, 0, 255])
    return ether(0x0806, struct.pack(">HHBBH", 1, 0x0800, size, rng.choice([4, 4, 16]), rng.randrange(4)) + ROUTER_MAC +
                 rng.choice([ROUTER_IP, board_ip, junk(5).ljust(4, b"x")]) + junk(7).ljust(6, b"\0") + board_ip)


def dhcp():
    options = b"".join(bytes([rng.choice([1, 3, 6, 12, 51, 52, 53, 54, 58, 255, rng.randrange(256)]),
                              rng.choice([0, 1, 4, 255, rng.randrange(256)])]) + junk(12) for _ in range(rng.randrange(12)))
    message = struct.pack(">BBBBI", rng.choice([1, 2, 2]), 1, 6, 0, rng.getrandbits(32)) + bytes(8) + board_ip + bytes(8)
    return udp(67, 68, message + board_mac + bytes(202) + b"\x63\x82\x53\x63" + options)


def dns():
    name = rng.choice([b"\xc0\x0c", b"\xc0\xff", b"\x3f" + junk(80), b"\x05local\x00", junk(20)])
    counts = struct.pack(">HHHHH", rng.choice([0x8180, 0x8183, 0xFFFF]), rng.choice([0, 1, 65535]), rng.choice([1, 65535]), 0, 0)
    record = name + struct.pack(">HHIH", 1, 1, 60, rng.choice([4, 0, 65535])) + board_ip
    return udp(53, rng.randrange(49152, 65536), struct.pack(">H", rng.randrange(65536)) + counts + name + record, DNS_IP)


def icmp():
    return ip4(1, bytes([rng.choice([0, 3, 5, 8, 13]), rng.randrange(16)]) + junk(1400), length=rng.choice([20, 28, 60, 65535, 9]))


def ip6(next_header, payload, **odd):
    dst = rng.choice([board_ip6, ALL_NODES])
    return ether(0x86DD, struct.pack(">IHBB", 0x60000000, odd.get("length", len(payload)), next_header, 255) +
                 bytes.fromhex("fe80" + "00" * 13 + "02") + dst + payload)


def icmp6(kind, payload):
    body = bytes([kind, 0, 0, 0]) + payload
    dst = board_ip6
    pseudo = bytes.fromhex("fe80" + "00" * 13 + "02") + dst + struct.pack(">II", len(body), 58)
    body = body[:2] + struct.pack(">H", checksum(pseudo + body)) + body[4:]
    return ether(0x86DD, struct.pack(">IHBB", 0x60000000, len(body), 58, 255) + pseudo[:32] + body)


def neighbour():
    options = b"".join(bytes([rng.choice([1, 2, 3, 5, 25, 255]), rng.choice([0, 1, 4, 255])]) + junk(40)
                       for _ in range(rng.randrange(5)))
    return icmp6(rng.choice([133, 134, 134, 135, 136, 137, 143]), junk(24).ljust(12, b"\0") + options)


def extension():
    return ip6(rng.choice([0, 43, 44, 60]), bytes([rng.choice([0, 43, 44, 58, 59, 60]), rng.choice([0, 1, 255])]) + junk(200),
               length=rng.choice([0, 8, 65535, 40]))


def segment():
    options = b"".join(bytes([rng.choice([0, 1, 2, 3, 4, 5, 8, 254]), rng.choice([0, 1, 2, 4, 10, 255])]) for _ in range(rng.randrange(12)))
    return tcp(rng.randrange(256), junk(600), rng.randrange(16), options)


def fragment():
    return ip4(17, junk(300), fragment=rng.choice([0x2000, 0x20FF, 0x1FFF, 0x3FFF]))


def short_udp():
    return udp(rng.randrange(65536), 68, junk(60), udp_length=rng.choice([0, 7, 8, 65535]))


KINDS = [arp, dhcp, dns, icmp, neighbour, extension, segment, fragment, short_udp, lambda: rng.randbytes(rng.randrange(1700)),
         lambda: ether(rng.randrange(65536), junk(1500)), lambda: ether(0x8100, junk(100))]


def damage(frame):
    data = bytearray(frame)
    choice = rng.randrange(4)
    if choice == 0:
        for _ in range(rng.randrange(1, 6)):
            data[rng.randrange(12, len(data)) if len(data) > 12 else 0] = rng.randrange(256)
    elif choice == 1:
        del data[rng.randrange(len(data)):]
    elif choice == 2:
        data += rng.randbytes(rng.choice([1, 50, 1500, 4000]))
    return bytes(data)


sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("127.0.0.1", int(from_port)))
seen = {"address": False, "connection": False}


def put(frame):
    sock.sendto(frame, ("127.0.0.1", int(to_port)))


def offer(message):
    kind = message[message.index(b"\x35\x01", 240) + 2]
    options = bytes([53, 1, 2 if kind == 1 else 5, 54, 4]) + ROUTER_IP + bytes([51, 4, 0, 1, 0, 0, 1, 4, 255, 255, 255, 0])
    options += bytes([3, 4]) + ROUTER_IP + bytes([6, 4]) + DNS_IP + b"\xff"
    reply = bytes([2, 1, 6, 0]) + message[4:8] + bytes(8) + board_ip + bytes(8) + message[28:236] + b"\x63\x82\x53\x63" + options
    seen["address"] = seen["address"] or kind == 3
    put(udp(67, 68, reply))


def answer_tcp(segment_):
    source, target, seq, ack, _, flags = struct.unpack(">HHIIBB", segment_[:14])
    if flags & 2 and not flags & 16:  # it opens one
        start = rng.getrandbits(32)
        talk.update({"to": target, "from": source, "seq": start, "ack": seq + 1})
        put(tcp(0x12, b"", exact=True))
        talk["seq"] = start + 1 & 0xFFFFFFFF
        seen["connection"] = True
    elif talk and source == talk["from"]:
        talk.update({"seq": ack, "ack": seq + len(segment_) - 20})


def answer(frame):
    kind = frame[12:14]
    if kind == b"\x08\x06" and frame[20:22] == b"\x00\x01" and frame[38:42] in (ROUTER_IP, DNS_IP):
        put(ether(0x0806, frame[14:20] + b"\x00\x02" + ROUTER_MAC + frame[38:42] + frame[22:32], board_mac))
    elif kind == b"\x08\x00" and frame[23] == 17 and frame[34:38] == b"\x00\x44\x00\x43":
        offer(frame[42:])
    elif kind == b"\x08\x00" and frame[23] == 6:
        answer_tcp(frame[34:])


def listen(seconds):
    sock.settimeout(seconds)
    try:
        while True:
            answer(sock.recv(65536))
            sock.settimeout(0.001)
    except (socket.timeout, IndexError, ValueError, struct.error):
        pass


def wait_for_doors(seconds, status):
    end = time.monotonic() + seconds
    while not all(seen.values()):
        listen(0.2)
        if time.monotonic() > end:
            print(f"the board has {seen}")
            sys.exit(status)


wait_for_doors(60, 3)
for n in range(int(count)):
    made = rng.choice(KINDS)()
    put(made if n % 2 or not made else damage(made) or b"\0")
    if n % 20 == 19:
        listen(0.005)
listen(0.2)
put(tcp(0x14, b"", exact=True))
seen["connection"] = False
wait_for_doors(240, 4)
