// SPDX-License-Identifier: Apache-2.0
#include "limpet/pem.h"

#include <string.h>

#include "limpet/base64.h"

enum { LINE_BYTES = 48 }; // 64 characters

static const char begin_mark[] = "-----BEGIN ";
static const char end_mark[] = "-----END ";
static const char dashes[] = "-----";

static lp_err_t put_boundary(lp_buf_t *out, const char *mark, const char *label)
{
    lp_err_t err = lp_buf_put_str(out, mark);
    err = err == LP_OK ? lp_buf_put_str(out, label) : err;
    return err == LP_OK ? lp_buf_put_str(out, "-----\n") : err;
}

static lp_err_t put_lines(lp_buf_t *out, lp_span_t der)
{
    lp_err_t err = LP_OK;
    while (der.len > 0 && err == LP_OK) {
        size_t len = der.len < LINE_BYTES ? der.len : LINE_BYTES;
        err = lp_base64_encode(out, lp_span(der.ptr, len));
        err = err == LP_OK ? lp_buf_put_byte(out, '\n') : err;
        der = lp_span(der.ptr + len, der.len - len);
    }
    return err;
}

lp_err_t lp_pem_encode(lp_buf_t *out, const char *label, lp_span_t der)
{
    size_t start = out->len;
    lp_err_t err = put_boundary(out, begin_mark, label);
    err = err == LP_OK ? put_lines(out, der) : err;
    err = err == LP_OK ? put_boundary(out, end_mark, label) : err;
    if (err != LP_OK) {
        out->len = start;
    }
    return err;
}

// Takes the next line off *text, without its end and without blanks behind it.
static lp_span_t take_line(lp_span_t *text)
{
    const uint8_t *end = memchr(text->ptr, '\n', text->len);
    size_t len = end != NULL ? (size_t)(end - text->ptr) : text->len;
    lp_span_t line = lp_span(text->ptr, len);
    size_t taken = end != NULL ? len + 1 : len;
    *text = lp_span(text->ptr + taken, text->len - taken);
    while (line.len > 0 && memchr(" \t\r", line.ptr[line.len - 1], 3) != NULL) {
        line.len--;
    }
    return line;
}

static bool take_str(lp_span_t *s, const char *prefix)
{
    size_t len = strlen(prefix);
    if (s->len < len || memcmp(s->ptr, prefix, len) != 0) {
        return false;
    }
    *s = lp_span(s->ptr + len, s->len - len);
    return true;
}

static bool is_boundary(lp_span_t line, const char *mark, const char *label)
{
    return take_str(&line, mark) && take_str(&line, label) && lp_span_equal_str(line, dashes);
}

static bool find_begin(lp_span_t *text, const char *label)
{
    while (text->len > 0) {
        if (is_boundary(take_line(text), begin_mark, label)) {
            return true;
        }
    }
    return false;
}

// Decodes one base64 line. Only the last one may be padded or short of a line of whole groups.
static lp_err_t decode_line(lp_buf_t *out, lp_span_t line, bool *is_last)
{
    if (line.len == 0 || *is_last) {
        return LP_E_FORMAT;
    }
    *is_last = line.ptr[line.len - 1] == '=';
    return lp_base64_decode(out, line);
}

static lp_err_t decode_lines(lp_span_t *text, const char *label, lp_buf_t *out)
{
    bool is_last = false;
    while (text->len > 0) {
        lp_span_t line = take_line(text);
        if (is_boundary(line, end_mark, label)) {
            return LP_OK;
        }
        lp_err_t err = decode_line(out, line, &is_last);
        if (err != LP_OK) {
            return err;
        }
    }
    return LP_E_FORMAT;
}

lp_err_t lp_pem_decode(lp_span_t *text, const char *label, lp_buf_t *out)
{
    lp_span_t rest = *text;
    size_t start = out->len;
    if (!find_begin(&rest, label)) {
        return LP_E_NOT_FOUND;
    }
    lp_err_t err = decode_lines(&rest, label, out);
    if (err != LP_OK) {
        out->len = start;
        return err;
    }
    *text = rest;
    return LP_OK;
}
