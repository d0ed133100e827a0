#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Random commands, legal and not, to the chip model and to a second statement of the rules.

The rules are written down here once more, from the sheets, as plainly as they can be; the two must agree on every
status byte, on every byte read and on every counter. On a disagreement the sequence is shrunk and printed.

usage: differential.py LIMPET [CHIPS [COMMANDS [SEED]]]
"""
import os
import random
import socket
import subprocess
import sys
import tempfile
import time

OK, EXEC, PARSE = 0x00, 0x0F, 0x03
# A point of P-256 (its generator) for ECDH.
POINT = bytes.fromhex(
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")


def crc16(data):
    crc = 0
    for byte in data:
        for bit in range(8):
            top = crc >> 15
            crc = crc << 1 & 0xFFFF
            if (byte >> bit & 1) != top:
                crc ^= 0x8005
    return crc


def slot_size(slot):
    return 36 if slot < 8 else 416 if slot == 8 else 72


class Rules:
    """What a chip must do, from the tables of the data sheet."""

    def __init__(self, is_608, config, otp):
        self.is_608 = is_608
        self.config = bytearray(config)
        self.otp = bytearray(otp)
        self.slots = [bytearray(b"\xff" * slot_size(s)) for s in range(16)]
        self.known = [True] * 16  # False: holds a secret only the chip knows
        self.made = [False] * 16  # a private key was generated

    # -- fields
    def sc(self, s):
        return self.config[20 + 2 * s] | self.config[21 + 2 * s] << 8

    def kc(self, s):
        return self.config[96 + 2 * s] | self.config[97 + 2 * s] << 8

    def private(self, s):
        return self.kc(s) & 1 == 1

    def p256(self, s):
        return self.kc(s) >> 2 & 7 == 4

    def config_locked(self):
        return self.config[87] != 0x55

    def data_locked(self):
        return self.config[86] != 0x55

    def slot_locked(self, s):
        return not self.config[88 + s // 8] >> s % 8 & 1

    def counter(self, i):
        c = self.config[52 + 8 * i:60 + 8 * i]
        zeros = sum(1 for byte in c[:4] for bit in range(8) if not byte >> bit & 1)
        return zeros + 16 * ((c[4] << 8 | c[5]) + (c[6] << 8 | c[7]))

    def count(self, i):
        value = self.counter(i)
        if value >= 2097151:
            return False
        v, w = value + 1, max(value + 1 - 16, 0)

        def linear(n):
            return 0xFFFF >> n % 32 if n % 32 < 16 else 0
        words = [linear(v), linear(w), v // 32, w // 32]
        self.config[52 + 8 * i:60 + 8 * i] = b"".join(x.to_bytes(2, "big") for x in words)
        return True

    def use(self, s, random_nonce=None):
        """One use of slot s as a key; random_nonce is None where ReqRandom does not apply."""
        if not self.config_locked():
            return False
        if not self.data_locked():
            return True
        kc = self.kc(s)
        if kc & 0x80 or kc & 0x1000:  # nobody is ever authorised here, and no latch is set
            return False
        if random_nonce is False and kc & 0x40:
            return False
        if self.sc(s) & 0x20:
            if s == 15 and not self.is_608:
                for i in range(68, 84):
                    if self.config[i]:
                        self.config[i] &= ~(1 << self.config[i].bit_length() - 1)
                        return True
                return False
            return self.count(0)
        return True

    # -- commands: each returns (status, data or None)
    def read(self, zone, size, addr):
        if zone == 3:
            return PARSE, None
        if zone == 2:
            slot, offset = addr >> 3 & 15, (addr >> 8) * 32 + (0 if size == 32 else (addr & 7) * 4)
            if offset >= slot_size(slot):
                return PARSE, None
            sc = self.sc(slot)
            secret, encrypted = sc & 0x80, sc & 0x40
            if not self.data_locked() or self.private(slot) or secret or encrypted:
                return EXEC, None  # encrypted reads need a session, which is not tried here
            data = bytes(self.slots[slot][offset:offset + size])
            return OK, data + b"\0" * (size - len(data)) if self.known[slot] else None
        area = self.config if zone == 0 else self.otp
        offset = (addr >> 3) * 32 + (0 if size == 32 else (addr & 7) * 4)
        if offset >= len(area):
            return PARSE, None
        if zone == 1 and not self.data_locked():
            return EXEC, None
        return OK, bytes(area[offset:offset + size])

    def write(self, zone, addr, data):
        size = len(data)
        if zone == 3:
            return PARSE, None
        if zone == 2:
            return self.write_slot(addr, data)
        area = self.config if zone == 0 else self.otp
        offset = (addr >> 3) * 32 + (0 if size == 32 else (addr & 7) * 4)
        if offset >= len(area):
            return PARSE, None
        if zone == 0:
            touched = set(range(offset, offset + size))
            if self.config_locked() or touched & (set(range(16)) | {84, 85, 86, 87}):
                return EXEC, None
        elif not self.config_locked():
            return EXEC, None
        elif not self.data_locked():
            if size == 4:
                return EXEC, None
        elif self.is_608 or self.config[18] != 0x55:
            return EXEC, None
        else:
            data = bytes(a & b for a, b in zip(area[offset:], data))
        area[offset:offset + size] = data
        return OK, None

    def write_slot(self, addr, data):
        size, slot = len(data), addr >> 3 & 15
        offset = (addr >> 8) * 32 + (0 if size == 32 else (addr & 7) * 4)
        if offset >= slot_size(slot):
            return PARSE, None
        if not self.config_locked() or self.private(slot) or self.slot_locked(slot):
            return EXEC, None
        validated = slot >= 8 and self.kc(slot) & 2
        if self.data_locked():
            mode = self.sc(slot) >> 12
            if mode not in (0, 1):
                return EXEC, None  # never, or encrypted only
            if mode == 1 and self.kc(slot) & 2 and self.slots[slot][0] >> 4 == 5:
                return EXEC, None
            if size == 4 and (mode != 0 or self.sc(slot) & 0x80):
                return EXEC, None
        elif size == 4:
            return EXEC, None
        room = slot_size(slot) - offset
        self.slots[slot][offset:offset + min(size, room)] = data[:room]
        if validated:
            self.slots[slot][0] = self.slots[slot][0] & 0x0F | 0xA0
        return OK, None

    def lock(self, what, slot):
        if what == "config":
            if self.config_locked():
                return EXEC, None
            self.config[87] = 0
        elif what == "data":
            if not self.config_locked() or self.data_locked():
                return EXEC, None
            self.config[86] = 0
        else:
            if not self.config_locked() or not self.kc(slot) & 0x20 or self.slot_locked(slot):
                return EXEC, None
            self.config[88 + slot // 8] &= ~(1 << slot % 8)
        return OK, None

    def genkey(self, create, s):
        if not self.private(s) or not self.sc(s) & 0x80 or not self.p256(s):
            return EXEC, None
        if create and (self.slot_locked(s) or self.data_locked() and not self.sc(s) & 0x2000):
            return EXEC, None
        if not create and self.data_locked() and not self.kc(s) & 2:
            return EXEC, None
        if not self.config_locked() or self.data_locked() and self.kc(s) & 0x80:
            return EXEC, None
        if not create and not self.made[s]:
            return EXEC, None
        self.made[s] = True
        return OK, None

    def sign(self, s):
        if not self.private(s) or not self.p256(s) or not self.sc(s) & 0x80:
            return EXEC, None
        if self.data_locked() and not self.sc(s) & 1:
            return EXEC, None
        return (OK if self.made[s] and self.use(s) else EXEC), None

    def ecdh(self, s):
        if not self.private(s) or not self.p256(s) or not self.sc(s) & 4:
            return EXEC, None
        target = (s + 1) % 16 if self.sc(s) & 8 else None
        if target is not None and (s % 2 or self.slot_locked(target) or self.private(target)):
            return EXEC, None
        if not self.made[s] or not self.use(s):  # what is refused counts as no use
            return EXEC, None
        if target is not None:
            self.known[target] = False
        return OK, None

    def mac(self, s, random_nonce):
        if self.data_locked() and self.sc(s) & 0x10 or self.private(s):
            return EXEC, None
        return (OK if self.use(s, random_nonce) else EXEC), None

    def derive(self, s, random_nonce):
        sc, parent = self.sc(s), self.sc(s) >> 8 & 15
        if self.private(s) or self.slot_locked(s) or self.data_locked() and not sc & 0x2000:
            return EXEC, None
        needs_mac = self.data_locked() and sc & 0x8000
        if not sc & 0x1000:  # roll: the target is the key, its uses are not counted
            kc = self.kc(s)
            if not self.config_locked() or self.data_locked() and (
                    kc & 0x1080 or kc & 0x40 and not random_nonce):
                return EXEC, None
        if needs_mac:  # none is ever sent here; what is refused counts as no use
            return EXEC, None
        if sc & 0x1000:
            if self.private(parent) or not self.use(parent, random_nonce):
                return EXEC, None
        self.known[s] = False
        return OK, None

    def count_command(self, increment, i):
        if increment and not self.count(i):
            return EXEC, None
        return OK, self.counter(i).to_bytes(4, "little")

    def update_extra(self, second, value):
        where = 85 if second else 84
        free = not self.is_608 and second and not self.config[19] & 1
        if self.config[where] and not free:
            return EXEC, None
        self.config[where] = value
        return OK, None


class Chip:
    """The model behind its adapter socket."""

    def __init__(self, limpet, folder, model, seed):
        self.path = os.path.join(folder, "bus")
        state = os.path.join(folder, "state")
        for name in (self.path, state):
            if os.path.exists(name):
                os.unlink(name)
        self.process = subprocess.Popen(
            [limpet, "chip", "serve", "--model", model, "--state", state, "--listen", "unix:" + self.path,
             "--timing", "instant", "--no-sync", "--seed", str(seed)], stdout=subprocess.PIPE)
        self.process.stdout.readline()
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(self.path)
        self.socket.settimeout(20)
        self.woken = 0.0

    def close(self):
        self.socket.close()
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()

    def take(self, n):
        data = b""
        while len(data) < n:
            data += self.socket.recv(n - len(data))
        return data

    def command(self, op, p1, p2, data=b""):
        if time.monotonic() - self.woken > 0.2:  # well before the watchdog: idle keeps TempKey
            self.socket.sendall(b"S\xc0\x01\x02PS\x00\x00P")
            self.woken = time.monotonic()
        group = bytes([len(data) + 7, op, p1, p2 & 255, p2 >> 8]) + data
        group += crc16(group).to_bytes(2, "little")
        self.socket.sendall(b"S\xc0" + bytes([len(group) + 1, 3]) + group + b"PS\xc1\x9bPR\x0aP")
        reply = self.take(156)
        assert crc16(reply[:reply[0] - 2]).to_bytes(2, "little") == reply[reply[0] - 2:reply[0]]
        body = reply[1:reply[0] - 2]
        return (body[0], None) if len(body) == 1 else (OK, body)

    def nonce(self, is_random):
        if is_random:
            self.command(0x16, 0, 0, bytes(20))
        else:
            self.command(0x16, 3, 0, bytes(range(32)))


def random_config(rng):
    """Words of the configuration zone: rules that are often sensible, and sometimes anything."""
    words = []
    for slot in range(16):
        kind = rng.random()
        if kind < 0.35:
            sc, kc = rng.randrange(0x10000) | 0x80, 0x13 | rng.choice([0, 0x20]) | rng.choice([0, 2, 2])
        elif kind < 0.7:
            sc, kc = rng.choice([0x0000, 0x000F, 0x0080, 0x1000, 0x2680, 0x3680, 0x80A0, 0x0090]), 0x1C | rng.choice([0, 0x20])
        else:
            sc, kc = rng.randrange(0x10000), rng.randrange(0x10000) & 0x3FFF
        if slot == 15 and rng.random() < 0.4:
            sc, kc = 0x80AF, 0x1C  # limited use
        if rng.random() < 0.7:
            kc &= ~0x1080
        words.append((sc, kc))
    config = []
    for first, pick in ((5, 0), (24, 1)):
        for i in range(8):
            a, b = words[2 * i][pick], words[2 * i + 1][pick]
            config.append(("write", 0, first + i if first == 5 else 3 << 3 | i, a.to_bytes(2, "little") + b.to_bytes(2, "little")))
    fixed = []
    for name, zone, word, data in config:
        if word < 24:
            word = word // 8 << 3 | word % 8
        fixed.append((name, zone, word, data))
    return fixed


def random_command(rng):
    slot = rng.choice([*range(16), 15, 15])
    zone = rng.choice([0, 1, 2, 2, 2, 2, 3])
    addr = rng.choice([slot << 3, slot << 3 | rng.randrange(8), slot << 3 | rng.randrange(5) << 8,
                       rng.randrange(32), rng.randrange(0x2000)]) if zone == 2 else rng.randrange(40)
    return rng.choice([
        ("read", zone, rng.choice([4, 32]), addr),
        ("read", zone, rng.choice([4, 32]), addr),
        ("write", zone, addr, rng.randbytes(rng.choice([4, 32]))),
        ("write", zone, addr, rng.randbytes(rng.choice([4, 32]))),
        ("lock", "slot", slot),
        ("genkey", rng.random() < 0.5, slot),
        ("sign", slot, rng.random() < 0.5),
        ("ecdh", slot),
        ("mac", slot, rng.random() < 0.5),
        ("derive", slot, rng.random() < 0.5),
        ("count", rng.random() < 0.5, rng.randrange(2)),
        ("extra", rng.random() < 0.5, rng.randrange(256)),
    ])


def run_rules(rules, c):
    name, args = c[0], c[1:]
    return {"read": rules.read, "write": rules.write, "lock": rules.lock, "genkey": rules.genkey,
            "sign": lambda s, _: rules.sign(s), "ecdh": rules.ecdh, "mac": rules.mac, "derive": rules.derive,
            "count": rules.count_command, "extra": rules.update_extra}[name](*args)


def run_chip(chip, c):
    name, args = c[0], c[1:]
    if name == "read":
        return chip.command(0x02, args[0] | (0x80 if args[1] == 32 else 0), args[2])
    if name == "write":
        return chip.command(0x12, args[0] | (0x80 if len(args[2]) == 32 else 0), args[1], args[2])
    if name == "lock":
        mode = {"config": 0x80, "data": 0x81, "slot": args[1] << 2 | 2}[args[0]]
        return chip.command(0x17, mode, 0)
    if name == "genkey":
        return chip.command(0x40, 4 if args[0] else 0, args[1])
    if name == "sign":
        chip.nonce(args[1])
        return chip.command(0x41, 0x80, args[0])
    if name == "ecdh":
        return chip.command(0x43, 0, args[0], POINT)
    if name == "mac":
        chip.nonce(args[1])
        return chip.command(0x08, 1 if args[1] else 5, args[0])
    if name == "derive":
        chip.nonce(args[1])
        return chip.command(0x1C, 0 if args[1] else 4, args[0])
    if name == "count":
        return chip.command(0x24, 1 if args[0] else 0, args[1])
    return chip.command(0x20, 1 if args[0] else 0, args[1])


def first_disagreement(limpet, folder, model, seed, commands):
    """The index of the first command on which the two disagree, with both answers; None if there is none."""
    chip = Chip(limpet, folder, model, seed)
    try:
        config = b"".join(chip.command(0x02, 0x80, block << 3)[1] for block in range(4))
        rules = Rules(model != "atecc508a", config, b"\xff" * 64)
        for i, c in enumerate(commands):
            want, got = run_rules(rules, c), run_chip(chip, c)
            if want[0] != got[0] or (want[1] is not None and want[1] != got[1]):
                return i, want, got
        zone = b"".join(chip.command(0x02, 0x80, block << 3)[1] for block in range(4))
        if zone != rules.config:
            return len(commands), bytes(rules.config).hex(), zone.hex()
        return None
    finally:
        chip.close()


def shrink(limpet, folder, model, seed, commands):
    """Leaves out what the disagreement does not need."""
    step = max(len(commands) // 2, 1)
    while True:
        i = 0
        while i < len(commands):
            shorter = commands[:i] + commands[i + step:]
            if first_disagreement(limpet, folder, model, seed, shorter) is not None:
                commands = shorter
            else:
                i += step
        if step == 1:
            return commands
        step //= 2


def sequence(rng, length):
    commands = random_config(rng)
    commands += [random_command(rng) for _ in range(length // 5)]
    commands.append(("lock", "config", 0))
    for stage, share in (("data", 2), (None, 2)):
        for _ in range(length * share // 5):
            commands.append(random_command(rng))
        commands += [("genkey", True, s) for s in range(16) if stage]
        if stage:
            commands.append(("lock", stage, 0))
    return commands


def main():
    limpet = os.path.abspath(sys.argv[1])
    chips = int(sys.argv[2]) if len(sys.argv) > 2 else 12
    length = int(sys.argv[3]) if len(sys.argv) > 3 else 200
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else 1
    total = 0
    with tempfile.TemporaryDirectory() as folder:
        for n in range(chips):
            rng = random.Random(seed * 1000 + n)
            model = ("atecc508a", "atecc608a", "atecc608b")[n % 3]
            commands = sequence(rng, length)
            found = first_disagreement(limpet, folder, model, n + 1, commands)
            if found is not None:
                shorter = shrink(limpet, folder, model, n + 1, commands[:found[0] + 1])
                print(f"{model}, seed {seed}, chip {n}: rules and model disagree after")
                for c in shorter:
                    print("  ", c)
                print("  rules, model:", first_disagreement(limpet, folder, model, n + 1, shorter))
                return 1
            total += len(commands)
    print(f"{total} commands on {chips} chips, rules and model agree on every one")
    return 0


if __name__ == "__main__":
    sys.exit(main())
