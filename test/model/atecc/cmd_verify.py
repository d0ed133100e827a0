# SPDX-License-Identifier: Apache-2.0
"""Verify, section 9.20."""

from . import p256
from .chip import command, sha256
from .cmd_device import SUCCESS
from .memory import NIBBLE_INVALID, NIBBLE_VALID, P256
from .status import MISCOMPARE, error_unless, parse_unless, refuse_unless

STORED, VALIDATE_EXTERNAL, EXTERNAL, VALIDATE, INVALIDATE = 0, 1, 2, 3, 7
_LENGTH = {STORED: 64, VALIDATE_EXTERNAL: 64, EXTERNAL: 128, VALIDATE: 83, INVALIDATE: 83}
FROM_DIGEST_BUFFER, WITH_MAC = 0x20, 0x80


@command(0x45)
def verify(chip, cmd):
    kind = cmd.mode & 7
    extras = cmd.mode & ~7
    parse_unless(kind in _LENGTH, "Verify: no such mode")
    allowed = () if chip.memory.is_508 or kind not in (STORED, EXTERNAL) else (0x20, 0x80, 0xA0)
    error_unless(not extras or extras in allowed, "Verify: bits 7-3 must be zero")
    parse_unless(len(cmd.data) == _LENGTH[kind], f"Verify: {_LENGTH[kind]} bytes")
    handler = {STORED: _stored, EXTERNAL: _external, VALIDATE_EXTERNAL: _validate_external}
    return handler.get(kind, _validate)(chip, cmd)


def _result(matches):
    return SUCCESS if matches else bytes([MISCOMPARE])


def _digest(chip, cmd):
    """The message digest, and the nonce of a validating MAC (608, [TFLX] Table 5-65)."""
    if cmd.mode & FROM_DIGEST_BUFFER:
        held = chip.read_digest_buffer(cmd, 64 if cmd.mode & WITH_MAC else 32)
        return held[:32], held[32:]
    message = chip.read_temp_key(cmd).value
    nonce = chip.read_digest_buffer(cmd)[:32] if cmd.mode & WITH_MAC else None
    return message, nonce


def _answer(chip, cmd, matches, message, nonce):
    if not matches or not cmd.mode & WITH_MAC:
        return _result(matches)
    from .cmd_608 import io_key
    return sha256(io_key(chip), message, nonce, cmd.data[:64], cmd.head)


def _io_key_ready(chip, cmd):
    if cmd.mode & WITH_MAC:
        from .cmd_608 import io_key
        io_key(chip)


def _external(chip, cmd):
    parse_unless(cmd.param2 == P256, "Verify: KeyID is the curve, 4")
    _io_key_ready(chip, cmd)
    message, nonce = _digest(chip, cmd)
    refuse_unless(p256.point(cmd.data[64:]) is not None, "not a point of the curve")
    chip.ecc_engine_works()
    matches = p256.verifies(cmd.data[64:], message, cmd.data[:64])
    return _answer(chip, cmd, matches, message, nonce)


def _public_slot(chip, cmd, number):
    slot = chip.names_key(cmd, chip.memory.slot(number))
    chip.slots_are_there()
    refuse_unless(slot.has_public_key, "not a public key slot")
    return slot


def _usable(chip, slot, validated=None):
    """The checks that every verifying key has to pass. Uses are counted before the arithmetic begins."""
    memory = chip.memory
    if memory.data_locked:
        refuse_unless(not slot.needs_validation or memory.validity(slot.number) == NIBBLE_VALID,
                      "the public key has not been validated")
    chip.nonce_is_random_enough(slot)
    chip.key_may_be_used(slot)
    chip.spend_use(slot)
    if validated:
        chip.spend_use(validated)
    refuse_unless(p256.point(memory.public_key(slot.number)) is not None, "not a point of the curve")
    chip.ecc_engine_works()


def _stored(chip, cmd):
    error_unless(cmd.param2 & 0xF >= 8, "public keys lie in slots 8-15")
    _io_key_ready(chip, cmd)
    slot = _public_slot(chip, cmd, cmd.param2)
    message, nonce = _digest(chip, cmd)
    _usable(chip, slot)
    matches = p256.verifies(chip.memory.public_key(slot.number), message, cmd.data[:64])
    if matches:
        chip.volatile.auth_valid, chip.volatile.auth_key_id = True, slot.number
    return _answer(chip, cmd, matches, message, nonce)


def _target(chip, cmd):
    error_unless(cmd.param2 & 0xF >= 8, "only slots 8-15 can be validated")
    slot = _public_slot(chip, cmd, cmd.param2)
    refuse_unless(slot.pub_info, "the slot takes no validation")
    return slot, chip.memory.config[92 + slot.x509_id]


def _judge(chip, cmd, target, message, nibble):
    parent = _public_slot(chip, cmd, target.read_key)
    # 3.2.6: both keys count, even where they are the same
    _usable(chip, parent, target if target.number == 15 and chip.memory.is_508 else None)
    matches = p256.verifies(chip.memory.public_key(parent.number), message, cmd.data[:64])
    if matches:
        chip.memory.set_validity(target.number, nibble)
    return _result(matches)


def _validate(chip, cmd):
    other = cmd.data[64:]
    error_unless(bool(other[17] & 1) == bool(cmd.mode & 4), "OtherData<17> and Mode<2> differ")
    target, template = _target(chip, cmd)
    refuse_unless(template == 0, "X509format asks for ValidateExternal")
    temp_key = chip.read_temp_key(cmd)
    refuse_unless(temp_key.gen_key and temp_key.key_id == target.number,
                  "TempKey is not the GenKey digest of this slot")
    serial = chip.memory.serial()
    message = sha256(temp_key.value, b"\x41", other[0:10], serial[8:9], other[10:14], serial[0:2],
                     other[14:19])
    nibble = NIBBLE_INVALID if cmd.mode & 4 else NIBBLE_VALID
    return _judge(chip, cmd, target, message, nibble)


def _validate_external(chip, cmd):
    target, template = _target(chip, cmd)
    refuse_unless(template != 0, "X509format asks for Validate")
    temp_key = chip.read_temp_key(cmd)
    expected = (target.number, template & 0xF, template >> 4)
    refuse_unless(temp_key.sha_public == expected, "not a SHA(Public) digest of this shape")
    return _judge(chip, cmd, target, temp_key.value, NIBBLE_VALID)
