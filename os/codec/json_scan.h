// SPDX-License-Identifier: Apache-2.0
// json_scan.h - the lexical half of the JSON reader.
#ifndef LP_JSON_SCAN_H
#define LP_JSON_SCAN_H

#include "limpet/json.h"

// Reads one character, plain or escaped, of a string's contents into *cp and returns how many bytes
// it takes there; 0 when it is malformed, a bare quote or not there.
size_t json_char(lp_span_t s, uint32_t *cp);

// `s` without the white space in front.
lp_span_t json_skip_space(lp_span_t s);

// `s` without its first `count` bytes.
static inline lp_span_t json_from(lp_span_t s, size_t count)
{
    return lp_span(s.ptr + count, s.len - count);
}

#endif
