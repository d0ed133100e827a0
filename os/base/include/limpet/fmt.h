// SPDX-License-Identifier: Apache-2.0
// limpet/fmt.h - bounded text: what snprintf is for, without stdio.
//
// Understood: %d %i %u %x %X %c %s %% with the lengths hh h l ll z, the flags `0` and `-`, a width
// and, for %s, a precision; width and precision may be `*`. Nothing else: no floats, no %n.
// @context any
#ifndef LIMPET_FMT_H
#define LIMPET_FMT_H

#include <stdarg.h>

#include "limpet/err.h"
#include "limpet/span.h"

#if defined(__GNUC__)
#define LP_FMT_CHECK(fmt_arg, first) __attribute__((format(printf, fmt_arg, first)))
#else
#define LP_FMT_CHECK(fmt_arg, first)
#endif

// Appends to `out`. LP_E_NOSPACE: the text was cut at the end of the buffer, what fits is in it
// (the cut may be inside a UTF-8 sequence). LP_E_FORMAT: a conversion that is not understood; the
// text before it is in the buffer.
lp_err_t lp_fmt(lp_buf_t *out, const char *fmt, ...) LP_FMT_CHECK(2, 3);
lp_err_t lp_vfmt(lp_buf_t *out, const char *fmt, va_list args) LP_FMT_CHECK(2, 0);

// Writes a C string into dst[cap], cap >= 1, always terminated. Errors as above.
lp_err_t lp_fmt_str(char *dst, size_t cap, const char *fmt, ...) LP_FMT_CHECK(3, 4);

// For "%.*s": the length and pointer of a span of up to INT_MAX bytes.
#define LP_FMT_SPAN(span) (int)(span).len, (const char *)(span).ptr

#endif
