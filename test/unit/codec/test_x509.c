// SPDX-License-Identifier: Apache-2.0
// Certificates and certificate requests; OpenSSL is the second opinion.
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "limpet/der.h"
#include "limpet/pem.h"
#include "limpet/x509.h"

#define STR(s)   lp_span(s, sizeof(s) - 1)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

// --- Requests -----------------------------------------------------------------------------------

static void point_of(EVP_PKEY *key, uint8_t point[64])
{
    uint8_t bytes[65];
    size_t len = 0;
    assert_true(EVP_PKEY_get_octet_string_param(key, "pub", bytes, sizeof bytes, &len));
    assert_int_equal(len, 65);
    memcpy(point, bytes + 1, 64);
}

static void sign_raw(EVP_PKEY *key, lp_span_t data, uint8_t raw[64])
{
    uint8_t der[80];
    size_t len = sizeof der;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_equal(EVP_DigestSign(ctx, der, &len, data.ptr, data.len), 1);
    EVP_MD_CTX_free(ctx);
    assert_int_equal(lp_ecdsa_from_der(lp_span(der, len), raw), LP_OK);
}

// Builds and signs a request as a device does; returns its length.
static size_t make_csr(EVP_PKEY *key, lp_span_t cn, lp_span_t sn, uint8_t *out, size_t cap)
{
    uint8_t info_mem[LP_CSR_TBS_MAX];
    uint8_t point[64];
    uint8_t raw[64];
    lp_buf_t info = lp_buf(info_mem, sizeof info_mem);
    lp_buf_t csr = lp_buf(out, cap);
    point_of(key, point);
    lp_csr_t what = {.common_name = cn, .serial_number = sn, .point = point};
    assert_int_equal(lp_csr_build(&info, &what), LP_OK);
    sign_raw(key, lp_buf_span(&info), raw);
    assert_int_equal(lp_csr_finish(&csr, lp_buf_span(&info), raw), LP_OK);
    return csr.len;
}

static void csr_is_verified_by_openssl(void **state)
{
    (void)state;
    char cn[65] = {0};
    EVP_PKEY *key = EVP_EC_gen("P-256");
    for (size_t len = 1; len <= 64; len++) {
        cn[len - 1] = (char)('a' + len % 26);
        uint8_t der[LP_CSR_MAX];
        lp_span_t sn = lp_span("0123456789ABCDEFGHIJ'()+,-./:=? ", len % 33);
        size_t der_len = make_csr(key, lp_span(cn, len), sn, der, sizeof der);
        const uint8_t *at = der;
        X509_REQ *req = d2i_X509_REQ(NULL, &at, (long)der_len);
        assert_non_null(req);
        assert_ptr_equal(at, der + der_len);
        EVP_PKEY *pub = X509_REQ_get0_pubkey(req);
        assert_int_equal(EVP_PKEY_eq(pub, key), 1);
        assert_int_equal(X509_REQ_verify(req, pub), 1);
        char text[80] = {0};
        X509_NAME *name = X509_REQ_get_subject_name(req);
        assert_int_equal(X509_NAME_get_text_by_NID(name, NID_commonName, text, sizeof text), len);
        assert_string_equal(text, cn);
        assert_int_equal(X509_NAME_entry_count(name), sn.len > 0 ? 2 : 1);
        uint8_t *again = NULL;
        assert_int_equal(i2d_X509_REQ(req, &again), der_len);
        assert_memory_equal(again, der, der_len);
        OPENSSL_free(again);
        X509_REQ_free(req);
    }
    EVP_PKEY_free(key);
}

static void csr_worst_case_fits_its_stated_maximum(void **state)
{
    (void)state;
    char cn[256];
    for (size_t i = 0; i < 64; i++) {
        memcpy(cn + 4 * i, "\xf0\x9f\x90\x9a", 4);
    }
    char sn[64];
    memset(sn, '7', sizeof sn);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    uint8_t der[LP_CSR_MAX];
    size_t len = make_csr(key, lp_span(cn, sizeof cn), lp_span(sn, sizeof sn), der, sizeof der);
    const uint8_t *at = der;
    X509_REQ *req = d2i_X509_REQ(NULL, &at, (long)len);
    assert_non_null(req);
    assert_int_equal(X509_REQ_verify(req, key), 1);
    X509_REQ_free(req);
    EVP_PKEY_free(key);
}

