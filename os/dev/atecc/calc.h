// SPDX-License-Identifier: Apache-2.0
// Building blocks of the chip's messages. Not for users.
#ifndef ATECC_CALC_INTERNAL_H
#define ATECC_CALC_INTERNAL_H

#include "internal.h"
#include "limpet/atecc_calc.h"
#include "limpet/sha256.h"

static inline void put(lp_sha256_t *h, const void *bytes, size_t len)
{
    lp_sha256_update(h, lp_span(bytes, len));
}

// Up to 32 zeros.
void lp_atecc_calc_zeros(lp_sha256_t *h, size_t len);
// opcode | param1 | param2 LE
void lp_atecc_calc_header(lp_sha256_t *h, uint8_t opcode, uint8_t param1, uint16_t param2);
// SN<8> | SN<0:1>
void lp_atecc_calc_serial3(lp_sha256_t *h, const uint8_t *serial);
// SN<8> | SN<4:7> or zeros | SN<0:1> | SN<2:3> or zeros
void lp_atecc_calc_serial9(lp_sha256_t *h, const uint8_t *serial, bool is_whole);

#endif
