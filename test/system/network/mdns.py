# SPDX-License-Identifier: Apache-2.0
"""mdns.py WHAT ADDRESS ...: what others on the link do. An independent implementation browses (browse, goodbye); the
rest are raw packets, made here."""
import ipaddress
import json
import random
import socket
import struct
import sys
import time

GROUP = ("224.0.0.251", 5353)


def name(text):
    return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".")) + b"\0"


def packet(flags, questions=(), answers=(), ident=0):
    head = struct.pack(">6H", ident, flags, len(questions), len(answers), 0, 0)
    body = b"".join(name(n) + struct.pack(">2H", t, c) for n, t, c in questions)
    body += b"".join(name(n) + struct.pack(">2HLH", t, c, ttl, len(data)) + data for n, t, c, ttl, data in answers)
    return head + body


def open_socket(address, port=0):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
    s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
    s.bind((address if port == 0 else "", port))
    if port != 0:
        s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(GROUP[0]) + socket.inet_aton(address))
    return s


def gather(s, seconds):
    got = []
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        s.settimeout(left)
        try:
            got.append(s.recv(9000))
        except TimeoutError:
            break
    return got


# -- with zeroconf


def listen(address, on_event):
    import zeroconf

    class Listener(zeroconf.ServiceListener):
        def add_service(self, zc, kind, what):
            on_event("added", what, zc.get_service_info(kind, what, timeout=10000))

        def update_service(self, zc, kind, what):
            pass

        def remove_service(self, zc, kind, what):
            on_event("removed", what, None)

    zc = zeroconf.Zeroconf(interfaces=[address])
    zeroconf.ServiceBrowser(zc, ["_limpet._tcp.local.", "_http._tcp.local."], Listener())
    return zc


def browse(address, seconds, wanted=None):
    found = {}

    def on_event(event, what, info):
        if info is not None:
            found[what] = {
                "port": info.port,
                "addresses": info.parsed_addresses(__import__("zeroconf").IPVersion.V4Only),
                "txt": {k.decode(): v.decode() for k, v in info.properties.items()},
            }

    zc = listen(address, on_event)
    end = time.monotonic() + float(seconds)
    needed = {f"{wanted}._limpet._tcp.local.", f"{wanted}._http._tcp.local."} if wanted else {""}
    while time.monotonic() < end and not needed <= set(found):
        time.sleep(0.1)
    zc.close()
    print(json.dumps(found))
    return wanted is None or needed <= set(found)


def goodbye(address, seconds, wanted):
    gone = set()

    def on_event(event, what, info):
        if what.startswith(wanted + "."):
            print(event, what, flush=True)
            if event == "removed":
                gone.add(what)

    zc = listen(address, on_event)
    end = time.monotonic() + float(seconds)
    while time.monotonic() < end and len(gone) < 2:
        time.sleep(0.1)
    zc.close()
    return len(gone) == 2


# -- raw


def vandal(address):
    s = open_socket(address, 5353)
    rng = random.Random(6762)
    good = packet(0x8400, (), [("lp-4f21c0._limpet._tcp.local", 16, 0x8001, 4500, b"\4id=a")])
    cases = [good[:n] for n in range(len(good))]
    cases += [struct.pack(">6H", 0, 0, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF), b"\0" * 9000]
    loop = struct.pack(">6H", 0, 0x8400, 0, 50, 0, 0) + b"\xc0\x0c" * 4000
    cases += [loop, struct.pack(">6H", 0, 0, 1, 0, 0, 0) + b"\x3f" + b"a" * 20]
    for _ in range(300):
        bent = bytearray(good)
        bent[rng.randrange(12, len(bent))] ^= 1 << rng.randrange(8)
        # What claims the board's own name is another test's matter.
        cases.append(bytes(bent[: rng.randrange(12, len(bent))]))
    for case in cases:
        s.sendto(case, GROUP)
        time.sleep(0.001)
    return True


def spoof(address, board):
    s = open_socket(address)  # a user's port, not 5353
    lie = packet(0x8400, (), [(board + ".local", 1, 0x8001, 120, b"\xc0\0\2\x63")])
    for _ in range(20):
        s.sendto(lie, GROUP)
        s.sendto(lie, (address, 5353))
    time.sleep(1)
    return True


def stranger(address, far):
    """A source off the link, as behind a router or forged: no answer to it, and so no amplification."""
    import subprocess

    # The second end of the link speaks with an address that is on no network of the board's.
    raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    raw.bind(("link1", 0))
    links = json.loads(subprocess.run(["ip", "-json", "link"], capture_output=True, check=True).stdout)
    macs = {link["ifname"]: bytes.fromhex(link["address"].replace(":", "")) for link in links}
    query = packet(0, [("_limpet._tcp.local", 12, 0x8001)])
    subprocess.run(["ip", "route", "add", "default", "dev", "link0"], check=True)
    # reverse path filters would hide what the board itself must refuse
    for dev in ("all", "link0"):
        open(f"/proc/sys/net/ipv4/conf/{dev}/rp_filter", "w").write("0")
    answers = 0
    watch = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
    watch.bind(("link1", 0x0800))
    for port in (5353, 40000):
        udp = struct.pack(">4H", port, 5353, 8 + len(query), 0) + query
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, socket.inet_aton(far), socket.inet_aton(address))
        total = sum(struct.unpack(">10H", ip))
        total = (total >> 16) + (total & 0xFFFF)
        ip = ip[:10] + struct.pack(">H", ~(total + (total >> 16)) & 0xFFFF) + ip[12:]
        for _ in range(5):
            raw.send(macs["link0"] + macs["link1"] + b"\x08\0" + ip + udp)
    target = socket.inet_aton(far)
    for frame in gather(watch, 1):
        answers += frame[30:34] == target
    # Whoever asks for the address of the far one would be about to send to it.
    subprocess.run(["ip", "route", "del", "default"], check=True)
    neighbours = subprocess.run(["ip", "neigh", "show", far], capture_output=True, text=True, check=True).stdout
    print("answers", answers, neighbours)
    return answers == 0 and neighbours == ""


def flood(address):
    s = open_socket(address)
    query = packet(0, [("_limpet._tcp.local", 12, 1)], ident=7)
    start = time.monotonic()
    for _ in range(2000):
        s.sendto(query, (address, 5353))
        time.sleep(0.0005)
    got = gather(s, 1)
    lasted = time.monotonic() - start
    print("sent 2000, answered", len(got), "in", lasted)
    return 1 <= len(got) <= 10 * (lasted + 2)


def storm(address, seconds):
    """Whatever name is probed for, somebody says that it is his."""
    s = open_socket(address, 5353)
    end = time.monotonic() + float(seconds)
    probes = 0
    while (left := end - time.monotonic()) > 0:
        s.settimeout(left)
        try:
            data = s.recv(9000)
        except TimeoutError:
            break
        if data[2] & 0x80 or struct.unpack(">H", data[8:10])[0] == 0:
            continue
        length = data[12]
        host = data[13 : 13 + length].decode()
        probes += 1
        s.sendto(packet(0x8400, (), [(host + ".local", 1, 0x8001, 120, b"\xc0\0\2\x63")]), GROUP)
    print("probes", probes)
    return True


if __name__ == "__main__":
    ipaddress.ip_address(sys.argv[2])
    sys.exit(0 if globals()[sys.argv[1]](*sys.argv[2:]) else 1)
