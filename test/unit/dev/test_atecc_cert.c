// SPDX-License-Identifier: Apache-2.0
// Compressed certificates: the sheet's examples, every bound, and certificates that OpenSSL made,
// taken apart and rebuilt byte for byte.
#define _GNU_SOURCE // memmem
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/asn1.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "emulated.h"
#include "limpet/atecc_cert.h"
#include "limpet/der.h"
#include "limpet/sha256.h"

// ---- the 72 bytes ------------------------------------------------------------------------------

static lp_atecc_cert_t sample(void)
{
    lp_atecc_cert_t c = {.dates = {2014, 10, 15, 16, 14},
                         .signer_id = 0xC4E1,
                         .template_id = 3,
                         .chain_id = 0,
                         .sn_source = LP_ATECC_SN_PUB_HASH};
    for (size_t i = 0; i < 64; i++) {
        c.signature[i] = (uint8_t)(i + 1);
    }
    return c;
}

static void dates_of_the_sheets_example(void **state)
{
    (void)state;
    uint8_t raw[72];
    const lp_atecc_cert_t c = sample();
    lp_atecc_cert_t back;
    assert_int_equal(lp_atecc_cert_pack(&c, raw), LP_OK);
    assert_memory_equal(raw + 64, ((uint8_t[]){0x75, 0x3E, 0x0E, 0xC4, 0xE1, 0x30, 0xA0, 0x00}), 8);
    assert_int_equal(lp_atecc_cert_unpack(raw, &back), LP_OK);
    assert_int_equal(back.dates.year, 2014);
    assert_int_equal(back.dates.month, 10);
    assert_int_equal(back.dates.day, 15);
    assert_int_equal(back.dates.hour, 16);
    assert_int_equal(back.dates.expire_years, 14);
    assert_int_equal(back.signer_id, 0xC4E1);
    assert_memory_equal(back.signature, c.signature, 64);
}

static bool is_real(unsigned y, unsigned m, unsigned d)
{
    static const unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool is_leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    return m >= 1 && m <= 12 && d >= 1 && d <= days[m - 1] + (m == 2 && is_leap ? 1 : 0);
}

static void every_date_of_every_format_comes_back(void **state)
{
    (void)state;
    unsigned good = 0;
    for (uint8_t format = 0; format < 4; format++) {
        for (unsigned year = 1998; year < 2131; year++) {
            for (uint8_t month = 0; month < 14; month++) {
                for (uint8_t day = 0; day < 33; day = (uint8_t)(day + (day == 2 ? 25 : 1))) {
                    lp_atecc_cert_t c = sample();
                    lp_atecc_cert_t back;
                    uint8_t raw[72];
                    c.format = format;
                    c.dates = (lp_atecc_cert_dates_t){(uint16_t)year, month, day, day % 24, 31};
                    const bool fits = format <= 2 && year >= 2000 &&
                                      year <= (format == 0 ? 2031u : 2127u) &&
                                      is_real(year, month, day) && is_real(year + 31, month, day);
                    assert_int_equal(lp_atecc_cert_pack(&c, raw), fits ? LP_OK : LP_E_RANGE);
                    if (fits) {
                        assert_int_equal(lp_atecc_cert_unpack(raw, &back), LP_OK);
                        assert_memory_equal(&back.dates, &c.dates, sizeof c.dates);
                        assert_int_equal(back.format, format);
                        good++;
                    }
                }
            }
        }
    }
    assert_true(good > 10000);
    lp_atecc_cert_t c = sample();
    uint8_t raw[72];
    c.format = 1;
    c.dates.expire_years = 127;
    assert_int_equal(lp_atecc_cert_pack(&c, raw), LP_OK);
    c.dates.expire_years = 128;
    assert_int_equal(lp_atecc_cert_pack(&c, raw), LP_E_RANGE);
    c.dates.expire_years = 14;
    c.dates.hour = 24;
    assert_int_equal(lp_atecc_cert_pack(&c, raw), LP_E_RANGE);
    c.dates.hour = 0;
    c.template_id = 16;
    assert_int_equal(lp_atecc_cert_pack(&c, raw), LP_E_RANGE);
}

static void garbage_is_refused_or_harmless(void **state)
{
    (void)state;
    srand(7);
    for (int i = 0; i < 100000; i++) {
        uint8_t raw[72];
        uint8_t again[72];
        lp_atecc_cert_t c;
        for (size_t k = 0; k < sizeof raw; k++) {
            raw[k] = (uint8_t)rand();
        }
        raw[70] &= 0xF3;
        if (lp_atecc_cert_unpack(raw, &c) == LP_OK) {
            assert_int_equal(lp_atecc_cert_pack(&c, again), LP_OK);
            assert_memory_equal(raw, again, 71);
        }
    }
}

// ---- certificates by OpenSSL -------------------------------------------------------------------

