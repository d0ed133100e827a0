// SPDX-License-Identifier: Apache-2.0
// CBOR: every example of the RFC read, and written again where there is one best form.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cbor_vectors.h"
#include "limpet/cbor.h"
#include "limpet/hex.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

typedef struct {
    uint8_t mem[256];
    lp_span_t bytes;
} bytes_t;

static lp_span_t from_hex(bytes_t *b, const char *hex)
{
    lp_buf_t out = lp_buf(b->mem, sizeof b->mem);
    assert_int_equal(lp_hex_decode(&out, lp_span_str(hex)), LP_OK);
    b->bytes = lp_buf_span(&out);
    return b->bytes;
}

// --- diagnostic notation ------------------------------------------------------------------------

static void say(lp_buf_t *out, const char *text)
{
    assert_int_equal(lp_buf_put_str(out, text), LP_OK);
}

static void say_float(lp_buf_t *out, lp_cbor_t v)
{
    char text[40];
    uint64_t bits = 0;
    double d;
    assert_int_equal(lp_cbor_float_bits(v, &bits), LP_OK);
    memcpy(&d, &bits, sizeof d);
    snprintf(text, sizeof text, "<%.17g>", d);
    say(out, text);
}

static void say_text(lp_buf_t *out, lp_cbor_t v)
{
    char text[64];
    assert_int_equal(lp_cbor_cstr(v, text, sizeof text), LP_OK);
    assert_true(lp_cbor_equal_str(v, text));
    assert_int_equal(lp_cbor_content_len(v), strlen(text));
    say(out, "\"");
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '"' || *p == '\\') {
            say(out, "\\");
        }
        assert_int_equal(lp_buf_put_byte(out, (uint8_t)*p), LP_OK);
    }
    say(out, "\"");
}

static void say_bytes(lp_buf_t *out, lp_cbor_t v)
{
    uint8_t mem[64];
    lp_buf_t b = lp_buf(mem, sizeof mem);
    assert_int_equal(lp_cbor_content(v, &b), LP_OK);
    say(out, "h'");
    assert_int_equal(lp_hex_encode(out, lp_buf_span(&b)), LP_OK);
    say(out, "'");
}

static void say_number(lp_buf_t *out, lp_cbor_t v)
{
    char text[40];
    int64_t n = 0;
    uint64_t magnitude = 0;
    bool is_negative = lp_cbor_type(v) == LP_CBOR_NINT;
    assert_int_equal(lp_cbor_magnitude(v, &magnitude), LP_OK);
    if (lp_cbor_int(v, INT64_MIN, INT64_MAX, &n) == LP_OK) {
        snprintf(text, sizeof text, "%lld", (long long)n);
    } else {
        snprintf(text, sizeof text, "%s%llu", is_negative ? "-1-" : "",
                 (unsigned long long)magnitude);
    }
    say(out, text);
}

static void diagnose(lp_buf_t *out, lp_cbor_t v);

static void say_container(lp_buf_t *out, lp_cbor_t v, bool is_map)
{
    lp_cbor_iter_t it;
    lp_cbor_t key;
    lp_cbor_t value;
    const char *between = is_map ? "{" : "[";
    assert_int_equal(lp_cbor_iter(v, &it), LP_OK);
    if (lp_cbor_count(v) == 0) {
        say(out, between);
    }
    while (lp_cbor_next(&it, &key, &value)) {
        say(out, between);
        between = ", ";
        if (is_map) {
            diagnose(out, key);
            say(out, ": ");
        }
        diagnose(out, value);
    }
    say(out, is_map ? "}" : "]");
}

static void say_tag(lp_buf_t *out, lp_cbor_t v)
{
    char text[32];
    uint64_t number = 0;
    lp_cbor_t inner;
    assert_int_equal(lp_cbor_untag(v, &number, &inner), LP_OK);
    snprintf(text, sizeof text, "%llu(", (unsigned long long)number);
    say(out, text);
    diagnose(out, inner);
    say(out, ")");
}

