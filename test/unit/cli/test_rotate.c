// SPDX-License-Identifier: Apache-2.0
// aws-iot-rotate: a new key and certificate, with a working one at each moment, whatever fails.
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
#include "rotate.h"
#include "scene_assert.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static int rotate(scene_t *s, const char *a)
{
    const char *args[] = {"aws-iot-rotate", "--port", s->link, "--yes", a, NULL};
    return scene_run(s, args);
}

static void rotate_ok(scene_t *s)
{
    int rc = rotate(s, NULL);
    if (rc != 0) {
        print_message("%s%s%s\n", s->err, s->out, s->cloud.last_bad);
    }
    assert_int_equal(rc, 0);
    scene_assert_set_up(s);
}

// After each change in the cloud: the certificate that the board has in flash must get in.
static int n_dark;

static void look_for_darkness(void *ctx)
{
    scene_t *s = ctx;
    const char *pem = fake_board_setting(&s->board, "identity", "cert");
    bool is_lit = false;
    for (int i = 0; i < s->cloud.n_certs; i++) {
        const fake_cert_t *c = &s->cloud.certs[i];
        is_lit = is_lit || (!c->is_deleted && strcmp(c->pem, pem) == 0 && c->has_policy &&
                            c->has_thing && strcmp(c->status, "ACTIVE") == 0);
    }
    n_dark += is_lit ? 0 : 1;
}

static void open_scene(void **state)
{
    scene_open_for_test(state);
    scene_t *s = *state;
    scene_setup_ok(s);
    fake_cloud_calm(&s->cloud);
    n_dark = 0;
    s->cloud.on_change = look_for_darkness;
    s->cloud.on_change_ctx = s;
}

static void close_scene(void **state)
{
    scene_t *s = *state;
    s->cloud.on_change = NULL;
    assert_int_equal(n_dark, 0);
    scene_close_for_test(state);
}

static int open_for_test(void **state)
{
    open_scene(state);
    return 0;
}

static int close_for_test(void **state)
{
    close_scene(state);
    return 0;
}

static const char *key_in_use(scene_t *s)
{
    return fake_board_setting(&s->board, "identity", "key");
}

static void rotate_moves_to_the_other_slot_and_back(void **state)
{
    scene_t *s = *state;
    char first[65];
    snprintf(first, sizeof first, "%s", s->cloud.certs[0].id);
    rotate_ok(s);
    assert_string_equal(key_in_use(s), "atca:1");
    assert_true(s->cloud.certs[0].is_deleted);
    rotate_ok(s);
    assert_string_equal(key_in_use(s), "atca:0");
    rotate_ok(s);
    assert_string_equal(key_in_use(s), "atca:1");
}

static void rotate_then_setup_has_nothing_to_do(void **state)
{
    scene_t *s = *state;
    rotate_ok(s);
    fake_cloud_calm(&s->cloud);
    scene_setup_ok(s);
    assert_non_null(strstr(s->err, "Nothing to do"));
    assert_int_equal(s->cloud.n_changes, 0);
    assert_string_equal(key_in_use(s), "atca:1");
}

static void rotate_keeps_the_policy_of_the_user(void **state)
{
    scene_t *s = *state;
    snprintf(s->cloud.policy, sizeof s->cloud.policy, "of-the-user");
    rotate_ok(s);
    assert_int_equal(fake_cloud_count(&s->cloud, "CreatePolicy"), 0);
}

static void rotate_with_dry_run_changes_nothing(void **state)
{
    scene_t *s = *state;
    int n = s->board.n_genkey;
    assert_int_equal(rotate(s, "--dry-run"), 0);
    assert_non_null(strstr(s->out, "make a new key in slot 1"));
    assert_int_equal(s->cloud.n_changes, 0);
    assert_int_equal(s->board.n_genkey, n);
}

