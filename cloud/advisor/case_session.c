// SPDX-License-Identifier: Apache-2.0
// Persistent sessions: one that the server keeps, one that it has lost.
#include <stdio.h>

#include "engine.h"

//   WANT_SUBSCRIBE --SUBSCRIBE, QoS 1--> SUBSCRIBED --closed by the advisor--> WANT_RETURN
//   WANT_RETURN --CONNECT--> RETURNED --PUBACK / SUBSCRIBE, then a while--> verdict
enum { WANT_SUBSCRIBE, SUBSCRIBED, WANT_RETURN, RETURNED, ACKNOWLEDGED };
enum { LINGER_MS = 300, STORED_MS = 100 };

static const char stored[] = "stored while the device was away";

static bool is_trigger(const lp_advisor_t *a, lp_span_t filter, uint8_t qos)
{
    return qos > 0 && (a->p.trigger_topic == NULL || lp_span_equal_str(filter, a->p.trigger_topic));
}

static void on_subscribe(lp_advisor_t *a, const adv_input_t *in)
{
    for (size_t i = 0; i < in->subscribe->count; i++) {
        if (is_trigger(a, in->subscribe->filter[i], in->subscribe->qos[i])) {
            snprintf(a->s.topic, sizeof a->s.topic, "%.*s", (int)in->subscribe->filter[i].len,
                     (const char *)in->subscribe->filter[i].ptr);
            a->s.phase = SUBSCRIBED;
            a->s.conn = in->conn;
            adv_timer(a, LINGER_MS);
            return;
        }
    }
}

static bool is_subscribing_again(const lp_advisor_t *a, const adv_input_t *in)
{
    for (size_t i = 0; i < in->subscribe->count; i++) {
        if (lp_span_equal_str(in->subscribe->filter[i], a->s.topic)) {
            return true;
        }
    }
    return false;
}

// The same for both cases, up to the second connection.
static bool on_beginning(lp_advisor_t *a, const adv_input_t *in, bool forgets)
{
    if (in->kind == ADV_CONNECT && in->connect->clean_start) {
        adv_end(a, LP_ADVISOR_FAIL, "CONNECT asks for a clean session, not a persistent one");
        return true;
    }
    if (in->kind == ADV_SUBSCRIBE && a->s.phase == WANT_SUBSCRIBE) {
        on_subscribe(a, in);
        return true;
    }
    if (in->kind == ADV_CLOSED && a->s.phase == SUBSCRIBED) {
        adv_timer(a, 0);
        a->s.phase = WANT_RETURN; // it went by itself: as good
        a->has_session = a->has_session && !forgets;
        return true;
    }
    if (in->kind == ADV_TIMER && a->s.phase == SUBSCRIBED) {
        adv_close(a, a->s.conn);
        a->s.phase = WANT_RETURN;
        a->has_session = !forgets;
        return true;
    }
    if (in->kind == ADV_CONNECT && a->s.phase == WANT_RETURN) {
        a->s.phase = RETURNED;
        a->s.conn = in->conn;
        adv_timer(a, STORED_MS);
        return true;
    }
    return false;
}

static void deliver_stored(lp_advisor_t *a)
{
    char topic[LP_ADVISOR_TOPIC_MAX];
    const char *payload = a->p.payload != NULL ? a->p.payload : stored;
    adv_topic_of_filter(a->s.topic, topic);
    a->s.packet_id = adv_send(a, a->s.conn, topic, lp_span_str(payload), 1);
}

static void on_session_happy(lp_advisor_t *a, const adv_input_t *in)
{
    if (on_beginning(a, in, false)) {
        return;
    }
    if (in->kind == ADV_TIMER && a->s.phase == RETURNED) {
        deliver_stored(a);
    } else if (in->kind == ADV_SUBSCRIBE && a->s.phase >= RETURNED && is_subscribing_again(a, in)) {
        adv_end(a, LP_ADVISOR_FAIL,
                "the device subscribed again although the session was still there");
    } else if (in->kind == ADV_PUBACK && a->s.phase == RETURNED &&
               in->packet_id == a->s.packet_id) {
        a->s.phase = ACKNOWLEDGED;
        adv_timer(a, adv_settle_ms(a));
    } else if (in->kind == ADV_TIMER && a->s.phase == ACKNOWLEDGED) {
        adv_end(a, LP_ADVISOR_PASS,
                "the device took up its session and acknowledged the stored message");
    } else if (in->kind == ADV_EXPIRED && a->s.phase == RETURNED) {
        adv_end(a, LP_ADVISOR_FAIL, "the device did not acknowledge the stored message");
    }
}

static void on_session_expired(lp_advisor_t *a, const adv_input_t *in)
{
    if (on_beginning(a, in, true)) {
        return;
    }
    if (in->kind == ADV_SUBSCRIBE && a->s.phase == RETURNED && is_subscribing_again(a, in)) {
        adv_end(a, LP_ADVISOR_PASS, "the device subscribed again when its session was gone");
    } else if (in->kind == ADV_EXPIRED && a->s.phase == RETURNED) {
        adv_end(a, LP_ADVISOR_FAIL,
                "the session had expired, and the device did not subscribe again");
    }
}

const adv_play_t adv_session_happy = {on_session_happy,
                                      "for a SUBSCRIBE with QoS 1 and a second connection"};
const adv_play_t adv_session_expired = {on_session_expired,
                                        "for a SUBSCRIBE with QoS 1 and a second connection"};