static EVP_PKEY *ca_key;
static EVP_PKEY *device_key;

static void raw_pub(EVP_PKEY *key, uint8_t pub[64])
{
    uint8_t point[65];
    size_t len = 0;
    assert_true(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, 65, &len));
    memcpy(pub, point + 1, 64);
}

static void add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    assert_non_null(e);
    assert_true(X509_add_ext(x, e, -1));
    X509_EXTENSION_free(e);
}

static void set_name(X509_NAME *name, const char *cn)
{
    assert_true(
        X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const uint8_t *)"Reef", -1, -1, 0));
    assert_true(
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)cn, -1, -1, 0));
}

// A certificate as a factory would issue it. serial: 16 bytes.
static size_t make_cert(const uint8_t serial[16], const char *from, const char *to, uint8_t *der)
{
    X509 *ca = X509_new();
    X509 *x = X509_new();
    assert_true(X509_set_version(ca, 2) && X509_set_version(x, 2));
    set_name(X509_get_subject_name(ca), "Signer C4E1");
    set_name(X509_get_issuer_name(x), "Signer C4E1");
    set_name(X509_get_subject_name(x), "sensor");
    assert_true(X509_set_pubkey(ca, ca_key) && X509_set_pubkey(x, device_key));
    add_extension(ca, ca, NID_subject_key_identifier, "hash");
    BIGNUM *bn = BN_bin2bn(serial, 16, NULL);
    BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(x));
    BN_free(bn);
    assert_true(ASN1_TIME_set_string(X509_getm_notBefore(x), from));
    assert_true(ASN1_TIME_set_string(X509_getm_notAfter(x), to));
    add_extension(x, ca, NID_subject_key_identifier, "hash");
    add_extension(x, ca, NID_authority_key_identifier, "keyid");
    assert_true(X509_sign(x, ca_key, EVP_sha256()) > 0);
    uint8_t *p = der;
    const int len = i2d_X509(x, &p);
    assert_true(len > 0 && len < 1000);
    X509_free(x);
    X509_free(ca);
    return (size_t)len;
}

static lp_atecc_cert_place_t places[8];
static uint8_t prefix[1000];

static lp_atecc_cert_place_t place(const uint8_t *der, size_t len, lp_atecc_cert_part_t part,
                                   const void *what, size_t what_len)
{
    const uint8_t *at = memmem(der, len, what, what_len);
    assert_non_null(at);
    return (lp_atecc_cert_place_t){part, (uint16_t)(at - der), (uint16_t)what_len};
}

static size_t tbs_len_of(const uint8_t *der)
{
    assert_int_equal(der[4], 0x30);
    assert_int_equal(der[5], 0x82);
    return 4u + (size_t)(der[6] << 8 | der[7]);
}

static void key_id(EVP_PKEY *key, uint8_t id[20])
{
    uint8_t point[65] = {4};
    unsigned n = 0;
    raw_pub(key, point + 1);
    assert_true(EVP_Digest(point, 65, id, &n, EVP_sha1(), NULL));
}

// Learns the template from one certificate, as a product's build would.
static lp_atecc_cert_template_t learn(const uint8_t *der, size_t len, const uint8_t serial[16],
                                      const char *from, const char *to)
{
    uint8_t pub[64];
    uint8_t ski[20];
    uint8_t aki[20];
    raw_pub(device_key, pub);
    key_id(device_key, ski);
    key_id(ca_key, aki);
    places[0] = place(der, len, LP_ATECC_CERT_PUBLIC_KEY, pub, 64);
    places[1] = place(der, len, LP_ATECC_CERT_SERIAL, serial, 16);
    places[2] = place(der, len, LP_ATECC_CERT_NOT_BEFORE, from, strlen(from));
    places[3] = place(der, len, LP_ATECC_CERT_NOT_AFTER, to, strlen(to));
    places[4] = place(der, len, LP_ATECC_CERT_SIGNER_ID, "C4E1", 4);
    places[5] = place(der, len, LP_ATECC_CERT_SUBJECT_KEY_ID, ski, 20);
    places[6] = place(der, len, LP_ATECC_CERT_AUTHORITY_KEY_ID, aki, 20);
    const size_t tbs = tbs_len_of(der);
    lp_atecc_cert_template_t t = {.prefix = {prefix, 4 + tbs + 12}, // algorithm: 30 0a 06 08 ...
                                  .tbs_len = (uint16_t)tbs,
                                  .template_id = 3,
                                  .places = places,
                                  .places_len = 7};
    memcpy(prefix, der, t.prefix.len);
    for (size_t i = 0; i < t.places_len; i++) {
        memset(prefix + places[i].offset, 0xEE, places[i].len); // nothing of the sample stays
    }
    return t;
}

