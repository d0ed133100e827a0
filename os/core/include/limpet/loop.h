// SPDX-License-Identifier: Apache-2.0
// limpet/loop.h - the event loop: posted events and timers, all caller-owned.
//
// Posting cannot fail and never runs anything; everything runs from lp_loop_turn(). `now` is read
// once a turn. Split-phase rule for everything built on this: a start function that returns LP_OK
// completes exactly once, later, from the loop; one that returns an error does not complete.
#ifndef LIMPET_LOOP_H
#define LIMPET_LOOP_H

#include <stdbool.h>
#include <stdint.h>

typedef void lp_loop_fn(void *ctx);

typedef struct lp_event {
    struct lp_event *next_;
    lp_loop_fn *fn;
    void *ctx;
    volatile bool is_queued_;
} lp_event_t;

typedef struct lp_timer {
    struct lp_timer *next_;
    lp_loop_fn *fn;
    void *ctx;
    uint64_t due_ms;
    bool is_running;
} lp_timer_t;

typedef struct {
    lp_event_t *head_;
    lp_event_t *tail_;
    lp_timer_t *timers_; // sorted by due_ms
    uint64_t now_ms;
    bool is_stopping;
} lp_loop_t;

void lp_loop_init(lp_loop_t *loop);

void lp_event_init(lp_event_t *ev, lp_loop_fn *fn, void *ctx);
// Queues `ev` (lends until it runs). While it is queued already this does nothing.
void lp_loop_post(lp_loop_t *loop, lp_event_t *ev);
// Takes `ev` out of the queue if it is in it.
void lp_loop_unpost(lp_loop_t *loop, lp_event_t *ev);

void lp_timer_init(lp_timer_t *t, lp_loop_fn *fn, void *ctx);
// Runs `t` once after delay_ms; restarts it if it is running.
void lp_timer_start(lp_loop_t *loop, lp_timer_t *t, uint32_t delay_ms);
void lp_timer_stop(lp_loop_t *loop, lp_timer_t *t);

// One turn: waits in the port until something is due, runs what is due, returns.
// max_wait_ms bounds the wait (0 = poll).
void lp_loop_turn(lp_loop_t *loop, uint32_t max_wait_ms);
// Turns until lp_loop_stop().
void lp_loop_run(lp_loop_t *loop);
void lp_loop_stop(lp_loop_t *loop);

#endif
