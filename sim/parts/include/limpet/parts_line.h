// SPDX-License-Identifier: Apache-2.0
// limpet/parts_line.h - virtual parts that speak on a serial line.
//
// A part is made from words: "KIND[@UART]=VALUES", where UART is the number of the board's line (2
// if nothing is said). The kind is gps, a receiver of satellite navigation that says where it is
// once a second, in NMEA 0183. VALUES are latitude, longitude in degrees and altitude in metres, or
// what is wrong: "nofix", "noise" (bits are damaged); or a file that has them and is read each
// time.
#ifndef LIMPET_PARTS_LINE_H
#define LIMPET_PARTS_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limpet/err.h"

typedef struct lp_line_part lp_line_part_t;

enum { LP_LINE_PART_TEXT_MAX = 400 };

// Whether the words name a kind of this sort.
bool lp_line_part_is(const char *words);
// The line that the words name; 0: they name none that can be.
unsigned lp_line_part_uart(const char *words);

// LP_E_FORMAT: `why` says what is wrong with the words. LP_E_NOSPACE: no memory.
lp_err_t lp_line_part_new(lp_line_part_t **out, const char *words, char *why, size_t why_cap);
// Null is allowed.
void lp_line_part_free(lp_line_part_t *part);

// What it says in this second, 0-ended; its length.
size_t lp_line_part_say(lp_line_part_t *part, int64_t utc_s, char text[LP_LINE_PART_TEXT_MAX]);

#endif
