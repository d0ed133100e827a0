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

// A row of items for lp_store_put(); null: there is no memory for it now.
lp_store_item_t *lp_config_take_items(const lp_config_t *c);
void lp_config_give_items(const lp_config_t *c, lp_store_item_t *items);

// -- config_large.c

// The name of a value in the store.
typedef char lp_config_place_t[LP_STORE_KEY_MAX];

bool lp_config_is_large(const lp_config_t *c, size_t row);
// Checks `json` and writes it to the store, beside the value that counts. LP_E_BUSY: there is no
// memory for that now.
lp_err_t lp_config_draft(lp_config_t *c, size_t row, lp_json_t json, lp_buf_t *why);
// What was written counts.
void lp_config_take_draft(lp_config_t *c, size_t row);
// Checks and takes the saved value. LP_E_NOT_FOUND: none.
lp_err_t lp_config_load_large(lp_config_t *c, size_t row);
lp_err_t lp_config_drop_drafts(lp_config_t *c);
// What is to be put to save a row; false: nothing. `name` must live until then.
bool lp_config_save_large(const lp_config_t *c, size_t row, lp_config_place_t name,
                          lp_store_item_t *item);
void lp_config_saved_large(lp_config_t *c);
lp_err_t lp_config_read_row(const lp_config_t *c, size_t row, size_t at, uint8_t *to, size_t n);
// A row that is set.
void lp_config_put_large(const lp_config_t *c, size_t row, lp_json_writer_t *w);

// Ends a trial and removes what was written for it.
lp_err_t lp_config_drop_trial(lp_config_t *c);

// Says that `key` does not exist, and which key may be meant.
void lp_config_explain_unknown(const lp_config_t *c, lp_span_t key, lp_buf_t *why);

#endif
