// SPDX-License-Identifier: Apache-2.0
#ifndef LP_FONT_H
#define LP_FONT_H

#include <stdint.h>

enum {
    FONT_COLUMNS = 5,
    FONT_ROWS = 7,
    FONT_FIRST = 32,
    FONT_COUNT = 97,
    FONT_DEGREE = 95,
    FONT_OTHER = 96
};

extern const uint8_t lp_font[FONT_COUNT][FONT_COLUMNS];

#endif
