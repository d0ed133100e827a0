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
    world = world_new(LP_CHIPSIM_ATECC508A);
    fake_system_reset();
    fake_flash_reset(
        (lp_flash_geometry_t){.size_bytes = 65536, .sector_bytes = 4096, .page_bytes = 4});
    device_start(&dev, world, false, NULL);
    lp_gpio_begin();
    lp_svc_gpio_init(&svc, &world->loop, &dev.rpc);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < LP_SVC_GPIO_PINS; i++) {
        if (svc.pins_[i].user != NULL) {
            lp_gpio_close(&svc.pins_[i]);
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
        cmocka_unit_test_setup_teardown(info_says_who_has_what, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