// Runs the command on the request; returns its exit status, what it says in `said`.
static int openssl_verifies(const char *path, char *said, size_t cap)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)dup2(ends[1], STDOUT_FILENO);
        (void)dup2(ends[1], STDERR_FILENO);
        execlp("openssl", "openssl", "req", "-in", path, "-verify", "-noout", "-subject",
               (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    size_t len = 0;
    for (ssize_t n; len < cap - 1 && (n = read(ends[0], said + len, cap - 1 - len)) > 0;) {
        len += (size_t)n;
    }
    close(ends[0]);
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void csr_passes_the_openssl_command(void **state)
{
    (void)state;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    uint8_t der[LP_CSR_MAX];
    uint8_t pem[LP_PEM_LEN(LP_CSR_MAX, 19)];
    size_t len = make_csr(key, STR("lp-4f21c0"), STR("0123EE"), der, sizeof der);
    lp_buf_t text = lp_buf(pem, sizeof pem);
    assert_int_equal(lp_pem_encode(&text, "CERTIFICATE REQUEST", lp_span(der, len)), LP_OK);
    char path[] = "/tmp/lp-csr-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, pem, text.len), text.len);
    close(fd);
    char said[512] = {0};
    assert_int_equal(openssl_verifies(path, said, sizeof said), 0);
    unlink(path);
    assert_non_null(strstr(said, "verify OK"));
    assert_non_null(strstr(said, "CN = lp-4f21c0"));
    assert_non_null(strstr(said, "serialNumber = 0123EE"));
    EVP_PKEY_free(key);
}

static void csr_with_forbidden_names_is_refused(void **state)
{
    (void)state;
    uint8_t point[64] = {1};
    uint8_t mem[LP_CSR_TBS_MAX];
    lp_buf_t b = lp_buf(mem, sizeof mem);
    char long_name[65];
    memset(long_name, 'x', sizeof long_name);
    const lp_csr_t bad[] = {
        {.common_name = STR(""), .point = point},
        {.common_name = lp_span(long_name, 65), .point = point},
        {.common_name = STR("a\nb"), .point = point},
        {.common_name = STR("a\0b"), .point = point},
        {.common_name = STR("a\x7f"), .point = point},
        {.common_name = STR("a\xc2\x85"), .point = point},
        {.common_name = STR("\xff"), .point = point},
        {.common_name = STR("a"), .serial_number = STR("a*b"), .point = point},
        {.common_name = STR("a"), .serial_number = STR("a_b"), .point = point},
        {.common_name = STR("a"), .serial_number = lp_span(long_name, 65), .point = point},
        {.common_name = STR("a")},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_int_equal(lp_csr_build(&b, &bad[i]), LP_E_INVALID);
        assert_int_equal(b.len, 0);
    }
    lp_csr_t good = {.common_name = STR("a"), .point = point};
    assert_int_equal(lp_csr_build(&b, &good), LP_OK);
    size_t need = b.len;
    for (size_t cap = 0; cap < need; cap++) {
        b = lp_buf(mem, cap);
        assert_int_equal(lp_csr_build(&b, &good), LP_E_NOSPACE);
        assert_int_equal(b.len, 0);
    }
    uint8_t zero[64] = {0};
    b = lp_buf(mem, sizeof mem);
    assert_int_equal(lp_csr_finish(&b, STR("\x30\x00"), zero), LP_E_RANGE);
    assert_int_equal(lp_csr_finish(&b, STR("\x30\x00"), point), LP_E_RANGE);
    zero[31] = zero[63] = 1;
    b = lp_buf(mem, 20);
    assert_int_equal(lp_csr_finish(&b, STR("\x30\x00"), zero), LP_E_NOSPACE);
    assert_int_equal(b.len, 0);
}

// --- Certificates -------------------------------------------------------------------------------

typedef struct {
    const char *not_before; // ASN1_TIME_set_string_X509() picks UTCTime or GeneralizedTime
    int64_t not_before_s;
    const char *not_after;
    int64_t not_after_s;
} dates_t;

static const dates_t dates[] = {
    {"19500101000000Z", -631152000, "19700101000000Z", 0},
    {"19700101000001Z", 1, "20491231235959Z", 2524607999},
    {"20000228235959Z", 951782399, "20000229000000Z", 951782400},
    {"20240229120000Z", 1709208000, "20240301000000Z", 1709251200},
    {"20500101000000Z", 2524608000, "99991231235959Z", 253402300799},
    {"21000228000000Z", 4107456000, "21000301000000Z", 4107542400},
};

static size_t make_certificate(EVP_PKEY *key, const dates_t *d, bool has_extension, uint8_t **der)
{
    X509 *x = X509_new();
    X509_set_version(x, has_extension ? 2 : 0);
    BIGNUM *serial = BN_new();
    BN_set_word(serial, 0x80ff01);
    BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(x));
    BN_free(serial);
    assert_true(ASN1_TIME_set_string_X509(X509_getm_notBefore(x), d->not_before));
    assert_true(ASN1_TIME_set_string_X509(X509_getm_notAfter(x), d->not_after));
    X509_NAME *name = X509_get_subject_name(x);
    const unsigned char cn[] = "lp-4f21c0";
    const unsigned char org[] = "Shore";
    X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, org, -1, -1, 0);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, cn, -1, -1, 0);
    X509_set_pubkey(x, key);
    if (has_extension) {
        ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
        ASN1_OCTET_STRING_set(value, (const unsigned char *)"\x30\x00", 2);
        X509_EXTENSION *e = X509_EXTENSION_create_by_NID(NULL, NID_basic_constraints, 1, value);
        X509_add_ext(x, e, -1);
        X509_EXTENSION_free(e);
        ASN1_OCTET_STRING_free(value);
    }
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    *der = NULL;
    int len = i2d_X509(x, der);
    assert_true(len > 0);
    X509_free(x);
    return (size_t)len;
}

