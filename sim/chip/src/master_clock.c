// SPDX-License-Identifier: Apache-2.0
// The computer's clock until the master tells its own; never backwards when the two change places,
// nor when a master starts anew.
#include "limpet/chipsim_server.h"

uint64_t lp_chipsim_master_clock_now(void *ctx)
{
    const lp_chipsim_master_clock_t *c = ctx;
    return c->is_told_ ? c->now_us_ : lp_chipsim_host_clock(NULL) + c->shift_us_;
}

void lp_chipsim_master_clock_tell(lp_chipsim_master_clock_t *c, uint64_t master_us)
{
    const bool is_new = !c->is_told_ || master_us < c->last_us_;
    const uint64_t before_us = lp_chipsim_master_clock_now(c);
    if (is_new) {
        c->shift_us_ = before_us - master_us;
    }
    const uint64_t us = master_us + c->shift_us_;
    c->now_us_ = us > before_us ? us : before_us;
    c->last_us_ = master_us;
    c->is_told_ = true;
}

void lp_chipsim_master_clock_pass(lp_chipsim_master_clock_t *c, uint64_t us)
{
    c->now_us_ += us;
}

void lp_chipsim_master_clock_release(lp_chipsim_master_clock_t *c)
{
    if (c->is_told_) {
        c->shift_us_ = c->now_us_ - lp_chipsim_host_clock(NULL);
        c->is_told_ = false;
    }
}
