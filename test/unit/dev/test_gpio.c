// SPDX-License-Identifier: Apache-2.0
// Who has a pin, blinking, and buttons: in virtual time, on pins in memory.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "fake/port.h"
#include "limpet/gpio.h"
#include "limpet/pins.h"

enum { FREE = 0, UARTS = 1, ROOM = 2, GAP = 3, LED = 4, EVENTS = 64 };

static lp_loop_t loop;
static lp_pins_peer_t finger;
static lp_button_t button;
static lp_button_event_t events[EVENTS];
static size_t event_count;

static const lp_gpio_config_t output = {.mode = LP_GPIO_OUTPUT};
static const lp_gpio_config_t input = {.mode = LP_GPIO_INPUT, .pull = LP_GPIO_PULL_UP};

static int set_up(void **state)
{
    (void)state;
    fake_clock_reset();
    lp_loop_init(&loop);
    lp_gpio_begin();
    event_count = 0;
    return 0;
}

// Millisecond by millisecond, as the loop would.
static void pass_ms(unsigned ms)
{
    for (unsigned i = 0; i < ms; i++) {
        lp_loop_turn(&loop, 0);
        lp_loop_turn(&loop, 0);
        fake_clock_advance_ms(1);
    }
    lp_loop_turn(&loop, 0);
    lp_loop_turn(&loop, 0);
}

// -- users

static void a_pin_has_one_user(void **state)
{
    lp_gpio_t a;
    lp_gpio_t b;
    (void)state;
    assert_null(lp_gpio_user(FREE));
    assert_int_equal(lp_gpio_open(&a, &loop, FREE, &output, "lamp"), LP_OK);
    assert_string_equal(lp_gpio_user(FREE), "lamp");
    assert_int_equal(lp_gpio_open(&b, &loop, FREE, &input, "door"), LP_E_BUSY);
    assert_int_equal(lp_gpio_write(&a, true), LP_OK); // and is what it was
    assert_true(lp_pins_level(FREE));
    lp_gpio_close(&a);
    lp_gpio_close(&a);
    assert_int_equal(lp_gpio_open(&b, &loop, FREE, &input, "door"), LP_OK);
    lp_gpio_close(&b);
}

static void pins_of_the_port_and_gaps_are_refused(void **state)
{
    lp_gpio_t a;
    (void)state;
    assert_string_equal(lp_gpio_user(UARTS), "uart");
    assert_int_equal(lp_gpio_open(&a, &loop, UARTS, &output, "lamp"), LP_E_BUSY);
    assert_int_equal(lp_gpio_open(&a, &loop, GAP, &output, "lamp"), LP_E_NOT_FOUND);
    assert_int_equal(lp_gpio_open(&a, &loop, 99, &output, "lamp"), LP_E_NOT_FOUND);
    assert_int_equal(lp_gpio_open(&a, &loop, LED, &input, "lamp"), LP_E_UNSUPPORTED);
    assert_null(lp_gpio_user(LED));
}

static void a_closed_pin_lets_go(void **state)
{
    lp_gpio_t a;
    (void)state;
    assert_int_equal(lp_gpio_open(&a, &loop, FREE, &output, "lamp"), LP_OK);
    lp_gpio_close(&a);
    assert_int_equal(lp_pins_config(FREE).mode, LP_GPIO_OFF);
}

static unsigned losses;

static void on_lost(void *ctx)
{
    assert_ptr_equal(ctx, &losses);
    losses++;
}

