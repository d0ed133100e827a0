// SPDX-License-Identifier: Apache-2.0
// What both sides of BearSSL share: one suite, its arithmetic for 16-bit multipliers, symmetric
// algorithms in constant time, as its own profiles have them on cores of 32 bits.
#ifndef BENCH_BEARSSL_H
#define BENCH_BEARSSL_H

#include <bearssl.h>

#include "pki.h"
#include "side.h"

extern const br_x509_trust_anchor bear_root;

void bear_engine(br_ssl_engine_context *engine, br_x509_minimal_context *chain);
// Writes and reads records as far as possible. `way`: where what this side writes goes.
side_state_t bear_turn(br_ssl_engine_context *engine, side_way_t way);

#endif
