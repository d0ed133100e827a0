// SPDX-License-Identifier: Apache-2.0
// limpet/mqtt_server.h - MQTT 3.1.1 and 5.0 packets as a server receives and answers them; the
// other half of limpet/mqtt_packet.h, for the cloud only.
//
// Pure functions on bytes. What a client may not send is LP_E_FORMAT; outputs are untouched then.
// @source OASIS MQTT Version 3.1.1 (29 October 2014), OASIS MQTT Version 5.0 (7 March 2019)
#ifndef LIMPET_MQTT_SERVER_H
#define LIMPET_MQTT_SERVER_H

#include "limpet/mqtt_packet.h"

// A CONNECT with room for what lp_mqtt_connect_t only points to. Texts are borrowed from the body;
// connect's pointers lead into this structure, so it is not to be copied.
typedef struct {
    lp_mqtt_connect_t connect;
    lp_mqtt_will_t will;
    lp_span_t username, password;
} lp_mqtt_connect_in_t;

// The protocol level of a CONNECT's body, any number; 0: it has none ("MQTT" is not its name).
// v4 3.1.2.2
uint8_t lp_mqtt_connect_level(lp_span_t body);
lp_err_t lp_mqtt_decode_connect(lp_mqtt_version_t v, lp_span_t body, lp_mqtt_connect_in_t *out);

enum { LP_MQTT_FILTERS_MAX = 8 };

// SUBSCRIBE or UNSUBSCRIBE. Filters beyond LP_MQTT_FILTERS_MAX are checked and counted, not kept.
typedef struct {
    uint16_t packet_id;
    size_t count;
    lp_mqtt_filter_t filter[LP_MQTT_FILTERS_MAX];
    lp_span_t props;
} lp_mqtt_filters_t;

lp_err_t lp_mqtt_decode_subscribe(lp_mqtt_version_t v, lp_span_t body, lp_mqtt_filters_t *out);
lp_err_t lp_mqtt_decode_unsubscribe(lp_mqtt_version_t v, lp_span_t body, lp_mqtt_filters_t *out);

// Appends a CONNACK, or nothing: LP_E_NOSPACE, LP_E_INVALID (properties). props: v5 only.
lp_err_t lp_mqtt_encode_connack(lp_buf_t *out, lp_mqtt_version_t v, bool session_present,
                                uint8_t code, lp_span_t props);

#endif
