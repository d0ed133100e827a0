// SPDX-License-Identifier: Apache-2.0
// The one place where JSON text is judged. No recursion: one bit a level says array or object.
//
//            +------------------------------------------------+
//            v                                                |
//   VALUE --scalar--> (depth 0? DONE : COMMA_OR_END) --','--> VALUE (array) or KEY (object)
//     |  '[' -> VALUE_OR_END        |
//     |  '{' -> KEY_OR_END --key,':'+--> VALUE
//     +- ']' '}' close one level ----------> as after a scalar
#include "json_scan.h"

#include <string.h>

#include "limpet/hex.h"
#include "limpet/utf8.h"

typedef enum { VALUE, VALUE_OR_END, KEY, KEY_OR_END, COMMA_OR_END, DONE } expect_t;

typedef struct {
    lp_span_t rest;
    uint32_t object_bits; // lowest bit: the innermost level is an object
    unsigned depth;
    expect_t expect;
} scan_t;

_Static_assert(LP_JSON_DEPTH_MAX <= 32, "one bit of object_bits a level");

lp_span_t json_skip_space(lp_span_t s)
{
    while (s.len > 0 && (*s.ptr == ' ' || *s.ptr == '\t' || *s.ptr == '\n' || *s.ptr == '\r')) {
        s = json_from(s, 1);
    }
    return s;
}

// The four digits behind `\u`, or UINT32_MAX.
static uint32_t hex4(lp_span_t s)
{
    if (s.len < 6 || s.ptr[0] != '\\' || s.ptr[1] != 'u') {
        return UINT32_MAX;
    }
    uint32_t v = 0;
    for (size_t i = 2; i < 6; i++) {
        int digit = lp_hex_digit(s.ptr[i]);
        if (digit < 0) {
            return UINT32_MAX;
        }
        v = v << 4 | (uint32_t)digit;
    }
    return v;
}

// Code points above U+FFFF are two escapes; half of such a pair is malformed.
static size_t unicode_escape(lp_span_t s, uint32_t *cp)
{
    uint32_t high = hex4(s);
    if (high < 0xd800 || (high > 0xdfff && high <= 0xffff)) {
        *cp = high;
        return 6;
    }
    uint32_t low = high <= 0xdbff ? hex4(json_from(s, 6)) : UINT32_MAX;
    if (low < 0xdc00 || low > 0xdfff) {
        return 0;
    }
    *cp = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
    return 12;
}

static size_t escape(lp_span_t s, uint32_t *cp)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    if (s.len < 2) {
        return 0;
    }
    if (s.ptr[1] == 'u') {
        return unicode_escape(s, cp);
    }
    for (size_t i = 0; i < sizeof from - 1; i++) {
        if (s.ptr[1] == (uint8_t)from[i]) {
            *cp = (uint8_t)to[i];
            return 2;
        }
    }
    return 0;
}

size_t json_char(lp_span_t s, uint32_t *cp)
{
    if (s.len == 0 || s.ptr[0] < 0x20 || s.ptr[0] == '"') {
        return 0;
    }
    return s.ptr[0] == '\\' ? escape(s, cp) : lp_utf8_next(s, cp);
}

static lp_err_t scan_string(scan_t *s)
{
    if (s->rest.len == 0 || s->rest.ptr[0] != '"') {
        return LP_E_FORMAT;
    }
    lp_span_t rest = json_from(s->rest, 1);
    while (rest.len > 0 && rest.ptr[0] != '"') {
        uint32_t cp;
        size_t len = json_char(rest, &cp);
        if (len == 0) {
            return LP_E_FORMAT;
        }
        rest = json_from(rest, len);
    }
    if (rest.len == 0) {
        return LP_E_FORMAT;
    }
    s->rest = json_from(rest, 1);
    return LP_OK;
}

static bool is_digit(lp_span_t s)
{
    return s.len > 0 && s.ptr[0] >= '0' && s.ptr[0] <= '9';
}

// Skips one or more digits; false when there is none.
static bool skip_digits(lp_span_t *s)
{
    if (!is_digit(*s)) {
        return false;
    }
    while (is_digit(*s)) {
        *s = json_from(*s, 1);
    }
    return true;
}

static bool skip_byte(lp_span_t *s, char c)
{
    if (s->len == 0 || s->ptr[0] != (uint8_t)c) {
        return false;
    }
    *s = json_from(*s, 1);
    return true;
}

