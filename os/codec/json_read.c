// SPDX-License-Identifier: Apache-2.0
// Accessors over text that json_scan.c has accepted. They stay within the text whatever it is.
#include <string.h>

#include "json_scan.h"
#include "limpet/utf8.h"

lp_json_type_t lp_json_type(lp_json_t v)
{
    switch (v.raw.len > 0 ? v.raw.ptr[0] : 0) {
    case 0:
        return LP_JSON_NONE;
    case 'n':
        return LP_JSON_NULL;
    case 't':
    case 'f':
        return LP_JSON_BOOL;
    case '"':
        return LP_JSON_STRING;
    case '[':
        return LP_JSON_ARRAY;
    case '{':
        return LP_JSON_OBJECT;
    default:
        return LP_JSON_NUMBER;
    }
}

bool lp_json_is_null(lp_json_t v)
{
    return lp_json_type(v) == LP_JSON_NULL;
}

// --- Walking ------------------------------------------------------------------------------------

// Length of the string that starts at s.ptr[0], quotes included.
static size_t string_len(lp_span_t s)
{
    size_t at = 1;
    while (at < s.len && s.ptr[at] != '"') {
        at += s.ptr[at] == '\\' ? 2 : 1;
    }
    return at < s.len ? at + 1 : s.len;
}

static size_t container_len(lp_span_t s)
{
    size_t depth = 0;
    for (size_t at = 0; at < s.len;) {
        uint8_t c = s.ptr[at];
        if (c == '"') {
            at += string_len(json_from(s, at));
            continue;
        }
        at++;
        if (c == '[' || c == '{') {
            depth++;
        } else if ((c == ']' || c == '}') && --depth == 0) {
            return at;
        }
    }
    return s.len;
}

static size_t word_len(lp_span_t s)
{
    size_t at = 0;
    while (at < s.len && memchr(", \t\r\n]}:", s.ptr[at], 8) == NULL) {
        at++;
    }
    return at;
}

// Takes the value at the front of *rest.
static lp_json_t take_value(lp_span_t *rest)
{
    *rest = json_skip_space(*rest);
    size_t len = 0;
    if (rest->len > 0) {
        uint8_t c = rest->ptr[0];
        len = c == '"'               ? string_len(*rest)
              : c == '[' || c == '{' ? container_len(*rest)
                                     : word_len(*rest);
    }
    lp_json_t v = {.raw = lp_span(rest->ptr, len)};
    *rest = json_skip_space(json_from(*rest, len));
    return v;
}

static void skip_if(lp_span_t *rest, uint8_t c)
{
    if (rest->len > 0 && rest->ptr[0] == c) {
        *rest = json_from(*rest, 1);
    }
}

lp_err_t lp_json_iter(lp_json_t container, lp_json_iter_t *it)
{
    lp_json_type_t type = lp_json_type(container);
    if ((type != LP_JSON_ARRAY && type != LP_JSON_OBJECT) || container.raw.len < 2) {
        return LP_E_INVALID;
    }
    it->rest_ = json_skip_space(lp_span(container.raw.ptr + 1, container.raw.len - 2));
    it->is_object_ = type == LP_JSON_OBJECT;
    return LP_OK;
}

bool lp_json_next(lp_json_iter_t *it, lp_json_t *key, lp_json_t *value)
{
    if (it->rest_.len == 0) {
        return false;
    }
    lp_json_t name = {0};
    if (it->is_object_) {
        name = take_value(&it->rest_);
        skip_if(&it->rest_, ':');
    }
    *value = take_value(&it->rest_);
    skip_if(&it->rest_, ',');
    it->rest_ = json_skip_space(it->rest_);
    if (key != NULL) {
        *key = name;
    }
    return value->raw.len > 0;
}

size_t lp_json_count(lp_json_t container)
{
    lp_json_iter_t it;
    lp_json_t value;
    size_t count = 0;
    if (lp_json_iter(container, &it) != LP_OK) {
        return 0;
    }
    while (lp_json_next(&it, NULL, &value)) {
        count++;
    }
    return count;
}

static bool is_string_equal(lp_json_t v, lp_span_t s);

static lp_err_t get_member(lp_json_t object, lp_span_t key, lp_json_t *out)
{
    lp_json_iter_t it;
    if (lp_json_type(object) != LP_JSON_OBJECT || lp_json_iter(object, &it) != LP_OK) {
        return LP_E_INVALID;
    }
    lp_json_t name;
    lp_json_t value;
    lp_json_t found = {0};
    while (lp_json_next(&it, &name, &value)) {
        if (!is_string_equal(name, key)) {
            continue;
        }
        if (found.raw.len > 0) {
            return LP_E_EXISTS;
        }
        found = value;
    }
    if (found.raw.len == 0) {
        return LP_E_NOT_FOUND;
    }
    *out = found;
    return LP_OK;
}

lp_err_t lp_json_get(lp_json_t object, const char *key, lp_json_t *out)
{
    return get_member(object, lp_span_str(key), out);
}

lp_err_t lp_json_find(lp_json_t v, const char *path, lp_json_t *out)
{
    for (;;) {
        size_t len = 0;
        while (path[len] != '\0' && path[len] != '.') {
            len++;
        }
        lp_err_t err = get_member(v, lp_span(path, len), &v);
        if (err != LP_OK) {
            return err;
        }
        if (path[len] == '\0') {
            *out = v;
            return LP_OK;
        }
        path += len + 1;
    }
}

// --- Scalars ------------------------------------------------------------------------------------

