// SPDX-License-Identifier: Apache-2.0
// limpet/keychip.h - the keys of an ATECC508A / ATECC608A / ATECC608B as a key store.
//
// ECDHE keys are fresh for every handshake. A 608 makes them in TempKey; a 508A writes them to the
// plan's ECDHE slots, whose EEPROM is good for 400,000 writes (the driver's wear hook counts them).
// The shared secret crosses the bus in the clear, unless it is asked for sealed with the bus key
// that board and chip share (limpet/buskey.h).
// @context loop
#ifndef LIMPET_KEYCHIP_H
#define LIMPET_KEYCHIP_H

#include "limpet/atecc_sealed.h"
#include "limpet/keystore.h"

typedef struct lp_keychip_seal lp_keychip_seal_t;

typedef struct {
    lp_keyprov_t prov; // must stay first; give this to lp_keystore_init()
    lp_atecc_t *chip_;
    lp_atecc_req_t req_;
    lp_key_op_t *op_;
    lp_key_done_fn *done_;
    void *ctx_;
    bool is_in_tempkey_;
    bool is_sealed_; // the ECDHE key that was made last
    bool is_broken_; // there should be a seal
    uint32_t tempkey_mark_;
    lp_keychip_seal_t *seal_; // null: none
} lp_keychip_t;

// What the sealed operations need. A board that has no bus keys does without it, and without their
// code.
struct lp_keychip_seal {
    lp_err_t (*agree_)(lp_keychip_t *keys, const uint8_t peer[64], uint8_t out[32],
                       lp_atecc_done_fn *done);
    lp_err_t (*verify_)(lp_keychip_t *keys, lp_key_op_t *op, lp_atecc_done_fn *done); // or null
    lp_atecc_sealed_t op_;
    lp_atecc_check_t check_;
    uint8_t key_[32];
    uint8_t serial_[LP_ATECC_SERIAL_LEN];
    uint8_t num_in_[32];
};

// `chip` is lent for as long as the store is used. Serves every operation.
void lp_keychip_init(lp_keychip_t *keys, lp_atecc_t *chip);

// The chip has proven that it knows `bus_key`, the content of its slot 6: sealed key exchange works
// from now on. `seal` is lent until lp_keychip_unseal() or lp_keychip_init(), the others are
// copied. No operation may be under way.
void lp_keychip_seal(lp_keychip_t *keys, lp_keychip_seal_t *seal, const uint8_t bus_key[32],
                     const uint8_t serial[LP_ATECC_SERIAL_LEN]);

lp_key_seal_t lp_keychip_seal_state(const lp_keychip_t *keys);

// There is no bus key (any more), or (`is_broken`) the chip does not know the one it should.
void lp_keychip_unseal(lp_keychip_t *keys, bool is_broken);

#endif
