// SPDX-License-Identifier: Apache-2.0
// What each packet of the server means to the session.
#include "limpet/port/clock.h"
#include "mqtt_internal.h"

// --- Messages -----------------------------------------------------------------------------------

static size_t find_qos2(const lp_mqtt_t *m, uint16_t id)
{
    size_t i = 0;
    while (i < m->rx_qos2_used_ && m->rx_qos2_[i] != id) {
        i++;
    }
    return i;
}

// Decides whether the message is delivered and acknowledged.
void mqtt_message_begin(lp_mqtt_t *m, const lp_mqtt_publish_t *p)
{
    m->in_ = *p;
    m->in_is_wanted_ = true;
    m->in_is_acked_ = true;
    if (p->qos < 2) {
        return;
    }
    if (find_qos2(m, p->packet_id) < m->rx_qos2_used_) {
        m->in_is_wanted_ = false; // it came before; only the answer was lost
        m->stats_.duplicates++;
    } else if (m->rx_qos2_used_ == LP_MQTT_RX_QOS2_MAX) {
        m->in_is_wanted_ = false; // the server will send it again
        m->in_is_acked_ = false;
        m->stats_.skipped++;
    }
}

void mqtt_message_piece(lp_mqtt_t *m, lp_span_t piece, size_t offset)
{
    if (!m->in_is_wanted_ || m->cfg_.on_message == NULL) {
        return;
    }
    lp_mqtt_message_t msg = {
        .topic = m->in_.topic,
        .props = m->in_.props,
        .piece = piece,
        .offset = offset,
        .total_len = m->in_.payload_len,
        .qos = m->in_.qos,
        .is_retained = m->in_.is_retained,
        .is_dup = m->in_.is_dup,
    };
    m->in_.topic = lp_span(NULL, 0); // where they lie the next piece will lie
    m->in_.props = lp_span(NULL, 0);
    bool was_in_callback = m->is_in_callback_;
    m->is_in_callback_ = true;
    m->cfg_.on_message(m->cfg_.ctx, &msg);
    m->is_in_callback_ = was_in_callback;
}

// After the last piece. If the callback has asked for the end of the connection there is no
// acknowledgement any more, but what was delivered with QoS 2 is remembered all the same.
void mqtt_message_end(lp_mqtt_t *m)
{
    m->stats_.received += m->in_is_wanted_ ? 1 : 0;
    if (m->in_.qos == 2 && m->in_is_wanted_) {
        m->rx_qos2_[m->rx_qos2_used_++] = m->in_.packet_id;
    }
    if (m->in_.qos > 0 && m->in_is_acked_ && m->state_ == LP_MQTT_CONNECTED) {
        lp_mqtt_type_t type = m->in_.qos == 1 ? LP_MQTT_PUBACK : LP_MQTT_PUBREC;
        mqtt_put_ack(m, type, m->in_.packet_id, LP_MQTT_RC_SUCCESS);
    }
}

// The session announces no topic aliases, so there must be a topic.
lp_err_t mqtt_message_decode(const lp_mqtt_t *m, const lp_mqtt_head_t *h, lp_span_t body,
                             lp_mqtt_publish_t *p)
{
    lp_mqtt_prop_t alias;
    lp_err_t err = lp_mqtt_decode_publish(m->cfg_.version, h, body, p);
    if (err == LP_OK && lp_mqtt_props_find(p->props, LP_MQTT_PROP_TOPIC_ALIAS, &alias) == LP_OK) {
        err = LP_E_FORMAT;
    }
    return err;
}

static lp_err_t on_publish(lp_mqtt_t *m, const lp_mqtt_head_t *h, lp_span_t body)
{
    lp_mqtt_publish_t p;
    lp_err_t err = mqtt_message_decode(m, h, body, &p);
    if (err != LP_OK) {
        return err;
    }
    mqtt_message_begin(m, &p);
    mqtt_message_piece(m, p.payload, 0);
    mqtt_message_end(m);
    return LP_OK;
}

static lp_err_t on_pubrel(lp_mqtt_t *m, lp_span_t body)
{
    lp_mqtt_ack_t ack;
    lp_err_t err = lp_mqtt_decode_ack(m->cfg_.version, LP_MQTT_PUBREL, body, &ack);
    if (err != LP_OK) {
        return err;
    }
    size_t i = find_qos2(m, ack.packet_id);
    bool is_known = i < m->rx_qos2_used_;
    if (is_known) {
        m->rx_qos2_[i] = m->rx_qos2_[--m->rx_qos2_used_];
    }
    mqtt_put_ack(m, LP_MQTT_PUBCOMP, ack.packet_id,
                 is_known ? LP_MQTT_RC_SUCCESS : LP_MQTT_RC_ID_NOT_FOUND);
    return LP_OK;
}

// --- Answers to what was sent -------------------------------------------------------------------

