// SPDX-License-Identifier: Apache-2.0
// limpet/loop.h - the event loop: posted events and timers, all caller-owned.
//
// Posting cannot fail and never runs anything; everything runs from lp_loop_turn(). `now_ms` is
// read once a turn, after the wait. Split-phase rule for everything built on this: a start function
// that returns LP_OK completes exactly once, later, from the loop; one that returns an error does
// not complete.
//
// One turn, in this order: wait in the port; read the clock; run the timers that are due, earliest
// first and equal ones in the order they were started; run the events that were queued by then, in
// the order they were posted. What callbacks start or post runs in the next turn at the earliest,
// so nobody can starve the others. Callbacks may start, stop, post, unpost anything.
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
    lp_event_t *batch_;  // events of this turn that have not run yet
    lp_timer_t *timers_; // sorted by due_ms
    lp_timer_t *due_;    // timers of this turn that have not run yet
    uint64_t now_ms;
    bool is_stopping;
    void (*feed_)(void); // null: no watchdog
    uint32_t longest_wait_ms_;
} lp_loop_t;

// @context loop for everything here except lp_loop_post().
void lp_loop_init(lp_loop_t *loop);

void lp_event_init(lp_event_t *ev, lp_loop_fn *fn, void *ctx);
// Queues `ev` (lends until it runs). While it is queued already this does nothing.
// @context loop, interrupt
void lp_loop_post(lp_loop_t *loop, lp_event_t *ev);
// Takes `ev` out of the queue if it is in it.
void lp_loop_unpost(lp_loop_t *loop, lp_event_t *ev);

void lp_timer_init(lp_timer_t *t, lp_loop_fn *fn, void *ctx);
// Runs `t` (lends until it ran or was stopped) once, no earlier than delay_ms from this call;
// restarts it if it is running.
void lp_timer_start(lp_loop_t *loop, lp_timer_t *t, uint32_t delay_ms);
void lp_timer_stop(lp_loop_t *loop, lp_timer_t *t);

// One turn: waits in the port until something is due, runs what is due, returns.
// max_wait_ms bounds the wait (0 = poll).
void lp_loop_turn(lp_loop_t *loop, uint32_t max_wait_ms);
// Turns until lp_loop_stop().
void lp_loop_run(lp_loop_t *loop);
void lp_loop_stop(lp_loop_t *loop);

// Puts the loop under the port's watchdog (limpet/port/watchdog.h) for good: a turn that takes
// longer than timeout_ms restarts the board. Idle turns come at least twice in that time.
void lp_loop_guard(lp_loop_t *loop, uint32_t timeout_ms);

#endif
