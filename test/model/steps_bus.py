# SPDX-License-Identifier: Apache-2.0
"""Steps below the packets: damaged groups, pieces, re-reading, sleep, idle, watchdog, power."""

from atecc import bus, crc, times
from scenario import PEER_PUBLIC
from steps import authorize, is_secret_key, packet, step



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


def defects(health=0, selftest=0, ecc=0):
    return Event("defects", (health, selftest, ecc))


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
    yield Event("wait", 2 * times.watchdog_us(w.memory))
    if w.chance(0.3):
        yield read(4)
    yield WAKE
    yield packet(0x30, 2)


@step(1)
def shortly_before_watchdog(w):
    """Some commands still fit, others no longer do."""
    yield write([bus.STANDBY])
    yield WAKE
    yield packet(0x16, 3, 0, w.rng.randbytes(32))
    left = w.rng.choice((500, 2000, 6000, 12000, 24000, 49000, 60000, 100000, 120000, 170000))
    yield Event("wait", times.watchdog_us(w.memory) - bus.WAKE_DELAY_US - left)
    for _ in range(w.rng.randrange(1, 4)):
        yield w.rng.choice((packet(0x30, 2), packet(0x24, 0, 0), packet(0x1B), packet(0x02, 0x80, 0),
                            packet(0x40, 4, w.pick(lambda slot: slot.private)), packet(0x47, 0),
                            packet(0x41, 0x80, w.pick(lambda slot: slot.private)), packet(0xEE)))
    yield packet(0x30, 2)
    yield write([bus.STANDBY])
    yield WAKE
    yield packet(0x30, 2)


@step(1)
def power_cycle(w):
    yield POWER
    yield WAKE
    yield packet(0x30, 2)


@step(1, on_508=False)
def upper_half_alone(w):
    """KDF into the upper half of TempKey while the lower is not valid."""
    yield write([bus.SLEEP])
    yield WAKE
    yield packet(0x16, 0x83, 0, w.rng.randbytes(32))
    yield packet(0x56, 0x07, 0, bytes(4))
    yield packet(0x56, 0x11, 0, bytes(4))


@step(1, on_508=False)
def failed_self_test(w):
    """A unit fails, is reported, blocks the chip, and works again."""
    bits = w.rng.choice((0x01, 0x04, 0x09, 0x30, 0x20))
    yield defects(selftest=bits)
    if w.memory.chip_options() & 1:
        yield write([bus.STANDBY])
        yield WAKE
        yield read(4)
    else:
        yield packet(0x77, w.rng.choice((0x3D, bits, 0x3B)))
    yield packet(0x77, 0)
    yield packet(0x30, 0)
    yield packet(0x02, 0x80, 0)
    if w.chance(0.5):
        yield packet(0x02, 0x81, 0)
    yield defects()
    yield packet(0x77, w.rng.choice((bits, 0x3D)))
    yield packet(0x30, 2)
    yield write([bus.SLEEP])
    yield WAKE


@step(1, on_508=False)
def failed_health_test(w):
    yield defects(health=1)
    for _ in range(2):
        yield w.rng.choice((packet(0x1B), packet(0x16, 0, 0, bytes(20)), packet(0x40, 4, 0),
                            packet(0x16, 3, 0, bytes(32)), packet(0x40, 4, 0xFFFF)))
    yield defects()
    yield write([bus.STANDBY])
    yield WAKE


@step(2)
def ecc_fault(w):
    """The next operation with a key fails; TempKey survives that on a 508."""
    yield packet(0x16, 3, 0, w.rng.randbytes(32))
    yield defects(ecc=1)
    number = w.pick(lambda slot: slot.private)
    yield w.rng.choice((packet(0x40, 4, number), packet(0x41, 0x80, number),
                        packet(0x43, 0, number, w.rng.choice(PEER_PUBLIC)),
                        packet(0x45, 2, 4, w.rng.randbytes(64) + w.rng.choice(PEER_PUBLIC))))
    yield packet(0x30, 2)
    yield defects()


@step(1)
def wake_while_awake(w):
    yield WAKE
    yield packet(0x30, 2)


@step(2)
def damaged_group(w):
    group = bytearray(crc.group(packet(0x30, 2)))
    kind = w.rng.randrange(4)
    if kind == 3:  # a count that no group has
        group[0] = w.rng.choice((0, 1, 2, 3, 156, 200, 255))
    elif kind == 0:
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


# What speaks of addresses and bytes makes no sense on a single-wire part.
ON_I2C_ONLY = ["idle_and_wake", "sleep_and_wake", "watchdog", "shortly_before_watchdog", "damaged_group", "in_pieces",
                "read_in_pieces", "failed_self_test", "failed_health_test", "upper_half_alone"]


ON_SINGLE_WIRE = ["gpio", "gpio_authorized"]  # and these make most sense there


@step(2, on_608=False)
def gpio_authorized(w):
    """The signal key shown, then the pin asked for, set, asked for: 9 is a latch, 1 an output."""
    for _ in range(w.rng.randrange(1, 4)):
        yield from authorize(w, w.memory.config[16] >> 4)
        yield packet(0x30, 3, w.rng.choice((0, 1, 1)))
        if w.chance(0.6):
            yield packet(0x30, 3, w.rng.choice((2, 3, 3)))
        yield packet(0x30, 3, w.rng.choice((0, 1)))
        if w.chance(0.3):
            yield Event("pin", 1)
            yield Event("pin", 0)
            yield packet(0x30, 3, 0)
        else:
            yield packet(0x30, 3, w.rng.choice((2, 3)))  # perhaps no longer authorised
            latched = w.pick(lambda slot: slot.latch_needed and not slot.private)
            yield packet(0x08, 0, latched, w.rng.randbytes(32))


@step(6, on_608=False)
def gpio(w):
    """Single-wire parts: the pin, authorized or not. On I2C parts it is an error."""
    signal_key = w.memory.config[16] >> 4
    if w.chance(0.6):
        yield from authorize(w, signal_key if w.chance(0.9) else w.pick(is_secret_key))
    if w.chance(0.3):
        yield Event("pin", w.rng.randrange(2))
    yield packet(0x30, 3, w.rng.choice((0, 1, 2, 3, 3, 3, 4)))
    if w.chance(0.3):
        yield Event("pin", w.rng.randrange(2))
        yield packet(0x30, 3, 0)