static void diagnose(lp_buf_t *out, lp_cbor_t v)
{
    bool b = false;
    uint64_t n = 0;
    char text[32];
    switch (lp_cbor_type(v)) {
    case LP_CBOR_NONE:
        fail();
        break;
    case LP_CBOR_UINT:
    case LP_CBOR_NINT:
        say_number(out, v);
        break;
    case LP_CBOR_BYTES:
        say_bytes(out, v);
        break;
    case LP_CBOR_TEXT:
        say_text(out, v);
        break;
    case LP_CBOR_ARRAY:
    case LP_CBOR_MAP:
        say_container(out, v, lp_cbor_type(v) == LP_CBOR_MAP);
        break;
    case LP_CBOR_TAG:
        say_tag(out, v);
        break;
    case LP_CBOR_BOOL:
        assert_int_equal(lp_cbor_bool(v, &b), LP_OK);
        say(out, b ? "true" : "false");
        break;
    case LP_CBOR_NULL:
        say(out, "null");
        break;
    case LP_CBOR_UNDEFINED:
        say(out, "undefined");
        break;
    case LP_CBOR_SIMPLE:
        assert_int_equal(lp_cbor_magnitude(v, &n), LP_OK);
        snprintf(text, sizeof text, "simple(%d)", (int)n);
        say(out, text);
        break;
    case LP_CBOR_FLOAT:
        say_float(out, v);
        break;
    }
}

// The RFC writes floats for people; here they are compared as the C library reads them.
static void normalise(const char *diag, char *out, size_t size)
{
    const char *number = strstr(diag, "1363896240.5");
    bool is_float = number != NULL || strstr(diag, "Infinity") != NULL ||
                    strcmp(diag, "NaN") == 0 ||
                    (strpbrk(diag, "\"['(") == NULL && strchr(diag, '.') != NULL);
    if (!is_float) {
        snprintf(out, size, "%s", diag);
    } else {
        snprintf(out, size, "%s<%.17g>%s", number != NULL ? "1(" : "",
                 strtod(number != NULL ? number : diag, NULL), number != NULL ? ")" : "");
    }
}

static void cbor_appendix_a_reads_as_the_rfc_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cbor_appendix_a); i++) {
        bytes_t b;
        uint8_t mem[400];
        char expected[400];
        lp_cbor_t v;
        lp_buf_t out = lp_buf(mem, sizeof mem - 1);
        print_message("%s\n", cbor_appendix_a[i].hex);
        assert_int_equal(lp_cbor_parse(from_hex(&b, cbor_appendix_a[i].hex), &v), LP_OK);
        diagnose(&out, v);
        mem[out.len] = '\0';
        normalise(cbor_appendix_a[i].diag, expected, sizeof expected);
        assert_string_equal((const char *)mem, expected);
    }
}

static void cbor_not_well_formed_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cbor_not_well_formed); i++) {
        bytes_t b;
        lp_cbor_t v = {0};
        print_message("%s\n", cbor_not_well_formed[i]);
        assert_int_equal(lp_cbor_parse(from_hex(&b, cbor_not_well_formed[i]), &v), LP_E_FORMAT);
        assert_int_equal(lp_cbor_type(v), LP_CBOR_NONE);
    }
}

static void cbor_cut_anywhere_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cbor_appendix_a); i++) {
        bytes_t b;
        lp_cbor_t v;
        lp_span_t whole = from_hex(&b, cbor_appendix_a[i].hex);
        for (size_t len = 0; len < whole.len; len++) {
            uint8_t *exact = malloc(len > 0 ? len : 1); // so that a byte too many is seen
            memcpy(exact, whole.ptr, len);
            assert_int_equal(lp_cbor_parse(lp_span(exact, len), &v), LP_E_FORMAT);
            free(exact);
        }
    }
}

// --- writing ------------------------------------------------------------------------------------

static void write_again(lp_cbor_writer_t *w, lp_cbor_t v);

