# SPDX-License-Identifier: Apache-2.0
"""Chips to start from: configurations that are random but mean something, keys to go with them."""

import hashlib

from atecc import counters, p256
from atecc.memory import ATECC508A, SLOT_BYTES, SLOT_START

PEERS = [hashlib.sha256(b"peer %d" % n).digest() for n in range(8)]
PEER_PUBLIC = [p256.public_of(key) for key in PEERS]
PEER_OF = dict(zip(PEER_PUBLIC, PEERS))
COUNTS = (0, 1, 15, 16, 17, 31, 32, 47, 48, 63, 64, 1000, counters.LIMIT - 1, counters.LIMIT)


def _private(rng, number):
    read_key = rng.choice((1, 2, 3, 4, 5, 7, 15 if number % 2 == 0 else rng.choice((7, 7, 13, 15)), rng.randrange(16)))
    slot = rng.choice((2, 3, 4, 5, 6, 7, 2, 6)) << 12 | rng.randrange(16) << 8 | 0x80 | read_key
    key = 0x0011 | rng.choice((0, 2, 2)) | rng.choice((0, 0x20))
    if rng.random() < 0.06:
        slot &= ~0x80  # IsSecret missing
    if rng.random() < 0.08:
        key = key & ~0x1C | rng.choice((0, 3, 5, 6, 7)) << 2  # Private, but of another KeyType
    return slot, key


def _public(rng, number):
    slot = rng.choice((0, 0, 1, 1, 4, 2)) << 12 | rng.randrange(16) << 8 | rng.randrange(8, 16)
    slot |= rng.choice((0, 0, 0x80)) | rng.choice((0, 0, 0, 0x20))
    return slot, 0x0010 | rng.choice((0, 2)) | rng.choice((0, 0x20))


def _secret(rng, number):
    write = rng.choice((0, 2, 3, 4, 6, 7, 8, 10, 11, 14, 15))
    slot = write << 12 | rng.randrange(16) << 8 | 0x80 | rng.choice((0, 0x40)) | rng.randrange(16)
    slot |= rng.choice((0, 0, 0, 0x10)) | rng.choice((0, 0, 0, 0x20))
    return slot, 0x001C | rng.choice((0, 0x20)) | rng.choice((0, 0, 0x40))


def _parent(rng, number):
    """A key that others point to: usable by GenDig, nothing in the way."""
    return 0x8F8F | rng.choice((0, 0x20)) * (rng.random() < 0.2), 0x001C


def _data(rng, number):
    return rng.choice((0, 0, 1, 4, 8)) << 12 | rng.randrange(16) << 8 | rng.randrange(16), 0x003C


def _aes(rng, number):
    return 0x0F80 | rng.choice((0, 0x4000)), 0x0018 | rng.choice((0, 0x20))


def _anything(rng, number):
    return rng.randrange(65536), rng.randrange(65536) & ~0x2000


def _slot_words(rng, part, number):
    roles = [_private, _secret, _secret, _parent, _parent, _data]
    if number >= 8:
        roles += [_public, _public, _public]
    if part != ATECC508A:
        roles.append(_aes)
    if rng.random() < 0.06:
        roles = [_anything]
    slot, key = rng.choice(roles)(rng, number)
    if rng.random() < 0.12:
        key |= 0x80 | rng.randrange(16) << 8  # ReqAuth
    if rng.random() < 0.04:
        key |= 0x1000
    if rng.random() < 0.04:
        key |= 0x40
    if rng.random() < 0.05:
        slot |= 0x20
    if rng.random() < 0.1:
        key |= rng.randrange(4) << 14
    return slot, key


def _word(value):
    return value.to_bytes(2, "little")


def config_zone(rng, part, factory):
    """A configuration zone on the base of a factory-new one."""
    config = bytearray(factory)
    words = [_slot_words(rng, part, number) for number in range(16)]
    config[20:52] = b"".join(_word(slot) for slot, _ in words)
    config[96:128] = b"".join(_word(key) for _, key in words)
    config[52:60] = counters.encode(rng.choice(COUNTS))
    config[60:68] = counters.encode(rng.choice(COUNTS))
    config[92:96] = bytes(rng.choice((0, 0, 1, 0x10, 0x21, 0x32, rng.randrange(256))) for _ in range(4))
    config[84] = rng.choice((0, 0, 0x5A))
    config[85] = rng.choice((0, 0, 0x07)) if part == ATECC508A else 0
    config[16] = rng.choice((0xC0, 0xC0, 0x6A, 0xC2, 0xC6))
    _special_bytes(rng, part, config)
    config[86], config[87] = rng.choice(((0x55, 0x55), (0x55, 0), (0x55, 0), (0, 0), (0, 0), (0, 0),
                                         (0, 0)))
    locked = 0xFFFF
    while rng.random() < 0.4:
        locked &= ~(1 << rng.randrange(16))
    config[88:90] = _word(locked)
    return config


