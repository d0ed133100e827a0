// SPDX-License-Identifier: Apache-2.0
// Keeping crashes. All of it hangs on lp_port_crash_start(): an image that does not call it has
// none of it, and ends where it is.
#include <string.h>

#include "bare_internal.h"
#include "limpet/port/clock.h"
#include "limpet/port/crash.h"
#include "limpet/port/fiber.h"
#include "limpet/port/retained.h"
#include "limpet/port/system.h"

enum { STACK_BYTES = 2048, NEAR_BYTES = 160, GUARD_BYTES = 256, PAINT = 0xA5 };

// The stack that was in use may be the trouble.
static _Alignas(16) uint8_t stack[STACK_BYTES] __attribute__((section(".noinit.crash_stack")));
static const char *about;
static uint32_t boot_count;
static const lp_crash_t *trapped;

static void put_line(const char *line, size_t len)
{
    lp_port_log_line(line, len);
    lp_hw_console_flush();
}

static bool is_loop_stack_broken(void)
{
    for (size_t i = 0; i < sizeof(uint32_t); i++) {
        if (lp_stack_bottom[i] != PAINT) {
            return true;
        }
    }
    return false;
}

static void find_stack(lp_crash_t *c)
{
    const lp_fiber_t *fiber = lp_port_fiber_current();
    c->stack = (lp_crash_range_t){(uintptr_t)lp_stack_bottom, (uintptr_t)lp_stack_top};
    if (fiber != NULL) {
        c->stack.begin = (uintptr_t)fiber->stack;
        c->stack.end = c->stack.begin + fiber->stack_bytes;
    }
    const bool is_used_up = c->sp < c->stack.begin + NEAR_BYTES || c->sp >= c->stack.end;
    // Where a core guards a stack's end, at an address that suits it: lp_hw_guard_stack().
    const bool is_guard = c->address - c->stack.begin < GUARD_BYTES;
    if (c->reason == LP_CRASH_FAULT && (is_used_up || is_guard || is_loop_stack_broken())) {
        c->reason = LP_CRASH_STACK;
    }
}

static void keep(void)
{
    static lp_crash_t c; // not on this stack, which is small
    size_t bytes = 0, log_bytes = 0;
    uint8_t *area = lp_port_crash_area(&bytes);
    const uint8_t *log = lp_port_retained_log(&log_bytes);
    c = *trapped;
    find_stack(&c);
    c.uptime_ms = lp_port_now_ms();
    c.boots = boot_count;
    c.app = about;
    c.build_id.ptr = lp_port_build_id(&c.build_id.len);
    c.code[0] = (lp_crash_range_t){(uintptr_t)lp_code_begin, (uintptr_t)lp_code_end};
    c.log_ring = lp_span(log, log_bytes);
    if (lp_crash_keep(area, bytes, &c)) {
        lp_crash_print(lp_crash_kept(area, bytes), put_line);
    } else {
        static const char words[] = "another crash: the dump of an earlier one has not been read";
        put_line(words, sizeof words - 1);
    }
    lp_hw_restart();
}

static void on_crash(const lp_crash_t *c)
{
    void *from = NULL;
    trapped = c;
    lp_hw_switch(&from, lp_hw_frame(stack, sizeof stack, keep));
}

static void check_stack(void)
{
    if (is_loop_stack_broken()) {
        lp_bare_trap(LP_CRASH_STACK);
    }
}

void lp_port_crash_start(const char *app, uint32_t boots)
{
    about = app;
    boot_count = boots;
    lp_bare_guard = lp_hw_guard_stack;
    lp_bare_guard(lp_stack_bottom);
    lp_bare_on_crash = on_crash;
    lp_bare_check_stack = check_stack;
}

// As the linker keeps it: an ELF note, whose head has 16 bytes with the name "GNU".
const uint8_t *lp_port_build_id(size_t *len)
{
    enum { NOTE_HEAD = 16 };
    const size_t bytes = (size_t)(lp_build_id_end - lp_build_id);
    *len = bytes > NOTE_HEAD ? bytes - NOTE_HEAD : 0;
    return lp_build_id + NOTE_HEAD;
}
