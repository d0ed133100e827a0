// SPDX-License-Identifier: Apache-2.0
// Analog inputs: millivolts, averages, and a voltage that crosses two lines, in virtual time.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "fake/port.h"
#include "limpet/adc.h"
#include "limpet/pins_adc.h"

enum { WIDE = 0, GAP = 1, TAKEN = 2, FINE = 3, EVENTS = 32 };

static lp_loop_t loop;
static lp_adc_watch_t watch;
static lp_adc_event_t events[EVENTS];
static uint16_t volts_mv[EVENTS];
static size_t event_count;
static bool stops_itself;
static lp_err_t wire_err;
static unsigned conversions;
static int32_t wire_uv;

static int set_up(void **state)
{
    (void)state;
    fake_clock_reset();
    lp_loop_init(&loop);
    event_count = conversions = 0;
    stops_itself = false;
    wire_err = LP_OK;
    wire_uv = 0;
    assert_int_equal(lp_pins_adc_wire(WIDE, NULL, NULL), LP_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    lp_adc_watch_stop(&watch);
    lp_adc_watch_stop(&watch);
    return 0;
}

static void pass_ms(unsigned ms)
{
    for (unsigned i = 0; i < ms; i++) {
        lp_loop_turn(&loop, 0);
        fake_clock_advance_ms(1);
    }
    lp_loop_turn(&loop, 0);
}

// -- readings

static void volts_are_steps_and_steps_are_millivolts(void **state)
{
    (void)state;
    static const struct {
        int32_t uv;
        uint16_t raw, mv;
    } rows[] = {
        {0, 0, 0},
        {-500000, 0, 0},
        {402, 0, 0},
        {403, 1, 1},
        {1650000, 2048, 1650},
        {3299000, 4095, 3299},
        {3300000, 4095, 3299},
        {12000000, 4095, 3299},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        lp_adc_value_t value;
        assert_int_equal(lp_pins_adc_set(WIDE, rows[i].uv), LP_OK);
        assert_int_equal(lp_adc_read(WIDE, 1, &value), LP_OK);
        assert_int_equal(value.raw, rows[i].raw);
        assert_int_equal(value.mv, rows[i].mv);
    }
}

// 16 bits and the most samples must not overflow anything.
static void the_largest_sum_is_right(void **state)
{
    lp_adc_value_t value;
    (void)state;
    assert_int_equal(lp_pins_adc_set(FINE, 6000000), LP_OK);
    assert_int_equal(lp_adc_read(FINE, LP_ADC_SAMPLES_MAX, &value), LP_OK);
    assert_int_equal(value.raw, 65535);
    assert_int_equal(value.mv, 5000);
}

static lp_err_t swing(void *ctx, int32_t *uv)
{
    (void)ctx;
    *uv = wire_uv + (conversions++ % 2 == 0 ? 300000 : -300000);
    return wire_err;
}

static void noise_is_averaged(void **state)
{
    lp_adc_value_t value;
    (void)state;
    wire_uv = 1500000;
    assert_int_equal(lp_pins_adc_wire(WIDE, swing, NULL), LP_OK);
    assert_int_equal(lp_adc_read(WIDE, 1, &value), LP_OK);
    assert_in_range(value.mv, 1799, 1801);
    assert_int_equal(lp_adc_read(WIDE, 16, &value), LP_OK);
    assert_int_equal(conversions, 17);
    assert_in_range(value.mv, 1499, 1501);
}

static void what_cannot_be_read_is_refused_untouched(void **state)
{
    lp_adc_value_t value = {.raw = 7, .mv = 8};
    (void)state;
    assert_int_equal(lp_adc_read(GAP, 1, &value), LP_E_NOT_FOUND);
    assert_int_equal(lp_adc_read(99, 1, &value), LP_E_NOT_FOUND);
    assert_int_equal(lp_adc_read(TAKEN, 1, &value), LP_E_BUSY);
    assert_int_equal(lp_adc_read(WIDE, 0, &value), LP_E_RANGE);
    assert_int_equal(lp_adc_read(WIDE, LP_ADC_SAMPLES_MAX + 1, &value), LP_E_RANGE);
    wire_err = LP_E_IO;
    assert_int_equal(lp_pins_adc_wire(WIDE, swing, NULL), LP_OK);
    assert_int_equal(lp_adc_read(WIDE, 4, &value), LP_E_IO);
    assert_int_equal(value.raw, 7);
    assert_int_equal(value.mv, 8);
    assert_int_equal(lp_pins_adc_wire(GAP, swing, NULL), LP_E_NOT_FOUND);
    assert_int_equal(lp_pins_adc_set(99, 0), LP_E_NOT_FOUND);
}

// -- crossings

static void on_crossing(void *ctx, lp_adc_event_t event, const lp_adc_value_t *value)
{
    assert_ptr_equal(ctx, &watch);
    assert_true(event_count < EVENTS);
    volts_mv[event_count] = value != NULL ? value->mv : 0;
    events[event_count++] = event;
    if (stops_itself) {
        lp_adc_watch_stop(&watch);
    }
}

static void start(void)
{
    const lp_adc_watch_setup_t setup = {
        .channel = WIDE, .above_mv = 2000, .below_mv = 1000, .every_ms = 10};
    assert_int_equal(lp_adc_watch_start(&watch, &loop, &setup, on_crossing, &watch), LP_OK);
}

static void set_mv(int32_t mv)
{
    assert_int_equal(lp_pins_adc_set(WIDE, mv * 1000), LP_OK);
    pass_ms(30);
}

static void the_first_side_is_told_and_then_each_crossing(void **state)
{
    static const int mv[] = {500, 1500, 2500, 2400, 1500, 1001, 900, 1999, 2100};
    static const lp_adc_event_t expected[] = {LP_ADC_BELOW, LP_ADC_ABOVE, LP_ADC_BELOW,
                                              LP_ADC_ABOVE};
    static const int at_mv[] = {500, 2500, 900, 2100};
    (void)state;
    start();
    assert_int_equal(event_count, 0); // never from inside of the call
    for (size_t i = 0; i < sizeof mv / sizeof mv[0]; i++) {
        set_mv(mv[i]);
    }
    assert_int_equal(event_count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(events[i], expected[i]);
        assert_in_range(volts_mv[i], (unsigned)at_mv[i] - 1, (unsigned)at_mv[i] + 1);
    }
    assert_in_range(watch.last.mv, 2099, 2101);
}

static void a_voltage_that_trembles_on_a_line_is_told_once(void **state)
{
    (void)state;
    wire_uv = 2000000;
    assert_int_equal(lp_pins_adc_wire(WIDE, swing, NULL), LP_OK);
    start();
    pass_ms(2000);
    assert_int_equal(event_count, 1);
    assert_in_range(conversions, 190, 210);
}

static void between_the_lines_nothing_is_told(void **state)
{
    (void)state;
    start();
    lp_adc_watch_stop(&watch);
    assert_int_equal(lp_pins_adc_set(WIDE, 1500000), LP_OK);
    start();
    pass_ms(500);
    assert_int_equal(event_count, 0);
}

// A converter that fails is told once, and what it says when it is back, even if nothing changed.
static void a_lost_channel_is_told_and_comes_back(void **state)
{
    (void)state;
    wire_uv = 2700000;
    assert_int_equal(lp_pins_adc_wire(WIDE, swing, NULL), LP_OK);
    start();
    pass_ms(50);
    wire_err = LP_E_IO;
    pass_ms(500);
    wire_err = LP_E_BUSY; // is no loss, and no return
    pass_ms(500);
    wire_err = LP_OK;
    pass_ms(50);
    assert_int_equal(event_count, 3);
    assert_int_equal(events[0], LP_ADC_ABOVE);
    assert_int_equal(events[1], LP_ADC_LOST);
    assert_int_equal(events[2], LP_ADC_ABOVE);
}

static void a_watch_may_be_stopped_from_inside(void **state)
{
    (void)state;
    stops_itself = true;
    start();
    set_mv(2500);
    set_mv(500);
    assert_int_equal(event_count, 1);
}

static void lines_that_cannot_be_are_refused(void **state)
{
    static const lp_adc_watch_setup_t bad[] = {
        {.channel = WIDE, .above_mv = 1000, .below_mv = 1000},
        {.channel = WIDE, .above_mv = 1000, .below_mv = 2000},
        {.channel = WIDE, .above_mv = 3301, .below_mv = 2000},
        {.channel = WIDE, .above_mv = 100, .below_mv = 50, .samples = 33},
        {.channel = WIDE, .above_mv = 100, .below_mv = 50, .every_ms = 86400001},
    };
    lp_adc_watch_setup_t setup = {.channel = GAP, .above_mv = 100, .below_mv = 50};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(lp_adc_watch_start(&watch, &loop, &bad[i], on_crossing, &watch),
                         LP_E_RANGE);
    }
    assert_int_equal(lp_adc_watch_start(&watch, &loop, &setup, on_crossing, &watch),
                     LP_E_NOT_FOUND);
    setup.channel = TAKEN;
    assert_int_equal(lp_adc_watch_start(&watch, &loop, &setup, on_crossing, &watch), LP_E_BUSY);
    pass_ms(200);
    assert_int_equal(event_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(volts_are_steps_and_steps_are_millivolts, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_largest_sum_is_right, set_up, tear_down),
        cmocka_unit_test_setup_teardown(noise_is_averaged, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_is_refused_untouched, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_first_side_is_told_and_then_each_crossing, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_voltage_that_trembles_on_a_line_is_told_once, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(between_the_lines_nothing_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_lost_channel_is_told_and_comes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_watch_may_be_stopped_from_inside, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lines_that_cannot_be_are_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
