// SPDX-License-Identifier: Apache-2.0
// What is checked rather than believed, and the record of a setup on disk.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <cjson/cJSON.h>

#include "check.h"
#include "journal.h"
#include "observe.h"
#include "scene.h"
#include "text.h"

// openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj /CN=lp-1
static const char csr[] = "-----BEGIN CERTIFICATE REQUEST-----\n"
                          "MIHJMHECAQAwDzENMAsGA1UEAwwEbHAtMTBZMBMGByqGSM49AgEGCCqGSM49AwEH\n"
                          "A0IABCDIUt4RgNYxyMZlbwm9AioRPdGaly3rRAgii5B0GFFMy3tWaiPcme5IMcUZ\n"
                          "Fe4cj5qBKM/ALeQ43XtnV7JO0NygADAKBggqhkjOPQQDAgNIADBFAiEA4svoNGeV\n"
                          "4sfaWJ3cbuvHX7fNnGhEHuNSAY4r6vJsFYQCIHiKXuw+Y12rK199z3t7j0/uthC2\n"
                          "wKDiRw8LDh6QXfgy\n"
                          "-----END CERTIFICATE REQUEST-----\n";

static void check_csr_with_any_flipped_byte_is_refused(void **state)
{
    (void)state;
    lp_check_t check;
    char why[80];
    assert_true(lp_check_csr(csr, &check, why, sizeof why));
    assert_int_equal(strlen(check.public_key), LP_CHECK_KEY_HEX);
    assert_string_equal(check.common_name, "lp-1");
    char copy[sizeof csr];
    size_t begin = strlen("-----BEGIN CERTIFICATE REQUEST-----\n");
    size_t end = sizeof csr - 1 - strlen("-----END CERTIFICATE REQUEST-----\n") - 4;
    for (size_t i = begin; i < end; i++) {
        memcpy(copy, csr, sizeof csr);
        if (copy[i] == '\n' || copy[i] == '=') {
            continue;
        }
        copy[i] = copy[i] == 'A' ? 'B' : 'A';
        assert_false(lp_check_csr(copy, &check, why, sizeof why));
        assert_true(why[0] != '\0');
    }
    assert_false(lp_check_csr("", &check, why, sizeof why));
}

