# SPDX-License-Identifier: Apache-2.0
"""KDF of the 608, [TFLX] 5.3.4."""

import hmac

from .chip import command
from .cmd_608 import aes_encrypt, may_output, output
from .cmd_device import SUCCESS
from .status import error_unless, parse_unless, refuse_unless
from .volatile import INPUT

IN_SLOT, IN_TEMP_KEY, IN_INPUT, SPECIAL_IV = 0, 1, 2, 3  # MsgLoc, Table 5-106
PRF, AES, HKDF = 0x00, 0x20, 0x40
TEMP_KEY, TEMP_KEY_UPPER, SLOT, ALT_KEY = 0, 1, 2, 3
TO_TEMP_KEY, TO_UPPER, TO_SLOT, TO_ALT_KEY, TO_BUS, TO_BUS_ENCRYPTED = 0, 4, 8, 12, 16, 20


@command(0x56, on_508=False)
def kdf(chip, cmd):
    algorithm, source, target = cmd.mode & 0xE0, cmd.mode & 3, cmd.mode & 0x1C
    parse_unless(algorithm in (PRF, AES, HKDF) and target <= TO_BUS_ENCRYPTED, "KDF: no such mode")
    slot = chip.names_key(cmd, chip.memory.slot(cmd.param2)) if source == SLOT else None
    parse_unless(len(cmd.data) >= 4, "KDF: Details has 4 bytes")
    details = int.from_bytes(cmd.data[:4], "little")
    message = cmd.data[4:]
    _details_are_legal(algorithm, details, message, target)
    error_unless(algorithm != HKDF or details & 3 != 1 or source != TEMP_KEY or target != TO_TEMP_KEY,
                 "KDF(HKDF): the caution of [TFLX] Table 5-105")
    if algorithm == AES:
        refuse_unless(chip.memory.chip_options() & 4, "KDF-AES is not enabled")
        refuse_unless(chip.memory.config[13] & 1, "AES is not enabled")
    key = _source(chip, source, slot)
    from_slot = _message_slot(chip, cmd, algorithm, details)
    result, extra = _derive(chip, algorithm, details, message, key)
    protection = _protection(chip, algorithm, details)
    _destination_is_ready(chip, cmd, target, len(result), protection)
    for used in (slot, from_slot):
        if used:
            chip.spend_use(used)
    return _deliver(chip, cmd, target, result, extra, protection)


def _message_slot(chip, cmd, algorithm, details):
    """HKDF may take its message from a slot, which is then used like a key."""
    if algorithm != HKDF or details & 3 != IN_SLOT:
        return None
    slot = chip.names_key(cmd, chip.memory.slot(details >> 8))
    chip.slots_are_there()
    refuse_unless(not slot.private, "a private key")
    chip.key_may_be_used(slot)
    return slot


def _protection(chip, algorithm, details):
    """KDFPROT; an IV, whose message carries KdfIvStr, may leave in the clear nevertheless."""
    if algorithm == HKDF and details & 3 == SPECIAL_IV:
        return 0
    return chip.memory.chip_options() >> 10 & 3


def _details_are_legal(algorithm, details, message, target):
    if algorithm == PRF:
        error_unless(not details & 0x00FFF8FC and details >> 9 & 3 < 2, "KDF(PRF): Details")
        error_unless(details >> 24 == len(message) <= 127, "KDF(PRF): length")
        special = details >> 9 & 1
        error_unless(not special or (details >> 8 & 1 and target < TO_BUS), "KDF(PRF): Aead")
    elif algorithm == AES:
        error_unless(not details & ~3 and len(message) == 16, "KDF(AES): Details, 16 bytes")
    else:
        error_unless(not details & 0x00FFF0F8, "KDF(HKDF): Details")
        given = details & 3 in (IN_INPUT, SPECIAL_IV)
        error_unless(not given or details >> 24 == len(message) <= 127, "KDF(HKDF): length")


