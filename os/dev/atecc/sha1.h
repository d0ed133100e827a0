// SPDX-License-Identifier: Apache-2.0
// SHA-1 for key identifiers in certificates (RFC 5280, 4.2.1.2), where nothing rests on its
// strength. Not for users.
#ifndef ATECC_SHA1_H
#define ATECC_SHA1_H

#include "limpet/span.h"

enum { LP_ATECC_SHA1_LEN = 20 };

// `bytes`: at most 119, two blocks with padding.
void lp_atecc_sha1(lp_span_t bytes, uint8_t digest[LP_ATECC_SHA1_LEN]);

#endif
