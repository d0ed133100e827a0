// SPDX-License-Identifier: Apache-2.0
#include "limpet/fmt.h"

#include <limits.h>

typedef enum { LEN_INT, LEN_CHAR, LEN_SHORT, LEN_LONG, LEN_LLONG, LEN_SIZE } length_t;

// One conversion as it was read from the format.
typedef struct {
    bool is_left;
    bool is_zero;
    int width;
    int precision; // negative: none
    length_t length;
    char conv;
} conv_t;

// The output and whether something did not fit. A wrapped va_list may be passed on by address.
typedef struct {
    lp_buf_t *out;
    bool is_cut;
    va_list args;
} writer_t;

static void put(writer_t *w, char c)
{
    if (w->out->len < w->out->cap) {
        w->out->ptr[w->out->len++] = (uint8_t)c;
    } else {
        w->is_cut = true;
    }
}

static void pad(writer_t *w, char c, int count)
{
    for (int i = 0; i < count && !w->is_cut; i++) {
        put(w, c);
    }
}

// Text of `len` characters in a field of the conversion's width.
static void put_field(writer_t *w, const conv_t *c, const char *text, int len)
{
    if (!c->is_left) {
        pad(w, ' ', c->width - len);
    }
    for (int i = 0; i < len; i++) {
        put(w, text[i]);
    }
    if (c->is_left) {
        pad(w, ' ', c->width - len);
    }
}

static void put_number(writer_t *w, const conv_t *c, bool is_negative, unsigned long long value)
{
    const char *digits = c->conv == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    unsigned base = c->conv == 'x' || c->conv == 'X' ? 16 : 10;
    char text[24];
    int at = (int)sizeof text;
    do {
        text[--at] = digits[value % base];
        value /= base;
    } while (value != 0);
    int len = (int)sizeof text - at;
    if (c->is_zero && !c->is_left) {
        if (is_negative) {
            put(w, '-');
        }
        pad(w, '0', c->width - len - (is_negative ? 1 : 0));
        conv_t bare = {.conv = c->conv};
        put_field(w, &bare, text + at, len);
        return;
    }
    if (is_negative) {
        text[--at] = '-';
        len++;
    }
    put_field(w, c, text + at, len);
}

static void put_signed(writer_t *w, const conv_t *c)
{
    long long v = 0;
    switch (c->length) {
    case LEN_INT:
        v = va_arg(w->args, int);
        break;
    case LEN_CHAR:
        v = (signed char)va_arg(w->args, int);
        break;
    case LEN_SHORT:
        v = (short)va_arg(w->args, int);
        break;
    case LEN_LONG:
        v = va_arg(w->args, long);
        break;
    case LEN_LLONG:
        v = va_arg(w->args, long long);
        break;
    case LEN_SIZE:
        v = (long long)va_arg(w->args, ptrdiff_t);
        break;
    }
    unsigned long long magnitude = v < 0 ? 0ULL - (unsigned long long)v : (unsigned long long)v;
    put_number(w, c, v < 0, magnitude);
}

static void put_unsigned(writer_t *w, const conv_t *c)
{
    unsigned long long v = 0;
    switch (c->length) {
    case LEN_INT:
        v = va_arg(w->args, unsigned);
        break;
    case LEN_CHAR:
        v = (unsigned char)va_arg(w->args, unsigned);
        break;
    case LEN_SHORT:
        v = (unsigned short)va_arg(w->args, unsigned);
        break;
    case LEN_LONG:
        v = va_arg(w->args, unsigned long);
        break;
    case LEN_LLONG:
        v = va_arg(w->args, unsigned long long);
        break;
    case LEN_SIZE:
        v = va_arg(w->args, size_t);
        break;
    }
    put_number(w, c, false, v);
}

static void put_string(writer_t *w, const conv_t *c)
{
    const char *s = va_arg(w->args, const char *);
    if (s == NULL) {
        s = "(null)";
    }
    int len = 0;
    while (len < INT_MAX && (c->precision < 0 || len < c->precision) && s[len] != '\0') {
        len++;
    }
    put_field(w, c, s, len);
}

static int read_number(writer_t *w, const char **at)
{
    if (**at == '*') {
        (*at)++;
        return va_arg(w->args, int);
    }
    int v = 0;
    while (**at >= '0' && **at <= '9') {
        v = v > 10000 ? v : v * 10 + (**at - '0');
        (*at)++;
    }
    return v;
}

static length_t read_length(const char **at)
{
    char first = **at;
    if (first != 'h' && first != 'l' && first != 'z') {
        return LEN_INT;
    }
    (*at)++;
    if (first == 'z') {
        return LEN_SIZE;
    }
    bool is_double = **at == first;
    if (is_double) {
        (*at)++;
    }
    if (first == 'h') {
        return is_double ? LEN_CHAR : LEN_SHORT;
    }
    return is_double ? LEN_LLONG : LEN_LONG;
}

// Reads what follows a percent sign; `*at` ends behind the conversion character.
static conv_t read_conv(writer_t *w, const char **at)
{
    conv_t c = {.precision = -1};
    for (; **at == '0' || **at == '-'; (*at)++) {
        c.is_zero = c.is_zero || **at == '0';
        c.is_left = c.is_left || **at == '-';
    }
    c.width = read_number(w, at);
    if (c.width < 0) {
        c.is_left = true;
        c.width = c.width == INT_MIN ? 0 : -c.width;
    }
    if (**at == '.') {
        (*at)++;
        c.precision = read_number(w, at);
    }
    c.length = read_length(at);
    c.conv = **at;
    return c;
}

// False for a conversion that is not understood.
static bool convert(writer_t *w, const conv_t *c)
{
    char one;
    switch (c->conv) {
    case 'd':
    case 'i':
        put_signed(w, c);
        return true;
    case 'u':
    case 'x':
    case 'X':
        put_unsigned(w, c);
        return true;
    case 'c':
        one = (char)va_arg(w->args, int);
        put_field(w, c, &one, 1);
        return true;
    case 's':
        put_string(w, c);
        return true;
    case '%':
        put(w, '%');
        return true;
    default:
        return false;
    }
}

lp_err_t lp_vfmt(lp_buf_t *out, const char *fmt, va_list args)
{
    writer_t w = {.out = out};
    va_copy(w.args, args);
    lp_err_t err = LP_OK;
    while (*fmt != '\0' && err == LP_OK) {
        if (*fmt != '%') {
            put(&w, *fmt++);
            continue;
        }
        fmt++;
        conv_t c = read_conv(&w, &fmt);
        if (convert(&w, &c)) {
            fmt++;
        } else {
            err = LP_E_FORMAT;
        }
    }
    va_end(w.args);
    if (err == LP_OK && w.is_cut) {
        err = LP_E_NOSPACE;
    }
    return err;
}

lp_err_t lp_fmt(lp_buf_t *out, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    lp_err_t err = lp_vfmt(out, fmt, args);
    va_end(args);
    return err;
}

lp_err_t lp_fmt_str(char *dst, size_t cap, const char *fmt, ...)
{
    lp_buf_t out = lp_buf(dst, cap - 1);
    va_list args;
    va_start(args, fmt);
    lp_err_t err = lp_vfmt(&out, fmt, args);
    va_end(args);
    dst[out.len] = '\0';
    return err;
}
