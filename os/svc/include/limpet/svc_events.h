// SPDX-License-Identifier: Apache-2.0
// limpet/svc_events.h - Events.Read: what happened on the board, from wherever the reader was.
// @context loop
#ifndef LIMPET_SVC_EVENTS_H
#define LIMPET_SVC_EVENTS_H

#include "limpet/events.h"
#include "limpet/rpc.h"

enum { LP_SVC_EVENTS_WAIT_MAX_MS = 30000 };

typedef struct {
    lp_loop_t *loop_;
    lp_events_t *bus_;
    uint32_t start_; // which start of the board these events are of
    lp_rpc_set_t set_;
    lp_events_sub_t sub_;
    lp_timer_t timer_;
    lp_rpc_req_t *waiting_; // null: nobody waits for the next event
    uint32_t from_;
} lp_svc_events_t;

// Adds the method to `rpc`. `start` is another number at each start of the board. Lends `bus`.
void lp_svc_events_init(lp_svc_events_t *svc, lp_loop_t *loop, lp_rpc_t *rpc, lp_events_t *bus,
                        uint32_t start);

#endif
