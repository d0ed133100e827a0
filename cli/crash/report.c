// SPDX-License-Identifier: Apache-2.0
// A dump for people, and as JSON.
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "limpet/crashdump.h"

enum { INLINED_MAX = 8, NAME_WIDTH = 28 };

static const char *core_name(lp_crashdump_core_t core)
{
    switch (core) {
    case LP_DUMP_X86_64:
        return "x86-64";
    case LP_DUMP_ARMV7M:
        return "Cortex-M";
    case LP_DUMP_LX106:
        return "lx106";
    }
    return "unknown";
}

static const char *how_name(lp_frame_how_t how)
{
    static const char *const names[] = {"pc", "cfi", "scan"};
    return names[how];
}

// ---- the cause

// @source Xtensa Instruction Set Architecture, table 4-64
static const char *xtensa_cause(uint32_t cause)
{
    static const struct {
        uint32_t number;
        const char *text;
    } causes[] = {
        {0, "illegal instruction"},     {2, "instruction could not be fetched"},
        {3, "load or store error"},     {6, "division by zero"},
        {9, "unaligned load or store"}, {20, "instruction fetch not allowed"},
        {28, "load not allowed"},       {29, "store not allowed"},
    };
    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++) {
        if (causes[i].number == cause) {
            return causes[i].text;
        }
    }
    return "exception";
}

// @source ARM DDI 0403, B3.2.15
static const char *arm_cause(uint32_t status)
{
    static const char *const bits[32] = {
        [0] = "instruction fetch not allowed",
        [1] = "access not allowed",
        [3] = "return from an exception failed",
        [4] = "no room on the stack for an exception",
        [8] = "instruction could not be fetched",
        [9] = "access to where nothing is",
        [10] = "access to where nothing is, some instructions ago",
        [12] = "no room on the stack for an exception",
        [16] = "undefined instruction",
        [17] = "jump to an address that is no function",
        [18] = "exception return to nowhere",
        [19] = "no coprocessor",
        [24] = "unaligned access",
        [25] = "division by zero",
    };
    for (size_t i = 0; i < 32; i++) {
        if ((status >> i & 1) != 0 && bits[i] != NULL) {
            return bits[i];
        }
    }
    return "fault";
}

void lp_crashdump_cause(const lp_crashdump_t *dump, char *text, size_t cap)
{
    const char *what = "";
    if (dump->core == LP_DUMP_X86_64) {
        what = dump->cause <= 64 ? strsignal((int)dump->cause) : "signal";
    } else if (dump->core == LP_DUMP_ARMV7M) {
        what = arm_cause(dump->cause);
    } else {
        what = xtensa_cause(dump->cause);
    }
    switch (dump->reason) {
    case 2:
        snprintf(text, cap, "panic: the firmware found a bug of its own");
        break;
    case 3:
        snprintf(text, cap, "watchdog: the loop did not turn");
        break;
    case 4:
        snprintf(text, cap, "stack overflow (%s)", what);
        break;
    default:
        snprintf(text, cap, "fault: %s", what);
    }
    if (dump->address != 0 && dump->reason != 2 && dump->reason != 3) {
        const size_t n = strlen(text);
        snprintf(text + n, cap - n, ", address 0x%llx", (unsigned long long)dump->address);
    }
}

// ---- frames

// Below this folder a path is shown as it is typed.
static const char *short_path(const char *path)
{
    static char here[4096];
    if (getcwd(here, sizeof here) != NULL) {
        const size_t n = strlen(here);
        if (strncmp(path, here, n) == 0 && path[n] == '/') {
            return path + n + 1;
        }
    }
    while (strncmp(path, "../", 3) == 0) { // as the build folder saw it
        path += 3;
    }
    return path;
}

static void show_place(const char *mark, unsigned number, const lp_elf_place_t *p, uint64_t pc,
                       bool is_inlined)
{
    char where[320] = "";
    if (p->line > 0) {
        snprintf(where, sizeof where, "%s:%u", short_path(p->file), p->line);
    } else {
        snprintf(where, sizeof where, "0x%llx", (unsigned long long)pc);
    }
    if (is_inlined) {
        lp_ui_out("       %-*s %s (it is inlined there)", NAME_WIDTH, p->function, where);
    } else {
        lp_ui_out("  %s%-3u %-*s %s", mark, number, NAME_WIDTH,
                  p->function[0] != '\0' ? p->function : "?", where);
    }
}

static void add_place(cJSON *list, const lp_elf_place_t *p, const lp_frame_t *frame,
                      bool is_inlined)
{
    char pc[32];
    cJSON *item = cJSON_CreateObject();
    snprintf(pc, sizeof pc, "0x%llx", (unsigned long long)frame->pc);
    cJSON_AddStringToObject(item, "pc", pc);
    cJSON_AddStringToObject(item, "function", p->function);
    cJSON_AddStringToObject(item, "file", p->file);
    cJSON_AddNumberToObject(item, "line", p->line);
    cJSON_AddStringToObject(item, "how", how_name(frame->how));
    cJSON_AddBoolToObject(item, "calls_inlined", is_inlined);
    cJSON_AddItemToArray(list, item);
}

