// SPDX-License-Identifier: Apache-2.0
// limpet/atecc_raw.h - the rest of the chip's commands, one request each.
//
// For those who know the sheet. Several of these commands use what an earlier one left in TempKey
// or another volatile buffer; between two requests another user of the same chip may change it.
// Where that matters use limpet/atecc_sealed.h, whose operations keep their commands together. The
// rules and errors of limpet/atecc.h hold. "not repeated": see there. 608 only: LP_E_UNSUPPORTED on
// a chip that is known to be a 508A, and the other way round.
// @context loop
#ifndef LIMPET_ATECC_RAW_H
#define LIMPET_ATECC_RAW_H

#include "limpet/atecc.h"

// ---- volatile buffers -------------------------------------------------------------------------

typedef enum {
    LP_ATECC_TO_TEMPKEY = 0x00,
    LP_ATECC_TO_DIGEST = 0x40, // 608: message digest buffer
    LP_ATECC_TO_ALTKEY = 0x80, // 608: alternate key buffer, 32 bytes only
} lp_atecc_target_t;

// Nonce, pass-through: 32 bytes, or 64 on a 608, to a buffer. @source DS20005927A 9.12,
// DS40002138A 5.1.4
lp_err_t lp_atecc_nonce_store(lp_atecc_t *chip, lp_atecc_req_t *req, lp_atecc_target_t target,
                              lp_span_t value, lp_atecc_done_fn *done, void *ctx);

// Nonce, calculation: TempKey = SHA256(TempKey | num_in | 16 00 00), which also comes out.
lp_err_t lp_atecc_nonce_calc(lp_atecc_t *chip, lp_atecc_req_t *req, const uint8_t num_in[20],
                             uint8_t out[32], lp_atecc_done_fn *done, void *ctx);

typedef enum {
    LP_ATECC_DIG_CONFIG = 0, // key_id: block
    LP_ATECC_DIG_OTP = 1,    // key_id: block
    LP_ATECC_DIG_SLOT = 2,
    LP_ATECC_DIG_SHARED_NONCE = 3, // other: 32 bytes; key_id 0x8000: TempKey first
    LP_ATECC_DIG_COUNTER = 4,
    LP_ATECC_DIG_KEY_CONFIG = 5,
} lp_atecc_dig_t;

// Mixes a stored value into TempKey. `other`: empty, 4 (slots with NoMac) or 32 bytes.
// @source DS20005927A 9.6
lp_err_t lp_atecc_gendig(lp_atecc_t *chip, lp_atecc_req_t *req, lp_atecc_dig_t zone,
                         uint16_t key_id, lp_span_t other, lp_atecc_done_fn *done, void *ctx);

// ---- keyed digests ----------------------------------------------------------------------------

enum {
    LP_ATECC_MAC_BLOCK2_TEMPKEY = 0x01, // second block from TempKey, not from the challenge
    LP_ATECC_MAC_BLOCK1_TEMPKEY = 0x02, // first block from TempKey, not from the slot
    LP_ATECC_MAC_SOURCE_INPUT = 0x04,   // TempKey was loaded, not made by the generator
    LP_ATECC_MAC_SERIAL = 0x40,         // the whole serial number goes in
};

// `challenge` is 32 bytes; may be null when the second block is TempKey. @source DS20005927A 9.11
lp_err_t lp_atecc_mac(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t mode, uint16_t key_id,
                      const uint8_t *challenge, uint8_t out[32], lp_atecc_done_fn *done, void *ctx);

// 508A. @source DS20005927A 9.8
lp_err_t lp_atecc_hmac(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t mode, uint16_t key_id,
                       uint8_t out[32], lp_atecc_done_fn *done, void *ctx);

// LP_E_CHIP_MISMATCH: the response is wrong. `challenge` may be null (zeros). Not repeated.
// @source DS20005927A 9.2
lp_err_t lp_atecc_checkmac(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t mode, uint16_t key_id,
                           const uint8_t *challenge, const uint8_t response[32],
                           const uint8_t other[13], lp_atecc_done_fn *done, void *ctx);

// `mac`: empty or 32 bytes. Not repeated (a rolled key would roll twice). @source DS20005927A 9.4
lp_err_t lp_atecc_derive_key(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t mode, uint16_t slot,
                             lp_span_t mac, lp_atecc_done_fn *done, void *ctx);

// ---- memory -----------------------------------------------------------------------------------

// One whole block of 32 bytes as the chip gives it: encrypted where the slot says so.
lp_err_t lp_atecc_read_block(lp_atecc_t *chip, lp_atecc_req_t *req, lp_atecc_at_t at,
                             uint8_t out[32], lp_atecc_done_fn *done, void *ctx);