static void check_roots_are_copied_without_their_comments(void **state)
{
    (void)state;
    char out[4096];
    char why[80];
    size_t n = 99;
    assert_false(lp_check_roots("no certificate here", out, sizeof out, &n, why, sizeof why));
    assert_false(lp_check_cert("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                               &(lp_check_t){.id = ""}, why, sizeof why));
    assert_int_equal(n, 99);
}

static void check_chip_crc_has_the_data_sheets_answers(void **state)
{
    (void)state;
    // The last two bytes of a reply are the CRC of what is before: wake, success, self-test
    // failure.
    static const uint8_t replies[][4] = {{0x04, 0x11, 0x33, 0x43}, {0x04, 0x00, 0x03, 0x40}};
    for (size_t i = 0; i < 2; i++) {
        uint16_t crc = lp_check_chip_crc(replies[i], 2);
        assert_int_equal(crc & 0xFF, replies[i][2]);
        assert_int_equal(crc >> 8, replies[i][3]);
    }
}

static void policy_document_is_least_privilege(void **state)
{
    (void)state;
    char *text = lp_setup_policy_document("arn:aws:iot:eu-central-1:123456789012:cert/abc");
    assert_non_null(text);
    cJSON *tree = cJSON_Parse(text);
    const cJSON *statement = NULL;
    int n = 0;
    cJSON_ArrayForEach(statement, cJSON_GetObjectItem(tree, "Statement"))
    {
        const cJSON *resource = NULL;
        const cJSON *action = NULL;
        cJSON_ArrayForEach(action, cJSON_GetObjectItem(statement, "Action"))
        {
            assert_null(strchr(action->valuestring, '*'));
        }
        cJSON_ArrayForEach(resource, cJSON_GetObjectItem(statement, "Resource"))
        {
            const char *r = resource->valuestring;
            assert_int_equal(strncmp(r, "arn:aws:iot:eu-central-1:123456789012:", 38), 0);
            // A wildcard only at the end, and only behind the device's own name.
            const char *star = strchr(r, '*');
            assert_true(star == NULL || star[1] == '\0');
            assert_non_null(strstr(r, "${iot:Connection.Thing.ThingName}"));
            n++;
        }
    }
    assert_int_equal(n, 6);
    cJSON_Delete(tree);
    assert_true(strlen(text) < 2048); // the quota for a document
    free(text);
    assert_null(lp_setup_policy_document("not an arn"));
}

// --- the journal

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    SET_TEXT(folder, "/tmp/limpet-test-XXXXXX");
    return mkdtemp(folder) != NULL ? setenv("XDG_STATE_HOME", folder, 1) : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    scene_remove(folder);
    return 0;
}

static void journal_comes_back_as_it_was(void **state)
{
    (void)state;
    lp_journal_t j;
    lp_fault_t f;
    assert_int_equal(lp_journal_open("lp-1", "https://a", &j, &f), LP_EXIT_OK);
    assert_string_equal(j.cert_id, "");
    SET_TEXT(j.cert_id, "abc");
    SET_TEXT(j.public_key, "def");
    j.is_cert_asked = j.is_double_possible = j.made_thing = true;
    j.asked_utc_s = 1234567890;
    assert_int_equal(lp_journal_save(&j, &f), LP_EXIT_OK);
    lp_journal_t again;
    assert_int_equal(lp_journal_open("lp-1", "https://a", &again, &f), LP_EXIT_OK);
    assert_memory_equal(&again, &j, sizeof j);
    struct stat st;
    assert_int_equal(stat(j.path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(lp_journal_open("lp-1", "https://another-cloud", &again, &f), LP_EXIT_OK);
    assert_string_equal(again.cert_id, "");
    lp_journal_remove(&j);
    assert_int_not_equal(stat(j.path, &st), 0);
}

static void journal_that_is_damaged_is_an_empty_one(void **state)
{
    (void)state;
    lp_journal_t j;
    lp_fault_t f;
    assert_int_equal(lp_journal_open("lp-1", "https://a", &j, &f), LP_EXIT_OK);
    assert_int_equal(lp_journal_save(&j, &f), LP_EXIT_OK);
    static const char *const texts[] = {"", "{", "[]", "{\"endpoint\":1}",
                                        "{\"endpoint\":\"https://a\",\"cert_id\":7}"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        FILE *file = fopen(j.path, "w");
        assert_non_null(file);
        fputs(texts[i], file);
        fclose(file);
        assert_int_equal(lp_journal_open("lp-1", "https://a", &j, &f), LP_EXIT_OK);
        assert_string_equal(j.cert_id, "");
    }
}

static void journal_names_cannot_leave_its_folder(void **state)
{
    (void)state;
    lp_journal_t j;
    lp_fault_t f;
    assert_int_equal(lp_journal_open("../../etc/x", "https://a", &j, &f), LP_EXIT_OK);
    assert_null(strstr(j.path, ".."));
    assert_int_equal(strncmp(j.path, folder, strlen(folder)), 0);
}

static void journal_without_a_place_is_an_error_before_anything(void **state)
{
    (void)state;
    lp_journal_t j;
    lp_fault_t f;
    char path[200];
    snprintf(path, sizeof path, "%s/limpet", folder);
    FILE *file = fopen(path, "w"); // a file where a folder must be
    assert_non_null(file);
    fclose(file);
    assert_int_equal(lp_journal_open("lp-1", "https://a", &j, &f), LP_EXIT_OK);
    assert_int_equal(lp_journal_save(&j, &f), LP_EXIT_LOCAL);
    assert_string_equal(f.code, "journal");
    unsetenv("XDG_STATE_HOME");
    unsetenv("HOME");
    assert_int_equal(lp_journal_open("lp-1", "https://a", &j, &f), LP_EXIT_LOCAL);
}

int main(void)
{
#define FOLDER_TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_csr_with_any_flipped_byte_is_refused),
        cmocka_unit_test(check_roots_are_copied_without_their_comments),
        cmocka_unit_test(check_chip_crc_has_the_data_sheets_answers),
        cmocka_unit_test(policy_document_is_least_privilege),
        FOLDER_TEST(journal_comes_back_as_it_was),
        FOLDER_TEST(journal_that_is_damaged_is_an_empty_one),
        FOLDER_TEST(journal_names_cannot_leave_its_folder),
        FOLDER_TEST(journal_without_a_place_is_an_error_before_anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