// Whoever calls from outside gives way to the application, and to nobody else.
static void a_guest_gives_way(void **state)
{
    lp_gpio_t guest;
    lp_gpio_t other;
    lp_gpio_t a;
    (void)state;
    losses = 0;
    assert_int_equal(lp_gpio_open_guest(&guest, &loop, LED, &output, "rpc", on_lost, &losses),
                     LP_OK);
    assert_int_equal(lp_gpio_blink(&guest, 10, 10), LP_OK);
    assert_int_equal(lp_gpio_open_guest(&other, &loop, LED, &output, "web", on_lost, &losses),
                     LP_E_BUSY);
    assert_int_equal(lp_gpio_open(&a, &loop, LED, &input, "door"), LP_E_UNSUPPORTED);
    assert_string_equal(lp_gpio_user(LED), "rpc");
    assert_int_equal(losses, 0);
    assert_int_equal(lp_gpio_open(&a, &loop, LED, &output, "lamp"), LP_OK);
    assert_int_equal(losses, 1);
    assert_string_equal(lp_gpio_user(LED), "lamp");
    lp_gpio_close(&guest); // it has nothing any more to close
    for (unsigned i = 0; i < 50; i++) {
        pass_ms(1);
        assert_false(lp_pins_level(LED)); // nothing blinks
    }
    assert_int_equal(lp_gpio_open_guest(&guest, &loop, LED, &output, "rpc", on_lost, &losses),
                     LP_E_BUSY);
    lp_gpio_close(&a);
    assert_int_equal(losses, 1);
}

// -- blinking

static void it_blinks_until_it_is_written(void **state)
{
    lp_gpio_t a;
    (void)state;
    assert_int_equal(lp_gpio_open(&a, &loop, LED, &output, "lamp"), LP_OK);
    assert_int_equal(lp_gpio_blink(&a, 30, 70), LP_OK);
    unsigned lit = 0;
    for (unsigned i = 0; i < 1000; i++) {
        lit += lp_pins_level(LED) ? 1 : 0;
        pass_ms(1);
    }
    assert_in_range(lit, 290, 310);
    assert_int_equal(lp_gpio_write(&a, true), LP_OK);
    for (unsigned i = 0; i < 200; i++) {
        pass_ms(1);
        assert_true(lp_pins_level(LED));
    }
    assert_int_equal(lp_gpio_blink(&a, 30, 70), LP_OK);
    assert_int_equal(lp_gpio_blink(&a, 0, 0), LP_OK);
    pass_ms(200);
    assert_false(lp_pins_level(LED));
    lp_gpio_close(&a);
}

static void odd_blinks_are_refused(void **state)
{
    lp_gpio_t a;
    (void)state;
    assert_int_equal(lp_gpio_open(&a, &loop, FREE, &input, "door"), LP_OK);
    assert_int_equal(lp_gpio_blink(&a, 1, 1), LP_E_STATE);
    assert_int_equal(lp_gpio_write(&a, true), LP_E_STATE);
    assert_int_equal(lp_gpio_blink(&a, 0, 1), LP_E_RANGE);
    assert_int_equal(lp_gpio_blink(&a, 1, 86400001), LP_E_RANGE);
    lp_gpio_close(&a);
}

// -- buttons

static void on_button(void *ctx, lp_button_event_t event)
{
    (void)ctx;
    assert_true(event_count < EVENTS);
    events[event_count++] = event;
}

static void open_button(uint32_t hold_ms, uint32_t repeat_ms)
{
    const lp_button_setup_t setup = {
        .pin = FREE, .pull = LP_GPIO_PULL_UP, .hold_ms = hold_ms, .repeat_ms = repeat_ms};
    assert_int_equal(lp_pins_attach(&finger, FREE), LP_OK);
    assert_int_equal(lp_button_open(&button, &loop, &setup, on_button, NULL), LP_OK);
    pass_ms(100);
}

static void close_button(void)
{
    lp_button_close(&button);
    lp_button_close(&button);
    lp_pins_detach(&finger);
    pass_ms(1000);
}

static void press(bool is_pressed)
{
    lp_pins_drive(&finger, is_pressed ? LP_PINS_DRIVE_LOW : LP_PINS_LET_GO);
}

static void a_press_that_bounces_is_one(void **state)
{
    (void)state;
    open_button(0, 0);
    for (unsigned i = 0; i < 10; i++) {
        press(i % 2 == 0);
        pass_ms(1);
    }
    press(true);
    pass_ms(100);
    assert_int_equal(event_count, 1);
    assert_int_equal(events[0], LP_BUTTON_PRESSED);
    assert_true(lp_button_is_pressed(&button));
    for (unsigned i = 0; i < 10; i++) {
        press(i % 2 == 1);
        pass_ms(1);
    }
    press(false);
    pass_ms(100);
    assert_int_equal(event_count, 2);
    assert_int_equal(events[1], LP_BUTTON_RELEASED);
    close_button();
}

