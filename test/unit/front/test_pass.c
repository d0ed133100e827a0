// SPDX-License-Identifier: Apache-2.0
// The pass: what the front wrote is believed, and nothing else.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
// after the above
#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "limpet/front_pass.h"

static char *make_certificate(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    BIO *out = BIO_new(BIO_s_mem());
    char *text = NULL;
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), 0);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    assert_int_equal(PEM_write_bio_X509(out, cert), 1);
    long len = BIO_get_mem_data(out, &text);
    char *pem = strndup(text, (size_t)len);
    BIO_free(out);
    X509_free(cert);
    EVP_PKEY_free(key);
    return pem;
}

typedef struct {
    lp_pass_key_t key;
    char user[LP_PASS_USER_SIZE];
    char *pem;
    char *word;
} rig_t;

static int setup(void **state)
{
    rig_t *r = calloc(1, sizeof *r);
    r->key.byte[0] = 9;
    r->pem = make_certificate();
    r->word = calloc(1, LP_PASS_MAC_SIZE + strlen(r->pem) + 1);
    lp_pass_user("127.0.0.1", true, r->user);
    lp_pass_mac(&r->key, r->user, r->pem, r->word);
    memcpy(r->word + LP_PASS_MAC_SIZE, r->pem, strlen(r->pem) + 1);
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    rig_t *r = *state;
    free(r->pem);
    free(r->word);
    free(r);
    return 0;
}

static void pass_of_the_front_is_believed(void **state)
{
    rig_t *r = *state;
    lp_pass_t pass;
    char id[65];
    assert_true(lp_pass_open(&r->key, r->user, r->word, &pass));
    assert_string_equal(pass.address, "127.0.0.1");
    assert_true(pass.last_will);
    BIO *in = BIO_new_mem_buf(pass.pem, -1);
    X509 *cert = PEM_read_bio_X509(in, NULL, NULL, NULL);
    assert_true(lp_pass_certificate_id(cert, id));
    X509_free(cert);
    BIO_free(in);
    assert_string_equal(pass.certificate_id, id);
    lp_pass_close(&pass);
}

static void pass_with_any_letter_changed_is_refused(void **state)
{
    rig_t *r = *state;
    lp_pass_t pass;
    for (size_t i = 0; i < strlen(r->word); i++) {
        r->word[i] ^= 1;
        assert_false(lp_pass_open(&r->key, r->user, r->word, &pass));
        r->word[i] ^= 1;
    }
    for (size_t i = 0; i < strlen(r->user); i++) {
        r->user[i] ^= 1;
        assert_false(lp_pass_open(&r->key, r->user, r->word, &pass));
        r->user[i] ^= 1;
    }
}

static void pass_of_another_certificate_is_refused(void **state)
{
    rig_t *r = *state;
    lp_pass_t pass;
    char *other = make_certificate();
    char *word = calloc(1, LP_PASS_MAC_SIZE + strlen(other) + 1);
    memcpy(word, r->word, LP_PASS_MAC_SIZE);
    memcpy(word + LP_PASS_MAC_SIZE, other, strlen(other) + 1);
    assert_false(lp_pass_open(&r->key, r->user, word, &pass));
    free(word);
    free(other);
}

static void pass_without_key_or_words_is_refused(void **state)
{
    rig_t *r = *state;
    lp_pass_t pass;
    lp_pass_key_t other = {{0}};
    assert_false(lp_pass_open(&other, r->user, r->word, &pass));
    assert_false(lp_pass_open(&r->key, NULL, r->word, &pass));
    assert_false(lp_pass_open(&r->key, r->user, NULL, &pass));
    assert_false(lp_pass_open(&r->key, r->user, "", &pass));
    r->word[LP_PASS_MAC_SIZE] = '\0'; // a MAC and no certificate
    assert_false(lp_pass_open(&r->key, r->user, r->word, &pass));
}

static void pass_key_is_private_and_new_each_time(void **state)
{
    (void)state;
    char path[] = "/tmp/limpet-pass-XXXXXX";
    struct stat st;
    lp_pass_key_t a;
    lp_pass_key_t b;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_true(lp_pass_key_make(path) && lp_pass_key_read(path, &a));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_true(lp_pass_key_make(path) && lp_pass_key_read(path, &b));
    assert_memory_not_equal(&a, &b, sizeof a);
    assert_int_equal(truncate(path, 5), 0);
    assert_false(lp_pass_key_read(path, &b));
    unlink(path);
    assert_false(lp_pass_key_read(path, &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pass_of_the_front_is_believed, setup, teardown),
        cmocka_unit_test_setup_teardown(pass_with_any_letter_changed_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(pass_of_another_certificate_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(pass_without_key_or_words_is_refused, setup, teardown),
        cmocka_unit_test(pass_key_is_private_and_new_each_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
