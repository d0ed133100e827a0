// SPDX-License-Identifier: Apache-2.0
// The front's filter between a client and a broker that both send anything, in pieces of any size.
// Each piece is led by a byte: its low bits are the length, the high bit the direction (set: from
// the broker), the next whether time passes. Whatever passes to the broker must be whole, valid
// packets.
#include <stdlib.h>

#include "limpet/front_filter.h"
#include "limpet/mqtt_server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
    if (!ok) {
        abort();
    }
}

// Cuts a packet off *in; its head says what it is.
static lp_span_t cut(lp_span_t *in, lp_mqtt_head_t *head)
{
    size_t at = 0;
    lp_err_t err = LP_E_AGAIN;
    lp_mqtt_head_init(head);
    while (err == LP_E_AGAIN && at < in->len) {
        err = lp_mqtt_head_feed(head, in->ptr[at++]);
    }
    must(err == LP_OK && in->len - at >= head->remaining);
    lp_span_t body = lp_span(in->ptr + at, head->remaining);
    *in = lp_span(in->ptr + at + head->remaining, in->len - at - head->remaining);
    return body;
}

static void check_packet(const lp_filter_t *f, const lp_mqtt_head_t *head, lp_span_t body)
{
    lp_mqtt_publish_t p;
    lp_mqtt_filters_t s;
    lp_mqtt_connect_in_t c;
    switch (head->type) {
    case LP_MQTT_CONNECT:
        must(lp_mqtt_decode_connect(f->version, body, &c) == LP_OK && c.connect.username != NULL &&
             c.connect.password != NULL && c.connect.keep_alive_s == 0);
        break;
    case LP_MQTT_PUBLISH:
        must(lp_mqtt_decode_publish(f->version, head, body, &p) == LP_OK && p.qos < 2 &&
             p.payload_len <= LP_FILTER_PAYLOAD_MAX);
        break;
    case LP_MQTT_SUBSCRIBE:
        must(lp_mqtt_decode_subscribe(f->version, body, &s) == LP_OK &&
             s.count <= LP_MQTT_FILTERS_MAX);
        break;
    case LP_MQTT_UNSUBSCRIBE:
        must(lp_mqtt_decode_unsubscribe(f->version, body, &s) == LP_OK);
        break;
    default:
        must(head->type == LP_MQTT_PUBACK || head->type == LP_MQTT_PINGREQ ||
             head->type == LP_MQTT_DISCONNECT);
        break;
    }
}

static void check_broker(const lp_filter_t *f, const lp_bytes_t *to_broker)
{
    lp_span_t in = lp_bytes_span(to_broker);
    while (in.len > 0) {
        lp_mqtt_head_t head;
        lp_span_t body = cut(&in, &head);
        check_packet(f, &head, body);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const lp_pass_key_t key = {{7}};
    const lp_filter_peer_t peer = {.key = &key, .pem = "PEM", .address = "::1"};
    lp_bytes_t up = {0};
    lp_bytes_t down = {0};
    lp_filter_t f;
    int64_t now = 0;
    bool is_open = true;
    lp_filter_init(&f, &peer, now);
    for (size_t at = 0; at < size && is_open;) {
        uint8_t lead = data[at++];
        size_t n = lead & 0x3fu;
        n = n < size - at ? n : size - at;
        lp_span_t piece = lp_span(data + at, n);
        now += (lead & 0x40) != 0 ? 7000 : 0;
        is_open = lp_filter_tick(&f, now, &down) &&
                  ((lead & 0x80) != 0 ? lp_filter_down(&f, piece, &down)
                                      : lp_filter_up(&f, now, piece, &up, &down));
        at += n;
    }
    check_broker(&f, &up);
    lp_bytes_free(&up);
    lp_bytes_free(&down);
    lp_filter_deinit(&f);
    return 0;
}