// Ends a slot with the server's answer; one whose repetition is just being sent ends after that.
static void answer(lp_mqtt_t *m, lp_mqtt_slot_t *slot, uint8_t reason, lp_span_t codes)
{
    bool is_refused = reason >= LP_MQTT_RC_FAILURE;
    for (size_t i = 0; i < codes.len; i++) {
        is_refused = is_refused || codes.ptr[i] >= LP_MQTT_RC_FAILURE;
    }
    lp_err_t err = is_refused ? LP_E_DENIED : LP_OK;
    if (slot->state_ == SLOT_SENDING) {
        mqtt_slot_end(m, slot, err);
        return;
    }
    lp_mqtt_result_t result = {.reason = reason, .codes = codes};
    mqtt_slot_finish(m, slot, err, &result);
}

// An answer to something that was never sent, or with another QoS, breaks the protocol. One to
// something that is not known any more is late, and ignored.
static lp_err_t find_publish(lp_mqtt_t *m, uint16_t id, uint8_t qos, lp_mqtt_slot_t **slot)
{
    *slot = mqtt_slot_find(m, LP_MQTT_PUBLISH, id);
    if (*slot != NULL && ((*slot)->qos_ != qos || !(*slot)->was_sent_)) {
        return LP_E_FORMAT;
    }
    return LP_OK;
}

static lp_err_t on_puback(lp_mqtt_t *m, lp_span_t body)
{
    lp_mqtt_ack_t ack;
    lp_mqtt_slot_t *slot = NULL;
    lp_err_t err = lp_mqtt_decode_ack(m->cfg_.version, LP_MQTT_PUBACK, body, &ack);
    err = err == LP_OK ? find_publish(m, ack.packet_id, 1, &slot) : err;
    if (err == LP_OK && slot != NULL) {
        answer(m, slot, ack.reason, lp_span(NULL, 0));
    }
    return err;
}

static lp_err_t on_pubrec(lp_mqtt_t *m, lp_span_t body)
{
    lp_mqtt_ack_t ack;
    lp_mqtt_slot_t *slot = NULL;
    lp_err_t err = lp_mqtt_decode_ack(m->cfg_.version, LP_MQTT_PUBREC, body, &ack);
    err = err == LP_OK ? find_publish(m, ack.packet_id, 2, &slot) : err;
    if (err != LP_OK) {
        return err;
    }
    if (ack.reason >= LP_MQTT_RC_FAILURE) {
        if (slot != NULL) {
            answer(m, slot, ack.reason, lp_span(NULL, 0));
        }
        return LP_OK;
    }
    mqtt_put_ack(m, LP_MQTT_PUBREL, ack.packet_id,
                 slot != NULL ? LP_MQTT_RC_SUCCESS : LP_MQTT_RC_ID_NOT_FOUND);
    if (slot != NULL && slot->state_ != SLOT_SENDING) {
        slot->state_ = SLOT_WAIT_PUBCOMP;
        slot->sent_ms_ = lp_port_now_ms();
    }
    return LP_OK;
}

static lp_err_t on_pubcomp(lp_mqtt_t *m, lp_span_t body)
{
    lp_mqtt_ack_t ack;
    lp_mqtt_slot_t *slot = NULL;
    lp_err_t err = lp_mqtt_decode_ack(m->cfg_.version, LP_MQTT_PUBCOMP, body, &ack);
    err = err == LP_OK ? find_publish(m, ack.packet_id, 2, &slot) : err;
    if (err != LP_OK || slot == NULL) {
        return err;
    }
    if (slot->state_ != SLOT_WAIT_PUBCOMP && slot->state_ != SLOT_READY_PUBREL) {
        return LP_E_FORMAT; // PUBREL was not sent
    }
    // "Not found" means that the server had finished before our PUBREL came again.
    lp_mqtt_result_t result = {.reason = ack.reason};
    mqtt_slot_finish(m, slot, LP_OK, &result);
    return LP_OK;
}

static lp_err_t on_suback(lp_mqtt_t *m, lp_mqtt_type_t type, lp_span_t body)
{
    lp_mqtt_type_t asked = type == LP_MQTT_SUBACK ? LP_MQTT_SUBSCRIBE : LP_MQTT_UNSUBSCRIBE;
    lp_mqtt_suback_t ack;
    lp_err_t err = lp_mqtt_decode_suback(m->cfg_.version, type, body, &ack);
    if (err != LP_OK) {
        return err;
    }
    lp_mqtt_slot_t *slot = mqtt_slot_find(m, asked, ack.packet_id);
    if (slot == NULL) {
        return LP_OK;
    }
    bool has_codes = m->cfg_.version == LP_MQTT_V5 || type == LP_MQTT_SUBACK;
    if (!slot->was_sent_ || (has_codes && ack.codes.len != slot->filters_)) {
        return LP_E_FORMAT;
    }
    answer(m, slot, LP_MQTT_RC_SUCCESS, ack.codes);
    return LP_OK;
}

// --- The connection -----------------------------------------------------------------------------

static bool is_credentials_code(lp_mqtt_version_t v, uint8_t code)
{
    if (v == LP_MQTT_V5) {
        return code == LP_MQTT_RC_BAD_CREDENTIALS || code == LP_MQTT_RC_NOT_AUTHORIZED;
    }
    return code == 4 || code == 5 || code == 7; // 7 is how AWS IoT says "not authorized"
}

