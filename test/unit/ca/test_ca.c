// SPDX-License-Identifier: Apache-2.0
// Issuing, revoking and the folder, judged by openssl(1).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "ca_fixture.h"
#include "ca_private.h"

static bool has(const char *text, const char *words)
{
    return strstr(text, words) != NULL;
}

static void assert_mode(const ca_fixture_t *x, const char *name, unsigned mode)
{
    char path[400];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", x->home, name);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777u, mode);
}

static void ca_root_has_the_profile_of_a_root(void **state)
{
    ca_fixture_t *x = *state;
    char text[8192];
    assert_int_equal(ca_openssl(x, text, sizeof text, "x509 -in ca/ca.pem -noout -text"), 0);
    assert_true(has(text, "CA:TRUE, pathlen:0"));
    assert_true(has(text, "Certificate Sign, CRL Sign"));
    assert_true(has(text, "ecdsa-with-SHA256"));
    assert_int_equal(ca_openssl(x, NULL, 0, "verify -x509_strict -CAfile ca/ca.pem ca/ca.pem"), 0);
}

static void ca_files_have_the_modes_of_secrets(void **state)
{
    ca_fixture_t *x = *state;
    assert_mode(x, "ca", 0700);
    assert_mode(x, "ca/ca.key", 0600);
    assert_mode(x, "ca/issued.log", 0600);
    assert_mode(x, "ca/ca.pem", 0644);
}

static void ca_device_certificate_has_the_profile_of_a_client(void **state)
{
    ca_fixture_t *x = *state;
    char text[8192];
    lp_ca_record_t r = ca_issue(x, LP_CA_DEVICE, "lp-1");
    ca_write(x, "d.pem", r.pem);
    assert_int_equal(ca_openssl(x, text, sizeof text, "x509 -in d.pem -noout -text"), 0);
    assert_true(has(text, "Version: 3"));
    assert_true(has(text, "Subject: CN = lp-1\n"));
    assert_true(has(text, "X509v3 Basic Constraints: critical\n                CA:FALSE"));
    assert_true(has(text, "X509v3 Key Usage: critical\n                Digital Signature\n"));
    assert_true(has(text, "TLS Web Client Authentication\n"));
    assert_false(has(text, "TLS Web Server"));
    assert_true(has(text, "X509v3 Subject Key Identifier"));
    assert_true(has(text, "X509v3 Authority Key Identifier"));
    assert_int_equal(
        ca_openssl(x, NULL, 0,
                   "verify -x509_strict -purpose sslclient -CAfile ca/ca.pem -crl_check "
                   "-CRLfile ca/broker/crl.pem d.pem"),
        0);
    assert_int_not_equal(
        ca_openssl(x, NULL, 0, "verify -purpose sslserver -CAfile ca/ca.pem d.pem"), 0);
    assert_true(strlen(r.pem) <= LP_CA_BOARD_CERT);
}

static void ca_server_certificate_is_for_its_hosts_only(void **state)
{
    ca_fixture_t *x = *state;
    lp_ca_record_t r = ca_issue(x, LP_CA_SERVER, "localhost");
    ca_write(x, "s.pem", r.pem);
    assert_int_equal(ca_openssl(x, NULL, 0,
                                "verify -x509_strict -purpose sslserver -verify_hostname localhost "
                                "-CAfile ca/ca.pem s.pem"),
                     0);
    assert_int_equal(ca_openssl(x, NULL, 0, "verify -verify_ip 127.0.0.1 -CAfile ca/ca.pem s.pem"),
                     0);
    assert_int_not_equal(
        ca_openssl(x, NULL, 0, "verify -verify_hostname example.org -CAfile ca/ca.pem s.pem"), 0);
    assert_int_not_equal(
        ca_openssl(x, NULL, 0, "verify -purpose sslclient -CAfile ca/ca.pem s.pem"), 0);
}

