# SPDX-License-Identifier: Apache-2.0
"""All commands registered, and a chip ready to execute them."""

from . import (cmd_608, cmd_device, cmd_ecc, cmd_kdf, cmd_mac,  # noqa: F401  (they register)
               cmd_memory, cmd_sha, cmd_verify)
from .chip import HANDLERS, Chip
from .memory import Memory


def chip_from_image(part, config, otp, data):
    return Chip(Memory(part, config, otp, data))


def opcodes(part):
    column = 1 if part == "atecc508a" else 2
    return sorted(opcode for opcode, entry in HANDLERS.items() if entry[column])
