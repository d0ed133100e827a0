// SPDX-License-Identifier: Apache-2.0
// aws-iot-setup from the outside: the real binary between a fake board and a fake cloud. Judged by
// what the models have.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "limpet/ui.h"
#include "scene_assert.h"
#include "text.h"

static void setup_bare_board_is_proven(void **state)
{
    scene_t *s = *state;
    scene_setup_ok(s);
    scene_assert_set_up(s);
    assert_int_equal(s->board.n_lock_config, 1);
    assert_int_equal(s->board.n_lock_data, 1);
    assert_int_equal(s->board.n_bind, 1);
    assert_int_equal(s->board.n_genkey, 1);
    assert_int_equal(s->board.n_prove, 1);
    assert_non_null(strstr(s->err, "0123 D4C0 FFEE 5A17 EE"));
    assert_non_null(strstr(s->err, "Done."));
    assert_null(strstr(s->err, fake_secret));
}

static void setup_second_run_changes_nothing(void **state)
{
    scene_t *s = *state;
    scene_setup_ok(s);
    fake_cloud_calm(&s->cloud);
    int saves = s->board.n_save;
    scene_setup_ok(s);
    assert_non_null(strstr(s->err, "Nothing to do: lp-00fa4e is set up and connected"));
    assert_int_equal(s->cloud.n_changes, 0);
    assert_int_equal(s->board.n_save, saves);
    assert_int_equal(s->board.n_prove, 1);
    scene_assert_set_up(s);
}

static void setup_dry_run_changes_nothing(void **state)
{
    scene_t *s = *state;
    assert_int_equal(scene_setup(s, "--dry-run", NULL, NULL), 0);
    assert_non_null(strstr(s->out, "lock the chip's configuration and data zones"));
    assert_non_null(strstr(s->out, "cannot be undone"));
    assert_int_equal(s->cloud.n_changes, 0);
    assert_int_equal(s->board.n_configure + s->board.n_genkey + s->board.n_save, 0);
}

static void setup_without_consent_changes_nothing(void **state)
{
    scene_t *s = *state;
    const char *args[] = {"aws-iot-setup", "--port", s->link, NULL};
    assert_int_equal(scene_run(s, args), LP_EXIT_DECLINED);
    assert_non_null(strstr(s->err, "error[not-confirmed]"));
    assert_int_equal(s->cloud.n_changes, 0);
    assert_int_equal(s->board.n_configure + s->board.n_genkey + s->board.n_save, 0);
}

static void setup_json_is_json(void **state)
{
    scene_t *s = *state;
    assert_int_equal(scene_setup(s, "--json", NULL, NULL), 0);
    assert_string_equal(s->err, "");
    int n_lines = 0;
    bool is_done = false;
    for (char *save = NULL, *line = strtok_r(s->out, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save)) {
        cJSON *tree = cJSON_Parse(line);
        assert_true(cJSON_IsObject(tree));
        const cJSON *event = cJSON_GetObjectItem(tree, "event");
        is_done = cJSON_IsString(event) && strcmp(event->valuestring, "done") == 0;
        cJSON_Delete(tree);
        n_lines++;
    }
    assert_true(is_done && n_lines >= 12);
}

// --- one thing is wrong, one thing is repaired

static fake_cert_t *first_cert(scene_t *s)
{
    return &s->cloud.certs[0];
}

static void repair(scene_t *s, int n_changes)
{
    fake_cloud_calm(&s->cloud);
    int keys = s->board.n_genkey;
    scene_setup_ok(s);
    scene_assert_set_up(s);
    assert_int_equal(s->cloud.n_changes, n_changes);
    assert_int_equal(s->board.n_genkey, keys);
}

static void setup_inactive_certificate_is_activated(void **state)
{
    scene_t *s = *state;
    scene_setup_ok(s);
    SET_TEXT(first_cert(s)->status, "INACTIVE");
    repair(s, 1);
    assert_non_null(strstr(s->err, "set the certificate ACTIVE again"));
}

static void setup_detached_policy_is_attached(void **state)
{
    scene_t *s = *state;
    scene_setup_ok(s);
    first_cert(s)->has_policy = false;
    repair(s, 1);
}

static void setup_missing_thing_is_made(void **state)
{
    scene_t *s = *state;
    scene_setup_ok(s);
    s->cloud.has_thing = false;
    first_cert(s)->has_thing = false;
    repair(s, 2);
}