lp_err_t lp_json_bool(lp_json_t v, bool *out)
{
    if (lp_json_type(v) != LP_JSON_BOOL) {
        return LP_E_INVALID;
    }
    *out = v.raw.ptr[0] == 't';
    return LP_OK;
}

// Adds one digit; false when the magnitude leaves 64 bits.
static bool add_digit(uint64_t *v, uint8_t digit)
{
    if (*v > (UINT64_MAX - digit) / 10) {
        return false;
    }
    *v = *v * 10 + digit;
    return true;
}

// A magnitude and a sign as int64_t; false when it does not fit.
static bool to_signed(uint64_t magnitude, bool is_negative, int64_t *out)
{
    if (is_negative && magnitude > 0) {
        if (magnitude - 1 > (uint64_t)INT64_MAX) {
            return false;
        }
        *out = -(int64_t)(magnitude - 1) - 1;
        return true;
    }
    if (magnitude > (uint64_t)INT64_MAX) {
        return false;
    }
    *out = (int64_t)magnitude;
    return true;
}

// The digits of a number and how many of them are behind the point.
static lp_err_t read_digits(lp_span_t text, uint64_t *magnitude, unsigned *behind_point)
{
    bool has_point = false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (c == '.') {
            has_point = true;
        } else if (c < '0' || c > '9' || !add_digit(magnitude, (uint8_t)(c - '0'))) {
            return LP_E_RANGE; // an exponent, or too many digits
        } else {
            *behind_point += has_point ? 1 : 0;
        }
    }
    return LP_OK;
}

lp_err_t lp_json_fixed(lp_json_t v, unsigned decimals, int64_t *out)
{
    if (lp_json_type(v) != LP_JSON_NUMBER) {
        return LP_E_INVALID;
    }
    bool is_negative = v.raw.ptr[0] == '-';
    uint64_t magnitude = 0;
    unsigned behind_point = 0;
    lp_err_t err =
        read_digits(is_negative ? json_from(v.raw, 1) : v.raw, &magnitude, &behind_point);
    if (err != LP_OK || behind_point > decimals) {
        return LP_E_RANGE;
    }
    for (; behind_point < decimals; behind_point++) {
        if (!add_digit(&magnitude, 0)) {
            return LP_E_RANGE;
        }
    }
    return to_signed(magnitude, is_negative, out) ? LP_OK : LP_E_RANGE;
}

lp_err_t lp_json_int(lp_json_t v, int64_t min, int64_t max, int64_t *out)
{
    int64_t value = 0;
    lp_err_t err = lp_json_fixed(v, 0, &value);
    if (err != LP_OK) {
        return err;
    }
    if (value < min || value > max) {
        return LP_E_RANGE;
    }
    *out = value;
    return LP_OK;
}

lp_err_t lp_json_u32(lp_json_t v, uint32_t max, uint32_t *out)
{
    int64_t value = 0;
    lp_err_t err = lp_json_int(v, 0, max, &value);
    if (err == LP_OK) {
        *out = (uint32_t)value;
    }
    return err;
}

// --- Strings ------------------------------------------------------------------------------------

// Contents of a string value, between its quotes.
static lp_err_t string_body(lp_json_t v, lp_span_t *body)
{
    if (lp_json_type(v) != LP_JSON_STRING || v.raw.len < 2) {
        return LP_E_INVALID;
    }
    *body = lp_span(v.raw.ptr + 1, v.raw.len - 2);
    return LP_OK;
}

// Takes one character as UTF-8; returns its length in `utf8`, 0 at the end.
static size_t take_char(lp_span_t *body, uint8_t utf8[4])
{
    uint32_t cp = 0;
    size_t len = json_char(*body, &cp);
    *body = json_from(*body, len);
    return len > 0 ? lp_utf8_put(utf8, cp) : 0;
}

lp_err_t lp_json_str(lp_json_t v, lp_buf_t *out)
{
    lp_span_t body;
    lp_err_t err = string_body(v, &body);
    size_t start = out->len;
    uint8_t utf8[4];
    size_t len;
    while (err == LP_OK && (len = take_char(&body, utf8)) > 0) {
        err = lp_buf_put(out, lp_span(utf8, len));
    }
    if (err != LP_OK) {
        out->len = start;
    }
    return err;
}

lp_err_t lp_json_cstr(lp_json_t v, char *dst, size_t cap)
{
    lp_span_t body;
    lp_err_t err = string_body(v, &body);
    if (err != LP_OK) {
        return err;
    }
    uint8_t utf8[4];
    size_t total = 0;
    for (size_t len; (len = take_char(&body, utf8)) > 0; total += len) {
        if (utf8[0] == '\0') {
            return LP_E_FORMAT;
        }
    }
    if (total >= cap) {
        return LP_E_NOSPACE;
    }
    lp_buf_t out = lp_buf(dst, cap - 1);
    err = lp_json_str(v, &out);
    dst[out.len] = '\0';
    return err;
}

static bool is_string_equal(lp_json_t v, lp_span_t s)
{
    lp_span_t body;
    if (string_body(v, &body) != LP_OK) {
        return false;
    }
    uint8_t utf8[4];
    for (size_t len; (len = take_char(&body, utf8)) > 0;) {
        if (len > s.len || memcmp(utf8, s.ptr, len) != 0) {
            return false;
        }
        s = json_from(s, len);
    }
    return s.len == 0;
}

bool lp_json_equal_str(lp_json_t v, const char *s)
{
    return is_string_equal(v, lp_span_str(s));
}
