// SPDX-License-Identifier: Apache-2.0
// Whole MQTT packets out of a stream of bytes. What is too long for the buffer is kept as far as it
// fits: a message's tail is of no interest here.
#ifndef LP_OWN_MQTT_STREAM_H
#define LP_OWN_MQTT_STREAM_H

#include "limpet/mqtt_packet.h"

enum { LP_MQTT_STREAM_CAP = 4096 };

typedef enum {
    LP_MQTT_STREAM_MORE,   // all was taken, no packet is whole yet
    LP_MQTT_STREAM_PACKET, // head and body are those of a packet, until the next call
    LP_MQTT_STREAM_BAD     // not MQTT
} lp_mqtt_stream_result_t;

typedef struct {
    lp_mqtt_head_t head;
    uint8_t body_[LP_MQTT_STREAM_CAP];
    size_t seen_; // bytes of the body that came, kept or not
    bool is_in_body_;
} lp_mqtt_stream_t;

void lp_mqtt_stream_init(lp_mqtt_stream_t *s);
// Takes from data[*used..len).
lp_mqtt_stream_result_t lp_mqtt_stream_feed(lp_mqtt_stream_t *s, const uint8_t *data, size_t len,
                                            size_t *used);
lp_span_t lp_mqtt_stream_body(const lp_mqtt_stream_t *s);

#endif
