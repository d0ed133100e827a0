// SPDX-License-Identifier: Apache-2.0
// The other end of a connection that says what an input has, byte for byte.
#ifndef TLS_SCRIPT_H
#define TLS_SCRIPT_H

#include "tls_target.h"

typedef struct {
    lp_stream_t stream; // must stay first
    lp_loop_t *loop;
    lp_stream_fn *fn;
    void *ctx;
    lp_event_t event;
    const uint8_t *data;
    size_t left;
    size_t chunk;
    bool is_closed;
} tls_script_t;

// Opens `target` over an end that says data[1...], in pieces as data[0] says (tls_target.h), runs
// it and ends it. `open` is tls_target_open or tls_target_listen.
void tls_script_run(const uint8_t *data, size_t size,
                    lp_err_t (*open)(tls_target_t *t, lp_stream_t *lower, unsigned flags));

#endif