def _source(chip, source, slot):
    volatile = chip.volatile
    if source in (TEMP_KEY, TEMP_KEY_UPPER):
        refuse_unless(volatile.temp_key.valid and not volatile.temp_key.private, "no key in TempKey")
        if source == TEMP_KEY:
            return volatile.temp_key.value + (volatile.temp_key.upper or b"")
        refuse_unless(volatile.temp_key.upper is not None, "the upper half is not valid")
        return volatile.temp_key.upper
    if source == ALT_KEY:
        refuse_unless(volatile.alt_key is not None, "the alternate key buffer is empty")
        return volatile.alt_key
    chip.slots_are_there()
    refuse_unless(not slot.private, "a private key")
    chip.key_may_be_used(slot)
    return chip.memory.read_slot(slot.number, 0, min(64, slot.size))


def _derive(chip, algorithm, details, message, key):
    if algorithm == PRF:
        secret = _part(key, 0, 16 * (1 + (details & 3)))
        length = 64 if details >> 8 & 1 else 32
        result = p_hash(secret, message, length)
        return (result[:32], result[32:]) if details >> 9 & 1 else (result, b"")
    if algorithm == AES:
        return aes_encrypt(_part(key, 16 * (details & 3), 16), message) + bytes(16), b""
    secret = bytes(32) if details & 4 else key[:32]
    return hmac.digest(secret, _hkdf_message(chip, details, message), "sha256"), b""


def _part(key, at, length):
    error_unless(at + length <= len(key), "the source is shorter")
    return key[at:at + length]


def p_hash(secret, seed, length):
    """RFC 5246 section 5."""
    out, chain = b"", seed
    while len(out) < length:
        chain = hmac.digest(secret, chain, "sha256")
        out += hmac.digest(secret, chain + seed, "sha256")
    return out[:length]


def _hkdf_message(chip, details, message):
    place, length = details & 3, details >> 24
    if place == IN_INPUT:
        return message or bytes(32)
    if place == SPECIAL_IV:
        config = chip.memory.config
        labelled = message[config[72]:config[72] + 2] == bytes(config[73:75])
        refuse_unless(labelled, "KdfIvStr is not at KdfIvLoc")
        return message
    if place == IN_SLOT:
        slot = chip.memory.slot(details >> 8)
        return _part(chip.memory.read_slot(slot.number, 0, slot.size), 0, length) or bytes(32)
    refuse_unless(chip.volatile.temp_key.valid, "TempKey is not valid")
    whole = chip.volatile.temp_key.value + (chip.volatile.temp_key.upper or b"")
    return _part(whole, 0, length) or bytes(32)


def _destination_is_ready(chip, cmd, target, length, protection):
    """Whatever can refuse does so before a use of the key is counted."""
    if target >= TO_BUS:
        may_output(chip, target == TO_BUS_ENCRYPTED, protection)
    elif target == TO_UPPER:
        error_unless(length == 32, "64 bytes do not fit")
        refuse_unless(chip.volatile.temp_key.valid, "the lower half is not valid")
    elif target == TO_ALT_KEY:
        error_unless(length == 32, "64 bytes do not fit")
    elif target == TO_SLOT:
        slot = chip.memory.slot(cmd.param2 >> 8)
        refuse_unless(chip.memory.config_locked, "no slots before the configuration is locked")
        refuse_unless(slot.unlocked and not slot.private, "the slot cannot be written")


def _deliver(chip, cmd, target, result, extra, protection):
    volatile = chip.volatile
    if target >= TO_BUS:
        return output(chip, cmd, result, target == TO_BUS_ENCRYPTED, protection)
    if target == TO_TEMP_KEY:
        volatile.temp_key.load(result[:32], INPUT, result[32:] or None)
        volatile.doubt_flags = True
    elif target == TO_UPPER:
        volatile.temp_key.upper = result
    elif target == TO_ALT_KEY:
        volatile.alt_key = result
    else:
        chip.memory.write_slot(cmd.param2 >> 8 & 0xF, 0, result)
    return extra or SUCCESS
