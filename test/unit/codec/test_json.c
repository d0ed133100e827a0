// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "json_vectors.h"
#include "limpet/json.h"

#define STR(s)   lp_span(s, sizeof(s) - 1)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static lp_json_t parsed(const char *text)
{
    lp_json_t v = {0};
    assert_int_equal(lp_json_parse(lp_span_str(text), &v), LP_OK);
    return v;
}

static lp_json_t member(lp_json_t v, const char *key)
{
    lp_json_t out = {0};
    assert_int_equal(lp_json_get(v, key, &out), LP_OK);
    return out;
}

// A copy of exactly this size on the heap, so that the sanitizer sees a read past the end.
static lp_err_t parse_exact(const char *text, size_t len)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);
    assert_non_null(copy);
    memcpy(copy, text, len);
    lp_json_t v = {.raw = lp_span("untouched", 9)};
    lp_err_t err = lp_json_parse(lp_span(copy, len), &v);
    if (err != LP_OK) {
        assert_true(lp_span_equal_str(v.raw, "untouched"));
    }
    free(copy);
    return err;
}

static void json_corpus_accepts_all_valid_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(json_accept); i++) {
        if (parse_exact(json_accept[i].text, json_accept[i].len) != LP_OK) {
            fail_msg("refused: %s", json_accept[i].text);
        }
    }
}

static void json_corpus_refuses_all_malformed_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(json_reject); i++) {
        if (parse_exact(json_reject[i].text, json_reject[i].len) != LP_E_FORMAT) {
            fail_msg("accepted: %s", json_reject[i].text);
        }
    }
}

static void json_every_prefix_of_a_container_is_malformed(void **state)
{
    (void)state;
    static const char text[] =
        "{\"a\":[1,-2.5e3,{\"b\":\"\\ud83d\\ude00\xc3\xa9\"}],\"c\":null,\"d\":true}";
    for (size_t len = 0; len < sizeof text - 1; len++) {
        assert_int_equal(parse_exact(text, len), LP_E_FORMAT);
    }
    assert_int_equal(parse_exact(text, sizeof text - 1), LP_OK);
}

static void json_depth_is_bounded(void **state)
{
    (void)state;
    char text[2 * LP_JSON_DEPTH_MAX + 2];
    for (unsigned depth = 1; depth <= LP_JSON_DEPTH_MAX + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        lp_err_t expected = depth <= LP_JSON_DEPTH_MAX ? LP_OK : LP_E_RANGE;
        assert_int_equal(parse_exact(text, 2 * (size_t)depth), expected);
    }
    enum { MANY = 100000 };
    char *deep = malloc(MANY);
    assert_non_null(deep);
    memset(deep, '[', MANY);
    assert_int_equal(parse_exact(deep, MANY), LP_E_RANGE);
    free(deep);
}

static void json_prefix_yields_what_follows(void **state)
{
    (void)state;
    lp_json_t v;
    lp_span_t rest;
    assert_int_equal(lp_json_parse_prefix(STR(" {\"a\":1}cbf43926\n"), &v, &rest), LP_OK);
    assert_true(lp_span_equal_str(v.raw, "{\"a\":1}"));
    assert_true(lp_span_equal_str(rest, "cbf43926\n"));
    assert_int_equal(lp_json_parse_prefix(STR("{\"a\":1"), &v, &rest), LP_E_FORMAT);
}

static void json_types_are_told_apart(void **state)
{
    (void)state;
    assert_int_equal(lp_json_type((lp_json_t){0}), LP_JSON_NONE);
    assert_int_equal(lp_json_type(parsed(" null")), LP_JSON_NULL);
    assert_int_equal(lp_json_type(parsed("true")), LP_JSON_BOOL);
    assert_int_equal(lp_json_type(parsed("false")), LP_JSON_BOOL);
    assert_int_equal(lp_json_type(parsed("-1")), LP_JSON_NUMBER);
    assert_int_equal(lp_json_type(parsed("7")), LP_JSON_NUMBER);
    assert_int_equal(lp_json_type(parsed("\"\"")), LP_JSON_STRING);
    assert_int_equal(lp_json_type(parsed("[]")), LP_JSON_ARRAY);
    assert_int_equal(lp_json_type(parsed("{}")), LP_JSON_OBJECT);
    assert_true(lp_json_is_null(parsed("null")));
    assert_false(lp_json_is_null(parsed("0")));
}

