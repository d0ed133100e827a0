// SPDX-License-Identifier: Apache-2.0
// Between the router and its channels.
#ifndef RPC_INTERNAL_H
#define RPC_INTERNAL_H

#include <stdarg.h>

#include "limpet/rpc.h"

// A line that starts with '{', without its end.
void lp_rpc_handle_frame(lp_rpc_channel_t *ch, lp_span_t line);
// Answers a frame that could not even be read.
void lp_rpc_refuse(lp_rpc_channel_t *ch, lp_err_t err, const char *message);
void lp_rpc_forget_channel(lp_rpc_channel_t *ch);
void lp_rpc_fail_v(lp_rpc_req_t *req, int code, lp_err_t err, const char *fmt, va_list args)
    LP_FMT_CHECK(4, 0);

// Where the next answer can be written. Room for refusals of the other requests is kept free,
// unless this is one itself.
lp_buf_t lp_rpc_channel_room(lp_rpc_channel_t *ch, bool is_refusal);
// Where a frame that nobody asked for can be written: nowhere while answers wait, or on a channel
// that is closed.
lp_buf_t lp_rpc_channel_spare(lp_rpc_channel_t *ch);
// Whether an answer may have found no room because of somebody else: who has the lent memory, or
// requests under way whose refusals must fit.
bool lp_rpc_channel_is_short(const lp_rpc_channel_t *ch);
// Sends the `len` bytes that were written there.
void lp_rpc_channel_send(lp_rpc_channel_t *ch, size_t len);

#endif
