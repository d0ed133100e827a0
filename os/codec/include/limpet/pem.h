// SPDX-License-Identifier: Apache-2.0
// limpet/pem.h - DER in text: -----BEGIN label-----, base64 lines, -----END label-----.
// @source RFC 7468, section 3
// @context any
#ifndef LIMPET_PEM_H
#define LIMPET_PEM_H

#include "limpet/err.h"
#include "limpet/span.h"

// Upper bound of the text for len_bytes of DER and a label of label_len characters.
#define LP_PEM_LEN(len_bytes, label_len)                                                           \
    (((len_bytes) + 2) / 3 * 4 + ((len_bytes) + 47) / 48 + 2 * ((label_len) + 17))

// Appends one block with lines of 64 characters ended by '\n'. LP_E_NOSPACE: nothing was appended.
lp_err_t lp_pem_encode(lp_buf_t *out, const char *label, lp_span_t der);

// Finds the next block with this label in *text, appends its DER, moves *text behind the block.
// Text around blocks and blocks with other labels are passed over. Line ends may be LF or CRLF.
// LP_E_NOT_FOUND: no such block is left; LP_E_FORMAT: a block is damaged; LP_E_NOSPACE.
// On errors *text and `out` are as they were. `out` may be the memory of *text itself, because a
// block is never shorter than what it stands for; the text is gone then, also on errors.
lp_err_t lp_pem_decode(lp_span_t *text, const char *label, lp_buf_t *out);

#endif
