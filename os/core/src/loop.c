// SPDX-License-Identifier: Apache-2.0
// The event loop. Two singly linked lists (events, timers) and, while a turn runs, the part of each
// that belongs to this turn. Interrupts touch the event queue only, under lp_port_irq_save().
#include "limpet/loop.h"

#include <stddef.h>

#include "limpet/port/clock.h"
#include "limpet/port/irq.h"

void lp_loop_init(lp_loop_t *loop)
{
    *loop = (lp_loop_t){.now_ms = lp_port_now_ms()};
}

void lp_event_init(lp_event_t *ev, lp_loop_fn *fn, void *ctx)
{
    *ev = (lp_event_t){.fn = fn, .ctx = ctx};
}

void lp_loop_post(lp_loop_t *loop, lp_event_t *ev)
{
    const uint32_t irq = lp_port_irq_save();
    if (!ev->is_queued_) {
        ev->is_queued_ = true;
        ev->next_ = NULL;
        if (loop->tail_ != NULL) {
            loop->tail_->next_ = ev;
        } else {
            loop->head_ = ev;
        }
        loop->tail_ = ev;
    }
    lp_port_irq_restore(irq);
}

// Takes `ev` out of the list that starts at *link; *last becomes its new last element.
static bool unlink_event(lp_event_t **link, lp_event_t *ev, lp_event_t **last)
{
    lp_event_t *before = NULL;
    while (*link != NULL && *link != ev) {
        before = *link;
        link = &before->next_;
    }
    if (*link == NULL) {
        return false;
    }
    *link = ev->next_;
    if (last != NULL && ev->next_ == NULL) {
        *last = before;
    }
    return true;
}

void lp_loop_unpost(lp_loop_t *loop, lp_event_t *ev)
{
    const uint32_t irq = lp_port_irq_save();
    if (ev->is_queued_) {
        if (!unlink_event(&loop->batch_, ev, NULL)) {
            (void)unlink_event(&loop->head_, ev, &loop->tail_);
        }
        ev->is_queued_ = false;
    }
    lp_port_irq_restore(irq);
}

void lp_timer_init(lp_timer_t *t, lp_loop_fn *fn, void *ctx)
{
    *t = (lp_timer_t){.fn = fn, .ctx = ctx};
}

void lp_timer_start(lp_loop_t *loop, lp_timer_t *t, uint32_t delay_ms)
{
    lp_timer_stop(loop, t);
    // The clock, not loop->now_ms: a callback that computed for a second must not shorten this.
    t->due_ms = lp_port_now_ms() + delay_ms;
    t->is_running = true;
    lp_timer_t **link = &loop->timers_;
    while (*link != NULL && (*link)->due_ms <= t->due_ms) {
        link = &(*link)->next_;
    }
    t->next_ = *link;
    *link = t;
}

static bool unlink_timer(lp_timer_t **link, lp_timer_t *t)
{
    while (*link != NULL && *link != t) {
        link = &(*link)->next_;
    }
    if (*link == NULL) {
        return false;
    }
    *link = t->next_;
    return true;
}

void lp_timer_stop(lp_loop_t *loop, lp_timer_t *t)
{
    if (t->is_running) {
        if (!unlink_timer(&loop->due_, t)) {
            (void)unlink_timer(&loop->timers_, t);
        }
        t->is_running = false;
    }
}

// Until when the port may sleep.
static uint64_t wake_time(const lp_loop_t *loop, uint32_t max_wait_ms)
{
    const uint64_t now = lp_port_now_ms();
    if (loop->head_ != NULL || loop->is_stopping) {
        return now;
    }
    uint64_t until = max_wait_ms == UINT32_MAX ? UINT64_MAX : now + max_wait_ms;
    if (loop->timers_ != NULL && loop->timers_->due_ms < until) {
        until = loop->timers_->due_ms;
    }
    if (loop->feed_ != NULL && until > now + loop->longest_wait_ms_) {
        until = now + loop->longest_wait_ms_;
    }
    return until;
}

// Moves the timers that are due to loop->due_; the list is sorted, so they are its head.
static void take_due_timers(lp_loop_t *loop)
{
    lp_timer_t **end = &loop->timers_;
    while (*end != NULL && (*end)->due_ms <= loop->now_ms) {
        end = &(*end)->next_;
    }
    loop->due_ = end == &loop->timers_ ? NULL : loop->timers_;
    lp_timer_t *rest = *end;
    *end = NULL;
    loop->timers_ = rest;
}

static void run_timers(lp_loop_t *loop)
{
    take_due_timers(loop);
    while (loop->due_ != NULL) {
        lp_timer_t *t = loop->due_;
        loop->due_ = t->next_;
        t->is_running = false;
        t->fn(t->ctx);
    }
}

static void take_batch(lp_loop_t *loop)
{
    const uint32_t irq = lp_port_irq_save();
    loop->batch_ = loop->head_;
    loop->head_ = NULL;
    loop->tail_ = NULL;
    lp_port_irq_restore(irq);
}

static lp_event_t *next_of_batch(lp_loop_t *loop)
{
    const uint32_t irq = lp_port_irq_save();
    lp_event_t *ev = loop->batch_;
    if (ev != NULL) {
        loop->batch_ = ev->next_;
        ev->is_queued_ = false; // from here on it can be posted again
    }
    lp_port_irq_restore(irq);
    return ev;
}

static void feed(const lp_loop_t *loop)
{
    if (loop->feed_ != NULL) {
        loop->feed_();
    }
}

// Fed on both sides of the wait, so that the watchdog's time is all for what runs in between.
void lp_loop_turn(lp_loop_t *loop, uint32_t max_wait_ms)
{
    feed(loop);
    lp_port_wait(wake_time(loop, max_wait_ms));
    feed(loop);
    loop->now_ms = lp_port_now_ms();
    take_batch(loop); // before the timers: what they post belongs to the next turn
    run_timers(loop);
    for (lp_event_t *ev; (ev = next_of_batch(loop)) != NULL;) {
        ev->fn(ev->ctx);
    }
}

void lp_loop_run(lp_loop_t *loop)
{
    while (!loop->is_stopping) {
        lp_loop_turn(loop, UINT32_MAX);
    }
    loop->is_stopping = false; // so that it can run again
}

void lp_loop_stop(lp_loop_t *loop)
{
    loop->is_stopping = true;
}
