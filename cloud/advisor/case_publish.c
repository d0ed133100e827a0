// SPDX-License-Identifier: Apache-2.0
// Publishing, subscribing, acknowledging, keep-alive.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"

enum { LARGE_KB = 32, KB = 1024, PING_GRACE_MS = 3000 };

// --- MQTT_Publish -------------------------------------------------------------------------------

static bool is_wanted_text(lp_span_t got, const char *wanted)
{
    return wanted == NULL || lp_span_equal_str(got, wanted);
}

static void on_publish(lp_advisor_t *a, const adv_input_t *in)
{
    if (in->kind == ADV_PUBLISH) {
        const lp_mqtt_publish_t *p = in->publish;
        if (!is_wanted_text(p->topic, a->p.publish_topic) ||
            !is_wanted_text(p->payload, a->p.publish_payload)) {
            a->s.flags |= 1;
        } else if (p->qos != 0) {
            a->s.flags |= 2;
        } else {
            adv_end(a, LP_ADVISOR_PASS, "the device published with QoS 0");
        }
    } else if (in->kind == ADV_EXPIRED && (a->s.flags & 2) != 0) {
        adv_end(a, LP_ADVISOR_FAIL, "the device published, but with QoS 1 only");
    } else if (in->kind == ADV_EXPIRED && a->s.flags != 0) {
        adv_end(a, LP_ADVISOR_FAIL, "the device published, but not the topic or payload asked for");
    }
}

const adv_play_t adv_publish = {on_publish, "for a PUBLISH with QoS 0"};

// --- MQTT_Publish_Retry_No_Puback ---------------------------------------------------------------

static void on_first_publish(lp_advisor_t *a, const adv_input_t *in)
{
    const lp_mqtt_publish_t *p = in->publish;
    if (p->qos != 1 || !is_wanted_text(p->topic, a->p.publish_topic)) {
        return;
    }
    a->s.phase = 1;
    a->s.conn = in->conn;
    a->s.packet_id = p->packet_id;
    a->s.hash = adv_hash(p->payload) ^ adv_hash(p->topic);
    adv_log(a, "PUBACK for packet id %u is held back", p->packet_id);
}

static void fail_new_id(lp_advisor_t *a, unsigned packet_id)
{
    adv_end(a, LP_ADVISOR_FAIL, "the message was published again with packet id %u, not %u",
            packet_id, a->s.packet_id);
}

static void on_next_publish(lp_advisor_t *a, const adv_input_t *in)
{
    const lp_mqtt_publish_t *p = in->publish;
    const bool is_same = (adv_hash(p->payload) ^ adv_hash(p->topic)) == a->s.hash;
    if (p->qos != 1) {
        return;
    }
    if (p->packet_id == a->s.packet_id && !is_same) {
        adv_end(a, LP_ADVISOR_FAIL,
                "packet id %u was used for another message before it was acknowledged",
                p->packet_id);
    } else if (p->packet_id == a->s.packet_id) {
        if (!p->is_dup) {
            adv_warn(a, "the message was published again, but without the DUP flag");
        }
        adv_end(a, LP_ADVISOR_PASS,
                "the device published the message again with the same packet id");
    } else if (is_same && p->is_dup) {
        fail_new_id(a, p->packet_id);
    } else if (is_same) {
        a->s.count = p->packet_id; // a new message that says the same, or a wrong retry: time tells
    }
}

static void on_publish_retry(lp_advisor_t *a, const adv_input_t *in)
{
    const bool is_end = in->kind == ADV_CLOSED || in->kind == ADV_DISCONNECT;
    if (in->kind == ADV_START) {
        a->muted = ADV_MUTE_PUBACK;
    } else if (in->kind == ADV_PUBLISH && a->s.phase == 0) {
        on_first_publish(a, in);
    } else if (in->kind == ADV_PUBLISH) {
        on_next_publish(a, in);
    } else if (is_end && a->s.phase == 1 && in->conn == a->s.conn) {
        adv_end(a, LP_ADVISOR_FAIL, "the device disconnected instead of publishing again");
    } else if (in->kind == ADV_EXPIRED && a->s.phase == 1 && a->s.count > 0) {
        fail_new_id(a, a->s.count);
    } else if (in->kind == ADV_EXPIRED && a->s.phase == 1) {
        adv_end(a, LP_ADVISOR_FAIL, "the device did not publish again what was not acknowledged");
    }
}

const adv_play_t adv_publish_retry = {on_publish_retry, "for a PUBLISH with QoS 1"};

// --- MQTT_Subscribe -----------------------------------------------------------------------------

// Whether `filter` is one of the comma-separated names; *index is its place.
static bool is_listed(const char *list, lp_span_t filter, unsigned *index)
{
    *index = 0;
    while (*list != '\0') {
        const size_t len = strcspn(list, ",");
        if (lp_span_equal(lp_span(list, len), filter)) {
            return true;
        }
        list += len + (list[len] == ',' ? 1 : 0);
        (*index)++;
    }
    return false;
}

