// SPDX-License-Identifier: Apache-2.0
// Lines of a receiver, with the right checksum put behind them, so that the fields are reached.
#include <stdio.h>
#include <string.h>

#include "fuzz.h"
#include "limpet/nmea.h"

static void check(const lp_nmea_fix_t *fix)
{
    MUST(fix->latitude_e7 >= -900000000 && fix->latitude_e7 <= 900000000);
    MUST(fix->longitude_e7 >= -1800000000 && fix->longitude_e7 <= 1800000000);
    MUST(fix->altitude_cm > -100000000 && fix->altitude_cm < 100000000);
    MUST(fix->satellites < 100);
    MUST(!fix->has_time || (fix->utc_s >= 946684800 && fix->utc_s <= 4102444800));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lp_nmea_fix_t fix = {.has_fix = false};
    const lp_nmea_fix_t before = fix;
    char line[LP_NMEA_LINE_MAX + 1];
    unsigned sum = 0;
    if (lp_nmea_take(&fix, lp_span(data, size)) != LP_OK) {
        MUST(memcmp(&fix, &before, sizeof fix) == 0);
    }
    if (size > LP_NMEA_LINE_MAX - 4) {
        return 0;
    }
    for (size_t i = 0; i < size; i++) {
        sum ^= data[i];
    }
    line[0] = '$';
    memcpy(line + 1, data, size);
    snprintf(line + 1 + size, 4, "*%02X", sum);
    (void)lp_nmea_take(&fix, lp_span(line, size + 4));
    check(&fix);
    return 0;
}