def _special_bytes(rng, part, config):
    if part == ATECC508A:
        config[18] = rng.choice((0xAA, 0x55, 0x55, 0x00))
        config[19] = rng.choice((0, 1)) | rng.choice((0, 0, 0, 4))
        left = rng.choice((128, 128, 128, 0, 1, 2, 7, 8, 9))
        config[68:84] = ((1 << 128) - (1 << (128 - left))).to_bytes(16, "big")
        if rng.random() < 0.35:  # a single-wire part: SignalKey, GPIO mode
            config[14] &= 0xFE
            config[16] = rng.randrange(1, 16) << 4 | rng.choice((1, 5, 1, 5, 9, 9, 13, 2, 3, 7, 3, 7, 0))
        return
    config[13] = rng.choice((0, 1, 1, 1))
    config[19] = rng.choice((0, 0, 0x28, 0x68)) | rng.choice((0, 0, 0, 4))
    config[69] = rng.choice((0, rng.randrange(16), 0x80 | rng.randrange(16), 0x80 | rng.randrange(16)))
    keys = [n for n in range(8, 16) if config[96 + 2 * n] & 0x1D == 0x10] or [15]
    config[70:72] = _word(rng.choice((0, 1, 1, 2, 2, 3, 3)) | rng.choice((0, 4, 8, 12))
                          | rng.randrange(8, 16) << 8 | rng.choice(keys) << 12)
    options = rng.choice((0x0000, 0x0002, 0x0006, 0x0006, 0x0506, 0x0A06, 0x0106, 0x0406))
    options |= rng.choice((0, 0, 0, 1)) | rng.choice((0, 8))
    config[90:92] = _word(options | rng.randrange(16) << 12)
    config[18] = rng.choice((0, 0, 0, 1 | rng.randrange(16) << 4))
    config[72:75] = bytes((rng.choice((0, 2, 16)),)) + b"iv"


def data_zone(rng, config):
    data = bytearray(rng.randbytes(sum(SLOT_BYTES)))
    for number in range(16):
        key = config[96 + 2 * number]
        at = SLOT_START[number]
        if rng.random() < 0.06:
            data[at:at + SLOT_BYTES[number]] = bytes([rng.choice((0, 0xFF))]) * SLOT_BYTES[number]
        elif key & 1:
            data[at:at + 36] = bytes(4) + _scalar(rng)
        elif number >= 8 and (key >> 2 & 7 == 4 or rng.random() < 0.1):
            public = rng.choice(PEER_PUBLIC)
            pad = bytes([rng.choice((0x50, 0x50, 0xA0, rng.randrange(256))) | rng.randrange(16)])
            pad += rng.randbytes(3)
            data[at:at + 72] = pad + public[:32] + rng.randbytes(4) + public[32:]
    _match_slot(rng, config, data)
    return bytes(data)


def _match_slot(rng, config, data):
    """608: a number that Counter0 is about to reach, in the slot that CountMatch names."""
    if config[18] & 1 and config[4:6] == b"\0\0" and config[6] == 0x60:
        at = SLOT_START[config[18] >> 4]
        count = counters.decode(config[52:60]) + rng.choice((0, 1, 2, 5, 1000))
        data[at:at + 4] = count.to_bytes(4, "little")


def _scalar(rng):
    return (rng.randrange(1, p256.ORDER)).to_bytes(32, "big")


def image(rng, part, factory):
    """A whole content, from that of a factory-new chip (serial number and the fixed bytes)."""
    if rng.random() < 0.08:
        return bytes(factory)
    config = config_zone(rng, part, factory[:128])
    if config[87] == 0x55:
        data, otp = factory[192:], factory[128:192]
    else:
        data, otp = data_zone(rng, config), bytes(rng.randbytes(64))
    return bytes(config) + bytes(otp) + data
