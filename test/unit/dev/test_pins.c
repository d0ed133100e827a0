// SPDX-License-Identifier: Apache-2.0
// Wires in memory: what level they have, who hears of it and in which order, fights, ties, and
// peers that answer each other.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "limpet/pins.h"
#include "limpet/port/pwm.h"

enum { A = 0, B = 2, GAP = 3, LED = 4, C = 5, PEERS = 4, HEARD_MAX = 4096 };

static lp_pins_peer_t peers[PEERS];
static char heard[HEARD_MAX]; // "0+" peer 0 heard of high
static unsigned edges;

static void set(uint16_t pin, lp_gpio_mode_t mode, lp_gpio_pull_t pull, bool level)
{
    const lp_gpio_config_t config = {.mode = mode, .pull = pull, .level = level};
    assert_int_equal(lp_port_gpio_configure(pin, &config), LP_OK);
}

static void note(void *ctx, bool level)
{
    const size_t n = strlen(heard);
    const lp_pins_peer_t *p = ctx;
    assert_true(n + 3 < sizeof heard);
    snprintf(heard + n, sizeof heard - n, "%d%c", (int)(p - peers), level ? '+' : '-');
}

static void attach(size_t i, uint16_t pin)
{
    peers[i] = (lp_pins_peer_t){.changed = note, .ctx = &peers[i]};
    assert_int_equal(lp_pins_attach(&peers[i], pin), LP_OK);
}

static int set_up(void **state)
{
    static const uint16_t all[] = {A, B, LED, C};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        set(all[i], LP_GPIO_OFF, LP_GPIO_PULL_NONE, false);
    }
    heard[0] = '\0';
    edges = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < PEERS; i++) {
        lp_pins_detach(&peers[i]); // one that is not attached is nothing
    }
    return 0;
}

// -- the level

// Every drive of a peer against every mode of the pin, as it is said at the top of pins.h.
static void the_level_is_what_is_strongest(void **state)
{
    static const struct {
        lp_gpio_mode_t mode;
        lp_gpio_pull_t pull;
        bool level;
        const char *levels; // with the peer letting go, driving low, high, a resistor up, down
    } rows[] = {
        {LP_GPIO_OFF, LP_GPIO_PULL_NONE, false, "00110"},
        {LP_GPIO_INPUT, LP_GPIO_PULL_NONE, false, "00110"},
        {LP_GPIO_INPUT, LP_GPIO_PULL_UP, false, "10111"},
        {LP_GPIO_OUTPUT, LP_GPIO_PULL_NONE, false, "00000"},
        {LP_GPIO_OUTPUT, LP_GPIO_PULL_NONE, true, "10111"},
        {LP_GPIO_OPEN_DRAIN, LP_GPIO_PULL_NONE, false, "00000"},
        {LP_GPIO_OPEN_DRAIN, LP_GPIO_PULL_NONE, true, "00110"},
        {LP_GPIO_OPEN_DRAIN, LP_GPIO_PULL_UP, true, "10111"},
    };
    (void)state;
    attach(0, A);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set(A, rows[i].mode, rows[i].pull, rows[i].level);
        for (int d = LP_PINS_LET_GO; d <= LP_PINS_RESISTOR_DOWN; d++) {
            lp_pins_drive(&peers[0], (lp_pins_drive_t)d);
            assert_int_equal(lp_pins_level(A), rows[i].levels[d] == '1');
        }
        lp_pins_drive(&peers[0], LP_PINS_LET_GO);
    }
}

static void fights_are_low_and_counted(void **state)
{
    (void)state;
    attach(0, A);
    attach(1, A);
    set(A, LP_GPIO_OUTPUT, LP_GPIO_PULL_NONE, true);
    const uint32_t before = lp_pins_fights();
    lp_pins_drive(&peers[0], LP_PINS_DRIVE_LOW);
    assert_int_equal(lp_pins_fights(), before + 1);
    assert_false(lp_pins_level(A));
    set(A, LP_GPIO_INPUT, LP_GPIO_PULL_UP, false); // a resistor fights nobody
    assert_int_equal(lp_pins_fights(), before + 1);
    lp_pins_drive(&peers[1], LP_PINS_DRIVE_HIGH);
    assert_int_equal(lp_pins_fights(), before + 2);
    assert_false(lp_pins_level(A));
}

