// SPDX-License-Identifier: Apache-2.0
// The same results on this computer and on an emulated core, line by line.
#ifndef RESULTS_H
#define RESULTS_H

#include <stddef.h>
#include <stdint.h>

// Calls `line` with each line, and `count` (may be null) with what each secret operation cost.
void results(void (*line)(const char *text), uint32_t (*now)(void),
             void (*cost)(const char *operation, uint32_t ticks));

#endif
