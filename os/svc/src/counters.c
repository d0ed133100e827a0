// SPDX-License-Identifier: Apache-2.0
#include "limpet/counters.h"

#include "limpet/endian.h"
#include "limpet/log.h"

#define LOG_MODULE "counters"

static const char *const keys[LP_COUNTERS] = {
    [LP_COUNTER_BOOTS] = "#boots",
    [LP_COUNTER_ECDHE] = "#ecdhe",
};

void lp_counters_init(lp_counters_t *c, lp_store_t *store)
{
    *c = (lp_counters_t){.store_ = store};
    for (int i = 0; i < LP_COUNTERS; i++) {
        uint8_t bytes[4];
        lp_buf_t out = lp_buf(bytes, sizeof bytes);
        if (lp_store_get(store, keys[i], &out) == LP_OK && out.len == sizeof bytes) {
            c->value[i] = lp_get_le32(bytes);
        }
    }
}

void lp_counters_add(lp_counters_t *c, lp_counter_t which)
{
    uint8_t bytes[4];
    c->value[which] += c->value[which] < UINT32_MAX ? 1 : 0;
    lp_put_le32(bytes, c->value[which]);
    const lp_store_item_t item = {.key = keys[which], .value = lp_span(bytes, sizeof bytes)};
    const lp_err_t err = lp_store_put(c->store_, &item, 1);
    if (err != LP_OK) {
        LP_LOGE("%s = %lu cannot be stored (%s)", keys[which], (unsigned long)c->value[which],
                lp_err_text(err));
    }
}