static void accept_terms(lp_mqtt_t *m, const lp_mqtt_connack_t *ack)
{
    uint32_t keep_alive_s =
        ack->has_server_keep_alive ? ack->server_keep_alive_s : m->cfg_.connect.keep_alive_s;
    m->keep_alive_ms_ = keep_alive_s * 1000u;
    m->receive_max_ = ack->receive_max;
    m->max_qos_ = ack->max_qos;
    m->retain_available_ = ack->retain_available;
    m->max_packet_ = ack->max_packet;
    m->deadline_ms_ = 0;
}

static lp_err_t on_connack(lp_mqtt_t *m, lp_span_t body)
{
    lp_mqtt_connack_t ack;
    lp_err_t err = lp_mqtt_decode_connack(m->cfg_.version, body, &ack);
    if (err != LP_OK || (ack.session_present && m->cfg_.connect.clean_start)) {
        return LP_E_FORMAT;
    }
    if (ack.code != 0) {
        bool is_credentials = is_credentials_code(m->cfg_.version, ack.code);
        lp_mqtt_event_t ev = {.connack = &ack,
                              .why = is_credentials ? LP_E_UNAUTHORIZED : LP_E_MQTT_REFUSED,
                              .reason = ack.code};
        mqtt_end(m, MQTT_LOST, &ev);
        return LP_OK;
    }
    accept_terms(m, &ack);
    mqtt_queue_resume(m, ack.session_present);
    (void)mqtt_step(m, MQTT_ACCEPTED);
    m->stats_.connects++;
    lp_mqtt_event_t ev = {
        .id = LP_MQTT_EV_CONNECTED, .session_present = ack.session_present, .connack = &ack};
    mqtt_emit(m, &ev);
    return LP_OK;
}

static lp_err_t on_disconnect(lp_mqtt_t *m, lp_span_t body)
{
    lp_mqtt_disconnect_t d;
    lp_err_t err = lp_mqtt_decode_disconnect(m->cfg_.version, body, &d);
    if (err != LP_OK) {
        return err;
    }
    lp_mqtt_event_t ev = {.why = LP_E_CLOSED, .reason = d.reason};
    mqtt_end(m, MQTT_LOST, &ev);
    return LP_OK;
}

static lp_err_t on_pingresp(lp_mqtt_t *m, lp_span_t body)
{
    if (body.len != 0) {
        return LP_E_FORMAT;
    }
    m->deadline_ms_ = 0;
    return LP_OK;
}

// --- Packets ------------------------------------------------------------------------------------

bool mqtt_is_expected(const lp_mqtt_t *m, const lp_mqtt_head_t *h)
{
    switch ((lp_mqtt_type_t)h->type) {
    case LP_MQTT_CONNACK:
        return m->state_ == LP_MQTT_WAIT_CONNACK;
    case LP_MQTT_PUBLISH:
    case LP_MQTT_PUBACK:
    case LP_MQTT_PUBREC:
    case LP_MQTT_PUBREL:
    case LP_MQTT_PUBCOMP:
    case LP_MQTT_SUBACK:
    case LP_MQTT_UNSUBACK:
    case LP_MQTT_PINGRESP:
        return m->state_ == LP_MQTT_CONNECTED;
    case LP_MQTT_DISCONNECT:
        return m->state_ == LP_MQTT_CONNECTED && m->cfg_.version == LP_MQTT_V5;
    case LP_MQTT_CONNECT:
    case LP_MQTT_SUBSCRIBE:
    case LP_MQTT_UNSUBSCRIBE:
    case LP_MQTT_PINGREQ:
    case LP_MQTT_AUTH: // never asked for
        break;
    }
    return false;
}

lp_err_t mqtt_handle(lp_mqtt_t *m, const lp_mqtt_head_t *h, lp_span_t body)
{
    switch ((lp_mqtt_type_t)h->type) {
    case LP_MQTT_CONNACK:
        return on_connack(m, body);
    case LP_MQTT_PUBLISH:
        return on_publish(m, h, body);
    case LP_MQTT_PUBACK:
        return on_puback(m, body);
    case LP_MQTT_PUBREC:
        return on_pubrec(m, body);
    case LP_MQTT_PUBREL:
        return on_pubrel(m, body);
    case LP_MQTT_PUBCOMP:
        return on_pubcomp(m, body);
    case LP_MQTT_SUBACK:
    case LP_MQTT_UNSUBACK:
        return on_suback(m, (lp_mqtt_type_t)h->type, body);
    case LP_MQTT_PINGRESP:
        return on_pingresp(m, body);
    case LP_MQTT_DISCONNECT:
        return on_disconnect(m, body);
    case LP_MQTT_CONNECT:
    case LP_MQTT_SUBSCRIBE:
    case LP_MQTT_UNSUBSCRIBE:
    case LP_MQTT_PINGREQ:
    case LP_MQTT_AUTH:
        break;
    }
    return LP_E_FORMAT;
}
