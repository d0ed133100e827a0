// SPDX-License-Identifier: Apache-2.0
#include "limpet/turn.h"

#include <stddef.h>

static void grant(void *ctx)
{
    lp_turn_t *turn = ctx;
    if (!turn->is_taken_ && turn->head_ != NULL) {
        turn->is_taken_ = true;
        turn->head_->fn_(turn->head_->ctx_);
    }
}

void lp_turn_init(lp_turn_t *turn, lp_loop_t *loop)
{
    *turn = (lp_turn_t){.loop_ = loop};
    lp_event_init(&turn->event_, grant, turn);
}

void lp_turn_take(lp_turn_t *turn, lp_turn_ticket_t *ticket, lp_loop_fn *fn, void *ctx)
{
    if (ticket->is_waiting_) {
        return;
    }
    *ticket = (lp_turn_ticket_t){.fn_ = fn, .ctx_ = ctx, .is_waiting_ = true};
    lp_turn_ticket_t **link = &turn->head_;
    while (*link != NULL) {
        link = &(*link)->next_;
    }
    *link = ticket;
    lp_loop_post(turn->loop_, &turn->event_);
}

bool lp_turn_is_taken(const lp_turn_t *turn)
{
    return turn->is_taken_;
}

bool lp_turn_is_wanted(const lp_turn_t *turn)
{
    return turn->head_ != NULL && turn->head_->next_ != NULL;
}

void lp_turn_give(lp_turn_t *turn, lp_turn_ticket_t *ticket)
{
    lp_turn_ticket_t **link = &turn->head_;
    while (*link != NULL && *link != ticket) {
        link = &(*link)->next_;
    }
    if (*link == NULL) {
        return;
    }
    if (link == &turn->head_) {
        turn->is_taken_ = false;
    }
    *link = ticket->next_;
    ticket->is_waiting_ = false;
    lp_loop_post(turn->loop_, &turn->event_);
}
