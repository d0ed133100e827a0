// SPDX-License-Identifier: Apache-2.0
// What each library is measured by: the four operations of a handshake, on fixed numbers. Each
// returns true when its result was right.
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stdint.h>

extern const char bench_library[];

bool bench_prepare(void);
bool bench_keygen(void);
bool bench_ecdh(void);
bool bench_sign(void);
bool bench_verify(void);

#endif