static void ca_serials_are_random_and_of_full_length(void **state)
{
    ca_fixture_t *x = *state;
    char seen[16][LP_CA_SERIAL_HEX + 1];
    for (int i = 0; i < 16; i++) {
        lp_ca_record_t r = ca_issue(x, LP_CA_DEVICE, "lp-1");
        memcpy(seen[i], r.serial, sizeof seen[i]);
        assert_int_equal(strlen(r.serial), LP_CA_SERIAL_HEX);
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(seen[i], seen[j]);
            assert_memory_not_equal(seen[i] + 4, seen[j] + 4, 8);
        }
    }
}

static void ca_certificate_does_not_outlive_the_root(void **state)
{
    ca_fixture_t *x = *state;
    lp_ca_record_t r;
    EVP_PKEY *key = lp_ca_make_key();
    lp_ca_wish_t wish = {
        .kind = LP_CA_DEVICE, .name = "lp-1", .key = key, .valid_s = INT64_C(86400) * 36500};
    assert_int_equal(lp_ca_issue(x->ca, &wish, &r, &x->f), LP_EXIT_OK);
    assert_int_equal(r.to_s, lp_ca_end_s(x->ca));
    assert_true(r.from_s >= lp_ca_start_s(x->ca));
    EVP_PKEY_free(key);
}

static void ca_refuses_names_that_are_somebody_elses_or_none(void **state)
{
    ca_fixture_t *x = *state;
    static const char *const names[] = {LP_CA_TOOL_NAME,
                                        "",
                                        "a b",
                                        "a/b",
                                        "+",
                                        "#",
                                        "a\nb",
                                        "0123456789012345678901234567890123456789012345678901234567"
                                        "8901234"};
    lp_ca_record_t r;
    size_t n = 0;
    EVP_PKEY *key = lp_ca_make_key();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        lp_ca_wish_t wish = {.kind = LP_CA_DEVICE, .name = names[i], .key = key, .valid_s = 60};
        assert_int_equal(lp_ca_issue(x->ca, &wish, &r, &x->f), LP_EXIT_CONFLICT);
        assert_string_equal(x->f.code, "ca-name");
    }
    (void)lp_ca_records(x->ca, &n);
    assert_int_equal(n, 0);
    EVP_PKEY_free(key);
}

static void ca_revoked_is_refused_and_others_are_not(void **state)
{
    ca_fixture_t *x = *state;
    char text[8192];
    const char *verify = "verify -CAfile ca/ca.pem -crl_check -CRLfile ca/broker/crl.pem";
    lp_ca_record_t one = ca_issue(x, LP_CA_DEVICE, "lp-1");
    char serial[LP_CA_SERIAL_HEX + 1];
    snprintf(serial, sizeof serial, "%s", one.serial);
    ca_write(x, "1.pem", one.pem);
    lp_ca_record_t two = ca_issue(x, LP_CA_DEVICE, "lp-2");
    ca_write(x, "2.pem", two.pem);
    assert_int_equal(ca_openssl(x, NULL, 0, "%s 1.pem 2.pem", verify), 0);
    assert_int_equal(lp_ca_revoke(x->ca, serial, "keyCompromise", &x->f), LP_EXIT_OK);
    assert_int_not_equal(ca_openssl(x, text, sizeof text, "%s 1.pem", verify), 0);
    assert_true(has(text, "certificate revoked"));
    assert_int_equal(ca_openssl(x, NULL, 0, "%s 2.pem", verify), 0);
    assert_int_equal(ca_openssl(x, text, sizeof text,
                                "crl -in ca/broker/crl.pem -CAfile ca/ca.pem -noout -text"),
                     0);
    assert_true(has(text, "verify OK"));
    assert_true(has(text, "Key Compromise"));
    assert_true(has(text, "X509v3 CRL Number"));
}

