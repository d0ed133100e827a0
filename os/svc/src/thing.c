// SPDX-License-Identifier: Apache-2.0
#include "thing.h"

#include <string.h>

#include "limpet/log.h"

#define LOG_MODULE "thing"

lp_err_t lp_thing_topic(const lp_thing_t *t, const char *rest, char out[LP_CLOUD_INCOMING_MAX])
{
    return lp_fmt_str(out, LP_CLOUD_INCOMING_MAX, "$aws/things/%s/%s/%s",
                      lp_svc_cloud_thing(t->cloud_), t->kind_->name, rest);
}

bool lp_thing_is_ready(const lp_thing_t *t)
{
    return t->is_subscribed_ && t->kind_->is_on(t->ctx_);
}

static void on_message(void *ctx, const char *topic, lp_span_t payload)
{
    const lp_thing_t *t = ctx;
    char own[LP_CLOUD_INCOMING_MAX];
    if (!t->kind_->is_on(t->ctx_)) {
        return;
    }
    for (size_t i = 0; i < 2; i++) {
        if (lp_thing_topic(t, t->kind_->topics[i], own) == LP_OK && strcmp(topic, own) == 0) {
            t->kind_->on_topic[i](t->ctx_, payload);
            return;
        }
    }
}

static void on_subscribed(void *ctx, lp_err_t err, const lp_mqtt_result_t *result)
{
    lp_thing_t *t = ctx;
    (void)result;
    if (err == LP_OK) {
        t->is_subscribed_ = true;
        t->kind_->ready(t->ctx_);
    } else if (err != LP_E_CLOSED && err != LP_E_CANCELED) {
        LP_LOGE("no %s: the broker does not let this device subscribe to its topics (%s)",
                t->kind_->name, lp_err_text(err));
    }
}

static void subscribe(lp_thing_t *t)
{
    char topics[2][LP_CLOUD_INCOMING_MAX];
    lp_err_t err = lp_thing_topic(t, t->kind_->topics[0], topics[0]);
    if (err == LP_OK) {
        err = lp_thing_topic(t, t->kind_->topics[1], topics[1]);
    }
    if (err == LP_OK) {
        const lp_mqtt_filter_t filters[2] = {{.filter = lp_span_str(topics[0]), .qos = 1},
                                             {.filter = lp_span_str(topics[1]), .qos = 1}};
        err = lp_svc_cloud_subscribe(t->cloud_, filters, 2, on_subscribed, t);
    }
    if (err != LP_OK) {
        LP_LOGW("no %s on this connection (%s)", t->kind_->name, lp_err_text(err));
    }
}

static void on_connected(void *ctx, bool session_present)
{
    lp_thing_t *t = ctx;
    const bool is_on = t->kind_->is_on(t->ctx_);
    t->is_subscribed_ = t->is_subscribed_ && session_present && is_on;
    if (t->is_subscribed_) {
        t->kind_->ready(t->ctx_);
    } else if (is_on) {
        subscribe(t);
    }
}

void lp_thing_init(lp_thing_t *t, const lp_thing_kind_t *kind, lp_svc_cloud_t *cloud, void *ctx)
{
    *t = (lp_thing_t){.kind_ = kind, .cloud_ = cloud, .ctx_ = ctx};
    t->client_ =
        (lp_cloud_client_t){.on_connected = on_connected, .on_message = on_message, .ctx = t};
    lp_svc_cloud_add_client(cloud, &t->client_);
}