static void rotate_goes_back_when_the_new_one_does_not_connect(void **state)
{
    scene_t *s = *state;
    char before[65];
    snprintf(before, sizeof before, "%s", s->cloud.certs[0].id);
    s->board.is_second_deaf = true;
    int rc = rotate(s, "--connect-s=1");
    scene_assert_tidy_failure(s, rc);
    assert_int_equal(rc, LP_EXIT_UNPROVEN);
    assert_non_null(strstr(s->err, "error[rotate-back]"));
    assert_string_equal(key_in_use(s), "atca:0");
    scene_assert_set_up(s);
    assert_false(fake_cloud_cert(&s->cloud, before)->is_deleted);
    s->board.is_second_deaf = false;
    rotate_ok(s);
    assert_string_equal(key_in_use(s), "atca:1");
}

static void rotate_refuses_a_board_that_is_not_connected(void **state)
{
    scene_t *s = *state;
    s->board.is_offline = true;
    int rc = rotate(s, NULL);
    assert_int_equal(rc, LP_EXIT_CONFLICT);
    assert_non_null(strstr(s->err, "error[not-set-up]"));
    assert_int_equal(s->cloud.n_changes, 0);
}

static void rotate_needs_a_setup(void **state)
{
    (void)state;
    void *scene = NULL;
    scene_open_for_test(&scene);
    assert_int_equal(rotate(scene, NULL), LP_EXIT_CONFLICT);
    assert_int_equal(((scene_t *)scene)->cloud.n_changes, 0);
    scene_close_for_test(&scene);
}

static void rotate_finds_a_stopped_one_without_its_record(void **state)
{
    scene_t *s = *state;
    char path[200];
    s->cloud.fault_action = "UpdateCertificate";
    s->cloud.fault = FAULT_DENIED;
    s->cloud.fault_count = -1;
    assert_int_equal(rotate(s, NULL), LP_EXIT_CREDENTIALS);
    assert_string_equal(key_in_use(s), "atca:1");
    fake_cloud_calm(&s->cloud);
    s->cloud.certs[0].created_s -= 60;
    snprintf(path, sizeof path, "%s/.local", s->home);
    scene_remove(path);
    rotate_ok(s);
    assert_string_equal(key_in_use(s), "atca:1");
}

static void remove_in_the_middle_leaves_nothing(void **state)
{
    scene_t *s = *state;
    s->cloud.fault_action = "UpdateCertificate";
    s->cloud.fault = FAULT_DENIED;
    s->cloud.fault_count = -1;
    assert_int_equal(rotate(s, NULL), LP_EXIT_CREDENTIALS);
    fake_cloud_calm(&s->cloud);
    assert_int_equal(fake_cloud_live_certs(&s->cloud), 2);
    s->cloud.on_change = NULL;
    const char *args[] = {"aws-iot-remove", "--port", s->link, "--yes", NULL};
    assert_int_equal(scene_run(s, args), 0);
    assert_int_equal(fake_cloud_live_certs(&s->cloud), 0);
}

static void rotate_of_a_software_key_uses_another_file(void **state)
{
    (void)state;
    void *scene = NULL;
    scene_open_for_test(&scene);
    scene_t *s = scene;
    s->board.has_chip = false;
    scene_setup_ok(s);
    rotate_ok(s);
    assert_string_equal(key_in_use(s), "file:key2.pem");
    void *second = s->board.key;
    rotate_ok(s);
    assert_string_equal(key_in_use(s), "file:key.pem");
    assert_ptr_not_equal(second, s->board.key2);
    scene_close_for_test(&scene);
}

static void rotate_other_key_knows_the_pairs(void **state)
{
    (void)state;
    char out[40] = "";
    assert_true(lp_rotate_other_key("atca:0", out, sizeof out));
    assert_string_equal(out, "atca:1");
    assert_true(lp_rotate_other_key("file:key2.pem", out, sizeof out));
    assert_string_equal(out, "file:key.pem");
    assert_false(lp_rotate_other_key("atca:2", out, sizeof out));
    assert_false(lp_rotate_other_key("", out, sizeof out));
}

// --- faults

