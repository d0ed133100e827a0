// SPDX-License-Identifier: Apache-2.0
// Cron.* and what it runs, in virtual time: restarts, a clock that is set, zones, flash that fails.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "device.h"
#include "limpet/port/clock.h"
#include "limpet/svc_cron.h"

static device_t dev;
static world_t *world;
static lp_svc_cron_t cron;
static lp_cron_action_t ring, other;
static unsigned rings;
static char rung[LP_CRON_PAYLOAD_MAX + 1];
static int64_t rung_s;

#define NOON INT64_C(1795867200) // 2026-11-28 12:00:00 UTC

static void on_ring(void *ctx, const char *payload)
{
    (void)ctx;
    rings++;
    snprintf(rung, sizeof rung, "%s", payload);
    assert_int_equal(lp_port_utc_s(&rung_s), LP_OK);
}

static void start(void)
{
    device_start(&dev, world, false, NULL);
    const lp_svc_cron_setup_t setup = {.loop = &world->loop, .rpc = &dev.rpc, .store = &dev.store};
    lp_svc_cron_init(&cron, &setup);
    ring = (lp_cron_action_t){.name = "ring", .run = on_ring};
    other = (lp_cron_action_t){.name = "other", .run = on_ring};
    lp_svc_cron_add_action(&cron, &ring);
    lp_svc_cron_add_action(&cron, &other);
}

static int set_up(void **state)
{
    (void)state;
    world = device_world(LP_CHIPSIM_ATECC508A);
    rings = 0;
    start();
    fake_clock_set_utc_s(NOON);
    device_run(&dev, 2000);
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

static void a_job_runs_when_it_is_due(void **state)
{
    (void)state;
    assert_result(
        call("Cron.Add", "{\"at\":\"*/5 * * * *\",\"action\":\"ring\",\"payload\":\"tea\"}"), "id",
        "1");
    device_run(&dev, 290000);
    assert_int_equal(rings, 0);
    device_run(&dev, 20000);
    assert_int_equal(rings, 1);
    assert_string_equal(rung, "tea");
    assert_int_equal(rung_s, NOON + 300);
    device_run(&dev, 3600000);
    assert_int_equal(rings, 13);
}

static void jobs_survive_a_restart_and_can_be_changed(void **state)
{
    (void)state;
    assert_result(call("Cron.Add", "{\"at\":\"0 13 * * *\",\"action\":\"ring\"}"), "id", "1");
    assert_result(call("Cron.Add", "{\"at\":\"@daily\",\"action\":\"other\",\"payload\":"
                                   "\"\\\"x\\\"\\n\",\"enable\":false}"),
                  "id", "2");
    start();
    fake_clock_set_utc_s(NOON + 100);
    device_run(&dev, 2000);
    char next[40];
    snprintf(next, sizeof next, "%lld", (long long)(NOON + 3600));
    assert_result(call("Cron.Get", "{\"id\":1}"), "next_utc_s", next);
    assert_result(call("Cron.Get", "{\"id\":2}"), "payload", "\"\\\"x\\\"\\n\"");
    assert_result(call("Cron.Get", "{\"id\":2}"), "next_utc_s", "null");
    assert_result(call("Cron.Edit", "{\"id\":1,\"at\":\"30 12 * * *\"}"), "id", "1");
    snprintf(next, sizeof next, "%lld", (long long)(NOON + 1800));
    assert_result(call("Cron.Get", "{\"id\":1}"), "next_utc_s", next);
    assert_result(call("Cron.Remove", "{\"id\":1}"), "", "{}");
    assert_rpc_error(call("Cron.Get", "{\"id\":1}"), "LP_E_NOT_FOUND");
    start();
    assert_rpc_error(call("Cron.Get", "{\"id\":1}"), "LP_E_NOT_FOUND");
    assert_result(call("Cron.Add", "{\"at\":\"@hourly\",\"action\":\"ring\"}"), "id",
                  "1"); // the free place
}

static void the_zone_counts_at_once_and_is_kept(void **state)
{
    char next[40];
    (void)state;
    assert_result(call("Cron.Add", "{\"at\":\"0 14 * * *\",\"action\":\"ring\"}"), "id", "1");
    assert_result(call("Cron.Zone", "{}"), "zone", "\"UTC0\"");
    assert_result(call("Cron.Zone", "{\"zone\":\"CET-1CEST,M3.5.0,M10.5.0/3\"}"), "zone",
                  "\"CET-1CEST,M3.5.0,M10.5.0/3\"");
    snprintf(next, sizeof next, "%lld", (long long)(NOON + 3600));
    assert_result(call("Cron.Get", "{\"id\":1}"), "next_utc_s", next);
    assert_rpc_error(call("Cron.Zone", "{\"zone\":\"Europe/Berlin\"}"), "LP_E_INVALID");
    start();
    assert_result(call("Cron.Zone", "{}"), "zone", "\"CET-1CEST,M3.5.0,M10.5.0/3\"");
}

// A board that learns the time late, or whose clock is set, does not make up for what lies in
// between, nor do it twice.
static void a_clock_that_is_set(void **state)
{
    (void)state;
    assert_result(call("Cron.Add", "{\"at\":\"0 * * * *\",\"action\":\"ring\"}"), "id", "1");
    fake_clock_set_utc_s(NOON + 86400 + 7000); // a day later, at 13:56:40
    device_run(&dev, 3000);
    assert_int_equal(rings, 0);
    device_run(&dev, 210000);
    assert_int_equal(rings, 1);        // 14:00
    fake_clock_set_utc_s(NOON + 3590); // and back
    device_run(&dev, 20000);
    assert_int_equal(rings, 2); // 13:00 of the first day
}

static void without_the_time_nothing_runs(void **state)
{
    (void)state;
    assert_result(call("Cron.Add", "{\"at\":\"* * * * * *\",\"action\":\"ring\"}"), "id", "1");
    fake_clock_reset();
    start();
    device_run(&dev, 100000);
    assert_int_equal(rings, 0);
    assert_result(call("Cron.Get", "{\"id\":1}"), "next_utc_s", "null");
    fake_clock_set_utc_s(NOON);
    device_run(&dev, 10000);
    assert_in_range(rings, 8, 10);
}

static void an_action_that_is_gone_is_said(void **state)
{
    (void)state;
    assert_result(call("Cron.Add", "{\"at\":\"* * * * *\",\"action\":\"ring\"}"), "id", "1");
    assert_result(call("Cron.Actions", "{}"), "", "[\"other\",\"ring\"]");
    cron.actions_ = NULL; // another firmware
    device_run(&dev, 70000);
    assert_true(fake_log_contains("nobody here does ring"));
    static lp_cron_action_t first = {.name = "a", .run = on_ring};
    static lp_cron_action_t second = {.name = "a", .run = on_ring};
    lp_svc_cron_add_action(&cron, &first);
    lp_svc_cron_add_action(&cron, &second);
    assert_true(fake_log_contains("there are two actions called a"));
}

static void bad_jobs_are_refused(void **state)
{
    static const char *const bad[][2] = {
        {"{}", "LP_E_INVALID"},
        {"{\"at\":\"* * * * *\"}", "LP_E_INVALID"},
        {"{\"at\":\"* * * *\",\"action\":\"ring\"}", "LP_E_INVALID"},
        {"{\"at\":\"0 0 30 2 *\",\"action\":\"ring\"}", "LP_E_INVALID"},
        {"{\"at\":\"* * * * *\",\"action\":\"none\"}", "LP_E_NOT_FOUND"},
        {"{\"at\":\"* * * * *\",\"action\":\"ring\",\"enable\":1}", "LP_E_INVALID"},
        {"{\"at\":7,\"action\":\"ring\"}", "LP_E_INVALID"},
    };
    char long_one[300];
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_rpc_error(call("Cron.Add", bad[i][0]), bad[i][1]);
    }
    snprintf(long_one, sizeof long_one,
             "{\"at\":\"* * * * *\",\"action\":\"ring\",\"payload\":\"%0130d\"}", 7);
    assert_rpc_error(call("Cron.Add", long_one), "LP_E_INVALID");
    assert_result(call("Cron.List", "{}"), "", "[]");
    for (int i = 0; i < LP_CRON_JOBS; i++) {
        assert_string_equal(
            device_error(call("Cron.Add", "{\"at\":\"@daily\",\"action\":\"ring\"}")), "");
    }
    assert_rpc_error(call("Cron.Add", "{\"at\":\"@daily\",\"action\":\"ring\"}"), "LP_E_NOSPACE");
    assert_rpc_error(call("Cron.Edit", "{\"id\":9}"), "LP_E_INVALID");
    assert_rpc_error(call("Cron.Remove", "{\"id\":0}"), "LP_E_INVALID");
}

