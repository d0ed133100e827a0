// SPDX-License-Identifier: Apache-2.0
// limpet/audit.h - who did what, when, and what came of it: a ring in memory.
// @context loop
#ifndef LIMPET_AUDIT_H
#define LIMPET_AUDIT_H

#include "limpet/json.h"

enum {
    LP_AUDIT_ENTRIES = 32,
    LP_AUDIT_WHO_MAX = 17, // with the terminator, as all of these
    LP_AUDIT_FROM_MAX = 48,
    LP_AUDIT_WHAT_MAX = 32,
};

typedef struct {
    uint64_t at_ms; // since the start
    lp_err_t err;
    uint16_t mark;
    uint16_t times; // the same again, and nothing else in between
    bool is_done;
    char who[LP_AUDIT_WHO_MAX];
    char from[LP_AUDIT_FROM_MAX];
    char what[LP_AUDIT_WHAT_MAX];
} lp_audit_entry_t;

typedef struct {
    lp_audit_entry_t entries_[LP_AUDIT_ENTRIES];
    uint32_t count; // since the start
    uint16_t last_mark_;
} lp_audit_t;

// All zeroes is an empty one.

// Something begins; texts are copied and cut. Returns its mark, never 0.
uint16_t lp_audit_begin(lp_audit_t *a, const char *who, const char *from, const char *what);
// What came of it. An entry that was overwritten meanwhile is passed over.
void lp_audit_end(lp_audit_t *a, uint16_t mark, lp_err_t err);
// Both at once. The same thing again and again (somebody guesses) takes one entry.
void lp_audit_note(lp_audit_t *a, const char *who, const char *from, const char *what,
                   lp_err_t err);

// Writes an array of {"at_s":..., "who":..., "from":..., "what":..., "result":..., "times":...},
// the oldest first.
void lp_audit_put(const lp_audit_t *a, lp_json_writer_t *w);

#endif