static const char *const actions[] = {
    "DescribeCertificate",  "CreateCertificateFromCsr",
    "AttachThingPrincipal", "ListAttachedPolicies",
    "AttachPolicy",         "ListThingPrincipals",
    "UpdateCertificate",    "DetachPolicy",
    "ListPrincipalThings",  "DetachThingPrincipal",
    "DeleteCertificate",    "GetRetainedMessage",
};

// After a case the board is set up again and proven, so the next one goes on in the same scene,
// from the other key. A new scene comes before the fake cloud is full.
static void *faulty;

static scene_t *set_up_scene(void)
{
    enum { ROOM = 8 };
    if (faulty != NULL && ((scene_t *)faulty)->cloud.n_certs > FAKE_MAX_CERTS - ROOM) {
        close_scene(&faulty);
        faulty = NULL;
    }
    if (faulty == NULL) {
        open_scene(&faulty);
    }
    return faulty;
}

static int close_faulty(void **state)
{
    (void)state;
    if (faulty != NULL) {
        close_scene(&faulty);
        faulty = NULL;
    }
    return 0;
}

// A run under the fault, then as many without as it needs: one certificate, in use, proven.
static int run_and_recover(scene_t *s)
{
    int rc = rotate(s, "--connect-s=2");
    bool is_named = rc == 0 || rc >= 128 || strstr(s->err, "error[") != NULL;
    if (!is_named || rc == 99) {
        print_message("exit code %d\n%s\n", rc, s->err);
    }
    assert_true(is_named && rc != 99);
    assert_null(strstr(s->err, fake_secret));
    fake_cloud_calm(&s->cloud);
    fake_board_calm(&s->board);
    rotate_ok(s);
    assert_int_equal(n_dark, 0);
    fake_cloud_calm(&s->cloud);
    return rc;
}

static void cloud_fault(const char *action, fault_mode_t mode, int skip, int count)
{
    scene_t *s = set_up_scene();
    s->cloud.fault_action = action;
    s->cloud.fault = mode;
    s->cloud.fault_skip = skip;
    s->cloud.fault_count = count;
    int rc = run_and_recover(s);
    if (count == 1 && rc != 0 && mode != FAULT_NOTHING && mode != FAULT_KILL) {
        print_message("%s, fault %d: exit code %d\n", action, mode, rc);
        assert_int_equal(rc, 0);
    }
}

static void cloud_faults_once(void **state)
{
    (void)state;
    static const fault_mode_t modes[] = {FAULT_RESET_BEFORE, FAULT_RESET_AFTER, FAULT_500_AFTER,
                                         FAULT_THROTTLE,     FAULT_HALF,        FAULT_NOTHING};
    for (size_t i = 0; i < COUNT(actions); i++) {
        // Two of the modes for each, so that each mode meets four of the actions.
        for (size_t m = i % 3; m < COUNT(modes); m += 3) {
            cloud_fault(actions[i], modes[m], 0, 1);
        }
    }
}

static void cloud_faults_for_ever(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(actions); i++) {
        cloud_fault(actions[i], i % 2 == 0 ? FAULT_500_BEFORE : FAULT_DENIED, (int)(i % 3), -1);
    }
}

static void killed_at_each_cloud_call(void **state)
{
    (void)state;
    for (int k = 8; k < 30; k++) { // the calls before only look
        cloud_fault(NULL, FAULT_KILL, k, 1);
    }
}

static void board_faults(void **state)
{
    (void)state;
    static const char *const methods[] = {"Identity.Info", "Identity.GenKey", "Identity.Csr",
                                          "Config.Set",    "Config.Save",     "Cloud.Status",
                                          "Cloud.Prove",   "Config.Confirm"};
    static const board_fault_t modes[] = {BOARD_SILENT_AFTER, BOARD_REFUSE, BOARD_REBOOT_BEFORE,
                                          BOARD_REBOOT_AFTER, BOARD_KILL};
    for (size_t i = 0; i < COUNT(methods); i++) {
        for (size_t m = i % 2; m < COUNT(modes); m += 2) {
            scene_t *s = set_up_scene();
            s->board.fault_method = methods[i];
            s->board.fault = modes[m];
            s->board.fault_skip = (int)m % 2;
            s->board.fault_count = 1;
            (void)run_and_recover(s);
        }
    }
}

