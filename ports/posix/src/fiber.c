// SPDX-License-Identifier: Apache-2.0
// Fibers on ucontext, told to AddressSanitizer so that it knows which stack it is on.
#include "limpet/port/fiber.h"

#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "with_asan.h"

#if WITH_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#else
#define __sanitizer_start_switch_fiber(save, bottom, size)  ((void)(save))
#define __sanitizer_finish_switch_fiber(save, bottom, size) ((void)(save))
#define __asan_unpoison_memory_region(ptr, len)             ((void)(ptr))
#endif

enum { FIBERS_MAX = 4, STACK_MIN = 8192 };

// The contexts are large (a saved FPU), so they are here and not in every lp_fiber_t.
typedef struct {
    ucontext_t own;
    ucontext_t resumer;
    lp_fiber_t *fiber; // null: free
    lp_fiber_t *outer; // what ran when it was resumed
    void *own_fake_stack;
    void *resumer_fake_stack;
    const void *resumer_bottom;
    size_t resumer_bytes;
} slot_t;

static slot_t slots[FIBERS_MAX];
static lp_fiber_t *current;

static slot_t *slot_of(const lp_fiber_t *fiber)
{
    return fiber->port_ptr_;
}

static void trampoline(void)
{
    slot_t *slot = slot_of(current);
    __sanitizer_finish_switch_fiber(NULL, &slot->resumer_bottom, &slot->resumer_bytes);
    slot->fiber->entry(slot->fiber->ctx);
    slot->fiber->is_done = true;
    // A null place for the fake stack says that this stack ends here.
    __sanitizer_start_switch_fiber(NULL, slot->resumer_bottom, slot->resumer_bytes);
    setcontext(&slot->resumer);
    abort();
}

lp_err_t lp_port_fiber_init(lp_fiber_t *fiber, void (*entry)(void *ctx), void *ctx, void *stack,
                            size_t stack_bytes)
{
    slot_t *slot = NULL;
    for (size_t i = 0; i < FIBERS_MAX && slot == NULL; i++) {
        slot = slots[i].fiber == NULL ? &slots[i] : NULL;
    }
    if (entry == NULL || stack == NULL || stack_bytes < STACK_MIN) {
        return LP_E_INVALID;
    }
    if (slot == NULL || getcontext(&slot->own) != 0) {
        return LP_E_NOSPACE;
    }
    *fiber = (lp_fiber_t){
        .entry = entry, .ctx = ctx, .stack = stack, .stack_bytes = stack_bytes, .port_ptr_ = slot};
    slot->fiber = fiber;
    slot->own_fake_stack = NULL;
    slot->own.uc_stack.ss_sp = stack;
    slot->own.uc_stack.ss_size = stack_bytes;
    slot->own.uc_link = NULL;
    makecontext(&slot->own, trampoline, 0);
    return LP_OK;
}

void lp_port_fiber_resume(lp_fiber_t *fiber)
{
    slot_t *slot = slot_of(fiber);
    if (slot == NULL || fiber->is_done) {
        return;
    }
    slot->outer = current;
    current = fiber;
    __sanitizer_start_switch_fiber(&slot->resumer_fake_stack, fiber->stack, fiber->stack_bytes);
    swapcontext(&slot->resumer, &slot->own);
    __sanitizer_finish_switch_fiber(slot->resumer_fake_stack, NULL, NULL);
    current = slot->outer;
    if (fiber->is_done) {
        lp_port_fiber_deinit(fiber);
    }
}

void lp_port_fiber_yield(void)
{
    slot_t *slot = slot_of(current);
    __sanitizer_start_switch_fiber(&slot->own_fake_stack, slot->resumer_bottom,
                                   slot->resumer_bytes);
    swapcontext(&slot->own, &slot->resumer);
    __sanitizer_finish_switch_fiber(slot->own_fake_stack, &slot->resumer_bottom,
                                    &slot->resumer_bytes);
}

lp_fiber_t *lp_port_fiber_current(void)
{
    return current;
}

void lp_port_fiber_deinit(lp_fiber_t *fiber)
{
    slot_t *slot = slot_of(fiber);
    if (slot != NULL) {
        slot->fiber = NULL;
        fiber->port_ptr_ = NULL;
        // Frames that were abandoned leave their poison behind.
        __asan_unpoison_memory_region(fiber->stack, fiber->stack_bytes);
    }
}
