// SPDX-License-Identifier: Apache-2.0
// Crashes of a process: signal handlers on a stack of their own, from which everything that is
// called is safe in a signal handler: memory, CRC, write(), exec().
//
// Under AddressSanitizer faults stay the sanitizer's, and a dump of a hang has no stack: reading it
// whole would be an error there.
#include "limpet/crash.h"

#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <ucontext.h>
#include <unistd.h>

#include "limpet/port/clock.h"
#include "limpet/port/fiber.h"
#include "limpet/port/retained.h"
#include "limpet/port/system.h"
#include "limpet/port/watchdog.h"
#include "posix_internal.h"
#include "with_asan.h"

enum { STACK_BYTES = 64 * 1024, NEAR_BYTES = 64 * 1024, TEXT_BYTES = 16 * 1024, REGS = 16 };

static _Alignas(16) uint8_t handler_stack[STACK_BYTES];
static const char *about; // null: crashes are not kept
static uint32_t boot_count;
static lp_crash_range_t main_stack, code;
static uint64_t bias;
static uint8_t build_id[LP_CRASH_BUILD_ID_MAX];
static size_t build_id_len;
static volatile sig_atomic_t is_panic;
static volatile sig_atomic_t depth;

// -- what the image is

static void take_note(const uint8_t *note, size_t bytes)
{
    const ElfW(Nhdr) *head = (const void *)note;
    const size_t name_bytes = (head->n_namesz + 3U) & ~3U;
    if (bytes >= sizeof *head + name_bytes + head->n_descsz && head->n_type == NT_GNU_BUILD_ID &&
        head->n_descsz <= sizeof build_id) {
        build_id_len = head->n_descsz;
        memcpy(build_id, note + sizeof *head + name_bytes, build_id_len);
    }
}

static void take_notes(const uint8_t *notes, size_t bytes)
{
    size_t at = 0;
    while (bytes - at >= sizeof(ElfW(Nhdr))) {
        const ElfW(Nhdr) *head = (const void *)(notes + at);
        const size_t whole =
            sizeof *head + ((head->n_namesz + 3U) & ~3U) + ((head->n_descsz + 3U) & ~3U);
        take_note(notes + at, bytes - at);
        if (whole > bytes - at) {
            return;
        }
        at += whole;
    }
}

// The program itself comes first.
static int take_program(struct dl_phdr_info *info, size_t size, void *ctx)
{
    (void)size;
    (void)ctx;
    bias = info->dlpi_addr;
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        const uintptr_t begin = info->dlpi_addr + p->p_vaddr;
        if (p->p_type == PT_LOAD && (p->p_flags & PF_X) != 0) {
            code = (lp_crash_range_t){begin, begin + p->p_memsz};
        } else if (p->p_type == PT_NOTE && build_id_len == 0) {
            take_notes((const uint8_t *)begin, p->p_memsz);
        }
    }
    return 1;
}

const uint8_t *lp_port_build_id(size_t *len)
{
    if (code.end == 0) {
        (void)dl_iterate_phdr(take_program, NULL);
    }
    *len = build_id_len;
    return build_id;
}

static void find_main_stack(void)
{
    pthread_attr_t attr;
    void *begin = NULL;
    size_t bytes = 0;
    if (pthread_getattr_np(pthread_self(), &attr) == 0) {
        (void)pthread_attr_getstack(&attr, &begin, &bytes);
        pthread_attr_destroy(&attr);
    }
    main_stack = (lp_crash_range_t){(uintptr_t)begin, (uintptr_t)begin + bytes};
}

// -- what happened

static lp_crash_range_t stack_of(uintptr_t sp, bool *is_outside)
{
    const lp_fiber_t *fiber = lp_port_fiber_current();
    lp_crash_range_t range = main_stack;
    if (fiber != NULL) {
        range.begin = (uintptr_t)fiber->stack;
        range.end = range.begin + fiber->stack_bytes;
    }
    *is_outside = sp < range.begin || sp >= range.end;
    return range;
}

// A stack that was too small ends at its guard, a little below the place that was wanted.
static bool is_overflow(const lp_crash_range_t *stack, uintptr_t sp, uint64_t address)
{
    return address != 0 && address < stack->begin + NEAR_BYTES && sp < stack->begin + NEAR_BYTES &&
           (address > sp ? address - sp : sp - address) < NEAR_BYTES;
}

