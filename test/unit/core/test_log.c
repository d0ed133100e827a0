// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake/port.h"
#include "limpet/log.h"

static int setup(void **state)
{
    (void)state;
    fake_clock_reset();
    fake_system_reset();
    return lp_log_set_levels("info");
}

static void log_line_has_level_time_module(void **state)
{
    (void)state;
    fake_clock_advance_ms(12345);
    lp_log(LP_LOG_WARN, "cloud", "lost after %d s", 31);
    assert_string_equal(fake_log_last(), "W 12.345 cloud: lost after 31 s");
}

static void log_level_per_module_wins(void **state)
{
    (void)state;
    assert_int_equal(lp_log_set_levels("warn,cloud=debug,chip=off"), LP_OK);
    lp_log(LP_LOG_DEBUG, "cloud", "x");
    lp_log(LP_LOG_INFO, "other", "x");
    lp_log(LP_LOG_ERROR, "chip", "x");
    assert_int_equal(fake_log_count(), 1);
    lp_log(LP_LOG_WARN, "other", "x");
    assert_int_equal(fake_log_count(), 2);
}

static void log_levels_may_be_written_with_colons(void **state)
{
    (void)state;
    assert_int_equal(lp_log_set_levels("*:warn,cloud:debug,chip=off"), LP_OK);
    assert_true(lp_log_is_on(LP_LOG_DEBUG, "cloud"));
    assert_false(lp_log_is_on(LP_LOG_INFO, "other"));
    assert_false(lp_log_is_on(LP_LOG_ERROR, "chip"));
    assert_int_equal(lp_log_set_levels("*info"), LP_E_FORMAT);
    assert_int_equal(lp_log_set_levels("*:"), LP_E_FORMAT);
}

static void log_bad_spec_changes_nothing(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "loud",
        "info,",
        "info,x",
        "info,x=",
        "info,=info",
        "info,x=loud",
        ",info",
        "info;x=off",
        "info,amodulenamethatislong=info",
        "info,a=off,b=off,c=off,d=off,e=off,f=off,g=off,h=off,i=off",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(lp_log_check_levels(bad[i]), LP_E_FORMAT);
        assert_int_equal(lp_log_set_levels(bad[i]), LP_E_FORMAT);
    }
    assert_true(lp_log_is_on(LP_LOG_INFO, "x"));
    assert_false(lp_log_is_on(LP_LOG_DEBUG, "x"));
    assert_int_equal(lp_log_check_levels("debug"), LP_OK);
    assert_false(lp_log_is_on(LP_LOG_DEBUG, "x"));
    assert_int_equal(lp_log_set_levels("info,a=off,b=off,c=off,d=off,e=off,f=off,g=off,h=off"),
                     LP_OK);
}

static void log_long_line_is_cut_visibly(void **state)
{
    (void)state;
    char text[2 * LP_LOG_LINE_MAX];
    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = '\0';
    lp_log(LP_LOG_ERROR, "m", "%s", text);
    assert_int_equal(strlen(fake_log_last()), LP_LOG_LINE_MAX);
    assert_string_equal(fake_log_last() + LP_LOG_LINE_MAX - 4, "a...");
}

static void log_controls_cannot_forge_a_line(void **state)
{
    (void)state;
    lp_log(LP_LOG_ERROR, "m", "%s", "a\r\n{\x04\x1b[2J\x7f");
    assert_string_equal(fake_log_last(), "E 0.000 m: a??{??[2J?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(log_line_has_level_time_module, setup),
        cmocka_unit_test_setup(log_level_per_module_wins, setup),
        cmocka_unit_test_setup(log_levels_may_be_written_with_colons, setup),
        cmocka_unit_test_setup(log_bad_spec_changes_nothing, setup),
        cmocka_unit_test_setup(log_long_line_is_cut_visibly, setup),
        cmocka_unit_test_setup(log_controls_cannot_forge_a_line, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
