# SPDX-License-Identifier: Apache-2.0
"""The chip behind the bus: takes one command packet, says which answers are right, moves its state.

`execute` is given what the chip under test answered. Where the sheets leave a value to chance (a
random number, a new key, the k of a signature) the model checks that value and takes it over.
"""

import hashlib

from . import counters, crc, points, times
from .memory import Memory
from .status import (COMMUNICATION, ECC_FAULT, HEALTH_TEST, OK, SELF_TEST, WATCHDOG, Impossible, Refused, parse_unless,
                     refuse_unless)
from .volatile import RAND, Volatile

TEST_PATTERN = bytes.fromhex("ffff0000") * 8  # section 3.3.2, before the configuration is locked
HANDLERS = {}  # opcode: (function, parts)

# 608: commands that have a mode which uses TempKey; AES and KDF never clear it.
MAY_USE_TEMP_KEY = {0x02, 0x08, 0x12, 0x15, 0x16, 0x1C, 0x28, 0x40, 0x41, 0x43, 0x45, 0x46, 0x47, 0x80}
ECC_COMMANDS = {0x40, 0x41, 0x43, 0x45}
INFO, NONCE, GENDIG, GENKEY, SHA, RANDOM, CHECKMAC = 0x30, 0x16, 0x15, 0x40, 0x47, 0x1B, 0x28
READ, SELFTEST = 0x02, 0x77


def command(opcode, *, on_508=True, on_608=True):
    """Registers a handler: handler(chip, cmd) returns the payload of the answer or raises Refused."""

    def register(function):
        HANDLERS[opcode] = (function, on_508, on_608)
        return function

    return register


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


class Command:
    """A parsed packet (Table 9-2) and what its execution leaves for the bookkeeping after it."""

    def __init__(self, packet, seen, after):
        self.opcode, self.mode = packet[0], packet[1]
        self.param2 = packet[2] | packet[3] << 8
        self.data = bytes(packet[4:])
        self.seen = bytes(seen)         # payload of the answer of the chip under test
        self.after = after              # its Memory after the command
        self.head = bytes(packet[0:4])  # opcode, param1, param2 as they go into the digests
        self.leaves_temp_key = False
        self.reads_temp_key = False
        self.reads_digest = False
        self.was_authorized = False
        self.keys = []

    def random_of_chip(self, length, at=0):
        """Bytes that only the chip could choose."""
        if len(self.seen) < at + length:
            raise Impossible(f"expected {length} random bytes at {at}, answer is {self.seen.hex()}")
        return self.seen[at:at + length]


