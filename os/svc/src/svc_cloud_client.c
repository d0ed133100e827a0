// SPDX-License-Identifier: Apache-2.0
// The connection as other services see it: whole messages, subscriptions, publishing.
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
    if (m->rx != NULL) {
        lp_mqtt_inbox_set(&svc->inbox_, m->inbox, m->inbox_bytes);
        return LP_OK;
    }
    // Two pieces: they fit between what TLS keeps, and the largest piece stays for others.
    svc->lent_rx_ = lp_tls_borrow(m->rx_bytes);
    svc->lent_inbox_ = lp_tls_borrow(m->inbox_bytes);
    lp_mqtt_inbox_set(&svc->inbox_, svc->lent_inbox_, m->inbox_bytes);
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
        lp_mqtt_inbox_set(&svc->inbox_, NULL, 0);
    }
}

void lp_svc_cloud_tell_connected(lp_svc_cloud_t *svc, bool session_present)
{
    for (const lp_cloud_client_t *c = svc->clients_; c != NULL; c = c->next_) {
        c->on_connected(c->ctx, session_present);
    }
}

// -- messages come in pieces

void lp_svc_cloud_on_message(void *ctx, const lp_mqtt_message_t *msg)
{
    lp_svc_cloud_t *svc = ctx;
    switch (lp_mqtt_inbox_put(&svc->inbox_, msg)) {
    case LP_MQTT_INBOX_MORE:
        return;
    case LP_MQTT_INBOX_TOO_LARGE:
        LP_LOGW("a message of %lu bytes is too large and was passed over",
                (unsigned long)msg->total_len);
        return;
    case LP_MQTT_INBOX_WHOLE:
        break;
    }
    const char *topic = lp_mqtt_inbox_topic(&svc->inbox_);
    const lp_span_t payload = lp_mqtt_inbox_payload(&svc->inbox_);
    for (const lp_cloud_client_t *c = svc->clients_; c != NULL; c = c->next_) {
        c->on_message(c->ctx, topic, payload);
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
