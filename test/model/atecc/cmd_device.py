# SPDX-License-Identifier: Apache-2.0
"""Info, Random, Nonce, Counter, UpdateExtra, Lock, Pause, SelfTest."""

from . import counters, crc, p256, points
from .chip import command, sha256
from .memory import NIBBLE_VALID, P256, SLOT_BYTES
from .status import OK, error_unless, parse_unless, refuse_unless
from .volatile import INPUT, RAND

SUCCESS = bytes([OK])


# ---- Info, section 9.9 -----------------------------------------------------------------------------


@command(0x30)
def info(chip, cmd):
    modes = {0: _revision, 1: _key_valid, 2: _state, 3: _gpio}
    if not chip.memory.is_508:
        modes[4] = _latch
    parse_unless(cmd.mode in modes, "Info has no such mode")
    return modes[cmd.mode](chip, cmd)


def _revision(chip, cmd):
    return bytes(chip.memory.config[4:8])


def _key_valid(chip, cmd):
    slot = chip.memory.slot(cmd.param2)
    if slot.private and slot.key_type == P256:
        return _flag(private_key_is_valid(chip.memory, slot))
    if slot.needs_validation:
        return _flag(chip.memory.validity(slot.number) == NIBBLE_VALID)
    # "not useful", "not meaningful": whatever the chip says
    if len(cmd.seen) == 4 and cmd.seen[1:] == bytes(3) and cmd.seen[0] < 2:
        return cmd.seen
    return _flag(False)


def private_key_is_valid(memory, slot):
    """Only PrivWrite and GenKey make one (2.1). What they write is a pad of zeros and a scalar."""
    return p256.is_scalar(memory.private_key(slot.number)[4:])


def _flag(value):
    return bytes([int(value), 0, 0, 0])


def _state(chip, cmd):
    volatile = chip.volatile
    first = volatile.temp_key.flags()
    second = (volatile.temp_key.valid << 7 | volatile.auth_key_id << 3 | volatile.auth_valid << 2)
    if chip.memory.is_508:  # unused on the 608, [TFLX] Table 5-10
        second |= volatile.sram_seed << 1 | volatile.eeprom_seed
    return _what_is_told(volatile, bytes([first, second, 0, 0]), cmd.seen)


def _what_is_told(volatile, state, seen):
    """Flags say nothing while Valid is 0, nor AuthKeyID while AuthValid is 0; doubts are settled."""
    if len(seen) != 4:
        return state
    first, second = state[0], state[1]
    free = 0
    if volatile.doubt_auth:
        free |= 0x04
    if volatile.doubt_temp_key:
        free |= 0x80
    second = second & ~free | seen[1] & free
    if not second & 0x80 or volatile.doubt_flags:
        first = seen[0]
    if not second & 0x04:
        second = second & ~0x78 | seen[1] & 0x78
    return bytes([first, second, state[2], state[3]])


def _gpio(chip, cmd):
    """Table 7-1 and the bullets under Table 9-28."""
    memory = chip.memory
    refuse_unless(memory.is_single_wire and memory.config[16] & 3, "there is no GPIO pin")
    parse_unless(cmd.param2 < 4, "Info(GPIO): Param2 bits 15-2 must be zero")
    modes = {1: _gpio_authorized, 2: _gpio_input, 3: _gpio_output}
    return _flag(modes[memory.config[16] & 3](chip, memory.config[16], cmd.param2))


def _gpio_authorized(chip, control, wanted):
    volatile = chip.volatile
    authorized = volatile.auth_valid and volatile.auth_key_id == control >> 4
    value = wanted & 1
    if control & 8:  # intrusion detection
        if wanted & 2 and authorized:
            volatile.latch = bool(value)
        return volatile.latch
    default = control >> 2 & 1
    if wanted & 2 and (value == default or authorized):
        volatile.pin_driven = value
    return volatile.pin_driven


