// SPDX-License-Identifier: Apache-2.0
// Tokens: the right to lock. The seal keeps a zeroed or hand-made structure from passing for one;
// it is against mistakes, the CRC inside is what the chip checks.
#include "limpet/crc.h"
#include "plan.h"

static uint32_t seal(const lp_atecc_token_t *t)
{
    static const char salt[] = "limpet lock token";
    const uint8_t head[] = {(uint8_t)t->zone, (uint8_t)t->crc, (uint8_t)(t->crc >> 8)};
    uint32_t crc = lp_crc32(0, lp_span(salt, sizeof salt));
    crc = lp_crc32(crc, lp_span(head, sizeof head));
    return lp_crc32(crc, lp_span(t->serial_, sizeof t->serial_));
}

void lp_atecc_token_make(lp_atecc_token_t *token, lp_atecc_zone_t zone, uint16_t crc,
                         const uint8_t serial[LP_ATECC_SERIAL_LEN])
{
    *token = (lp_atecc_token_t){.zone = zone, .crc = crc};
    memcpy(token->serial_, serial, LP_ATECC_SERIAL_LEN);
    token->seal_ = seal(token);
}

bool lp_atecc_token_is_good(const lp_atecc_token_t *token, lp_atecc_zone_t zone)
{
    return token->zone == zone && token->seal_ == seal(token);
}
