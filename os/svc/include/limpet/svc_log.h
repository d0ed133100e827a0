// SPDX-License-Identifier: Apache-2.0
// limpet/svc_log.h - Log.Read: the log out of its ring, from wherever the reader was.
// @context loop
#ifndef LIMPET_SVC_LOG_H
#define LIMPET_SVC_LOG_H

#include "limpet/log_ring.h"
#include "limpet/loop.h"
#include "limpet/rpc.h"

enum { LP_SVC_LOG_WAITERS = 2, LP_SVC_LOG_WAIT_MAX_MS = 30000 };

// A reader that waits for the next line.
typedef struct {
    lp_rpc_req_t *req_; // null: none
    uint32_t from_;
    lp_log_level_t level_;
    uint64_t until_ms_;
} lp_svc_log_waiter_t;

typedef struct {
    lp_loop_t *loop_;
    const lp_log_ring_t *ring_;
    lp_rpc_set_t set_;
    lp_log_sink_t sink_;
    lp_event_t event_;
    lp_timer_t timer_;
    lp_svc_log_waiter_t waiters_[LP_SVC_LOG_WAITERS];
} lp_svc_log_t;

// Adds the methods to `rpc`; reads `ring` (lends, whose sink was added before).
void lp_svc_log_init(lp_svc_log_t *svc, lp_loop_t *loop, lp_rpc_t *rpc, const lp_log_ring_t *ring);

#endif
