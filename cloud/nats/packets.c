// SPDX-License-Identifier: Apache-2.0
// What each packet means. The front has judged them already; what it would not let through ends the
// connection here too.
#include <string.h>

#include "gateway_private.h"

static bool take_publish(client_t *c, const lp_mqtt_head_t *h, lp_span_t body)
{
    lp_mqtt_publish_t p;
    return lp_mqtt_decode_publish(LP_MQTT_V4, h, body, &p) == LP_OK && p.qos <= 1 &&
           gw_publish(c, &p);
}

static bool take_puback(client_t *c, lp_span_t body)
{
    lp_mqtt_ack_t ack;
    if (lp_mqtt_decode_ack(LP_MQTT_V4, LP_MQTT_PUBACK, body, &ack) != LP_OK) {
        return false;
    }
    gw_acknowledged(c, ack.packet_id);
    return true;
}

static bool take_subscribe(client_t *c, lp_span_t body)
{
    lp_mqtt_filters_t s;
    return lp_mqtt_decode_subscribe(LP_MQTT_V4, body, &s) == LP_OK &&
           s.count <= LP_MQTT_FILTERS_MAX && gw_subscribe(c, &s);
}

static bool take_unsubscribe(client_t *c, lp_span_t body)
{
    lp_mqtt_filters_t s;
    return lp_mqtt_decode_unsubscribe(LP_MQTT_V4, body, &s) == LP_OK &&
           s.count <= LP_MQTT_FILTERS_MAX && gw_unsubscribe(c, &s);
}

bool gw_packet(client_t *c, const lp_mqtt_head_t *h, lp_span_t body)
{
    static const uint8_t pingresp[] = {LP_MQTT_PINGRESP << 4, 0};
    if (c->state == CLIENT_NEW) {
        return h->type == LP_MQTT_CONNECT && gw_connect(c, body);
    }
    switch (h->type) {
    case LP_MQTT_PUBLISH:
        return take_publish(c, h, body);
    case LP_MQTT_PUBACK:
        return take_puback(c, body);
    case LP_MQTT_SUBSCRIBE:
        return take_subscribe(c, body);
    case LP_MQTT_UNSUBSCRIBE:
        return take_unsubscribe(c, body);
    case LP_MQTT_PINGREQ:
        return gw_send(c, lp_span(pingresp, sizeof pingresp));
    case LP_MQTT_DISCONNECT:
        c->has_left = true;
        return false;
    default:
        return false;
    }
}
