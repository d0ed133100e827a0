// SPDX-License-Identifier: Apache-2.0
#include "limpet/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void encode_group(uint8_t out[4], const uint8_t *in, size_t len)
{
    uint32_t v = (uint32_t)in[0] << 16;
    v |= len > 1 ? (uint32_t)in[1] << 8 : 0;
    v |= len > 2 ? in[2] : 0;
    out[0] = (uint8_t)alphabet[v >> 18];
    out[1] = (uint8_t)alphabet[(v >> 12) & 63];
    out[2] = (uint8_t)(len > 1 ? alphabet[(v >> 6) & 63] : '=');
    out[3] = (uint8_t)(len > 2 ? alphabet[v & 63] : '=');
}

lp_err_t lp_base64_encode(lp_buf_t *out, lp_span_t bytes)
{
    size_t groups = bytes.len / 3 + (bytes.len % 3 != 0 ? 1 : 0);
    if (groups > (out->cap - out->len) / 4) {
        return LP_E_NOSPACE;
    }
    for (size_t at = 0; at < bytes.len; at += 3) {
        encode_group(out->ptr + out->len, bytes.ptr + at, bytes.len - at);
        out->len += 4;
    }
    return LP_OK;
}

static int sextet(uint8_t c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    if (c == '+') {
        return 62;
    }
    return c == '/' ? 63 : -1;
}

// Decodes four characters into 1..3 bytes; 0 when they are malformed.
static size_t decode_group(uint8_t out[3], const uint8_t in[4])
{
    size_t len = in[3] != '=' ? 3 : in[2] != '=' ? 2 : 1;
    uint32_t v = 0;
    for (size_t i = 0; i < 4; i++) {
        int s = i <= len ? sextet(in[i]) : 0;
        if (s < 0) {
            return 0;
        }
        v = v << 6 | (uint32_t)s;
    }
    if ((v & ((1u << (8 * (3 - len))) - 1)) != 0) {
        return 0;
    }
    out[0] = (uint8_t)(v >> 16);
    out[1] = (uint8_t)(v >> 8);
    out[2] = (uint8_t)v;
    return len;
}

lp_err_t lp_base64_decode(lp_buf_t *out, lp_span_t text)
{
    size_t start = out->len;
    if (text.len % 4 != 0) {
        return LP_E_FORMAT;
    }
    for (size_t at = 0; at < text.len; at += 4) {
        uint8_t group[3];
        size_t len = decode_group(group, text.ptr + at);
        bool is_last = at + 4 == text.len;
        if (len == 0 || (len < 3 && !is_last)) {
            out->len = start;
            return LP_E_FORMAT;
        }
        if (lp_buf_put(out, lp_span(group, len)) != LP_OK) {
            out->len = start;
            return LP_E_NOSPACE;
        }
    }
    return LP_OK;
}
