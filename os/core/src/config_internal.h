// SPDX-License-Identifier: Apache-2.0
// The parts of the settings.
#ifndef CONFIG_INTERNAL_H
#define CONFIG_INTERNAL_H

#include "limpet/config.h"

enum { CONFIG_DEPTH_MAX = 4 };

// Whether a trial waits or runs, see config_try.c.
#define CONFIG_TRIAL_KEY "config.trial"

// A value before it is taken.
typedef struct {
    bool is_default; // put it back
    int32_t num;
    lp_span_t text; // followed by a 0
} candidate_t;

// Index of `key` in the table, or -1.
int lp_config_find(const lp_config_t *c, lp_span_t key);

// Checks `v` against its row; `why` gets the sentence.
lp_err_t lp_config_check(const lp_config_row_t *row, const candidate_t *v, lp_buf_t *why);

// Whether what the vendor gives fits the row.
bool lp_config_is_vendor_legal(const lp_config_row_t *row, const lp_config_vendor_t *vendor);

// Whether nobody can set it: read-only or pinned.
bool lp_config_is_fixed(const lp_config_t *c, size_t row);

// Takes a checked value for a row that is not set. A string stands at the free end of the arena,
// where its place is.
void lp_config_take(lp_config_t *c, size_t row, const candidate_t *new);

// Back to what the vendor or the row has.
void lp_config_forget(lp_config_t *c, size_t row);

// Makes a value of what the store has under `key` for a row. LP_E_NOT_FOUND: nothing.
lp_err_t lp_config_read_stored(lp_config_t *c, size_t row, const char *key, candidate_t *out);

// Ends a trial and removes what was written for it.
lp_err_t lp_config_drop_trial(lp_config_t *c);

// Says that `key` does not exist, and which key may be meant.
void lp_config_explain_unknown(const lp_config_t *c, lp_span_t key, lp_buf_t *why);

#endif
