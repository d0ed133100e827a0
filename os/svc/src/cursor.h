// SPDX-License-Identifier: Apache-2.0
// Where a reader of something that grows has come to: which one it reads, eight hex digits, a dot,
// the number of the next entry.
#ifndef CURSOR_H
#define CURSOR_H

#include <stdbool.h>
#include <stdint.h>

enum { LP_CURSOR_BYTES = 24 };

// False: it is none; the outputs are untouched or of no use.
bool lp_cursor_parse(const char *text, uint32_t *nonce, uint32_t *id);

// Returns `text`.
const char *lp_cursor_text(char text[LP_CURSOR_BYTES], uint32_t nonce, uint32_t id);

#endif
