// SPDX-License-Identifier: Apache-2.0
// limpet/port/net.h - outgoing TCP connections as a port must provide them.
#ifndef LIMPET_PORT_NET_H
#define LIMPET_PORT_NET_H

#include <stdint.h>

#include "limpet/stream.h"

// A caller-owned TCP connection; `port_` belongs to the port.
typedef struct {
    lp_stream_t stream; // must stay first
    uintptr_t port_[16];
} lp_tcp_t;

// Starts to resolve `host` (copied) and connect. LP_OK: LP_STREAM_OPEN or LP_STREAM_CLOSED comes
// later through `fn`; LP_STREAM_CLOSED carries LP_E_NET_RESOLVE, LP_E_NET_REFUSED, LP_E_TIMEOUT...
// LP_E_INVALID: empty or overlong host, port 0. LP_E_NOSPACE: no connection free.
lp_err_t lp_port_tcp_open(lp_tcp_t *tcp, const char *host, uint16_t port, lp_stream_fn *fn,
                          void *ctx);

#endif
