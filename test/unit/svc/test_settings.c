// SPDX-License-Identifier: Apache-2.0
// The settings of a device as a tool sees them: schema, trials, factory reset; and that a flash
// written by version 0.1 is read.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "device.h"
#include "limpet/settings_remote_rows.h"

static device_t dev;
static world_t *world;

static void start(void)
{
    device_start(&dev, world, false, NULL);
}

static int setup(void **state)
{
    (void)state;
    world = device_world(LP_CHIPSIM_ATECC508A);
    start();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_free(world);
    return 0;
}

static const char *call(const char *method, const char *params)
{
    return device_call(&dev, method, params);
}

#define assert_has(answer, text) assert_non_null(strstr(answer, text))

static void settings_schema_tells_what_a_form_needs(void **state)
{
    (void)state;
    assert_has(call("Config.Schema", "{}"), "{\"group\":\"cloud\",\"title\":\"Cloud\"}");
    const char *answer = call("Config.Schema", "{\"group\":\"telemetry\"}");
    assert_has(answer, "[{\"key\":\"telemetry.interval_s\",\"type\":\"int\",\"default\":10,"
                       "\"min\":1,\"max\":86400,\"title\":\"Interval\",\"unit\":\"s\",");
    assert_null(strstr(answer, "is_set"));
    assert_result(call("Config.Set", "{\"config\":{\"telemetry\":{\"interval_s\":5}}}"), "", "{}");
    assert_has(call("Config.Schema", "{\"group\":\"telemetry\"}"), "\"is_set\":true");
    answer = call("Config.Schema", "{\"group\":\"identity\"}");
    assert_has(answer, "\"choices\":[\"auto\",\"chip\",\"sealed\",\"software\"]");
    assert_has(answer, "\"max_len\":2048,\"title\":\"Certificate\",\"format\":\"pem\"");
    assert_has(call("Config.Schema", "{\"group\":\"device\"}"), "\"readonly\":true");
    assert_rpc_error(call("Config.Schema", "{\"group\":\"clou\"}"), "LP_E_NOT_FOUND");
    assert_rpc_error(call("Config.Schema", "{\"group\":5}"), "LP_E_INVALID");
}

// Every group fits a frame, and together they have every setting.
static void settings_schema_is_complete(void **state)
{
    (void)state;
    char groups[1024];
    unsigned count = 0;
    snprintf(groups, sizeof groups, "%s", device_get(call("Config.Schema", "{}"), ""));
    for (char *at = groups; (at = strstr(at, "\"group\":\"")) != NULL; at++) {
        char params[64];
        snprintf(params, sizeof params, "{\"group\":\"%.*s\"}", (int)strcspn(at + 9, "\""), at + 9);
        const char *rows = device_get(call("Config.Schema", params), "");
        assert_true(rows[0] == '[');
        for (; (rows = strstr(rows, "\"key\":")) != NULL; rows++) {
            count++;
        }
    }
    assert_int_equal(count, LP_SETTINGS_COUNT);
}

// Groups that only some images have stand behind the others, and are described like them.
static void settings_of_more_groups_are_described(void **state)
{
    (void)state;
    assert_rpc_error(call("Config.Schema", "{\"group\":\"two\"}"), "LP_E_NOT_FOUND");
    static const lp_config_row_t rows[] = {
        {.key = "one.a", .type = LP_CONFIG_BOOL},
        {.key = "two.a", .type = LP_CONFIG_INT, .min = 1, .max = 9},
    };
    static const lp_setting_about_t about[] = {{"A", "", "", "a."}, {"B", "s", "", "b."}};
    const lp_settings_more_t more[] = {{{"one", "One"}, &rows[0], &about[0], 1},
                                       {{"two", "Two"}, &rows[1], &about[1], 1}};
    lp_svc_config_t svc;
    lp_rpc_t rpc;
    lp_rpc_init(&rpc);
    lp_svc_config_init(&svc, &rpc, &dev.config, &dev.sys);
    for (int i = 0; i < LP_SVC_CONFIG_MORE_MAX / 2; i++) {
        assert_int_equal(lp_svc_config_add(&svc, more, 2), LP_OK);
    }
    assert_int_equal(lp_svc_config_add(&svc, more, 1), LP_E_NOSPACE);
    assert_int_equal(lp_svc_config_add(&svc, NULL, 0), LP_OK);
    assert_int_equal(
        lp_svc_config_add(&dev.config_service, lp_remote_settings_more, LP_REMOTE_SETTINGS_GROUPS),
        LP_OK);
    assert_has(call("Config.Schema", "{}"), "{\"group\":\"rpc\",\"title\":");
}

