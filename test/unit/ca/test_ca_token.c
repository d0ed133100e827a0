// SPDX-License-Identifier: Apache-2.0
// The key in a token: SoftHSM, as p11-kit finds it. What SoftHSM cannot show (a token that counts
// tries) is shown on the flags alone.
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

#include "ca_fixture.h"
#include "token.h"

typedef struct {
    ca_fixture_t *x;
    char pin[200];
    char wrong[200];
} token_fixture_t;

static void init_token(void)
{
    FILE *pipe = popen(
        "softhsm2-util --init-token --free --label ca --pin 4711 --so-pin 12345678 2>&1", "re");
    assert_non_null(pipe);
    char sink[256];
    while (fread(sink, 1, sizeof sink, pipe) > 0) {
    }
    assert_int_equal(pclose(pipe), 0);
}

static int open_token(void **state)
{
    token_fixture_t *t = calloc(1, sizeof *t);
    void *x = NULL;
    char conf[200];
    char text[300];
    assert_non_null(t);
    ca_open_for_test(&x);
    t->x = x;
    snprintf(text, sizeof text, "%s/tokens", t->x->home);
    assert_int_equal(mkdir(text, 0700), 0);
    snprintf(text, sizeof text, "directories.tokendir = %s/tokens\n", t->x->home);
    ca_write(t->x, "softhsm.conf", text);
    snprintf(conf, sizeof conf, "%s/softhsm.conf", t->x->home);
    setenv("SOFTHSM2_CONF", conf, 1);
    init_token();
    ca_write(t->x, "pin", "4711\n");
    ca_write(t->x, "wrong", "4712\n");
    snprintf(t->pin, sizeof t->pin, "%s/pin", t->x->home);
    snprintf(t->wrong, sizeof t->wrong, "%s/wrong", t->x->home);
    (void)chmod(t->pin, 0600);
    (void)chmod(t->wrong, 0600);
    *state = t;
    return 0;
}

static int close_token(void **state)
{
    token_fixture_t *t = *state;
    void *x = t->x;
    ca_close_for_test(&x);
    unsetenv("SOFTHSM2_CONF");
    free(t);
    return 0;
}

static lp_exit_t make(token_fixture_t *t, const char *name, const char *uri, const char *pin,
                      bool is_key_made)
{
    char dir[200];
    snprintf(dir, sizeof dir, "%s/%s", t->x->home, name);
    lp_ca_new_t wish = {.dir = dir,
                        .days = 10,
                        .access = {.key = uri, .pass_file = pin},
                        .is_key_made = is_key_made};
    t->x->f.exit = LP_EXIT_OK;
    return ca_make(t->x, &wish);
}

static void assert_fails(token_fixture_t *t, const char *uri, const char *pin, const char *code)
{
    assert_int_not_equal(make(t, "no", uri, pin, false), LP_EXIT_OK);
    assert_string_equal(t->x->f.code, code);
    assert_true(t->x->f.next[0] != '\0');
}

