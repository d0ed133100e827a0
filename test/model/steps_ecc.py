# SPDX-License-Identifier: Apache-2.0
"""Steps with private and public keys, SHA, and those of the 608 alone."""

from atecc import p256
from atecc.chip import sha256
from atecc.cmd_608 import BootConfig, io_key, xor
from atecc.cmd_ecc import EPHEMERAL
from atecc.status import Refused
from scenario import PEER_OF, PEER_PUBLIC, PEERS
from steps import authorize, fresh_nonce, is_private, is_public, is_secret_key, nonce, packet, step


def signature_for(w, number, digest):
    """By the peer whose public key is in a slot; any peer's when nobody we know."""
    key = PEER_OF.get(w.memory.public_key(number), PEERS[0])
    return p256.sign(key, digest)


def spoiled(w, signature):
    kind = w.rng.randrange(6)
    if kind == 0:
        return bytes(32) + signature[32:]
    if kind == 1:
        return signature[:32] + bytes(32)
    if kind == 2:
        return signature[:32] + b"\xff" * 32
    at = w.rng.randrange(64)
    return signature[:at] + bytes([signature[at] ^ 1 << w.rng.randrange(8)]) + signature[at + 1:]


def maybe_spoiled(w, signature):
    return signature if w.chance(0.82) else spoiled(w, signature)


# ---- keys of the chip ------------------------------------------------------------------------------


@step(8)
def gen_key(w):
    mode = w.rng.choice((0x00, 0x00, 0x04, 0x04, 0x08, 0x0C))
    if mode & 8:
        yield from fresh_nonce(w, 0.9)
    yield packet(0x40, mode, w.pick(is_private), bytes(3) if w.chance(0.05) else b"")


@step(3)
def gen_key_digest_stored(w):
    yield from fresh_nonce(w, 0.9)
    yield packet(0x40, w.rng.choice((0x10, 0x10, 0x1C)), w.pick(is_public), w.rng.randbytes(3))


@step(4)
def sign_external(w):
    yield packet(0x16, *w.rng.choice(((3, 0, w.rng.randbytes(32)), (0, 0, w.rng.randbytes(20)))))
    yield packet(0x41, 0x80 | w.rng.choice((0, 0, 0x40)) | (w.chance(0.04)), w.pick(is_private))


@step(5)
def sign_internal(w):
    yield from nonce(w)
    kind = w.rng.randrange(4)
    if kind == 0:
        yield packet(0x40, w.rng.choice((0x08, 0x0C)), w.pick(is_private))
    elif kind == 1:
        yield packet(0x40, 0x10, w.pick(is_public), w.rng.randbytes(3))
    elif kind == 2:
        yield packet(0x15, 2, w.pick(is_secret_key), w.rng.randbytes(4))
    slot = w.pick(lambda slot: is_private(slot) and slot.read_key & 2)
    yield packet(0x41, w.rng.choice((0, 0x40)) | w.chance(0.2), slot)


@step(4)
def ecdh(w):
    number = w.pick(lambda slot: slot.private and slot.read_key & 4)
    if w.chance(0.08):
        number = w.pick(lambda slot: slot.private and slot.key_type != 4)
    point = w.rng.choice(PEER_PUBLIC) if w.chance(0.9) else w.rng.randbytes(64)
    modes = (0,) if w.memory.is_508 else (0, 0x0C, 0x0E, 0x08, 0x04)
    yield packet(0x43, w.rng.choice(modes), number, point)


# ---- Verify ----------------------------------------------------------------------------------------


@step(4)
def verify_external(w):
    yield packet(0x16, 3, 0, w.rng.randbytes(32))
    peer = w.rng.randrange(8)
    point = PEER_PUBLIC[peer] if w.chance(0.93) else w.rng.randbytes(64)
    signature = maybe_spoiled(w, p256.sign(PEERS[peer], w.temp_key.value))
    mode = 2 if w.chance(0.95) else w.rng.choice((0x22, 0x82, 0xA2, 0x12, 0x0A))
    yield packet(0x45, mode, 4 if w.chance(0.97) else 7, signature + point)