// One whole block with its MAC (null: in the clear). `flag_encrypted` is bit 6 of the zone, which
// counts before the data lock only but is in the MAC. @source DS20005927A 9.21
lp_err_t lp_atecc_write_block(lp_atecc_t *chip, lp_atecc_req_t *req, lp_atecc_at_t at,
                              const uint8_t data[32], const uint8_t *mac, bool flag_encrypted,
                              lp_atecc_done_fn *done, void *ctx);

// Imports a private key: 4 zero bytes and 32, encrypted when there is a `mac`. Keys that are made
// in the chip are better; limpet-1 allows no import. @source DS20005927A 9.14
lp_err_t lp_atecc_priv_write(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t slot,
                             const uint8_t value[36], const uint8_t *mac, lp_atecc_done_fn *done,
                             void *ctx);

// Reads, or adds one and reads, a counter. Adding is not repeated. @source DS20005927A 9.3
lp_err_t lp_atecc_counter(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t id, bool increment,
                          uint32_t *value, lp_atecc_done_fn *done, void *ctx);

// Mode 0: UserExtra (byte 84); 1: Selector or UserExtraAdd (85); 2: one use off the counter of slot
// `value`. Not repeated. @source DS20005927A 9.19
lp_err_t lp_atecc_update_extra(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t mode, uint8_t value,
                               lp_atecc_done_fn *done, void *ctx);

// 508A: sends all chips on the bus with another Selector to idle. @source DS20005927A 9.13
lp_err_t lp_atecc_pause(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t selector,
                        lp_atecc_done_fn *done, void *ctx);

// ---- elliptic curve ---------------------------------------------------------------------------

// Public key of the private key in `slot`, and TempKey = digest of it.
lp_err_t lp_atecc_pubkey_digest(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t slot,
                                uint8_t pub[64], lp_atecc_done_fn *done, void *ctx);
// TempKey = digest of the public key stored in `slot`.
lp_err_t lp_atecc_stored_digest(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t slot,
                                const uint8_t other[3], lp_atecc_done_fn *done, void *ctx);

enum {
    LP_ATECC_SIGN_INVALIDATE = 0x01,
    LP_ATECC_SIGN_FROM_DIGEST = 0x20, // 608: message in the digest buffer
    LP_ATECC_SIGN_SERIAL = 0x40,
    LP_ATECC_SIGN_EXTERNAL = 0x80,
};

lp_err_t lp_atecc_sign_mode(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t mode, uint8_t slot,
                            uint8_t sig[64], lp_atecc_done_fn *done, void *ctx);

enum {
    LP_ATECC_VERIFY_STORED = 0x00,
    LP_ATECC_VERIFY_VALIDATE_EXTERNAL = 0x01,
    LP_ATECC_VERIFY_EXTERNAL = 0x02,
    LP_ATECC_VERIFY_VALIDATE = 0x03,
    LP_ATECC_VERIFY_INVALIDATE = 0x07,
    LP_ATECC_VERIFY_FROM_DIGEST = 0x20, // 608
    LP_ATECC_VERIFY_MAC = 0x80,         // 608: the answer is a MAC
};

// key_id: slot, or 4 for external. `data`: the public key (64) for external, OtherData (19) for
// (in)validate, else empty. `mac` (32 bytes) only with LP_ATECC_VERIFY_MAC, else null. Validating
// is not repeated. @source DS20005927A 9.20, DS40002138A 5.2.5
lp_err_t lp_atecc_verify_mode(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t mode, uint16_t key_id,
                              const uint8_t sig[64], lp_span_t data, uint8_t *mac,
                              lp_atecc_done_fn *done, void *ctx);

// ECDH whose secret stays in the chip: in the next slot (508A, and mode 0 of the 608), in a slot or
// in TempKey. @source DS20005927A 9.5, DS40002138A 5.2.1
typedef enum {
    LP_ATECC_ECDH_TO_NEXT_SLOT = 0x00,
    LP_ATECC_ECDH_TO_SLOT = 0x04,    // 608, key in TempKey only: slot says where to
    LP_ATECC_ECDH_TO_TEMPKEY = 0x08, // 608
} lp_atecc_ecdh_to_t;

// `from_tempkey` (608): the ephemeral key, used up. Not repeated then.
lp_err_t lp_atecc_ecdh_keep(lp_atecc_t *chip, lp_atecc_req_t *req, lp_atecc_ecdh_to_t to,
                            bool from_tempkey, uint16_t slot, const uint8_t peer[64],
                            lp_atecc_done_fn *done, void *ctx);

// 608: the secret comes out encrypted with the I/O protection key: 32 bytes and the nonce of 32;
// see lp_atecc_calc_unprotect().
lp_err_t lp_atecc_ecdh_protected(lp_atecc_t *chip, lp_atecc_req_t *req, bool from_tempkey,
                                 uint16_t slot, const uint8_t peer[64], uint8_t out[64],
                                 lp_atecc_done_fn *done, void *ctx);

