// SPDX-License-Identifier: Apache-2.0
// DER, ECDSA signatures and PEM; OpenSSL is the second opinion.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "limpet/der.h"
#include "limpet/pem.h"

#define STR(s)   lp_span(s, sizeof(s) - 1)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

// --- DER ----------------------------------------------------------------------------------------

static void der_lengths_round_trip_in_their_shortest_form(void **state)
{
    (void)state;
    static const size_t lens[] = {0, 1, 127, 128, 255, 256, 65535, 65536, 100000};
    static const size_t heads[] = {2, 2, 2, 3, 3, 4, 4, 5, 5};
    uint8_t *mem = malloc(100020);
    uint8_t *value = calloc(1, 100000);
    assert_non_null(mem);
    assert_non_null(value);
    for (size_t i = 0; i < COUNT(lens); i++) {
        lp_buf_t b = lp_buf(mem, 100020);
        lp_der_writer_t w = {.out = &b};
        lp_der_put(&w, LP_DER_OCTET_STRING, lp_span(value, lens[i]));
        assert_int_equal(w.err, LP_OK);
        assert_int_equal(b.len, heads[i] + lens[i]);
        lp_span_t in = lp_buf_span(&b);
        lp_der_t e;
        assert_int_equal(lp_der_next(&in, &e), LP_OK);
        assert_int_equal(e.value.len, lens[i]);
        assert_int_equal(in.len, 0);
        assert_int_equal(lp_der_next(&in, &e), LP_E_NOT_FOUND);
    }
    free(mem);
    free(value);
}

static void der_writer_without_room_fails_for_every_size(void **state)
{
    (void)state;
    uint8_t value[200] = {1};
    uint8_t mem[256];
    size_t need = 3 + 3 + sizeof value;
    for (size_t cap = 0; cap <= need; cap++) {
        lp_buf_t b = lp_buf(mem, cap);
        lp_der_writer_t w = {.out = &b};
        size_t mark = lp_der_begin(&w, LP_DER_SEQUENCE);
        lp_der_put(&w, LP_DER_OCTET_STRING, lp_span(value, sizeof value));
        lp_der_end(&w, mark);
        assert_int_equal(w.err, cap < need ? LP_E_NOSPACE : LP_OK);
    }
}

static void der_malformed_elements_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
    } bad[] = {
        {"\x30", 1},                         // no length
        {"\x30\x80\x00\x00", 4},             // indefinite
        {"\x30\x81\x7f", 3},                 // long form for a short length
        {"\x30\x82\x00\x80", 4},             // leading zero
        {"\x30\x85\x01\x00\x00\x00\x00", 7}, // five octets
        {"\x30\xff", 2},                     // reserved
        {"\x30\x84\xff\xff\xff\xff", 6},     // beyond the end
        {"\x30\x02\x00", 3},                 // one short
        {"\x3f\x81\x00\x00", 4},             // high tag
        {"\x1f\x01\x00", 3},                 // high tag
        {"\x00\x00", 2},                     // end-of-contents
        {"\x30\x82\x01", 3},                 // length cut
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        uint8_t *copy = malloc(bad[i].len);
        assert_non_null(copy);
        memcpy(copy, bad[i].bytes, bad[i].len);
        lp_span_t in = lp_span(copy, bad[i].len);
        lp_der_t e = {.tag = 77};
        assert_int_equal(lp_der_next(&in, &e), LP_E_FORMAT);
        assert_int_equal(in.len, bad[i].len);
        assert_int_equal(e.tag, 77);
        free(copy);
    }
}

static void der_integers_must_be_minimal_and_not_negative(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        lp_err_t err;
        size_t magnitude;
    } cases[] = {
        {"\x02\x01\x00", 3, LP_OK, 0},           {"\x02\x01\x7f", 3, LP_OK, 1},
        {"\x02\x02\x00\x80", 4, LP_OK, 1},       {"\x02\x00", 2, LP_E_FORMAT, 0},
        {"\x02\x01\x80", 3, LP_E_FORMAT, 0},     {"\x02\x02\x00\x7f", 4, LP_E_FORMAT, 0},
        {"\x02\x02\xff\xff", 4, LP_E_FORMAT, 0}, {"\x03\x01\x00", 3, LP_E_FORMAT, 0},
        {"\x02\x02\x00\x00", 4, LP_E_FORMAT, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        lp_span_t in = lp_span(cases[i].bytes, cases[i].len);
        lp_span_t m = STR("untouched");
        assert_int_equal(lp_der_uint(&in, &m), cases[i].err);
        assert_int_equal(m.len, cases[i].err == LP_OK ? cases[i].magnitude : 9);
        assert_int_equal(in.len, cases[i].err == LP_OK ? 0 : cases[i].len);
    }
    lp_span_t bits;
    lp_span_t in = STR("\x03\x02\x01\x80");
    assert_int_equal(lp_der_bits(&in, &bits), LP_E_FORMAT);
    in = STR("\x03\x00");
    assert_int_equal(lp_der_bits(&in, &bits), LP_E_FORMAT);
    in = STR("\x03\x02\x00\x80");
    assert_int_equal(lp_der_bits(&in, &bits), LP_OK);
    assert_int_equal(bits.len, 1);
}

