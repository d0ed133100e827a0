// SPDX-License-Identifier: Apache-2.0
// What the firmware writes of a crash, read by the tool; the backtrace of this very program.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "limpet/crash.h"
#include "limpet/crashdump.h"
#include "log_show.h"

enum { AREA = 3072, WORDS = 200 };

static uint8_t area[AREA];
static lp_crashdump_t dump;
static const uint8_t id[20] = {0xAB, 0xCD, [19] = 0xEF};

static lp_span_t keep(const lp_crash_t *crash)
{
    memset(area, 0, sizeof area);
    assert_true(lp_crash_keep(area, sizeof area, crash));
    return lp_crash_kept(area, sizeof area);
}

static lp_crash_t a_crash(const uintptr_t *stack, const uintptr_t *regs)
{
    return (lp_crash_t){.core = LP_CRASH_X86_64,
                        .reason = LP_CRASH_FAULT,
                        .cause = 11,
                        .address = 16,
                        .bias = 0x1000,
                        .uptime_ms = 99,
                        .boots = 4,
                        .app = "sensor 0.1",
                        .build_id = lp_span(id, sizeof id),
                        .pc = 0x5001,
                        .sp = (uintptr_t)stack,
                        .regs = regs,
                        .reg_count = 16,
                        .stack = {(uintptr_t)stack, (uintptr_t)(stack + WORDS)},
                        .code = {{0x4000, 0x9000}}};
}

static void tool_reads_what_the_firmware_wrote(void **state)
{
    (void)state;
    static uintptr_t stack[WORDS] = {0x4001, 7, 0x4002}, regs[16] = {[3] = 0x8000};
    const lp_crash_t crash = a_crash(stack, regs);
    const lp_span_t bytes = keep(&crash);
    const char *why = "";
    assert_true(lp_crashdump_parse(bytes.ptr, bytes.len, &dump, &why));
    assert_int_equal(dump.core, LP_DUMP_X86_64);
    assert_string_equal(lp_crashdump_reason(&dump), "fault");
    assert_string_equal(dump.app, "sensor 0.1");
    assert_string_equal(dump.build_id, "abcd0000000000000000000000000000000000ef");
    assert_int_equal(dump.pc, 0x5001);
    assert_int_equal(dump.bias, 0x1000);
    assert_int_equal(dump.boots, 4);
    assert_int_equal(dump.regs[3], 0x8000);
    assert_int_equal(dump.word_count, WORDS);
    assert_int_equal(dump.words[0], 0x4001);
    assert_int_equal(dump.words[1], 0);
    assert_int_equal(dump.words[2], 0x4002);
    char cause[160];
    lp_crashdump_cause(&dump, cause, sizeof cause);
    assert_string_equal(cause, "fault: Segmentation fault, address 0x10");
}

static void damaged_dumps_are_refused_with_a_reason(void **state)
{
    (void)state;
    static uintptr_t stack[WORDS], regs[16];
    const lp_crash_t crash = a_crash(stack, regs);
    const lp_span_t bytes = keep(&crash);
    for (size_t i = 0; i < bytes.len; i++) {
        const char *why = NULL;
        area[i] ^= 1;
        assert_false(lp_crashdump_parse(area, bytes.len, &dump, &why));
        assert_non_null(why);
        area[i] ^= 1;
        assert_false(lp_crashdump_parse(area, i, &dump, &why));
    }
}

static void dump_is_found_among_lines(void **state)
{
    (void)state;
    static lp_crash_reader_t reader;
    reader = (lp_crash_reader_t){.len = 0};
    assert_int_equal(lp_crash_reader_feed(&reader, "I 0.1 app: hello"), LP_CRASH_LINE_OTHER);
    assert_int_equal(lp_crash_reader_feed(&reader, "--- BEGIN LIMPET CRASH ---\r"),
                     LP_CRASH_LINE_TAKEN);
    assert_int_equal(lp_crash_reader_feed(&reader, "AAECAwQF\r"), LP_CRASH_LINE_TAKEN);
    assert_int_equal(lp_crash_reader_feed(&reader, "BgcI"), LP_CRASH_LINE_TAKEN);
    assert_int_equal(lp_crash_reader_feed(&reader, "--- END LIMPET CRASH ---"),
                     LP_CRASH_LINE_WHOLE);
    assert_int_equal(reader.len, 9);
    assert_memory_equal(reader.bytes, "\0\1\2\3\4\5\6\7\10", 9);
    // Something else in between: it is shown, and no dump comes of it.
    assert_int_equal(lp_crash_reader_feed(&reader, "--- BEGIN LIMPET CRASH ---"),
                     LP_CRASH_LINE_TAKEN);
    assert_int_equal(lp_crash_reader_feed(&reader, "W 1.000 a: b"), LP_CRASH_LINE_OTHER);
    assert_int_equal(lp_crash_reader_feed(&reader, "--- END LIMPET CRASH ---"),
                     LP_CRASH_LINE_OTHER);
}

