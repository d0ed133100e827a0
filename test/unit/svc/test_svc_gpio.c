// SPDX-License-Identifier: Apache-2.0
// GPIO.* on pins in memory: what a caller may touch, and what it is told.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "device.h"
#include "limpet/pins.h"
#include "limpet/svc_gpio.h"

static device_t dev;
static world_t *world;
static lp_svc_gpio_t svc;

static int set_up(void **state)
{
    (void)state;
    world = device_world(LP_CHIPSIM_ATECC508A);
    device_start(&dev, world, false, NULL);
    lp_gpio_begin();
    lp_svc_gpio_init(&svc, &world->loop, &dev.rpc);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < LP_SVC_GPIO_PINS; i++) {
        if (svc.pins_[i].gpio_.user != NULL) {
            lp_gpio_close(&svc.pins_[i].gpio_);
        }
    }
    world_free(world);
    return 0;
}

static const char *call(const char *method, const char *params)
{
    return device_call(&dev, method, params);
}

static void written_and_read(void **state)
{
    (void)state;
    assert_result(call("GPIO.Write", "{\"pin\":0,\"value\":1}"), "value", "1");
    assert_true(lp_pins_level(0));
    assert_result(call("GPIO.Read", "{\"pin\":0}"), "value", "1");
    assert_result(call("GPIO.Toggle", "{\"pin\":0}"), "value", "0");
    assert_result(call("GPIO.Toggle", "{\"pin\":0}"), "value", "1");
    assert_result(call("GPIO.Write", "{\"pin\":4,\"value\":true}"), "value", "1");
    assert_int_equal(lp_pins_config(4).mode, LP_GPIO_OUTPUT);
}

// To look is not to change: whoever may read only cannot make a pin let go or drive.
static void a_look_changes_nothing(void **state)
{
    (void)state;
    assert_rpc_error(call("GPIO.Read", "{\"pin\":0}"), "LP_E_STATE");
    assert_int_equal(lp_pins_config(0).mode, LP_GPIO_OFF);
    assert_result(call("GPIO.Configure", "{\"pin\":0,\"pull\":\"up\"}"), "value", "1");
    assert_result(call("GPIO.Read", "{\"pin\":0}"), "value", "1");
}

static void what_others_have_is_left_alone(void **state)
{
    static const lp_gpio_config_t output = {.mode = LP_GPIO_OUTPUT, .level = true};
    static const char *const calls[] = {"GPIO.Write", "GPIO.Toggle", "GPIO.Configure",
                                        "GPIO.Blink"};
    lp_gpio_t valve;
    (void)state;
    assert_int_equal(lp_gpio_open(&valve, &world->loop, 2, &output, "valve"), LP_OK);
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        for (int pin = 1; pin <= 2; pin++) { // the UART's, the application's
            char params[80];
            snprintf(params, sizeof params, "{\"pin\":%d,\"value\":0,\"on_ms\":1,\"off_ms\":1}",
                     pin);
            assert_rpc_error(call(calls[i], params), "LP_E_DENIED");
        }
    }
    assert_rpc_error(call("GPIO.Release", "{\"pin\":2}"), "LP_E_STATE");
    assert_true(lp_pins_level(2));
    assert_result(call("GPIO.Read", "{\"pin\":2}"), "value", "1");
    lp_gpio_close(&valve);
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    assert_rpc_error(call("GPIO.Write", "{\"pin\":3,\"value\":1}"), "LP_E_NOT_FOUND");
    assert_rpc_error(call("GPIO.Write", "{\"pin\":70000,\"value\":1}"), "LP_E_INVALID");
    assert_rpc_error(call("GPIO.Write", "{\"pin\":-1,\"value\":1}"), "LP_E_INVALID");
    assert_rpc_error(call("GPIO.Write", "{\"pin\":0}"), "LP_E_INVALID");
    assert_rpc_error(call("GPIO.Write", "{\"pin\":0,\"value\":2}"), "LP_E_INVALID");
    assert_rpc_error(call("GPIO.Configure", "{\"pin\":0,\"mode\":\"drive\"}"), "LP_E_INVALID");
    assert_rpc_error(call("GPIO.Configure", "{\"pin\":0,\"pull\":\"down\"}"), "LP_E_UNSUPPORTED");
    assert_rpc_error(call("GPIO.Configure", "{\"pin\":4}"), "LP_E_UNSUPPORTED");
    assert_rpc_error(call("GPIO.Blink", "{\"pin\":0,\"on_ms\":0,\"off_ms\":5}"), "LP_E_RANGE");
}

