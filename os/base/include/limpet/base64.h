// SPDX-License-Identifier: Apache-2.0
// limpet/base64.h - base64 with the standard alphabet and padding.
// @source RFC 4648, section 4
// @context any
#ifndef LIMPET_BASE64_H
#define LIMPET_BASE64_H

#include "limpet/err.h"
#include "limpet/span.h"

// Characters for len_bytes bytes, padding included, without line ends.
#define LP_BASE64_LEN(len_bytes) (((len_bytes) + 2) / 3 * 4)

// Appends the encoding, no line ends. LP_E_NOSPACE: nothing was appended.
lp_err_t lp_base64_encode(lp_buf_t *out, lp_span_t bytes);

// Appends the decoded bytes. Strict: whole groups of four, padding only at the end, unused bits
// zero, no white space. LP_E_FORMAT or LP_E_NOSPACE: nothing was appended.
lp_err_t lp_base64_decode(lp_buf_t *out, lp_span_t text);

#endif