// ---- SHA in pieces ----------------------------------------------------------------------------

enum {
    LP_ATECC_SHA_START = 0,
    LP_ATECC_SHA_UPDATE = 1, // 64 bytes (608: 1 to 64)
    LP_ATECC_SHA_END = 2,    // up to 63 bytes; out: digest. 608: also ends an HMAC; | 0x40, 0xC0
    LP_ATECC_SHA_PUBLIC = 3, // param: slot of a public key
    LP_ATECC_SHA_HMAC_START = 4,    // param: slot, or (608) LP_ATECC_TEMPKEY
    LP_ATECC_SHA_HMAC_END = 5,      // 508A
    LP_ATECC_SHA_WRITE_CONTEXT = 7, // 608
};

// `out` (32 bytes) with an end only, else null. Not repeated. @source DS20005927A 9.17,
// DS40002138A 5.1.8
lp_err_t lp_atecc_sha(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t mode, uint16_t param,
                      lp_span_t message, uint8_t *out, lp_atecc_done_fn *done, void *ctx);

// 608: takes the context of a digest under way out of the chip. *len receives 40 to 99.
lp_err_t lp_atecc_sha_context(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t out[99], size_t *len,
                              lp_atecc_done_fn *done, void *ctx);

// ---- 608 only ---------------------------------------------------------------------------------

// One block of AES-128 with the key at `block` (0-3) of `slot`, or in TempKey.
// @source DS40002138A 5.3.1
lp_err_t lp_atecc_aes(lp_atecc_t *chip, lp_atecc_req_t *req, bool decrypt, uint16_t slot,
                      uint8_t block, const uint8_t in[16], uint8_t out[16], lp_atecc_done_fn *done,
                      void *ctx);
// Galois field multiplication (for GCM): h and x, 16 bytes each.
lp_err_t lp_atecc_aes_gfm(lp_atecc_t *chip, lp_atecc_req_t *req, const uint8_t h[16],
                          const uint8_t x[16], uint8_t out[16], lp_atecc_done_fn *done, void *ctx);

enum { LP_ATECC_KDF_PRF = 0x00, LP_ATECC_KDF_AES = 0x20, LP_ATECC_KDF_HKDF = 0x40 };
enum {
    LP_ATECC_KDF_FROM_TEMPKEY = 0,
    LP_ATECC_KDF_FROM_TEMPKEY_UP = 1,
    LP_ATECC_KDF_FROM_SLOT = 2,
    LP_ATECC_KDF_FROM_ALTKEY = 3,
    LP_ATECC_KDF_TO_TEMPKEY = 0x00,
    LP_ATECC_KDF_TO_TEMPKEY_UP = 0x04,
    LP_ATECC_KDF_TO_SLOT = 0x08,
    LP_ATECC_KDF_TO_ALTKEY = 0x0C,
    LP_ATECC_KDF_TO_OUTPUT = 0x10,
    LP_ATECC_KDF_TO_OUTPUT_PROTECTED = 0x14,
};

// `mode`: one of each of the three lists. key_id: low byte source slot, high byte target slot.
// `details`: see the sheet. out_len: what the mode brings (0, 32, 64; plus 32 of nonce when
// protected). Not repeated when the target is a slot. @source DS40002138A 5.3.4
lp_err_t lp_atecc_kdf(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t mode, uint16_t key_id,
                      uint32_t details, lp_span_t message, uint8_t *out, size_t out_len,
                      lp_atecc_done_fn *done, void *ctx);

enum {
    LP_ATECC_TEST_RNG = 0x01,
    LP_ATECC_TEST_ECDSA = 0x04,
    LP_ATECC_TEST_ECDH = 0x08,
    LP_ATECC_TEST_AES = 0x10,
    LP_ATECC_TEST_SHA = 0x20,
};

// Runs self-tests (mode 0: reads the failure map). *failed: bits of those that failed.
// @source DS40002138A 5.1.7
lp_err_t lp_atecc_selftest(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t tests, uint8_t *failed,
                           lp_atecc_done_fn *done, void *ctx);

enum {
    LP_ATECC_BOOT_FULL = 0x05,
    LP_ATECC_BOOT_FULL_STORE = 0x06,
    LP_ATECC_BOOT_FULL_COPY = 0x07,
    LP_ATECC_BOOT_PROHIBIT = 0x40,
    LP_ATECC_BOOT_PROTECTED = 0x80, // digest encrypted, the answer is a MAC
};

// `sig` (64 bytes) may be null with FULL_STORE of a stored digest. `mac` (32 bytes) with PROTECTED
// only. LP_E_CHIP_MISMATCH: not the code that was signed. @source DS40002138A 5.2.3
lp_err_t lp_atecc_secureboot(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t mode,
                             const uint8_t digest[32], const uint8_t *sig, uint8_t *mac,
                             lp_atecc_done_fn *done, void *ctx);

#endif
