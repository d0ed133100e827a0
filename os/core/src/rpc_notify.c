// SPDX-License-Identifier: Apache-2.0
#include "limpet/rpc_notify.h"

#include <string.h>

#include "rpc_internal.h"

lp_err_t lp_rpc_listener_init(lp_rpc_listener_t *listener, const lp_rpc_req_t *req,
                              const char *method)
{
    lp_rpc_channel_t *ch = req->channel_;
    if (ch == NULL) {
        return LP_E_CLOSED;
    }
    if (ch->is_mute != NULL && *ch->is_mute) {
        return LP_E_UNSUPPORTED;
    }
    const size_t len = strlen(method);
    if (len >= sizeof listener->method) {
        return LP_E_RANGE;
    }
    *listener = (lp_rpc_listener_t){.channel = ch};
    memcpy(listener->method, method, len);
    memcpy(listener->dst_, req->src_, sizeof listener->dst_);
    return LP_OK;
}

static void put_dst(lp_json_writer_t *w, const char *text)
{
    lp_json_t value;
    if (text[0] != '\0' && lp_json_parse(lp_span_str(text), &value) == LP_OK) {
        lp_json_put_key(w, "dst");
        lp_json_put_value(w, value);
    }
}

lp_json_writer_t *lp_rpc_notify(const lp_rpc_listener_t *listener)
{
    lp_rpc_t *rpc = listener->channel->rpc_;
    lp_json_writer_t *w = &rpc->writer_;
    rpc->frame_ = lp_rpc_channel_spare(listener->channel);
    if (rpc->frame_.cap == 0) {
        return NULL;
    }
    lp_json_init(w, &rpc->frame_);
    lp_json_put_object(w);
    put_dst(w, listener->dst_);
    lp_json_put_key(w, "method");
    lp_json_put_str(w, listener->method);
    lp_json_put_key(w, "params");
    return w;
}

lp_err_t lp_rpc_notify_done(const lp_rpc_listener_t *listener)
{
    lp_rpc_t *rpc = listener->channel->rpc_;
    lp_json_put_object_end(&rpc->writer_);
    const lp_err_t err = lp_json_done(&rpc->writer_);
    if (err == LP_OK) {
        lp_rpc_channel_send(listener->channel, rpc->frame_.len);
    }
    return err == LP_E_NOSPACE ? LP_E_AGAIN : err;
}

void lp_rpc_on_gone(lp_rpc_t *rpc, lp_rpc_farewell_t *farewell)
{
    farewell->next_ = rpc->farewells_;
    rpc->farewells_ = farewell;
}