// A broker that holds the old list and the new one takes the later one: seconds must not be equal.
static void ca_each_list_is_later_than_the_one_before(void **state)
{
    ca_fixture_t *x = *state;
    char before[200];
    char after[200];
    for (int i = 0; i < 3; i++) {
        assert_int_equal(
            ca_openssl(x, before, sizeof before, "crl -in ca/broker/crl.pem -noout -lastupdate"),
            0);
        assert_int_equal(lp_ca_write_crl(x->ca, &x->f), LP_EXIT_OK);
        assert_int_equal(
            ca_openssl(x, after, sizeof after, "crl -in ca/broker/crl.pem -noout -lastupdate"), 0);
        assert_string_not_equal(before, after);
    }
}

static void ca_list_that_was_not_written_is_noticed_and_made_good(void **state)
{
    ca_fixture_t *x = *state;
    char *old = ca_read(x, "ca/broker/crl.pem");
    lp_ca_record_t r = ca_issue(x, LP_CA_DEVICE, "lp-1");
    char serial[LP_CA_SERIAL_HEX + 1];
    snprintf(serial, sizeof serial, "%s", r.serial);
    assert_int_equal(lp_ca_revoke(x->ca, serial, "superseded", &x->f), LP_EXIT_OK);
    ca_write(x, "ca/broker/crl.pem", old); // as if the power went between register and list
    ca_reopen(x);
    assert_false(lp_ca_is_crl_current(x->ca));
    assert_int_equal(lp_ca_revoke(x->ca, serial, "superseded", &x->f), LP_EXIT_OK);
    assert_true(lp_ca_is_crl_current(x->ca));
    free(old);
}

static void ca_list_of_another_ca_is_not_current(void **state)
{
    ca_fixture_t *x = *state;
    char dir[200];
    snprintf(dir, sizeof dir, "%s/other", x->home);
    lp_ca_new_t wish = {.dir = dir, .days = 10};
    assert_int_equal(ca_make(x, &wish), LP_EXIT_OK);
    char *other = ca_read(x, "other/broker/crl.pem");
    ca_write(x, "ca/broker/crl.pem", other);
    assert_false(lp_ca_is_crl_current(x->ca));
    free(other);
}

static void ca_unknown_serial_is_refused(void **state)
{
    ca_fixture_t *x = *state;
    assert_int_equal(lp_ca_revoke(x->ca, "00000000000000000000000000000001", "unspecified", &x->f),
                     LP_EXIT_CONFLICT);
    assert_string_equal(x->f.code, "ca-unknown");
}

static void ca_is_made_once(void **state)
{
    ca_fixture_t *x = *state;
    char *before = ca_read(x, "ca/ca.pem");
    lp_ca_new_t wish = {.dir = x->dir, .days = 10};
    assert_int_equal(ca_make(x, &wish), LP_EXIT_CONFLICT);
    assert_string_equal(x->f.code, "ca-exists");
    char *after = ca_read(x, "ca/ca.pem");
    assert_string_equal(before, after);
    free(before);
    free(after);
}

// A run that died after the key, before the certificate: the key is the one that is used.
static void ca_half_made_is_taken_up(void **state)
{
    ca_fixture_t *x = *state;
    char path[300];
    char *key = ca_read(x, "ca/ca.key");
    snprintf(path, sizeof path, "%s/ca.pem", x->dir);
    assert_int_equal(unlink(path), 0);
    lp_ca_new_t wish = {.dir = x->dir, .days = 10};
    assert_int_equal(ca_make(x, &wish), LP_EXIT_OK);
    char *after = ca_read(x, "ca/ca.key");
    assert_string_equal(key, after);
    ca_reopen(x);
    free(key);
    free(after);
}