// --- the tool's computer dies, and nobody comes: the board alone

static bool is_connected(scene_t *s)
{
    look_for_darkness(s);
    return n_dark == 0;
}

// After each call that changes the board, in turn: the tool is gone, then the power fails. The
// board has one of the two certificates, and that one gets in.
static void killed_then_power_fails_leaves_a_board_that_connects(void **state)
{
    (void)state;
    static const struct {
        const char *method;
        int skip; // calls before the one that is meant
        int certs;
        bool is_confirmed;
    } cases[] = {
        {"Identity.GenKey", 0, 1, false}, // first, since slot 0 makes no other key
        {"Identity.Csr", 0, 1, false},    {"Config.Set", 0, 2, false},
        {"Config.Set", 1, 2, false},      {"Config.Save", 0, 2, false},
        {"Sys.GetInfo", 1, 2, false},     {"Cloud.Status", 1, 2, false},
        {"Cloud.Prove", 0, 2, false},     {"Config.Confirm", 0, 2, true},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        scene_t *s = set_up_scene();
        char before[40];
        snprintf(before, sizeof before, "%s", key_in_use(s));
        s->board.fault_method = cases[i].method;
        s->board.fault = BOARD_KILL;
        s->board.fault_skip = cases[i].skip;
        s->board.fault_count = 1;
        assert_true(rotate(s, NULL) >= 128);
        fake_board_calm(&s->board);
        fake_board_power_cycle(&s->board);
        assert_true(is_connected(s));
        assert_int_equal(strcmp(key_in_use(s), before) != 0, cases[i].is_confirmed);
        if (fake_cloud_live_certs(&s->cloud) != cases[i].certs) {
            print_message("%s, call %d\n", cases[i].method, cases[i].skip + 1);
        }
        assert_int_equal(fake_cloud_live_certs(&s->cloud), cases[i].certs);
        rotate_ok(s);
        fake_cloud_calm(&s->cloud);
    }
}

// The board is in its trial, with a certificate that does not get in, when the tool dies.
static void killed_with_a_dead_certificate_leaves_the_old_one(void **state)
{
    scene_t *s = *state;
    s->board.is_second_deaf = true;
    s->board.fault_method = "Cloud.Status";
    s->board.fault = BOARD_KILL;
    s->board.fault_skip = 1; // the first one is of the look
    s->board.fault_count = 1;
    assert_true(rotate(s, NULL) >= 128);
    assert_string_equal(key_in_use(s), "atca:1");
    fake_board_calm(&s->board);
    fake_board_power_cycle(&s->board); // its own restart: test_trial
    assert_string_equal(key_in_use(s), "atca:0");
    assert_string_equal(s->cloud.certs[0].status, "ACTIVE");
    s->board.is_second_deaf = false;
    rotate_ok(s);
    assert_string_equal(key_in_use(s), "atca:1");
}

// It restarts between proof and confirmation: nothing is retired, and the next run goes on.
static void restart_before_the_confirmation_retires_nothing(void **state)
{
    scene_t *s = *state;
    s->board.fault_method = "Config.Confirm";
    s->board.fault = BOARD_REBOOT_BEFORE;
    s->board.fault_count = 1;
    assert_int_equal(rotate(s, NULL), LP_EXIT_BOARD);
    assert_non_null(strstr(s->err, "error[trial-over]"));
    assert_string_equal(key_in_use(s), "atca:0");
    assert_string_equal(s->cloud.certs[0].status, "ACTIVE");
    fake_board_calm(&s->board);
    rotate_ok(s);
    assert_string_equal(key_in_use(s), "atca:1");
}