static unsigned list_length(const char *list)
{
    unsigned n = 1;
    for (; *list != '\0'; list++) {
        n += *list == ',' ? 1 : 0;
    }
    return n > 31 ? 31 : n;
}

static void on_subscribe(lp_advisor_t *a, const adv_input_t *in)
{
    const char *list = a->p.subscribe_topics;
    if (in->kind == ADV_EXPIRED && a->s.count > 0) {
        adv_end(a, LP_ADVISOR_FAIL, "the device subscribed, but not to all of %s", list);
    }
    if (in->kind != ADV_SUBSCRIBE) {
        return;
    }
    a->s.count++;
    for (size_t i = 0; list != NULL && i < in->subscribe->count; i++) {
        unsigned index = 0;
        if (is_listed(list, in->subscribe->filter[i], &index) && index < 31) {
            a->s.flags |= 1u << index;
        }
    }
    if (list == NULL || a->s.flags == (1u << list_length(list)) - 1) {
        adv_end(a, LP_ADVISOR_PASS, "the device subscribed");
    }
}

const adv_play_t adv_subscribe_happy = {on_subscribe, "for a SUBSCRIBE"};

// --- MQTT_Subscribe_Retry_No_Suback -------------------------------------------------------------

static uint64_t hash_filters(const adv_subscribe_t *s)
{
    uint64_t h = 0;
    for (size_t i = 0; i < s->count; i++) {
        h ^= adv_hash(s->filter[i]);
    }
    return h;
}

static void on_subscribe_again(lp_advisor_t *a, const adv_input_t *in)
{
    const bool is_same = hash_filters(in->subscribe) == a->s.hash;
    if (in->subscribe->packet_id == a->s.packet_id && is_same) {
        adv_end(a, LP_ADVISOR_PASS, "the device subscribed again with the same packet id");
    } else if (is_same) {
        adv_end(a, LP_ADVISOR_FAIL, "the device subscribed again with packet id %u, not %u",
                in->subscribe->packet_id, a->s.packet_id);
    }
}

static void on_subscribe_retry(lp_advisor_t *a, const adv_input_t *in)
{
    const bool is_end = in->kind == ADV_CLOSED || in->kind == ADV_DISCONNECT;
    if (in->kind == ADV_START) {
        a->muted = ADV_MUTE_SUBACK;
    } else if (in->kind == ADV_SUBSCRIBE && a->s.phase == 0) {
        unsigned index = 0;
        if (a->p.subscribe_topics != NULL &&
            !is_listed(a->p.subscribe_topics, in->subscribe->filter[0], &index)) {
            return;
        }
        a->s.phase = 1;
        a->s.conn = in->conn;
        a->s.packet_id = in->subscribe->packet_id;
        a->s.hash = hash_filters(in->subscribe);
        adv_log(a, "SUBACK for packet id %u is held back", a->s.packet_id);
    } else if (in->kind == ADV_SUBSCRIBE) {
        on_subscribe_again(a, in);
    } else if (is_end && a->s.phase == 1 && in->conn == a->s.conn) {
        adv_end(a, LP_ADVISOR_FAIL, "the device disconnected instead of subscribing again");
    } else if (in->kind == ADV_EXPIRED && a->s.phase == 1) {
        adv_end(a, LP_ADVISOR_FAIL, "the device did not subscribe again");
    }
}

const adv_play_t adv_subscribe_retry = {on_subscribe_retry, "for a SUBSCRIBE"};

// --- MQTT_Client_Puback_QoS1, TLS_Receive_Maximum_Size_Fragments --------------------------------

static bool is_trigger(const lp_advisor_t *a, const adv_subscribe_t *s, size_t i)
{
    return s->qos[i] > 0 &&
           (a->p.trigger_topic == NULL || lp_span_equal_str(s->filter[i], a->p.trigger_topic));
}

// Pads with digits to the size, or gives the text itself. Caller frees.
static char *make_payload(const char *text, long kb)
{
    static const char digits[] = "0123456789abcdef";
    size_t len = kb > 0 ? (size_t)kb * KB : strlen(text);
    char *payload = malloc(len + 1);
    for (size_t i = 0; payload != NULL && i < len; i++) {
        payload[i] = kb > 0 ? digits[i % 16] : text[i];
    }
    if (payload != NULL) {
        payload[len] = '\0';
    }
    return payload;
}

static void trigger(lp_advisor_t *a, long kb)
{
    const char *text = a->p.payload != NULL ? a->p.payload : "Device Advisor on your desk";
    char *payload = make_payload(text, kb);
    if (payload == NULL) {
        adv_end(a, LP_ADVISOR_ERROR, "out of memory");
        return;
    }
    a->s.packet_id = adv_send(a, a->s.conn, a->s.topic, lp_span_str(payload), 1);
    a->s.phase = 2;
    free(payload);
}

