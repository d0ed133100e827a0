# SPDX-License-Identifier: Apache-2.0
"""GenKey 9.7, Sign 9.18, ECDH 9.5: the commands on private keys. Verify is in cmd_verify."""

from . import p256, points
from .chip import command, sha256
from .cmd_device import SUCCESS, private_key_is_valid
from .memory import NIBBLE_VALID, P256
from .status import Impossible, error_unless, parse_unless, refuse_unless
from .volatile import INPUT

EPHEMERAL = 0xFFFF  # 608: the private key in TempKey


def private_slot(chip, cmd):
    refuse_unless(chip.memory.config_locked, "no ECC keys before the configuration is locked")
    slot = chip.names_key(cmd, chip.memory.slot(cmd.param2))
    refuse_unless(slot.private and slot.key_type == P256, "not a private key slot")
    return slot


def scalar_of(chip, slot):
    refuse_unless(private_key_is_valid(chip.memory, slot), "there is no valid private key yet")
    return chip.memory.private_key(slot.number)[4:]


# ---- GenKey ----------------------------------------------------------------------------------------

STORED_PUBLIC, ADD_DIGEST, CREATE = 0x10, 0x08, 0x04


@command(0x40)
def gen_key(chip, cmd):
    parse_unless(not cmd.mode & 0xE3, "GenKey: bits 7-5 and 1-0 must be zero")
    stored = bool(cmd.mode & STORED_PUBLIC)
    parse_unless(len(cmd.data) in ((3,) if stored else (0, 3)), "GenKey: OtherData has 3 bytes")
    ephemeral = not chip.memory.is_508 and cmd.param2 == EPHEMERAL and not stored
    parse_unless(not ephemeral or cmd.mode == CREATE, "GenKey: only creation in TempKey")
    refuse_unless(chip.memory.config_locked, "no GenKey before the configuration is locked")
    if stored:
        return _digest_stored_public(chip, cmd)
    if ephemeral:
        return _ephemeral(chip, cmd)
    slot = private_slot(chip, cmd)
    refuse_unless(slot.is_secret, "IsSecret must be set")
    digest_wanted = bool(cmd.mode & ADD_DIGEST)
    if digest_wanted:
        chip.read_temp_key(cmd)
        chip.nonce_is_random_enough(slot)
    public = (_create if cmd.mode & CREATE else _compute)(chip, cmd, slot)
    if digest_wanted:
        load_key_digest(chip, cmd.head, slot, public)
    cmd.leaves_temp_key = True
    return public


def _create(chip, cmd, slot):
    refuse_unless(slot.unlocked, "the slot is locked")
    if chip.memory.data_locked:
        refuse_unless(slot.write_config & 2, "Table 2-10: GenKey may not write here")
    chip.authorized(slot)
    chip.generator_works()
    chip.update_seed()
    chip.ecc_engine_works()
    scalar = cmd.after.private_key(slot.number)[4:]
    before = chip.memory.private_key(slot.number)
    if len(cmd.seen) != 64 or not p256.is_scalar(scalar) or scalar == before[4:]:
        raise Impossible(f"GenKey must create a key; it answers {cmd.seen.hex()}")
    # Whether the pad counts as "bytes necessary" nobody can see: it may become zero or stay.
    pad = cmd.after.private_key(slot.number)[:4]
    chip.memory.write_slot(slot.number, 0, (pad if pad == bytes(4) else before[:4]) + scalar)
    return p256.public_of(scalar)


def _compute(chip, cmd, slot):
    if chip.memory.data_locked:
        refuse_unless(slot.pub_info, "PubInfo is not set")
    chip.authorized(slot)
    return p256.public_of(scalar_of(chip, slot))


def _digest_stored_public(chip, cmd):
    slot = chip.names_key(cmd, chip.memory.slot(cmd.param2))
    error_unless(slot.number >= 8, "public keys lie in slots 8-15")
    refuse_unless(slot.has_public_key, "not a public key slot")
    chip.read_temp_key(cmd)
    chip.nonce_is_random_enough(slot)
    chip.authorized(slot)
    if points.GENKEY_DIGEST_SPENDS_USE:
        chip.spend_use(slot)
    load_key_digest(chip, bytes([0x40]) + cmd.data, slot, chip.memory.public_key(slot.number))
    cmd.leaves_temp_key = True
    return SUCCESS


def load_key_digest(chip, header, slot, public):
    temp_key = chip.volatile.temp_key
    temp_key.value = sha256(temp_key.value, header, chip.serial_tail(), bytes(25), public)
    temp_key.upper = None
    temp_key.gen_key, temp_key.gen_dig, temp_key.key_id = True, False, slot.number


