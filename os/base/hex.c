// SPDX-License-Identifier: Apache-2.0
#include "limpet/hex.h"

lp_err_t lp_hex_encode(lp_buf_t *out, lp_span_t bytes)
{
    static const char digits[] = "0123456789abcdef";
    if (bytes.len > (out->cap - out->len) / 2) {
        return LP_E_NOSPACE;
    }
    for (size_t i = 0; i < bytes.len; i++) {
        out->ptr[out->len++] = (uint8_t)digits[bytes.ptr[i] >> 4];
        out->ptr[out->len++] = (uint8_t)digits[bytes.ptr[i] & 15];
    }
    return LP_OK;
}

int lp_hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

static bool is_all_digits(lp_span_t digits)
{
    for (size_t i = 0; i < digits.len; i++) {
        if (lp_hex_digit(digits.ptr[i]) < 0) {
            return false;
        }
    }
    return true;
}

lp_err_t lp_hex_decode(lp_buf_t *out, lp_span_t digits)
{
    if (digits.len % 2 != 0 || !is_all_digits(digits)) {
        return LP_E_FORMAT;
    }
    if (digits.len / 2 > out->cap - out->len) {
        return LP_E_NOSPACE;
    }
    for (size_t i = 0; i < digits.len; i += 2) {
        int high = lp_hex_digit(digits.ptr[i]);
        int low = lp_hex_digit(digits.ptr[i + 1]);
        out->ptr[out->len++] = (uint8_t)(high * 16 + low);
    }
    return LP_OK;
}
