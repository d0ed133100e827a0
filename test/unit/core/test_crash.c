// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "limpet/base64.h"
#include "limpet/crash.h"
#include "limpet/endian.h"
#include "limpet/log_ring.h"

enum { AREA = 2048, WORDS = 64, RING = 600 };

static uint8_t area[AREA];
static uintptr_t stack[WORDS];
static uintptr_t regs[16];
static const uint8_t build_id[20] = {0xAB, 0xCD, 1, 2, 3};
static uint8_t ring_memory[RING];
static lp_log_ring_t ring;

static int setup(void **state)
{
    (void)state;
    memset(area, 0x5A, sizeof area);
    memset(stack, 0, sizeof stack);
    memset(regs, 0, sizeof regs);
    memset(ring_memory, 0, sizeof ring_memory);
    lp_log_ring_open(&ring, ring_memory, sizeof ring_memory, 1);
    return 0;
}

static lp_crash_t a_crash(void)
{
    return (lp_crash_t){.core = LP_CRASH_X86_64,
                        .reason = LP_CRASH_FAULT,
                        .cause = 11,
                        .address = 0x1234,
                        .bias = 0x1000,
                        .uptime_ms = 77,
                        .boots = 3,
                        .app = "sensor 1.2",
                        .build_id = lp_span(build_id, sizeof build_id),
                        .pc = 0x5000,
                        .sp = (uintptr_t)stack,
                        .regs = regs,
                        .reg_count = 16,
                        .stack = {(uintptr_t)stack, (uintptr_t)(stack + WORDS)},
                        .code = {{0x4000, 0x9000}},
                        .log_ring = lp_span(ring_memory, sizeof ring_memory)};
}

// Little endian on every core.
static uintptr_t word_at(size_t offset)
{
    uint8_t bytes[8] = {0};
    memcpy(bytes, area + offset, sizeof(uintptr_t));
    return (uintptr_t)lp_get_le64(bytes);
}

enum { W = sizeof(uintptr_t), REGS_AT = LP_CRASH_HEAD + 2 * W, STACK_AT = REGS_AT + 16 * W };

static void dump_has_what_the_port_knows(void **state)
{
    (void)state;
    const lp_crash_t c = a_crash();
    lp_log_ring_put(&ring, LP_LOG_INFO, lp_span_str("the last words"));
    assert_true(lp_crash_keep(area, sizeof area, &c));
    const lp_span_t dump = lp_crash_kept(area, sizeof area);
    assert_true(lp_crash_is_dump(dump));
    assert_memory_equal(dump.ptr, "LPCR\x01", 5);
    assert_int_equal(dump.ptr[8], LP_CRASH_X86_64);
    assert_int_equal(dump.ptr[9], LP_CRASH_FAULT);
    assert_int_equal(dump.ptr[10], W);
    assert_int_equal(lp_get_le32(dump.ptr + 12), 11);
    assert_int_equal(lp_get_le64(dump.ptr + 16), 0x1234);
    assert_int_equal(lp_get_le64(dump.ptr + 24), 0x1000);
    assert_int_equal(lp_get_le32(dump.ptr + 40), 3);
    assert_int_equal(dump.ptr[44], 20);
    assert_memory_equal(dump.ptr + 45, build_id, 20);
    assert_string_equal((const char *)dump.ptr + 68, "sensor 1.2");
    assert_int_equal(word_at(LP_CRASH_HEAD), 0x5000);
    assert_memory_equal(dump.ptr + dump.len - 4 - 15, "the last words\n", 15);
}

static void only_addresses_of_code_and_stack_are_kept(void **state)
{
    (void)state;
    const uintptr_t inner = (uintptr_t)&stack[7];
    stack[0] = 0x4000;       // code
    stack[1] = 0x8FFF;       // its last byte
    stack[2] = 0x9000;       // behind it
    stack[3] = inner;        // a frame
    stack[4] = 0x42;         // a number
    stack[5] = 0xDEADBEEFUL; // data
    regs[0] = 0x4444;
    regs[1] = 0xDEADBEEFUL;
    regs[2] = inner;
    const lp_crash_t c = a_crash();
    assert_true(lp_crash_keep(area, sizeof area, &c));
    assert_int_equal(word_at(REGS_AT), 0x4444);
    assert_int_equal(word_at(REGS_AT + W), 0);
    assert_int_equal(word_at(REGS_AT + 2 * W), inner);
    assert_int_equal(lp_get_le16(area + STACK_AT), WORDS);
    assert_int_equal(word_at(STACK_AT + 2), 0x4000);
    assert_int_equal(word_at(STACK_AT + 2 + W), 0x8FFF);
    assert_int_equal(word_at(STACK_AT + 2 + 2 * W), 0);
    assert_int_equal(word_at(STACK_AT + 2 + 3 * W), inner);
    assert_int_equal(word_at(STACK_AT + 2 + 4 * W), 0);
    assert_int_equal(word_at(STACK_AT + 2 + 5 * W), 0);
}