static void json_get_finds_members_and_refuses_duplicates(void **state)
{
    (void)state;
    lp_json_t v =
        parsed("{ \"a\" : 1 , \"b\\u0063\" : [ { } , \"}]\\\"\" ] , \"d\":{\"e\":{\"f\":true}},"
               "\"two\":1,\"t\\u0077o\":2, \"\":3}");
    lp_json_t out = {0};
    assert_true(lp_span_equal_str(member(v, "a").raw, "1"));
    assert_true(lp_span_equal_str(member(v, "bc").raw, "[ { } , \"}]\\\"\" ]"));
    assert_true(lp_span_equal_str(member(v, "").raw, "3"));
    assert_int_equal(lp_json_get(v, "two", &out), LP_E_EXISTS);
    assert_int_equal(lp_json_get(v, "tw", &out), LP_E_NOT_FOUND);
    assert_int_equal(lp_json_get(v, "two2", &out), LP_E_NOT_FOUND);
    assert_int_equal(lp_json_get(member(v, "a"), "x", &out), LP_E_INVALID);
    assert_int_equal(lp_json_get((lp_json_t){0}, "x", &out), LP_E_INVALID);
    assert_int_equal(out.raw.len, 0);
    assert_int_equal(lp_json_find(v, "d.e.f", &out), LP_OK);
    assert_true(lp_span_equal_str(out.raw, "true"));
    assert_int_equal(lp_json_find(v, "d.x.f", &out), LP_E_NOT_FOUND);
    assert_int_equal(lp_json_find(v, "d.e.f.g", &out), LP_E_INVALID);
    assert_int_equal(lp_json_find(v, "d.", &out), LP_E_NOT_FOUND);
    assert_int_equal(lp_json_find(v, "two", &out), LP_E_EXISTS);
}

static void json_iterates_in_order(void **state)
{
    (void)state;
    lp_json_t v = parsed("[ 1 ,\"a,]\", [2,[3]] ,{\"k\":[]},null ]");
    static const char *const expected[] = {"1", "\"a,]\"", "[2,[3]]", "{\"k\":[]}", "null"};
    lp_json_iter_t it;
    lp_json_t key;
    lp_json_t item;
    assert_int_equal(lp_json_iter(v, &it), LP_OK);
    for (size_t i = 0; i < COUNT(expected); i++) {
        assert_true(lp_json_next(&it, &key, &item));
        assert_true(lp_span_equal_str(item.raw, expected[i]));
        assert_int_equal(lp_json_type(key), LP_JSON_NONE);
    }
    assert_false(lp_json_next(&it, &key, &item));
    assert_int_equal(lp_json_count(v), 5);
    assert_int_equal(lp_json_count(parsed("{\"a\":1, \"b\":2}")), 2);
    assert_int_equal(lp_json_count(parsed("{ }")), 0);
    assert_int_equal(lp_json_count(parsed("[\n]")), 0);
    assert_int_equal(lp_json_count(parsed("3")), 0);
    assert_int_equal(lp_json_iter(parsed("3"), &it), LP_E_INVALID);
}

typedef struct {
    const char *text;
    int64_t value;
    lp_err_t err;
} number_case_t;

