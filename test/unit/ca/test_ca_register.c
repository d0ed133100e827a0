// SPDX-License-Identifier: Apache-2.0
// The register: what a power cut, a full disk or a hand in the file does to it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unistd.h>

#include <cmocka.h>

#include "ca_fixture.h"

static size_t count(ca_fixture_t *x)
{
    size_t n = 0;
    (void)lp_ca_records(x->ca, &n);
    return n;
}

static lp_exit_t open_again(ca_fixture_t *x)
{
    lp_ca_close(x->ca);
    x->ca = NULL;
    return lp_ca_open(x->dir, &x->ca, &x->f);
}

static void register_remembers(void **state)
{
    ca_fixture_t *x = *state;
    size_t n = 0;
    lp_ca_record_t r = ca_issue(x, LP_CA_DEVICE, "lp-1");
    char serial[LP_CA_SERIAL_HEX + 1];
    snprintf(serial, sizeof serial, "%s", r.serial);
    (void)ca_issue(x, LP_CA_CLIENT, "dash");
    assert_int_equal(lp_ca_revoke(x->ca, serial, "superseded", &x->f), LP_EXIT_OK);
    ca_reopen(x);
    const lp_ca_record_t *records = lp_ca_records(x->ca, &n);
    assert_int_equal(n, 2);
    assert_string_equal(records[0].name, "lp-1");
    assert_string_equal(records[0].reason, "superseded");
    assert_true(records[0].revoked_s > 0);
    assert_int_equal(strlen(records[0].public_key), 128);
    assert_int_equal(records[1].kind, LP_CA_CLIENT);
    assert_int_equal(records[1].revoked_s, 0);
}

// Cut at every length: the whole lines count, the torn one is dropped and the next one follows.
static void register_cut_anywhere_keeps_its_whole_lines(void **state)
{
    ca_fixture_t *x = *state;
    char path[300];
    (void)ca_issue(x, LP_CA_DEVICE, "lp-1");
    char *whole = ca_read(x, "ca/issued.log");
    size_t first = strlen(whole);
    free(whole);
    (void)ca_issue(x, LP_CA_DEVICE, "lp-2");
    whole = ca_read(x, "ca/issued.log");
    snprintf(path, sizeof path, "%s/issued.log", x->dir);
    for (size_t cut = first; cut < strlen(whole); cut += 37) {
        ca_write(x, "ca/issued.log", whole);
        assert_int_equal(truncate(path, (off_t)cut), 0);
        ca_reopen(x);
        assert_int_equal(count(x), 1);
        (void)ca_issue(x, LP_CA_DEVICE, "lp-3");
        ca_reopen(x);
        assert_int_equal(count(x), 2);
    }
    free(whole);
}

static void register_with_any_changed_byte_is_refused(void **state)
{
    ca_fixture_t *x = *state;
    (void)ca_issue(x, LP_CA_DEVICE, "lp-1");
    (void)ca_issue(x, LP_CA_DEVICE, "lp-2");
    char *whole = ca_read(x, "ca/issued.log");
    size_t len = strlen(whole);
    for (size_t i = 0; i + 1 < len; i += 29) {
        char was = whole[i];
        if (was == '\n') {
            continue;
        }
        whole[i] = was == 'x' ? 'y' : 'x';
        ca_write(x, "ca/issued.log", whole);
        assert_int_equal(open_again(x), LP_EXIT_LOCAL);
        assert_string_equal(x->f.code, "ca-register");
        whole[i] = was;
    }
    free(whole);
}

static void register_with_a_missing_line_is_refused(void **state)
{
    ca_fixture_t *x = *state;
    lp_ca_record_t r = ca_issue(x, LP_CA_DEVICE, "lp-1");
    char serial[LP_CA_SERIAL_HEX + 1];
    snprintf(serial, sizeof serial, "%s", r.serial);
    assert_int_equal(lp_ca_revoke(x->ca, serial, "keyCompromise", &x->f), LP_EXIT_OK);
    (void)ca_issue(x, LP_CA_DEVICE, "lp-2");
    char *whole = ca_read(x, "ca/issued.log");
    char *second = strchr(whole, '\n') + 1;
    char *third = strchr(second, '\n') + 1;
    memmove(second, third, strlen(third) + 1); // the revocation is gone
    ca_write(x, "ca/issued.log", whole);
    assert_int_equal(open_again(x), LP_EXIT_LOCAL);
    assert_non_null(strstr(x->f.why, "missing"));
    free(whole);
}

static void register_that_is_gone_is_an_error_not_an_empty_one(void **state)
{
    ca_fixture_t *x = *state;
    char path[300];
    snprintf(path, sizeof path, "%s/issued.log", x->dir);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(open_again(x), LP_EXIT_LOCAL);
    assert_string_equal(x->f.code, "ca-register");
}

static void two_processes_lose_nothing(void **state)
{
    ca_fixture_t *x = *state;
    ca_fixture_t other = *x;
    other.ca = NULL;
    ca_reopen(&other);
    for (int i = 0; i < 4; i++) {
        (void)ca_issue(x, LP_CA_DEVICE, "lp-1");
        (void)ca_issue(&other, LP_CA_DEVICE, "lp-2");
    }
    lp_ca_close(other.ca);
    ca_reopen(x);
    assert_int_equal(count(x), 8);
}

static void what_cannot_be_recorded_is_not_issued(void **state)
{
    ca_fixture_t *x = *state;
    char path[300];
    char aside[320];
    lp_ca_record_t r = {.serial = ""};
    EVP_PKEY *key = lp_ca_make_key();
    lp_ca_wish_t wish = {.kind = LP_CA_DEVICE, .name = "lp-1", .key = key, .valid_s = 60};
    snprintf(path, sizeof path, "%s/issued.log", x->dir);
    snprintf(aside, sizeof aside, "%s.aside", path);
    assert_int_equal(rename(path, aside), 0);
    assert_int_equal(symlink(aside, path), 0); // it reads, but is not written through a link
    assert_int_equal(lp_ca_issue(x->ca, &wish, &r, &x->f), LP_EXIT_LOCAL);
    assert_string_equal(x->f.code, "ca-register");
    assert_string_equal(r.serial, "");
    EVP_PKEY_free(key);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, ca_open_for_test, ca_close_for_test)
    const struct CMUnitTest tests[] = {
        CASE(register_remembers),
        CASE(register_cut_anywhere_keeps_its_whole_lines),
        CASE(register_with_any_changed_byte_is_refused),
        CASE(register_with_a_missing_line_is_refused),
        CASE(register_that_is_gone_is_an_error_not_an_empty_one),
        CASE(two_processes_lose_nothing),
        CASE(what_cannot_be_recorded_is_not_issued),
    };
    return cmocka_run_group_tests_name("ca_register", tests, NULL, NULL);
}
