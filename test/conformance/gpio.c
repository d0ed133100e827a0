// SPDX-License-Identifier: Apache-2.0
// Pins. What needs a second pin is tried where two are tied together; the rest on each pin that is
// free, by what the port says that it can.
#include "limpet/port/gpio.h"

#include <string.h>

#include "conformance.h"

static const lp_gpio_config_t off = {.mode = LP_GPIO_OFF};
static uint16_t a, b;  // tied
static bool has_edges; // on both
static lp_event_t event;

static unsigned can_of(uint16_t pin)
{
    lp_gpio_info_t info = {.can = 0};
    const lp_err_t err = lp_port_gpio_info(pin, &info);
    return err == LP_OK && info.taken_by == NULL ? info.can : 0;
}

static bool set(uint16_t pin, lp_gpio_mode_t mode, lp_gpio_pull_t pull, bool level)
{
    const lp_gpio_config_t config = {.mode = mode, .pull = pull, .level = level};
    return lp_port_gpio_configure(pin, &config) == LP_OK;
}

static int all_off(void **state)
{
    (void)state;
    lp_loop_unpost(&conformance_loop, &event); // what the last test left
    for (uint16_t pin = 0; pin < lp_port_gpio_end(); pin++) {
        if (can_of(pin) != 0) {
            (void)lp_port_gpio_configure(pin, &off);
        }
    }
    a = conformance_tie.a;
    b = conformance_tie.b;
    has_edges = a != b && (can_of(a) & can_of(b) & LP_GPIO_CAN_EDGES) != 0;
    return 0;
}

static void pins_have_names_and_what_is_none_is_refused(void **state)
{
    (void)state;
    unsigned pins = 0;
    lp_gpio_info_t info = {.name = "untouched"};
    for (uint16_t pin = 0; pin < lp_port_gpio_end(); pin++) {
        const lp_err_t err = lp_port_gpio_info(pin, &info);
        assert_true(err == LP_OK || err == LP_E_NOT_FOUND);
        assert_true(err != LP_OK || strlen(info.name) > 0);
        pins += err == LP_OK ? 1 : 0;
    }
    assert_true(pins > 0);
    const uint16_t none[] = {lp_port_gpio_end(), UINT16_MAX};
    for (size_t i = 0; i < 2; i++) {
        info.name = "untouched";
        assert_int_equal(lp_port_gpio_info(none[i], &info), LP_E_NOT_FOUND);
        assert_string_equal(info.name, "untouched");
        assert_int_equal(lp_port_gpio_configure(none[i], &off), LP_E_NOT_FOUND);
        assert_false(lp_port_gpio_read(none[i]));
        lp_port_gpio_write(none[i], true);
        lp_port_gpio_unwatch(none[i]);
    }
}

static bool is_able(unsigned can, lp_gpio_mode_t mode, lp_gpio_pull_t pull)
{
    static const unsigned modes[] = {0, LP_GPIO_CAN_INPUT, LP_GPIO_CAN_OUTPUT,
                                     LP_GPIO_CAN_OPEN_DRAIN};
    static const unsigned pulls[] = {0, LP_GPIO_CAN_PULL_UP, LP_GPIO_CAN_PULL_DOWN};
    return (modes[mode] & ~can) == 0 && (pulls[pull] & ~can) == 0;
}

static void modes_that_a_pin_has_not_are_refused(void **state)
{
    (void)state;
    for (uint16_t pin = 0; pin < lp_port_gpio_end(); pin++) {
        const unsigned can = can_of(pin);
        for (int i = 0; can != 0 && i < 12; i++) {
            const lp_gpio_config_t c = {.mode = (lp_gpio_mode_t)(i % 4),
                                        .pull = (lp_gpio_pull_t)(i / 4)};
            assert_int_equal(lp_port_gpio_configure(pin, &c),
                             is_able(can, c.mode, c.pull) ? LP_OK : LP_E_UNSUPPORTED);
        }
    }
}

