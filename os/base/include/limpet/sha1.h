// SPDX-License-Identifier: Apache-2.0
// limpet/sha1.h - SHA-1 of short texts, for places where nothing rests on its strength: key
// identifiers in certificates (RFC 5280, 4.2.1.2) and the opening of a WebSocket (RFC 6455, 4.2.2).
// @source FIPS 180-4, sections 5.1.1 and 6.1
// @context any
#ifndef LIMPET_SHA1_H
#define LIMPET_SHA1_H

#include "limpet/span.h"

enum { LP_SHA1_LEN = 20, LP_SHA1_MESSAGE_MAX = 119 };

// `bytes`: at most LP_SHA1_MESSAGE_MAX, two blocks with padding; what is longer is cut.
void lp_sha1(lp_span_t bytes, uint8_t digest[LP_SHA1_LEN]);

#endif