@step(5)
def verify_stored(w):
    yield from nonce(w)
    number = w.pick(is_public)
    if w.chance(0.2):
        number = w.pick(lambda slot: w.memory.public_key(slot.number) in PEER_OF)
    mode = 0 if w.chance(0.95) else w.rng.choice((0x04, 0x05, 0x06, 0x20, 0x80))
    yield packet(0x45, mode, number, maybe_spoiled(w, signature_for(w, number, w.temp_key.value)))


@step(8)
def verify_validate(w):
    invalidate = w.chance(0.4)
    number = w.pick(lambda slot: slot.needs_validation)
    if w.chance(0.1):  # next to what is allowed: a key that takes no mark, or slot 7
        number = w.rng.choice((7, w.pick(is_public)))
    yield from nonce(w)
    yield packet(0x40, 0x10, number if w.chance(0.85) else w.pick(is_public), w.rng.randbytes(3))
    other = bytearray(w.rng.randbytes(19))
    other[17] = other[17] & 0xFE | (invalidate if w.chance(0.88) else not invalidate)
    serial = w.memory.serial()
    message = sha256(w.temp_key.value, b"\x41", other[0:10], serial[8:9], other[10:14], serial[0:2],
                     other[14:19])
    signature = maybe_spoiled(w, signature_for(w, w.memory.slot(number).read_key, message))
    mode = (7 if invalidate else 3) | (w.rng.choice((0x20, 0x80, 0xA0)) if w.chance(0.06) else 0)
    yield packet(0x45, mode, number, signature + bytes(other))


@step(4)
def verify_validate_external(w):
    number = w.pick(lambda slot: slot.needs_validation)
    template = w.memory.config[92 + w.memory.slot(number).x509_id]
    blocks, place = template >> 4, template & 0xF
    if w.chance(0.15) or not blocks:
        blocks, place = w.rng.choice(((1, 0), (1, 0), (2, 1), (2, 0)))  # that is not the format's
    yield packet(0x47, 0)
    tail = w.rng.choice((0, 5))
    for block in range(min(blocks, 5) - bool(tail)):
        if block == place:
            yield packet(0x47, 3, number)
        else:
            yield packet(0x47, 1, 64, w.rng.randbytes(64))
    yield packet(0x47, 2, tail, w.rng.randbytes(tail))
    signature = signature_for(w, w.memory.slot(number).read_key, w.temp_key.value)
    yield packet(0x45, 1, number, signature)


# ---- SHA -------------------------------------------------------------------------------------------


@step(5)
def sha(w):
    keyed = w.chance(0.4)
    if keyed:
        yield packet(0x47, 4, w.pick(is_secret_key))
    else:
        yield packet(0x47, 0)
    for _ in range(w.rng.randrange(4)):
        yield from _sha_middle(w)
    length = w.rng.choice((0, 1, 55, 56, 63, 64))
    modes = ((5,) if keyed else (2,)) if w.memory.is_508 else (2, 0x42, 0xC2)
    mode = w.rng.choice(modes) if w.chance(0.85) else w.rng.choice((2, 5, w.rng.randrange(8)))
    yield packet(0x47, mode, length if w.chance(0.97) else 7, w.rng.randbytes(length))


def _sha_middle(w):
    length = 64 if w.memory.is_508 and w.chance(0.97) else w.rng.randrange(1, 66)
    if w.chance(0.12):
        yield packet(0x47, 3, w.pick(is_public))
    elif w.chance(0.05):
        yield packet(0x30, 2)
    else:
        yield packet(0x47, 1, length, w.rng.randbytes(length))


@step(2, on_508=False)
def hmac_of_temp_key(w):
    """HMAC with TempKey for a key: fixed, random, of a NoMac slot, or none."""
    kind = w.rng.randrange(4)
    if kind == 0:
        yield packet(0x16, 3, 0, w.rng.randbytes(32))
    elif kind < 3:
        yield packet(0x16, 0, 0, w.rng.randbytes(20))
        yield packet(0x15, 2, w.pick(lambda slot: not slot.private and slot.no_mac == (kind == 1)),
                     w.rng.randbytes(4))
    yield packet(0x47, 4, EPHEMERAL)
    yield packet(0x47, w.rng.choice((0x02, 0x42, 0xC2)), 5, w.rng.randbytes(5))


