// SPDX-License-Identifier: Apache-2.0
// Identity, entropy and the log.
#include "limpet/port/system.h"

#include <string.h>

#include "conformance.h"
#include "limpet/port/clock.h"

static void entropy_is_not_the_same_twice(void **state)
{
    (void)state;
    uint8_t x[64] = {0}, y[64] = {0};
    assert_int_equal(lp_port_entropy(x, sizeof x), LP_OK);
    assert_int_equal(lp_port_entropy(y, sizeof y), LP_OK);
    assert_memory_not_equal(x, y, sizeof x);
    // 64 bytes of one value would be a source that is stuck.
    assert_memory_not_equal(x, x + 1, sizeof x - 1);
}

static void entropy_fills_exactly_what_was_asked(void **state)
{
    (void)state;
    for (size_t n = 0; n < 9; n++) {
        uint8_t bytes[16] = {0};
        memset(bytes, 0xA5, sizeof bytes);
        assert_int_equal(lp_port_entropy(bytes, n), LP_OK);
        for (size_t i = n; i < sizeof bytes; i++) {
            assert_int_equal(bytes[i], 0xA5);
        }
    }
}

static void hardware_id_stays_and_is_not_blank(void **state)
{
    (void)state;
    static const uint8_t zeros[6];
    uint8_t first[6] = {0}, again[6] = {0}, ones[6];
    memset(ones, 0xFF, sizeof ones);
    lp_port_hw_id(first);
    lp_port_hw_id(again);
    assert_memory_equal(first, again, sizeof first);
    assert_memory_not_equal(first, zeros, sizeof first);
    assert_memory_not_equal(first, ones, sizeof first);
}

static void names_are_there(void **state)
{
    (void)state;
    assert_true(strlen(lp_port_name()) > 0);
    assert_true(strlen(lp_port_boot_reason()) > 0);
}

static void log_does_not_block_when_nobody_reads(void **state)
{
    (void)state;
    const uint64_t start = lp_port_now_ms();
    for (int i = 0; i < 200; i++) {
        lp_port_log_line("conformance", 11);
    }
    lp_port_log_line("", 0);
    assert_true(lp_port_now_ms() - start < 2000);
}

int conformance_system(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entropy_is_not_the_same_twice),
        cmocka_unit_test(entropy_fills_exactly_what_was_asked),
        cmocka_unit_test(hardware_id_stays_and_is_not_blank),
        cmocka_unit_test(names_are_there),
        cmocka_unit_test(log_does_not_block_when_nobody_reads),
    };
    return cmocka_run_group_tests_name("system", tests, NULL, NULL);
}