static void released_pins_let_go(void **state)
{
    (void)state;
    assert_result(call("GPIO.Write", "{\"pin\":0,\"value\":1}"), "value", "1");
    assert_result(call("GPIO.Release", "{\"pin\":0}"), "", "{}");
    assert_int_equal(lp_pins_config(0).mode, LP_GPIO_OFF);
    assert_rpc_error(call("GPIO.Release", "{\"pin\":0}"), "LP_E_STATE");
}

// -- edges

static lp_pins_peer_t finger;

static void press(bool is_high)
{
    lp_pins_drive(&finger, is_high ? LP_PINS_DRIVE_HIGH : LP_PINS_DRIVE_LOW);
}

static const char *heard(uint32_t ms)
{
    static char text[8192];
    device_run(&dev, ms);
    snprintf(text, sizeof text, "%s", fake_stream_take(&dev.line));
    return text;
}

static unsigned times(const char *text, const char *part)
{
    unsigned n = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at++) {
        n++;
    }
    return n;
}

static void listen_to_0(const char *more)
{
    char params[160];
    assert_int_equal(lp_pins_attach(&finger, 0), LP_OK);
    press(false);
    snprintf(params, sizeof params, "{\"pin\":0%s}", more);
    assert_result(call("GPIO.SetIntHandler", params), "value", "0");
}

static void edges_are_told_to_who_asked(void **state)
{
    (void)state;
    listen_to_0("");
    press(true);
    const char *text = heard(10);
    assert_non_null(strstr(text, "{\"method\":\"GPIO.Int\",\"params\":{\"pin\":0,\"value\":1,"
                                 "\"at_ms\":"));
    assert_null(strstr(text, "\"id\""));
    assert_null(strstr(text, "lost"));
    press(false);
    press(true);
    text = heard(10);
    assert_int_equal(times(text, "\"value\":0"), 1);
    assert_int_equal(times(text, "\"value\":1"), 1);
    assert_result(call("GPIO.RemoveIntHandler", "{\"pin\":0}"), "", "{}");
    assert_int_equal(lp_pins_config(0).mode, LP_GPIO_OFF); // the handler took it, and gave it back
    press(false);
    assert_string_equal(heard(10), "");
    assert_rpc_error(call("GPIO.RemoveIntHandler", "{\"pin\":0}"), "LP_E_STATE");
    lp_pins_detach(&finger);
}

static void only_the_edges_that_were_asked_for(void **state)
{
    (void)state;
    listen_to_0(",\"edge\":\"pos\",\"method\":\"Door.Opened\"");
    press(true);
    press(false);
    press(true);
    const char *text = heard(10);
    assert_int_equal(times(text, "\"method\":\"Door.Opened\""), 2);
    assert_int_equal(times(text, "\"value\":1"), 2);
    lp_pins_detach(&finger);
}

// Who asked with a src hears of it as dst, so that a channel that many share finds him.
static void who_asked_is_named(void **state)
{
    (void)state;
    assert_int_equal(lp_pins_attach(&finger, 0), LP_OK);
    fake_stream_feed_str(&dev.line, "{\"id\":1,\"src\":\"bench-7\",\"method\":"
                                    "\"GPIO.SetIntHandler\",\"params\":{\"pin\":0}}\n");
    (void)heard(10);
    press(true);
    assert_non_null(strstr(heard(10), "{\"dst\":\"bench-7\",\"method\":\"GPIO.Int\""));
    lp_pins_detach(&finger);
}

static void a_contact_that_bounces_is_told_once(void **state)
{
    (void)state;
    listen_to_0(",\"debounce_ms\":20");
    for (int i = 0; i < 9; i++) {
        press(i % 2 == 0);
        device_run(&dev, 1);
    }
    const char *text = heard(100);
    assert_int_equal(times(text, "GPIO.Int"), 1);
    assert_int_equal(times(text, "\"value\":1"), 1);
    press(false); // a glitch
    device_run(&dev, 3);
    press(true);
    assert_string_equal(heard(100), "");
    press(false);
    assert_int_equal(times(heard(100), "\"value\":0"), 1);
    lp_pins_detach(&finger);
}

// Far more edges than the queue takes: the first ones are told, the others counted, and none of it
// is lost without a word.
static void a_full_queue_counts_what_it_loses(void **state)
{
    (void)state;
    listen_to_0("");
    for (int i = 0; i < 20; i++) {
        press(i % 2 == 0);
    }
    const char *text = heard(10);
    assert_int_equal(times(text, "GPIO.Int"), LP_SVC_GPIO_EDGES);
    assert_int_equal(times(text, "\"lost\":12"), 1);
    press(true);
    text = heard(10);
    assert_int_equal(times(text, "GPIO.Int"), 1);
    assert_null(strstr(text, "lost"));
    lp_pins_detach(&finger);
}