static void refused_configuration_leaves_the_pin(void **state)
{
    (void)state;
    for (uint16_t pin = 0; pin < lp_port_gpio_end(); pin++) {
        const unsigned can = can_of(pin);
        if ((can & LP_GPIO_CAN_OUTPUT) != 0 && (can & LP_GPIO_CAN_PULL_DOWN) == 0) {
            assert_true(set(pin, LP_GPIO_OUTPUT, LP_GPIO_PULL_NONE, true));
            assert_false(set(pin, LP_GPIO_OUTPUT, LP_GPIO_PULL_DOWN, false));
            assert_true(lp_port_gpio_read(pin));
            lp_port_gpio_write(pin, false); // it drives still
            assert_false(lp_port_gpio_read(pin));
            assert_int_equal(lp_port_gpio_configure(pin, &off), LP_OK);
        }
    }
}

static void outputs_have_their_level_from_the_first_moment(void **state)
{
    (void)state;
    for (uint16_t pin = 0; pin < lp_port_gpio_end(); pin++) {
        if ((can_of(pin) & LP_GPIO_CAN_OUTPUT) != 0) {
            assert_true(set(pin, LP_GPIO_OUTPUT, LP_GPIO_PULL_NONE, true));
            assert_true(lp_port_gpio_read(pin));
            lp_port_gpio_write(pin, false);
            assert_false(lp_port_gpio_read(pin));
            lp_port_gpio_write(pin, true);
            assert_true(lp_port_gpio_read(pin));
            assert_int_equal(lp_port_gpio_configure(pin, &off), LP_OK);
            assert_false(lp_port_gpio_read(pin));
        }
    }
}

static void an_output_leaves_its_neighbours_alone(void **state)
{
    (void)state;
    const uint16_t end = lp_port_gpio_end();
    for (uint16_t pin = 0; pin < end; pin++) {
        if (pin != b && (can_of(pin) & LP_GPIO_CAN_OUTPUT) != 0) {
            assert_true(set(pin, LP_GPIO_OUTPUT, LP_GPIO_PULL_NONE, pin % 2 != 0));
        }
    }
    for (unsigned n = 0; n < 3U * end; n++) { // each is changed and back
        const uint16_t pin = (uint16_t)(n % end);
        lp_port_gpio_write(pin, (pin + n / end) % 2 != 0);
        for (uint16_t other = 0; other < end; other++) {
            if (other != b && (can_of(other) & LP_GPIO_CAN_OUTPUT) != 0) {
                const unsigned turn = other <= pin ? n / end : n / end - (n >= end ? 1 : 0);
                assert_int_equal(lp_port_gpio_read(other), (other + turn) % 2 != 0);
            }
        }
    }
}

static void open_drain_pulls_low_and_lets_go(void **state)
{
    (void)state;
    for (uint16_t pin = 0; pin < lp_port_gpio_end(); pin++) {
        const unsigned both = LP_GPIO_CAN_OPEN_DRAIN | LP_GPIO_CAN_PULL_UP;
        if ((can_of(pin) & both) == both) {
            assert_true(set(pin, LP_GPIO_OPEN_DRAIN, LP_GPIO_PULL_UP, true));
            assert_true(lp_port_gpio_read(pin));
            lp_port_gpio_write(pin, false);
            assert_false(lp_port_gpio_read(pin));
            lp_port_gpio_write(pin, true);
            assert_true(lp_port_gpio_read(pin));
        }
    }
}

static void inputs_follow_their_resistors_and_are_not_written(void **state)
{
    (void)state;
    for (uint16_t pin = 0; pin < lp_port_gpio_end(); pin++) {
        const unsigned can = can_of(pin);
        for (int up = 0; up < 2 && (can & LP_GPIO_CAN_INPUT) != 0; up++) {
            if ((can & (up == 1 ? LP_GPIO_CAN_PULL_UP : LP_GPIO_CAN_PULL_DOWN)) != 0) {
                assert_true(
                    set(pin, LP_GPIO_INPUT, up == 1 ? LP_GPIO_PULL_UP : LP_GPIO_PULL_DOWN, false));
                assert_int_equal(lp_port_gpio_read(pin), up == 1);
                lp_port_gpio_write(pin, up == 0);
                assert_int_equal(lp_port_gpio_read(pin), up == 1);
                assert_int_equal(lp_port_gpio_configure(pin, &off), LP_OK);
            }
        }
    }
}