static void signature_of(const uint8_t *der, size_t len, const lp_atecc_cert_template_t *t,
                         uint8_t sig[64])
{
    lp_span_t rest = lp_span(der + t->prefix.len, len - t->prefix.len);
    lp_span_t bits;
    assert_int_equal(lp_der_bits(&rest, &bits), LP_OK);
    assert_int_equal(lp_ecdsa_from_der(bits, sig), LP_OK);
}

static void serial_of(const uint8_t *what, size_t what_len, const lp_atecc_cert_t *c,
                      uint8_t serial[16])
{
    uint8_t raw[72];
    uint8_t digest[32];
    lp_sha256_t h;
    assert_int_equal(lp_atecc_cert_pack(c, raw), LP_OK);
    lp_sha256_init(&h);
    lp_sha256_update(&h, lp_span(what, what_len));
    lp_sha256_update(&h, lp_span(raw + 64, 3));
    lp_sha256_final(&h, digest);
    memcpy(serial, digest, 16);
    serial[0] = (uint8_t)((serial[0] & 0x3F) | 0x40);
}

static void rebuild_one(const char *from, const char *to, lp_atecc_cert_dates_t dates,
                        uint8_t format, uint8_t source)
{
    static uint8_t der[1000];
    static uint8_t out[1000];
    uint8_t serial[16];
    uint8_t pub[64];
    uint8_t ca_pub[64];
    uint8_t raw[72];
    uint8_t device[9] = {0x01, 0x23, 1, 2, 3, 4, 5, 6, 0xEE};
    raw_pub(device_key, pub);
    raw_pub(ca_key, ca_pub);
    lp_atecc_cert_t c = {.dates = dates,
                         .signer_id = 0xC4E1,
                         .template_id = 3,
                         .sn_source = source,
                         .format = format};
    if (source == LP_ATECC_SN_PUB_HASH) {
        serial_of(pub, 64, &c, serial);
    } else if (source == LP_ATECC_SN_DEVICE_HASH) {
        serial_of(device, 9, &c, serial);
    } else {
        memset(serial, 0x5E, sizeof serial);
    }
    const size_t len = make_cert(serial, from, to, der);
    const lp_atecc_cert_template_t t = learn(der, len, serial, from, to);
    signature_of(der, len, &t, c.signature);
    assert_int_equal(lp_atecc_cert_pack(&c, raw), LP_OK);
    const lp_atecc_cert_inputs_t in = {.pub = pub,
                                       .authority_pub = ca_pub,
                                       .device_serial = device,
                                       .stored_serial = lp_span(serial, 16)};
    lp_buf_t buf = lp_buf(out, sizeof out);
    assert_int_equal(lp_atecc_cert_build(&t, raw, &in, &buf), LP_OK);
    assert_int_equal(buf.len, len);
    assert_memory_equal(out, der, len);
    // What the issuer signs is what OpenSSL signed.
    uint8_t digest[32];
    uint8_t want[32];
    static uint8_t work[1000];
    lp_buf_t work_buf = lp_buf(work, sizeof work);
    assert_int_equal(lp_atecc_cert_digest(&t, raw, &in, &work_buf, digest), LP_OK);
    lp_sha256(lp_span(der + 4, t.tbs_len), want);
    assert_memory_equal(digest, want, 32);
    assert_true(world_verify(ca_pub, digest, c.signature));
}

static void certificates_are_rebuilt_byte_for_byte(void **state)
{
    (void)state;
    const lp_atecc_cert_dates_t dates = {2024, 2, 29, 7, 4};
    // Signatures of every length come by themselves: R and S lose or gain a byte now and then.
    for (int i = 0; i < 300; i++) {
        rebuild_one("240229070000Z", "280229070000Z", dates, 0, LP_ATECC_SN_PUB_HASH);
    }
    rebuild_one("240229070000Z", "280229070000Z", dates, 0, LP_ATECC_SN_DEVICE_HASH);
    rebuild_one("240229070000Z", "280229070000Z", dates, 0, LP_ATECC_SN_STORED);
    const lp_atecc_cert_dates_t endless = {2030, 12, 31, 23, 0};
    rebuild_one("301231230000Z", "99991231235959Z", endless, 0, LP_ATECC_SN_PUB_HASH);
    rebuild_one("301231230000Z", "491231235959Z", endless, 0, LP_ATECC_SN_PUB_HASH);
    const lp_atecc_cert_dates_t late = {2045, 6, 1, 12, 40};
    rebuild_one("450601120000Z", "20850601120000Z", late, 1, LP_ATECC_SN_PUB_HASH);
    rebuild_one("450601120000Z", "20850601120000Z", late, 2, LP_ATECC_SN_PUB_HASH);
    const lp_atecc_cert_dates_t very_late = {2110, 6, 1, 12, 127};
    rebuild_one("21100601120000Z", "22370601120000Z", very_late, 2, LP_ATECC_SN_PUB_HASH);
}

