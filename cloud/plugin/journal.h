// SPDX-License-Identifier: Apache-2.0
// Private: events on their way to the registry. The broker's loop must not wait for a disk at every
// message, so they are collected and written together, at the latest a tick later.
#ifndef LP_PLUGIN_JOURNAL_H
#define LP_PLUGIN_JOURNAL_H

#include "limpet/registry.h"

enum { JOURNAL_MAX = 256 };

typedef struct {
    lp_reg_event_t event[JOURNAL_MAX]; // texts and payloads are owned copies
    size_t count;
    long long lost; // could not be written
    int since_trim;
} lp_journal_t;

// Copies the event; writes the whole journal first where it is full.
void lp_journal_add(lp_journal_t *journal, lp_registry_t *reg, const lp_reg_event_t *event);
void lp_journal_flush(lp_journal_t *journal, lp_registry_t *reg);

#endif