static void setup_missing_policy_is_made(void **state)
{
    scene_t *s = *state;
    scene_setup_ok(s);
    s->cloud.has_policy = false;
    first_cert(s)->has_policy = false;
    repair(s, 2);
}

static void setup_moved_broker_is_configured(void **state)
{
    scene_t *s = *state;
    scene_setup_ok(s);
    SET_TEXT(s->cloud.broker, "elsewhere.example:8883");
    repair(s, 0);
    assert_string_equal(fake_board_setting(&s->board, "cloud", "server"), "elsewhere.example:8883");
}

static void setup_lost_settings_are_restored_without_a_new_certificate(void **state)
{
    scene_t *s = *state;
    scene_setup_ok(s);
    cJSON_DeleteItemFromObject(s->board.saved, "identity");
    cJSON_DeleteItemFromObject(s->board.staged, "identity");
    repair(s, 0);
}

static void setup_revoked_certificate_stays_revoked(void **state)
{
    scene_t *s = *state;
    scene_setup_ok(s);
    SET_TEXT(first_cert(s)->status, "REVOKED");
    fake_cloud_calm(&s->cloud);
    int rc = scene_setup(s, NULL, NULL, NULL);
    scene_assert_tidy_failure(s, rc);
    assert_int_equal(rc, LP_EXIT_CONFLICT);
    assert_int_equal(s->cloud.n_changes, 0);
    assert_int_equal(scene_setup(s, "--new-certificate", NULL, NULL), 0);
    assert_int_equal(fake_cloud_live_certs(&s->cloud), 2);
    assert_string_equal(first_cert(s)->status, "REVOKED");
}

// A run that died with its settings set and not saved. Neither the connection with the old ones
// that still stands is a proof of them, nor is one that the board made with them meanwhile: a
// restart has other ones.
static void setup_settings_that_were_only_set_are_saved(void **state)
{
    scene_t *s = *state;
    for (int is_on_set = 0; is_on_set < 2; is_on_set++) {
        scene_setup_ok(s);
        fake_board_calm(&s->board);
        cJSON_DeleteItemFromObject(s->board.saved, "identity");
        cJSON_DeleteItemFromObject(s->board.staged, "identity");
        s->board.fault_method = "Config.Set";
        s->board.fault = BOARD_KILL;
        s->board.fault_skip = 1;
        s->board.fault_count = 1;
        assert_true(scene_setup(s, NULL, NULL, NULL) >= 128);
        fake_board_calm(&s->board);
        s->board.is_on_set = is_on_set != 0;
        scene_setup_ok(s);
        s->board.is_on_set = false;
        fake_board_power_cycle(&s->board);
        scene_assert_set_up(s);
    }
}

static int remove_it(scene_t *s, const char *a)
{
    const char *args[] = {"aws-iot-remove", "--port", s->link, a, NULL};
    return scene_run(s, args);
}

static void remove_undoes_the_setup_and_setup_does_it_again(void **state)
{
    scene_t *s = *state;
    scene_setup_ok(s);
    fake_cloud_calm(&s->cloud);
    assert_int_equal(remove_it(s, "--dry-run"), 0);
    assert_int_equal(remove_it(s, NULL), LP_EXIT_DECLINED);
    assert_int_equal(s->cloud.n_changes, 0);
    assert_int_equal(remove_it(s, "--yes"), 0);
    assert_int_equal(fake_cloud_live_certs(&s->cloud), 0);
    assert_false(s->cloud.has_thing);
    assert_true(s->cloud.has_policy);
    assert_string_equal(fake_board_setting(&s->board, "identity", "cert"), "");
    assert_int_equal(remove_it(s, "--yes"), 0);
    assert_non_null(strstr(s->err, "Nothing to do"));
    scene_setup_ok(s);
    scene_assert_set_up(s);
    assert_int_equal(s->board.n_genkey, 1);
}