// A wire beside a transmitter takes no more than so many interrupts a turn of the loop.
static void a_storm_of_edges_is_bounded(void **state)
{
    (void)state;
    listen_to_0("");
    for (int turn = 0; turn < 10; turn++) {
        for (int i = 0; i < 100000; i++) {
            press(i % 2 == 0);
        }
        const char *text = heard(5);
        assert_int_equal(times(text, "GPIO.Int"), LP_SVC_GPIO_EDGES);
        assert_int_equal(times(text, "\"lost\":248"), 1);
    }
    lp_pins_detach(&finger);
}

static void who_does_not_read_is_told_later(void **state)
{
    (void)state;
    listen_to_0("");
    dev.line.write_room = 10; // of the first frame, and nobody reads on
    for (int i = 0; i < 40; i++) {
        press(i % 2 == 0);
        device_run(&dev, 5);
    }
    fake_stream_give_room(&dev.line, SIZE_MAX);
    const char *text = heard(100);
    assert_int_equal(times(text, "GPIO.Int"), 1 + LP_SVC_GPIO_EDGES);
    assert_int_equal(times(text, "\"lost\":31"), 1);
    assert_result(call("RPC.Ping", "{}"), "", "{}");
    lp_pins_detach(&finger);
}

static void a_handler_ends_with_its_connection(void **state)
{
    (void)state;
    listen_to_0("");
    lp_rpc_close(&dev.channel);
    assert_int_equal(lp_pins_config(0).mode, LP_GPIO_OFF);
    press(true);
    device_run(&dev, 100);
    assert_null(lp_gpio_user(0));
    lp_pins_detach(&finger);
}

static void a_handler_that_nobody_renews_ends(void **state)
{
    (void)state;
    listen_to_0(",\"ttl_s\":2");
    device_run(&dev, 1500);
    assert_result(call("GPIO.SetIntHandler", "{\"pin\":0,\"ttl_s\":2}"), "ttl_s", "2");
    device_run(&dev, 1500);
    press(true);
    assert_int_equal(times(heard(10), "GPIO.Int"), 1);
    device_run(&dev, 1000);
    press(false);
    assert_string_equal(heard(10), "");
    assert_null(lp_gpio_user(0));
    lp_pins_detach(&finger);
}

// A pin that a call configured stays what it is when its handler ends.
static void a_configured_pin_outlives_its_handler(void **state)
{
    (void)state;
    assert_result(call("GPIO.Configure", "{\"pin\":0,\"pull\":\"up\"}"), "value", "1");
    assert_result(call("GPIO.SetIntHandler", "{\"pin\":0,\"ttl_s\":1}"), "value", "1");
    assert_int_equal(lp_pins_config(0).pull, LP_GPIO_PULL_UP);
    device_run(&dev, 2000);
    assert_string_equal(lp_gpio_user(0), "rpc");
    assert_int_equal(lp_pins_config(0).pull, LP_GPIO_PULL_UP);
    // The other way round, too: what was the handler's becomes the caller's by asking for it.
    assert_result(call("GPIO.SetIntHandler", "{\"pin\":5,\"ttl_s\":1,\"pull\":\"up\"}"), "value",
                  "1");
    assert_result(call("GPIO.Configure", "{\"pin\":5}"), "value", "0");
    device_run(&dev, 2000);
    assert_string_equal(lp_gpio_user(5), "rpc");
    assert_rpc_error(call("GPIO.RemoveIntHandler", "{\"pin\":5}"), "LP_E_STATE");
}

// Renewing with the same resistor neither makes the pin the caller's nor misses an edge.
static void a_handler_is_renewed_with_its_resistor(void **state)
{
    (void)state;
    assert_result(call("GPIO.SetIntHandler", "{\"pin\":5,\"ttl_s\":1,\"pull\":\"up\"}"), "value",
                  "1");
    assert_result(call("GPIO.SetIntHandler", "{\"pin\":5,\"ttl_s\":1,\"pull\":\"up\"}"), "value",
                  "1");
    assert_int_equal(lp_pins_attach(&finger, 5), LP_OK);
    press(false);
    assert_int_equal(times(heard(10), "GPIO.Int"), 1);
    lp_pins_detach(&finger);
    device_run(&dev, 2000);
    assert_null(lp_gpio_user(5));
}

