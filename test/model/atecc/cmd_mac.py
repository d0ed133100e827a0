# SPDX-License-Identifier: Apache-2.0
"""MAC 9.11, CheckMac 9.2, HMAC 9.8, GenDig 9.6, DeriveKey 9.4: the SHA-256 commands on keys."""

import hmac

from . import counters, points
from .chip import command, sha256
from .cmd_device import SUCCESS
from .status import MISCOMPARE, Unknowable, error_unless, parse_unless, refuse_unless
from .volatile import INPUT, RAND

FROM_TEMP_KEY_FIRST, FROM_TEMP_KEY_SECOND, SOURCE_IS_INPUT, WITH_SERIAL = 2, 1, 4, 0x40


def secret_slot(chip, cmd):
    """The key of a SHA computation: any slot that holds no private key."""
    chip.slots_are_there()
    slot = chip.names_key(cmd, chip.memory.slot(cmd.param2))
    refuse_unless(not slot.private, "private keys serve the ECC commands only")
    return slot


def _temp_key_input(chip, cmd):
    """Mode bit 2 must tell where TempKey comes from."""
    temp_key = chip.read_temp_key(cmd)
    refuse_unless(bool(cmd.mode & SOURCE_IS_INPUT) == (temp_key.source == INPUT),
                  "mode bit 2 and SourceFlag differ")
    return temp_key


def _mac_tail(chip, cmd):
    serial = chip.memory.serial()
    diversified = bool(cmd.mode & WITH_SERIAL)
    return b"".join((cmd.head, bytes(11), serial[8:9], serial[4:8] if diversified else bytes(4),
                     serial[0:2], serial[2:4] if diversified else bytes(2)))


def _may_not_mac(chip, slot):
    refuse_unless(not (chip.memory.data_locked and slot.no_mac), "NoMac is set")


# ---- MAC and CheckMac ------------------------------------------------------------------------------


@command(0x08)
def mac(chip, cmd):
    parse_unless(not cmd.mode & 0xB8, "MAC: bits 7 and 5-3 must be zero")
    lengths = (0, 32) if cmd.mode & FROM_TEMP_KEY_SECOND else (32,)
    parse_unless(len(cmd.data) in lengths, "MAC: the challenge has 32 bytes")
    slot = None if cmd.mode & FROM_TEMP_KEY_FIRST else secret_slot(chip, cmd)
    if slot:
        _may_not_mac(chip, slot)
    first, second = _two_blocks(chip, cmd, slot, no_mac_matters=True)
    return sha256(first, second, _mac_tail(chip, cmd))


def _two_blocks(chip, cmd, slot, no_mac_matters):
    """The first 64 bytes of the message of MAC and CheckMac, with every check of key and TempKey."""
    temp_key = None
    if cmd.mode & (FROM_TEMP_KEY_FIRST | FROM_TEMP_KEY_SECOND):
        temp_key = _temp_key_input(chip, cmd)
        refuse_unless(not (no_mac_matters and temp_key.no_mac), "TempKey carries NoMac")
    if slot:
        chip.nonce_is_random_enough(slot)
        chip.key_may_be_used(slot)
        chip.spend_use(slot)
    first = chip.memory.key(slot.number) if slot else temp_key.value
    second = temp_key.value if cmd.mode & FROM_TEMP_KEY_SECOND else cmd.data[:32]
    return first, second


@command(0x28)
def check_mac(chip, cmd):
    parse_unless(not cmd.mode & 0xF8, "CheckMac: bits 7-3 must be zero")
    parse_unless(len(cmd.data) == 77, "CheckMac: 32 + 32 + 13 bytes")
    slot = None if cmd.mode & FROM_TEMP_KEY_FIRST else secret_slot(chip, cmd)
    first, second = _two_blocks(chip, cmd, slot, no_mac_matters=False)
    response, other = cmd.data[32:64], cmd.data[64:]
    serial = chip.memory.serial()
    digest = sha256(first, second, other[0:4], bytes(8), other[4:7], serial[8:9], other[7:11],
                    serial[0:2], other[11:13])
    if digest != response:
        return bytes([MISCOMPARE])
    if slot:
        chip.volatile.auth_valid, chip.volatile.auth_key_id = True, slot.number
        _maybe_copy(chip, cmd, slot)
    return SUCCESS


def _maybe_copy(chip, cmd, slot):
    """CheckMac/Copy, section 3.2.7."""
    target = chip.memory.slot(slot.number | 1)
    if (cmd.mode not in points.COPY_MODES or target.read_key != 0 or target.private
            or not chip.memory.data_locked):
        return
    chip.volatile.temp_key.load(chip.memory.key(target.number), INPUT)
    cmd.leaves_temp_key = True


# ---- HMAC ------------------------------------------------------------------------------------------


@command(0x11, on_608=False)
def hmac_command(chip, cmd):
    parse_unless(not cmd.mode & 0xBB, "HMAC: bits 7, 5-3 and 1-0 must be zero")
    parse_unless(not cmd.data, "HMAC takes no data")
    slot = secret_slot(chip, cmd)
    _may_not_mac(chip, slot)
    temp_key = _temp_key_input(chip, cmd)
    refuse_unless(not temp_key.no_mac, "TempKey carries NoMac")
    chip.nonce_is_random_enough(slot)
    chip.key_may_be_used(slot)
    chip.spend_use(slot)
    message = bytes(32) + temp_key.value + _mac_tail(chip, cmd)
    return hmac.digest(chip.memory.key(slot.number), message, "sha256")


# ---- GenDig ----------------------------------------------------------------------------------------