static void tied_input_sees_the_output(void **state)
{
    (void)state;
    for (int turn = 0; a != b && turn < 2; turn++) {
        const uint16_t from = turn == 0 ? a : b, to = turn == 0 ? b : a;
        assert_true(set(to, LP_GPIO_INPUT, LP_GPIO_PULL_NONE, false));
        assert_true(set(from, LP_GPIO_OUTPUT, LP_GPIO_PULL_NONE, true));
        for (int i = 0; i < 8; i++) {
            assert_int_equal(lp_port_gpio_read(to), i % 2 == 0);
            lp_port_gpio_write(from, i % 2 != 0);
        }
    }
}

static void tied_open_drains_are_low_when_one_is(void **state)
{
    (void)state;
    if (a == b) {
        return;
    }
    assert_true(set(a, LP_GPIO_OPEN_DRAIN, LP_GPIO_PULL_UP, true));
    assert_true(set(b, LP_GPIO_OPEN_DRAIN, LP_GPIO_PULL_UP, true));
    for (int i = 0; i < 4; i++) {
        lp_port_gpio_write(a, i / 2 != 0);
        lp_port_gpio_write(b, i % 2 != 0);
        assert_int_equal(lp_port_gpio_read(a), i == 3);
        assert_int_equal(lp_port_gpio_read(b), i == 3);
    }
}

// -- edges

static volatile unsigned edges_seen;
static volatile bool ends_itself;
static unsigned events_run;

static void on_event(void *ctx)
{
    (void)ctx;
    events_run++;
}

static void on_edge(void *ctx)
{
    edges_seen = edges_seen + 1;
    lp_loop_post(&conformance_loop, ctx);
    if (ends_itself) {
        lp_port_gpio_unwatch(b);
    }
}

static void start_edges(lp_gpio_edge_t edges)
{
    lp_loop_unpost(&conformance_loop, &event);
    lp_event_init(&event, on_event, NULL);
    assert_true(set(a, LP_GPIO_OUTPUT, LP_GPIO_PULL_NONE, false));
    assert_true(set(b, LP_GPIO_INPUT, LP_GPIO_PULL_NONE, false));
    edges_seen = events_run = 0;
    ends_itself = false;
    assert_int_equal(lp_port_gpio_watch(b, edges, on_edge, &event), LP_OK);
}

static void pulse(unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        lp_port_gpio_write(a, true);
        lp_port_gpio_write(a, false);
    }
}

static void edges_are_told_as_asked_for(void **state)
{
    (void)state;
    static const struct {
        lp_gpio_edge_t edges;
        unsigned up, down;
    } rows[] = {
        {LP_GPIO_EDGE_RISING, 1, 0}, {LP_GPIO_EDGE_FALLING, 0, 1}, {LP_GPIO_EDGE_BOTH, 1, 1}};
    for (size_t i = 0; has_edges && i < 3; i++) {
        start_edges(rows[i].edges);
        lp_port_gpio_write(a, true);
        assert_int_equal(edges_seen, rows[i].up);
        lp_port_gpio_write(a, true); // no edge
        lp_port_gpio_write(a, false);
        assert_int_equal(edges_seen, rows[i].up + rows[i].down);
    }
}

static void an_edge_wakes_the_loop(void **state)
{
    (void)state;
    if (has_edges) {
        start_edges(LP_GPIO_EDGE_RISING);
        pulse(3);
        lp_loop_turn(&conformance_loop, 5000);
        assert_int_equal(events_run, 1); // one event, however many edges
        assert_true(edges_seen >= 1 && edges_seen <= 3);
    }
}