static void ca_with_another_key_does_not_sign(void **state)
{
    ca_fixture_t *x = *state;
    assert_int_equal(
        ca_openssl(x, NULL, 0, "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out k.pem"),
        0);
    char path[300];
    snprintf(path, sizeof path, "%s/k.pem", x->home);
    lp_ca_access_t access = {.key = path};
    lp_ca_close(x->ca);
    assert_int_equal(lp_ca_open(x->dir, &x->ca, &x->f), LP_EXIT_OK);
    assert_int_equal(lp_ca_unlock(x->ca, &access, &x->f), LP_EXIT_CONFLICT);
    assert_string_equal(x->f.code, "ca-key-other");
}

static void adopt(ca_fixture_t *x, const char *name)
{
    char dir[200];
    char cert[200];
    char key[200];
    snprintf(dir, sizeof dir, "%s/%s", x->home, name);
    snprintf(cert, sizeof cert, "%s/%s.pem", x->home, name);
    snprintf(key, sizeof key, "%s/%s.key", x->home, name);
    lp_ca_new_t wish = {.dir = dir, .cert = cert, .access = {.key = key}, .days = 10};
    assert_int_equal(ca_make(x, &wish), LP_EXIT_OK);
    lp_ca_close(x->ca);
    lp_ca_access_t access = {.key = NULL};
    assert_int_equal(lp_ca_open(dir, &x->ca, &x->f), LP_EXIT_OK);
    assert_int_equal(lp_ca_unlock(x->ca, &access, &x->f), LP_EXIT_OK);
    lp_ca_record_t r = ca_issue(x, LP_CA_DEVICE, "lp-1");
    ca_write(x, "d.pem", r.pem);
    assert_int_equal(ca_openssl(x, NULL, 0,
                                "verify -purpose sslclient -CAfile %s.pem -crl_check -CRLfile "
                                "%s/broker/crl.pem d.pem",
                                name, name),
                     0);
}

static void ca_adopts_a_root_of_openssl_with_rsa_or_p256(void **state)
{
    ca_fixture_t *x = *state;
    assert_int_equal(ca_openssl(x, NULL, 0,
                                "req -x509 -newkey rsa:2048 -nodes -keyout rsa.key -out rsa.pem "
                                "-subj /O=Works/CN=Root -days 9"),
                     0);
    adopt(x, "rsa");
    assert_int_equal(ca_openssl(x, NULL, 0,
                                "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
                                "-keyout ec.key -out ec.pem -subj /CN=Root -days 9"),
                     0);
    adopt(x, "ec");
}

static void ca_refuses_to_adopt_what_is_no_ca(void **state)
{
    ca_fixture_t *x = *state;
    char dir[200];
    char cert[200];
    char key[200];
    snprintf(dir, sizeof dir, "%s/no", x->home);
    snprintf(cert, sizeof cert, "%s/no.pem", x->home);
    snprintf(key, sizeof key, "%s/no.key", x->home);
    assert_int_equal(ca_openssl(x, NULL, 0,
                                "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
                                "-keyout no.key -out no.pem -subj /CN=Leaf -days 9 "
                                "-addext basicConstraints=critical,CA:FALSE"),
                     0);
    lp_ca_new_t wish = {.dir = dir, .cert = cert, .access = {.key = key}, .days = 10};
    assert_int_equal(ca_make(x, &wish), LP_EXIT_LOCAL);
    assert_string_equal(x->f.code, "ca-cert");
}