static void remove_that_failed_is_finished_by_the_next(void **state)
{
    scene_t *s = *state;
    static const char *const calls[] = {"DetachPolicy", "DetachThingPrincipal", "UpdateCertificate",
                                        "DeleteCertificate", "DeleteThing"};
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        scene_setup_ok(s);
        s->cloud.fault_action = calls[i];
        s->cloud.fault = FAULT_500_AFTER;
        s->cloud.fault_count = -1;
        (void)remove_it(s, "--yes");
        fake_cloud_calm(&s->cloud);
        assert_int_equal(remove_it(s, "--yes"), 0);
        assert_int_equal(fake_cloud_live_certs(&s->cloud), 0);
        assert_false(s->cloud.has_thing);
    }
}

// The answer for the new certificate is lost: the revoked one, of the same key and as young, must
// not be taken for it, nor removed as a double.
static void setup_lost_answer_never_touches_a_revoked_certificate(void **state)
{
    scene_t *s = *state;
    scene_setup_ok(s);
    SET_TEXT(first_cert(s)->status, "REVOKED");
    fake_cloud_calm(&s->cloud);
    s->cloud.fault_action = "CreateCertificateFromCsr";
    s->cloud.fault = FAULT_RESET_AFTER;
    s->cloud.fault_count = 1;
    s->cloud.list_lag_calls = 3;
    assert_int_equal(scene_setup(s, "--new-certificate", NULL, NULL), 0);
    scene_setup_ok(s);
    assert_string_equal(first_cert(s)->status, "REVOKED");
    assert_false(first_cert(s)->is_deleted);
    assert_int_equal(fake_cloud_live_certs(&s->cloud), 2);
}

static void setup_deleted_certificate_is_replaced(void **state)
{
    scene_t *s = *state;
    scene_setup_ok(s);
    first_cert(s)->is_deleted = true;
    repair(s, 3);
}

static void setup_foreign_policy_is_left_alone(void **state)
{
    scene_t *s = *state;
    s->cloud.has_policy = true;
    SET_TEXT(s->cloud.policy, "limpet-device");
    SET_TEXT(s->cloud.policy_document, "{\"Version\":\"2012-10-17\",\"Statement\":[]}");
    int rc = scene_setup(s, NULL, NULL, NULL);
    scene_assert_tidy_failure(s, rc);
    assert_int_equal(rc, LP_EXIT_CONFLICT);
    assert_int_equal(s->cloud.n_changes, 0);
    assert_int_equal(s->board.n_configure, 0);
    assert_int_equal(scene_setup(s, "--policy-name", "limpet-device", "--dry-run"), 0);
    assert_null(strstr(s->err, "every device with it"));
    SET_TEXT(s->cloud.policy_document, "{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"iot:*\","
                                       "\"Resource\":\"*\"}]}");
    assert_int_equal(scene_setup(s, "--policy-name", "limpet-device", NULL), 0);
    assert_non_null(strstr(s->err, "allows iot:* on *: every device with it"));
}

// --- chips

static void expect_chip_fault(scene_t *s, const char *code)
{
    int rc = scene_setup(s, "--require-chip", NULL, NULL);
    scene_assert_tidy_failure(s, rc);
    assert_int_equal(rc, LP_EXIT_CHIP);
    assert_non_null(strstr(s->err, code));
    assert_int_equal(s->cloud.n_changes, 0);
    assert_int_equal(s->board.n_configure + s->board.n_genkey + s->board.n_save, 0);
}

static void setup_foreign_chip_is_refused(void **state)
{
    scene_t *s = *state;
    s->board.is_preset = s->board.is_config_locked = s->board.is_data_locked = true;
    expect_chip_fault(s, "error[chip-foreign]");
    assert_non_null(strstr(s->err, "slot 0 may be written in the clear"));
}

// The fake board's chip has no certificate to give: said so, and nothing is made instead.
static void setup_trustngo_chip_without_certificate_is_named(void **state)
{
    scene_t *s = *state;
    s->board.is_preset = s->board.is_config_locked = s->board.is_data_locked = true;
    s->board.key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    SET_TEXT(s->board.variant, "trustngo");
    expect_chip_fault(s, "error[chip-certificate]");
}

static void setup_with_a_slot_of_a_foreign_chip_is_remembered(void **state)
{
    scene_t *s = *state;
    s->board.is_preset = s->board.is_config_locked = s->board.is_data_locked = true;
    assert_int_equal(scene_setup(s, "--use-slot", "2", NULL), LP_EXIT_CHIP);
    assert_non_null(strstr(s->err, "error[slot-no-key]"));
    s->board.key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    assert_int_equal(scene_setup(s, "--use-slot", "2", NULL), 0);
    scene_assert_set_up(s);
    assert_string_equal(fake_board_setting(&s->board, "identity", "key"), "atca:2");
    scene_setup_ok(s); // without the flag
    assert_non_null(strstr(s->err, "Nothing to do"));
    assert_int_equal(s->board.n_configure + s->board.n_genkey, 0);
}

