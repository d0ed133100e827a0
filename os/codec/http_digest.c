// SPDX-License-Identifier: Apache-2.0
// Authorization: Digest name="value", name=value, ...
#include "limpet/http_codec.h"

enum { SCHEME_LEN = 7 }; // "Digest "

static lp_span_t skip(lp_span_t s, size_t n)
{
    return lp_span(s.ptr + n, s.len - n);
}

static lp_span_t skip_space(lp_span_t s)
{
    while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t')) {
        s = skip(s, 1);
    }
    return s;
}

static lp_span_t *place_of(lp_http_digest_t *d, lp_span_t name)
{
    const struct {
        const char *name;
        lp_span_t *place;
    } table[] = {
        {"username", &d->username}, {"realm", &d->realm},       {"nonce", &d->nonce},
        {"uri", &d->uri},           {"response", &d->response}, {"algorithm", &d->algorithm},
        {"cnonce", &d->cnonce},     {"qop", &d->qop},           {"nc", &d->nc},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (lp_http_equal_ci(name, table[i].name)) {
            return table[i].place;
        }
    }
    return NULL;
}

static bool is_plain(uint8_t c)
{
    return c > ' ' && c < 0x7F && c != '"' && c != '\\' && c != ',' && c != '=';
}

static lp_span_t take_plain(lp_span_t *s)
{
    size_t len = 0;
    while (len < s->len && is_plain(s->ptr[len])) {
        len++;
    }
    const lp_span_t word = lp_span(s->ptr, len);
    *s = skip(*s, len);
    return word;
}

// Behind the first quote. false: no closing quote, or a character that is not taken.
static bool take_quoted(lp_span_t *s, lp_span_t *value)
{
    size_t len = 0;
    while (len < s->len && s->ptr[len] != '"') {
        if (s->ptr[len] < ' ' || s->ptr[len] == '\\' || s->ptr[len] >= 0x7F) {
            return false;
        }
        len++;
    }
    if (len == s->len) {
        return false;
    }
    *value = lp_span(s->ptr, len);
    *s = skip(*s, len + 1);
    return true;
}

static bool take_param(lp_span_t *s, lp_http_digest_t *d)
{
    lp_span_t value = {0};
    const lp_span_t name = take_plain(s);
    *s = skip_space(*s);
    if (name.len == 0 || s->len == 0 || s->ptr[0] != '=') {
        return false;
    }
    *s = skip_space(skip(*s, 1));
    if (s->len > 0 && s->ptr[0] == '"') {
        *s = skip(*s, 1);
        if (!take_quoted(s, &value)) {
            return false;
        }
    } else {
        value = take_plain(s);
    }
    lp_span_t *place = place_of(d, name);
    if (value.len == 0 || (place != NULL && place->len > 0)) {
        return false;
    }
    if (place != NULL) {
        *place = value;
    }
    *s = skip_space(*s);
    return true;
}

lp_err_t lp_http_digest_read(lp_span_t value, lp_http_digest_t *out)
{
    lp_http_digest_t d = {0};
    if (value.len < SCHEME_LEN || !lp_http_equal_ci(lp_span(value.ptr, SCHEME_LEN), "digest ")) {
        return LP_E_NOT_FOUND;
    }
    lp_span_t rest = skip_space(skip(value, SCHEME_LEN));
    while (take_param(&rest, &d)) {
        if (rest.len == 0) {
            *out = d;
            return LP_OK;
        }
        if (rest.ptr[0] != ',') {
            return LP_E_FORMAT;
        }
        rest = skip_space(skip(rest, 1));
    }
    return LP_E_FORMAT;
}
