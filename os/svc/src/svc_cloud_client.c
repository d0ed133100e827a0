// SPDX-License-Identifier: Apache-2.0
// The connection as other services see it: whole messages, subscriptions, publishing.
#include <string.h>

#include "limpet/log.h"
#include "svc_cloud_internal.h"

#define LOG_MODULE "cloud"

void lp_svc_cloud_add_client(lp_svc_cloud_t *svc, lp_cloud_client_t *client)
{
    client->next_ = svc->clients_;
    svc->clients_ = client;
}

const char *lp_svc_cloud_thing(const lp_svc_cloud_t *svc)
{
    return svc->thing_;
}

// -- memory that a connection needs

lp_err_t lp_svc_cloud_take_memory(lp_svc_cloud_t *svc)
{
    const lp_cloud_memory_t *m = &svc->s_.memory;
    svc->inbox_ = m->inbox;
    if (m->rx != NULL) {
        return LP_OK;
    }
    // Two pieces: they fit between what TLS keeps, and the largest piece stays for others.
    svc->lent_rx_ = lp_tls_borrow(m->rx_bytes);
    svc->lent_inbox_ = lp_tls_borrow(m->inbox_bytes);
    svc->inbox_ = svc->lent_inbox_;
    return svc->lent_rx_ != NULL && svc->lent_inbox_ != NULL ? LP_OK : LP_E_NOSPACE;
}

void lp_svc_cloud_give_memory(lp_svc_cloud_t *svc)
{
    if (svc->s_.memory.rx == NULL) {
        if (svc->has_mqtt_) {
            (void)lp_mqtt_set_rx(&svc->mqtt_, NULL, 0);
        }
        lp_tls_give_back(svc->lent_rx_);
        lp_tls_give_back(svc->lent_inbox_);
        svc->lent_rx_ = NULL;
        svc->lent_inbox_ = NULL;
        svc->inbox_ = NULL;
    }
}

void lp_svc_cloud_tell_connected(lp_svc_cloud_t *svc, bool session_present)
{
    svc->incoming_len_ = 0;
    for (const lp_cloud_client_t *c = svc->clients_; c != NULL; c = c->next_) {
        c->on_connected(c->ctx, session_present);
    }
}

// -- messages come in pieces

static void begin_message(lp_svc_cloud_t *svc, const lp_mqtt_message_t *msg)
{
    const size_t room = svc->s_.memory.inbox_bytes;
    const size_t topic_len = msg->topic.len + 1;
    svc->inbox_len_ = 0;
    svc->incoming_len_ = 0;
    if (svc->inbox_ == NULL || topic_len > LP_CLOUD_INCOMING_MAX || topic_len > room ||
        msg->total_len > room - topic_len) {
        LP_LOGW("a message of %lu bytes is too large and was passed over",
                (unsigned long)msg->total_len);
        return;
    }
    memcpy(svc->inbox_, msg->topic.ptr, msg->topic.len);
    svc->inbox_[msg->topic.len] = '\0';
    svc->incoming_len_ = topic_len;
}

static void end_message(lp_svc_cloud_t *svc)
{
    const lp_span_t payload = lp_span(svc->inbox_ + svc->incoming_len_, svc->inbox_len_);
    for (const lp_cloud_client_t *c = svc->clients_; c != NULL; c = c->next_) {
        c->on_message(c->ctx, (const char *)svc->inbox_, payload);
    }
    svc->incoming_len_ = 0;
}

void lp_svc_cloud_on_message(void *ctx, const lp_mqtt_message_t *msg)
{
    lp_svc_cloud_t *svc = ctx;
    if (msg->topic.len > 0) {
        begin_message(svc, msg);
    }
    // total_len was held against the inbox, and pieces come in order.
    if (svc->incoming_len_ == 0 || msg->offset != svc->inbox_len_) {
        return;
    }
    if (msg->piece.len > 0) {
        memcpy(svc->inbox_ + svc->incoming_len_ + svc->inbox_len_, msg->piece.ptr, msg->piece.len);
        svc->inbox_len_ += msg->piece.len;
    }
    if (svc->inbox_len_ == msg->total_len) {
        end_message(svc);
    }
}

// -- what services send

lp_err_t lp_svc_cloud_send(lp_svc_cloud_t *svc, const char *topic, lp_span_t payload, uint8_t qos,
                           lp_mqtt_done_fn *done, void *ctx)
{
    const lp_mqtt_publish_t msg = {.topic = lp_span_str(topic), .payload = payload, .qos = qos};
    if (!svc->has_mqtt_ || svc->state == LP_CLOUD_OFF) {
        return LP_E_STATE;
    }
    return lp_mqtt_publish(&svc->mqtt_, &msg, done, ctx);
}

lp_err_t lp_svc_cloud_subscribe(lp_svc_cloud_t *svc, const lp_mqtt_filter_t *filters, size_t count,
                                lp_mqtt_done_fn *done, void *ctx)
{
    if (svc->state != LP_CLOUD_CONNECTED) {
        return LP_E_STATE;
    }
    return lp_mqtt_subscribe(&svc->mqtt_, filters, count, done, ctx);
}