static lp_err_t scan_number(scan_t *s)
{
    lp_span_t *rest = &s->rest;
    (void)skip_byte(rest, '-');
    if (!skip_byte(rest, '0') && !skip_digits(rest)) {
        return LP_E_FORMAT;
    }
    if (skip_byte(rest, '.') && !skip_digits(rest)) {
        return LP_E_FORMAT;
    }
    if (skip_byte(rest, 'e') || skip_byte(rest, 'E')) {
        if (!skip_byte(rest, '+')) {
            (void)skip_byte(rest, '-');
        }
        return skip_digits(rest) ? LP_OK : LP_E_FORMAT;
    }
    return LP_OK;
}

static lp_err_t scan_word(scan_t *s, const char *word)
{
    size_t len = strlen(word);
    if (s->rest.len < len || memcmp(s->rest.ptr, word, len) != 0) {
        return LP_E_FORMAT;
    }
    s->rest = json_from(s->rest, len);
    return LP_OK;
}

static lp_err_t scan_scalar(scan_t *s)
{
    switch (s->rest.ptr[0]) {
    case '"':
        return scan_string(s);
    case 't':
        return scan_word(s, "true");
    case 'f':
        return scan_word(s, "false");
    case 'n':
        return scan_word(s, "null");
    default:
        return scan_number(s);
    }
}

static void after_value(scan_t *s)
{
    s->expect = s->depth == 0 ? DONE : COMMA_OR_END;
}

static lp_err_t open_level(scan_t *s, bool is_object)
{
    if (s->depth == LP_JSON_DEPTH_MAX) {
        return LP_E_RANGE;
    }
    s->rest = json_from(s->rest, 1);
    s->object_bits = s->object_bits << 1 | (is_object ? 1u : 0u);
    s->depth++;
    s->expect = is_object ? KEY_OR_END : VALUE_OR_END;
    return LP_OK;
}

static bool is_in_object(const scan_t *s)
{
    return (s->object_bits & 1u) != 0;
}

static bool close_level(scan_t *s)
{
    if (!skip_byte(&s->rest, is_in_object(s) ? '}' : ']')) {
        return false;
    }
    s->object_bits >>= 1;
    s->depth--;
    after_value(s);
    return true;
}

static lp_err_t step_value(scan_t *s)
{
    uint8_t c = s->rest.ptr[0];
    if (c == '{' || c == '[') {
        return open_level(s, c == '{');
    }
    lp_err_t err = scan_scalar(s);
    after_value(s);
    return err;
}

static lp_err_t step_key(scan_t *s)
{
    lp_err_t err = scan_string(s);
    s->rest = json_skip_space(s->rest);
    if (err != LP_OK || !skip_byte(&s->rest, ':')) {
        return LP_E_FORMAT;
    }
    s->expect = VALUE;
    return LP_OK;
}

static lp_err_t step_comma(scan_t *s)
{
    if (!skip_byte(&s->rest, ',')) {
        return LP_E_FORMAT;
    }
    s->expect = is_in_object(s) ? KEY : VALUE;
    return LP_OK;
}

static lp_err_t step(scan_t *s)
{
    s->rest = json_skip_space(s->rest);
    if (s->rest.len == 0) {
        return LP_E_FORMAT;
    }
    switch (s->expect) {
    case VALUE_OR_END:
        return close_level(s) ? LP_OK : step_value(s);
    case VALUE:
        return step_value(s);
    case KEY_OR_END:
        return close_level(s) ? LP_OK : step_key(s);
    case KEY:
        return step_key(s);
    case COMMA_OR_END:
        return close_level(s) ? LP_OK : step_comma(s);
    case DONE:
        break;
    }
    return LP_OK;
}

lp_err_t lp_json_parse_prefix(lp_span_t text, lp_json_t *root, lp_span_t *rest)
{
    scan_t s = {.rest = json_skip_space(text), .expect = VALUE};
    const uint8_t *start = s.rest.ptr;
    while (s.expect != DONE) {
        lp_err_t err = step(&s);
        if (err != LP_OK) {
            return err;
        }
    }
    root->raw = lp_span(start, (size_t)(s.rest.ptr - start));
    *rest = s.rest;
    return LP_OK;
}

lp_err_t lp_json_parse(lp_span_t text, lp_json_t *root)
{
    lp_json_t v;
    lp_span_t rest;
    lp_err_t err = lp_json_parse_prefix(text, &v, &rest);
    if (err != LP_OK) {
        return err;
    }
    if (json_skip_space(rest).len != 0) {
        return LP_E_FORMAT;
    }
    *root = v;
    return LP_OK;
}