static bool is_signed_by(EVP_PKEY *key, lp_span_t data, lp_span_t signature)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
    int ok = EVP_DigestVerify(ctx, signature.ptr, signature.len, data.ptr, data.len);
    EVP_MD_CTX_free(ctx);
    return ok == 1;
}

static void x509_made_by_openssl_is_read(void **state)
{
    (void)state;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    uint8_t point[64];
    point_of(key, point);
    for (size_t i = 0; i < COUNT(dates); i++) {
        uint8_t *der;
        size_t len = make_certificate(key, &dates[i], i % 2 == 0, &der);
        lp_x509_t c;
        assert_int_equal(lp_x509_read(lp_span(der, len), &c), LP_OK);
        assert_true(lp_span_equal(c.serial, STR("\x80\xff\x01")));
        assert_true(lp_span_equal(c.p256, lp_span(point, 64)));
        assert_true(c.not_before == dates[i].not_before_s);
        assert_true(c.not_after == dates[i].not_after_s);
        assert_true(is_signed_by(key, c.tbs, c.signature));
        lp_span_t cn;
        assert_int_equal(lp_x509_common_name(c.subject, &cn), LP_OK);
        assert_true(lp_span_equal_str(cn, "lp-4f21c0"));
        assert_int_equal(lp_x509_common_name(c.issuer, &cn), LP_E_NOT_FOUND);
        uint8_t spki[LP_P256_SPKI_LEN];
        lp_buf_t b = lp_buf(spki, sizeof spki);
        assert_int_equal(lp_p256_spki(&b, point), LP_OK);
        assert_true(lp_span_equal(c.spki, lp_buf_span(&b)));
        b = lp_buf(spki, sizeof spki - 1);
        assert_int_equal(lp_p256_spki(&b, point), LP_E_NOSPACE);
        OPENSSL_free(der);
    }
    EVP_PKEY_free(key);
}

static void x509_other_keys_have_no_p256_point(void **state)
{
    (void)state;
    EVP_PKEY *keys[] = {EVP_EC_gen("P-384"), EVP_EC_gen("secp256k1"), EVP_RSA_gen(2048)};
    for (size_t i = 0; i < COUNT(keys); i++) {
        uint8_t *der;
        size_t len = make_certificate(keys[i], &dates[1], true, &der);
        lp_x509_t c;
        assert_int_equal(lp_x509_read(lp_span(der, len), &c), LP_OK);
        assert_int_equal(c.p256.len, 0);
        OPENSSL_free(der);
        EVP_PKEY_free(keys[i]);
    }
}

static void x509_cut_anywhere_is_refused(void **state)
{
    (void)state;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    uint8_t *der;
    size_t len = make_certificate(key, &dates[1], true, &der);
    for (size_t cut = 0; cut < len; cut++) {
        uint8_t *copy = malloc(cut > 0 ? cut : 1);
        assert_non_null(copy);
        memcpy(copy, der, cut);
        lp_x509_t c = {.not_before = 77};
        assert_int_equal(lp_x509_read(lp_span(copy, cut), &c), LP_E_FORMAT);
        assert_true(c.not_before == 77);
        free(copy);
    }
    uint8_t *longer = malloc(len + 1);
    assert_non_null(longer);
    memcpy(longer, der, len);
    longer[len] = 0;
    lp_x509_t c;
    assert_int_equal(lp_x509_read(lp_span(longer, len + 1), &c), LP_E_FORMAT);
    free(longer);
    OPENSSL_free(der);
    EVP_PKEY_free(key);
}

