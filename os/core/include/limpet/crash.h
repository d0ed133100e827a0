// SPDX-License-Identifier: Apache-2.0
// limpet/crash.h - what is left of a crash: enough for a backtrace, and no data.
//
// Of registers and stack only those words are kept that point into the code or into the stack,
// which is what a backtrace needs; all others are zero. So a key that was in use is not in a dump.
// The last lines of the log, which has no secrets, come along.
//
//   magic "LPCR" | version u16 = 1 | length u16, all of it | core u8 | reason u8 | word u8, 4 or 8
//   | registers u8 | cause u32 | address u64 | load bias u64 | uptime u64, ms | boot count u32 |
//   build id: length u8, 20 bytes | 3 bytes 0 | application, 28 bytes, ended by 0 |
//   pc, sp, then the registers by their DWARF numbers, a word each |
//   stack from sp on: words u16, the words | log: bytes u16, lines ended by newline |
//   CRC-32 of all before                                             (integers little endian)
#ifndef LIMPET_CRASH_H
#define LIMPET_CRASH_H

#include <stdbool.h>

#include "limpet/port/crash.h"
#include "limpet/span.h"

enum {
    LP_CRASH_VERSION = 1,
    LP_CRASH_BUILD_ID_MAX = 20,
    LP_CRASH_APP_MAX = 28, // with its terminator
    LP_CRASH_REGS_MAX = 17,
    LP_CRASH_HEAD = 96,
    LP_CRASH_MIN = LP_CRASH_HEAD + 8 + 2 + 2 + 4,
    LP_CRASH_RANGES = 2,
};

typedef enum { LP_CRASH_X86_64 = 1, LP_CRASH_ARMV7M = 2, LP_CRASH_LX106 = 3 } lp_crash_core_t;

typedef struct {
    uintptr_t begin, end; // [begin, end)
} lp_crash_range_t;

// What a port knows of the end. All of it is borrowed.
typedef struct {
    lp_crash_core_t core;
    lp_crash_reason_t reason;
    uint32_t cause;   // the core's, or the system's, own number
    uint64_t address; // that was accessed, or 0
    uint64_t bias;    // where the image lies, less where its file says it does
    uint64_t uptime_ms;
    uint32_t boots;
    const char *app;
    lp_span_t build_id;
    uintptr_t pc, sp;
    const uintptr_t *regs;
    size_t reg_count;
    lp_crash_range_t stack;                 // that sp is in; empty: it is in none that is known
    lp_crash_range_t code[LP_CRASH_RANGES]; // empty ones do not count
    lp_span_t log_ring;                     // limpet/log_ring.h; may be empty
} lp_crash_t;

// Writes the dump into `area`, with as much of stack and log as fits. A dump that is there already
// stays, and this one only counts as missed. False then.
// @context interrupt, signal handler: no locks, no heap; 1 KB of stack
bool lp_crash_keep(uint8_t *area, size_t bytes, const lp_crash_t *crash);

// The dump in `area`; empty: there is none, or it is damaged.
lp_span_t lp_crash_kept(const uint8_t *area, size_t bytes);
// How many more crashes there were since lp_crash_forget(): their dumps had no place.
uint32_t lp_crash_missed(const uint8_t *area, size_t bytes);
void lp_crash_forget(uint8_t *area, size_t bytes);

// Whether `dump` is whole and of this version.
bool lp_crash_is_dump(lp_span_t dump);

// The dump for the console: base64 between two lines that `limpet console` knows. `put` gets a line
// without its end.
#define LP_CRASH_BEGIN "--- BEGIN LIMPET CRASH ---"
#define LP_CRASH_END   "--- END LIMPET CRASH ---"
typedef void lp_crash_put_fn(const char *line, size_t len);
void lp_crash_print(lp_span_t dump, lp_crash_put_fn *put);

// "fault", "panic", "watchdog", "stack". Static; null: there is no such reason.
const char *lp_crash_reason_name(unsigned reason);

#endif
