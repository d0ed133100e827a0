// SPDX-License-Identifier: Apache-2.0
// The loop's wait: frames and bytes are fetched, then the core sleeps until an interrupt or until
// something is due.
#include "limpet/port/clock.h"

#include "bare_internal.h"

enum { POLL_MS = 1 }; // for a line without an interrupt

static uint64_t slept_us;

uint64_t lp_port_busy_us(void)
{
    return lp_port_now_us() - slept_us;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

void lp_port_wait(uint64_t until_ms)
{
    uint32_t since = lp_hw_interrupts();
    lp_bare_lines_poll();
    lp_bare_net_poll();
    if (lp_bare_loop != NULL && lp_bare_loop->head_ != NULL) {
        return;
    }
    uint64_t due_ms = earlier(until_ms, lp_bare_net_due_ms());
    if (lp_bare_lines_need_polling()) {
        due_ms = earlier(due_ms, lp_port_now_ms() + POLL_MS);
    }
    uint64_t began_us = lp_port_now_us();
    lp_hw_idle(due_ms, since);
    slept_us += lp_port_now_us() - began_us;
    lp_bare_lines_poll();
    lp_bare_net_poll();
}
