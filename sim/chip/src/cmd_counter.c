// SPDX-License-Identifier: Apache-2.0
// Counter (L3306), UpdateExtra (L4650, T2414).
#include "internal.h"

LP_CS_HANDLER(counter)
{
    if ((m->p1 & 0xFE) != 0 || m->p2 > 1 || m->len != 0) {
        return ST_PARSE;
    }
    if ((m->p1 & 1) != 0) {
        lp_cs_status_t status = lp_cs_counter_increment(c, m->p2);
        if (status != ST_OK) {
            return status;
        }
    }
    uint32_t v = lp_cs_counter_get(c, m->p2);
    for (unsigned i = 0; i < 4; i++) {
        r->bytes[i] = (uint8_t)(v >> 8 * i);
    }
    r->len = 4;
    return ST_OK;
}

// May byte 84 or 85 be written now? 508: byte 85 always, unless SelectorMode says only while zero
// (table 2-5, against L4668). 608: both once (T2414).
static bool writable(const lp_chipsim_t *c, unsigned offset)
{
    bool zero = c->image.config[offset] == 0;
    bool selector_free =
        !lp_cs_is_608(c) && offset == CFG_SELECTOR && (c->image.config[CFG_CHIP_MODE] & 1) == 0;
    return zero || selector_free;
}

LP_CS_HANDLER(updateextra)
{
    (void)r;
    if ((m->p1 & 0xFC) != 0 || m->p2 > 0xFF || m->len != 0) {
        return ST_PARSE;
    }
    if ((m->p1 & 2) != 0) {
        return lp_cs_count_use(c, m->p2 & 0x0F);
    }
    unsigned offset = (m->p1 & 1) != 0 ? CFG_SELECTOR : CFG_USER_EXTRA;
    if (lp_cs_breaks(c, LP_RULE_UPDATEEXTRA_ONCE, !writable(c, offset))) {
        return ST_EXEC;
    }
    uint8_t value = (uint8_t)m->p2;
    lp_cs_program(c, c->image.config + offset, &value, 1);
    return ST_OK;
}
