# SPDX-License-Identifier: Apache-2.0
"""What only the 608 has: AES, the ECDH of [TFLX] 5.2.1, SecureBoot 5.2.3. KDF is in cmd_kdf.

The complete 608 sheet is not public. Everything here stands in [TFLX], or is marked as a choice.
"""

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from . import p256, points
from .chip import command, sha256
from .cmd_device import SUCCESS
from .cmd_ecc import EPHEMERAL, may_hold_secret, shared_by_slot
from .cmd_memory import xor
from .memory import AES_KEY
from .status import MISCOMPARE, error_unless, parse_unless, refuse_unless
from .volatile import INPUT

CLEAR_ALLOWED, ENCRYPTED_ONLY = 0, 1  # ChipOptions.ECDHPROT and KDFPROT; 2 and 3: not on the bus


def io_key(chip):
    """ChipOptions bit 1 enables the IO protection key, bits 15-12 say where it is."""
    options = chip.memory.chip_options()
    refuse_unless(options & 2, "the IO protection key is not enabled")
    return chip.memory.key(options >> 12)


def may_output(chip, encrypt, protection):
    """True: masked. Refused where neither way is allowed."""
    refuse_unless(protection <= ENCRYPTED_ONLY, "no output on the bus")
    masked = encrypt or protection != CLEAR_ALLOWED
    if masked:
        io_key(chip)
    return masked


def output(chip, cmd, secret, encrypt, protection):
    """A secret to the bus, in the clear or masked with the IO protection key (5.3.4.4)."""
    if not may_output(chip, encrypt, protection):
        return secret
    key = io_key(chip)
    chip.generator_works()
    nonce = cmd.random_of_chip(32, len(secret))
    chip.update_seed()
    return mask(key, nonce, secret) + nonce


def mask(key, nonce, secret):
    halves = (secret[:32], nonce[:16]), (secret[32:], nonce[16:])
    return b"".join(xor(part, sha256(key, salt)) for part, salt in halves)


# ---- AES -------------------------------------------------------------------------------------------

ENCRYPT, DECRYPT, GFM = 0, 1, 3


@command(0x51, on_508=False)
def aes(chip, cmd):
    kind = cmd.mode & 7
    # "If this mode [GFM] is selected, the remaining mode bits are ignored" ([TFLX] 5.3.1.3)
    parse_unless(kind == GFM or kind < 2 and not cmd.mode & 0x38, "AES: no such mode")
    parse_unless(len(cmd.data) == (32 if kind == GFM else 16), "AES: wrong number of bytes")
    if kind != GFM and cmd.param2 != EPHEMERAL:
        beyond = 16 * (cmd.mode >> 6) + 16 > chip.memory.slot(cmd.param2).size
        error_unless(not beyond, "past the end of the slot")
    needed = kind != GFM or points.GFM_NEEDS_AES_ENABLE
    refuse_unless(not needed or chip.memory.config[13] & 1, "AES is not enabled")
    if kind == GFM:
        return galois_multiply(cmd.data[:16], cmd.data[16:])
    return _ecb(_aes_key(chip, cmd), kind, cmd.data)


def _aes_key(chip, cmd):
    at = 16 * (cmd.mode >> 6)
    if cmd.param2 == EPHEMERAL:
        temp_key = chip.volatile.temp_key
        refuse_unless(temp_key.valid and not temp_key.private, "TempKey holds no AES key")
        refuse_unless(at < 32 or temp_key.upper is not None, "the upper half is not valid")
        return (temp_key.value + (temp_key.upper or b""))[at:at + 16]
    chip.slots_are_there()
    slot = chip.names_key(cmd, chip.memory.slot(cmd.param2))
    refuse_unless(slot.key_type == AES_KEY and not slot.private, "not an AES key slot")
    chip.key_may_be_used(slot)
    chip.spend_use(slot)
    return chip.memory.read_slot(slot.number, at, 16)


def _ecb(key, kind, block):
    cipher = Cipher(algorithms.AES(key), modes.ECB())
    worker = cipher.encryptor() if kind == ENCRYPT else cipher.decryptor()
    return worker.update(block) + worker.finalize()


def aes_encrypt(key, block):
    return _ecb(key, ENCRYPT, block)


def galois_multiply(left, right):
    """NIST SP 800-38D section 6.3."""
    product, factor = 0, int.from_bytes(right, "big")
    multiplier = int.from_bytes(left, "big")
    for bit in range(127, -1, -1):
        if multiplier >> bit & 1:
            product ^= factor
        factor = factor >> 1 ^ (0xE1 << 120 if factor & 1 else 0)
    return product.to_bytes(16, "big")


# ---- ECDH ------------------------------------------------------------------------------------------

COMPATIBLE, TO_SLOT, TO_TEMP_KEY, TO_BUS = 0x00, 0x04, 0x08, 0x0C


