// SPDX-License-Identifier: Apache-2.0
// limpet/power.h - deep sleep, decently: nobody is interrupted, everything is put to rest, and what
// must be remembered is.
//
//   AWAKE --sleep()--> WAITING --nobody objects, or out of patience--> GOODBYE --> RESTING -->
//   asleep
//     ^                   |
//     '----- cancel() ----'
//
// WAITING asks the vetoes again and again. GOODBYE ends connections, RESTING puts parts of the
// board to rest (the crypto chip). The next start is one of the image from its beginning: `wake`
// says why, and the block that was declared with lp_power_keep() has its content again.
//
// Between two events a board sleeps lightly by itself (lp_port_wait()); there is nothing to call.
// @context loop
#ifndef LIMPET_POWER_H
#define LIMPET_POWER_H

#include <stdbool.h>

#include "limpet/err.h"
#include "limpet/loop.h"
#include "limpet/port/power.h"

enum {
    LP_POWER_SLEEP_MAX_S = 7 * 24 * 3600,
    LP_POWER_PATIENCE_MAX_MS = 10 * 60 * 1000,
    LP_POWER_HEAD_BYTES = 40,
    LP_POWER_KEEP_MAX = LP_PORT_RTC_BYTES_MIN - LP_POWER_HEAD_BYTES, // bytes that can be kept
    LP_POWER_GOODBYE_MS = 3000, // so long connections may take to end
    LP_POWER_REST_MS = 3000,    // and the parts to rest
};

// Objects to deep sleep. The module that objects owns it, static as a rule.
typedef struct lp_power_veto {
    // Null: it may sleep. Else what is under way, in a few words. Static.
    const char *(*why_not)(void *ctx);
    void *ctx;
    bool is_hard; // is asked for longer than the patience: cut short, something would be lost
    struct lp_power_veto *next_;
} lp_power_veto_t;

typedef struct {
    lp_loop_t *loop;
    void (*goodbye)(void *ctx); // ends connections, from the loop; may be null
    bool (*is_up)(void *ctx);   // whether some still are; null: none
    // Puts parts to rest and calls done(done_ctx) from the loop, once. May be null.
    void (*rest)(void *ctx, lp_loop_fn *done, void *done_ctx);
    void *ctx;
} lp_power_setup_t;

typedef enum {
    LP_POWER_AWAKE,
    LP_POWER_WAITING,
    LP_POWER_GOODBYE,
    LP_POWER_RESTING,
} lp_power_state_t;

typedef struct {
    lp_power_state_t state;
    lp_wake_t wake;
    // Since the last start that was no waking up; this one included.
    uint32_t sleeps;
    uint64_t slept_ms;
    uint64_t awake_before_ms; // before this start

    lp_power_setup_t s_;
    lp_timer_t timer_;
    lp_power_veto_t *vetoes_;
    uint32_t sleep_s_;
    uint64_t deadline_ms_;
    const char *told_; // the objection that the log knows
    void *block_;
    uint16_t block_bytes_, block_version_;
    bool has_rtc_; // what was kept is there
} lp_power_t;

// Lends everything in `setup`. Reads what the RTC memory has; what is not sound counts as nothing.
void lp_power_init(lp_power_t *p, const lp_power_setup_t *setup);

// "power-on", "reset", "watchdog", "crash", "timer", "pin". Static.
const char *lp_power_wake_name(lp_wake_t wake);

// Lends `veto` for good.
void lp_power_add_veto(lp_power_t *p, lp_power_veto_t *veto);

// Declares the memory that outlives deep sleep (lends it for good; one block a board, up to
// LP_POWER_KEEP_MAX bytes; a struct of numbers, no pointers). True: this start is a waking up and
// *block has what was in it before, by CRC, size and `version`. False: *block is untouched.
bool lp_power_keep(lp_power_t *p, void *block, size_t bytes, uint16_t version);

// Sleeps deeply for `sleep_s` seconds as soon as nobody objects, and patience_ms from now in any
// case, but for hard vetoes. A later call counts instead. LP_E_RANGE: sleep_s is not
// 1..LP_POWER_SLEEP_MAX_S or the patience is too long; LP_E_STATE: it is too late to change it.
lp_err_t lp_power_sleep(lp_power_t *p, uint32_t sleep_s, uint32_t patience_ms);

// Stays awake after all. LP_E_STATE: it is too late, or no sleep was asked for.
lp_err_t lp_power_cancel(lp_power_t *p);

// Milliseconds in which the board was awake, and of them those in which its core worked.
uint64_t lp_power_awake_ms(const lp_power_t *p);
uint64_t lp_power_busy_ms(void);

#endif