static void json_integers_are_whole_and_in_range(void **state)
{
    (void)state;
    static const number_case_t cases[] = {
        {"0", 0, LP_OK},
        {"-0", 0, LP_OK},
        {"9223372036854775807", INT64_MAX, LP_OK},
        {"-9223372036854775808", INT64_MIN, LP_OK},
        {"9223372036854775808", 0, LP_E_RANGE},
        {"-9223372036854775809", 0, LP_E_RANGE},
        {"18446744073709551615", 0, LP_E_RANGE},
        {"18446744073709551616", 0, LP_E_RANGE},
        {"184467440737095516150", 0, LP_E_RANGE},
        {"1.0", 0, LP_E_RANGE},
        {"1e2", 0, LP_E_RANGE},
        {"\"1\"", 0, LP_E_INVALID},
        {"null", 0, LP_E_INVALID},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t got = 77;
        lp_json_t v = parsed(cases[i].text);
        assert_int_equal(lp_json_int(v, INT64_MIN, INT64_MAX, &got), cases[i].err);
        assert_true(got == (cases[i].err == LP_OK ? cases[i].value : 77));
    }
    int64_t got = 77;
    uint32_t small = 77;
    assert_int_equal(lp_json_int(parsed("30"), 30, 1200, &got), LP_OK);
    assert_int_equal(lp_json_int(parsed("29"), 30, 1200, &got), LP_E_RANGE);
    assert_int_equal(lp_json_int(parsed("1201"), 30, 1200, &got), LP_E_RANGE);
    assert_int_equal(got, 30);
    assert_int_equal(lp_json_u32(parsed("4294967295"), UINT32_MAX, &small), LP_OK);
    assert_int_equal(small, UINT32_MAX);
    assert_int_equal(lp_json_u32(parsed("4294967296"), UINT32_MAX, &small), LP_E_RANGE);
    assert_int_equal(lp_json_u32(parsed("-1"), 9, &small), LP_E_RANGE);
    assert_int_equal(lp_json_u32(parsed("10"), 9, &small), LP_E_RANGE);
}

static void json_fixed_point(void **state)
{
    (void)state;
    int64_t got = 0;
    assert_int_equal(lp_json_fixed(parsed("21.5"), 2, &got), LP_OK);
    assert_int_equal(got, 2150);
    assert_int_equal(lp_json_fixed(parsed("-0.05"), 2, &got), LP_OK);
    assert_int_equal(got, -5);
    assert_int_equal(lp_json_fixed(parsed("3"), 2, &got), LP_OK);
    assert_int_equal(got, 300);
    assert_int_equal(lp_json_fixed(parsed("0.123"), 2, &got), LP_E_RANGE);
    assert_int_equal(lp_json_fixed(parsed("1e1"), 2, &got), LP_E_RANGE);
    assert_int_equal(lp_json_fixed(parsed("9223372036854775807"), 1, &got), LP_E_RANGE);
    assert_int_equal(lp_json_fixed(parsed("true"), 1, &got), LP_E_INVALID);
    assert_int_equal(got, 300);
}

static void json_bools(void **state)
{
    (void)state;
    bool b = false;
    assert_int_equal(lp_json_bool(parsed("true"), &b), LP_OK);
    assert_true(b);
    assert_int_equal(lp_json_bool(parsed("0"), &b), LP_E_INVALID);
    assert_true(b);
    assert_int_equal(lp_json_bool(parsed("false"), &b), LP_OK);
    assert_false(b);
}

static void json_strings_unescape(void **state)
{
    (void)state;
    lp_json_t v =
        parsed("\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u20AC\\ud83d\\ude00\xc3\xa9\\u0000z\"");
    static const char expected[] =
        "a\"\\/\b\f\n\r\t\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa9\0z";
    uint8_t mem[64];
    lp_buf_t b = lp_buf(mem, sizeof mem);
    assert_int_equal(lp_json_str(v, &b), LP_OK);
    assert_true(lp_span_equal(lp_buf_span(&b), STR(expected)));
    for (size_t cap = 0; cap < sizeof expected - 1; cap++) {
        lp_buf_t tight = lp_buf(mem, cap);
        assert_int_equal(lp_json_str(v, &tight), LP_E_NOSPACE);
        assert_int_equal(tight.len, 0);
    }
    assert_int_equal(lp_json_str(parsed("7"), &b), LP_E_INVALID);
}