static void setup_stuck_bus_is_named(void **state)
{
    scene_t *s = *state;
    s->board.has_chip = false;
    SET_TEXT(s->board.lines, "SDA low, SCL high");
    expect_chip_fault(s, "error[chip-bus-stuck]");
}

static void setup_required_chip_is_missed(void **state)
{
    scene_t *s = *state;
    s->board.has_chip = false;
    expect_chip_fault(s, "error[chip-no-ack]");
}

static void setup_without_chip_warns_of_the_software_key(void **state)
{
    scene_t *s = *state;
    s->board.has_chip = false;
    scene_setup_ok(s);
    scene_assert_set_up(s);
    assert_non_null(strstr(s->err, "software key"));
    assert_string_equal(fake_board_setting(&s->board, "identity", "key"), "file:key.pem");
}

static void setup_chip_taken_off_is_no_reason_for_another_key(void **state)
{
    scene_t *s = *state;
    scene_setup_ok(s);
    s->board.has_chip = false;
    fake_cloud_calm(&s->cloud);
    int rc = scene_setup(s, NULL, NULL, NULL);
    scene_assert_tidy_failure(s, rc);
    assert_int_equal(rc, LP_EXIT_CHIP);
    assert_non_null(strstr(s->err, "error[chip-missing]"));
    assert_int_equal(s->cloud.n_changes, 0);
    assert_int_equal(s->board.n_genkey, 1);
}

// The settings are there and the key is not: that is no worn flash.
static void setup_chip_that_comes_off_at_the_restart_is_said(void **state)
{
    scene_t *s = *state;
    s->board.chipless_boot = s->board.boots + 1;
    int rc = scene_setup(s, NULL, NULL, NULL);
    assert_int_equal(rc, LP_EXIT_CHIP);
    assert_non_null(strstr(s->err, "error[chip-missing]: the chip was there before"));
    s->board.has_chip = true;
    scene_setup_ok(s);
    scene_assert_set_up(s);
}

static void setup_bus_key_can_be_left_out_and_made_later(void **state)
{
    scene_t *s = *state;
    assert_int_equal(scene_setup(s, "--no-bus-key", NULL, NULL), 0);
    assert_int_equal(s->board.n_bind, 0);
    assert_int_equal(scene_setup(s, "--no-bus-key", NULL, NULL), 0);
    assert_non_null(strstr(s->err, "Nothing to do"));
    int certs = s->board.n_genkey;
    scene_setup_ok(s);
    assert_int_equal(s->board.n_bind, 1);
    assert_int_equal(s->board.n_genkey, certs);
    scene_assert_set_up(s);
}

static void setup_board_without_the_service_stays_in_clear(void **state)
{
    scene_t *s = *state;
    s->board.has_bus_service = false;
    scene_setup_ok(s);
    assert_int_equal(s->board.n_bind, 0);
    scene_assert_set_up(s);
}

static void setup_bus_key_is_not_believed_without_the_proof(void **state)
{
    scene_t *s = *state;
    s->board.does_not_prove = true;
    int rc = scene_setup(s, NULL, NULL, NULL);
    assert_int_equal(rc, LP_EXIT_CHIP);
    assert_non_null(strstr(s->err, "chip-bind"));
    assert_int_equal(s->board.n_genkey, 0);
    s->board.does_not_prove = false;
    scene_setup_ok(s);
    scene_assert_set_up(s);
}

static void setup_wrong_read_back_is_never_locked(void **state)
{
    scene_t *s = *state;
    s->board.lies_about_read_back = true;
    int rc = scene_setup(s, NULL, NULL, NULL);
    scene_assert_tidy_failure(s, rc);
    assert_int_equal(rc, LP_EXIT_CHIP);
    assert_int_equal(s->board.n_lock_config + s->board.n_lock_data, 0);
    s->board.lies_about_read_back = false;
    scene_setup_ok(s);
    scene_assert_set_up(s);
}

