// SPDX-License-Identifier: Apache-2.0
// limpet/nmea.h - lines of NMEA 0183 as receivers of satellite navigation send them: position,
// time, how good it is. A pure function on bytes.
// @source NMEA 0183 as u-blox publishes it (UBX-13003221, 31), sentences GGA and RMC
// @context any
#ifndef LIMPET_NMEA_H
#define LIMPET_NMEA_H

#include <stdbool.h>

#include "limpet/span.h"

enum { LP_NMEA_LINE_MAX = 82 };

typedef struct {
    bool has_fix;        // of the last GGA or RMC; else position and altitude are old or zero
    int32_t latitude_e7; // ten-millionths of a degree, north
    int32_t longitude_e7;
    int32_t altitude_cm; // above the sea, of the last GGA
    uint8_t satellites;  // in use, of the last GGA
    bool has_time;
    int64_t utc_s; // since 1970, of the last RMC; when its line was sent the second had begun
} lp_nmea_fix_t;

// Takes one line, without CR and LF, into `fix`, which is zeroed at first. LP_OK: it was a GGA or
// RMC of any system (GP, GN, GA, GL...). LP_E_UNSUPPORTED: another sentence. LP_E_CRC: damaged.
// LP_E_FORMAT: none, or one without a checksum. On errors `fix` is untouched.
lp_err_t lp_nmea_take(lp_nmea_fix_t *fix, lp_span_t line);

#endif
