// SPDX-License-Identifier: Apache-2.0
// Lines of NMEA 0183.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "limpet/nmea.h"

static lp_nmea_fix_t fix;

static lp_err_t take(const char *line)
{
    return lp_nmea_take(&fix, lp_span_str(line));
}

// With its checksum put behind it.
static lp_err_t take_body(const char *body)
{
    char line[200];
    unsigned sum = 0;
    for (const char *c = body; *c != '\0'; c++) {
        sum ^= (unsigned char)*c;
    }
    snprintf(line, sizeof line, "$%s*%02X", body, sum);
    return take(line);
}

static int fresh(void **state)
{
    (void)state;
    fix = (lp_nmea_fix_t){.has_fix = false};
    return 0;
}

// The examples of u-blox's protocol description, 31.2.4 and 31.2.11.
static void published_sentences_are_read(void **state)
{
    (void)state;
    assert_int_equal(
        take("$GPGGA,092725.00,4717.11399,N,00833.91590,E,1,08,1.01,499.6,M,48.0,M,,*5B"), LP_OK);
    assert_true(fix.has_fix);
    assert_int_equal(fix.latitude_e7, 472852331);
    assert_int_equal(fix.longitude_e7, 85652650);
    assert_int_equal(fix.altitude_cm, 49960);
    assert_int_equal(fix.satellites, 8);
    assert_false(fix.has_time);
    assert_int_equal(
        take("$GPRMC,083559.00,A,4717.11437,N,00833.91522,E,0.004,77.52,091202,,,A*57"), LP_OK);
    assert_true(fix.has_time);
    assert_int_equal(fix.utc_s, 1039422959); // 2002-12-09T08:35:59Z
    assert_int_equal(fix.latitude_e7, 472852395);
}

static void south_and_west_are_negative(void **state)
{
    (void)state;
    assert_int_equal(take_body("GNGGA,000000,3351.5000,S,15112.6000,W,2,12,0.9,-3.25,M,,,,"),
                     LP_OK);
    assert_int_equal(fix.latitude_e7, -338583333);
    assert_int_equal(fix.longitude_e7, -1512100000);
    assert_int_equal(fix.altitude_cm, -325);
}

static void no_fix_is_said_and_the_old_place_stays(void **state)
{
    (void)state;
    assert_int_equal(take_body("GPGGA,000000,4700.0,N,00800.0,E,1,05,1,500,M,,,,"), LP_OK);
    assert_int_equal(take_body("GPGGA,000001,,,,,0,00,99.99,,M,,,,"), LP_OK);
    assert_false(fix.has_fix);
    assert_int_equal(fix.latitude_e7, 470000000);
    assert_int_equal(fix.satellites, 0);
    assert_int_equal(take_body("GPRMC,,V,,,,,,,,,,N"), LP_OK);
    assert_false(fix.has_fix);
    assert_false(fix.has_time);
}

static void what_is_wrong_changes_nothing(void **state)
{
    static const char *const bodies[] = {
        "GPGGA",
        "GPGGA,,,,,,,,,,,",
        "GPGGA,0,9100.0,N,00800.0,E,1,05,1,500,M",
        "GPGGA,0,9000.1,N,00800.0,E,1,05,1,500,M",
        "GPGGA,0,4760.0,N,00800.0,E,1,05,1,500,M",
        "GPGGA,0,4700.0,X,00800.0,E,1,05,1,500,M",
        "GPGGA,0,4700.0,N,18100.0,E,1,05,1,500,M",
        "GPGGA,0,4700.0,N,30224.6,W,1,05,1,500,M",
        "GPGGA,0,4700.0,N,99959.9,W,1,05,1,500,M",
        "GPGGA,0,9959.9,N,00800.0,E,1,05,1,500,M",
        "GPGGA,0,4700.0,N,00800.0,E,1",
        "GPGGA,0,4700.0,N,0800.0,E,1,05,1,500,M",
        "GPGGA,0,47a0.0,N,00800.0,E,1,05,1,500,M",
        "GPGGA,0,4700.x,N,00800.0,E,1,05,1,500,M",
        "GPGGA,0,4700,0,N,00800.0,E,1,05,1,500,M",
        "GPGGA,0,4700.0,N,00800.0,E,1,005,1,500,M",
        "GPGGA,0,4700.0,N,00800.0,E,1,05,1,5000000,M",
        "GPGGA,0,4700.0,N,00800.0,E,1,05,1,,M",
        "GPRMC,250000,V,,,,,,,010120,,",
        "GPRMC,000000,V,,,,,,,310220,,",
        "GPRMC,000000,V,,,,,,,0101200,,",
        "GPRMC,0000,V,,,,,,,010120,,",
        "GPRMC,000000,B,,,,,,,010120,,",
    };
    const lp_nmea_fix_t zero = {.has_fix = false};
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        assert_int_equal(take_body(bodies[i]), LP_E_FORMAT);
        assert_memory_equal(&fix, &zero, sizeof fix);
    }
    assert_int_equal(take_body("GPGSV,3,1,11"), LP_E_UNSUPPORTED);
    assert_int_equal(take_body("PUBX,00"), LP_E_UNSUPPORTED);
    assert_int_equal(take_body("PUBX00,1"), LP_E_UNSUPPORTED);
    assert_int_equal(take(""), LP_E_FORMAT);
    assert_int_equal(take("$GPGGA*ZZ"), LP_E_FORMAT);
    assert_int_equal(take("$GPGGA,no checksum at all"), LP_E_FORMAT);
}

// One damaged character anywhere is noticed.
static void each_damaged_character_is_noticed(void **state)
{
    char line[] = "$GPGGA,092725.00,4717.11399,N,00833.91590,E,1,08,1.01,499.6,M,48.0,M,,*5B";
    (void)state;
    for (size_t i = 0; i < sizeof line - 1; i++) {
        line[i] ^= 2;
        assert_true(take(line) != LP_OK);
        line[i] ^= 2;
    }
    assert_int_equal(take(line), LP_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(published_sentences_are_read, fresh),
        cmocka_unit_test_setup(south_and_west_are_negative, fresh),
        cmocka_unit_test_setup(no_fix_is_said_and_the_old_place_stays, fresh),
        cmocka_unit_test_setup(what_is_wrong_changes_nothing, fresh),
        cmocka_unit_test_setup(each_damaged_character_is_noticed, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
