// SPDX-License-Identifier: Apache-2.0
// limpet/crashdump.h - what a board keeps of a crash (limpet/crash.h has the bytes), turned into a
// backtrace. Dumps are hostile input.
#ifndef LIMPET_CRASHDUMP_H
#define LIMPET_CRASHDUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limpet/fault.h"

struct cJSON;

enum {
    LP_CRASHDUMP_MAX = 16384, // longest dump
    LP_CRASHDUMP_REGS = 32,
    LP_CRASHDUMP_WORDS = 2048,
    LP_CRASHDUMP_FRAMES = 64,
};

typedef enum { LP_DUMP_X86_64 = 1, LP_DUMP_ARMV7M = 2, LP_DUMP_LX106 = 3 } lp_crashdump_core_t;

typedef struct {
    lp_crashdump_core_t core;
    unsigned reason;
    unsigned word; // bytes
    uint32_t cause;
    uint64_t address, bias, uptime_ms;
    uint32_t boots;
    char build_id[41]; // hex; "": none
    char app[32];
    uint64_t pc, sp;
    unsigned reg_count;
    uint64_t regs[LP_CRASHDUMP_REGS]; // by their DWARF numbers; 0: not told
    unsigned word_count;
    uint64_t words[LP_CRASHDUMP_WORDS]; // the stack from sp on; 0: not told
    char log[4096];                     // lines; "": none
} lp_crashdump_t;

// False: it is damaged, or of a kind that is not known; *why has words.
bool lp_crashdump_parse(const uint8_t *bytes, size_t len, lp_crashdump_t *dump, const char **why);

// "fault", "panic", "watchdog", "stack", "unknown". Static.
const char *lp_crashdump_reason(const lp_crashdump_t *dump);
// "the core refused ...": the cause in words.
void lp_crashdump_cause(const lp_crashdump_t *dump, char *text, size_t cap);

// ---- images ------------------------------------------------------------------------------------

typedef struct lp_elf lp_elf_t;

// error[elf-unreadable], error[elf-no-debug].
lp_exit_t lp_elf_open(const char *path, lp_elf_t **elf, lp_fault_t *f);
void lp_elf_close(lp_elf_t *elf); // null is fine
const char *lp_elf_path(const lp_elf_t *elf);
const char *lp_elf_build_id(const lp_elf_t *elf); // hex, "" for none

// The image with that build id, in the build folders of this folder and of the SDK; false: none.
bool lp_elf_find(const char *build_id, char *path, size_t cap);

// One function at an address; with inlined ones there are several, the innermost first.
typedef struct {
    char function[96]; // "": not known
    char file[256];
    unsigned line; // 0: not known
} lp_elf_place_t;
unsigned lp_elf_places(lp_elf_t *elf, uint64_t address, lp_elf_place_t *places, unsigned cap);

bool lp_elf_is_code(lp_elf_t *elf, uint64_t address);
// The bytes of the image at `address`; false: there are none.
bool lp_elf_bytes(lp_elf_t *elf, uint64_t address, uint8_t *bytes, size_t len);

// ---- backtraces --------------------------------------------------------------------------------

typedef enum {
    LP_FRAME_PC,   // where the core was
    LP_FRAME_CFI,  // by the compiler's description of frames
    LP_FRAME_SCAN, // a word of the stack that is behind a call: it may be an old one
} lp_frame_how_t;

typedef struct {
    uint64_t pc; // of the image, without bias
    lp_frame_how_t how;
} lp_frame_t;

// Returns how many frames, at least the first.
unsigned lp_crashdump_unwind(const lp_crashdump_t *dump, lp_elf_t *elf, lp_frame_t *frames,
                             unsigned cap);

// Whether the instruction that ends at `address` is a call.
bool lp_crashdump_is_behind_call(lp_crashdump_core_t core, lp_elf_t *elf, uint64_t address);

// ---- for people and machines -------------------------------------------------------------------

// Shows a dump; elf_path null looks for the image by its build id. A dump whose image is not found
// is shown without names, and says so. `with_log`: the last lines of the log, too.
lp_exit_t lp_crashdump_show(const uint8_t *bytes, size_t len, const char *elf_path, bool with_log,
                            lp_fault_t *f);

// Reads lines of a console for dumps that a board prints. Feed each line: TAKEN is part of one,
// WHOLE ends one, which is in `bytes` then.
typedef enum { LP_CRASH_LINE_OTHER, LP_CRASH_LINE_TAKEN, LP_CRASH_LINE_WHOLE } lp_crash_line_t;
typedef struct {
    bool is_inside;
    size_t len;
    uint8_t bytes[LP_CRASHDUMP_MAX];
} lp_crash_reader_t;
lp_crash_line_t lp_crash_reader_feed(lp_crash_reader_t *r, const char *line);

#endif