static void lost_answer_of_the_confirmation_is_no_failure(void **state)
{
    scene_t *s = *state;
    static const board_fault_t modes[] = {BOARD_SILENT_AFTER, BOARD_REBOOT_AFTER, BOARD_DAMAGED,
                                          BOARD_SILENT_BEFORE};
    for (size_t i = 0; i < COUNT(modes); i++) {
        s->board.fault_method = "Config.Confirm";
        s->board.fault = modes[i];
        s->board.fault_count = 1;
        rotate_ok(s);
        fake_cloud_calm(&s->cloud);
    }
}

// Its flash is worn: what was proven is not what the next start has, so the old one must stay.
static void refused_confirmation_retires_nothing(void **state)
{
    scene_t *s = *state;
    s->board.is_worn = true;
    assert_int_equal(rotate(s, NULL), LP_EXIT_BOARD);
    assert_string_equal(s->cloud.certs[0].status, "ACTIVE");
    s->board.is_worn = false;
    fake_board_power_cycle(&s->board);
    assert_true(is_connected(s));
    assert_string_equal(key_in_use(s), "atca:0");
    rotate_ok(s);
}

static void small_board_is_moved_without_a_trial_and_says_so(void **state)
{
    scene_t *s = *state;
    s->board.is_small = true;
    rotate_ok(s);
    assert_non_null(strstr(s->err, "does not go back by itself"));
    assert_string_equal(key_in_use(s), "atca:1");
}

// A run that stopped with the new settings only set, not saved, and the old connection still there:
// that connection proves nothing.
static void settings_that_were_only_set_are_no_proof(void **state)
{
    scene_t *s = *state;
    s->board.fault_method = "Config.Set";
    s->board.fault = BOARD_KILL;
    s->board.fault_skip = 1;
    s->board.fault_count = 1;
    assert_true(rotate(s, NULL) >= 128);
    fake_board_calm(&s->board);
    int n = s->board.boots;
    rotate_ok(s);
    assert_true(s->board.boots > n);
    fake_board_power_cycle(&s->board);
    assert_string_equal(key_in_use(s), "atca:1");
}

#define ROTATE_TEST(f) cmocka_unit_test_setup_teardown(f, open_for_test, close_for_test)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rotate_other_key_knows_the_pairs),
        ROTATE_TEST(rotate_moves_to_the_other_slot_and_back),
        ROTATE_TEST(rotate_then_setup_has_nothing_to_do),
        ROTATE_TEST(rotate_keeps_the_policy_of_the_user),
        ROTATE_TEST(rotate_with_dry_run_changes_nothing),
        ROTATE_TEST(rotate_goes_back_when_the_new_one_does_not_connect),
        ROTATE_TEST(rotate_refuses_a_board_that_is_not_connected),
        cmocka_unit_test(rotate_needs_a_setup),
        ROTATE_TEST(rotate_finds_a_stopped_one_without_its_record),
        ROTATE_TEST(remove_in_the_middle_leaves_nothing),
        cmocka_unit_test(rotate_of_a_software_key_uses_another_file),
        cmocka_unit_test_teardown(cloud_faults_once, close_faulty),
        cmocka_unit_test_teardown(cloud_faults_for_ever, close_faulty),
        cmocka_unit_test_teardown(killed_at_each_cloud_call, close_faulty),
        cmocka_unit_test_teardown(board_faults, close_faulty),
        cmocka_unit_test_teardown(killed_then_power_fails_leaves_a_board_that_connects,
                                  close_faulty),
        ROTATE_TEST(killed_with_a_dead_certificate_leaves_the_old_one),
        ROTATE_TEST(restart_before_the_confirmation_retires_nothing),
        ROTATE_TEST(lost_answer_of_the_confirmation_is_no_failure),
        ROTATE_TEST(refused_confirmation_retires_nothing),
        ROTATE_TEST(small_board_is_moved_without_a_trial_and_says_so),
        ROTATE_TEST(settings_that_were_only_set_are_no_proof),
    };
    return run_part(tests, COUNT(tests), argc > 1 ? argv[1] : NULL);
}
