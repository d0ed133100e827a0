// SPDX-License-Identifier: Apache-2.0
// The analog inputs of a board that is a process: what is a voltage and what is not, and files.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "limpet/adc.h"
#include "limpet/posix.h"

static char path[64];
static char why[300];

static int set_up(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "/tmp/limpet-adc-%ld", (long)getpid());
    why[0] = '\0';
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    (void)unlink(path);
    return 0;
}

static void words_that_are_voltages(void **state)
{
    static const struct {
        const char *text;
        int32_t uv;
    } rows[] = {
        {"1.2", 1200000},
        {"1.2V", 1200000},
        {" 1.2 V\n", 1200000},
        {"1200mV", 1200000},
        {"0", 0},
        {"-0.5V", -500000},
        {".5", 500000},
        {"3.", 3000000},
        {"0.0000019", 1},
        {"1.5mV", 1500},
        {"1000", 1000000000},
        {"0012", 12000000},
        {"-12.5mV", -12500},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int32_t uv = 99;
        assert_true(lp_posix_adc_parse(rows[i].text, &uv));
        assert_int_equal(uv, rows[i].uv);
    }
}

static void words_that_are_none(void **state)
{
    static const char *const rows[] = {
        "",    " ",     "-",      ".",    "V",   "mV",     "1.2.3",
        "1,2", "1.2 A", "1.2V 3", "0x10", "1e3", "1000.1", "99999999999999999999",
        "+1",  "--1",   "nan",    "1.2v"};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int32_t uv = 99;
        assert_false(lp_posix_adc_parse(rows[i], &uv));
        assert_int_equal(uv, 99);
    }
}

static void put(const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void a_file_is_followed(void **state)
{
    lp_adc_value_t value;
    (void)state;
    put("1.65\n");
    assert_int_equal(lp_posix_adc_wire(1, path, why, sizeof why), LP_OK);
    assert_int_equal(lp_adc_read(1, 1, &value), LP_OK);
    assert_int_equal(value.mv, 1650);
    put("330mV");
    assert_int_equal(lp_adc_read(1, 1, &value), LP_OK);
    assert_in_range(value.mv, 329, 331);
    put("what");
    assert_int_equal(lp_adc_read(1, 1, &value), LP_E_IO);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(lp_adc_read(1, 1, &value), LP_E_IO);
}

static void what_cannot_be_wired_changes_nothing(void **state)
{
    char longer[400];
    lp_adc_value_t value;
    (void)state;
    memset(longer, '/', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_int_equal(lp_posix_adc_wire(0, "1V", why, sizeof why), LP_OK);
    assert_int_equal(lp_posix_adc_wire(0, "/nowhere/at/all", why, sizeof why), LP_E_FORMAT);
    assert_non_null(strstr(why, "/nowhere/at/all"));
    assert_int_equal(lp_posix_adc_wire(0, longer, why, sizeof why), LP_E_FORMAT);
    assert_int_equal(lp_posix_adc_wire(4, "1V", why, sizeof why), LP_E_NOT_FOUND);
    assert_int_equal(lp_adc_read(0, 1, &value), LP_OK);
    assert_in_range(value.mv, 999, 1001);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(words_that_are_voltages, set_up, tear_down),
        cmocka_unit_test_setup_teardown(words_that_are_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_is_followed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_wired_changes_nothing, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