static void json_cstr_fits_or_leaves_the_target_alone(void **state)
{
    (void)state;
    char s[4] = "old";
    assert_int_equal(lp_json_cstr(parsed("\"abcd\""), s, sizeof s), LP_E_NOSPACE);
    assert_int_equal(lp_json_cstr(parsed("\"a\\u0000b\""), s, sizeof s), LP_E_FORMAT);
    assert_int_equal(lp_json_cstr(parsed("[]"), s, sizeof s), LP_E_INVALID);
    assert_string_equal(s, "old");
    assert_int_equal(lp_json_cstr(parsed("\"\\u00e9x\""), s, sizeof s), LP_OK);
    assert_string_equal(s, "\xc3\xa9x");
    assert_int_equal(lp_json_cstr(parsed("\"\""), s, 1), LP_OK);
    assert_string_equal(s, "");
    assert_int_equal(lp_json_cstr(parsed("\"\""), s, 0), LP_E_NOSPACE);
}

static void json_equal_str_compares_unescaped(void **state)
{
    (void)state;
    assert_true(lp_json_equal_str(parsed("\"h\\u00e9\""), "h\xc3\xa9"));
    assert_false(lp_json_equal_str(parsed("\"ab\""), "a"));
    assert_false(lp_json_equal_str(parsed("\"a\""), "ab"));
    assert_false(lp_json_equal_str(parsed("1"), "1"));
    assert_false(lp_json_equal_str(parsed("\"a\\u0000\""), "a"));
}

// --- Writer -------------------------------------------------------------------------------------

static void write_sample(lp_json_writer_t *w)
{
    lp_json_put_object(w);
    lp_json_put_key(w, "i");
    lp_json_put_int(w, INT64_MIN);
    lp_json_put_key(w, "u");
    lp_json_put_uint(w, UINT64_MAX);
    lp_json_put_key(w, "s");
    lp_json_put_span(w, STR("\"\\/\b\f\n\r\t\x0b\x1f\x7f\xc3\xa9\0"));
    lp_json_put_key(w, "a");
    lp_json_put_array(w);
    lp_json_put_bool(w, true);
    lp_json_put_bool(w, false);
    lp_json_put_null(w);
    lp_json_put_array(w);
    lp_json_put_array_end(w);
    lp_json_put_object(w);
    lp_json_put_object_end(w);
    lp_json_put_array_end(w);
    lp_json_put_key(w, "x");
    lp_json_put_hex(w, STR("\x01\xfe"));
    lp_json_put_key(w, "f");
    lp_json_put_array(w);
    lp_json_put_fixed(w, -5, 2);
    lp_json_put_fixed(w, 2150, 2);
    lp_json_put_fixed(w, 7, 0);
    lp_json_put_fixed(w, INT64_MIN, 9);
    lp_json_put_array_end(w);
    lp_json_put_key(w, "v");
    lp_json_put_value(w, parsed(" { \"k y\" :\n[ 1, \"\\\" \" ] } "));
    lp_json_put_key(w, "n");
    lp_json_put_value(w, (lp_json_t){0});
    lp_json_put_object_end(w);
}

static const char sample[] =
    "{\"i\":-9223372036854775808,\"u\":18446744073709551615,"
    "\"s\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u000b\\u001f\x7f\xc3\xa9\\u0000\","
    "\"a\":[true,false,null,[],{}],\"x\":\"01fe\",\"f\":[-0.05,21.50,7,-9223372036.854775808],"
    "\"v\":{\"k y\":[1,\"\\\" \"]},\"n\":null}";

static void json_writer_makes_what_the_reader_accepts(void **state)
{
    (void)state;
    uint8_t mem[512];
    lp_buf_t b = lp_buf(mem, sizeof mem);
    lp_json_writer_t w;
    lp_json_init(&w, &b);
    write_sample(&w);
    assert_int_equal(lp_json_done(&w), LP_OK);
    assert_true(lp_span_equal_str(lp_buf_span(&b), sample));
    lp_json_t v;
    assert_int_equal(lp_json_parse(lp_buf_span(&b), &v), LP_OK);
}