static void token_key_signs_what_openssl_accepts(void **state)
{
    token_fixture_t *t = *state;
    char dir[200];
    assert_int_equal(make(t, "tca", "pkcs11:token=ca;object=root", t->pin, true), LP_EXIT_OK);
    snprintf(dir, sizeof dir, "%s/tca", t->x->home);
    lp_ca_close(t->x->ca);
    assert_int_equal(lp_ca_open(dir, &t->x->ca, &t->x->f), LP_EXIT_OK);
    assert_string_equal(lp_ca_key_place(t->x->ca), "pkcs11:token=ca;object=root");
    lp_ca_access_t how = {.pass_file = t->pin};
    assert_int_equal(lp_ca_unlock(t->x->ca, &how, &t->x->f), LP_EXIT_OK);
    lp_ca_record_t r = ca_issue(t->x, LP_CA_DEVICE, "lp-1");
    char serial[LP_CA_SERIAL_HEX + 1];
    snprintf(serial, sizeof serial, "%s", r.serial);
    ca_write(t->x, "d.pem", r.pem);
    const char *verify = "verify -x509_strict -CAfile tca/ca.pem -crl_check -CRLfile "
                         "tca/broker/crl.pem d.pem";
    assert_int_equal(ca_openssl(t->x, NULL, 0, "%s", verify), 0);
    assert_int_equal(lp_ca_revoke(t->x->ca, serial, "superseded", &t->x->f), LP_EXIT_OK);
    assert_int_not_equal(ca_openssl(t->x, NULL, 0, "%s", verify), 0);
    char path[300];
    snprintf(path, sizeof path, "%s/tca/ca.key", t->x->home);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void token_trouble_has_words(void **state)
{
    token_fixture_t *t = *state;
    assert_int_equal(make(t, "tca", "pkcs11:token=ca;object=root", t->pin, true), LP_EXIT_OK);
    assert_fails(t, "pkcs11:token=gone;object=root", t->pin, "ca-token-missing");
    assert_non_null(strstr(t->x->f.why, "\"ca\""));
    assert_fails(t, "pkcs11:token=ca;object=branch", t->pin, "ca-key-missing");
    assert_non_null(strstr(t->x->f.why, "\"root\""));
    assert_fails(t, "pkcs11:token=ca;object=root", t->wrong, "ca-pin");
    assert_fails(t, "pkcs11:token=ca;object=root?pin-value=4711", NULL, "usage");
    assert_fails(t, "pkcs11:nonsense", t->pin, "usage");
    assert_fails(t, "pkcs11:token=ca?module-path=/nowhere.so", t->pin, "ca-token");
    assert_fails(t, "pkcs11:token=ca;object=root", NULL, "ca-pin-missing"); // nobody to ask
    assert_fails(t, "pkcs11:token=ca;object=root", "/nowhere/pin", "ca-secret-file");
}

static void token_with_several_is_asked_for_one(void **state)
{
    token_fixture_t *t = *state;
    char uri[300];
    assert_int_equal(make(t, "a", "pkcs11:token=ca;object=root;id=%01", t->pin, true), LP_EXIT_OK);
    assert_int_equal(make(t, "b", "pkcs11:token=ca;object=root;id=%02", t->pin, true), LP_EXIT_OK);
    assert_fails(t, "pkcs11:token=ca;object=root", t->pin, "ca-key-many");
    snprintf(uri, sizeof uri, "pkcs11:token=ca;object=root;id=%%02?pin-source=file:%s", t->pin);
    assert_int_equal(make(t, "c", uri, NULL, false), LP_EXIT_OK);
    init_token();
    assert_fails(t, "pkcs11:token=ca;object=root;id=%01", t->pin, "ca-token-many");
}

static void import(token_fixture_t *t, const char *file, const char *label, const char *id)
{
    char line[600];
    snprintf(line, sizeof line,
             "softhsm2-util --import %s/%s --token ca --label %s --id %s --pin 4711 2>&1",
             t->x->home, file, label, id);
    FILE *pipe = popen(line, "re");
    assert_non_null(pipe);
    char sink[256];
    while (fread(sink, 1, sizeof sink, pipe) > 0) {
    }
    assert_int_equal(pclose(pipe), 0);
}

// Keys that another tool put there: RSA signs, P-384 is refused with words.
static void token_with_keys_of_other_kinds(void **state)
{
    token_fixture_t *t = *state;
    assert_int_equal(ca_openssl(t->x, NULL, 0, "genpkey -algorithm RSA -out rsa.key"), 0);
    assert_int_equal(
        ca_openssl(t->x, NULL, 0,
                   "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out p384.key"),
        0);
    import(t, "rsa.key", "rsa", "03");
    import(t, "p384.key", "p384", "04");
    assert_int_equal(make(t, "rsa", "pkcs11:token=ca;object=rsa", t->pin, false), LP_EXIT_OK);
    assert_int_equal(ca_openssl(t->x, NULL, 0, "verify -CAfile rsa/ca.pem rsa/ca.pem"), 0);
    assert_int_equal(
        ca_openssl(t->x, NULL, 0, "crl -in rsa/broker/crl.pem -CAfile rsa/ca.pem -noout"), 0);
    assert_fails(t, "pkcs11:token=ca;object=p384", t->pin, "ca-key");
}

// The wrong PIN in a file must not be tried until the token is locked.
static void token_that_counts_tries_is_not_locked_by_a_file(void **state)
{
    (void)state;
    lp_fault_t f;
    assert_int_equal(lp_ca_token_check_tries(0, true, &f), LP_EXIT_OK);
    assert_int_equal(lp_ca_token_check_tries(CKF_USER_PIN_COUNT_LOW, true, &f), LP_EXIT_OK);
    assert_int_equal(lp_ca_token_check_tries(CKF_USER_PIN_FINAL_TRY, true, &f),
                     LP_EXIT_CREDENTIALS);
    assert_string_equal(f.code, "ca-pin-last");
    assert_int_equal(lp_ca_token_check_tries(CKF_USER_PIN_FINAL_TRY, false, &f), LP_EXIT_OK);
    assert_int_equal(lp_ca_token_check_tries(CKF_USER_PIN_LOCKED, false, &f), LP_EXIT_CREDENTIALS);
    assert_string_equal(f.code, "ca-pin-locked");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(token_key_signs_what_openssl_accepts, open_token,
                                        close_token),
        cmocka_unit_test_setup_teardown(token_trouble_has_words, open_token, close_token),
        cmocka_unit_test_setup_teardown(token_with_several_is_asked_for_one, open_token,
                                        close_token),
        cmocka_unit_test_setup_teardown(token_with_keys_of_other_kinds, open_token, close_token),
        cmocka_unit_test(token_that_counts_tries_is_not_locked_by_a_file),
    };
    return cmocka_run_group_tests_name("ca_token", tests, NULL, NULL);
}
