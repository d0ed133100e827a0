// SPDX-License-Identifier: Apache-2.0
// limpet/prf.h - the pseudo-random function of TLS 1.2, with SHA-256.
// @source RFC 5246, section 5
// @context any
#ifndef LIMPET_PRF_H
#define LIMPET_PRF_H

#include "limpet/span.h"

enum { LP_PRF_SECRET_MAX = 64 };

// Fills `out` from a secret of at most LP_PRF_SECRET_MAX bytes, a label and a seed; all borrowed.
// LP_E_RANGE: the secret is longer, and nothing was written.
lp_err_t lp_prf_sha256(lp_span_t secret, lp_span_t label, lp_span_t seed, uint8_t *out, size_t len);

#endif
