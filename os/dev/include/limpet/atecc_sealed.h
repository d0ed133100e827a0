// SPDX-License-Identifier: Apache-2.0
// limpet/atecc_sealed.h - work with a secret that board and chip share, each as one request.
//
// The commands of one operation stay together in the queue; a fresh random nonce of the chip is in
// each, mixed with one of the board's, so that nothing that was heard on the bus can be replayed to
// either side. Workspaces are caller-owned, lend until done, and are wiped before `done`.
// The rules and errors of limpet/atecc.h hold.
// @context loop
// @source DS20005927A, chapter 9; a 608: DS40002138A, 5.2
#ifndef LIMPET_ATECC_SEALED_H
#define LIMPET_ATECC_SEALED_H

#include "limpet/atecc_calc.h"
#include "limpet/atecc_plan.h"

// A secret that is in a slot of the chip and known to the board. All pointers lend until done.
typedef struct {
    uint8_t slot;
    const uint8_t *key;    // 32 bytes
    const uint8_t *serial; // 9 bytes of the chip
    const uint8_t *num_in; // 20 bytes, new and not to be guessed each time
} lp_atecc_secret_t;

typedef struct {
    lp_atecc_req_t req;
    // private
    lp_atecc_secret_t secret_;
    lp_atecc_tempkey_t tk_;
    lp_atecc_at_t at_;
    uint8_t slot_;
    uint8_t data_[36];
    uint8_t mac_[32];
    const uint8_t *in_;
    const uint8_t *peer_;
    uint8_t *out_;
    size_t out_len_;
    uint8_t *pub_;
    uint8_t *random_;
    lp_atecc_done_fn *done_;
    void *ctx_;
} lp_atecc_sealed_t;

// Reads one block of 32 bytes of a slot whose ReadKey is secret->slot; `out` gets the plain text.
// What an attacker changes on the bus comes out as garbage: there is no MAC on reads.
lp_err_t lp_atecc_sealed_read(lp_atecc_t *chip, lp_atecc_sealed_t *op,
                              const lp_atecc_secret_t *secret, lp_atecc_at_t at, uint8_t out[32],
                              lp_atecc_done_fn *done, void *ctx);

// Writes one block of a slot whose WriteKey is secret->slot, encrypted and with a MAC.
lp_err_t lp_atecc_sealed_write(lp_atecc_t *chip, lp_atecc_sealed_t *op,
                               const lp_atecc_secret_t *secret, lp_atecc_at_t at,
                               const uint8_t data[32], lp_atecc_done_fn *done, void *ctx);

// Imports a private key into `slot` (PrivWrite). limpet-1 has no slot that takes one.
lp_err_t lp_atecc_sealed_import(lp_atecc_t *chip, lp_atecc_sealed_t *op,
                                const lp_atecc_secret_t *secret, uint8_t slot,
                                const uint8_t key[32], lp_atecc_done_fn *done, void *ctx);

// The chip proves that it knows the secret. LP_E_CHIP_MISMATCH: it does not, it is another chip.
lp_err_t lp_atecc_prove(lp_atecc_t *chip, lp_atecc_sealed_t *op, const lp_atecc_secret_t *secret,
                        lp_atecc_done_fn *done, void *ctx);

// The board proves that it knows the secret and has `digest` signed with `slot`, whose AuthKey is
// secret->slot. LP_E_CHIP_MISMATCH: the chip does not agree about the secret.
lp_err_t lp_atecc_authorized_sign(lp_atecc_t *chip, lp_atecc_sealed_t *op,
                                  const lp_atecc_secret_t *secret, uint8_t slot,
                                  const uint8_t digest[32], uint8_t sig[64], lp_atecc_done_fn *done,
                                  void *ctx);

// DeriveKey: `slot` becomes a key that the board knows too, made of secret->slot (itself: roll; its
// parent: create) and the nonce; `key_out` gets it. Not repeated: after an error that leaves a
// doubt the slot holds the old key or the new one (key_out is then wiped; with a MAC, secret is the
// parent).
lp_err_t lp_atecc_derive(lp_atecc_t *chip, lp_atecc_sealed_t *op, const lp_atecc_secret_t *secret,
                         uint8_t slot, bool with_mac, uint8_t key_out[32], lp_atecc_done_fn *done,
                         void *ctx);

// An ephemeral exchange on a 508A whose secret never crosses the bus in the clear: a new key in
// slot 4, ECDH into slot 5, encrypted read with the bus key (secret->slot 6). Calls the wear hook.
lp_err_t lp_atecc_ecdhe_sealed(lp_atecc_t *chip, lp_atecc_sealed_t *op,
                               const lp_atecc_secret_t *secret, const uint8_t peer[64],
                               uint8_t pub[64], uint8_t out[32], lp_atecc_done_fn *done, void *ctx);

// The second half of it alone, for a key that lp_atecc_genkey() made in slot 4: a handshake sends
// its public key before it knows the peer's.
lp_err_t lp_atecc_ecdh_sealed(lp_atecc_t *chip, lp_atecc_sealed_t *op,
                              const lp_atecc_secret_t *secret, const uint8_t peer[64],
                              uint8_t out[32], lp_atecc_done_fn *done, void *ctx);

// The same on a 608 with the key that lp_atecc_genkey() made in TempKey, see
// lp_atecc_ecdh_tempkey(): the chip seals its answer with the I/O protection key `io_key` (32
// bytes, lends until done). LP_E_UNSUPPORTED: a 508A. LP_E_CHIP_EXEC also where the chip's
// configuration does not allow it.
lp_err_t lp_atecc_ecdh_tempkey_sealed(lp_atecc_t *chip, lp_atecc_req_t *req, uint32_t mark,
                                      const uint8_t *io_key, const uint8_t peer[64],
                                      uint8_t out[32], lp_atecc_done_fn *done, void *ctx);

// A signature and what it is said to be of. All pointers lend until done, as does the structure.
typedef struct {
    const uint8_t *digest; // 32 bytes
    const uint8_t *sig;    // 64
    const uint8_t *pub;    // 64
    const uint8_t *io_key; // 32, the 608's I/O protection key
    const uint8_t *nonce;  // 32, new and not to be guessed each time
} lp_atecc_check_t;

// As lp_atecc_verify(), on a 608, and the chip's "yes" is proven with the I/O protection key.
// LP_E_CHIP_MISMATCH: the signature is wrong, or the yes is not the chip's. The proof says nothing
// about `pub`: who can change commands on the bus can have another key checked, one made so that
// this signature fits it. LP_E_UNSUPPORTED: a 508A.
lp_err_t lp_atecc_verify_sealed(lp_atecc_t *chip, lp_atecc_req_t *req,
                                const lp_atecc_check_t *check, lp_atecc_done_fn *done, void *ctx);

// The chip says, signed by `signer` (slot 3 of limpet-1), which public key belongs to the private
// key in `slot`: that it was made in, and lives in, this chip. `random` is the chip's half of the
// nonce. Who verifies computes lp_atecc_calc_nonce_random(), lp_atecc_calc_pubkey_digest() with
// {0x08, slot, 0} and lp_atecc_calc_statement() with mode 0x40, and checks `sig` over that with the
// signer's public key.
lp_err_t lp_atecc_attest(lp_atecc_t *chip, lp_atecc_sealed_t *op, const uint8_t num_in[20],
                         uint8_t slot, uint8_t signer, uint8_t random[32], uint8_t pub[64],
                         uint8_t sig[64], lp_atecc_done_fn *done, void *ctx);

#endif