static void ca_passphrase_opens_and_another_does_not(void **state)
{
    ca_fixture_t *x = *state;
    char dir[200];
    char good[200];
    char bad[200];
    snprintf(dir, sizeof dir, "%s/sealed", x->home);
    snprintf(good, sizeof good, "%s/good", x->home);
    snprintf(bad, sizeof bad, "%s/bad", x->home);
    ca_write(x, "good", "correct horse\n");
    ca_write(x, "bad", "battery staple\n");
    (void)chmod(good, 0600);
    (void)chmod(bad, 0600);
    lp_ca_new_t wish = {.dir = dir, .access = {.pass_file = good}, .days = 10};
    assert_int_equal(ca_make(x, &wish), LP_EXIT_OK);
    char *key = ca_read(x, "sealed/ca.key");
    assert_true(has(key, "BEGIN ENCRYPTED PRIVATE KEY"));
    free(key);
    assert_int_equal(ca_openssl(x, NULL, 0, "pkey -in sealed/ca.key -passin file:good -noout"), 0);
    lp_ca_close(x->ca);
    assert_int_equal(lp_ca_open(dir, &x->ca, &x->f), LP_EXIT_OK);
    lp_ca_access_t access = {.pass_file = bad};
    assert_int_equal(lp_ca_unlock(x->ca, &access, &x->f), LP_EXIT_CREDENTIALS);
    assert_string_equal(x->f.code, "ca-passphrase");
    access.pass_file = good;
    assert_int_equal(lp_ca_unlock(x->ca, &access, &x->f), LP_EXIT_OK);
    (void)ca_issue(x, LP_CA_DEVICE, "lp-1");
}

static void ca_clock_before_the_root_or_the_register_is_refused(void **state)
{
    ca_fixture_t *x = *state;
    assert_int_equal(lp_ca_check_clock(x->ca, &x->f), LP_EXIT_OK);
    x->ca->reg.newest_s = (int64_t)time(NULL) + 86400;
    assert_int_equal(lp_ca_check_clock(x->ca, &x->f), LP_EXIT_LOCAL);
    assert_string_equal(x->f.code, "clock-wrong");
    x->ca->reg.newest_s = 0;
    x->ca->from_s = (int64_t)time(NULL) + 60;
    assert_int_equal(lp_ca_check_clock(x->ca, &x->f), LP_EXIT_LOCAL);
    assert_string_equal(x->f.code, "clock-wrong");
    x->ca->from_s = 0;
    x->ca->to_s = (int64_t)time(NULL) - 1;
    assert_int_equal(lp_ca_check_clock(x->ca, &x->f), LP_EXIT_LOCAL);
    assert_string_equal(x->f.code, "ca-expired");
}

static void ca_hosts_are_names_and_addresses(void **state)
{
    (void)state;
    static const char *const good[] = {"localhost", "a.b-c.example", "192.0.2.7", "::1", "X"};
    static const char *const bad[] = {"",          ".",   "a..b",     "-a",   "a-",  "a b",
                                      "*.example", "a,b", "DNS:evil", "a.b.", "a/b", "a\n"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(lp_ca_is_host(good[i]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(lp_ca_is_host(bad[i]));
    }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, ca_open_for_test, ca_close_for_test)
    const struct CMUnitTest tests[] = {
        CASE(ca_root_has_the_profile_of_a_root),
        CASE(ca_files_have_the_modes_of_secrets),
        CASE(ca_device_certificate_has_the_profile_of_a_client),
        CASE(ca_server_certificate_is_for_its_hosts_only),
        CASE(ca_serials_are_random_and_of_full_length),
        CASE(ca_certificate_does_not_outlive_the_root),
        CASE(ca_refuses_names_that_are_somebody_elses_or_none),
        CASE(ca_revoked_is_refused_and_others_are_not),
        CASE(ca_each_list_is_later_than_the_one_before),
        CASE(ca_list_that_was_not_written_is_noticed_and_made_good),
        CASE(ca_list_of_another_ca_is_not_current),
        CASE(ca_unknown_serial_is_refused),
        CASE(ca_is_made_once),
        CASE(ca_half_made_is_taken_up),
        CASE(ca_with_another_key_does_not_sign),
        CASE(ca_adopts_a_root_of_openssl_with_rsa_or_p256),
        CASE(ca_refuses_to_adopt_what_is_no_ca),
        CASE(ca_passphrase_opens_and_another_does_not),
        CASE(ca_clock_before_the_root_or_the_register_is_refused),
        cmocka_unit_test(ca_hosts_are_names_and_addresses),
    };
    return cmocka_run_group_tests_name("ca", tests, NULL, NULL);
}
