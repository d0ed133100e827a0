// SPDX-License-Identifier: Apache-2.0
// ADC.* on analog inputs in memory.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "device.h"
#include "limpet/pins_adc.h"
#include "limpet/svc_adc.h"

static device_t dev;
static world_t *world;
static lp_rpc_set_t set;

static int set_up(void **state)
{
    (void)state;
    world = device_world(LP_CHIPSIM_ATECC508A);
    device_start(&dev, world, false, NULL);
    lp_svc_adc_init(&set, &dev.rpc);
    assert_int_equal(lp_pins_adc_set(0, 1650000), LP_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    world_free(world);
    return 0;
}

static const char *call(const char *method, const char *params)
{
    return device_call(&dev, method, params);
}

static void inputs_are_read(void **state)
{
    (void)state;
    assert_result(call("ADC.Read", "{\"pin\":0}"), "value", "2048");
    assert_result(call("ADC.Read", "{\"pin\":0}"), "mv", "1650");
    assert_result(call("ADC.Read", "{\"pin\":0,\"samples\":32}"), "mv", "1650");
}

static lp_err_t broken(void *ctx, int32_t *uv)
{
    (void)ctx;
    (void)uv;
    return LP_E_IO;
}

static void what_cannot_be_read_is_said(void **state)
{
    static const char *const params[] = {"{}", "{\"pin\":-1}", "{\"pin\":65536}", "{\"pin\":0.5}",
                                         "{\"pin\":0,\"samples\":\"8\"}"};
    (void)state;
    for (size_t i = 0; i < sizeof params / sizeof params[0]; i++) {
        assert_rpc_error(call("ADC.Read", params[i]), "LP_E_INVALID");
    }
    assert_rpc_error(call("ADC.Read", "{\"pin\":0,\"samples\":0}"), "LP_E_RANGE");
    assert_rpc_error(call("ADC.Read", "{\"pin\":0,\"samples\":33}"), "LP_E_RANGE");
    assert_rpc_error(call("ADC.Read", "{\"pin\":1}"), "LP_E_NOT_FOUND");
    assert_rpc_error(call("ADC.Read", "{\"pin\":4}"), "LP_E_NOT_FOUND");
    assert_rpc_error(call("ADC.Read", "{\"pin\":2}"), "LP_E_DENIED"); // the port's
    assert_int_equal(lp_pins_adc_wire(0, broken, NULL), LP_OK);
    assert_rpc_error(call("ADC.Read", "{\"pin\":0}"), "LP_E_IO");
}

static void info_says_what_there_is(void **state)
{
    (void)state;
    const char *answer = call("ADC.Info", "{}");
    assert_non_null(
        strstr(answer, "[{\"pin\":0,\"name\":\"ADC0\",\"bits\":12,\"reference_mv\":3300},"
                       "{\"pin\":2,\"name\":\"TEMP\",\"bits\":12,\"reference_mv\":3300,\"user\":"
                       "\"sensor\"},{\"pin\":3,"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(inputs_are_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_is_said, set_up, tear_down),
        cmocka_unit_test_setup_teardown(info_says_what_there_is, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
