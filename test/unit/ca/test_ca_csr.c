// SPDX-License-Identifier: Apache-2.0
// Requests that want more than they may have.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "ca_fixture.h"

static char *to_pem(X509_REQ *req)
{
    char *text = NULL;
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_X509_REQ(bio, req), 1);
    long len = BIO_get_mem_data(bio, &text);
    char *out = strndup(text, (size_t)len);
    BIO_free(bio);
    return out;
}

static void add_name(X509_REQ *req, int nid, const char *name, int len)
{
    assert_int_equal(X509_NAME_add_entry_by_NID(X509_REQ_get_subject_name(req), nid, MBSTRING_UTF8,
                                                (const unsigned char *)name, len, -1, 0),
                     1);
}

static X509_REQ *start(EVP_PKEY *key)
{
    X509_REQ *req = X509_REQ_new();
    assert_int_equal(X509_REQ_set_pubkey(req, key), 1);
    return req;
}

static char *finish(X509_REQ *req, EVP_PKEY *key)
{
    assert_true(X509_REQ_sign(req, key, EVP_sha256()) > 0);
    char *pem = to_pem(req);
    X509_REQ_free(req);
    return pem;
}

static void assert_refused(const char *pem, const char *words)
{
    EVP_PKEY *key = NULL;
    char why[120] = "";
    assert_false(lp_ca_take_csr(pem, "lp-1", &key, why, sizeof why));
    assert_null(key);
    assert_non_null(strstr(why, words));
}

static void csr_that_is_right_is_taken(void **state)
{
    (void)state;
    EVP_PKEY *key = lp_ca_make_key();
    EVP_PKEY *taken = NULL;
    char why[120];
    X509_REQ *req = start(key);
    add_name(req, NID_commonName, "lp-1", -1);
    char *pem = finish(req, key);
    assert_true(lp_ca_take_csr(pem, "lp-1", &taken, why, sizeof why));
    assert_int_equal(EVP_PKEY_eq(key, taken), 1);
    EVP_PKEY_free(taken);
    free(pem);
    EVP_PKEY_free(key);
}

static void csr_with_other_names_is_refused(void **state)
{
    (void)state;
    EVP_PKEY *key = lp_ca_make_key();
    static const struct {
        const char *name;
        int len;
    } names[] = {{"lp-2", -1},  {"LP-1", -1},  {"lp-1\0x", 6},
                 {"lp-1\0", 5}, {"lp-1 ", -1}, {"lp-", -1}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        X509_REQ *req = start(key);
        add_name(req, NID_commonName, names[i].name, names[i].len);
        char *pem = finish(req, key);
        assert_refused(pem, "another name");
        free(pem);
    }
    X509_REQ *none = start(key);
    char *pem = finish(none, key);
    assert_refused(pem, "another name");
    free(pem);
    X509_REQ *two = start(key);
    add_name(two, NID_commonName, "lp-1", -1);
    add_name(two, NID_commonName, "limpet-setup", -1);
    pem = finish(two, key);
    assert_refused(pem, "another name");
    free(pem);
    X509_REQ *other = start(key);
    add_name(other, NID_organizationName, "lp-1", -1);
    pem = finish(other, key);
    assert_refused(pem, "another name");
    free(pem);
    EVP_PKEY_free(key);
}

// Proof of possession: somebody else's public key in a request of one's own.
static void csr_for_a_key_that_did_not_sign_is_refused(void **state)
{
    (void)state;
    EVP_PKEY *mine = lp_ca_make_key();
    EVP_PKEY *victims = lp_ca_make_key();
    X509_REQ *req = start(victims);
    add_name(req, NID_commonName, "lp-1", -1);
    char *pem = finish(req, mine);
    assert_refused(pem, "signature");
    free(pem);
    EVP_PKEY_free(mine);
    EVP_PKEY_free(victims);
}

static void csr_with_other_kinds_of_keys_is_refused(void **state)
{
    (void)state;
    EVP_PKEY *keys[] = {EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048),
                        EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384"),
                        EVP_PKEY_Q_keygen(NULL, NULL, "EC", "secp256k1")};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        X509_REQ *req = start(keys[i]);
        add_name(req, NID_commonName, "lp-1", -1);
        char *pem = finish(req, keys[i]);
        assert_refused(pem, "P-256");
        free(pem);
        EVP_PKEY_free(keys[i]);
    }
}

static void csr_that_is_garbage_is_refused(void **state)
{
    (void)state;
    assert_refused("", "not a certificate request");
    assert_refused("-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n",
                   "not a certificate request");
    char *big = malloc(20000);
    memset(big, 'A', 19999);
    big[19999] = '\0';
    assert_refused(big, "not a certificate request");
    free(big);
}

// It asks to be a CA, a server, and for another name beside its own; it gets none of it.
static void csr_extensions_are_not_copied(void **state)
{
    ca_fixture_t *x = *state;
    char text[8192];
    EVP_PKEY *key = lp_ca_make_key();
    EVP_PKEY *taken = NULL;
    char why[120];
    lp_ca_record_t record;
    X509_REQ *req = start(key);
    add_name(req, NID_commonName, "lp-1", -1);
    STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();
    sk_X509_EXTENSION_push(list, X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "CA:TRUE"));
    sk_X509_EXTENSION_push(list, X509V3_EXT_conf_nid(NULL, NULL, NID_key_usage, "keyCertSign"));
    sk_X509_EXTENSION_push(list, X509V3_EXT_conf_nid(NULL, NULL, NID_ext_key_usage, "serverAuth"));
    sk_X509_EXTENSION_push(
        list, X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:broker.local"));
    assert_int_equal(X509_REQ_add_extensions(req, list), 1);
    sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
    char *pem = finish(req, key);
    assert_true(lp_ca_take_csr(pem, "lp-1", &taken, why, sizeof why));
    lp_ca_wish_t wish = {.kind = LP_CA_DEVICE, .name = "lp-1", .key = taken, .valid_s = 3600};
    assert_int_equal(lp_ca_issue(x->ca, &wish, &record, &x->f), LP_EXIT_OK);
    ca_write(x, "d.pem", record.pem);
    assert_int_equal(ca_openssl(x, text, sizeof text, "x509 -in d.pem -noout -text"), 0);
    assert_non_null(strstr(text, "CA:FALSE"));
    assert_null(strstr(text, "CA:TRUE"));
    assert_null(strstr(text, "Certificate Sign"));
    assert_null(strstr(text, "TLS Web Server"));
    assert_null(strstr(text, "broker.local"));
    EVP_PKEY_free(taken);
    EVP_PKEY_free(key);
    free(pem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csr_that_is_right_is_taken),
        cmocka_unit_test(csr_with_other_names_is_refused),
        cmocka_unit_test(csr_for_a_key_that_did_not_sign_is_refused),
        cmocka_unit_test(csr_with_other_kinds_of_keys_is_refused),
        cmocka_unit_test(csr_that_is_garbage_is_refused),
        cmocka_unit_test_setup_teardown(csr_extensions_are_not_copied, ca_open_for_test,
                                        ca_close_for_test),
    };
    return cmocka_run_group_tests_name("ca_csr", tests, NULL, NULL);
}