def _gpio_input(chip, control, wanted):
    refuse_unless(not wanted & 2, "the pin is an input")
    return chip.pin_outside


def _gpio_output(chip, control, wanted):
    chip.volatile.pin_driven = wanted & 1 if wanted & 2 else None
    return chip.pin_outside if chip.volatile.pin_driven is None else chip.volatile.pin_driven


def _latch(chip, cmd):
    """608: the persistent latch, readable; set by an authorized VolatileKeyPermission ([TFLX] 5.1.2.5)."""
    parse_unless(cmd.param2 < 4, "unknown latch operation")
    permission = chip.memory.config[69]
    if cmd.param2 & 2:
        refuse_unless(permission & 0x80, "volatile key permission is off")
        volatile = chip.volatile
        key = chip.memory.slot(permission & 0xF)
        refuse_unless(volatile.auth_valid and volatile.auth_key_id == key.number,
                      "the permitting key has not authorized")
        volatile.latch = bool(cmd.param2 & 1)
    return _flag(chip.volatile.latch)


# ---- Random 9.15, Nonce 9.12 -----------------------------------------------------------------------


@command(0x1B)
def random(chip, cmd):
    parse_unless(cmd.mode <= 1 and cmd.param2 == 0, "Random: mode 0 or 1, Param2 0")
    value = chip.random32(cmd)
    chip.update_seed(refresh=cmd.mode == 0)
    return value


@command(0x16)
def nonce(chip, cmd):
    kind = cmd.mode & 3
    if kind == 3:
        return _nonce_fixed(chip, cmd)
    parse_unless(cmd.mode in (0, 1), "Nonce: no such mode")
    parse_unless(cmd.param2 & 0x7FFF == 0, "Nonce: Param2 bits 14-0 must be zero")
    parse_unless(len(cmd.data) == 20, "Nonce: NumIn must have 20 bytes")
    tail = cmd.data + bytes([0x16, cmd.mode, cmd.param2 & 0xFF])
    if cmd.param2 & 0x8000:
        return _nonce_calculated(chip, cmd, tail)
    value = chip.random32(cmd)
    chip.update_seed(refresh=cmd.mode == 0)
    chip.volatile.temp_key.load(sha256(value, tail), RAND)
    cmd.leaves_temp_key = True
    return value


def _nonce_calculated(chip, cmd, tail):
    temp_key = chip.read_temp_key(cmd)
    temp_key.value = sha256(temp_key.value, tail)
    temp_key.upper = None
    if not chip.memory.is_508 and not points.CALCULATED_NONCE_KEEPS_SOURCE_ON_608:
        temp_key.source = RAND
    cmd.leaves_temp_key = True
    return temp_key.value


def _nonce_fixed(chip, cmd):
    if chip.memory.is_508:
        parse_unless(cmd.mode == 3, "Nonce: mode bits 7-2 must be zero")
        length, target = 32, 0
    else:
        parse_unless(cmd.mode in (0x03, 0x23, 0x43, 0x63, 0x83), "Nonce: no such target")
        length, target = (64 if cmd.mode & 0x20 else 32), cmd.mode & 0xC0
    parse_unless(cmd.param2 & 0x7FFF == 0, "Nonce: Param2 bits 14-0 must be zero")
    parse_unless(len(cmd.data) == length, f"Nonce: the value must have {length} bytes")
    volatile = chip.volatile
    cmd.leaves_temp_key = True
    if target == 0x00:
        volatile.temp_key.load(cmd.data[:32], INPUT, cmd.data[32:] or None)
    elif target == 0x40:
        volatile.message_digest, volatile.doubt_digest = cmd.data, False
    else:
        volatile.alt_key = cmd.data
    return SUCCESS


# ---- Counter 9.3, UpdateExtra 9.19 -----------------------------------------------------------------