static void json_writer_without_room_appends_nothing(void **state)
{
    (void)state;
    for (size_t cap = 2; cap < sizeof sample + 1; cap++) {
        uint8_t mem[sizeof sample + 1] = "ab";
        lp_buf_t b = lp_buf(mem, cap);
        b.len = 2;
        lp_json_writer_t w;
        lp_json_init(&w, &b);
        write_sample(&w);
        assert_int_equal(lp_json_done(&w), LP_E_NOSPACE);
        assert_int_equal(b.len, 2);
    }
}

typedef void misuse_fn(lp_json_writer_t *w);

static void misuse_nothing(lp_json_writer_t *w)
{
    (void)w;
}
static void misuse_unclosed(lp_json_writer_t *w)
{
    lp_json_put_array(w);
}
static void misuse_two_values(lp_json_writer_t *w)
{
    lp_json_put_null(w);
    lp_json_put_null(w);
}
static void misuse_value_without_key(lp_json_writer_t *w)
{
    lp_json_put_object(w);
    lp_json_put_null(w);
    lp_json_put_object_end(w);
}
static void misuse_key_without_value(lp_json_writer_t *w)
{
    lp_json_put_object(w);
    lp_json_put_key(w, "a");
    lp_json_put_object_end(w);
}
static void misuse_two_keys(lp_json_writer_t *w)
{
    lp_json_put_object(w);
    lp_json_put_key(w, "a");
    lp_json_put_key(w, "b");
    lp_json_put_null(w);
    lp_json_put_object_end(w);
}
static void misuse_key_in_array(lp_json_writer_t *w)
{
    lp_json_put_array(w);
    lp_json_put_key(w, "a");
    lp_json_put_array_end(w);
}
static void misuse_wrong_end(lp_json_writer_t *w)
{
    lp_json_put_array(w);
    lp_json_put_object_end(w);
}
static void misuse_end_of_nothing(lp_json_writer_t *w)
{
    lp_json_put_array_end(w);
}

static void json_writer_refuses_what_makes_no_json(void **state)
{
    (void)state;
    static misuse_fn *const misuses[] = {
        misuse_nothing,           misuse_unclosed,          misuse_two_values,
        misuse_value_without_key, misuse_two_keys,          misuse_key_in_array,
        misuse_wrong_end,         misuse_key_without_value, misuse_end_of_nothing,
    };
    for (size_t i = 0; i < COUNT(misuses); i++) {
        uint8_t mem[64];
        lp_buf_t b = lp_buf(mem, sizeof mem);
        lp_json_writer_t w;
        lp_json_init(&w, &b);
        misuses[i](&w);
        assert_int_equal(lp_json_done(&w), LP_E_STATE);
        assert_int_equal(b.len, 0);
    }
}

static void json_writer_bounds_depth_and_refuses_bad_utf8(void **state)
{
    (void)state;
    uint8_t mem[256];
    for (unsigned depth = LP_JSON_DEPTH_MAX; depth <= LP_JSON_DEPTH_MAX + 1; depth++) {
        lp_buf_t b = lp_buf(mem, sizeof mem);
        lp_json_writer_t w;
        lp_json_init(&w, &b);
        for (unsigned i = 0; i < depth; i++) {
            lp_json_put_array(&w);
        }
        for (unsigned i = 0; i < depth; i++) {
            lp_json_put_array_end(&w);
        }
        lp_err_t expected = depth <= LP_JSON_DEPTH_MAX ? LP_OK : LP_E_RANGE;
        assert_int_equal(lp_json_done(&w), expected);
    }
    lp_buf_t b = lp_buf(mem, sizeof mem);
    lp_json_writer_t w;
    lp_json_init(&w, &b);
    lp_json_put_str(&w, "ok\xff");
    assert_int_equal(lp_json_done(&w), LP_E_FORMAT);
    lp_json_init(&w, &b);
    lp_json_put_fixed(&w, 1, 10);
    assert_int_equal(lp_json_done(&w), LP_E_RANGE);
    assert_int_equal(b.len, 0);
}

