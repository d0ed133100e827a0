# SPDX-License-Identifier: Apache-2.0
"""SHA: section 9.17 for the 508, [TFLX] 5.1.8 for the 608."""

import hashlib
import hmac

from .chip import command
from .cmd_device import SUCCESS
from .cmd_mac import _may_not_mac, secret_slot
from .status import Refused, Unknowable, parse_unless, refuse_unless
from .volatile import INPUT, ShaContext

START, UPDATE, END, PUBLIC, HMAC_START, HMAC_END = 0, 1, 2, 3, 4, 5
READ_CONTEXT, WRITE_CONTEXT = 6, 7


@command(0x47)
def sha(chip, cmd):
    if chip.memory.is_508:
        return _sha_508(chip, cmd)
    return _sha_608(chip, cmd)


def _sha_508(chip, cmd):
    handlers = {START: _start, UPDATE: _update_508, END: _end_508, PUBLIC: _public,
                HMAC_START: _hmac_start, HMAC_END: _end_508}
    try:
        parse_unless(cmd.mode in handlers, "SHA: no such mode")
        return handlers[cmd.mode](chip, cmd)
    except Refused:
        chip.volatile.sha = None  # "on any error return code"
        raise


def _start(chip, cmd):
    parse_unless(not cmd.data and cmd.param2 == 0, "SHA(Start) takes nothing")
    chip.volatile.sha = ShaContext()
    return SUCCESS


def _running(chip):
    refuse_unless(chip.volatile.sha is not None, "no SHA calculation has been started")
    return chip.volatile.sha


def _hmac_start(chip, cmd):
    parse_unless(not cmd.data, "SHA(HMACstart) takes no message")
    if not chip.memory.is_508 and cmd.param2 == 0xFFFF:
        temp_key = chip.read_temp_key(cmd)
        refuse_unless(not temp_key.no_mac, "TempKey carries NoMac")  # as with the HMAC command
        chip.volatile.sha = ShaContext(key=temp_key.value)
        return SUCCESS
    slot = secret_slot(chip, cmd)
    _may_not_mac(chip, slot)
    chip.key_may_be_used(slot)
    chip.spend_use(slot)
    chip.volatile.sha = ShaContext(key=chip.memory.key(slot.number))
    return SUCCESS


def _update_508(chip, cmd):
    parse_unless(len(cmd.data) == 64 and cmd.param2 == 64, "SHA(Update) takes 64 bytes")
    context = _running(chip)
    context.message += cmd.data
    context.blocks += 1
    return SUCCESS


def _public(chip, cmd):
    parse_unless(not cmd.data, "SHA(Public) takes no message")
    chip.slots_are_there()
    slot = chip.memory.slot(cmd.param2)
    refuse_unless(slot.has_public_key, "not a public key slot")
    context = _running(chip)
    context.public = (slot.number, context.blocks)
    context.message += chip.memory.public_key(slot.number)
    context.blocks += 1
    return SUCCESS


def _end_508(chip, cmd):
    parse_unless(len(cmd.data) == cmd.param2 <= 63, "SHA(End) takes 0 to 63 bytes")
    context = _running(chip)
    refuse_unless((context.key is not None) == (cmd.mode == HMAC_END), "another End is due")
    digest = _finish(context, cmd.data)
    chip.volatile.sha = None
    _leave_digest(chip, cmd, context, digest)
    return digest


def _leave_digest(chip, cmd, context, digest):
    chip.volatile.temp_key.load(digest, INPUT)
    if context.public:
        # Blocks are numbered from 0; what End brings along is one more.
        chip.volatile.temp_key.sha_public = (*context.public, context.blocks + bool(cmd.data))
    chip.volatile.doubt_flags = True
    cmd.leaves_temp_key = True


def _finish(context, tail):
    message = context.message + tail
    if context.key is None:
        return hashlib.sha256(message).digest()
    return hmac.digest(context.key, message, "sha256")


# ---- 608 -------------------------------------------------------------------------------------------


def _sha_608(chip, cmd):
    handlers = {START: _start, UPDATE: _update_608, PUBLIC: _public, END: _end_608, 0x42: _end_608, 0xC2: _end_608,
                HMAC_START: _hmac_start, READ_CONTEXT: _read_context,
                WRITE_CONTEXT: _write_context}
    parse_unless(cmd.mode in handlers, "SHA: no such mode")
    return handlers[cmd.mode](chip, cmd)


def _update_608(chip, cmd):
    parse_unless(1 <= len(cmd.data) <= 64 and cmd.param2 == len(cmd.data), "SHA(Update): 1-64 bytes")
    context = _running(chip)
    context.message += cmd.data
    context.blocks += 1
    return SUCCESS


def _end_608(chip, cmd):
    parse_unless(len(cmd.data) == cmd.param2 <= 64, "SHA(End) takes 0 to 64 bytes")
    context = _running(chip)
    digest = _finish(context, cmd.data)
    chip.volatile.sha = None
    if cmd.mode == 0x42:
        chip.volatile.message_digest, chip.volatile.doubt_digest = digest, False
    elif cmd.mode == END:
        _leave_digest(chip, cmd, context, digest)
    return digest


def _read_context(chip, cmd):
    """The layout past "40 plus the residue" is not public: remembered whole, given back whole."""
    parse_unless(not cmd.data and cmd.param2 == 0, "SHA(Read context) takes nothing")
    context = _running(chip)
    refuse_unless(context.key is None, "an HMAC has no context to read")
    residue = len(context.message) % 64
    seen = cmd.random_of_chip(40 + residue)
    if len(cmd.seen) != 40 + residue or seen[0] & 0x3F != residue:
        return b"\0" * (40 + residue)
    chip.volatile.known_contexts[bytes(seen)] = context.message
    return seen


def _write_context(chip, cmd):
    parse_unless(40 <= len(cmd.data) <= 103 and cmd.param2 == len(cmd.data), "SHA: 40-103 bytes")
    parse_unless(len(cmd.data) == 40 + (cmd.data[0] & 0x3F), "SHA: the context's own length differs")
    if cmd.data not in chip.volatile.known_contexts:
        raise Unknowable("a context that this chip never gave")
    context = ShaContext()
    context.message = chip.volatile.known_contexts[cmd.data]
    chip.volatile.sha = context
    return SUCCESS
