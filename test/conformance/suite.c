// SPDX-License-Identifier: Apache-2.0
#include "conformance.h"
#include "limpet/port/system.h"

static void restart_is_a_software_one(void **state)
{
    (void)state;
    assert_string_equal(lp_port_boot_reason(), "software");
}

static int run_first(void)
{
    return conformance_adc() + conformance_clock() + conformance_fiber() + conformance_flash() +
           conformance_gpio() + conformance_pwm() + conformance_system() + conformance_net() +
           conformance_more() + conformance_uart();
}

static int run_later(uint8_t start)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(restart_is_a_software_one)};
    if (start == CONFORMANCE_STARTS) {
        return conformance_more_woken();
    }
    const int failed = start == 1 ? cmocka_run_group_tests_name("restart", tests, NULL, NULL) : 0;
    return failed + conformance_watchdog(start);
}

int conformance_run(void)
{
    conformance_mark_t mark = {.start = 0};
    const bool is_later = conformance_take_mark(&mark);
    const int failed = mark.failed + (is_later ? run_later(mark.start) : run_first());
    if (mark.start == CONFORMANCE_STARTS) {
        return failed;
    }
    mark.failed = (uint8_t)(failed < UINT8_MAX ? failed : UINT8_MAX);
    const uint8_t start = mark.start++;
    conformance_leave_mark(&mark);
    conformance_next_start(start);
}
