// SPDX-License-Identifier: Apache-2.0
#include "limpet/lines.h"

enum { PIECE_BYTES = 64 };

static void take(lp_lines_t *l, uint8_t byte)
{
    if (byte != '\r' && byte != '\n') {
        if (!l->is_skipping_ && lp_buf_put_byte(&l->line_, byte) != LP_OK) {
            l->is_skipping_ = true;
            l->too_long_++;
        }
        return;
    }
    const lp_span_t line = lp_buf_span(&l->line_);
    const bool is_whole = !l->is_skipping_ && line.len > 0;
    l->is_skipping_ = false;
    l->line_.len = 0;
    if (is_whole) {
        l->fn_(l->ctx_, line);
    }
}

static void on_stream(void *ctx, unsigned events, lp_err_t why)
{
    lp_lines_t *l = ctx;
    uint8_t piece[PIECE_BYTES];
    size_t n = 0;
    (void)events;
    (void)why;
    while (lp_stream_read(l->stream_, piece, sizeof piece, &n) == LP_OK) {
        for (size_t i = 0; i < n; i++) {
            take(l, piece[i]);
        }
    }
}

void lp_lines_init(lp_lines_t *lines, lp_stream_t *stream, uint8_t *memory, size_t cap,
                   lp_line_fn *fn, void *ctx)
{
    *lines = (lp_lines_t){.stream_ = stream, .line_ = lp_buf(memory, cap), .fn_ = fn, .ctx_ = ctx};
    lp_stream_listen(stream, on_stream, lines);
}

uint32_t lp_lines_too_long(const lp_lines_t *lines)
{
    return lines->too_long_;
}
