// SPDX-License-Identifier: Apache-2.0
// limpet/atecc_plan.h - a slot plan: one table that writes, verifies and explains a configuration.
//
// The way of a factory-new chip, each step repeatable after a power cut:
//   1 lp_atecc_plan_write   configuration written where it differs, all 128 bytes read back, equal
//                           -> token
//   2 lp_atecc_lock_config  with that token; the chip itself checks the CRC     CANNOT BE UNDONE
//   3 lp_atecc_plan_fill    every readable or secret slot and OTP get defined content; the keys
//   that
//                           are born before the lock are made in the chip      -> token
//   4 lp_atecc_lock_data    with that token; the chip itself checks the CRC     CANNOT BE UNDONE
// A lock without a token does not exist; a token comes only from a verified read-back (1) or from
// writes that were all acknowledged (3), is for one chip and one zone, and holds the CRC that the
// chip compares with its own memory before it locks.
// @context loop
// @source DS20005927A, 2.2 to 2.4 and 9.10
#ifndef LIMPET_ATECC_PLAN_H
#define LIMPET_ATECC_PLAN_H

#include "limpet/atecc.h"
#include "limpet/atecc_detect.h"

enum {
    LP_ATECC_SLOT_IDENTITY = 0,      // P-256, made in the chip before the data lock, fixed for ever
    LP_ATECC_SLOT_IDENTITY2 = 1,     // P-256, for rotation: made anew until it is locked
    LP_ATECC_SLOT_ECDHE = 2,         // P-256, a new key per handshake, secret to the bus
    LP_ATECC_SLOT_ATTEST = 3,        // P-256, signs only what the chip itself says
    LP_ATECC_SLOT_ECDHE_SEALED = 4,  // as 2, but the secret goes to slot 5
    LP_ATECC_SLOT_PREMASTER = 5,     // readable only encrypted with slot 6
    LP_ATECC_SLOT_BUS_KEY = 6,       // I/O protection, shared with the board
    LP_ATECC_SLOT_BINDING = 7,       // board and chip prove each other that they belong together
    LP_ATECC_SLOT_DATA = 8,          // 416 bytes for the application, readable
    LP_ATECC_SLOT_APP_SECRET = 9,    // encrypted read and write with slot 6
    LP_ATECC_SLOT_CERT = 10,         // compressed certificate of slot 0
    LP_ATECC_SLOT_SIGNER_KEY = 11,   // public key of the signer
    LP_ATECC_SLOT_SIGNER_CERT = 12,  // compressed certificate of the signer
    LP_ATECC_SLOT_FIRMWARE_KEY = 13, // public key that firmware must be signed with
    LP_ATECC_SLOT_FIRMWARE_KEY2 = 14, // its successor, usable once validated by 13
    LP_ATECC_SLOT_CERT2 = 15,         // compressed certificate of slot 1
};

typedef struct {
    const char *purpose; // "identity key"
    uint16_t slot_config;
    uint16_t key_config;
} lp_atecc_plan_slot_t;

// Bytes outside the slots. A byte whose mask bit is 0 is neither written nor compared.
typedef struct {
    uint8_t offset; // in the configuration zone
    uint8_t value;
    uint8_t mask;
    const char *meaning;
} lp_atecc_plan_byte_t;

typedef struct {
    const char *name;
    lp_atecc_plan_slot_t slots[LP_ATECC_SLOTS];
    const lp_atecc_plan_byte_t *bytes_508;
    size_t bytes_508_len;
    const lp_atecc_plan_byte_t *bytes_608;
    size_t bytes_608_len;
    uint16_t born;      // bit n: a key is made in slot n before the data lock
    const uint8_t *otp; // LP_ATECC_OTP_LEN bytes
} lp_atecc_plan_t;

// The plan "limpet-1" (docs/slot-plan.md, ADR 0003).
extern const lp_atecc_plan_t lp_atecc_plan_limpet1;

// Proof that a zone holds what the plan wants. Only the functions below make one.
typedef struct {
    lp_atecc_zone_t zone;
    uint16_t crc;
    uint8_t serial_[LP_ATECC_SERIAL_LEN];
    uint32_t seal_;
} lp_atecc_token_t;

// ---- pure functions ---------------------------------------------------------------------------

// CRC of a configuration zone as the Lock command wants it.
uint16_t lp_atecc_config_crc(const uint8_t config[LP_ATECC_CONFIG_LEN]);

// Is this configuration as the plan wants it? The same question as lp_atecc_plan_diff() == 0,
// without the words and their code size.
bool lp_atecc_plan_matches(const lp_atecc_plan_t *plan, lp_atecc_part_t part,
                           const uint8_t config[LP_ATECC_CONFIG_LEN]);