static void write_container(lp_cbor_writer_t *w, lp_cbor_t v)
{
    lp_cbor_iter_t it;
    lp_cbor_t key;
    lp_cbor_t inner;
    if (lp_cbor_type(v) == LP_CBOR_MAP) {
        lp_cbor_put_map(w, (uint32_t)lp_cbor_count(v));
    } else {
        lp_cbor_put_array(w, (uint32_t)lp_cbor_count(v));
    }
    assert_int_equal(lp_cbor_iter(v, &it), LP_OK);
    while (lp_cbor_next(&it, &key, &inner)) {
        if (lp_cbor_type(key) != LP_CBOR_NONE) {
            write_again(w, key);
        }
        write_again(w, inner);
    }
}

static void write_again(lp_cbor_writer_t *w, lp_cbor_t v)
{
    uint8_t mem[64];
    lp_buf_t content = lp_buf(mem, sizeof mem);
    lp_cbor_t inner;
    uint64_t n = 0;
    int64_t i = 0;
    switch (lp_cbor_type(v)) {
    case LP_CBOR_UINT:
        assert_int_equal(lp_cbor_magnitude(v, &n), LP_OK);
        lp_cbor_put_uint(w, n);
        break;
    case LP_CBOR_NINT:
        if (lp_cbor_int(v, INT64_MIN, -1, &i) == LP_OK) {
            lp_cbor_put_int(w, i);
        } else {
            lp_cbor_put_value(w, v);
        }
        break;
    case LP_CBOR_BYTES:
        assert_int_equal(lp_cbor_content(v, &content), LP_OK);
        lp_cbor_put_bytes(w, lp_buf_span(&content));
        break;
    case LP_CBOR_TEXT:
        assert_int_equal(lp_cbor_content(v, &content), LP_OK);
        lp_cbor_put_text(w, lp_buf_span(&content));
        break;
    case LP_CBOR_ARRAY:
    case LP_CBOR_MAP:
        write_container(w, v);
        break;
    case LP_CBOR_TAG:
        assert_int_equal(lp_cbor_untag(v, &n, &inner), LP_OK);
        lp_cbor_put_tag(w, n);
        write_again(w, inner);
        break;
    case LP_CBOR_BOOL:
        lp_cbor_put_bool(w, v.raw.ptr[0] == 0xf5);
        break;
    case LP_CBOR_NULL:
        lp_cbor_put_null(w);
        break;
    case LP_CBOR_FLOAT:
        assert_int_equal(lp_cbor_float_bits(v, &n), LP_OK);
        lp_cbor_put_float_bits(w, n);
        break;
    case LP_CBOR_NONE:
    case LP_CBOR_UNDEFINED:
    case LP_CBOR_SIMPLE:
        lp_cbor_put_value(w, v);
        break;
    }
}

static void cbor_appendix_a_is_written_in_the_preferred_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cbor_appendix_a); i++) {
        bytes_t b;
        uint8_t mem[256];
        lp_cbor_t v;
        lp_buf_t out = lp_buf(mem, sizeof mem);
        lp_cbor_writer_t w;
        print_message("%s\n", cbor_appendix_a[i].hex);
        assert_int_equal(lp_cbor_parse(from_hex(&b, cbor_appendix_a[i].hex), &v), LP_OK);
        lp_cbor_init(&w, &out);
        write_again(&w, v);
        assert_int_equal(lp_cbor_done(&w), LP_OK);
        assert_int_equal(lp_span_equal(lp_buf_span(&out), v.raw), cbor_appendix_a[i].is_preferred);
    }
}

static void cbor_every_half_survives_widening_and_narrowing(void **state)
{
    (void)state;
    for (unsigned half = 0; half <= 0xffff; half++) {
        uint8_t in[3] = {0xf9, (uint8_t)(half >> 8), (uint8_t)half};
        uint8_t mem[16];
        uint64_t bits = 0;
        lp_buf_t out = lp_buf(mem, sizeof mem);
        lp_cbor_writer_t w;
        lp_cbor_t v;
        assert_int_equal(lp_cbor_parse(lp_span(in, sizeof in), &v), LP_OK);
        assert_int_equal(lp_cbor_float_bits(v, &bits), LP_OK);
        lp_cbor_init(&w, &out);
        lp_cbor_put_float_bits(&w, bits);
        assert_int_equal(lp_cbor_done(&w), LP_OK);
        assert_true(lp_span_equal(lp_buf_span(&out), lp_span(in, sizeof in)));
    }
}

