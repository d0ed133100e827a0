# SPDX-License-Identifier: Apache-2.0
"""Packets, answers and contents in words, for whoever reads a disagreement."""

from atecc.memory import SLOT_BYTES, SLOT_START, Memory

NAMES = {0x01: "Pause", 0x02: "Read", 0x08: "MAC", 0x11: "HMAC", 0x12: "Write", 0x15: "GenDig",
         0x16: "Nonce", 0x17: "Lock", 0x1B: "Random", 0x1C: "DeriveKey", 0x20: "UpdateExtra",
         0x24: "Counter", 0x28: "CheckMac", 0x30: "Info", 0x40: "GenKey", 0x41: "Sign",
         0x43: "ECDH", 0x45: "Verify", 0x46: "PrivWrite", 0x47: "SHA", 0x51: "AES", 0x56: "KDF",
         0x77: "SelfTest", 0x80: "SecureBoot"}
STATUS = {0: "ok", 1: "miscompare", 3: "parse error", 5: "ECC fault", 7: "self-test failed",
          8: "health test failed", 0x0F: "execution error", 0x11: "after wake",
          0xEE: "watchdog about to expire", 0xFF: "communication error"}


def packet(raw):
    name = NAMES.get(raw[0], f"opcode {raw[0]:02x}")
    data = f" {raw[4:].hex()}" if len(raw) > 4 else ""
    return f"{name} mode {raw[1]:02x} param2 {raw[2] | raw[3] << 8:04x}{data}"


def answer(payload):
    if payload is None:
        return "silence"
    if len(payload) == 1:
        return f"{payload[0]:02x} ({STATUS.get(payload[0], 'no such status')})"
    return payload.hex()


def place(offset):
    if offset < 128:
        return f"config[{offset}]"
    if offset < 192:
        return f"otp[{offset - 128}]"
    at = offset - 192
    slot = max(n for n in range(16) if SLOT_START[n] <= at)
    return f"slot{slot}[{at - SLOT_START[slot]}]"


def image_difference(left, right):
    parts, at = [], 0
    while at < len(left):
        end = at
        while end < len(left) and left[end] != right[end]:
            end += 1
        if end > at:
            parts.append(f"{place(at)} {bytes(left[at:end]).hex()} / {bytes(right[at:end]).hex()}")
        at = end + 1
    return ", ".join(parts)


def slot(memory, number):
    s = memory.slot(number)
    words = [name for name, is_set in (
        ("private", s.private), ("pubinfo", s.pub_info), ("secret", s.is_secret),
        ("enc-read", s.encrypt_read), ("limited", s.limited_use), ("nomac", s.no_mac),
        ("lockable", s.lockable), ("LOCKED", not s.unlocked), ("reqrandom", s.req_random),
        (f"auth:{s.auth_key}", s.req_auth), ("latch", s.latch_needed)) if is_set]
    return (f"slot {number:2} SlotConfig {s.slot_config:04x} KeyConfig {s.key_config:04x} "
            f"write {s.write_config:04b} key {s.write_key} read {s.read_key} type {s.key_type} "
            + " ".join(words) + f" = {memory.read_slot(number, 0, min(36, SLOT_BYTES[number])).hex()}")


def chip(part, image, numbers=range(16)):
    memory = Memory(part, image[:128], image[128:192], image[192:])
    locks = f"config {'locked' if memory.config_locked else 'open'}, " \
            f"data {'locked' if memory.data_locked else 'open'}"
    lines = [f"{part}, {locks}, config {image[:128].hex()}"]
    return "\n".join(lines + [slot(memory, number) for number in numbers])