@command(0x24)
def counter(chip, cmd):
    parse_unless(cmd.mode <= 1 and cmd.param2 <= 1, "Counter: mode 0 or 1, counter 0 or 1")
    parse_unless(not cmd.data, "Counter takes no data")
    value = counters.read(chip.memory, cmd.param2)
    if cmd.mode == 1:
        refuse_unless(value < counters.LIMIT, "the counter is at its limit")
        value += 1
        counters.write(chip.memory, cmd.param2, value)
    return value.to_bytes(4, "little")


@command(0x20)
def update_extra(chip, cmd):
    parse_unless(cmd.mode <= 3 and cmd.param2 < 256, "UpdateExtra: mode 0-3, MSB of NewValue zero")
    parse_unless(not cmd.data, "UpdateExtra takes no data")
    if cmd.mode & 2:
        return _use_up_one(chip, cmd)
    at = 85 if cmd.mode & 1 else 84
    present = chip.memory.config[at]
    free = chip.memory.is_508 and at == 85 and not chip.memory.config[19] & 1
    refuse_unless(free or present == 0, f"byte {at} is not zero any more")
    chip.memory.config[at] = cmd.param2
    return SUCCESS


def _use_up_one(chip, cmd):
    slot = chip.memory.slot(cmd.param2)
    if slot.limited_use:
        chip.spend_limited(slot)
    return SUCCESS


# ---- Lock 9.10, Pause 9.13 -------------------------------------------------------------------------


@command(0x17)
def lock(chip, cmd):
    what = cmd.mode & 3
    parse_unless(not cmd.mode & 0x40 and what != 3, "Lock: bit 6 zero, no zone 3")
    parse_unless(what == 2 or not cmd.mode & 0x3C, "Lock: a slot number with a zone")
    return (_lock_config, _lock_data, _lock_slot)[what](chip, cmd)


def _lock_config(chip, cmd):
    memory = chip.memory
    refuse_unless(not memory.config_locked, "the configuration is locked already")
    _summary_matches(cmd, memory.config)
    memory.config[87] = 0
    return SUCCESS


def _lock_data(chip, cmd):
    memory = chip.memory
    refuse_unless(memory.config_locked, "the configuration must be locked first")
    refuse_unless(not memory.data_locked, "the data zone is locked already")
    slots = (n for n in range(16) if not memory.slot(n).private)
    content = b"".join(memory.read_slot(n, 0, SLOT_BYTES[n]) for n in slots)
    _summary_matches(cmd, content + memory.otp)
    memory.config[86] = 0
    return SUCCESS


def _summary_matches(cmd, content):
    refuse_unless(cmd.mode & 0x80 or crc.crc16(content) == cmd.param2, "the summary does not match")


def _lock_slot(chip, cmd):
    memory = chip.memory
    slot = memory.slot(cmd.mode >> 2)
    refuse_unless(memory.config_locked, "the configuration must be locked first")
    refuse_unless(slot.lockable, "the slot is not lockable")
    refuse_unless(slot.unlocked, "the slot is locked already")
    memory.config[88 + slot.number // 8] &= ~(1 << slot.number % 8) & 0xFF
    return SUCCESS


@command(0x01, on_608=False)
def pause(chip, cmd):
    """None: this chip goes idle and says nothing."""
    parse_unless(cmd.param2 == 0, "Pause: Param2 must be zero")
    if cmd.mode == chip.memory.config[85]:
        return SUCCESS
    cmd.leaves_temp_key = True  # idle retains it, and there is no return code to clear it
    return None


@command(0x77, on_508=False)
def self_test(chip, cmd):
    parse_unless(not cmd.data, "SelfTest takes no data")
    parse_unless(cmd.mode & 0xC0 == 0 and cmd.param2 == 0, "SelfTest: bits 7-6 and Param2 zero")
    failed = cmd.mode & chip.broken_tests
    volatile = chip.volatile
    volatile.failed_tests = volatile.failed_tests & ~cmd.mode | failed
    return bytes([failed if cmd.mode else volatile.failed_tests])
