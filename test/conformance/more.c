// SPDX-License-Identifier: Apache-2.0
// What only boards with room for it have: the address that others reach them at, and deep sleep.
#include <string.h>

#include "conformance.h"
#include "limpet/port/clock.h"
#include "limpet/port/net.h"
#include "limpet/port/power.h"
#include "limpet/port/system.h"

enum { LIMIT_MS = 20000, SLEEP_MS = 2500 }; // longer than the watchdog's time

static void nothing(void *ctx)
{
    (void)ctx;
}

static void address_is_text_and_ends(void **state)
{
    char text[LP_NET_ADDRESS_MAX];
    const uint64_t end_ms = lp_port_now_ms() + LIMIT_MS;
    (void)state;
    lp_port_net_watch(nothing, NULL);
    memset(text, '~', sizeof text);
    while (!lp_port_net_address(text) && lp_port_now_ms() < end_ms) {
        assert_int_equal(text[0], '~'); // untouched where there is no network
        lp_loop_turn(&conformance_loop, 20);
    }
    const size_t len = strspn(text, "0123456789abcdefABCDEF.:");
    assert_in_range(len, 2, sizeof text - 1);
    assert_int_equal(text[len], '\0');
}

static void first_start_was_no_waking_up(void **state)
{
    size_t bytes = 0;
    (void)state;
    assert_true(lp_port_wake() == LP_WAKE_POWER_ON);
    assert_true(lp_port_slept_ms() == 0);
    assert_non_null(lp_port_rtc(&bytes));
    assert_true(bytes >= LP_PORT_RTC_BYTES_MIN);
}

void conformance_more_sleep(void)
{
    size_t bytes = 0;
    uint8_t *rtc = lp_port_rtc(&bytes);
    for (size_t i = 0; i < bytes; i++) {
        rtc[i] = (uint8_t)(i * 7 + 1);
    }
    lp_port_deep_sleep(SLEEP_MS);
}

static void deep_sleep_took_its_time_and_was_no_restart(void **state)
{
    (void)state;
    assert_string_equal(lp_port_boot_reason(), "timer");
    assert_true(lp_port_wake() == LP_WAKE_TIMER);
    assert_true(lp_port_wake() == LP_WAKE_TIMER); // asked again
    assert_true(lp_port_slept_ms() >= SLEEP_MS && lp_port_slept_ms() < SLEEP_MS + LIMIT_MS);
    assert_true(lp_port_now_ms() < LIMIT_MS); // the clock begins anew
}

static void deep_sleep_left_the_rtc_memory_alone(void **state)
{
    size_t bytes = 0;
    const uint8_t *rtc = lp_port_rtc(&bytes);
    (void)state;
    for (size_t i = 0; i < bytes; i++) {
        assert_int_equal(rtc[i], (uint8_t)(i * 7 + 1));
    }
}

int conformance_more_woken(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deep_sleep_took_its_time_and_was_no_restart),
        cmocka_unit_test(deep_sleep_left_the_rtc_memory_alone),
    };
    return cmocka_run_group_tests_name("deep sleep", tests, NULL, NULL);
}

int conformance_more(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(address_is_text_and_ends),
                                       cmocka_unit_test(first_start_was_no_waking_up)};
    return cmocka_run_group_tests_name("more", tests, NULL, NULL);
}
