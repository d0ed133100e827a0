// SPDX-License-Identifier: Apache-2.0
// Extensions and names of certificates that OpenSSL made, and of some that nobody should make.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "limpet/x509.h"

enum { DER_MAX = 2048 };

typedef struct {
    const char *cn;
    const char *ext[6][2]; // OpenSSL's name and value
} want_t;

typedef struct {
    uint8_t der[DER_MAX];
    lp_x509_t x;
    lp_x509_ext_t ext;
    lp_err_t err; // of the extensions
} cert_t;

static EVP_PKEY *key;

static int make_key(void **state)
{
    (void)state;
    key = EVP_EC_gen("P-256");
    return key != NULL ? 0 : -1;
}

static int drop_key(void **state)
{
    (void)state;
    EVP_PKEY_free(key);
    return 0;
}

static void add_extension(X509 *x, const char *name, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_nconf(NULL, &ctx, name, value);
    assert_non_null(e);
    assert_int_equal(X509_add_ext(x, e, -1), 1);
    X509_EXTENSION_free(e);
}

static void make(cert_t *c, const want_t *want)
{
    X509 *x = X509_new();
    X509_NAME *name = X509_get_subject_name(x);
    assert_int_equal(X509_set_version(x, X509_VERSION_3), 1);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 7);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)want->cn, -1, -1,
                               0);
    X509_set_issuer_name(x, name);
    X509_gmtime_adj(X509_getm_notBefore(x), 0);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_set_pubkey(x, key);
    for (size_t i = 0; i < 6 && want->ext[i][0] != NULL; i++) {
        add_extension(x, want->ext[i][0], want->ext[i][1]);
    }
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    unsigned char *p = c->der;
    const int len = i2d_X509(x, NULL);
    assert_in_range(len, 1, DER_MAX);
    assert_int_equal(i2d_X509(x, &p), len);
    X509_free(x);
    assert_int_equal(lp_x509_read(lp_span(c->der, (size_t)len), &c->x), LP_OK);
    assert_int_equal(c->x.version, 3);
    c->err = lp_x509_read_extensions(c->x.extensions, &c->ext);
}

static void authority_and_server_are_read(void **state)
{
    (void)state;
    cert_t c;
    make(&c, &(want_t){"ca",
                       {{"basicConstraints", "critical,CA:TRUE,pathlen:3"},
                        {"keyUsage", "critical,keyCertSign,cRLSign"}}});
    assert_int_equal(c.err, LP_OK);
    assert_true(c.ext.is_ca && c.ext.has_path_max && c.ext.has_usage);
    assert_int_equal(c.ext.path_max, 3);
    assert_int_equal(c.ext.usage & LP_X509_USAGE_CERT_SIGN, LP_X509_USAGE_CERT_SIGN);
    assert_int_equal(c.ext.usage & LP_X509_USAGE_SIGNATURE, 0);
    make(&c, &(want_t){"server",
                       {{"basicConstraints", "CA:FALSE"},
                        {"keyUsage", "digitalSignature"},
                        {"extendedKeyUsage", "clientAuth,serverAuth"},
                        {"subjectKeyIdentifier", "hash"}}});
    assert_int_equal(c.err, LP_OK);
    assert_true(c.ext.has_basic && !c.ext.is_ca && !c.ext.has_path_max);
    assert_int_equal(c.ext.usage, LP_X509_USAGE_SIGNATURE);
}