def _ephemeral(chip, cmd):
    """608: a private key in TempKey. Only its public half is ever seen, here too."""
    chip.generator_works()
    chip.update_seed()
    chip.ecc_engine_works()
    if len(cmd.seen) != 64 or p256.point(cmd.seen) is None:
        raise Impossible(f"GenKey must create a key; it answers {cmd.seen.hex()}")
    temp_key = chip.volatile.temp_key
    temp_key.load(bytes(32), INPUT)
    temp_key.private, temp_key.public = True, cmd.seen
    chip.volatile.doubt_flags = True
    cmd.leaves_temp_key = True
    return cmd.seen


# ---- Sign ------------------------------------------------------------------------------------------

EXTERNAL, FROM_DIGEST_BUFFER, FOR_INVALIDATE = 0x80, 0x20, 0x01


@command(0x41)
def sign(chip, cmd):
    fixed = 0x3E if chip.memory.is_508 else 0x1E
    parse_unless(not cmd.mode & fixed, "Sign: bits 5-1 must be zero")
    parse_unless(not (cmd.mode & EXTERNAL and cmd.mode & FOR_INVALIDATE), "Sign: bit 0 must be zero")
    parse_unless(not cmd.data, "Sign takes no data")
    slot = private_slot(chip, cmd)
    refuse_unless(slot.is_secret, "IsSecret must be set")
    message = (_external_digest if cmd.mode & EXTERNAL else _internal_digest)(chip, cmd, slot)
    scalar = scalar_of(chip, slot)
    chip.key_may_be_used(slot)
    chip.spend_use(slot)
    chip.generator_works()
    chip.update_seed()  # for k
    chip.ecc_engine_works()
    if len(cmd.seen) != 64 or not p256.verifies(p256.public_of(scalar), message, cmd.seen):
        raise Impossible(f"Sign must answer a signature of {message.hex()}: {cmd.seen.hex()}")
    return cmd.seen


def _external_digest(chip, cmd, slot):
    if chip.memory.data_locked:
        refuse_unless(slot.read_key & 1, "ReadKey bit 0: no external signatures")
    if cmd.mode & FROM_DIGEST_BUFFER:
        return chip.read_digest_buffer(cmd)[:32]
    return chip.read_temp_key(cmd).value


def _internal_digest(chip, cmd, slot):
    memory = chip.memory
    refuse_unless(memory.data_locked, "no internal signatures before the data zone is locked")
    refuse_unless(slot.read_key & 2, "ReadKey bit 1: no internal signatures")
    temp_key = chip.read_temp_key(cmd)
    refuse_unless(temp_key.gen_dig or temp_key.gen_key, "TempKey is not from GenKey or GenDig")
    return sha256(temp_key.value, cmd.head, state_of_signed_slot(chip, cmd.mode, temp_key))


def state_of_signed_slot(chip, mode, temp_key):
    """The 19 bytes after the header of an internal message, section 9.18."""
    memory, serial = chip.memory, chip.memory.serial()
    signed = memory.slot(temp_key.key_id)
    number, config = signed.number, memory.config
    full = bool(mode & 0x40)
    is_valid = signed.needs_validation and memory.validity(number) == NIBBLE_VALID
    return b"".join((
        config[20 + 2 * number:22 + 2 * number], config[96 + 2 * number:98 + 2 * number],
        bytes([temp_key.flags(), 0, 0]), serial[8:9], serial[4:8] if full else bytes(4),
        serial[0:2], serial[2:4] if full else bytes(2), bytes([signed.unlocked, is_valid, 0])))


# ---- ECDH of the 508 -------------------------------------------------------------------------------


@command(0x43)
def ecdh(chip, cmd):
    if not chip.memory.is_508:
        from .cmd_608 import ecdh_608
        return ecdh_608(chip, cmd)
    parse_unless(cmd.mode == 0, "ECDH: Mode must be zero")
    parse_unless(len(cmd.data) == 64, "ECDH: X and Y")
    slot, secret = shared_by_slot(chip, cmd)
    if not slot.read_key & 8:
        return secret
    chip.memory.write_slot(slot.number + 1, 0, secret)
    return SUCCESS


def shared_by_slot(chip, cmd, before=lambda slot: None):
    slot = private_slot(chip, cmd)
    refuse_unless(slot.read_key & 4, "ReadKey bit 2: no ECDH")  # 9.5 knows no exception
    if chip.memory.is_508 and slot.read_key & 8:
        refuse_unless(not slot.number & 1, "an odd slot has no next slot for the secret")
        refuse_unless(may_hold_secret(chip, slot.number + 1), "the next slot cannot be written")
    before(slot)
    scalar = scalar_of(chip, slot)
    chip.key_may_be_used(slot)
    chip.spend_use(slot)
    chip.ecc_engine_works()
    refuse_unless(p256.point(cmd.data) is not None, "not a point of the curve")
    return slot, p256.shared(scalar, cmd.data)


def may_hold_secret(chip, number):
    beside = chip.memory.slot(number)
    return beside.unlocked and not beside.private
