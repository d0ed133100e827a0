// SPDX-License-Identifier: Apache-2.0
// limpet/turn.h - one at a time: who wants the crypto chip for several steps takes a turn.
//
// The chip's driver keeps single operations apart. A turn keeps whole jobs apart: a scan of the bus
// and a TLS handshake, the writing of a plan and a signature.
// @context loop
#ifndef LIMPET_TURN_H
#define LIMPET_TURN_H

#include "limpet/loop.h"

typedef struct lp_turn_ticket {
    struct lp_turn_ticket *next_;
    lp_loop_fn *fn_;
    void *ctx_;
    bool is_waiting_;
} lp_turn_ticket_t;

typedef struct {
    lp_loop_t *loop_;
    lp_turn_ticket_t *head_; // the first one has the turn, or gets it with the event
    lp_event_t event_;
    bool is_taken_;
} lp_turn_t;

void lp_turn_init(lp_turn_t *turn, lp_loop_t *loop);

// Calls fn(ctx) from the loop once it is this ticket's turn, which lasts until lp_turn_give(). The
// ticket is lent until then. A ticket that waits or has the turn already stays as it is.
void lp_turn_take(lp_turn_t *turn, lp_turn_ticket_t *ticket, lp_loop_fn *fn, void *ctx);

// Whether somebody has a turn.
bool lp_turn_is_taken(const lp_turn_t *turn);

// Whether somebody waits while another has the turn.
bool lp_turn_is_wanted(const lp_turn_t *turn);

// Ends the turn of `ticket`, or its waiting; nothing for a ticket that does neither.
void lp_turn_give(lp_turn_t *turn, lp_turn_ticket_t *ticket);

#endif