static void a_glitch_is_nothing(void **state)
{
    (void)state;
    open_button(0, 0);
    for (unsigned i = 0; i < 50; i++) {
        press(true);
        pass_ms(3);
        press(false);
        pass_ms(60);
    }
    assert_int_equal(event_count, 0);
    close_button();
}

// A wire beside a transmitter: an interrupt in settle_ms, however many edges there are.
static void a_storm_of_edges_costs_little(void **state)
{
    (void)state;
    open_button(0, 0);
    const uint32_t before = button.edges;
    for (unsigned ms = 0; ms < 1000; ms++) {
        for (unsigned i = 0; i < 100; i++) {
            press(true);
            press(false);
        }
        pass_ms(1);
    }
    assert_in_range(button.edges - before, 1, 1000 / 20 + 1);
    close_button();
}

static void held_and_repeated(void **state)
{
    (void)state;
    open_button(500, 100);
    press(true);
    pass_ms(20 + 500 + 350);
    press(false);
    pass_ms(600);
    assert_int_equal(event_count, 6);
    assert_int_equal(events[0], LP_BUTTON_PRESSED);
    assert_int_equal(events[1], LP_BUTTON_HELD);
    assert_int_equal(events[2], LP_BUTTON_REPEAT);
    assert_int_equal(events[4], LP_BUTTON_REPEAT);
    assert_int_equal(events[5], LP_BUTTON_RELEASED);
    close_button();
}

static void pressed_at_the_start_is_told(void **state)
{
    (void)state;
    assert_int_equal(lp_pins_attach(&finger, FREE), LP_OK);
    press(true);
    lp_pins_detach(&finger);
    assert_int_equal(lp_pins_attach(&finger, FREE), LP_OK);
    press(true);
    const lp_button_setup_t setup = {.pin = FREE, .pull = LP_GPIO_PULL_UP};
    assert_int_equal(lp_button_open(&button, &loop, &setup, on_button, NULL), LP_OK);
    assert_int_equal(event_count, 0);
    pass_ms(100);
    assert_int_equal(event_count, 1);
    assert_int_equal(events[0], LP_BUTTON_PRESSED);
    close_button();
    assert_int_equal(event_count, 1);
}

static void buttons_need_a_pin_with_edges(void **state)
{
    lp_gpio_t a;
    (void)state;
    lp_button_setup_t setup = {.pin = LED};
    assert_int_equal(lp_button_open(&button, &loop, &setup, on_button, NULL), LP_E_UNSUPPORTED);
    lp_button_close(&button);
    setup.pin = ROOM;
    assert_int_equal(lp_gpio_open(&a, &loop, ROOM, &output, "lamp"), LP_OK);
    assert_int_equal(lp_button_open(&button, &loop, &setup, on_button, NULL), LP_E_BUSY);
    lp_button_close(&button);
    assert_string_equal(lp_gpio_user(ROOM), "lamp");
    lp_gpio_close(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_pin_has_one_user, set_up),
        cmocka_unit_test_setup(pins_of_the_port_and_gaps_are_refused, set_up),
        cmocka_unit_test_setup(a_closed_pin_lets_go, set_up),
        cmocka_unit_test_setup(a_guest_gives_way, set_up),
        cmocka_unit_test_setup(it_blinks_until_it_is_written, set_up),
        cmocka_unit_test_setup(odd_blinks_are_refused, set_up),
        cmocka_unit_test_setup(a_press_that_bounces_is_one, set_up),
        cmocka_unit_test_setup(a_glitch_is_nothing, set_up),
        cmocka_unit_test_setup(a_storm_of_edges_costs_little, set_up),
        cmocka_unit_test_setup(held_and_repeated, set_up),
        cmocka_unit_test_setup(pressed_at_the_start_is_told, set_up),
        cmocka_unit_test_setup(buttons_need_a_pin_with_edges, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