static void the_application_comes_first(void **state)
{
    static const lp_gpio_config_t output = {.mode = LP_GPIO_OUTPUT, .level = true};
    static const lp_gpio_config_t down = {.mode = LP_GPIO_INPUT, .pull = LP_GPIO_PULL_DOWN};
    lp_gpio_t valve;
    (void)state;
    listen_to_0("");
    lp_pins_detach(&finger);
    assert_result(call("GPIO.Blink", "{\"pin\":5,\"on_ms\":10,\"off_ms\":10}"), "value", "1");
    assert_int_equal(lp_gpio_open(&valve, &world->loop, 0, &down, "valve"), LP_E_UNSUPPORTED);
    assert_string_equal(lp_gpio_user(0), "rpc"); // refused, and nobody lost anything
    assert_int_equal(lp_gpio_open(&valve, &world->loop, 0, &output, "valve"), LP_OK);
    assert_non_null(strstr(heard(10), "\"params\":{\"pin\":0,\"is_gone\":true}"));
    assert_true(lp_pins_level(0));
    assert_rpc_error(call("GPIO.Write", "{\"pin\":0,\"value\":0}"), "LP_E_DENIED");
    assert_rpc_error(call("GPIO.SetIntHandler", "{\"pin\":0}"), "LP_E_DENIED");
    assert_rpc_error(call("GPIO.RemoveIntHandler", "{\"pin\":0}"), "LP_E_STATE");
    lp_gpio_close(&valve);
    assert_int_equal(lp_gpio_open(&valve, &world->loop, 5, &output, "valve"), LP_OK);
    device_run(&dev, 100); // nothing blinks any more
    assert_true(lp_pins_level(5));
    lp_gpio_close(&valve);
    assert_result(call("GPIO.Write", "{\"pin\":0,\"value\":1}"), "value", "1"); // free again
}

static void handlers_that_cannot_be_are_refused(void **state)
{
    static const bool is_http = true;
    (void)state;
    assert_rpc_error(call("GPIO.SetIntHandler", "{\"pin\":4}"), "LP_E_UNSUPPORTED");
    assert_rpc_error(call("GPIO.SetIntHandler", "{\"pin\":1}"), "LP_E_DENIED");
    assert_rpc_error(call("GPIO.SetIntHandler", "{\"pin\":0,\"edge\":\"up\"}"), "LP_E_INVALID");
    assert_rpc_error(call("GPIO.SetIntHandler", "{\"pin\":0,\"ttl_s\":0}"), "LP_E_INVALID");
    assert_rpc_error(call("GPIO.SetIntHandler", "{\"pin\":0,\"ttl_s\":3601}"), "LP_E_INVALID");
    assert_rpc_error(call("GPIO.SetIntHandler", "{\"pin\":0,\"debounce_ms\":10001}"),
                     "LP_E_INVALID");
    assert_rpc_error(call("GPIO.SetIntHandler", "{\"pin\":0,\"method\":7}"), "LP_E_INVALID");
    assert_rpc_error(call("GPIO.SetIntHandler",
                          "{\"pin\":0,\"method\":"
                          "\"a23456789012345678901234567890123456789012345678\"}"),
                     "LP_E_INVALID");
    dev.channel.is_mute = &is_http;
    assert_rpc_error(call("GPIO.SetIntHandler", "{\"pin\":0}"), "LP_E_UNSUPPORTED");
    assert_null(lp_gpio_user(0));
    dev.channel.is_mute = NULL;
    assert_result(call("GPIO.Write", "{\"pin\":0,\"value\":1}"), "value", "1");
    assert_rpc_error(call("GPIO.SetIntHandler", "{\"pin\":0}"), "LP_E_STATE");
    assert_true(lp_pins_level(0));
}

// Whoever makes an output of a pin that he listens to hears that there is nothing more to hear.
static void so_many_are_listened_to(void **state)
{
    (void)state;
    assert_result(call("GPIO.SetIntHandler", "{\"pin\":0}"), "value", "0");
    assert_result(call("GPIO.SetIntHandler", "{\"pin\":2}"), "value", "0");
    assert_rpc_error(call("GPIO.SetIntHandler", "{\"pin\":5}"), "LP_E_NOSPACE");
    assert_null(lp_gpio_user(5));
    assert_result(call("GPIO.Release", "{\"pin\":2}"), "", "{}");
    assert_result(call("GPIO.SetIntHandler", "{\"pin\":5}"), "value", "0");
}

static void an_output_ends_the_handler(void **state)
{
    (void)state;
    listen_to_0("");
    lp_pins_detach(&finger);
    assert_non_null(strstr(call("GPIO.Write", "{\"pin\":0,\"value\":1}"), "\"is_gone\":true"));
    assert_true(lp_pins_level(0));
    assert_rpc_error(call("GPIO.RemoveIntHandler", "{\"pin\":0}"), "LP_E_STATE");
}

