# SPDX-License-Identifier: Apache-2.0
"""The two monotonic counters as they lie in the configuration zone, and LastKeyUse (3.2.5, 3.2.6).

8 bytes, four big-endian words: two linear parts that lose a bit per count, and how often each has
been through all its 32 steps. The second part runs 16 counts behind the first, so that one of the
two is whole whenever the other is being renewed.
"""

from .status import Unknowable

LIMIT = 2097151
_AT = (52, 60)
LAST_KEY_USE = range(68, 84)


def encode(value):
    step = value % 32
    linear_a = 0xFFFF >> step if step < 16 else 0
    linear_b, turns_b = 0xFFFF, 0
    if value >= 16:
        step_b = (value - 16) % 32
        linear_b = 0xFFFF >> step_b if step_b < 16 else 0
        turns_b = (value - 16) // 32
    words = (linear_a, linear_b, value // 32, turns_b)
    return b"".join(word.to_bytes(2, "big") for word in words)


def decode(raw):
    linear_a, linear_b, turns_a, _ = (int.from_bytes(raw[n:n + 2], "big") for n in (0, 2, 4, 6))
    lost_a = 16 - bin(linear_a).count("1")
    if lost_a < 16:
        return turns_a * 32 + lost_a
    return turns_a * 32 + 16 + (16 - bin(linear_b).count("1"))


def read(memory, number):
    at = _AT[number]
    raw = memory.config[at:at + 8]
    value = decode(raw)
    if encode(value) != raw:
        raise Unknowable("what a counter with a meaningless content counts")
    return value


def write(memory, number, value):
    at = _AT[number]
    memory.config[at:at + 8] = encode(value)


def last_key_use_clear_one(memory):
    """False when nothing is left; else the first 1-bit, from bit 7 of byte 68 on, becomes 0."""
    for at in LAST_KEY_USE:
        for bit in range(7, -1, -1):
            if memory.config[at] >> bit & 1:
                memory.config[at] &= ~(1 << bit) & 0xFF
                return True
    return False
