# SPDX-License-Identifier: Apache-2.0
"""Read 9.16, Write 9.21, PrivWrite 9.14."""

from .chip import command, sha256
from .cmd_device import SUCCESS
from .memory import CONFIG, DATA, NIBBLE_VALID, OTP, P256, SLOT_BYTES
from .status import error_unless, parse_unless, refuse_unless
from .volatile import RAND

FOREVER_FIXED = set(range(0, 16)) | set(range(84, 88))  # Table 9-7


class Address:
    """Param2 of Read and Write, section 9.1.4."""

    def __init__(self, zone, whole_block, param2):
        self.zone, self.length = zone, 32 if whole_block else 4
        word = 0 if whole_block else param2 & 7
        if zone == DATA:
            self.slot, self.block = param2 >> 3 & 0xF, param2 >> 8
            self.limit = SLOT_BYTES[self.slot]
            unused = param2 & 0x80
        else:
            self.slot, self.block = None, param2 >> 3
            self.limit = 128 if zone == CONFIG else 64
            unused = 0
        self.at = self.block * 32 + word * 4
        error_unless(not unused and self.at < self.limit, "past the end of the zone")


def xor(left, right):
    return bytes(a ^ b for a, b in zip(left, right))


# ---- Read ------------------------------------------------------------------------------------------


@command(0x02)
def read(chip, cmd):
    parse_unless(not cmd.mode & 0x7C and cmd.mode & 3 != 3, "Read: no such zone")
    parse_unless(not cmd.data, "Read takes no data")
    memory = chip.memory
    address = Address(cmd.mode & 3, bool(cmd.mode & 0x80), cmd.param2)
    if address.zone == CONFIG:
        return bytes(memory.config[address.at:address.at + address.length])
    refuse_unless(memory.data_locked, "no reads before the data zone is locked")
    if address.zone == OTP:
        return bytes(memory.otp[address.at:address.at + address.length])
    return _read_slot(chip, cmd, address)


def _read_slot(chip, cmd, address):
    """Table 2-7."""
    slot = chip.memory.slot(address.slot)
    refuse_unless(not slot.private, "private keys are never read")
    refuse_unless(slot.is_secret or not slot.encrypt_read, "Table 2-7, second row: prohibited")
    refuse_unless(not slot.is_secret or slot.encrypt_read, "the slot is never read")
    content = chip.memory.read_slot(slot.number, address.at, address.length)
    if not slot.is_secret:
        return content
    refuse_unless(address.length == 32, "a secret slot is read 32 bytes at a time")
    temp_key = chip.read_temp_key(cmd)
    refuse_unless(temp_key.gen_dig and temp_key.key_id == slot.read_key
                  and temp_key.source == RAND, "TempKey is not from GenDig of ReadKey")
    return xor(content, temp_key.value)


# ---- Write -----------------------------------------------------------------------------------------


@command(0x12)
def write(chip, cmd):
    parse_unless(not cmd.mode & 0x3C and cmd.mode & 3 != 3, "Write: no such zone")
    address = Address(cmd.mode & 3, bool(cmd.mode & 0x80), cmd.param2)
    lengths = (32, 64) if address.length == 32 else (4,)
    parse_unless(len(cmd.data) in lengths, "Write: wrong number of bytes")
    parse_unless(address.zone != OTP or not cmd.mode & 0x40 or len(cmd.data) == 64,
                 "Write: an encrypted OTP write has a MAC")
    zone = (_write_config, _write_otp, _write_data)[address.zone]
    return zone(chip, cmd, address)


def _clear(cmd, address):
    """A MAC that nobody asked for is ignored (9.1: "some input bytes may be silently ignored")."""
    return cmd.data[:address.length]


def _write_config(chip, cmd, address):
    error_unless(not cmd.mode & 0x40, "the configuration is never written encrypted")
    value = _clear(cmd, address)
    touched = set(range(address.at, address.at + address.length))
    error_unless(not touched & FOREVER_FIXED, "bytes that are never written")
    refuse_unless(not chip.memory.config_locked, "the configuration is locked")
    chip.memory.config[address.at:address.at + address.length] = value
    return SUCCESS


