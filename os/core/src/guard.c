// SPDX-License-Identifier: Apache-2.0
// The loop under a watchdog; of its own, so that a program without one needs no port that has it.
#include "limpet/loop.h"
#include "limpet/port/watchdog.h"

void lp_loop_guard(lp_loop_t *loop, uint32_t timeout_ms)
{
    loop->longest_wait_ms_ = timeout_ms / 2;
    loop->feed_ = lp_port_watchdog_feed;
    lp_port_watchdog_start(timeout_ms);
}