// -- pulses

static void pulses_are_set_with_moss_words(void **state)
{
    uint32_t freq_hz = 0;
    uint32_t duty = 0;
    (void)state;
    assert_result(call("PWM.Set", "{\"pin\":0,\"freq\":1000,\"duty\":0.25}"), "", "{}");
    lp_pins_pulses(0, &freq_hz, &duty);
    assert_int_equal(freq_hz, 1000);
    assert_int_equal(duty, 16384);
    assert_result(call("PWM.Set", "{\"pin\":0,\"freq\":50,\"duty\":1}"), "", "{}");
    lp_pins_pulses(0, &freq_hz, &duty);
    assert_int_equal(duty, 65536);
    assert_result(call("GPIO.Write", "{\"pin\":0,\"value\":1}"), "value", "1");
    lp_pins_pulses(0, &freq_hz, &duty);
    assert_int_equal(freq_hz, 0);
    assert_true(lp_pins_level(0));
    assert_result(call("PWM.Set", "{\"pin\":0,\"freq\":1000,\"duty\":0.5}"), "", "{}");
    assert_result(call("PWM.Set", "{\"pin\":0,\"freq\":0}"), "", "{}");
    lp_pins_pulses(0, &freq_hz, &duty);
    assert_int_equal(freq_hz, 0);
    assert_false(lp_pins_level(0));
    assert_result(call("PWM.Set", "{\"pin\":0,\"freq\":9,\"duty\":0.5}"), "", "{}");
    assert_result(call("GPIO.Release", "{\"pin\":0}"), "", "{}");
    lp_pins_pulses(0, &freq_hz, &duty);
    assert_int_equal(freq_hz, 0);
}

static void pulses_that_cannot_be_are_refused(void **state)
{
    static const char *const params[] = {
        "{\"pin\":0}",
        "{\"pin\":0,\"freq\":1000}",
        "{\"pin\":0,\"freq\":-1,\"duty\":0.5}",
        "{\"pin\":0,\"freq\":1.5,\"duty\":0.5}",
        "{\"pin\":0,\"freq\":1000,\"duty\":1.000001}",
        "{\"pin\":0,\"freq\":1000,\"duty\":-0.5}",
        "{\"pin\":0,\"freq\":1000,\"duty\":\"half\"}",
        "{\"pin\":0,\"freq\":0,\"duty\":7}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof params / sizeof params[0]; i++) {
        assert_rpc_error(call("PWM.Set", params[i]), "LP_E_INVALID");
    }
    assert_null(lp_gpio_user(0)); // nothing was taken
    assert_rpc_error(call("PWM.Set", "{\"pin\":1,\"freq\":1000,\"duty\":0.5}"), "LP_E_DENIED");
    assert_rpc_error(call("PWM.Set", "{\"pin\":3,\"freq\":1000,\"duty\":0.5}"), "LP_E_NOT_FOUND");
    assert_rpc_error(call("PWM.Set", "{\"pin\":0,\"freq\":40001,\"duty\":0.5}"), "LP_E_RANGE");
}

static void info_says_who_has_what(void **state)
{
    (void)state;
    assert_result(call("GPIO.Write", "{\"pin\":4,\"value\":1}"), "value", "1");
    const char *answer = call("GPIO.Info", "{}");
    assert_non_null(strstr(answer, "{\"pin\":1,\"name\":\"GPIO1\",\"can\":[\"in\",\"out\",\"od\","
                                   "\"up\",\"edges\"],\"user\":\"uart\",\"value\":0}"));
    assert_non_null(strstr(
        answer, "{\"pin\":4,\"name\":\"LED\",\"can\":[\"out\"],\"user\":\"rpc\",\"value\":1}"));
    assert_null(strstr(answer, "\"pin\":3"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(written_and_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_look_changes_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_others_have_is_left_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nonsense_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(released_pins_let_go, set_up, tear_down),
        cmocka_unit_test_setup_teardown(edges_are_told_to_who_asked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_the_edges_that_were_asked_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_asked_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_contact_that_bounces_is_told_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_queue_counts_what_it_loses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_storm_of_edges_is_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_does_not_read_is_told_later, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_handler_ends_with_its_connection, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_handler_that_nobody_renews_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_configured_pin_outlives_its_handler, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_handler_is_renewed_with_its_resistor, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_application_comes_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(handlers_that_cannot_be_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(so_many_are_listened_to, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_output_ends_the_handler, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pulses_are_set_with_moss_words, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pulses_that_cannot_be_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(info_says_who_has_what, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
