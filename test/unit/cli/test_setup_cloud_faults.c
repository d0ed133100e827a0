// SPDX-License-Identifier: Apache-2.0
// Each fault at each call of the cloud, and a kill at each: whatever the run
// says, the next one ends well and nothing is left over.
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "limpet/ui.h"
#include "part.h"
#include "scene_assert.h"

static const char *const actions[] = {
    "DescribeEndpoint",   "DescribeThing", "GetPolicy",    "CreateCertificateFromCsr",
    "CreateThing",        "CreatePolicy",  "AttachPolicy", "AttachThingPrincipal",
    "GetRetainedMessage",
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

// A run under the fault, then one without: it must end well.
static int run_and_recover(scene_t *s)
{
    int rc = scene_setup(s, NULL, NULL, NULL);
    if (rc != 0 && rc < 128) {
        scene_assert_tidy_failure(s, rc);
    }
    fake_cloud_calm(&s->cloud);
    fake_board_calm(&s->board);
    scene_setup_ok(s);
    scene_assert_set_up(s);
    return rc;
}

static void cloud_fault(const char *action, fault_mode_t mode, int count, int expected)
{
    void *state = NULL;
    scene_open_for_test(&state);
    scene_t *s = state;
    s->cloud.fault_action = action;
    s->cloud.fault = mode;
    s->cloud.fault_count = count;
    int rc = run_and_recover(s);
    if (expected >= 0 && rc != expected) {
        print_message("%s, fault %d: exit code %d\n", action, mode, rc);
        assert_int_equal(rc, expected);
    }
    scene_close_for_test(&state);
}

static void for_each_action(fault_mode_t mode, int count, int expected)
{
    for (size_t i = 0; i < COUNT(actions); i++) {
        cloud_fault(actions[i], mode, count, expected);
    }
}

// Once is a hiccup: the same run gets over it.
static void cloud_reset_before_once(void **state)
{
    (void)state;
    for_each_action(FAULT_RESET_BEFORE, 1, 0);
}

static void cloud_reset_after_once(void **state)
{
    (void)state;
    for_each_action(FAULT_RESET_AFTER, 1, 0);
}

static void cloud_500_before_once(void **state)
{
    (void)state;
    for_each_action(FAULT_500_BEFORE, 1, 0);
}

static void cloud_500_after_once(void **state)
{
    (void)state;
    for_each_action(FAULT_500_AFTER, 1, 0);
}

static void cloud_throttled_once(void **state)
{
    (void)state;
    for_each_action(FAULT_THROTTLE, 2, 0);
}

static void cloud_half_an_answer_once(void **state)
{
    (void)state;
    for_each_action(FAULT_HALF, 1, 0);
}

static void cloud_html_once(void **state)
{
    (void)state;
    for_each_action(FAULT_HTML, 1, 0);
}

static void cloud_nothing_once(void **state)
{
    (void)state;
    for_each_action(FAULT_NOTHING, 1, -1);
}

static void cloud_huge_once(void **state)
{
    (void)state;
    for_each_action(FAULT_HUGE, 1, -1);
}

static void cloud_throttled_for_ever(void **state)
{
    (void)state;
    for_each_action(FAULT_THROTTLE, -1, LP_EXIT_CLOUD);
}

static void cloud_500_for_ever(void **state)
{
    (void)state;
    for_each_action(FAULT_500_BEFORE, -1, LP_EXIT_CLOUD);
}

static void cloud_resets_for_ever(void **state)
{
    (void)state;
    for_each_action(FAULT_RESET_BEFORE, -1, LP_EXIT_NETWORK);
}

static void cloud_denies(void **state)
{
    (void)state;
    for_each_action(FAULT_DENIED, -1, LP_EXIT_CREDENTIALS);
}

static void cloud_is_slow_once(void **state)
{
    (void)state;
    cloud_fault("CreateCertificateFromCsr", FAULT_HANG, 1, 0);
}

// The answer to the one call that must not be repeated is lost again and again.
static void cloud_loses_every_certificate(void **state)
{
    (void)state;
    static const fault_mode_t modes[] = {FAULT_RESET_AFTER, FAULT_500_AFTER, FAULT_HALF,
                                         FAULT_HTML,        FAULT_NOTHING,   FAULT_HUGE};
    for (size_t i = 0; i < COUNT(modes); i++) {
        cloud_fault("CreateCertificateFromCsr", modes[i], -1, 0);
    }
}

// The list of certificates lags behind, so that a lost one is not seen at first: none may be left
// over.
static void cloud_list_lags(void **state)
{
    (void)state;
    for (int lag = 1; lag <= 4; lag++) {
        void *scene = NULL;
        scene_open_for_test(&scene);
        scene_t *s = scene;
        s->cloud.fault_action = "CreateCertificateFromCsr";
        s->cloud.fault = FAULT_RESET_AFTER;
        s->cloud.fault_count = 1;
        s->cloud.list_lag_calls = lag;
        (void)run_and_recover(s);
        scene_close_for_test(&scene);
    }
}

static void killed_at_each_cloud_call(void **state)
{
    (void)state;
    for (int k = 0; k < 12; k++) {
        void *scene = NULL;
        scene_open_for_test(&scene);
        scene_t *s = scene;
        s->cloud.fault = FAULT_KILL;
        s->cloud.fault_skip = k;
        s->cloud.fault_count = 1;
        int rc = run_and_recover(s);
        assert_true(rc == 137 || rc == 0);
        assert_true(rc == 137 || k >= 9);
        scene_close_for_test(&scene);
    }
}

// Ctrl-C in the middle of each call: said as such, and taken up.
static void interrupted_at_each_cloud_call(void **state)
{
    (void)state;
    for (int k = 0; k < 9; k++) {
        void *scene = NULL;
        scene_open_for_test(&scene);
        scene_t *s = scene;
        s->cloud.fault = FAULT_KILL;
        s->cloud.kill_signal = SIGINT;
        s->cloud.fault_skip = k;
        s->cloud.fault_count = 1;
        assert_int_equal(run_and_recover(s), LP_EXIT_INTERRUPTED);
        scene_close_for_test(&scene);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cloud_reset_before_once),
        cmocka_unit_test(cloud_reset_after_once),
        cmocka_unit_test(cloud_500_before_once),
        cmocka_unit_test(cloud_500_after_once),
        cmocka_unit_test(cloud_throttled_once),
        cmocka_unit_test(cloud_half_an_answer_once),
        cmocka_unit_test(cloud_html_once),
        cmocka_unit_test(cloud_nothing_once),
        cmocka_unit_test(cloud_huge_once),
        cmocka_unit_test(cloud_throttled_for_ever),
        cmocka_unit_test(cloud_500_for_ever),
        cmocka_unit_test(cloud_resets_for_ever),
        cmocka_unit_test(cloud_denies),
        cmocka_unit_test(cloud_is_slow_once),
        cmocka_unit_test(cloud_loses_every_certificate),
        cmocka_unit_test(cloud_list_lags),
        cmocka_unit_test(killed_at_each_cloud_call),
        cmocka_unit_test(interrupted_at_each_cloud_call),
    };
    return run_part(tests, COUNT(tests), argc > 1 ? argv[1] : NULL);
}