// --- ECDSA --------------------------------------------------------------------------------------

// What OpenSSL makes of r||s, byte for byte.
static void assert_same_as_openssl(const uint8_t raw[64])
{
    uint8_t mem[LP_ECDSA_DER_MAX];
    lp_buf_t b = lp_buf(mem, sizeof mem);
    assert_int_equal(lp_ecdsa_to_der(&b, raw), LP_OK);
    ECDSA_SIG *sig = ECDSA_SIG_new();
    assert_true(ECDSA_SIG_set0(sig, BN_bin2bn(raw, 32, NULL), BN_bin2bn(raw + 32, 32, NULL)));
    uint8_t *der = NULL;
    int len = i2d_ECDSA_SIG(sig, &der);
    assert_int_equal(b.len, len);
    assert_memory_equal(mem, der, b.len);
    OPENSSL_free(der);
    ECDSA_SIG_free(sig);
    uint8_t back[64];
    assert_int_equal(lp_ecdsa_from_der(lp_buf_span(&b), back), LP_OK);
    assert_memory_equal(back, raw, 64);
}

static void ecdsa_der_is_what_openssl_makes(void **state)
{
    (void)state;
    uint8_t raw[64];
    for (unsigned i = 0; i < 500; i++) {
        assert_int_equal(RAND_bytes(raw, sizeof raw), 1);
        memset(raw, 0, i % 32); // leading zeros of r
        memset(raw + 32, 0, (i / 3) % 32);
        raw[31] |= 1;
        raw[63] |= 1;
        assert_same_as_openssl(raw);
    }
    memset(raw, 0xff, sizeof raw);
    assert_same_as_openssl(raw);
}

static void ecdsa_bad_signatures_are_refused(void **state)
{
    (void)state;
    uint8_t raw[64] = {0};
    uint8_t mem[LP_ECDSA_DER_MAX];
    lp_buf_t b = lp_buf(mem, sizeof mem);
    assert_int_equal(lp_ecdsa_to_der(&b, raw), LP_E_RANGE);
    raw[0] = 1;
    assert_int_equal(lp_ecdsa_to_der(&b, raw), LP_E_RANGE);
    raw[63] = 1;
    assert_int_equal(lp_ecdsa_to_der(&b, raw), LP_OK);
    for (size_t cap = 0; cap < b.len; cap++) {
        lp_buf_t tight = lp_buf(mem + 0, cap);
        uint8_t scratch[LP_ECDSA_DER_MAX];
        tight.ptr = scratch;
        assert_int_equal(lp_ecdsa_to_der(&tight, raw), LP_E_NOSPACE);
        assert_int_equal(tight.len, 0);
        assert_int_equal(lp_ecdsa_from_der(lp_span(mem, cap), raw), LP_E_FORMAT);
    }
    assert_int_equal(lp_ecdsa_from_der(STR("\x30\x06\x02\x01\x00\x02\x01\x01"), raw), LP_E_RANGE);
    assert_int_equal(lp_ecdsa_from_der(STR("\x30\x06\x02\x01\x01\x02\x01\x00"), raw), LP_E_RANGE);
    assert_int_equal(lp_ecdsa_from_der(STR("\x30\x06\x02\x01\x81\x02\x01\x01"), raw), LP_E_FORMAT);
    assert_int_equal(lp_ecdsa_from_der(STR("\x30\x06\x02\x01\x01\x02\x01\x01\x00"), raw),
                     LP_E_FORMAT);
    assert_int_equal(lp_ecdsa_from_der(STR("\x30\x08\x02\x01\x01\x02\x01\x01\x05\x00"), raw),
                     LP_E_FORMAT);
    uint8_t wide[41] = {0x30, 39, 0x02, 33, 1};
    memcpy(wide + 37, "\x02\x02\x00\x81", 4);
    assert_int_equal(lp_ecdsa_from_der(lp_span(wide, sizeof wide), raw), LP_E_RANGE);
}

// --- PEM ----------------------------------------------------------------------------------------