@command(0x15)
def gen_dig(chip, cmd):
    zones = {0: _dig_config, 1: _dig_otp, 2: _dig_slot, 3: _dig_shared, 4: _dig_counter,
             5: _dig_key_config}
    parse_unless(cmd.mode in zones, "GenDig: no such zone")
    message = zones[cmd.mode](chip, cmd)
    temp_key = chip.volatile.temp_key
    temp_key.value, temp_key.upper = sha256(*message), None
    temp_key.gen_key = False
    temp_key.gen_dig = cmd.mode == 2 and cmd.param2 < 0x8000
    temp_key.key_id = cmd.param2 & 0xF if temp_key.gen_dig else 0
    cmd.leaves_temp_key = True
    return SUCCESS


def _ignored_data(cmd):
    parse_unless(len(cmd.data) in (0, 4, 32), "GenDig: OtherData has 0, 4 or 32 bytes")


def _digest_parts(chip, cmd, value, temp_key):
    return value, cmd.head, chip.serial_tail(), bytes(25), temp_key.value


def _dig_config(chip, cmd):
    _ignored_data(cmd)
    error_unless(cmd.param2 < 4, "GenDig: the configuration has four blocks")
    temp_key = chip.read_temp_key(cmd)
    block = chip.memory.config[32 * cmd.param2:32 * cmd.param2 + 32]
    return _digest_parts(chip, cmd, block, temp_key)


def _dig_otp(chip, cmd):
    _ignored_data(cmd)
    error_unless(cmd.param2 < 2, "GenDig: OTP has two blocks")
    chip.slots_are_there()
    temp_key = chip.read_temp_key(cmd)
    block = chip.memory.otp[32 * cmd.param2:32 * cmd.param2 + 32]
    return _digest_parts(chip, cmd, block, temp_key)


def _dig_slot(chip, cmd):
    _ignored_data(cmd)
    if cmd.param2 >= 0x8000:
        temp_key = chip.read_temp_key(cmd)
        refuse_unless(temp_key.source == RAND, "transport keys want a random nonce")
        raise Unknowable("the values of the transport keys are not public")
    slot = chip.names_key(cmd, chip.memory.slot(cmd.param2))
    no_mac = chip.memory.data_locked and slot.no_mac
    error_unless(not no_mac or cmd.data, "a NoMac key wants 4 bytes of OtherData")
    secret_slot(chip, cmd)
    temp_key = chip.read_temp_key(cmd)
    chip.nonce_is_random_enough(slot)
    chip.key_may_be_used(slot)
    chip.spend_use(slot)
    key = chip.memory.key(slot.number)
    if not no_mac:
        return _digest_parts(chip, cmd, key, temp_key)
    temp_key.no_mac = True
    return key, cmd.data[:4], chip.serial_tail(), bytes(25), temp_key.value


def _dig_shared(chip, cmd):
    parse_unless(len(cmd.data) == 32, "GenDig: a shared nonce has 32 bytes")
    temp_key = chip.read_temp_key(cmd)
    first, last = cmd.data, temp_key.value
    if cmd.param2 & 0x8000:
        first, last = last, first
    header = bytes([0x15, cmd.mode, cmd.param2 & 0xFF, 0])
    return first, header, chip.serial_tail(), bytes(25), last


def _dig_counter(chip, cmd):
    _ignored_data(cmd)
    error_unless(cmd.param2 < 2, "GenDig: two counters")
    temp_key = chip.read_temp_key(cmd)
    value = counters.read(chip.memory, cmd.param2).to_bytes(4, "little")
    return (bytes(32), cmd.head, chip.serial_tail(), bytes(1), value, bytes(20), temp_key.value)


def _dig_key_config(chip, cmd):
    _ignored_data(cmd)
    temp_key = chip.read_temp_key(cmd)
    slot = chip.memory.slot(cmd.param2)
    config = chip.memory.config
    settings = config[20 + 2 * slot.number:22 + 2 * slot.number] + config[96 + 2 * slot.number:
                                                                         98 + 2 * slot.number]
    return (bytes(32), cmd.head, chip.serial_tail(), bytes(1), settings, bytes([slot.unlocked]),
            bytes(19), temp_key.value)


# ---- DeriveKey -------------------------------------------------------------------------------------


@command(0x1C)
def derive_key(chip, cmd):
    parse_unless(not cmd.mode & 0xFB, "DeriveKey: bits 7-3 and 1-0 must be zero")
    parse_unless(len(cmd.data) in (0, 32), "DeriveKey: no data or a MAC")
    refuse_unless(chip.memory.config_locked, "no DeriveKey before the configuration is locked")
    target = chip.memory.slot(cmd.param2)
    parent = chip.memory.slot(target.write_key)
    create = bool(target.write_config & 1)
    with_mac = bool(target.write_config & 8) and chip.memory.data_locked
    source = parent if create else target
    for slot in {source.number, parent.number} if with_mac else {source.number}:
        chip.names_key(cmd, chip.memory.slot(slot))
    refuse_unless(not target.private and not any(key.private for key in cmd.keys), "a private key")
    refuse_unless(target.unlocked, "the slot is locked")
    refuse_unless(target.write_config & 2 or not chip.memory.data_locked, "Table 2-9: not a target")
    error_unless(cmd.data or not with_mac, "Table 2-9 asks for a MAC")
    temp_key = _temp_key_input(chip, cmd)
    chip.nonce_is_random_enough(source)
    for key in cmd.keys:
        chip.key_may_be_used(key)
    if create or with_mac:
        chip.spend_use(parent)
    if with_mac:
        expected = sha256(chip.memory.key(parent.number), cmd.head, chip.serial_tail())
        refuse_unless(expected == cmd.data, "the MAC does not match")
    chip.memory.write_slot(target.number, 0, sha256(
        chip.memory.key(source.number), cmd.head, chip.serial_tail(), bytes(25), temp_key.value))
    return SUCCESS
