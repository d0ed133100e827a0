// SPDX-License-Identifier: Apache-2.0
// Pieces that the chip's messages are made of. @source DS20005927A chapter 9, message tables
#include "calc.h"

void lp_atecc_calc_zeros(lp_sha256_t *h, size_t len)
{
    static const uint8_t zeros[32];
    put(h, zeros, len);
}

void lp_atecc_calc_header(lp_sha256_t *h, uint8_t opcode, uint8_t param1, uint16_t param2)
{
    const uint8_t header[] = {opcode, param1, (uint8_t)param2, (uint8_t)(param2 >> 8)};
    put(h, header, sizeof header);
}

void lp_atecc_calc_serial3(lp_sha256_t *h, const uint8_t *serial)
{
    put(h, serial + 8, 1);
    put(h, serial, 2);
}

void lp_atecc_calc_serial9(lp_sha256_t *h, const uint8_t *serial, bool is_whole)
{
    static const uint8_t zeros[4];
    put(h, serial + 8, 1);
    put(h, is_whole ? serial + 4 : zeros, 4);
    put(h, serial, 2);
    put(h, is_whole ? serial + 2 : zeros, 2);
}
