// SPDX-License-Identifier: Apache-2.0
// The numbers on a wire are the leaves of a tree: at each bit all parts that are still in say their
// bit and its contrary, and the master says which of them stay. Each walk takes the last fork that
// has an unseen side to the other side.
// @source Maxim application note 187, 1-Wire Search Algorithm
#include <string.h>

#include "onewire_internal.h"

enum { FIRST = 1, SECOND = 2, WRITTEN = 4 };

uint8_t onewire_search_wish(const lp_onewire_search_t *s)
{
    const unsigned bit = s->bit_ + 1u;
    if (bit < s->fork_) {
        return s->rom[s->bit_ / 8] >> s->bit_ % 8 & 1u;
    }
    return bit == s->fork_ ? 1 : 0;
}

lp_err_t onewire_search_take(lp_onewire_search_t *s, uint8_t answer)
{
    const bool is_one = (answer & WRITTEN) != 0;
    if ((answer & FIRST) != 0 && (answer & SECOND) != 0) {
        return s->bit_ == 0 ? LP_E_NOT_FOUND : LP_E_CRC;
    }
    if ((answer & (FIRST | SECOND)) == 0 && !is_one) {
        s->next_fork_ = (uint8_t)(s->bit_ + 1);
    }
    if (is_one) {
        s->walk_[s->bit_ / 8] |= (uint8_t)(1u << s->bit_ % 8);
    }
    s->bit_++;
    return LP_OK;
}

// A wire that fell low meanwhile is a number of zeros, whose CRC is right; no family is 0.
static lp_err_t check(const lp_onewire_search_t *s)
{
    if (s->walk_[0] == 0) {
        return LP_E_IO;
    }
    return lp_onewire_crc8(lp_span(s->walk_, sizeof s->walk_)) == 0 ? LP_OK : LP_E_CRC;
}

static void on_done(void *ctx, lp_err_t err)
{
    lp_onewire_search_t *s = ctx;
    err = err == LP_OK ? check(s) : err;
    if (err == LP_OK) {
        memcpy(s->rom, s->walk_, sizeof s->rom);
        s->fork_ = s->next_fork_;
        s->is_over_ = s->fork_ == 0;
    }
    s->done_(s->ctx_, err);
}

void lp_onewire_search_init(lp_onewire_search_t *s, uint8_t command)
{
    *s = (lp_onewire_search_t){.command_ = command};
}

lp_err_t lp_onewire_search_next(lp_onewire_t *bus, lp_onewire_search_t *s, lp_onewire_done_fn *done,
                                void *ctx)
{
    if (s->is_over_) {
        return LP_E_NOT_FOUND;
    }
    s->done_ = done;
    s->ctx_ = ctx;
    s->bit_ = 0;
    s->next_fork_ = 0;
    memset(s->walk_, 0, sizeof s->walk_);
    s->xfer_ = (lp_onewire_xfer_t){
        .tx = lp_span(&s->command_, 1), .done = on_done, .ctx = s, .search_ = s};
    return lp_onewire_start(bus, &s->xfer_);
}