static void pem_of_every_length_round_trips(void **state)
{
    (void)state;
    uint8_t der[200];
    for (size_t i = 0; i < sizeof der; i++) {
        der[i] = (uint8_t)(i * 7);
    }
    for (size_t len = 1; len <= sizeof der; len++) {
        uint8_t text[512];
        uint8_t back[256];
        lp_buf_t t = lp_buf(text, LP_PEM_LEN(len, 4));
        lp_buf_t b = lp_buf(back, sizeof back);
        assert_int_equal(lp_pem_encode(&t, "TEST", lp_span(der, len)), LP_OK);
        lp_span_t in = lp_buf_span(&t);
        assert_int_equal(lp_pem_decode(&in, "TEST", &b), LP_OK);
        assert_int_equal(in.len, 0);
        assert_true(lp_span_equal(lp_buf_span(&b), lp_span(der, len)));
        in = lp_buf_span(&t);
        lp_buf_t over = lp_buf(text, t.len);
        assert_int_equal(lp_pem_decode(&in, "TEST", &over), LP_OK); // over its own text
        assert_true(lp_span_equal(lp_buf_span(&over), lp_span(der, len)));
    }
}

static void pem_bundle_yields_blocks_in_order(void **state)
{
    (void)state;
    lp_span_t text = STR("# comment\r\n-----BEGIN A-----\r\nAQID\r\n-----END A-----\r\n"
                         "-----BEGIN B-----\nBAUG\n-----END B-----\nbetween\n"
                         "-----BEGIN A-----  \nBwgJ\nCg==\t\n-----END A-----");
    uint8_t mem[16];
    lp_buf_t b = lp_buf(mem, sizeof mem);
    assert_int_equal(lp_pem_decode(&text, "A", &b), LP_OK);
    assert_int_equal(lp_pem_decode(&text, "A", &b), LP_OK);
    assert_memory_equal(mem, "\1\2\3\7\10\11\12", 7);
    assert_int_equal(b.len, 7);
    assert_int_equal(lp_pem_decode(&text, "A", &b), LP_E_NOT_FOUND);
}

static void pem_damage_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "-----BEGIN A-----\nAQID\n",                        // no end
        "-----BEGIN A-----\nAQID\n-----END B-----\n",       // wrong end
        "-----BEGIN A-----\nAQI\n-----END A-----\n",        // cut group
        "-----BEGIN A-----\nAQ==\nAQID\n-----END A-----\n", // padding in the middle
        "-----BEGIN A-----\n\nAQID\n-----END A-----\n",     // empty line
        "-----BEGIN A-----\nAQ!D\n-----END A-----\n",       // alphabet
        "-----BEGIN A-----\nProc-Type: 4,ENCRYPTED\nAQID\n-----END A-----\n",
        "-----BEGIN A-----",                         // nothing behind
        "-----BEGIN A-----\nAQID\n-----END A----\n", // dashes
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        uint8_t mem[16];
        lp_buf_t b = lp_buf(mem, sizeof mem);
        lp_span_t text = lp_span_str(bad[i]);
        assert_int_equal(lp_pem_decode(&text, "A", &b), LP_E_FORMAT);
        assert_int_equal(b.len, 0);
        assert_int_equal(text.len, strlen(bad[i]));
    }
    uint8_t mem[16];
    lp_buf_t b = lp_buf(mem, 2);
    lp_span_t text = STR("-----BEGIN A-----\nAQID\n-----END A-----\n");
    assert_int_equal(lp_pem_decode(&text, "A", &b), LP_E_NOSPACE);
    assert_int_equal(b.len, 0);
    text = STR(
        " -----BEGIN A-----\nAQID\n-----END A-----\n-----BEGIN AA-----\nAQID\n-----END AA-----\n");
    assert_int_equal(lp_pem_decode(&text, "A", &b), LP_E_NOT_FOUND);
    for (size_t cap = 0; cap < 40; cap++) {
        uint8_t out[64];
        b = lp_buf(out, cap);
        lp_err_t err = lp_pem_encode(&b, "A", STR("\1\2\3"));
        assert_int_equal(err, cap < 39 ? LP_E_NOSPACE : LP_OK);
        assert_int_equal(b.len, err == LP_OK ? 39 : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(der_lengths_round_trip_in_their_shortest_form),
        cmocka_unit_test(der_writer_without_room_fails_for_every_size),
        cmocka_unit_test(der_malformed_elements_are_refused),
        cmocka_unit_test(der_integers_must_be_minimal_and_not_negative),
        cmocka_unit_test(ecdsa_der_is_what_openssl_makes),
        cmocka_unit_test(ecdsa_bad_signatures_are_refused),
        cmocka_unit_test(pem_of_every_length_round_trips),
        cmocka_unit_test(pem_bundle_yields_blocks_in_order),
        cmocka_unit_test(pem_damage_is_refused_and_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