static void settings_are_tried_for_one_start(void **state)
{
    (void)state;
    assert_rpc_error(call("Config.Confirm", "{}"), "LP_E_STATE");
    assert_result(call("Config.Set", "{\"config\":{\"cloud\":{\"thing\":\"t2\"}}}"), "", "{}");
    assert_rpc_error(call("Config.Save", "{\"try_once\":3}"), "LP_E_INVALID");
    assert_result(call("Sys.GetInfo", "{}"), "settings", "\"set\"");
    assert_result(call("Config.Save", "{\"try_once\":true}"), "", "{}");
    start();
    assert_result(call("Sys.GetInfo", "{}"), "settings", "\"trial\"");
    assert_result(call("Config.Get", "{\"key\":\"cloud.thing\"}"), "", "\"t2\"");
    start();
    assert_result(call("Config.Get", "{\"key\":\"cloud.thing\"}"), "", "\"\"");
    assert_result(call("Config.Set", "{\"config\":{\"cloud\":{\"thing\":\"t3\"}}}"), "", "{}");
    assert_result(call("Config.Save", "{\"try_once\":true}"), "", "{}");
    start();
    assert_result(call("Config.Confirm", "{}"), "", "{}");
    assert_result(call("Sys.GetInfo", "{}"), "settings", "\"saved\"");
    start();
    assert_result(call("Config.Get", "{\"key\":\"cloud.thing\"}"), "", "\"t3\"");
}

static void settings_reset_wants_the_boards_id(void **state)
{
    (void)state;
    assert_result(call("Config.Set", "{\"config\":{\"cloud\":{\"thing\":\"t2\"}}}"), "", "{}");
    assert_result(call("Config.Save", "{}"), "", "{}");
    assert_rpc_error(call("Config.Reset", "{}"), "LP_E_INVALID");
    assert_rpc_error(call("Config.Reset", "{\"confirm\":\"lp-000000\"}"), "LP_E_INVALID");
    assert_result(call("Config.Get", "{\"key\":\"cloud.thing\"}"), "", "\"t2\"");
    const uint32_t boots = dev.counters.value[LP_COUNTER_BOOTS];
    assert_result(call("Config.Reset", "{\"confirm\":\"lp-4f21c0\"}"), "", "{}");
    start();
    assert_result(call("Config.Get", "{\"key\":\"cloud.thing\"}"), "", "\"\"");
    assert_int_equal(dev.counters.value[LP_COUNTER_BOOTS], boots + 1); // no setting
}

// Written by a board of version 0.1.0: every setting that it had, saved twice.
static void settings_of_version_0_1_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        const char *value;
    } stored[] = {
        {"cloud.server", "\"example.com:443\""},
        {"cloud.client_id", "\"cid\""},
        {"cloud.thing", "\"thing-1\""},
        {"cloud.keep_alive_s", "61"},
        {"cloud.timeout_s", "11"},
        {"cloud.retry_s", "16"},
        {"cloud.backoff_ms", "1001"},
        {"cloud.backoff_max_s", "61"},
        {"cloud.persistent", "true"},
        {"cloud.shadow", "true"},
        {"cloud.jobs", "true"},
        {"cloud.alpn", "\"x\""},
        {"cloud.mqtt_version", "5"},
        {"cloud.tls_max", "\"1.2\""},
        {"identity.key", "\"file:k\""},
        {"identity.ecdhe", "\"software\""},
        {"identity.verify", "\"chip\""},
        {"trust.check_dates", "false"},
        {"telemetry.interval_s", "78"},
        {"i2c.rate_hz", "400000"},
        {"log.level", "\"debug\""},
    };
    FILE *f = fopen(STORED_IMAGE, "rb");
    assert_non_null(f);
    memset(fake_flash_bytes(), 0xFF, 65536);
    assert_true(fread(fake_flash_bytes(), 1, 65536, f) > 1000);
    fclose(f);
    start();
    for (size_t i = 0; i < sizeof stored / sizeof stored[0]; i++) {
        char params[80];
        snprintf(params, sizeof params, "{\"key\":\"%s\"}", stored[i].key);
        assert_result(call("Config.Get", params), "", stored[i].value);
    }
    assert_int_equal(strncmp(lp_setting_trust_ca(&dev.config), "-----BEGIN CERTIFICATE-----", 27),
                     0);
    assert_int_equal(
        strncmp(lp_setting_identity_cert(&dev.config), "-----BEGIN CERTIFICATE-----", 27), 0);
    assert_int_equal(dev.store.health, LP_STORE_CLEAN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(settings_schema_tells_what_a_form_needs, setup, teardown),
        cmocka_unit_test_setup_teardown(settings_of_more_groups_are_described, setup, teardown),
        cmocka_unit_test_setup_teardown(settings_schema_is_complete, setup, teardown),
        cmocka_unit_test_setup_teardown(settings_are_tried_for_one_start, setup, teardown),
        cmocka_unit_test_setup_teardown(settings_reset_wants_the_boards_id, setup, teardown),
        cmocka_unit_test_setup_teardown(settings_of_version_0_1_are_read, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
