// SPDX-License-Identifier: Apache-2.0
// limpet/rpc_notify.h - frames that a board sends without being asked again: what somebody who
// called wants to hear of.
//
// A notification is `{"method": ..., "params": ...}` without an id, and nobody answers it. It goes
// over the channel over which it was asked for, and to whom: `dst` is the caller's `src`. Where it
// stands in the way of answers, it waits.
// @context loop, all of it
#ifndef LIMPET_RPC_NOTIFY_H
#define LIMPET_RPC_NOTIFY_H

#include "limpet/rpc.h"

// Whom to tell, and what the frame is called. Fields that end in _ are private.
typedef struct {
    lp_rpc_channel_t *channel; // null: nobody
    char method[32];
    char dst_[LP_RPC_ECHO_MAX]; // as JSON text
} lp_rpc_listener_t;

// Makes whoever sent `req` the listener. LP_E_UNSUPPORTED: only answers may go over that channel;
// LP_E_CLOSED: it is gone; LP_E_RANGE: `method` is too long.
lp_err_t lp_rpc_listener_init(lp_rpc_listener_t *listener, const lp_rpc_req_t *req,
                              const char *method);

// Begins a notification: write exactly one value, the params, then call lp_rpc_notify_done().
// Nothing else of this router may be written in between. Null: not now, answers wait to be sent;
// try again later.
lp_json_writer_t *lp_rpc_notify(const lp_rpc_listener_t *listener);
// LP_E_AGAIN: there was no room, try again later; other errors are the writer's. Nothing was sent.
lp_err_t lp_rpc_notify_done(const lp_rpc_listener_t *listener);

// From now on `farewell` (lends) hears of each channel that is closed. It must end what it has for
// that channel, and call nothing of it.
void lp_rpc_on_gone(lp_rpc_t *rpc, lp_rpc_farewell_t *farewell);

#endif