// The compiler's own conversion is the second opinion, over all exponents.
static void cbor_singles_widen_as_the_compiler_does(void **state)
{
    (void)state;
    for (uint32_t step = 0; step < 1u << 18; step++) {
        uint32_t single = step * 16411u; // spreads over signs, exponents and mantissas
        uint8_t in[5] = {0xfa, (uint8_t)(single >> 24), (uint8_t)(single >> 16),
                         (uint8_t)(single >> 8), (uint8_t)single};
        uint64_t bits = 0;
        lp_cbor_t v;
        float f;
        memcpy(&f, &single, sizeof f);
        double d = (double)f;
        uint64_t expected;
        memcpy(&expected, &d, sizeof expected);
        assert_int_equal(lp_cbor_parse(lp_span(in, sizeof in), &v), LP_OK);
        assert_int_equal(lp_cbor_float_bits(v, &bits), LP_OK);
        if (f == f) { // a NaN's payload is its own affair
            assert_true(bits == expected);
        }
    }
}

// --- accessors and limits -----------------------------------------------------------------------

static void cbor_get_refuses_a_key_that_occurs_twice(void **state)
{
    (void)state;
    bytes_t b;
    lp_cbor_t map;
    lp_cbor_t v = {0};
    int64_t n = 0;
    assert_int_equal(lp_cbor_parse(from_hex(&b, "a3616101616202616103"), &map), LP_OK);
    assert_int_equal(lp_cbor_get(map, "a", &v), LP_E_EXISTS);
    assert_int_equal(lp_cbor_get(map, "c", &v), LP_E_NOT_FOUND);
    assert_int_equal(lp_cbor_type(v), LP_CBOR_NONE);
    assert_int_equal(lp_cbor_get(map, "b", &v), LP_OK);
    assert_int_equal(lp_cbor_int(v, 0, 10, &n), LP_OK);
    assert_int_equal(n, 2);
    assert_int_equal(lp_cbor_get(v, "a", &map), LP_E_INVALID);
}

static void cbor_integers_keep_their_range(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        int64_t min, max;
        lp_err_t err;
    } cases[] = {
        {"0a", 0, 9, LP_E_RANGE},
        {"0a", 11, 20, LP_E_RANGE},
        {"0a", 10, 10, LP_OK},
        {"1b7fffffffffffffff", INT64_MIN, INT64_MAX, LP_OK},
        {"1b8000000000000000", INT64_MIN, INT64_MAX, LP_E_RANGE},
        {"3b7fffffffffffffff", INT64_MIN, INT64_MAX, LP_OK},
        {"3b8000000000000000", INT64_MIN, INT64_MAX, LP_E_RANGE},
        {"f90000", 0, 1, LP_E_INVALID},
        {"6130", 0, 1, LP_E_INVALID},
        {"c100", 0, 1, LP_E_INVALID},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        bytes_t b;
        lp_cbor_t v;
        int64_t n = 77;
        assert_int_equal(lp_cbor_parse(from_hex(&b, cases[i].hex), &v), LP_OK);
        assert_int_equal(lp_cbor_int(v, cases[i].min, cases[i].max, &n), cases[i].err);
        assert_int_equal(n == 77, cases[i].err != LP_OK);
    }
}

static void cbor_strings_in_chunks_are_one(void **state)
{
    (void)state;
    bytes_t b;
    lp_cbor_t v;
    char text[8];
    uint8_t mem[3];
    lp_buf_t small = lp_buf(mem, sizeof mem);
    assert_int_equal(lp_cbor_parse(from_hex(&b, "7f6161606162626364ff"), &v), LP_OK);
    assert_int_equal(lp_cbor_cstr(v, text, sizeof text), LP_OK);
    assert_string_equal(text, "abcd");
    assert_true(lp_cbor_equal_str(v, "abcd"));
    assert_false(lp_cbor_equal_str(v, "abc"));
    assert_false(lp_cbor_equal_str(v, "abcde"));
    assert_int_equal(lp_cbor_content(v, &small), LP_E_NOSPACE);
    assert_int_equal(small.len, 0);
    assert_int_equal(lp_cbor_cstr(v, text, 4), LP_E_NOSPACE);
    assert_int_equal(lp_cbor_parse(from_hex(&b, "63610062"), &v), LP_OK);
    assert_int_equal(lp_cbor_cstr(v, text, sizeof text), LP_E_FORMAT);
}