def _write_otp(chip, cmd, address):
    memory = chip.memory
    refuse_unless(memory.config_locked, "OTP does not exist before the configuration is locked")
    if not memory.data_locked:
        refuse_unless(address.length == 32, "4-byte writes need locked zones")
        memory.otp[address.at:address.at + 32] = _value_before_lock(chip, cmd, address)
        return SUCCESS
    refuse_unless(memory.is_508 and memory.config[18] == 0x55, "OTP is read-only")
    error_unless(not cmd.mode & 0x40, "OTP is not written encrypted once locked")
    value = _clear(cmd, address)
    for offset, byte in enumerate(value):
        memory.otp[address.at + offset] &= byte
    return SUCCESS


def _value_before_lock(chip, cmd, address):
    """Zone bit 6 alone decides (9.21.1); any GenDig key, or none, is good enough."""
    if not cmd.mode & 0x40:
        return _clear(cmd, address)
    return _decrypted(chip, cmd, any_key=True)


def _decrypted(chip, cmd, any_key, write_key=None):
    # Whether a MAC is due depends on the configuration, so its absence is no parse error.
    refuse_unless(len(cmd.data) == 64, "an encrypted write has 32 bytes and a MAC")
    temp_key = chip.read_temp_key(cmd)
    if not any_key:
        refuse_unless(temp_key.gen_dig and temp_key.key_id == write_key,
                      "TempKey is not from GenDig of WriteKey")
    plain = xor(cmd.data[:32], temp_key.value)
    mac = sha256(temp_key.value, cmd.head, chip.serial_tail(), bytes(25), plain)
    refuse_unless(mac == cmd.data[32:], "the MAC does not match")
    return plain


def _write_data(chip, cmd, address):
    memory = chip.memory
    slot = memory.slot(address.slot)
    refuse_unless(memory.config_locked, "slots do not exist before the configuration is locked")
    refuse_unless(slot.unlocked, "the slot is locked")
    refuse_unless(not slot.private, "private keys are not written by Write")
    if memory.data_locked:
        value = _value_after_lock(chip, cmd, address, slot)
    else:
        refuse_unless(address.length == 32, "4-byte writes need locked zones")
        value = _value_before_lock(chip, cmd, address)
    memory.write_slot(slot.number, address.at, value)
    return SUCCESS


def _value_after_lock(chip, cmd, address, slot):
    """Table 2-8."""
    if slot.write_config & 4:
        refuse_unless(address.length == 32, "4-byte writes are prohibited")
        return _decrypted(chip, cmd, any_key=False, write_key=slot.write_key)
    refuse_unless(slot.write_config in (0, 1), "the slot is never written")
    if address.length == 4:
        refuse_unless(slot.write_config == 0 and not slot.is_secret, "4-byte writes are prohibited")
        error_unless(not cmd.mode & 0x40, "4-byte writes are not encrypted")
    validated = slot.is_marked and chip.memory.validity(slot.number) == NIBBLE_VALID
    refuse_unless(slot.write_config == 0 or not validated, "invalidate the public key first")
    return _clear(cmd, address)


# ---- PrivWrite -------------------------------------------------------------------------------------


@command(0x46)
def priv_write(chip, cmd):
    parse_unless(cmd.mode in (0x00, 0x40), "PrivWrite: Zone is 0x00 or 0x40")
    encrypted = cmd.mode == 0x40
    lengths = (68,) if encrypted else (36, 68)
    parse_unless(len(cmd.data) in lengths, "PrivWrite: 36 bytes and a MAC")
    slot = chip.memory.slot(cmd.param2)
    refuse_unless(chip.memory.config_locked, "no PrivWrite before the configuration is locked")
    refuse_unless(slot.private and slot.is_secret and slot.key_type == P256, "not a private key slot")
    refuse_unless(slot.unlocked, "the slot is locked")
    if chip.memory.data_locked:
        refuse_unless(slot.write_config & 4, "Table 2-11: forbidden")
        refuse_unless(encrypted, "once locked only encrypted")
    plain = _private_plain(chip, cmd, slot) if encrypted else cmd.data[:36]
    chip.memory.write_slot(slot.number, 0, plain)
    return SUCCESS


def _private_plain(chip, cmd, slot):
    temp_key = chip.read_temp_key(cmd)
    if chip.memory.data_locked:
        refuse_unless(temp_key.gen_dig and temp_key.key_id == slot.write_key,
                      "TempKey is not from GenDig of WriteKey")
    mask = temp_key.value + sha256(temp_key.value)[:4]
    plain = xor(cmd.data[:36], mask)
    mac = sha256(temp_key.value, cmd.head, chip.serial_tail(), bytes(21), plain)
    refuse_unless(mac == cmd.data[36:], "the MAC does not match")
    return plain