@step(2, on_508=False)
def sha_context(w):
    yield packet(0x47, 0) if w.chance(0.7) else packet(0x47, 4, w.pick(is_secret_key))
    length = w.rng.randrange(1, 65)
    yield packet(0x47, 1, length, w.rng.randbytes(length))
    yield packet(0x47, 6)
    saved = list(w.chip.volatile.known_contexts)
    if w.chance(0.5):
        yield packet(0x47, 2, 0)
    if saved:
        yield packet(0x47, 7, len(saved[-1]), saved[-1])
    yield packet(0x47, 0xC2, 3, b"abc")


# ---- 608 only --------------------------------------------------------------------------------------


@step(4, on_508=False)
def aes(w):
    kind = w.rng.choice((0, 1, 3))
    key_id = EPHEMERAL if w.chance(0.3) else w.pick(lambda slot: slot.key_type == 6)
    mode = kind if kind == 3 else kind | w.rng.choice((0, 0, 0x40, 0x80, 0xC0))
    if key_id == EPHEMERAL and not w.temp_key.private:
        yield from fresh_nonce(w, 0.8)
    if w.temp_key.private and key_id == EPHEMERAL:
        return  # what the AES of a private key would be, no sheet says
    yield packet(0x51, mode, key_id, w.rng.randbytes(32 if kind == 3 else 16))


@step(3, on_508=False)
def ecdh_ephemeral(w):
    yield packet(0x40, 4, EPHEMERAL, w.rng.choice((b"", bytes(3))))
    yield packet(0x43, w.rng.choice((0x0D, 0x0F, 0x09, 0x05)), w.rng.randrange(16), w.rng.choice(PEER_PUBLIC))


@step(6, on_508=False)
def kdf(w):
    algorithm, source = w.rng.choice((0, 0x20, 0x40)), w.rng.randrange(4)
    target = w.rng.choice((0, 4, 8, 12, 16, 16, 20))
    key_id = w.pick(is_secret_key)
    if target == 8:
        key_id |= w.rng.randrange(16) << 8
    if w.temp_key.private or not w.temp_key.valid:
        yield packet(0x16, 0x23, 0, w.rng.randbytes(64))
    if source == 3 and w.chance(0.8):
        yield packet(0x16, 0x83, 0, w.rng.randbytes(32))
    yield packet(0x56, algorithm | source | target, key_id, _kdf_data(w, algorithm, target))
    if target in (0, 4) and w.chance(0.6):  # what is in the upper half now?
        yield packet(0x56, w.rng.choice((0x51, 0x50, 0x11, 0x10)), 0, b"\x02\0\0\x04salt")


@step(2, on_508=False)
def kdf_iv(w):
    """The special IV: in the clear whatever KDFPROT says, if its label is where it should be."""
    yield packet(0x16, 0x83, 0, w.rng.randbytes(32))
    at = w.memory.config[72]
    message = bytes(at) + bytes(w.memory.config[73:75]) + w.rng.randbytes(w.rng.choice((0, 0, 1, 20)))
    if w.chance(0.2):
        message = message[:at + w.rng.randrange(2)] + w.rng.choice((b"", b"??"))
    details = (3 | len(message) << 24).to_bytes(4, "little")
    yield packet(0x56, w.rng.choice((0x53, 0x53, 0x57)), 0, details + message)


@step(3, on_508=False)
def hkdf_of_slot(w):
    """HKDF whose message is in a slot that is not there for everybody, the key elsewhere."""
    kind = w.rng.choice((lambda slot: slot.req_auth, lambda slot: slot.latch_needed,
                         lambda slot: slot.private, lambda slot: slot.limited_use, is_secret_key))
    number = w.pick(kind)
    if w.memory.slot(number).req_auth and w.chance(0.6):
        yield from authorize(w, w.memory.slot(number).auth_key)
    yield packet(0x16, 0x83, 0, w.rng.randbytes(32))
    length = w.rng.choice((0, 1, 32, 36, 64))
    details = (number << 8 | length << 24 | w.rng.choice((0, 0, 4))).to_bytes(4, "little")
    yield packet(0x56, 0x43 | w.rng.choice((0, 0x0C, 0x10, 0x10)), 0, details)
    yield packet(0x30, 2)


