#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The model's own arithmetic against published answers, where the model does not use a library."""

import sys
import unittest

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from atecc import cmd_608, cmd_kdf, counters, crc, p256


class PublishedAnswers(unittest.TestCase):
    def test_crc_of_known_groups(self):
        for payload, raw in ((b"\x11", "04113343"), (b"\x00", "04000340")):
            self.assertEqual(crc.group(payload).hex(), raw)

    def test_counter_encoding_round_trip(self):
        values = [*range(200), *range(65500, 65600), *range(counters.LIMIT - 100, counters.LIMIT + 1)]
        for value in values:
            self.assertEqual(counters.decode(counters.encode(value)), value)
        self.assertEqual(counters.encode(0).hex(), "ffffffff00000000")

    def test_tls12_prf_sha256(self):
        """The IETF TLS list's vector for P_SHA256."""
        secret = bytes.fromhex("9bbe436ba940f017b17652849a71db35")
        seed = b"test label" + bytes.fromhex("a0ba9f936cda311827a6f796ffd5198c")
        wanted = ("e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a"
                  "6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564bab")
        self.assertEqual(cmd_kdf.p_hash(secret, seed, 64).hex(), wanted)

    def test_galois_multiplication_makes_gcm_tags(self):
        """GHASH by hand against AES-GCM of OpenSSL: additional data of one block, no plaintext."""
        key, nonce, block = b"k" * 16, b"n" * 12, bytes(range(16))
        tag = AESGCM(key).encrypt(nonce, b"", block)
        h = cmd_608.aes_encrypt(key, bytes(16))
        state = cmd_608.galois_multiply(block, h)
        lengths = (128 << 64).to_bytes(16, "big")
        state = cmd_608.galois_multiply(cmd_608.xor(state, lengths), h)
        mask = cmd_608.aes_encrypt(key, nonce + b"\0\0\0\1")
        self.assertEqual(cmd_608.xor(state, mask), tag)

    def test_ecdh_nist_cavs_vector(self):
        """NIST CAVS 14.1, ECC CDH Primitive, P-256, COUNT = 0."""
        peer = bytes.fromhex("700c48f77f56584c5cc632ca65640db91b6bacce3a4df6b42ce7cc838833d287"
                             "db71e509e3fd9b060ddb20ba5c51dcc5948d46fbf640dfe0441782cab85fa4ac")
        key = bytes.fromhex("7d7dc5f71eb29ddaf80d6214632eeae03d9058af1fb6d22ed80badb62bc1a534")
        self.assertEqual(p256.shared(key, peer).hex(),
                         "46fc62106420ff012e54a434fbdd2d25ccc5852060561e68040dd7778997bd7b")


if __name__ == "__main__":
    sys.exit(unittest.main())
