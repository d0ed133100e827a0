# SPDX-License-Identifier: Apache-2.0
"""Steps below the packets: damaged groups, pieces, re-reading, sleep, idle, watchdog, power."""

from atecc import bus, crc
from steps import packet, step


class Event:
    """Something on the bus other than a whole command: kind and argument."""

    def __init__(self, kind, arg=None):
        self.kind, self.arg = kind, arg

    def __repr__(self):
        return f"{self.kind} {self.arg.hex() if isinstance(self.arg, bytes) else self.arg or ''}"


def write(data):
    return Event("write", bytes(data))


def read(count):
    return Event("read", count)


WAKE, POWER = Event("wake"), Event("power")


@step(2)
def idle_and_wake(w):
    yield write([bus.STANDBY])
    if w.chance(0.2):
        yield write(b"\x03" + crc.group(packet(0x30, 2)))
        yield read(4)
    yield WAKE
    if w.chance(0.5):
        yield read(4)
    yield packet(0x30, 2)


@step(1)
def sleep_and_wake(w):
    yield write([bus.SLEEP])
    if w.chance(0.2):
        yield read(4)
    yield WAKE
    yield packet(0x30, 2)


@step(1)
def watchdog(w):
    if w.chance(0.4):
        yield write([bus.STANDBY])
    if w.chance(0.3):
        yield write(b"\x03" + crc.group(packet(0x30, 2))[:5])
    long = w.memory.config[19] & 4
    yield Event("expire", bus.SURELY_EXPIRED_LONG_US if long else bus.SURELY_EXPIRED_US)
    if w.chance(0.3):
        yield read(4)
    yield WAKE
    yield packet(0x30, 2)


@step(1)
def power_cycle(w):
    yield POWER
    yield WAKE
    yield packet(0x30, 2)


@step(1)
def wake_while_awake(w):
    yield WAKE
    yield packet(0x30, 2)


@step(2)
def damaged_group(w):
    group = bytearray(crc.group(packet(0x30, 2)))
    kind = w.rng.randrange(3)
    if kind == 0:
        group[w.rng.randrange(1, len(group))] ^= 1 << w.rng.randrange(8)
    elif kind == 1:
        group = bytearray(b"\x07" + w.rng.randbytes(6))
    else:
        body = bytes([w.rng.choice((4, 5, 6))])
        body += w.rng.randbytes(body[0] - 3)
        group = bytearray(body + crc.crc16(body).to_bytes(2, "little"))
    yield write(b"\x03" + group)
    yield read(4)


@step(2)
def in_pieces(w):
    group = crc.group(packet(0x24, 0, w.rng.randrange(2)))
    cut = w.rng.randrange(1, len(group))
    yield write(b"\x03" + group[:cut])
    if w.chance(0.4):
        yield read(w.rng.randrange(1, 5))
    if w.chance(0.3):
        yield write([bus.RESET])
        yield write(b"\x03" + group)
    else:
        yield write(b"\x03" + group[cut:] + (b"\xaa" if w.chance(0.3) else b""))
    yield read(7)


@step(2)
def read_in_pieces(w):
    yield write(b"\x03" + crc.group(packet(0x02, 0x80, w.rng.randrange(4) << 3)))
    yield read(1)
    yield read(w.rng.randrange(1, 40))
    yield read(3)
    if w.chance(0.6):
        yield write([bus.RESET])
        yield read(w.rng.randrange(1, 45))