static void cbor_depth_is_bounded(void **state)
{
    (void)state;
    static const uint8_t openers[] = {0x81, 0x9f, 0xc1, 0xbf};
    for (size_t i = 0; i < COUNT(openers); i++) {
        uint8_t deep[100];
        lp_cbor_t v;
        memset(deep, openers[i], sizeof deep);
        if (openers[i] == 0xbf) { // the keys of maps are values, then another map
            for (size_t k = 1; k < sizeof deep; k += 2) {
                deep[k] = 0x00;
            }
        }
        assert_int_equal(lp_cbor_parse(lp_span(deep, sizeof deep), &v), LP_E_RANGE);
    }
    uint8_t ok[LP_CBOR_DEPTH_MAX + 1];
    lp_cbor_t v;
    memset(ok, 0x81, sizeof ok);
    ok[LP_CBOR_DEPTH_MAX] = 0x01;
    assert_int_equal(lp_cbor_parse(lp_span(ok, sizeof ok), &v), LP_OK);
}

static void cbor_writer_counts_its_items(void **state)
{
    (void)state;
    uint8_t mem[40];
    lp_buf_t out = lp_buf(mem, sizeof mem);
    lp_cbor_writer_t w;
    lp_cbor_init(&w, &out);
    lp_cbor_put_map(&w, 2);
    lp_cbor_put_str(&w, "a");
    lp_cbor_put_int(&w, -5);
    assert_int_equal(lp_cbor_done(&w), LP_E_STATE); // one pair is missing
    assert_int_equal(out.len, 0);
    lp_cbor_init(&w, &out);
    lp_cbor_put_array(&w, 1);
    lp_cbor_put_null(&w);
    lp_cbor_put_null(&w);
    assert_int_equal(lp_cbor_done(&w), LP_E_STATE);
    lp_cbor_init(&w, &out);
    lp_cbor_put_bytes(&w, lp_span(mem, 0));
    assert_int_equal(lp_cbor_done(&w), LP_OK);
    lp_cbor_init(&w, &out);
    for (int i = 0; i <= LP_CBOR_DEPTH_MAX; i++) {
        lp_cbor_put_array(&w, 1);
    }
    assert_int_equal(lp_cbor_done(&w), LP_E_RANGE);
    assert_int_equal(out.len, 1);
    lp_cbor_init(&w, &out);
    lp_cbor_put_str(&w, "\xff");
    assert_int_equal(lp_cbor_done(&w), LP_E_FORMAT);
    lp_cbor_init(&w, &out);
    lp_cbor_put_str(&w, "this text is longer than forty bytes, so it does not fit");
    assert_int_equal(lp_cbor_done(&w), LP_E_NOSPACE);
    assert_int_equal(out.len, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cbor_appendix_a_reads_as_the_rfc_says),
        cmocka_unit_test(cbor_not_well_formed_is_refused),
        cmocka_unit_test(cbor_cut_anywhere_is_refused),
        cmocka_unit_test(cbor_appendix_a_is_written_in_the_preferred_form),
        cmocka_unit_test(cbor_every_half_survives_widening_and_narrowing),
        cmocka_unit_test(cbor_singles_widen_as_the_compiler_does),
        cmocka_unit_test(cbor_get_refuses_a_key_that_occurs_twice),
        cmocka_unit_test(cbor_integers_keep_their_range),
        cmocka_unit_test(cbor_strings_in_chunks_are_one),
        cmocka_unit_test(cbor_depth_is_bounded),
        cmocka_unit_test(cbor_writer_counts_its_items),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
