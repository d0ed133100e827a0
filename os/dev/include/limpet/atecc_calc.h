// SPDX-License-Identifier: Apache-2.0
// limpet/atecc_calc.h - what the chip computes, computed by its host.
//
// Pure functions for a host that shares a secret with a chip: they follow TempKey step by step and
// give the digests, MACs and ciphertexts that the chip makes or expects. None of them talks to a
// chip. `serial` is always the 9 bytes of lp_atecc_id_t. Results and TempKey are secrets: wipe
// them.
//
// @source ATECC508A data sheet DS20005927A, message tables of chapter 9; the 608's: DS40002138A
// chapter 5
// @context any
#ifndef LIMPET_ATECC_CALC_H
#define LIMPET_ATECC_CALC_H

#include "limpet/atecc.h"

// The host's picture of the chip's TempKey. @source Table 2-16
typedef struct {
    uint8_t value[32];
    uint8_t key_id;
    bool is_input;  // SourceFlag: loaded, not made with the generator
    bool is_gendig; // GenDigData
    bool is_genkey; // GenKeyData
    bool is_no_mac; // NoMacFlag
} lp_atecc_tempkey_t;

// ---- following TempKey ------------------------------------------------------------------------

// Nonce, pass-through.
void lp_atecc_calc_nonce_load(lp_atecc_tempkey_t *tk, const uint8_t value[32]);
// Nonce, random: what went in and what came out.
void lp_atecc_calc_nonce_random(lp_atecc_tempkey_t *tk, const uint8_t random[32],
                                const uint8_t num_in[20]);
// Nonce, calculation.
void lp_atecc_calc_nonce_calc(lp_atecc_tempkey_t *tk, const uint8_t num_in[20]);

// GenDig of zones 0 to 2: `value` is the block or the first 32 bytes of the slot.
void lp_atecc_calc_gendig(lp_atecc_tempkey_t *tk, const uint8_t *serial, uint8_t zone,
                          uint16_t key_id, const uint8_t value[32]);
// GenDig of a slot with NoMac: `other` stands in for opcode and parameters.
void lp_atecc_calc_gendig_no_mac(lp_atecc_tempkey_t *tk, const uint8_t *serial, uint16_t key_id,
                                 const uint8_t value[32], const uint8_t other[4]);
// GenDig, shared nonce. key_id 0x8000: TempKey comes first.
void lp_atecc_calc_gendig_shared(lp_atecc_tempkey_t *tk, const uint8_t *serial, uint16_t key_id,
                                 const uint8_t other[32]);
void lp_atecc_calc_gendig_counter(lp_atecc_tempkey_t *tk, const uint8_t *serial, uint16_t id,
                                  uint32_t count);
// is_open: the slot's SlotLocked bit is 1.
void lp_atecc_calc_gendig_config(lp_atecc_tempkey_t *tk, const uint8_t *serial, uint16_t slot,
                                 uint16_t slot_config, uint16_t key_config, bool is_open);
// GenKey's digest of a public key: mode 0x08 or 0x0C with the slot, or 0x10 with three other bytes.
void lp_atecc_calc_pubkey_digest(lp_atecc_tempkey_t *tk, const uint8_t *serial, uint8_t slot,
                                 const uint8_t param[3], const uint8_t pub[64]);

// ---- keyed digests ----------------------------------------------------------------------------

// The last 24 bytes of MAC's and HMAC's message, which CheckMac takes in part as OtherData.
void lp_atecc_calc_mac(const uint8_t *serial, uint8_t mode, uint16_t key_id,
                       const uint8_t block1[32], const uint8_t block2[32], uint8_t out[32]);
void lp_atecc_calc_hmac(const uint8_t *serial, uint8_t mode, uint16_t key_id, const uint8_t key[32],
                        const uint8_t tempkey[32], uint8_t out[32]);
// The response that CheckMac will compute.
void lp_atecc_calc_checkmac(const uint8_t *serial, const uint8_t block1[32],
                            const uint8_t block2[32], const uint8_t other[13], uint8_t out[32]);

// The key that DeriveKey writes, and the MAC that may have to allow it.
void lp_atecc_calc_derived_key(const uint8_t *serial, uint8_t mode, uint16_t slot,
                               const uint8_t source[32], const uint8_t tempkey[32],
                               uint8_t out[32]);
void lp_atecc_calc_derive_mac(const uint8_t *serial, uint8_t mode, uint16_t slot,
                              const uint8_t parent[32], uint8_t out[32]);

// ---- sealed memory ----------------------------------------------------------------------------

// data ^= TempKey: opens what an encrypted Read brought.
void lp_atecc_calc_open(const lp_atecc_tempkey_t *tk, uint8_t data[32]);
// Encrypts `data` in place and gives the MAC for Write. param1 and address as sent.
void lp_atecc_calc_seal(const lp_atecc_tempkey_t *tk, const uint8_t *serial, uint8_t param1,
                        uint16_t address, uint8_t data[32], uint8_t mac[32]);
// The same for PrivWrite.
void lp_atecc_calc_seal_key(const lp_atecc_tempkey_t *tk, const uint8_t *serial, uint8_t slot,
                            uint8_t value[36], uint8_t mac[32]);

// ---- signatures over what the chip says -------------------------------------------------------

typedef struct {
    uint8_t mode;
    uint8_t signer;       // slot that signs
    uint16_t slot_config; // of the slot that TempKey is about
    uint16_t key_config;
    bool is_open;  // its SlotLocked bit is 1
    bool is_valid; // a public key that was validated
} lp_atecc_statement_t;

// The digest that Sign(Internal) signs.
void lp_atecc_calc_statement(const lp_atecc_tempkey_t *tk, const uint8_t *serial,
                             const lp_atecc_statement_t *s, uint8_t digest[32]);
// The digest that Verify(Validate / Invalidate) checks.
void lp_atecc_calc_validation(const lp_atecc_tempkey_t *tk, const uint8_t *serial,
                              const uint8_t other[19], uint8_t digest[32]);

// ---- the 608's I/O protection -----------------------------------------------------------------

// Opens a protected answer of 32 or 64 bytes in place, with the nonce of 32 that came behind it.
void lp_atecc_calc_unprotect(const uint8_t io_key[32], const uint8_t nonce[32], uint8_t *data,
                             size_t len);
// The MAC that stands for "the signature is good".
void lp_atecc_calc_verify_mac(const uint8_t io_key[32], const uint8_t message[32],
                              const uint8_t nonce[32], const uint8_t sig[64], uint8_t mode,
                              uint16_t key_id, uint8_t mac[32]);
// SecureBoot: encrypts the digest in place and gives the MAC of a good answer. `sig` may be null.
void lp_atecc_calc_secureboot(const uint8_t io_key[32], const uint8_t tempkey[32], uint8_t mode,
                              uint8_t digest[32], const uint8_t *sig, uint8_t mac[32]);

#endif