def ecdh_608(chip, cmd):
    parse_unless(not cmd.mode & 0xF0, "ECDH: bits 7-4 must be zero")
    parse_unless(len(cmd.data) == 64, "ECDH: X and Y")
    target, encrypt = cmd.mode & 0x0C, bool(cmd.mode & 2)
    parse_unless(not encrypt or target == TO_BUS, "ECDH: only the bus is encrypted")
    parse_unless(target != COMPATIBLE or not cmd.mode & 1, "ECDH: TempKey has no configured target")
    slot, secret = None, None
    if cmd.mode & 1:
        secret = _shared_by_temp_key(chip, cmd)
    else:
        def destination(of_slot):
            refuse_unless(target in (COMPATIBLE, TO_SLOT) or not of_slot.read_key & 8,
                          "ReadKey bit 3: the secret goes to the next slot only")
            forced = bool(of_slot.read_key & 8)
            refuse_unless(not (forced and of_slot.number & 1), "an odd slot has no next slot")
            if forced or target == TO_SLOT:
                refuse_unless(may_hold_secret(chip, of_slot.number + 1), "the next slot is not free")
            elif target != TO_TEMP_KEY:
                may_output(chip, encrypt, chip.memory.chip_options() >> 8 & 3)
        slot, secret = shared_by_slot(chip, cmd, destination)
    return _deliver(chip, cmd, slot, secret, target, encrypt)


def _deliver(chip, cmd, slot, secret, target, encrypt):
    if target == TO_TEMP_KEY:
        chip.volatile.temp_key.load(secret, INPUT)
        chip.volatile.doubt_flags = True
        cmd.leaves_temp_key = True
        return SUCCESS
    if target == TO_SLOT or slot is not None and slot.read_key & 8:
        number = cmd.param2 if slot is None else slot.number + 1
        refuse_unless(may_hold_secret(chip, number), "the slot is not free")
        chip.memory.write_slot(number & 0xF, 0, secret)
        return SUCCESS
    protection = chip.memory.chip_options() >> 8 & 3
    return output(chip, cmd, secret, encrypt, protection)


def _shared_by_temp_key(chip, cmd):
    """The model knows only the public half; whoever sent the point must know its private half."""
    cmd.reads_temp_key = True
    temp_key = chip.volatile.temp_key
    refuse_unless(temp_key.valid and temp_key.private, "TempKey is no private key")
    chip.ecc_engine_works()
    refuse_unless(p256.point(cmd.data) is not None, "not a point of the curve")
    return p256.shared(chip.peers[cmd.data], temp_key.public)


# ---- SecureBoot ------------------------------------------------------------------------------------

FULL, FULL_STORE, FULL_COPY = 5, 6, 7
OFF, FULL_BOTH, FULL_SIG, FULL_DIG = 0, 1, 2, 3


class BootConfig:
    """SecureBootConfig, bytes 70-71. The place of bits 2 and 3 follows the text of [TFLX]."""

    def __init__(self, memory):
        word = memory.config[70] | memory.config[71] << 8
        self.mode = word & 3
        self.latch = bool(word & 4)
        self.random_nonce = bool(word & 8)
        self.digest_slot = memory.slot(word >> 8)
        self.public_slot = memory.slot(word >> 12)


@command(0x80, on_508=False)
def secure_boot(chip, cmd):
    kind = cmd.mode & 7
    parse_unless(kind in (FULL, FULL_STORE, FULL_COPY) and not cmd.mode & 0x38, "SecureBoot: mode")
    parse_unless(cmd.param2 == 0, "SecureBoot: Param2 must be zero")
    parse_unless(len(cmd.data) == (32 if kind == FULL_STORE else 96), "SecureBoot: wrong length")
    boot = BootConfig(chip.memory)
    refuse_unless(chip.memory.data_locked, "no secure boot before the data zone is locked")
    refuse_unless(boot.mode != OFF, "secure boot is off")
    refuse_unless((kind == FULL) == (boot.mode == FULL_BOTH), "not the configured way")
    refuse_unless(not chip.volatile.secure_boot_barred, "barred until the next power-up")
    digest, mask_key = _boot_digest(chip, cmd, boot)
    signature = cmd.data[32:]
    matches = _boot_matches(chip, boot, kind, digest, signature)
    if not matches:
        return bytes([MISCOMPARE])
    _boot_done(chip, boot, kind, digest, signature)
    if cmd.mode & 0x40:
        chip.volatile.secure_boot_barred = True
    if not cmd.mode & 0x80:
        return SUCCESS
    if kind == FULL_STORE and boot.mode == FULL_SIG:
        signature = chip.memory.read_slot(boot.digest_slot.number, 0, 64)
    return sha256(mask_key, digest, signature, cmd.head)


def _boot_digest(chip, cmd, boot):
    held = chip.volatile.temp_key
    # A chip that requires a random nonce is taken to do so in every mode.
    refuse_unless(not boot.random_nonce or held.valid and held.source != INPUT,
                  "a random nonce is required")
    if not cmd.mode & 0x80:
        return cmd.data[:32], None
    temp_key = chip.read_temp_key(cmd)
    mask_key = sha256(io_key(chip), temp_key.value)
    return xor(cmd.data[:32], mask_key), mask_key


def _boot_matches(chip, boot, kind, digest, signature):
    stored = chip.memory.read_slot(boot.digest_slot.number, 0, 64)
    if kind == FULL_STORE and boot.mode == FULL_DIG:
        return stored[:32] == digest
    if kind == FULL_STORE:
        signature = stored
    refuse_unless(boot.public_slot.has_public_key, "not a public key slot")
    public = chip.memory.public_key(boot.public_slot.number)
    refuse_unless(p256.point(public) is not None, "not a point of the curve")
    return p256.verifies(public, digest, signature)


def _boot_done(chip, boot, kind, digest, signature):
    if kind == FULL_COPY:
        target = boot.digest_slot
        refuse_unless(target.unlocked and not target.private, "no place to copy to")
        value = digest if boot.mode == FULL_DIG else signature
        chip.memory.write_slot(boot.digest_slot.number, 0, value)
    if boot.latch:
        chip.volatile.latch = True