static lp_err_t give_piece(void *ctx, size_t at, uint8_t *to, size_t n)
{
    const lp_span_t *text = ctx;
    if (at + n > text->len) {
        return LP_E_IO; // what a reader says that has no more
    }
    memcpy(to, text->ptr + at, n);
    return LP_OK;
}

static lp_err_t put_read(lp_span_t text, size_t len, char *out, size_t cap)
{
    lp_buf_t buf = lp_buf(out, cap - 1);
    lp_json_writer_t w;
    lp_json_init(&w, &buf);
    lp_json_put_read(&w, len, give_piece, &text);
    const lp_err_t err = lp_json_done(&w);
    out[buf.len] = '\0';
    return err;
}

static void json_writer_takes_a_string_in_pieces(void **state)
{
    (void)state;
    char text[200];
    char in_pieces[1300];
    char whole[1300];
    for (size_t len = 0; len <= 150; len++) {
        size_t n = 0; // characters of four bytes, moved by `len % 4` from the ends of pieces
        for (; n < len % 4; n++) {
            text[n] = (char)(n + 1);
        }
        for (; n + 4 <= len; n += 4) {
            memcpy(text + n, "\xf0\x9f\x90\x9a", 4);
        }
        lp_buf_t buf = lp_buf(whole, sizeof whole - 1);
        lp_json_writer_t w;
        lp_json_init(&w, &buf);
        lp_json_put_span(&w, lp_span(text, n));
        assert_int_equal(lp_json_done(&w), LP_OK);
        whole[buf.len] = '\0';
        assert_int_equal(put_read(lp_span(text, n), n, in_pieces, sizeof in_pieces), LP_OK);
        assert_string_equal(in_pieces, whole);
        assert_int_equal(put_read(lp_span(text, n), n + 1, in_pieces, sizeof in_pieces), LP_E_IO);
    }
    memset(text, 'x', sizeof text);
    assert_int_equal(put_read(lp_span(text, 200), 200, in_pieces, 100), LP_E_NOSPACE);
    text[130] = (char)0xC3; // and no second byte
    assert_int_equal(put_read(lp_span(text, 200), 200, in_pieces, 300), LP_E_FORMAT);
    assert_int_equal(put_read(lp_span(text, 131), 131, in_pieces, 300), LP_E_FORMAT);
    assert_int_equal(put_read(lp_span(text, 130), 130, in_pieces, 300), LP_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_corpus_accepts_all_valid_texts),
        cmocka_unit_test(json_corpus_refuses_all_malformed_texts),
        cmocka_unit_test(json_every_prefix_of_a_container_is_malformed),
        cmocka_unit_test(json_depth_is_bounded),
        cmocka_unit_test(json_prefix_yields_what_follows),
        cmocka_unit_test(json_types_are_told_apart),
        cmocka_unit_test(json_get_finds_members_and_refuses_duplicates),
        cmocka_unit_test(json_iterates_in_order),
        cmocka_unit_test(json_integers_are_whole_and_in_range),
        cmocka_unit_test(json_fixed_point),
        cmocka_unit_test(json_bools),
        cmocka_unit_test(json_strings_unescape),
        cmocka_unit_test(json_cstr_fits_or_leaves_the_target_alone),
        cmocka_unit_test(json_equal_str_compares_unescaped),
        cmocka_unit_test(json_writer_makes_what_the_reader_accepts),
        cmocka_unit_test(json_writer_takes_a_string_in_pieces),
        cmocka_unit_test(json_writer_without_room_appends_nothing),
        cmocka_unit_test(json_writer_refuses_what_makes_no_json),
        cmocka_unit_test(json_writer_bounds_depth_and_refuses_bad_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
