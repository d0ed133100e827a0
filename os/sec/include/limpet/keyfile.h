// SPDX-License-Identifier: Apache-2.0
// limpet/keyfile.h - software P-256 keys, for boards without a crypto chip.
//
// The bytes of such a key live where the board's service layer puts them; this store makes them,
// uses them and wipes its copies. Needs lp_tls_init() first: it has the random generator.
// @context loop
#ifndef LIMPET_KEYFILE_H
#define LIMPET_KEYFILE_H

#include "limpet/keystore.h"

// How keys reach flash. Both are called from the loop, synchronously.
typedef struct {
    // Fills `key`. LP_E_NOT_FOUND: there is none of that name.
    lp_err_t (*load)(void *ctx, const char *name, uint8_t key[LP_KEY_SECRET_BYTES]);
    // Stores `key` for good (borrows), replacing one of that name. LP_OK means it is in flash.
    lp_err_t (*save)(void *ctx, const char *name, const uint8_t key[LP_KEY_SECRET_BYTES]);
    void *ctx;
} lp_keyfile_io_t;

typedef struct {
    lp_keyprov_t prov; // must stay first; give this to lp_keystore_init()
    lp_loop_t *loop_;
    const lp_keyfile_io_t *io_;
    lp_event_t event_;
    lp_key_op_t *op_;
    lp_key_done_fn *done_;
    void *ctx_;
} lp_keyfile_t;

// `io` is lent for as long as the store is used. Serves PUBLIC, GENERATE and SIGN.
void lp_keyfile_init(lp_keyfile_t *files, lp_loop_t *loop, const lp_keyfile_io_t *io);

#endif
