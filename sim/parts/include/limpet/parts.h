// SPDX-License-Identifier: Apache-2.0
// limpet/parts.h - virtual sensors on the bus of the virtual chip.
//
// A part is made from words: "KIND[@ADDR]=VALUES". Kinds: sht3x (0x44; temperature,humidity) and
// bme280 (0x76; temperature,humidity,pressure), in degrees Celsius, percent and hPa. VALUES are the
// numbers with commas, or the path of a file that has them and is read at each measurement, so that
// a test, or a person with an editor, can change the weather.
#ifndef LIMPET_PARTS_H
#define LIMPET_PARTS_H

#include "limpet/chipsim.h"

typedef struct lp_part lp_part_t;

// LP_E_FORMAT: `why` says what is wrong with the words. LP_E_NOSPACE: no memory. A null clock is
// this computer's.
lp_err_t lp_part_new(lp_part_t **out, const char *words, const lp_chipsim_clock_t *clock, char *why,
                     size_t why_cap);

// Null is allowed. Not while it is attached to a bus that is used.
void lp_part_free(lp_part_t *part);

// For lp_chipsim_bus_attach_part(). Borrowed until lp_part_free().
const lp_chipsim_part_t *lp_part_on_bus(const lp_part_t *part);

#endif