static void a_watch_ends_and_tells_nothing_of_before(void **state)
{
    (void)state;
    if (!has_edges) {
        return;
    }
    start_edges(LP_GPIO_EDGE_BOTH);
    ends_itself = true;
    pulse(4);
    assert_int_equal(edges_seen, 1);
    assert_int_equal(lp_port_gpio_watch(b, LP_GPIO_EDGE_BOTH, on_edge, &event), LP_OK);
    assert_int_equal(edges_seen, 1);
    lp_port_gpio_unwatch(b);
    pulse(4);
    assert_int_equal(edges_seen, 1);
    lp_loop_unpost(&conformance_loop, &event);
    start_edges(LP_GPIO_EDGE_BOTH);
    assert_true(set(b, LP_GPIO_INPUT, LP_GPIO_PULL_NONE, false)); // configured anew
    pulse(4);
    assert_int_equal(edges_seen, 0);
}

static void a_watch_that_cannot_be_is_refused(void **state)
{
    (void)state;
    lp_event_init(&event, on_event, NULL);
    for (uint16_t pin = 0; pin < lp_port_gpio_end(); pin++) {
        const unsigned can = can_of(pin);
        if (can != 0 && (can & LP_GPIO_CAN_EDGES) == 0) {
            assert_int_equal(lp_port_gpio_watch(pin, LP_GPIO_EDGE_BOTH, on_edge, &event),
                             LP_E_UNSUPPORTED);
        } else if (can != 0) {
            assert_int_equal(lp_port_gpio_watch(pin, LP_GPIO_EDGE_BOTH, on_edge, &event),
                             LP_E_STATE);
            assert_true(set(pin, LP_GPIO_INPUT, LP_GPIO_PULL_NONE, false));
            assert_int_equal(lp_port_gpio_watch(pin, LP_GPIO_EDGE_NONE, on_edge, &event),
                             LP_E_INVALID);
            assert_int_equal(lp_port_gpio_watch(pin, LP_GPIO_EDGE_BOTH, NULL, &event),
                             LP_E_INVALID);
        }
    }
    assert_int_equal(lp_port_gpio_watch(UINT16_MAX, LP_GPIO_EDGE_BOTH, on_edge, &event),
                     LP_E_NOT_FOUND);
}

static void a_new_level_of_an_output_comes_without_a_glitch(void **state)
{
    (void)state;
    if (!has_edges) {
        return;
    }
    assert_true(set(b, LP_GPIO_INPUT, LP_GPIO_PULL_UP, false));
    start_edges(LP_GPIO_EDGE_BOTH);
    lp_port_gpio_write(a, true);
    edges_seen = 0;
    assert_true(set(a, LP_GPIO_OUTPUT, LP_GPIO_PULL_NONE, true));
    assert_true(set(a, LP_GPIO_OUTPUT, LP_GPIO_PULL_UP, true));
    assert_int_equal(edges_seen, 0);
}

int conformance_gpio(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(pins_have_names_and_what_is_none_is_refused, all_off),
        cmocka_unit_test_setup(modes_that_a_pin_has_not_are_refused, all_off),
        cmocka_unit_test_setup(refused_configuration_leaves_the_pin, all_off),
        cmocka_unit_test_setup(outputs_have_their_level_from_the_first_moment, all_off),
        cmocka_unit_test_setup(an_output_leaves_its_neighbours_alone, all_off),
        cmocka_unit_test_setup(open_drain_pulls_low_and_lets_go, all_off),
        cmocka_unit_test_setup(inputs_follow_their_resistors_and_are_not_written, all_off),
        cmocka_unit_test_setup(tied_input_sees_the_output, all_off),
        cmocka_unit_test_setup(tied_open_drains_are_low_when_one_is, all_off),
        cmocka_unit_test_setup(edges_are_told_as_asked_for, all_off),
        cmocka_unit_test_setup(an_edge_wakes_the_loop, all_off),
        cmocka_unit_test_setup(a_watch_ends_and_tells_nothing_of_before, all_off),
        cmocka_unit_test_setup(a_watch_that_cannot_be_is_refused, all_off),
        cmocka_unit_test_setup(a_new_level_of_an_output_comes_without_a_glitch, all_off),
    };
    return cmocka_run_group_tests_name("gpio", tests, NULL, NULL);
}
