// SPDX-License-Identifier: Apache-2.0
// The parts of the settings.
#ifndef CONFIG_INTERNAL_H
#define CONFIG_INTERNAL_H

#include "limpet/config.h"

enum { CONFIG_DEPTH_MAX = 4 };

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

// Says that `key` does not exist, and which key may be meant.
void lp_config_explain_unknown(const lp_config_t *c, lp_span_t key, lp_buf_t *why);

#endif