static void show_frames(const lp_crashdump_t *dump, lp_elf_t *elf, cJSON *list)
{
    lp_frame_t frames[LP_CRASHDUMP_FRAMES];
    lp_elf_place_t places[INLINED_MAX];
    const unsigned n = lp_crashdump_unwind(dump, elf, frames, LP_CRASHDUMP_FRAMES);
    bool has_scanned = false;
    for (unsigned i = 0; i < n; i++) {
        // A return address is behind its call, which may be another line's.
        const uint64_t at = frames[i].how == LP_FRAME_PC ? frames[i].pc : frames[i].pc - 1;
        const unsigned depth = lp_elf_places(elf, at, places, INLINED_MAX);
        const bool is_scanned = frames[i].how == LP_FRAME_SCAN;
        if (is_scanned && !has_scanned) {
            lp_ui_out("  found on the stack only; some may be left from earlier calls:");
        }
        has_scanned = has_scanned || is_scanned;
        for (unsigned k = 0; k < depth; k++) {
            show_place(is_scanned ? "?" : "#", i, &places[k], frames[i].pc, k > 0);
            add_place(list, &places[k], &frames[i], k > 0);
        }
    }
}

static void show_without_names(const lp_crashdump_t *dump, cJSON *list)
{
    const lp_elf_place_t nowhere = {.line = 0};
    const lp_frame_t frame = {dump->pc - dump->bias, LP_FRAME_PC};
    show_place("#", 0, &nowhere, frame.pc, false);
    add_place(list, &nowhere, &frame, false);
    lp_ui_warn("no image with the build id %s in the build folders here: give it with --elf",
               dump->build_id[0] != '\0' ? dump->build_id : "(none)");
}

// ---- all of it

static lp_exit_t open_image(const lp_crashdump_t *dump, const char *elf_path, lp_elf_t **elf,
                            lp_fault_t *f)
{
    char path[4096];
    if (elf_path == NULL) {
        if (!lp_elf_find(dump->build_id, path, sizeof path)) {
            return LP_EXIT_OK;
        }
        return lp_elf_open(path, elf, f);
    }
    const lp_exit_t rc = lp_elf_open(elf_path, elf, f);
    if (rc != LP_EXIT_OK || strcmp(lp_elf_build_id(*elf), dump->build_id) == 0) {
        return rc;
    }
    lp_fault_set(f, LP_EXIT_CONFLICT, "elf-other-build", "%.200s is not the image that crashed",
                 elf_path);
    lp_fault_why(f, "its build id is %s, the dump's %s", lp_elf_build_id(*elf), dump->build_id);
    lp_fault_next(f, "find the image of that build; names of another one would be wrong");
    lp_elf_close(*elf);
    *elf = NULL;
    return f->exit;
}

static void show_head(const lp_crashdump_t *dump, const lp_elf_t *elf, cJSON *out)
{
    char cause[160];
    lp_crashdump_cause(dump, cause, sizeof cause);
    lp_ui_out("%s", cause);
    lp_ui_out("  %s on %s, boot %u, %llu.%03u s after its start", dump->app, core_name(dump->core),
              dump->boots, (unsigned long long)(dump->uptime_ms / 1000),
              (unsigned)(dump->uptime_ms % 1000));
    cJSON_AddStringToObject(out, "reason", lp_crashdump_reason(dump));
    cJSON_AddStringToObject(out, "cause", cause);
    cJSON_AddStringToObject(out, "core", core_name(dump->core));
    cJSON_AddStringToObject(out, "app", dump->app);
    cJSON_AddNumberToObject(out, "boot", dump->boots);
    cJSON_AddNumberToObject(out, "uptime_ms", (double)dump->uptime_ms);
    cJSON_AddStringToObject(out, "build_id", dump->build_id);
    cJSON_AddItemToObject(out, "elf",
                          elf != NULL ? cJSON_CreateString(lp_elf_path(elf)) : cJSON_CreateNull());
}

static void show_log(const lp_crashdump_t *dump, bool for_people, cJSON *out)
{
    cJSON *lines = cJSON_AddArrayToObject(out, "log");
    if (dump->log[0] != '\0' && for_people) {
        lp_ui_out("  its last lines:");
    }
    for (const char *at = dump->log; *at != '\0';) {
        char line[300];
        const size_t n = strcspn(at, "\n");
        snprintf(line, sizeof line, "%.*s", (int)n, at);
        if (for_people) {
            lp_ui_out("    %s", line);
        }
        cJSON_AddItemToArray(lines, cJSON_CreateString(line));
        at += n + (at[n] == '\n' ? 1 : 0);
    }
}

lp_exit_t lp_crashdump_show(const uint8_t *bytes, size_t len, const char *elf_path, bool with_log,
                            lp_fault_t *f)
{
    static lp_crashdump_t dump; // large
    const char *why = "";
    lp_elf_t *elf = NULL;
    if (!lp_crashdump_parse(bytes, len, &dump, &why)) {
        lp_fault_set(f, LP_EXIT_LOCAL, "crash-unreadable", "the dump cannot be read");
        lp_fault_why(f, "%s", why);
        lp_fault_next(f, "fetch it again: limpet crash save FILE");
        return f->exit;
    }
    const lp_exit_t rc = open_image(&dump, elf_path, &elf, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    cJSON *out = cJSON_CreateObject();
    show_head(&dump, elf, out);
    cJSON *frames = cJSON_AddArrayToObject(out, "frames");
    if (elf != NULL) {
        show_frames(&dump, elf, frames);
    } else {
        show_without_names(&dump, frames);
    }
    show_log(&dump, with_log, out);
    lp_elf_close(elf);
    lp_ui_event("crash", out);
    return LP_EXIT_OK;
}