class Chip:
    def __init__(self, memory: Memory):
        self.memory = memory
        self.refusal = None  # why the last command was refused
        self.time_left_us = times.WATCHDOG_US  # until the watchdog; the bus keeps it up to date
        self.broken_tests = 0   # parts of the silicon that fail, set from outside
        self.ecc_faults = 0
        self.pin_outside = 0
        self.peers = {}  # public key: private key, of whoever speaks ECDH with the chip
        self.claim = False      # AuthValid as the command under way found it: all its keys are asked
        self.volatile = Volatile()

    # ---- a command group as it arrives -----------------------------------------------------------

    def execute_group(self, body, seen, after):
        """`body` is count, packet, crc. Returns the set of right payloads; see `execute`."""
        if len(body) < 4 or body[0] != len(body) or crc.crc16(body[:-2]) != int.from_bytes(
                body[-2:], "little"):
            return {bytes([COMMUNICATION])}
        if len(body) < 7:  # properly received (the minimum is 4), but no room for the parameters
            return self.execute(body[1:-2].ljust(4, b"\0"), seen, after, too_short=True)
        return self.execute(body[1:-2], seen, after)

    def execute(self, packet, seen, after, too_short=False):
        """Returns the set of payloads that are right answers, None among them for silence."""
        cmd = Command(packet, seen, after)
        cmd.was_authorized = self.claim = self.volatile.auth_valid
        try:
            parse_unless(not too_short, "shorter than opcode and parameters")
            answers = {self._run(cmd)}
            self._settle_temp_key(cmd, failed=False)
            self.refusal = None
        except Refused as refusal:
            if self.ecc_faults and seen == bytes([ECC_FAULT]) and cmd.opcode in ECC_COMMANDS:
                self.ecc_faults -= 1  # "no particular precedence" (9.1.2): the fault came first
                refusal.statuses = frozenset({ECC_FAULT})
            self.refusal = refusal.why
            answers = {bytes([status]) for status in refusal.statuses}
            if refusal.statuses == {WATCHDOG}:
                return answers  # 9.1.6: "without attempting to execute the command"
            if refusal.statuses != {ECC_FAULT} or not self.memory.is_508:
                self._settle_temp_key(cmd, failed=True)
            self._doubt_authorization(cmd)
        return answers

    def _run(self, cmd):
        handler, on_508, on_608 = HANDLERS.get(cmd.opcode, (None, False, False))
        known = on_508 if self.memory.is_508 else on_608
        if self.memory.is_508 and cmd.opcode != SHA:
            self._drop_sha_context()
        parse_unless(known, "no such opcode")
        self._not_in_failure_state(cmd)
        if self.time_left_us < times.max_us(self.memory, cmd.opcode):
            raise Refused({WATCHDOG}, "the watchdog would cut it off")
        return handler(self, cmd)

    def _not_in_failure_state(self, cmd):
        """[TFLX] 5.1.7: after a failed self-test only reads of the configuration and SelfTest."""
        reads_config = cmd.opcode == READ and cmd.mode & 3 == 0
        if self.volatile.failed_tests and cmd.opcode != SELFTEST and not reads_config:
            raise Refused({SELF_TEST}, "a self-test has failed")

    def _drop_sha_context(self):
        """508: the context lies in TempKey; any other command destroys both (9.17)."""
        if self.volatile.sha is not None:
            self.volatile.sha = None
            self.volatile.temp_key.invalidate()

    def _settle_temp_key(self, cmd, failed):
        if self.memory.is_508:
            self._settle_508(cmd, failed)
        else:
            self._settle_608(cmd, failed)

    def _settle_508(self, cmd, failed):
        """Section 2.5.1."""
        kept = cmd.opcode == INFO or (cmd.leaves_temp_key and not failed)
        if cmd.opcode == RANDOM and points.RANDOM_KEEPS_TEMP_KEY:
            kept = True
        if not kept:
            self.volatile.temp_key.invalidate()

    def _settle_608(self, cmd, failed):
        """[TFLX] 3.1: cleared by being read; after an error "may or may not be cleared"."""
        if failed and cmd.opcode in MAY_USE_TEMP_KEY:
            self.volatile.doubt_temp_key = self.volatile.temp_key.valid
        elif cmd.reads_temp_key and not failed and not cmd.leaves_temp_key:
            self.volatile.temp_key.clear()
        if cmd.reads_digest and not failed:
            self.volatile.message_digest = None
            self.volatile.doubt_digest = False
        elif cmd.opcode not in (NONCE, SHA, INFO):
            # "generally cleared after the execution of most commands": [TFLX] 3.2
            self.volatile.doubt_digest = self.volatile.message_digest is not None

    def _doubt_authorization(self, cmd):
        """Section 2.2.5: with several errors AuthValid may or may not be cleared."""
        if self.memory.data_locked and any(slot.req_auth for slot in cmd.keys):
            self.volatile.doubt_auth = cmd.was_authorized

    # ---- rules that several commands share -------------------------------------------------------

    def slots_are_there(self):
        refuse_unless(self.memory.config_locked or points.SLOTS_EXIST_BEFORE_CONFIG_LOCK,
                      "no slots before the configuration is locked")

    def names_key(self, cmd, slot):
        cmd.keys.append(slot)
        return slot

    def key_may_be_used(self, slot):
        """ReqAuth (2.2.5), the latch (Table 2-12). Both only once the data zone is locked."""
        if not self.memory.data_locked:
            return
        refuse_unless(not slot.latch_needed or self.volatile.latch, "the latch is not set")
        self.authorized(slot)

    def authorized(self, slot):
        if not self.memory.data_locked or not slot.req_auth:
            return
        claim = self.claim and self.volatile.auth_key_id == slot.auth_key
        self.volatile.auth_valid = False
        refuse_unless(claim, "the authorization that the key asks for is missing")

    def nonce_is_random_enough(self, slot):
        """ReqRandom (2.2.5): TempKey came from the chip's own generator."""
        if not self.memory.data_locked or not slot.req_random:
            return
        temp_key = self.volatile.temp_key
        refuse_unless(temp_key.valid and temp_key.source == RAND,
                      "the key wants a random nonce")

    def spend_use(self, slot):
        """LimitedUse (3.2.5, 3.2.6): counted before the operation."""
        if not self.memory.data_locked or not slot.limited_use:
            return
        self.spend_limited(slot)

    def spend_limited(self, slot):
        if self.memory.is_508 and slot.number == 15:
            refuse_unless(counters.last_key_use_clear_one(self.memory), "LastKeyUse is used up")
            return
        value = counters.read(self.memory, 0)
        refuse_unless(value < counters.LIMIT, "Counter0 is at its limit")
        refuse_unless(value < self._count_match(), "Counter0 has reached the number of CountMatch")
        counters.write(self.memory, 0, value + 1)

    def _count_match(self):
        """608: byte 18 names the slot whose first four bytes, little-endian, end limited use."""
        match = self.memory.config[18]
        if self.memory.is_508 or not match & 1:
            return counters.LIMIT
        return int.from_bytes(self.memory.read_slot(match >> 4, 0, 4), "little")

    def read_temp_key(self, cmd, why="TempKey is not valid"):
        """The register, for a command that is about to use its contents."""
        cmd.reads_temp_key = True
        refuse_unless(self.volatile.temp_key.valid, why)
        refuse_unless(not self.volatile.temp_key.private, "TempKey holds a private key, for ECDH")
        return self.volatile.temp_key

    def read_digest_buffer(self, cmd, length=32):
        """608: the message digest buffer. When in doubt the answer tells whether it held."""
        cmd.reads_digest = True
        held = self.volatile.message_digest
        if self.volatile.doubt_digest and len(cmd.seen) == 1 and cmd.seen[0] > 1:
            held = None
        refuse_unless(held is not None and len(held) >= length, "the message digest buffer is empty")
        return held

    def random32(self, cmd, at=0):
        if not self.memory.config_locked:
            return TEST_PATTERN
        self.generator_works()
        return cmd.random_of_chip(32, at)

    def generator_works(self):
        """608: status 08 once the health test has failed; ChipOptions bit 3 clears it by failing."""
        if not self.volatile.health_failed or self.memory.is_508:
            return
        if self.memory.chip_options() & 8:
            self.volatile.health_failed = False
        raise Refused({HEALTH_TEST}, "the random number generator failed its health test")

    def ecc_engine_works(self):
        if self.ecc_faults:
            self.ecc_faults -= 1
            raise Refused({ECC_FAULT}, "a fault in the ECC engine")

    def serial_tail(self):
        """SN<8>, SN<0:1>: part of every digest."""
        serial = self.memory.serial()
        return serial[8:9] + serial[0:2]

    def update_seed(self, refresh=True):
        """Bits 1 and 0 of Info(State): seeds in SRAM and EEPROM brought up to date this session."""
        if not self.memory.config_locked:
            return  # the generator does not run yet
        self.volatile.sram_seed = True
        if refresh:
            self.volatile.eeprom_seed = True

    # ---- agreement with the chip under test ------------------------------------------------------

    def take_over_state(self, state):
        """Settles what is in doubt from an Info(State) answer of the chip under test."""
        if self.volatile.doubt_auth:
            self.volatile.auth_valid = bool(state[1] & 4)
        if self.volatile.doubt_temp_key and not state[1] & 0x80:
            self.volatile.temp_key.clear()
        if self.volatile.doubt_flags and state[1] & 0x80:
            self._take_over_flags(state[0])
        self.volatile.doubt_auth = self.volatile.doubt_temp_key = self.volatile.doubt_flags = False

    def _take_over_flags(self, flags):
        """No sheet gives the flags of a TempKey that SHA, ECDH or KDF has filled."""
        temp_key = self.volatile.temp_key
        temp_key.source, temp_key.key_id = flags >> 4 & 1, flags & 0xF
        temp_key.no_mac, temp_key.gen_key = bool(flags & 0x80), bool(flags & 0x40)
        temp_key.gen_dig = bool(flags & 0x20)


__all__ = ["Chip", "Command", "command", "sha256", "OK", "WATCHDOG"]