static void take_registers(const ucontext_t *uc, uintptr_t regs[REGS])
{
    // By their DWARF numbers (System V ABI for x86-64, figure 3.36).
    static const int order[REGS] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI,
                                    REG_RBP, REG_RSP, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                    REG_R12, REG_R13, REG_R14, REG_R15};
    for (size_t i = 0; i < REGS; i++) {
        regs[i] = (uintptr_t)uc->uc_mcontext.gregs[order[i]];
    }
}

static char text[TEXT_BYTES];
static size_t text_len;

static void add_line(const char *line, size_t len)
{
    if (len + 2 <= sizeof text - text_len) {
        memcpy(text + text_len, line, len);
        memcpy(text + text_len + len, "\r\n", 2);
        text_len += len + 2;
    }
}

static void keep(const ucontext_t *uc, lp_crash_reason_t reason, uint32_t cause, uint64_t address)
{
    uintptr_t regs[REGS];
    size_t bytes = 0, log_bytes = 0;
    bool is_outside = false;
    take_registers(uc, regs);
    const uintptr_t sp = (uintptr_t)uc->uc_mcontext.gregs[REG_RSP];
    lp_crash_t c = {.core = LP_CRASH_X86_64,
                    .reason = reason,
                    .cause = cause,
                    .address = address,
                    .bias = bias,
                    .uptime_ms = lp_port_now_ms(),
                    .boots = boot_count,
                    .app = about,
                    .build_id = lp_span(build_id, build_id_len),
                    .pc = (uintptr_t)uc->uc_mcontext.gregs[REG_RIP],
                    .sp = sp,
                    .regs = regs,
                    .reg_count = REGS,
                    .stack = stack_of(sp, &is_outside),
                    .code = {code}};
    if (reason == LP_CRASH_FAULT && (is_outside || is_overflow(&c.stack, sp, address))) {
        c.reason = LP_CRASH_STACK;
    }
    if (is_outside || WITH_ASAN) {
        c.stack = (lp_crash_range_t){0, 0};
    }
    const uint8_t *log = lp_port_retained_log(&log_bytes);
    c.log_ring = lp_span(log, log_bytes);
    uint8_t *area = lp_port_crash_area(&bytes);
    text_len = 0;
    add_line("", 0);
    if (lp_crash_keep(area, bytes, &c)) {
        lp_crash_print(lp_crash_kept(area, bytes), add_line);
    } else {
        static const char words[] = "another crash: the dump of an earlier one has not been read";
        add_line(words, sizeof words - 1);
    }
    lp_posix_uart_last_words(text, text_len);
    const ssize_t written = write(STDERR_FILENO, text, text_len);
    (void)written;
}

static void on_fault(int number, siginfo_t *info, void *context)
{
    const bool is_soon = lp_port_now_ms() <= LP_PORT_WATCHDOG_ROW_MS;
    const bool has_address = number == SIGSEGV || number == SIGBUS;
    if (depth++ == 0) { // else keeping it was the next crash
        keep(context, is_panic ? LP_CRASH_PANIC : LP_CRASH_FAULT, (uint32_t)number,
             has_address ? (uint64_t)(uintptr_t)info->si_addr : 0);
    }
    lp_posix_restart(is_soon ? lp_port_watchdog_starts() + 1 : 1, true);
}

void lp_posix_crash_hang(const void *context)
{
    if (about != NULL && depth++ == 0) {
        keep(context, LP_CRASH_WATCHDOG, SIGALRM, 0);
    }
}

void lp_port_crash_start(const char *app, uint32_t boots)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    const stack_t stack = {.ss_sp = handler_stack, .ss_size = sizeof handler_stack};
    // Not deferred: the mask is handed on to the next image.
    struct sigaction act = {.sa_sigaction = on_fault,
                            .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    size_t len;
    (void)lp_port_build_id(&len);
    find_main_stack();
    about = app;
    boot_count = boots;
    if (WITH_ASAN || sigaltstack(&stack, NULL) != 0) {
        return;
    }
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        sigaction(faults[i], &act, NULL);
    }
}

_Noreturn void lp_port_panic(const char *why)
{
    lp_port_log_line(why, strlen(why));
    is_panic = 1;
    __builtin_trap();
}
