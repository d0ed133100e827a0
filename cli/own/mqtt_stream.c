// SPDX-License-Identifier: Apache-2.0
#include "mqtt_stream.h"

#include <string.h>

void lp_mqtt_stream_init(lp_mqtt_stream_t *s)
{
    lp_mqtt_head_init(&s->head);
    s->seen_ = 0;
    s->is_in_body_ = false;
}

static void take_body(lp_mqtt_stream_t *s, const uint8_t *data, size_t len, size_t *used)
{
    size_t wanted = s->head.remaining - s->seen_;
    size_t n = len - *used < wanted ? len - *used : wanted;
    size_t room = s->seen_ < sizeof s->body_ ? sizeof s->body_ - s->seen_ : 0;
    size_t kept = n < room ? n : room;
    if (kept > 0) {
        memcpy(s->body_ + s->seen_, data + *used, kept);
    }
    s->seen_ += n;
    *used += n;
}

lp_mqtt_stream_result_t lp_mqtt_stream_feed(lp_mqtt_stream_t *s, const uint8_t *data, size_t len,
                                            size_t *used)
{
    if (s->is_in_body_ && s->seen_ == s->head.remaining) { // the last one was handed out
        lp_mqtt_stream_init(s);
    }
    while (!s->is_in_body_) {
        if (*used >= len) {
            return LP_MQTT_STREAM_MORE;
        }
        lp_err_t err = lp_mqtt_head_feed(&s->head, data[(*used)++]);
        if (err == LP_OK) {
            s->is_in_body_ = true;
        } else if (err != LP_E_AGAIN) {
            return LP_MQTT_STREAM_BAD;
        }
    }
    take_body(s, data, len, used);
    return s->seen_ == s->head.remaining ? LP_MQTT_STREAM_PACKET : LP_MQTT_STREAM_MORE;
}

lp_span_t lp_mqtt_stream_body(const lp_mqtt_stream_t *s)
{
    return lp_span(s->body_, s->seen_ < sizeof s->body_ ? s->seen_ : sizeof s->body_);
}