def _kdf_data(w, algorithm, target):
    if algorithm == 0x20:
        details = w.rng.randrange(4) | (w.rng.choice((4, 0x100, 1 << 24)) if w.chance(0.1) else 0)
        return details.to_bytes(4, "little") + w.rng.randbytes(16 if w.chance(0.93) else 15)
    message = w.rng.randbytes(w.rng.choice((0, 1, 32, 64, 127)))
    if algorithm == 0x40:
        details = 2 | w.rng.choice((0, 0, 4))
        if w.chance(0.2):
            return (1 | 32 << 24).to_bytes(4, "little")
        if w.chance(0.2):
            length = w.rng.choice((0, 16, 32, 36, 64, 72))
            return (w.pick(is_secret_key) << 8 | length << 24).to_bytes(4, "little")
        if w.chance(0.25):
            details |= 1  # the special IV
            if w.chance(0.1):
                details |= w.rng.choice((8, 0x1000, 0x10000))
            at = w.memory.config[72]
            if w.chance(0.8):
                message = bytes(at) + bytes(w.memory.config[73:75]) + message[:60]
    else:
        details = w.rng.randrange(4) | (0x100 if w.chance(0.3) else 0)
        if w.chance(0.15):
            details |= w.rng.choice((0x300, 0x300, 0x200, 0x400, 0x600, 4, 0x800))
    return (details | len(message) << 24).to_bytes(4, "little") + message


@step(3, on_508=False)
def verify_with_mac(w):
    peer, message = w.rng.randrange(8), w.rng.randbytes(32)
    in_buffer, with_mac = w.chance(0.5), w.chance(0.7)
    mode = (0x20 if in_buffer else 0) | (0x80 if with_mac else 0)
    if in_buffer:
        yield packet(0x16, 0x63, 0, message + w.rng.randbytes(32)) if w.chance(0.85) else packet(
            0x16, 0x43, 0, message)
    else:
        if w.chance(0.85):
            yield packet(0x16, 0x43, 0, w.rng.randbytes(32))
        yield packet(0x16, 0x03, 0, message)
    signature = maybe_spoiled(w, p256.sign(PEERS[peer], message))
    yield packet(0x45, mode | 2, 4, signature + PEER_PUBLIC[peer])


@step(2, on_508=False)
def sign_from_buffer(w):
    yield packet(0x16, 0x43, 0, w.rng.randbytes(32))
    yield packet(0x41, 0xA0, w.pick(is_private))


@step(3, on_508=False)
def secure_boot(w):
    boot = BootConfig(w.memory)
    kind = {1: 5}.get(boot.mode, w.rng.choice((6, 7, 7)))
    if w.chance(0.15):
        kind = w.rng.choice((5, 6, 7))
    digest = w.rng.randbytes(32)
    if kind == 6 and w.chance(0.7):
        digest = w.memory.read_slot(boot.digest_slot.number, 0, 32)
    signature = maybe_spoiled(w, signature_for(w, boot.public_slot.number, digest))
    encrypted = w.chance(0.4)
    if encrypted or boot.random_nonce and w.chance(0.7):
        yield packet(0x16, *w.rng.choice(((0, 0, w.rng.randbytes(20)), (3, 0, w.rng.randbytes(32)))))
        try:
            if not encrypted:
                raise Refused((), "sent in the clear")
            digest = xor(digest, sha256(io_key(w.chip), w.temp_key.value))
        except Refused:
            pass
    mode = kind | (0x80 if encrypted else 0)
    data = digest + (b"" if kind == 6 else signature)
    if w.chance(0.15):
        yield packet(0x80, (mode & 0x7F) | 0x40, 0, data)
    yield packet(0x80, mode, 0, data)
    yield packet(0x30, 4)


@step(1, on_508=False)
def permit_latch(w):
    key = w.memory.slot(w.memory.config[69] & 0xF)
    yield from authorize(w, key.number)
    yield packet(0x30, 4, w.rng.choice((1, 2, 3, 3)))
    yield packet(0x30, 4, w.rng.choice((0, 1)))


