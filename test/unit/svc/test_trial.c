// SPDX-License-Identifier: Apache-2.0
// A trial of settings that leaves the device without its cloud ends by itself: what a rotation
// leaves behind when the tool's computer dies in the middle of it.
#include "cloud_rig.h"

#include <stdio.h>
#include <string.h>

#include "limpet/svc_trial.h"

enum { MINUTE_MS = 60 * 1000, RESTART_MS = 2000 };

static lp_svc_trial_t trial;

static void start_trial_service(void)
{
    const lp_svc_trial_setup_t setup = {
        .loop = dev.loop, .config = &dev.config, .cloud = &cloud, .sys = &dev.sys};
    lp_svc_trial_init(&trial, &setup);
}

// The broker answers with `connack` from this start on.
static void start(uint8_t connack)
{
    lp_tls_give_back(net.lent[0]); // what was borrowed before the restart
    lp_tls_give_back(net.lent[1]);
    rig_start(true);
    net.connack = connack;
    start_trial_service();
}

static void assert_key(const char *json)
{
    assert_result(device_call(&dev, "Config.Get", "{\"key\":\"identity.key\"}"), "", json);
}

static void assert_state(const char *json)
{
    assert_string_equal(rig_status("state"), json);
}

static void make_key_in_slot_1(void)
{
    char serial[24];
    char params[80];
    const char *found = device_get(device_call(&dev, "Chip.Info", "{}"), "serial");
    snprintf(serial, sizeof serial, "%.*s", 18, found + 1);
    snprintf(params, sizeof params, "{\"key\":\"atca:1\",\"confirm\":\"%s\"}", serial);
    assert_result(device_call(&dev, "Identity.GenKey", params), "key", "\"atca:1\"");
}

// A device that is set up with the key in slot 0 and tries that in slot 1.
static void try_slot_1(const char *more, uint8_t connack)
{
    rig_set_all();
    assert_result(device_call(&dev, "Config.Save", "{}"), "", "{}");
    rig_set("\"identity\":{\"key\":\"atca:1\"}");
    if (more != NULL) {
        rig_set(more);
    }
    assert_result(device_call(&dev, "Config.Save", "{\"try_once\":true}"), "", "{}");
    start(connack);
    assert_key("\"atca:1\"");
}

enum { REFUSED = 5, ACCEPTED = 0 };

static jmp_buf restarted;

static void on_reboot(void)
{
    longjmp(restarted, 1);
}

// 0, or 1: then the rest of the time did not pass.
static unsigned restarts_within(uint32_t ms)
{
    const unsigned before = fake_reboots;
    fake_on_reboot = on_reboot;
    if (setjmp(restarted) == 0) {
        rig_run(ms);
    }
    fake_on_reboot = NULL;
    return fake_reboots - before;
}

// The new certificate is inactive, nobody is there: the device is back by itself.
static void trial_without_a_connection_goes_back(void **state)
{
    (void)state;
    make_key_in_slot_1();
    try_slot_1(NULL, REFUSED);
    assert_int_equal(restarts_within(LP_TRIAL_LIMIT_MS - 10000), 0);
    assert_false(cloud.state == LP_CLOUD_NO_KEY || cloud.state == LP_CLOUD_CONNECTED);
    assert_int_equal(restarts_within(10000 + LP_TRIAL_LOOK_MS + RESTART_MS), 1);
    start(ACCEPTED);
    assert_key("\"atca:0\"");
    rig_run(5000);
    assert_state("\"connected\"");
    assert_int_equal(restarts_within(2 * LP_TRIAL_LIMIT_MS), 0); // and stays
    assert_state("\"connected\"");
}

// There is no key in slot 1 at all.
static void trial_without_its_key_goes_back(void **state)
{
    (void)state;
    try_slot_1(NULL, ACCEPTED);
    rig_run(MINUTE_MS);
    assert_state("\"no-key\"");
    assert_int_equal(restarts_within(LP_TRIAL_LIMIT_MS), 1);
    start(ACCEPTED);
    assert_key("\"atca:0\"");
}

static void trial_that_loses_power_goes_back_at_once(void **state)
{
    (void)state;
    make_key_in_slot_1();
    try_slot_1(NULL, REFUSED);
    rig_run(MINUTE_MS);
    start(ACCEPTED);
    assert_key("\"atca:0\"");
    rig_run(5000);
    assert_state("\"connected\"");
}

// The tool dies before it confirms: what works goes on, until it does not work any more.
static void trial_that_is_connected_goes_on_until_it_is_not(void **state)
{
    (void)state;
    make_key_in_slot_1();
    try_slot_1(NULL, ACCEPTED);
    assert_int_equal(restarts_within(3 * LP_TRIAL_LIMIT_MS), 0);
    assert_state("\"connected\"");
    net.connack = REFUSED; // the certificate is switched off, and the broker throws it out
    fake_stream_hang_up(&net.wire, LP_E_NET_RESET);
    assert_int_equal(restarts_within(LP_TRIAL_LIMIT_MS - 10000), 0);
    assert_int_equal(restarts_within(MINUTE_MS), 1);
    start(ACCEPTED);
    assert_key("\"atca:0\"");
}

static void trial_that_was_confirmed_stays_without_a_connection(void **state)
{
    (void)state;
    make_key_in_slot_1();
    try_slot_1(NULL, ACCEPTED);
    rig_run(5000);
    assert_state("\"connected\"");
    assert_result(device_call(&dev, "Config.Confirm", "{}"), "", "{}");
    net.connack = REFUSED;
    fake_stream_hang_up(&net.wire, LP_E_NET_RESET);
    assert_int_equal(restarts_within(3 * LP_TRIAL_LIMIT_MS), 0);
    assert_false(cloud.state == LP_CLOUD_CONNECTED);
    start(ACCEPTED);
    assert_key("\"atca:1\"");
}

static void trial_with_the_cloud_off_has_no_limit(void **state)
{
    (void)state;
    try_slot_1("\"cloud\":{\"enable\":false}", REFUSED);
    assert_int_equal(restarts_within(3 * LP_TRIAL_LIMIT_MS), 0);
    start(ACCEPTED);
    assert_key("\"atca:0\"");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
    const struct CMUnitTest tests[] = {
        T(trial_without_a_connection_goes_back),
        T(trial_without_its_key_goes_back),
        T(trial_that_loses_power_goes_back_at_once),
        T(trial_that_is_connected_goes_on_until_it_is_not),
        T(trial_that_was_confirmed_stays_without_a_connection),
        T(trial_with_the_cloud_off_has_no_limit),
    };
    return cmocka_run_group_tests_name("trial", tests, NULL, NULL);
}