static void what_is_detached_drives_nothing_and_hears_nothing(void **state)
{
    (void)state;
    attach(0, A);
    attach(1, A);
    lp_pins_drive(&peers[0], LP_PINS_DRIVE_HIGH);
    lp_pins_detach(&peers[0]);
    assert_false(lp_pins_level(A));
    assert_string_equal(heard, "0+1+1-");
    lp_pins_detach(&peers[0]); // again
    lp_pins_drive(&peers[1], LP_PINS_DRIVE_HIGH);
    assert_string_equal(heard, "0+1+1-1+");
}

static void pins_that_are_none_are_refused(void **state)
{
    static const uint16_t none[] = {GAP, 6, UINT16_MAX};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(lp_pins_attach(&peers[0], none[i]), LP_E_NOT_FOUND);
        assert_int_equal(lp_pins_tie(A, none[i]), LP_E_NOT_FOUND);
        assert_int_equal(lp_pins_tie(none[i], A), LP_E_NOT_FOUND);
        assert_false(lp_pins_level(none[i]));
        assert_int_equal(lp_pins_config(none[i]).mode, LP_GPIO_OFF);
    }
}

// -- who hears

static void each_change_is_heard_once_in_order(void **state)
{
    (void)state;
    attach(0, A);
    attach(1, A);
    attach(2, B); // another wire
    peers[3] = (lp_pins_peer_t){.changed = NULL};
    assert_int_equal(lp_pins_attach(&peers[3], A), LP_OK);
    lp_pins_drive(&peers[3], LP_PINS_DRIVE_HIGH);
    lp_pins_drive(&peers[1], LP_PINS_RESISTOR_UP); // changes nothing
    lp_pins_drive(&peers[3], LP_PINS_DRIVE_HIGH);
    lp_pins_drive(&peers[3], LP_PINS_DRIVE_LOW);
    assert_string_equal(heard, "0+1+0-1-");
}

static void count_edge(void *ctx)
{
    (void)ctx;
    edges++;
}

// A peer that answers the change which it hears: those behind it hear first the one, then the
// other.
static void answer_low(void *ctx, bool level)
{
    note(ctx, level);
    if (level) {
        lp_pins_drive(ctx, LP_PINS_DRIVE_LOW);
    }
}

static void an_answer_is_told_when_all_have_heard_the_first(void **state)
{
    (void)state;
    set(A, LP_GPIO_INPUT, LP_GPIO_PULL_NONE, false);
    assert_int_equal(lp_port_gpio_watch(A, LP_GPIO_EDGE_BOTH, count_edge, NULL), LP_OK);
    attach(0, A);
    attach(1, A);
    attach(2, A);
    peers[1].changed = answer_low;
    lp_pins_drive(&peers[0], LP_PINS_RESISTOR_UP);
    assert_string_equal(heard, "0+1+2+0-1-2-");
    assert_int_equal(edges, 2);
    assert_false(lp_pins_level(A));
}

static void answer_and_take_back(void *ctx, bool level)
{
    note(ctx, level);
    lp_pins_drive(ctx, LP_PINS_DRIVE_LOW);
    lp_pins_drive(ctx, LP_PINS_LET_GO);
}

static void a_change_that_was_taken_back_unheard_has_not_been(void **state)
{
    (void)state;
    attach(0, A);
    attach(1, A);
    peers[0].changed = answer_and_take_back;
    lp_pins_drive(&peers[1], LP_PINS_DRIVE_HIGH);
    assert_string_equal(heard, "0+1+");
    assert_true(lp_pins_level(A));
}

static void invert(void *ctx, bool level)
{
    lp_pins_drive(ctx, level ? LP_PINS_DRIVE_LOW : LP_PINS_RESISTOR_UP);
    edges++;
}

