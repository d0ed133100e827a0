# SPDX-License-Identifier: Apache-2.0
"""P-256 by python3-cryptography (OpenSSL), with the chip's byte formats."""

from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_CURVE = ec.SECP256R1()
_HASHED = ec.ECDSA(utils.Prehashed(hashes.SHA256()))


def is_scalar(raw):
    return 0 < int.from_bytes(raw, "big") < ORDER


@lru_cache(maxsize=512)
def private(raw):
    return ec.derive_private_key(int.from_bytes(raw, "big"), _CURVE)


@lru_cache(maxsize=512)
def public_of(raw):
    """64 bytes X|Y of a 32-byte scalar."""
    numbers = private(raw).public_key().public_numbers()
    return numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")


@lru_cache(maxsize=512)
def point(raw):
    """The public key object of X|Y, or None when that is no point of the curve."""
    try:
        x, y = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
        return ec.EllipticCurvePublicNumbers(x, y, _CURVE).public_key()
    except ValueError:
        return None


def sign(raw_key, digest):
    r, s = utils.decode_dss_signature(private(raw_key).sign(digest, _HASHED))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def verifies(raw_public, digest, signature):
    key = point(raw_public)
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if key is None or not (0 < r < ORDER and 0 < s < ORDER):
        return False
    try:
        key.verify(utils.encode_dss_signature(r, s), digest, _HASHED)
        return True
    except InvalidSignature:
        return False


def shared(raw_key, raw_public):
    return private(raw_key).exchange(ec.ECDH(), point(raw_public))
