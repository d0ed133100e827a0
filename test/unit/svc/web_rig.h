// SPDX-License-Identifier: Apache-2.0
// A network and a TLS of the test's for links and what stands on them: one connection at a time, in
// virtual time.
#ifndef WEB_RIG_H
#define WEB_RIG_H

#include "fake/stream.h"
#include "limpet/link.h"

typedef struct {
    fake_stream_t wire;
    lp_stream_fn *tcp_fn, *tls_fn;
    void *tcp_ctx, *tls_ctx;
    lp_event_t tcp_event, tls_event;
    lp_err_t tcp_answer, tls_answer, tcp_refuses, tls_refuses;
    bool is_tcp_open, is_tls_open, is_silent;
    unsigned dials, handshakes;
    char host[256], tls_host[256], trust[64], key_id[32];
    uint16_t port;
    lp_tls_report_t report;
} web_net_t;

extern web_net_t net;
extern lp_loop_t loop;
extern lp_turn_t turn;
extern lp_link_base_t base;

int web_setup(void **state);
// Time passes, in steps of ten milliseconds.
void web_run(uint32_t ms);

#endif