// Power goes at each operation of the flash: the job is as it was or as it was to be.
static void power_cut_at_each_flash_operation(void **state)
{
    (void)state;
    assert_result(call("Cron.Add", "{\"at\":\"0 1 * * *\",\"action\":\"ring\"}"), "id", "1");
    for (unsigned n = 1; n < 12; n++) {
        char params[80];
        char at[20];
        const unsigned hour = n + 1;
        snprintf(params, sizeof params, "{\"id\":1,\"at\":\"0 %u * * *\"}", hour);
        fake_flash_cut_at(n, n);
        (void)call("Cron.Edit", params);
        fake_flash_cut_at(0, 0);
        fake_flash_power_on();
        start();
        snprintf(at, sizeof at, "%s", device_get(call("Cron.Get", "{\"id\":1}"), "at"));
        char old_text[20];
        char new_text[20];
        snprintf(new_text, sizeof new_text, "\"0 %u * * *\"", hour);
        snprintf(old_text, sizeof old_text, "\"0 1 * * *\"");
        assert_true(strcmp(at, old_text) == 0 || strcmp(at, new_text) == 0);
        assert_string_equal(device_error(call("Cron.Edit", "{\"id\":1,\"at\":\"0 1 * * *\"}")), "");
    }
}

static void a_damaged_job_is_left_out(void **state)
{
    static const char *const bad[] = {
        "", "{", "{}", "{\"at\":\"x\",\"action\":\"ring\",\"payload\":\"\",\"enable\":true}",
        "{\"at\":\"@daily\",\"action\":\"ring\",\"payload\":7,\"enable\":true}"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const lp_store_item_t item = {.key = "cron.3", .value = lp_span_str(bad[i])};
        assert_int_equal(lp_store_put(&dev.store, &item, 1), LP_OK);
        start();
        assert_true(fake_log_contains("job 3 cannot be read"));
        assert_result(call("Cron.List", "{}"), "", "[]");
    }
}

int main(void)
{
#define CRON_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CRON_TEST(a_job_runs_when_it_is_due),
        CRON_TEST(jobs_survive_a_restart_and_can_be_changed),
        CRON_TEST(the_zone_counts_at_once_and_is_kept),
        CRON_TEST(a_clock_that_is_set),
        CRON_TEST(without_the_time_nothing_runs),
        CRON_TEST(an_action_that_is_gone_is_said),
        CRON_TEST(bad_jobs_are_refused),
        CRON_TEST(power_cut_at_each_flash_operation),
        CRON_TEST(a_damaged_job_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