// An inverter on its own input would go on for ever; it is left alone after a while, and the wires
// work on.
static void peers_that_never_rest_are_left_alone(void **state)
{
    (void)state;
    attach(0, A);
    peers[0].changed = invert;
    attach(1, A);
    attach(2, B);
    lp_pins_drive(&peers[1], LP_PINS_RESISTOR_UP);
    assert_in_range(edges, 10, 1000);
    heard[0] = '\0';
    lp_pins_drive(&peers[2], LP_PINS_DRIVE_HIGH);
    assert_non_null(strstr(heard, "2+"));
}

static void leave(void *ctx, bool level)
{
    note(ctx, level);
    lp_pins_detach(ctx);
}

static void a_peer_may_leave_while_it_hears(void **state)
{
    (void)state;
    attach(0, A);
    attach(1, A);
    attach(2, A);
    peers[1].changed = leave;
    lp_pins_drive(&peers[0], LP_PINS_DRIVE_HIGH);
    lp_pins_drive(&peers[0], LP_PINS_DRIVE_LOW);
    assert_string_equal(heard, "0+1+2+0-2-");
}

// -- pulses of a generator

static uint32_t told_hz, told_duty;
static unsigned told;

static void note_pulses(void *ctx, uint32_t freq_hz, uint32_t duty)
{
    (void)ctx;
    told_hz = freq_hz;
    told_duty = duty;
    told++;
}

static void pulses_are_told_and_end(void **state)
{
    (void)state;
    peers[0] = (lp_pins_peer_t){.pulses = note_pulses};
    assert_int_equal(lp_pins_attach(&peers[0], A), LP_OK);
    set(A, LP_GPIO_OUTPUT, LP_GPIO_PULL_NONE, false);
    assert_int_equal(told, 0);
    assert_int_equal(lp_port_pwm_start(A, 50, 100), LP_OK);
    assert_int_equal(told_hz, 50);
    assert_int_equal(told_duty, 100);
    set(A, LP_GPIO_OFF, LP_GPIO_PULL_NONE, false);
    assert_int_equal(told_hz, 0);
    assert_int_equal(told, 2);
}

// -- ties: for ever, so that they come last

static void tied_pins_are_one_wire(void **state)
{
    (void)state;
    attach(0, A);
    attach(1, B);
    attach(2, C);
    assert_int_equal(lp_pins_tie(A, A), LP_OK);
    assert_int_equal(lp_pins_tie(A, B), LP_OK);
    set(B, LP_GPIO_OUTPUT, LP_GPIO_PULL_NONE, true);
    assert_true(lp_pins_level(A));
    assert_false(lp_pins_level(C));
    assert_string_equal(heard, "0+1+");
    assert_int_equal(lp_pins_tie(C, B), LP_OK); // at once
    assert_true(lp_pins_level(C));
    assert_string_equal(heard, "0+1+2+");
    assert_int_equal(lp_pins_tie(C, A), LP_OK); // they are already: two rings stay none
    set(B, LP_GPIO_OFF, LP_GPIO_PULL_NONE, false);
    assert_string_equal(heard, "0+1+2+0-1-2-");
    lp_pins_drive(&peers[2], LP_PINS_DRIVE_HIGH);
    set(A, LP_GPIO_INPUT, LP_GPIO_PULL_NONE, false);
    assert_true(lp_port_gpio_read(A));
    assert_false(lp_port_gpio_read(B)); // off is not read
    set(B, LP_GPIO_OUTPUT, LP_GPIO_PULL_NONE, false);
    assert_false(lp_port_gpio_read(A)); // a fight
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_level_is_what_is_strongest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fights_are_low_and_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_detached_drives_nothing_and_hears_nothing, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(pins_that_are_none_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_change_is_heard_once_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_answer_is_told_when_all_have_heard_the_first, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_change_that_was_taken_back_unheard_has_not_been, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(peers_that_never_rest_are_left_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_peer_may_leave_while_it_hears, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pulses_are_told_and_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tied_pins_are_one_wire, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
