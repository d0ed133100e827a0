// SPDX-License-Identifier: Apache-2.0
// Identity, entropy, time of day, restart, and the log on the console.
#include "limpet/port/system.h"

#include <string.h>

#include "bare_internal.h"
#include "limpet/fmt.h"
#include "limpet/hex.h"
#include "limpet/port/clock.h"
#include "limpet/port/watchdog.h"

enum {
    RESTARTED = 0x11A4BE75,
    BITTEN = 0x11A4B17E,
    CRASHED = 0x11A4C8A5,
    ID_BYTES = 6,
    PAINT_GAP = 64
};

lp_loop_t *lp_bare_loop;
void (*lp_bare_on_crash)(const lp_crash_t *crash);
void (*lp_bare_check_stack)(void);
void (*lp_bare_guard)(uint8_t *bottom);

// Survives a restart: memory of .noinit is neither loaded nor cleared.
static struct {
    uint32_t mark;
    uint32_t bites; // and crashes, in a row
    int64_t utc_s;  // at the restart
} kept __attribute__((section(".noinit")));

static uint8_t hw_id[ID_BYTES];
static bool is_restarted; // by itself, not by its power
static bool is_after_crash;
static uint32_t watchdog_starts; // in a row, and those after crashes
static lp_crash_reason_t trap_reason = LP_CRASH_FAULT;
static int64_t utc_at_boot_s; // 0: not known

static lp_err_t read_id(void)
{
    const char *hex = lp_bare_word("id");
    if (hex == NULL) {
        return lp_hw_random(hw_id, sizeof hw_id) ? LP_OK : LP_E_IO;
    }
    lp_buf_t id = lp_buf(hw_id, sizeof hw_id);
    lp_err_t err = lp_hex_decode(&id, lp_span_str(hex));
    return err == LP_OK && id.len == sizeof hw_id ? LP_OK : LP_E_FORMAT;
}

static lp_err_t read_clock(void)
{
    const char *word = lp_bare_word("utc");
    for (const char *c = word; c != NULL && *c != '\0'; c++) {
        if (*c < '0' || *c > '9' || utc_at_boot_s > INT32_MAX * 100LL) {
            return LP_E_FORMAT;
        }
        utc_at_boot_s = utc_at_boot_s * 10 + (*c - '0');
    }
    if (is_restarted) {
        utc_at_boot_s = kept.utc_s;
    }
    return LP_OK;
}

void lp_bare_set_utc(int64_t utc_s)
{
    utc_at_boot_s = utc_s - (int64_t)(lp_port_now_ms() / 1000);
}

static void paint_stack(void)
{
    const uint8_t *here = __builtin_frame_address(0);
    for (uint8_t *p = lp_stack_bottom; p < here - PAINT_GAP; p++) {
        *p = 0xA5;
    }
}

void lp_bare_stack(size_t *used, size_t *size)
{
    const uintptr_t bottom = (uintptr_t)lp_stack_bottom, top = (uintptr_t)lp_stack_top;
    uintptr_t at = bottom;
    while (at < top && *(const uint8_t *)at == 0xA5) {
        at++;
    }
    *used = top - at;
    *size = top - bottom;
}

lp_err_t lp_bare_init(lp_loop_t *loop)
{
    paint_stack();
    lp_hw_init();
    lp_bare_loop = loop;
    is_after_crash = kept.mark == CRASHED;
    is_restarted = kept.mark == RESTARTED || kept.mark == BITTEN || is_after_crash;
    watchdog_starts = kept.mark == BITTEN || is_after_crash ? kept.bites : 0;
    kept.mark = 0;
    lp_bare_lines_init();
    lp_err_t err = read_id();
    if (err == LP_OK) {
        err = read_clock();
    }
    const char *flash = lp_bare_word("flash");
    if (err == LP_OK && (flash == NULL || !lp_hw_flash_load(flash))) {
        err = LP_E_IO;
    }
    return err;
}

lp_err_t lp_port_utc_s(int64_t *utc_s)
{
    if (utc_at_boot_s == 0) {
        return LP_E_CLOCK;
    }
    *utc_s = utc_at_boot_s + (int64_t)(lp_port_now_ms() / 1000);
    return LP_OK;
}

// A quarter of the computer's bytes at a time would do; there is no other source on these boards.
lp_err_t lp_port_entropy(uint8_t *buf, size_t len)
{
    if (lp_hw_random(buf, len)) {
        return LP_OK;
    }
    lp_wipe(buf, len);
    return LP_E_IO;
}

void lp_port_hw_id(uint8_t id[6])
{
    memcpy(id, hw_id, sizeof hw_id);
}

const char *lp_port_name(void)
{
    return lp_hw_name();
}

bool lp_bare_is_restarted(void)
{
    return is_restarted;
}

bool lp_bare_is_after_crash(void)
{
    return is_after_crash;
}

static void tell_stack(void)
{
    char line[64];
    size_t used, size;
    lp_bare_stack(&used, &size);
    (void)lp_fmt_str(line, sizeof line, "the loop used %u of %u bytes of stack", (unsigned)used,
                     (unsigned)size);
    lp_port_log_line(line, strlen(line));
}

static void leave_mark(uint32_t mark)
{
    kept.mark = mark;
    if (lp_port_utc_s(&kept.utc_s) != LP_OK) {
        kept.utc_s = 0;
    }
}

_Noreturn void lp_port_reboot(void)
{
    tell_stack();
    lp_bare_console_flush();
    leave_mark(RESTARTED);
    lp_hw_restart();
}

void lp_port_watchdog_start(uint32_t timeout_ms)
{
    lp_hw_watchdog_start(timeout_ms);
}

void lp_port_watchdog_feed(void)
{
    lp_hw_watchdog_feed();
    if (lp_bare_check_stack != NULL) {
        lp_bare_check_stack();
    }
}

uint32_t lp_port_watchdog_starts(void)
{
    return watchdog_starts;
}

static void mark_unwanted_end(uint32_t mark)
{
    kept.bites = lp_port_now_ms() <= LP_PORT_WATCHDOG_ROW_MS ? watchdog_starts + 1 : 1;
    leave_mark(mark);
}

void lp_bare_watchdog_bites(const lp_crash_t *where)
{
    char line[96];
    mark_unwanted_end(BITTEN);
    lp_bare_console_break();
    (void)lp_fmt_str(line, sizeof line, "the loop hangs at %x: watchdog", (unsigned)where->pc);
    lp_port_log_line(line, strlen(line));
    if (lp_bare_on_crash != NULL) {
        lp_bare_on_crash(where);
    }
}

void lp_bare_crash(lp_crash_t *crash, uintptr_t caller)
{
    char line[96];
    crash->reason = trap_reason;
    lp_bare_console_break();
    (void)lp_fmt_str(line, sizeof line, "exception %u at %x, address %x, called from %x",
                     (unsigned)crash->cause, (unsigned)crash->pc, (unsigned)crash->address,
                     (unsigned)caller);
    lp_port_log_line(line, strlen(line));
    if (lp_bare_on_crash != NULL) {
        mark_unwanted_end(CRASHED);
        lp_bare_on_crash(crash);
    }
}

_Noreturn void lp_bare_trap(lp_crash_reason_t reason)
{
    trap_reason = reason;
    lp_hw_trap();
}

_Noreturn void lp_port_panic(const char *why)
{
    lp_bare_console_break();
    lp_port_log_line(why, strlen(why));
    lp_bare_trap(LP_CRASH_PANIC);
}