static void purpose_is_any_unless_it_is_said(void **state)
{
    (void)state;
    static const uint8_t server[] = {0x2b, 6, 1, 5, 5, 7, 3, 1};
    static const struct {
        const char *eku;
        bool is_for;
    } cases[] = {{NULL, true},
                 {"serverAuth", true},
                 {"clientAuth,serverAuth", true},
                 {"anyExtendedKeyUsage", true},
                 {"clientAuth", false},
                 {"codeSigning,emailProtection", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cert_t c;
        want_t want = {"x", {{cases[i].eku != NULL ? "extendedKeyUsage" : NULL, cases[i].eku}}};
        make(&c, &want);
        assert_int_equal(c.err, LP_OK);
        assert_int_equal(lp_x509_is_for(&c.ext, lp_span(server, sizeof server)), cases[i].is_for);
    }
}

typedef struct {
    const char *san; // null: the common name counts
    const char *cn;
    const char *host;
    bool is_for;
} host_t;

static void hosts_are_matched_label_by_label(void **state)
{
    (void)state;
    static const host_t hosts[] = {
        {"DNS:a.example.org", "x", "a.example.org", true},
        {"DNS:a.example.org", "x", "A.Example.ORG", true},
        {"DNS:a.example.org", "x", "b.example.org", false},
        {"DNS:a.example.org", "x", "a.example.org.", false},
        {"DNS:a.example.org", "x", "aa.example.org", false},
        {"DNS:b,DNS:*.example.org", "x", "a.example.org", true},
        {"DNS:*.example.org", "x", "example.org", false},
        {"DNS:*.example.org", "x", ".example.org", false},
        {"DNS:*.example.org", "x", "b.a.example.org", false},
        {"DNS:a*.example.org", "x", "ab.example.org", false},
        {"DNS:*", "x", "localhost", false},
        {"DNS:*.", "x", "localhost.", false},
        {"DNS:a.*.org", "x", "a.b.org", false},
        {"DNS:other", "a.example.org", "a.example.org", false},
        {"IP:127.0.0.1", "a.example.org", "a.example.org", false},
        {"IP:127.0.0.1", "x", "127.0.0.1", false},
        {"email:a@b", "a.example.org", "a.example.org", false},
        {NULL, "a.example.org", "a.example.org", true},
        {NULL, "*.example.org", "a.example.org", true},
        {NULL, "a.example.org", "b.example.org", false},
    };
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        cert_t c;
        const char *san = hosts[i].san;
        make(&c, &(want_t){hosts[i].cn, {{san != NULL ? "subjectAltName" : NULL, san}}});
        assert_int_equal(c.err, LP_OK);
        if (lp_x509_is_host(&c.x, &c.ext, lp_span_str(hosts[i].host)) != hosts[i].is_for) {
            fail_msg("%s / %s for %s", san, hosts[i].cn, hosts[i].host);
        }
    }
}

static void addresses_are_matched_by_their_bytes(void **state)
{
    (void)state;
    static const uint8_t v4[] = {127, 0, 0, 1}, v6[16] = {[15] = 1}, other[] = {127, 0, 0, 2};
    cert_t c;
    make(&c, &(want_t){"x", {{"subjectAltName", "DNS:x,IP:127.0.0.1,IP:::1"}}});
    assert_true(lp_x509_is_address(&c.ext, lp_span(v4, sizeof v4)));
    assert_true(lp_x509_is_address(&c.ext, lp_span(v6, sizeof v6)));
    assert_false(lp_x509_is_address(&c.ext, lp_span(other, sizeof other)));
    assert_false(lp_x509_is_address(&c.ext, lp_span(v6, sizeof v4)));
}

static void critical_ones_must_be_understood(void **state)
{
    (void)state;
    cert_t c;
    // Name constraints: permitted are names below example.org.
    make(&c,
         &(want_t){"x", {{"2.5.29.30", "critical,DER:3011a00f300d820b6578616d706c652e6f7267"}}});
    assert_int_equal(c.err, LP_E_UNSUPPORTED);
    make(&c, &(want_t){"x", {{"1.2.3.4", "critical,DER:0500"}}});
    assert_int_equal(c.err, LP_E_UNSUPPORTED);
    make(&c, &(want_t){"x", {{"1.2.3.4", "DER:0500"}, {"2.5.29.32", "DER:3006300406022a03"}}});
    assert_int_equal(c.err, LP_OK);
}

static void one_that_is_there_twice_or_malformed_is_refused(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"2.5.29.19", "DER:3003010100aa"}, // longer than it says
        {"2.5.29.19", "DER:30030201ff"},   // a negative length of path
        {"2.5.29.15", "DER:030100"},       // no bits
        {"2.5.29.15", "DER:03020880"},     // eight of eight unused
        {"2.5.29.15", "DER:04020780"},     // not bits
        {"2.5.29.17", "DER:3000"},         // no names
        {"2.5.29.17", "DER:30038205"},     // cut
        {"2.5.29.37", "DER:3000"},         {"2.5.29.37", "DER:0500"},
    };
    static const char *const known[][2] = {{"basicConstraints", "CA:FALSE"},
                                           {"keyUsage", "digitalSignature"},
                                           {"subjectAltName", "DNS:x"},
                                           {"extendedKeyUsage", "serverAuth"}};
    cert_t c;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        make(&c, &(want_t){"x", {{bad[i][0], bad[i][1]}}});
        assert_int_equal(c.err, LP_E_FORMAT);
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        make(&c, &(want_t){"x", {{known[i][0], known[i][1]}, {known[i][0], known[i][1]}}});
        assert_int_equal(c.err, LP_E_FORMAT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(authority_and_server_are_read),
        cmocka_unit_test(purpose_is_any_unless_it_is_said),
        cmocka_unit_test(hosts_are_matched_label_by_label),
        cmocka_unit_test(addresses_are_matched_by_their_bytes),
        cmocka_unit_test(critical_ones_must_be_understood),
        cmocka_unit_test(one_that_is_there_twice_or_malformed_is_refused),
    };
    return cmocka_run_group_tests_name("x509 extensions", tests, make_key, drop_key);
}