static void bad_inputs_are_said(void **state)
{
    (void)state;
    static uint8_t der[1000];
    static uint8_t out[1000];
    uint8_t serial[16];
    uint8_t pub[64];
    uint8_t raw[72];
    lp_atecc_cert_t c = sample();
    raw_pub(device_key, pub);
    serial_of(pub, 64, &c, serial);
    const char *from = "141015160000Z";
    const char *to = "281015160000Z";
    const size_t len = make_cert(serial, from, to, der);
    lp_atecc_cert_template_t t = learn(der, len, serial, from, to);
    signature_of(der, len, &t, c.signature);
    assert_int_equal(lp_atecc_cert_pack(&c, raw), LP_OK);
    lp_atecc_cert_inputs_t in = {.pub = pub, .authority_pub = pub};
    lp_buf_t buf = lp_buf(out, sizeof out);
    in.pub = NULL;
    assert_int_equal(lp_atecc_cert_build(&t, raw, &in, &buf), LP_E_INVALID);
    in.pub = pub;
    lp_buf_t small = lp_buf(out, t.prefix.len + 30);
    assert_int_equal(lp_atecc_cert_build(&t, raw, &in, &small), LP_E_NOSPACE);
    assert_int_equal(small.len, 0);
    small.cap = 10;
    assert_int_equal(lp_atecc_cert_build(&t, raw, &in, &small), LP_E_NOSPACE);
    raw[69] = 0x20; // another template
    assert_int_equal(lp_atecc_cert_build(&t, raw, &in, &buf), LP_E_NOT_FOUND);
    raw[69] = 0x30;
    raw[70] = 0xC0; // a source that is no more
    assert_int_equal(lp_atecc_cert_build(&t, raw, &in, &buf), LP_E_UNSUPPORTED);
    raw[70] = 0x00; // stored, but not given
    assert_int_equal(lp_atecc_cert_build(&t, raw, &in, &buf), LP_E_INVALID);
    raw[70] = 0xA3; // format 3
    assert_int_equal(lp_atecc_cert_build(&t, raw, &in, &buf), LP_E_FORMAT);
    raw[70] = 0xA0;
    places[0].offset = 5000;
    assert_int_equal(lp_atecc_cert_build(&t, raw, &in, &buf), LP_E_FORMAT);
    places[0].offset = (uint16_t)(t.prefix.len - 10);
    assert_int_equal(lp_atecc_cert_build(&t, raw, &in, &buf), LP_E_FORMAT);
    assert_int_equal(buf.len, 0);
}

static void stored_in_the_chip_and_loaded(void **state)
{
    (void)state;
    world_t *w = world_crafted(LP_CHIPSIM_ATECC508A, NULL);
    uint8_t raw[72];
    uint8_t back[72];
    uint8_t pub[64];
    const lp_atecc_cert_t c = sample();
    const lp_atecc_at_t at = {LP_ATECC_DATA, LP_ATECC_SLOT_CERT2, 0};
    assert_int_equal(lp_atecc_cert_pack(&c, raw), LP_OK);
    RUN(w, LP_OK, lp_atecc_genkey(&w->chip, &w->req, 1, w->pub, world_done, w));
    RUN(w, LP_OK, lp_atecc_write(&w->chip, &w->req, at, lp_span(raw, 72), false, world_done, w));
    RUN(w, LP_OK, lp_atecc_cert_load(&w->chip, &w->req, 15, 1, back, pub, world_done, w));
    assert_memory_equal(back, raw, 72);
    assert_memory_equal(pub, w->pub, 64);
    RUN(w, LP_OK, lp_atecc_cert_load(&w->chip, &w->req, 15, 0, back, NULL, world_done, w));
    assert_int_equal(lp_atecc_cert_load(&w->chip, &w->req, 7, 0, back, pub, world_done, w),
                     LP_E_INVALID);
    world_free(w);
    uint8_t slot[72];
    uint8_t again[64];
    lp_atecc_pub_pack(pub, slot);
    lp_atecc_pub_unpack(slot, again);
    assert_memory_equal(pub, again, 64);
}

static int setup(void **state)
{
    (void)state;
    ca_key = EVP_EC_gen("P-256");
    device_key = EVP_EC_gen("P-256");
    return ca_key == NULL || device_key == NULL;
}

static int teardown(void **state)
{
    (void)state;
    EVP_PKEY_free(ca_key);
    EVP_PKEY_free(device_key);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_of_the_sheets_example),
        cmocka_unit_test(every_date_of_every_format_comes_back),
        cmocka_unit_test(garbage_is_refused_or_harmless),
        cmocka_unit_test(certificates_are_rebuilt_byte_for_byte),
        cmocka_unit_test(bad_inputs_are_said),
        cmocka_unit_test(stored_in_the_chip_and_loaded),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