// --- what is not believed

static void setup_request_for_another_key_is_noticed(void **state)
{
    scene_t *s = *state;
    s->board.signs_wrongly = true;
    int rc = scene_setup(s, NULL, NULL, NULL);
    scene_assert_tidy_failure(s, rc);
    assert_int_equal(rc, LP_EXIT_BOARD);
    assert_non_null(strstr(s->err, "error[csr-check]"));
    assert_int_equal(s->cloud.n_changes, 0);
}

static void setup_certificate_for_another_key_is_noticed(void **state)
{
    scene_t *s = *state;
    s->cloud.is_rsa = true;
    int rc = scene_setup(s, NULL, NULL, NULL);
    scene_assert_tidy_failure(s, rc);
    assert_int_equal(rc, LP_EXIT_CLOUD);
    assert_int_equal(s->board.n_save, 0);
}

static void setup_message_that_never_arrived_is_noticed(void **state)
{
    scene_t *s = *state;
    s->board.ignores_proof = true;
    SET_TEXT(s->cloud.retained_topic, "limpet/lp-00fa4e/proof");
    SET_TEXT(s->cloud.retained,
             "{\"nonce\":\"00112233445566778899aabbccddeeff\",\"cert_id\":\"x\"}");
    int rc = scene_setup(s, NULL, NULL, NULL);
    scene_assert_tidy_failure(s, rc);
    assert_int_equal(rc, LP_EXIT_UNPROVEN);
    s->board.ignores_proof = false;
    s->board.is_offline = true;
    rc = scene_setup(s, NULL, NULL, NULL);
    assert_int_equal(rc, LP_EXIT_UNPROVEN);
    s->board.is_offline = false;
}

int main(void)
{
#define SCENE_TEST(name)                                                                           \
    cmocka_unit_test_setup_teardown(name, scene_open_for_test, scene_close_for_test)
    const struct CMUnitTest tests[] = {
        SCENE_TEST(setup_bare_board_is_proven),
        SCENE_TEST(setup_second_run_changes_nothing),
        SCENE_TEST(setup_dry_run_changes_nothing),
        SCENE_TEST(setup_without_consent_changes_nothing),
        SCENE_TEST(setup_json_is_json),
        SCENE_TEST(setup_inactive_certificate_is_activated),
        SCENE_TEST(setup_detached_policy_is_attached),
        SCENE_TEST(setup_missing_thing_is_made),
        SCENE_TEST(setup_missing_policy_is_made),
        SCENE_TEST(setup_moved_broker_is_configured),
        SCENE_TEST(setup_lost_settings_are_restored_without_a_new_certificate),
        SCENE_TEST(setup_revoked_certificate_stays_revoked),
        SCENE_TEST(setup_settings_that_were_only_set_are_saved),
        SCENE_TEST(remove_undoes_the_setup_and_setup_does_it_again),
        SCENE_TEST(remove_that_failed_is_finished_by_the_next),
        SCENE_TEST(setup_lost_answer_never_touches_a_revoked_certificate),
        SCENE_TEST(setup_deleted_certificate_is_replaced),
        SCENE_TEST(setup_foreign_policy_is_left_alone),
        SCENE_TEST(setup_foreign_chip_is_refused),
        SCENE_TEST(setup_with_a_slot_of_a_foreign_chip_is_remembered),
        SCENE_TEST(setup_trustngo_chip_without_certificate_is_named),
        SCENE_TEST(setup_stuck_bus_is_named),
        SCENE_TEST(setup_required_chip_is_missed),
        SCENE_TEST(setup_without_chip_warns_of_the_software_key),
        SCENE_TEST(setup_chip_taken_off_is_no_reason_for_another_key),
        SCENE_TEST(setup_chip_that_comes_off_at_the_restart_is_said),
        SCENE_TEST(setup_bus_key_can_be_left_out_and_made_later),
        SCENE_TEST(setup_board_without_the_service_stays_in_clear),
        SCENE_TEST(setup_bus_key_is_not_believed_without_the_proof),
        SCENE_TEST(setup_wrong_read_back_is_never_locked),
        SCENE_TEST(setup_request_for_another_key_is_noticed),
        SCENE_TEST(setup_certificate_for_another_key_is_noticed),
        SCENE_TEST(setup_message_that_never_arrived_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
