// SPDX-License-Identifier: Apache-2.0
// What a broker says to the tool, in pieces of the size of the first byte; and the broker's URL.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "broker.h"
#include "mqtt_stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decode(const lp_mqtt_stream_t *s)
{
    lp_span_t body = lp_mqtt_stream_body(s);
    lp_mqtt_connack_t connack;
    lp_mqtt_suback_t suback;
    lp_mqtt_publish_t publish;
    if (body.len > LP_MQTT_STREAM_CAP || body.len > s->head.remaining) {
        abort();
    }
    (void)lp_mqtt_decode_connack(LP_MQTT_V4, body, &connack);
    (void)lp_mqtt_decode_suback(LP_MQTT_V4, LP_MQTT_SUBACK, body, &suback);
    if (s->head.type == LP_MQTT_PUBLISH &&
        lp_mqtt_decode_publish(LP_MQTT_V4, &s->head, body, &publish) == LP_OK &&
        (publish.payload.len > body.len || publish.topic.len > body.len)) {
        abort();
    }
}

static void try_url(const uint8_t *data, size_t size)
{
    lp_broker_t broker;
    lp_fault_t f;
    char *text = malloc(size + 1);
    if (text == NULL) {
        return;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    if (lp_broker_parse(text, &broker, &f) == LP_EXIT_OK &&
        (broker.port == 0 || strlen(broker.server) < 3 ||
         strncmp(broker.url, "mqtts://", 8) != 0)) {
        abort();
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lp_mqtt_stream_t s;
    lp_mqtt_stream_result_t r = LP_MQTT_STREAM_MORE;
    if (size == 0) {
        return 0;
    }
    try_url(data, size);
    size_t piece = data[0] % 16u + 1u;
    lp_mqtt_stream_init(&s);
    for (size_t at = 1; at < size && r != LP_MQTT_STREAM_BAD; at += piece) {
        size_t len = size - at < piece ? size - at : piece;
        size_t used = 0;
        while ((r = lp_mqtt_stream_feed(&s, data + at, len, &used)) == LP_MQTT_STREAM_PACKET) {
            decode(&s);
        }
        if (r == LP_MQTT_STREAM_MORE && used != len) {
            abort();
        }
    }
    return 0;
}
