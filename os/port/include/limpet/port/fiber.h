// SPDX-License-Identifier: Apache-2.0
// limpet/port/fiber.h - a second stack for code that cannot be split into phases.
//
// Used for one thing: a TLS library that calls the private-key operation synchronously while the
// chip needs up to 0.1 s (ADR 0004). The loop resumes the fiber; inside, waiting means yielding.
// @context loop; lp_port_fiber_yield() and lp_port_fiber_current() from inside of a fiber, too
#ifndef LIMPET_PORT_FIBER_H
#define LIMPET_PORT_FIBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limpet/err.h"

typedef struct {
    void (*entry)(void *ctx);
    void *ctx;
    void *stack;
    size_t stack_bytes;
    bool is_done;
    uintptr_t port_[8];
    void *port_ptr_;
} lp_fiber_t;

// Prepares `fiber` to run entry(ctx) on `stack` (lends until done). Does not run it yet.
lp_err_t lp_port_fiber_init(lp_fiber_t *fiber, void (*entry)(void *ctx), void *ctx, void *stack,
                            size_t stack_bytes);

// Runs the fiber until it yields or its entry returns (then is_done). Call from the loop only.
void lp_port_fiber_resume(lp_fiber_t *fiber);

// Gives control back to whoever resumed. Call from inside a fiber only.
void lp_port_fiber_yield(void);

// The fiber that runs now, or null on the loop's own stack.
lp_fiber_t *lp_port_fiber_current(void);

// Forgets a fiber that is not running; whatever its stack held is abandoned.
void lp_port_fiber_deinit(lp_fiber_t *fiber);

#endif
