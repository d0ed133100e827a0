// SPDX-License-Identifier: Apache-2.0
// limpet/lines.h - lines of text out of a stream: a sensor that speaks one line after another.
//
// A line ends with CR, LF or both and comes without them; empty ones are left out. One that is too
// long is left out whole and counted, so that no half of it is taken for a line.
// @context loop
#ifndef LIMPET_LINES_H
#define LIMPET_LINES_H

#include "limpet/stream.h"

// Borrowed until the return.
typedef void lp_line_fn(void *ctx, lp_span_t line);

// Caller-owned; private.
typedef struct {
    lp_stream_t *stream_;
    lp_buf_t line_;
    bool is_skipping_; // up to the end of a line
    uint32_t too_long_;
    lp_line_fn *fn_;
    void *ctx_;
} lp_lines_t;

// Listens to `stream` (lends) and calls fn() for each line, up to `cap` bytes, for which `memory`
// is lent. The first line may be the end of one.
void lp_lines_init(lp_lines_t *lines, lp_stream_t *stream, uint8_t *memory, size_t cap,
                   lp_line_fn *fn, void *ctx);

// How many were left out because they were too long.
uint32_t lp_lines_too_long(const lp_lines_t *lines);

#endif