static void on_trigger_subscribe(lp_advisor_t *a, const adv_input_t *in)
{
    for (size_t i = 0; i < in->subscribe->count && a->s.phase == 0; i++) {
        if (is_trigger(a, in->subscribe, i)) {
            char filter[LP_ADVISOR_TOPIC_MAX];
            snprintf(filter, sizeof filter, "%.*s", (int)in->subscribe->filter[i].len,
                     (const char *)in->subscribe->filter[i].ptr);
            adv_topic_of_filter(filter, a->s.topic);
            a->s.conn = in->conn;
            a->s.phase = 1;
            adv_timer(a, 50); // SUBACK first
        }
    }
}

static void on_received(lp_advisor_t *a, const adv_input_t *in, long kb)
{
    if (in->packet_id == a->s.packet_id) {
        adv_end(a, LP_ADVISOR_PASS, "the device acknowledged the message%s",
                kb > 0 ? " of several whole TLS records" : "");
    } else if (in->packet_id >= a->next_id) {
        adv_end(a, LP_ADVISOR_FAIL, "PUBACK has packet id %u, which was never sent", in->packet_id);
    }
}

// The message is out, and nothing else counts any more.
static void on_receive_sent(lp_advisor_t *a, const adv_input_t *in, long kb)
{
    if (in->kind == ADV_PUBACK) {
        on_received(a, in, kb);
    } else if (in->kind == ADV_CLOSED && in->conn == a->s.conn) {
        adv_end(a, LP_ADVISOR_FAIL, "the device closed the connection when the message came");
    } else if (in->kind == ADV_EXPIRED) {
        adv_end(a, LP_ADVISOR_FAIL, "the device did not acknowledge the message");
    }
}

static void on_receive(lp_advisor_t *a, const adv_input_t *in, long kb)
{
    if (a->s.phase == 2) {
        on_receive_sent(a, in, kb);
    } else if (in->kind == ADV_SUBSCRIBE) {
        on_trigger_subscribe(a, in);
    } else if (in->kind == ADV_TIMER && a->s.phase == 1) {
        trigger(a, kb);
    } else if (in->kind == ADV_CLOSED && in->conn == a->s.conn) {
        a->s.phase = 0;
    }
}

static void on_puback_qos1(lp_advisor_t *a, const adv_input_t *in)
{
    on_receive(a, in, a->p.payload_kb);
}

static void on_receive_large(lp_advisor_t *a, const adv_input_t *in)
{
    on_receive(a, in, a->p.payload_kb > 0 ? a->p.payload_kb : LARGE_KB);
}

const adv_play_t adv_puback_qos1 = {on_puback_qos1, "for a SUBSCRIBE with QoS 1"};
const adv_play_t adv_receive_large = {on_receive_large, "for a SUBSCRIBE with QoS 1"};

// --- MQTT_No_Ack_PingResp -----------------------------------------------------------------------

static void on_no_pingresp_connect(lp_advisor_t *a, const adv_input_t *in)
{
    if (in->connect->keep_alive_s == 0) {
        adv_end(a, LP_ADVISOR_FAIL, "keep-alive is 0: the device will never send PINGREQ");
        return;
    }
    a->s.phase = 1;
    a->s.conn = in->conn;
    a->s.count = 0;
    // A server waits one and a half times the keep-alive (MQTT 3.1.2.10).
    adv_timer(a, in->connect->keep_alive_s * 1500u + PING_GRACE_MS);
}

static void on_no_pingresp(lp_advisor_t *a, const adv_input_t *in)
{
    if (in->kind == ADV_START) {
        a->muted = ADV_MUTE_PINGRESP | ADV_MUTE_PUBACK | ADV_MUTE_SUBACK;
    } else if (in->kind == ADV_CONNECT && a->s.phase == 0) {
        on_no_pingresp_connect(a, in);
    } else if (in->kind == ADV_PINGREQ && in->conn == a->s.conn) {
        a->s.count++;
        adv_timer(a, a->conns[in->conn].keep_alive_s * 1500u + PING_GRACE_MS);
    } else if (in->kind == ADV_CLOSED && a->s.phase == 1 && in->conn == a->s.conn) {
        if (a->s.count == 0) {
            adv_warn(a, "the device disconnected before it sent PINGREQ");
        }
        adv_end(a, LP_ADVISOR_PASS, "the device disconnected when PINGRESP did not come");
    } else if (in->kind == ADV_TIMER) {
        adv_end(a, LP_ADVISOR_FAIL,
                a->s.count == 0 ? "no PINGREQ in one and a half times the keep-alive"
                                : "the device stays connected although PINGRESP does not come");
    }
}

const adv_play_t adv_no_pingresp = {on_no_pingresp, "for the device to disconnect"};
