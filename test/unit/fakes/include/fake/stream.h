// SPDX-License-Identifier: Apache-2.0
// fake/stream.h - a stream in memory: the test feeds what is read and looks at what was written.
#ifndef FAKE_STREAM_H
#define FAKE_STREAM_H

#include "limpet/loop.h"
#include "limpet/stream.h"

enum { FAKE_STREAM_BYTES = 65536 };

typedef struct {
    lp_stream_t stream; // must stay first
    lp_loop_t *loop;
    lp_event_t event;
    lp_stream_fn *fn;
    void *ctx;
    unsigned pending;
    lp_err_t why;
    size_t write_room; // bytes that write() still takes; SIZE_MAX: all
    size_t in_len, in_pos, out_len;
    bool is_closed;
    uint8_t in[FAKE_STREAM_BYTES];
    uint8_t out[FAKE_STREAM_BYTES + 1];
} fake_stream_t;

void fake_stream_init(fake_stream_t *s, lp_loop_t *loop);
// Bytes for the reader, announced from the loop.
void fake_stream_feed(fake_stream_t *s, const void *bytes, size_t len);
void fake_stream_feed_str(fake_stream_t *s, const char *text);
// Room for the writer, announced when it had none.
void fake_stream_give_room(fake_stream_t *s, size_t bytes);
// The other side is gone.
void fake_stream_hang_up(fake_stream_t *s, lp_err_t why);
// What was written since the last call, as text.
const char *fake_stream_take(fake_stream_t *s);

#endif