// A key in every place that a dump could take it from, in pieces of four bytes.
static void key_is_in_no_dump(void **state)
{
    (void)state;
    srand(11);
    for (int run = 0; run < 300; run++) {
        uint8_t key[sizeof stack];
        for (size_t i = 0; i < sizeof key; i++) {
            key[i] = (uint8_t)(1 + rand() % 255);
        }
        memcpy(stack, key, sizeof stack);
        memcpy(regs, key, sizeof regs);
        lp_crash_t c = a_crash();
        c.sp += (uintptr_t)(rand() % W); // a stack that is not even aligned
        memset(area, 0, sizeof area);
        assert_true(lp_crash_keep(area, sizeof area, &c));
        for (size_t at = LP_CRASH_HEAD + 2 * W; at + 4 <= lp_crash_kept(area, AREA).len - 4; at++) {
            for (size_t k = 0; k + 4 <= sizeof key; k += 4) {
                assert_memory_not_equal(area + at, key + k, 4);
            }
        }
    }
}

static void first_crash_stays_and_others_are_counted(void **state)
{
    (void)state;
    lp_crash_t c = a_crash();
    assert_true(lp_crash_keep(area, sizeof area, &c));
    assert_int_equal(lp_crash_missed(area, sizeof area), 0);
    uint8_t first[AREA];
    const size_t len = lp_crash_kept(area, sizeof area).len;
    memcpy(first, area, len);
    c.cause = 4;
    assert_false(lp_crash_keep(area, sizeof area, &c));
    assert_false(lp_crash_keep(area, sizeof area, &c));
    assert_memory_equal(area, first, len);
    assert_int_equal(lp_crash_missed(area, sizeof area), 2);
    lp_crash_forget(area, sizeof area);
    assert_int_equal(lp_crash_kept(area, sizeof area).len, 0);
    assert_int_equal(lp_crash_missed(area, sizeof area), 0);
    assert_true(lp_crash_keep(area, sizeof area, &c));
}

static void any_damage_is_noticed(void **state)
{
    (void)state;
    const lp_crash_t c = a_crash();
    assert_true(lp_crash_keep(area, sizeof area, &c));
    const size_t len = lp_crash_kept(area, sizeof area).len;
    for (size_t i = 0; i < len; i++) {
        area[i] ^= 0x10;
        assert_int_equal(lp_crash_kept(area, sizeof area).len, 0);
        area[i] ^= 0x10;
    }
    assert_int_equal(lp_crash_kept(area, sizeof area).len, len);
    memset(area, 0xFF, sizeof area); // what a power cut leaves
    assert_int_equal(lp_crash_kept(area, sizeof area).len, 0);
    assert_int_equal(lp_crash_missed(area, sizeof area), 0);
}

static void stack_that_is_not_known_is_not_read(void **state)
{
    (void)state;
    lp_crash_t c = a_crash();
    c.sp = 16; // a broken stack pointer
    assert_true(lp_crash_keep(area, sizeof area, &c));
    assert_int_equal(lp_get_le16(area + STACK_AT), 0);
    lp_crash_forget(area, sizeof area);
    c = a_crash();
    c.sp = (uintptr_t)&stack[WORDS - 2]; // and no word behind its end
    assert_true(lp_crash_keep(area, sizeof area, &c));
    assert_int_equal(lp_get_le16(area + STACK_AT), 2);
}

static void smallest_area_has_head_registers_and_some_stack(void **state)
{
    (void)state;
    uint8_t small[512 + 8];
    memset(small, 0x77, sizeof small);
    stack[0] = 0x4321;
    const lp_crash_t c = a_crash();
    assert_true(lp_crash_keep(small, 512, &c));
    const lp_span_t dump = lp_crash_kept(small, 512);
    assert_true(dump.len > 0 && dump.len <= 512 - 12);
    for (size_t i = 512; i < sizeof small; i++) {
        assert_int_equal(small[i], 0x77);
    }
    assert_true(lp_get_le16(small + STACK_AT) >= 8);
}

static char printed[8192];

static void print_line(const char *line, size_t len)
{
    snprintf(printed + strlen(printed), sizeof printed - strlen(printed), "%.*s\n", (int)len, line);
}

static void dump_is_printed_as_base64_between_marks(void **state)
{
    (void)state;
    const lp_crash_t c = a_crash();
    printed[0] = '\0';
    assert_true(lp_crash_keep(area, sizeof area, &c));
    const lp_span_t dump = lp_crash_kept(area, sizeof area);
    lp_crash_print(dump, print_line);
    assert_memory_equal(printed, LP_CRASH_BEGIN "\n", sizeof LP_CRASH_BEGIN);
    uint8_t bytes[AREA];
    lp_buf_t out = lp_buf(bytes, sizeof bytes);
    for (char *line = strtok(printed, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        assert_true(strlen(line) <= 64);
        if (line[0] != '-') {
            assert_int_equal(lp_base64_decode(&out, lp_span_str(line)), LP_OK);
        }
    }
    assert_int_equal(out.len, dump.len);
    assert_memory_equal(bytes, dump.ptr, dump.len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(dump_has_what_the_port_knows, setup),
        cmocka_unit_test_setup(only_addresses_of_code_and_stack_are_kept, setup),
        cmocka_unit_test_setup(key_is_in_no_dump, setup),
        cmocka_unit_test_setup(first_crash_stays_and_others_are_counted, setup),
        cmocka_unit_test_setup(any_damage_is_noticed, setup),
        cmocka_unit_test_setup(stack_that_is_not_known_is_not_read, setup),
        cmocka_unit_test_setup(smallest_area_has_head_registers_and_some_stack, setup),
        cmocka_unit_test_setup(dump_is_printed_as_base64_between_marks, setup),
    };
    return cmocka_run_group_tests_name("crash", tests, NULL, NULL);
}