static void endless_dump_ends(void **state)
{
    (void)state;
    static lp_crash_reader_t reader;
    reader = (lp_crash_reader_t){.len = 0};
    (void)lp_crash_reader_feed(&reader, "--- BEGIN LIMPET CRASH ---");
    for (int i = 0; i < 100000; i++) {
        (void)lp_crash_reader_feed(&reader, "AAECAwQFBgcIAAECAwQFBgcIAAECAwQFBgcI");
        assert_true(reader.len <= LP_CRASHDUMP_MAX);
    }
}

// -- call sites and places, in this program

extern const char __executable_start[]; // the linker's

__attribute__((noinline)) static void *who_called(void)
{
    return __builtin_return_address(0);
}

static void return_addresses_are_told_from_other_words(void **state)
{
    (void)state;
    lp_elf_t *elf = NULL;
    lp_fault_t fault = {0};
    assert_int_equal(lp_elf_open("/proc/self/exe", &elf, &fault), LP_EXIT_OK);
    lp_elf_place_t place;
    uint8_t bytes[16];
    // Where this program lies in memory: the same bytes are in its file.
    const uintptr_t bias = (uintptr_t)__executable_start;
    const uint64_t at = (uintptr_t)who_called() - bias;
    assert_true(lp_elf_bytes(elf, at, bytes, sizeof bytes));
    assert_memory_equal(bytes, (const void *)(at + bias), sizeof bytes);
    assert_true(lp_crashdump_is_behind_call(LP_DUMP_X86_64, elf, at));
    assert_false(lp_crashdump_is_behind_call(LP_DUMP_X86_64, elf, at - 1));
    assert_false(lp_crashdump_is_behind_call(LP_DUMP_X86_64, elf, 0));
    assert_false(lp_crashdump_is_behind_call(LP_DUMP_X86_64, elf, UINT64_MAX));
    assert_int_equal(lp_elf_places(elf, at - 1, &place, 1), 1);
    assert_string_equal(place.function, "return_addresses_are_told_from_other_words");
    assert_non_null(strstr(place.file, "test_crashdump.c"));
    lp_elf_close(elf);
}

static void lines_are_coloured_by_their_level(void **state)
{
    (void)state;
    char out[200];
    assert_string_equal(lp_log_show_level("E 1.234 chip: gone"), "error");
    assert_string_equal(lp_log_show_level("D 12.000 x: y"), "debug");
    assert_string_equal(lp_log_show_level("E 1.23 chip: gone"), "");
    assert_string_equal(lp_log_show_level("Every line"), "");
    assert_string_equal(lp_log_show_level(""), "");
    lp_log_show_paint(out, sizeof out, "E 1.234 chip: gone", 1);
    assert_string_equal(out,
                        "\033[2mE 1.234 \033[0m\033[31m\033[1mchip\033[0m\033[31m: gone\033[0m");
    lp_log_show_paint(out, sizeof out, "E 1.234 chip: gone", 0);
    assert_string_equal(out, "E 1.234 chip: gone");
    lp_log_show_paint(out, sizeof out, "E 1.234 chip: \033[2Jgone",
                      1); // no board drives a terminal
    assert_null(strstr(out, "\033[2J"));
    lp_log_show_paint(out, 20, "E 1.234 chip: a line that does not fit", 1);
    assert_true(strlen(out) < 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tool_reads_what_the_firmware_wrote),
        cmocka_unit_test(damaged_dumps_are_refused_with_a_reason),
        cmocka_unit_test(dump_is_found_among_lines),
        cmocka_unit_test(endless_dump_ends),
        cmocka_unit_test(return_addresses_are_told_from_other_words),
        cmocka_unit_test(lines_are_coloured_by_their_level),
    };
    return cmocka_run_group_tests_name("crashdump", tests, NULL, NULL);
}
