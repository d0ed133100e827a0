// SPDX-License-Identifier: Apache-2.0
// limpet/keystore.h - private keys by id, never by bytes.
//
// A key id is text: "atca:N" is slot N of the crypto chip, "file:NAME" a software P-256 key that
// the board keeps in its own flash. All keys are P-256. Operations are split-phase and are served
// one at a time, in order; the loop never waits for the chip. There is no operation that gives out
// a private key, and none of them is reachable by a remote caller with a digest of the caller's
// choice: that is the business of whoever offers RPC.
// @context loop, and a fiber that the loop has resumed
#ifndef LIMPET_KEYSTORE_H
#define LIMPET_KEYSTORE_H

#include <stdbool.h>
#include <stdint.h>

#include "limpet/err.h"
#include "limpet/loop.h"

enum {
    LP_KEY_NAME_MAX = 24,        // of "file:NAME", with its terminator
    LP_KEY_PUBLIC_BYTES = 64,    // X then Y, big endian
    LP_KEY_SIGNATURE_BYTES = 64, // r then s, big endian
    LP_KEY_DIGEST_BYTES = 32,    // SHA-256
    LP_KEY_SECRET_BYTES = 32,    // ECDH result, random bytes
};

typedef enum {
    LP_KEY_IN_CHIP,
    LP_KEY_IN_FLASH,
} lp_key_place_t;

typedef struct {
    lp_key_place_t place;
    uint8_t slot;               // LP_KEY_IN_CHIP
    char name[LP_KEY_NAME_MAX]; // LP_KEY_IN_FLASH: letters, digits, '.', '-', '_'
} lp_key_id_t;

// Reads "atca:0".."atca:15" or "file:NAME". LP_E_FORMAT: anything else.
lp_err_t lp_key_id_parse(const char *text, lp_key_id_t *id);

// "chip" or "flash". Static.
const char *lp_key_place_name(lp_key_place_t place);

typedef enum {
    LP_KEY_OP_PUBLIC,         // out: public key (64)
    LP_KEY_OP_GENERATE,       // makes a new key, the old one is gone; out: public key (64)
    LP_KEY_OP_SIGN,           // in: digest (32); out: signature (64)
    LP_KEY_OP_RANDOM,         // out: 32 bytes from the store's own generator; id.slot unused
    LP_KEY_OP_ECDHE_GENERATE, // a fresh key for one handshake; out: public key (64)
    LP_KEY_OP_ECDHE_SEALED,   // the same; its secret will not cross the bus in the clear
    LP_KEY_OP_ECDHE_AGREE,    // in: the peer's public key (64); out: shared secret (32). Once.
    LP_KEY_OP_VERIFY,         // in: digest (32), `check`: LP_E_CHIP_MISMATCH for a wrong signature.
                              // The answer is as good as the bus it came over, and where the
                              // store proves its checks as good as the way there.
} lp_key_op_kind_t;

// Somebody else's signature and the key that is said to have made it.
typedef struct {
    uint8_t signature[LP_KEY_SIGNATURE_BYTES];
    uint8_t pub[LP_KEY_PUBLIC_BYTES];
} lp_key_check_t;

typedef void lp_key_done_fn(void *ctx, lp_err_t err);

// A caller-owned operation. Zero it once before its first use. Fill the first part, start it, read
// `out` in done(). It lends until done.
typedef struct lp_key_op {
    lp_key_op_kind_t kind;
    lp_key_id_t id;
    uint8_t in[64]; // wiped when done: fill it again before the operation is started again
    const lp_key_check_t *check; // LP_KEY_OP_VERIFY; lent until done
    lp_key_done_fn *done;
    void *ctx;

    uint8_t out[64]; // valid after done(LP_OK); wiped on errors

    struct lp_key_op *next_;
    lp_err_t err_;
    bool is_queued_;
} lp_key_op_t;

// One kind of key store. Implementations: limpet/keychip.h, limpet/keyfile.h, test doubles.
typedef struct lp_keyprov lp_keyprov_t;

// Whether a chip can give out ECDH secrets so that a listener on its bus learns nothing.
typedef enum {
    LP_KEY_SEAL_NONE,   // board and chip share no bus key
    LP_KEY_SEAL_BROKEN, // they should, and the chip could not prove it
    LP_KEY_SEAL_READY,
} lp_key_seal_t;

// "clear"; "broken": nothing is asked of the chip that would need the key, and nothing in clear
// instead; "sealed". Static.
const char *lp_key_seal_name(lp_key_seal_t seal);

typedef struct {
    // LP_OK: `done` comes later from the loop, exactly once, with op->out filled on LP_OK. An
    // error: it does not come. LP_E_UNSUPPORTED: this kind of store has no such operation. The key
    // store never starts a second operation before the first is done.
    lp_err_t (*start)(lp_keyprov_t *prov, lp_key_op_t *op, lp_key_done_fn *done, void *ctx);
    lp_key_seal_t (*seal)(const lp_keyprov_t *prov); // null: LP_KEY_SEAL_NONE
    // A LP_KEY_OP_VERIFY that ends well was proven with the bus key. Null: no.
    bool (*proves_checks)(const lp_keyprov_t *prov);
} lp_keyprov_ops_t;

struct lp_keyprov {
    const lp_keyprov_ops_t *ops;
};

typedef struct {
    uint32_t changes; // grows whenever a key may have become another one: generated, chip exchanged
    lp_loop_t *loop_;
    lp_keyprov_t *chip_;
    lp_keyprov_t *files_;
    lp_key_op_t *head_; // under way
    lp_key_op_t *tail_;
    lp_event_t next_event_;
    lp_event_t done_event_;
} lp_keystore_t;

// `chip` null: this board has no chip; `files` null: it keeps no software keys. Both are lent for
// as long as the key store is used.
void lp_keystore_init(lp_keystore_t *ks, lp_loop_t *loop, lp_keyprov_t *chip, lp_keyprov_t *files);

// A chip that was found later, or taken off (null). LP_E_BUSY: an operation is under way.
lp_err_t lp_keystore_set_chip(lp_keystore_t *ks, lp_keyprov_t *chip);
bool lp_keystore_has_chip(const lp_keystore_t *ks);
// LP_KEY_SEAL_NONE also without a chip.
lp_key_seal_t lp_keystore_seal(const lp_keystore_t *ks);
bool lp_keystore_proves_checks(const lp_keystore_t *ks);

// Starts `op` or queues it behind those under way. LP_OK: op->done comes later, exactly once, with
//   LP_E_CHIP_MISSING   a chip key is asked for and this board has no chip
//   LP_E_NOT_FOUND      no such software key
//   LP_E_UNSUPPORTED    this store cannot do that
//   LP_E_CHIP_*, LP_E_I2C_*, LP_E_TIMEOUT, LP_E_IO   as the chip's driver or the flash says.
// LP_E_INVALID: done is null, or the operation is queued already (no completion comes).
lp_err_t lp_keystore_start(lp_keystore_t *ks, lp_key_op_t *op);

#endif
