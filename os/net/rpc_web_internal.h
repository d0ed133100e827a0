// SPDX-License-Identifier: Apache-2.0
// What the files of the filter share.
#ifndef RPC_WEB_INTERNAL_H
#define RPC_WEB_INTERNAL_H

#include "limpet/rpc_web.h"

typedef enum { LINES, HEAD, BODY, ANSWER, MESSAGES, LINGER } phase_t;

// What the head of a request asks for.
enum {
    WISH_POST = 1u,
    WISH_GET = 2u,
    WISH_METHOD = 4u, // of the target
    WISH_FRAME = 8u,
    WISH_UPGRADE = 16u, // to websocket
    WISH_VERSION = 32u, // 13
    WISH_KEY = 64u,
    WISH_EXPECT = 128u,
    WISH_CROSS_SITE = 256u,
};

// -- rpc_web.c

void lp_web_enter(lp_rpc_web_t *web, phase_t phase);
// Something half of a request has come now, or nothing is half there any more.
void lp_web_set_begun(lp_rpc_web_t *web, bool is_begun);
// Tells the channel, later, from the loop.
void lp_web_announce(lp_rpc_web_t *web, unsigned events);
lp_span_t lp_web_rest(const lp_rpc_web_t *web);

// -- rpc_web_head.c

void lp_web_forget_head(lp_rpc_web_t *web);
void lp_web_take_line(lp_rpc_web_t *web);
void lp_web_take_field(lp_rpc_web_t *web);
// 0, or the status to refuse the request with.
unsigned lp_web_judge(lp_rpc_web_t *web);

// -- rpc_web_in.c

lp_err_t lp_web_read(lp_stream_t *stream, uint8_t *buf, size_t cap, size_t *n);

// -- rpc_web_out.c

lp_err_t lp_web_write(lp_stream_t *stream, lp_span_t data, size_t *n);
// Sends what of the own texts waits. LP_E_AGAIN: not all of it.
lp_err_t lp_web_flush(lp_rpc_web_t *web);
// Answers with a status alone; nothing more is read from this caller.
void lp_web_refuse(lp_rpc_web_t *web, unsigned status);
// The answer to a request without a frame in it, which clients send to be asked who they are.
void lp_web_ask_for_login(lp_rpc_web_t *web);
void lp_web_upgrade(lp_rpc_web_t *web);
// A control frame; CLOSE ends the reading.
void lp_web_control(lp_rpc_web_t *web, lp_ws_opcode_t opcode, lp_span_t payload);
void lp_web_close_ws(lp_rpc_web_t *web, uint16_t code);

#endif
