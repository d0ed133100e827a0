// SPDX-License-Identifier: Apache-2.0
// limpet/counters.h - numbers that outlive restarts: boots, and writes to the chip's EEPROM.
// @context loop
#ifndef LIMPET_COUNTERS_H
#define LIMPET_COUNTERS_H

#include "limpet/store.h"

typedef enum {
    LP_COUNTER_BOOTS,
    LP_COUNTER_ECDHE, // keys made in a 508A's ECDHE slot, good for LP_COUNTER_ECDHE_LIMIT
    LP_COUNTERS,
} lp_counter_t;

enum { LP_COUNTER_ECDHE_LIMIT = 400000 };

typedef struct {
    lp_store_t *store_;
    uint32_t value[LP_COUNTERS];
} lp_counters_t;

// Reads what is stored; what is not there, or damaged, starts at 0.
void lp_counters_init(lp_counters_t *c, lp_store_t *store);

// Adds one and stores it. A store that fails is logged; the number in memory counts on.
void lp_counters_add(lp_counters_t *c, lp_counter_t which);

#endif