static int64_t seconds_of(const ASN1_TIME *t)
{
    struct tm tm;
    assert_int_equal(ASN1_TIME_to_tm(t, &tm), 1);
    int days = 0;
    int seconds = 0;
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    assert_int_equal(ASN1_TIME_diff(&days, &seconds, epoch, t), 1);
    ASN1_TIME_free(epoch);
    return (int64_t)days * 86400 + seconds;
}

// False when OpenSSL refuses the certificate; otherwise both must see the same.
static bool agrees_with_openssl(const lp_x509_t *c, const uint8_t *der, size_t len)
{
    const uint8_t *at = der;
    X509 *x = d2i_X509(NULL, &at, (long)len);
    if (x == NULL) {
        return false;
    }
    assert_true(seconds_of(X509_get0_notBefore(x)) == c->not_before);
    assert_true(seconds_of(X509_get0_notAfter(x)) == c->not_after);
    uint8_t *name = NULL;
    int name_len = i2d_X509_NAME(X509_get_subject_name(x), &name);
    assert_true(lp_span_equal(lp_span(name, (size_t)name_len), c->subject));
    OPENSSL_free(name);
    EVP_PKEY *key = c->p256.len > 0 ? X509_get0_pubkey(x) : NULL; // null: not on the curve
    if (key != NULL) {
        uint8_t point[64];
        point_of(key, point);
        assert_memory_equal(point, c->p256.ptr, 64);
    }
    X509_free(x);
    return true;
}

// Every byte of a certificate changed in turn: never a crash, and what is accepted still lies
// within.
static void x509_with_any_byte_changed_stays_in_bounds(void **state)
{
    (void)state;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    uint8_t *der;
    size_t len = make_certificate(key, &dates[1], true, &der);
    size_t refused = 0;
    size_t agreed = 0;
    for (size_t i = 0; i < len; i++) {
        uint8_t kept = der[i];
        for (unsigned bit = 0; bit < 8; bit++) {
            der[i] = (uint8_t)(kept ^ (1u << bit));
            lp_x509_t c;
            lp_span_t cn;
            if (lp_x509_read(lp_span(der, len), &c) != LP_OK) {
                refused++;
                continue;
            }
            assert_true(c.tbs.ptr >= der && c.tbs.ptr + c.tbs.len <= der + len);
            (void)lp_x509_common_name(c.subject, &cn);
            agreed += agrees_with_openssl(&c, der, len) ? 1 : 0;
        }
        der[i] = kept;
    }
    assert_true(refused > 100);
    assert_true(agreed > 1000);
    OPENSSL_free(der);
    EVP_PKEY_free(key);
}

static void x509_impossible_dates_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "490229000000Z", "491301000000Z", "490001000000Z", "490100000000Z",
        "490132000000Z", "490101240000Z", "490101006000Z", "490101000060Z",
        "49010100000aZ", "490101000000z", "490431000000Z",
    };
    EVP_PKEY *key = EVP_EC_gen("P-256");
    uint8_t *der;
    size_t len = make_certificate(key, &dates[1], false, &der);
    uint8_t *at = NULL;
    for (size_t i = 0; i + 13 < len && at == NULL; i++) {
        at = memcmp(der + i, "491231235959Z", 13) == 0 ? der + i : NULL;
    }
    assert_non_null(at);
    lp_x509_t c;
    for (size_t i = 0; i < COUNT(bad); i++) {
        memcpy(at, bad[i], 13);
        assert_int_equal(lp_x509_read(lp_span(der, len), &c), LP_E_FORMAT);
    }
    memcpy(at, "480229000000Z", 13);
    assert_int_equal(lp_x509_read(lp_span(der, len), &c), LP_OK);
    OPENSSL_free(der);
    EVP_PKEY_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csr_is_verified_by_openssl),
        cmocka_unit_test(csr_worst_case_fits_its_stated_maximum),
        cmocka_unit_test(csr_passes_the_openssl_command),
        cmocka_unit_test(csr_with_forbidden_names_is_refused),
        cmocka_unit_test(x509_made_by_openssl_is_read),
        cmocka_unit_test(x509_other_keys_have_no_p256_point),
        cmocka_unit_test(x509_cut_anywhere_is_refused),
        cmocka_unit_test(x509_with_any_byte_changed_stays_in_bounds),
        cmocka_unit_test(x509_impossible_dates_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
