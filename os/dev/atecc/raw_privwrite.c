// SPDX-License-Identifier: Apache-2.0
// PrivWrite. @source DS20005927A 9.14
#include "internal.h"
#include "limpet/atecc_raw.h"

enum { ZONE_ENCRYPTED = 0x40 };

lp_err_t lp_atecc_priv_write(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t slot,
                             const uint8_t value[36], const uint8_t *mac, lp_atecc_done_fn *done,
                             void *ctx)
{
    static const uint8_t no_mac[32];
    if (value == NULL || slot >= LP_ATECC_SLOTS) {
        return LP_E_INVALID;
    }
    const lp_atecc_simple_t s = {
        .opcode = OP_PRIVWRITE,
        .mode = mac != NULL ? ZONE_ENCRYPTED : 0,
        .param = slot,
        .in = {lp_span(value, 36), lp_span(mac != NULL ? mac : no_mac, 32)},
        .is_once = mac != NULL};
    return lp_atecc_simple(chip, req, &s, done, ctx);
}
