// SPDX-License-Identifier: Apache-2.0
// Fibers over the port's one switch of stacks. Who runs into the end of his stack is noticed: at
// once where the core guards it (in an image that keeps crashes), else when the last word of it has
// changed once the loop's stack is in use again.
#include "limpet/port/fiber.h"

#include <string.h>

#include "bare_internal.h"

enum { STACK_MIN = 1024 };

// port_: where the fiber stands, where its resumer stands, the last word of its stack as it was;
// port_ptr_: the fiber that resumed it.
static lp_fiber_t *current;

static void **own_place(lp_fiber_t *fiber)
{
    return (void **)(void *)&fiber->port_[0];
}

static void **resumer_place(lp_fiber_t *fiber)
{
    return (void **)(void *)&fiber->port_[1];
}

static uintptr_t last_word(const lp_fiber_t *fiber)
{
    uintptr_t word;
    memcpy(&word, fiber->stack, sizeof word);
    return word;
}

static void guard(uint8_t *bottom)
{
    if (lp_bare_guard != NULL) {
        lp_bare_guard(bottom);
    }
}

static void guard_running(void)
{
    guard(current != NULL ? current->stack : lp_stack_bottom);
}

// Whoever resumed takes over for good; a fiber that is done is not resumed again.
static void run(void)
{
    lp_fiber_t *fiber = current;
    guard_running();
    fiber->entry(fiber->ctx);
    fiber->is_done = true;
    lp_port_fiber_yield();
}

lp_err_t lp_port_fiber_init(lp_fiber_t *fiber, void (*entry)(void *ctx), void *ctx, void *stack,
                            size_t stack_bytes)
{
    if (entry == NULL || stack == NULL || stack_bytes < STACK_MIN) {
        return LP_E_INVALID;
    }
    *fiber = (lp_fiber_t){.entry = entry, .ctx = ctx, .stack = stack, .stack_bytes = stack_bytes};
    fiber->port_[2] = last_word(fiber);
    *own_place(fiber) = lp_hw_frame(stack, stack_bytes, run);
    return LP_OK;
}

void lp_port_fiber_resume(lp_fiber_t *fiber)
{
    if (fiber->is_done) {
        return;
    }
    fiber->port_ptr_ = current;
    current = fiber;
    guard(NULL);
    lp_hw_switch(resumer_place(fiber), *own_place(fiber));
    guard_running();
    if (last_word(fiber) != fiber->port_[2]) {
        lp_bare_trap(LP_CRASH_STACK);
    }
}

void lp_port_fiber_yield(void)
{
    lp_fiber_t *fiber = current;
    current = fiber->port_ptr_;
    guard(NULL);
    lp_hw_switch(own_place(fiber), *resumer_place(fiber));
    guard_running();
}

lp_fiber_t *lp_port_fiber_current(void)
{
    return current;
}

void lp_port_fiber_deinit(lp_fiber_t *fiber)
{
    (void)fiber;
}
