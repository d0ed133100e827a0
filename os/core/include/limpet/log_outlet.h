// SPDX-License-Identifier: Apache-2.0
// limpet/log_outlet.h - a way for lines out of the ring: to a server, a broker, a file.
//
// The ring is the queue: lines leave it from the loop, never from inside of lp_log(), a few at a
// time. What the way cannot take waits in the ring; what the ring had to give up, or the way
// refused, is told in its place: "3 lines dropped".
// @context loop
#ifndef LIMPET_LOG_OUTLET_H
#define LIMPET_LOG_OUTLET_H

#include "limpet/log_ring.h"
#include "limpet/loop.h"

typedef struct lp_log_outlet lp_log_outlet_t;

// Sends one line (borrowed). LP_E_AGAIN: not now, ask again later. Any other error: this line is
// dropped. What it logs itself comes along here, too: it had better be silent.
typedef lp_err_t lp_log_outlet_fn(void *ctx, const lp_log_ring_line_t *line);

struct lp_log_outlet {
    lp_loop_t *loop_;
    const lp_log_ring_t *ring_;
    lp_log_outlet_fn *send_;
    void *ctx_;
    uint32_t lines_s_;     // lines a second, and at once
    uint32_t tokens_;      // lines that may go now
    uint64_t filled_ms_;   // when tokens_ was brought up to date
    uint32_t next_;        // the id of the next line
    uint32_t dropped_;     // since the last line that went
    lp_log_level_t level_; // LP_LOG_OFF: closed
    bool was_open_;
    lp_log_sink_t sink_;
    lp_event_t event_;
    lp_timer_t timer_;
};

// Closed at first; begins with the lines of this start, `lines_s` a second at most.
void lp_log_outlet_init(lp_log_outlet_t *out, lp_loop_t *loop, const lp_log_ring_t *ring,
                        lp_log_outlet_fn *send, void *ctx, uint32_t lines_s);

// Lines of `level` and above from now on; LP_LOG_OFF closes it. Lines that were logged while it was
// closed do not count as dropped and do not go, but for those before the first call.
void lp_log_outlet_open(lp_log_outlet_t *out, lp_log_level_t level);

#endif
