// SPDX-License-Identifier: Apache-2.0
// limpet/svc_secret.h - settings that are secret, sealed with the key from the chip.
//
// A secret is set in clear. As soon as the board can seal (limpet/svc_seal.h), its value is
// replaced by a sealed one, in memory and, when it was saved, in flash, from where the clear one is
// then removed. Until then, on a board whose chip is not set up yet, it stays in clear, which is
// said once. A sealed value is opened for whoever uses it and kept nowhere.
//
//   0x01 | base64 of what limpet/seal.h makes, under the name of the setting
//
// @context loop
#ifndef LIMPET_SVC_SECRET_H
#define LIMPET_SVC_SECRET_H

#include "limpet/svc_seal.h"

enum {
    LP_SECRET_PLAIN_MAX = 63,
    LP_SECRET_MARK = 0x01, // no secret that people type begins with it
    LP_SECRET_BYTES_MAX = LP_SECRET_PLAIN_MAX + LP_SEAL_EXTRA_BYTES,
    LP_SECRET_TEXT_MAX = 1 + (LP_SECRET_BYTES_MAX + 2) / 3 * 4 + 1, // with the terminator
};

// Whether a value looks like a sealed one.
bool lp_secret_is_sealed(lp_span_t value);

// `secret` is lent until the return, and wiped then; "" with an error.
typedef void lp_secret_done_fn(void *ctx, lp_err_t err, const char *secret);

typedef struct {
    lp_loop_t *loop_;
    lp_config_t *config_;
    lp_store_t *store_;
    lp_svc_seal_t *seal_; // null: this board cannot seal
    lp_event_t step_;
    lp_timer_t retry_;
    const lp_config_row_t *rows_;
    size_t count_;
    size_t row_; // being sealed
    bool is_sealing_;
    bool was_told_;
    bool owes_scrub_; // clear ones may still be in flash
    uint32_t sealed;  // since the start
    // opening
    bool is_opening_;
    bool is_canceled_;
    lp_secret_done_fn *done_;
    void *ctx_;
    const char *key_;
    uint8_t bytes_[LP_SECRET_BYTES_MAX];
    lp_span_t in_;
    char plain_[LP_SECRET_TEXT_MAX];
    lp_buf_t out_;
} lp_svc_secret_t;

// Looks after those of `rows` that are secret. Lends all of it.
void lp_svc_secret_init(lp_svc_secret_t *svc, lp_loop_t *loop, lp_config_t *config,
                        lp_store_t *store, const lp_config_row_t *rows, size_t count);

// What seals; until then, and with null, secrets stay in clear.
void lp_svc_secret_use(lp_svc_secret_t *svc, lp_svc_seal_t *seal);

// Settings have changed, or the chip.
void lp_svc_secret_poke(lp_svc_secret_t *svc);

// Opens the value of `key` (static). LP_OK: `done` comes once, from the loop. LP_E_BUSY: one at a
// time. `done`: LP_E_VERIFY: it was sealed elsewhere, or altered; LP_E_CHIP_...; LP_E_UNSUPPORTED.
lp_err_t lp_svc_secret_open(lp_svc_secret_t *svc, const char *key, lp_secret_done_fn *done,
                            void *ctx);
// `done` will not come.
void lp_svc_secret_cancel(lp_svc_secret_t *svc);

#endif
