// SPDX-License-Identifier: Apache-2.0
// Private: the packets of MQTT 3.1.1 and 5.0 that only a server receives and sends.
#ifndef LP_ADVISOR_PACKET_H
#define LP_ADVISOR_PACKET_H

#include "limpet/mqtt_packet.h"

typedef struct {
    lp_mqtt_version_t version;
    bool clean_start;
    bool has_will;
    uint16_t keep_alive_s;
    lp_span_t client_id;
} adv_connect_t;

enum { ADV_FILTERS_MAX = 16 }; // in one SUBSCRIBE; AWS: 8

typedef struct {
    uint16_t packet_id;
    size_t count;
    lp_span_t filter[ADV_FILTERS_MAX];
    uint8_t qos[ADV_FILTERS_MAX];
} adv_subscribe_t;

// LP_E_FORMAT: malformed or not allowed, and *why says what. Spans borrow `body`.
lp_err_t adv_decode_connect(lp_span_t body, adv_connect_t *out, const char **why);
// SUBSCRIBE, or UNSUBSCRIBE with is_unsubscribe (qos is not set then).
lp_err_t adv_decode_subscribe(lp_mqtt_version_t v, bool is_unsubscribe, lp_span_t body,
                              adv_subscribe_t *out, const char **why);

void adv_encode_connack(lp_buf_t *out, lp_mqtt_version_t v, bool session_present);
// SUBACK with the granted QoS of each filter (at most 1), or UNSUBACK.
void adv_encode_suback(lp_buf_t *out, lp_mqtt_version_t v, bool is_unsubscribe,
                       const adv_subscribe_t *s);

#endif