// Receives one difference: a sentence without a full stop ("slot 3: clear reads allowed, the plan
// forbids them"), valid during the call. `slot` is -1 for what belongs to no slot.
typedef void lp_atecc_diff_fn(void *ctx, int slot, const char *text);

// Compares 128 bytes with the plan; calls fn (may be null) for each difference. Returns their
// number.
size_t lp_atecc_plan_diff(const lp_atecc_plan_t *plan, lp_atecc_part_t part,
                          const uint8_t config[LP_ATECC_CONFIG_LEN], lp_atecc_diff_fn *fn,
                          void *ctx);

// ---- with a chip ------------------------------------------------------------------------------

// Caller-owned workspace of the operations below; zero it once. Lends until done.
typedef struct {
    lp_atecc_req_t req;
    lp_atecc_id_t id;       // after done: the chip as it was read last
    lp_atecc_token_t token; // valid after LP_OK of write, check (when equal) and fill
    uint16_t steps_done;    // progress, readable at any time
    uint16_t steps_total;
    // private
    const lp_atecc_plan_t *plan_;
    lp_atecc_diff_fn *diff_;
    void *diff_ctx_;
    const struct lp_atecc_fill *fills_;
    size_t fills_len_;
    uint8_t stage_;
    uint8_t tries_;
    lp_err_t outcome_;
    uint16_t crc_;
    lp_atecc_at_t at_;
    uint8_t block_[32];
} lp_atecc_plan_op_t;

// Content for a slot other than zeros, for lp_atecc_plan_fill(): exactly the slot's size or less
// (zero-filled). For instance the binding secret, made at the factory.
typedef struct lp_atecc_fill {
    uint8_t slot;
    lp_span_t data;
} lp_atecc_fill_t;

// Reads the chip and compares it with the plan; differences come through `diff` (may be null)
// before `done`. LP_OK: equal. LP_E_VERIFY: differs.
lp_err_t lp_atecc_plan_check(lp_atecc_t *chip, lp_atecc_plan_op_t *op, const lp_atecc_plan_t *plan,
                             lp_atecc_diff_fn *diff, void *diff_ctx, lp_atecc_done_fn *done,
                             void *ctx);

// Writes the words that differ, reads everything back and compares. When the zone is locked
// already nothing is written: LP_OK if it is equal, LP_E_STATE if it differs.
// LP_E_VERIFY: written, but the read-back differs (`diff` was told how).
lp_err_t lp_atecc_plan_write(lp_atecc_t *chip, lp_atecc_plan_op_t *op, const lp_atecc_plan_t *plan,
                             lp_atecc_diff_fn *diff, void *diff_ctx, lp_atecc_done_fn *done,
                             void *ctx);

// Writes all slots but private keys, and OTP, and makes the keys in `plan->born` that were not made
// since this chip was initialised. LP_E_STATE: configuration not locked, or data locked already;
// LP_E_VERIFY: the locked configuration is not the plan's. `fills` may be null; lends until done.
lp_err_t lp_atecc_plan_fill(lp_atecc_t *chip, lp_atecc_plan_op_t *op, const lp_atecc_plan_t *plan,
                            const lp_atecc_fill_t *fills, size_t fills_len, lp_atecc_done_fn *done,
                            void *ctx);

// Lock for ever. The token is copied. LP_E_INVALID: no token for this zone. LP_OK also if the zone
// was locked before with exactly this content (configuration) or at all (data). LP_E_CHIP_EXEC: the
// chip's memory does not have the token's CRC: nothing was locked. LP_E_CHIP_OTHER: the token is
// another chip's.
lp_err_t lp_atecc_lock_config(lp_atecc_t *chip, lp_atecc_plan_op_t *op,
                              const lp_atecc_token_t *token, lp_atecc_done_fn *done, void *ctx);
lp_err_t lp_atecc_lock_data(lp_atecc_t *chip, lp_atecc_plan_op_t *op, const lp_atecc_token_t *token,
                            lp_atecc_done_fn *done, void *ctx);

// A device key in `slot`: makes one where the chip's configuration and locks allow it, else brings
// the one that was born there before the data lock. *is_new (may be null) tells which. Where a new
// key is allowed the old one is gone: the caller decides whether that may be. With limpet-1 the key
// of slot 0 is born by lp_atecc_plan_fill() and this only brings it. LP_E_STATE: the configuration
// is not locked. LP_E_UNSUPPORTED: not a slot for private keys. LP_E_VERIFY: the chip does not have
// the key that it said it made. Making is not repeated when in doubt.
lp_err_t lp_atecc_key_make(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t slot, uint8_t pub[64],
                           bool *is_new, lp_atecc_done_fn *done, void *ctx);

#endif
