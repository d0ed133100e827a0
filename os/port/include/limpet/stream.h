// SPDX-License-Identifier: Apache-2.0
// limpet/stream.h - a non-blocking byte stream: UART, socket, TLS session, test double.
//
// The one interface that connection filters stack on. Whoever implements it embeds lp_stream_t as
// first member. Rules: callbacks come from the event loop only, never from inside a call; after
// close() no callback comes; READABLE/WRITABLE are edge hints: read or write until LP_E_AGAIN.
// @context loop, and a fiber that the loop has resumed
#ifndef LIMPET_STREAM_H
#define LIMPET_STREAM_H

#include "limpet/err.h"
#include "limpet/span.h"

enum {
    LP_STREAM_OPEN = 1u,     // the stream is usable (connected, handshake done)
    LP_STREAM_READABLE = 2u, // bytes can be read
    LP_STREAM_WRITABLE = 4u, // room to write again after LP_E_AGAIN
    LP_STREAM_CLOSED = 8u,   // gone; `why` is LP_E_CLOSED for an orderly end, else the cause
};

typedef void lp_stream_fn(void *ctx, unsigned events, lp_err_t why);

typedef struct lp_stream lp_stream_t;

typedef struct {
    // Installs the one listener. `fn` null removes it.
    void (*listen)(lp_stream_t *s, lp_stream_fn *fn, void *ctx);
    // LP_OK with *n > 0 bytes; LP_E_AGAIN when nothing is there; LP_E_CLOSED at the end.
    lp_err_t (*read)(lp_stream_t *s, uint8_t *buf, size_t cap, size_t *n);
    // LP_OK with *n >= 1 bytes taken (copies); LP_E_AGAIN when full; LP_E_CLOSED when gone.
    lp_err_t (*write)(lp_stream_t *s, lp_span_t data, size_t *n);
    // Closes at once; may be called repeatedly and in any state.
    void (*close)(lp_stream_t *s);
} lp_stream_ops_t;

struct lp_stream {
    const lp_stream_ops_t *ops;
};

static inline void lp_stream_listen(lp_stream_t *s, lp_stream_fn *fn, void *ctx)
{
    s->ops->listen(s, fn, ctx);
}

static inline lp_err_t lp_stream_read(lp_stream_t *s, uint8_t *buf, size_t cap, size_t *n)
{
    return s->ops->read(s, buf, cap, n);
}

static inline lp_err_t lp_stream_write(lp_stream_t *s, lp_span_t data, size_t *n)
{
    return s->ops->write(s, data, n);
}

static inline void lp_stream_close(lp_stream_t *s)
{
    s->ops->close(s);
}

#endif
