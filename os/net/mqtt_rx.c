// SPDX-License-Identifier: Apache-2.0
// Receiving. rx holds the bytes from the start of a packet on. A packet that fits is handled when
// it is there in full. A PUBLISH that does not fit is handed on in pieces (PAYLOAD) once its topic
// and properties are there; if even these do not fit it is passed over (SKIP).
//
//   PACKET --large PUBLISH, its head decoded--> PAYLOAD --last byte--> PACKET
//          --large PUBLISH, buffer full-------> SKIP ----last byte--> PACKET
#include <string.h>

#include "limpet/port/clock.h"
#include "mqtt_internal.h"

enum { PACKETS_A_TURN = 16 }; // then others get their turn of the loop

static bool is_receiving(const lp_mqtt_t *m)
{
    return m->state_ == LP_MQTT_WAIT_CONNACK || m->state_ == LP_MQTT_CONNECTED;
}

static void consume(lp_mqtt_t *m, size_t count)
{
    memmove(m->cfg_.rx, m->cfg_.rx + count, m->rx_len_ - count);
    m->rx_len_ -= count;
}

// --- Packets ------------------------------------------------------------------------------------

// LP_E_AGAIN: the fixed header is not there in full.
static lp_err_t read_head(const lp_mqtt_t *m, lp_mqtt_head_t *h, size_t *len)
{
    lp_err_t err = LP_E_AGAIN;
    size_t i = 0;
    lp_mqtt_head_init(h);
    while (i < m->rx_len_ && err == LP_E_AGAIN) {
        err = lp_mqtt_head_feed(h, m->cfg_.rx[i++]);
    }
    *len = i;
    if (i > 0 && err != LP_E_FORMAT && !mqtt_is_expected(m, h)) {
        return LP_E_FORMAT;
    }
    return err;
}

// The first part of a message that does not fit in rx.
static lp_err_t take_large(lp_mqtt_t *m, const lp_mqtt_head_t *h, size_t head_len)
{
    if (h->type != LP_MQTT_PUBLISH) {
        return LP_E_NOSPACE;
    }
    lp_span_t body = lp_span(m->cfg_.rx + head_len, m->rx_len_ - head_len);
    lp_mqtt_publish_t p;
    lp_err_t err = mqtt_message_decode(m, h, body, &p);
    if (err == LP_E_AGAIN && m->rx_len_ == m->cfg_.rx_cap) {
        m->stats_.skipped++;
        m->rx_phase_ = RX_SKIP;
        m->left_ = h->remaining - (uint32_t)body.len;
        m->rx_len_ = 0;
        return LP_OK;
    }
    if (err != LP_OK) {
        return err;
    }
    m->rx_phase_ = RX_PAYLOAD;
    m->left_ = h->remaining - (uint32_t)body.len;
    m->rx_len_ = 0;
    mqtt_message_begin(m, &p);
    mqtt_message_piece(m, p.payload, 0);
    return LP_OK;
}

static lp_err_t take_whole(lp_mqtt_t *m)
{
    lp_mqtt_head_t h;
    size_t head_len = 0;
    lp_err_t err = read_head(m, &h, &head_len);
    if (err != LP_OK) {
        return err;
    }
    size_t total = head_len + h.remaining;
    if (total > m->cfg_.rx_cap) {
        return take_large(m, &h, head_len);
    }
    if (total > m->rx_len_) {
        return LP_E_AGAIN;
    }
    uint32_t epoch = m->epoch_;
    err = mqtt_handle(m, &h, lp_span(m->cfg_.rx + head_len, h.remaining));
    if (epoch != m->epoch_ || m->stream_ == NULL) {
        return LP_E_CANCELED; // rx belongs to another connection, or to none
    }
    if (err == LP_OK) {
        consume(m, total);
    }
    return err;
}

// More of a payload that comes in pieces, or of a packet that is passed over.
static lp_err_t take_piece(lp_mqtt_t *m)
{
    size_t count = m->rx_len_ < m->left_ ? m->rx_len_ : m->left_;
    if (count == 0) {
        return LP_E_AGAIN;
    }
    bool is_payload = m->rx_phase_ == RX_PAYLOAD;
    if (is_payload) {
        mqtt_message_piece(m, lp_span(m->cfg_.rx, count), m->in_.payload_len - m->left_);
    }
    m->left_ -= (uint32_t)count;
    consume(m, count);
    if (m->left_ == 0) {
        m->rx_phase_ = RX_PACKET;
        if (is_payload) {
            mqtt_message_end(m);
        }
    }
    return LP_OK;
}

// --- The pump -----------------------------------------------------------------------------------

static void protocol_error(lp_mqtt_t *m, lp_err_t err)
{
    mqtt_say_why(m, err == LP_E_NOSPACE ? LP_MQTT_RC_TOO_LARGE : LP_MQTT_RC_PROTOCOL);
    mqtt_lose(m, LP_E_MQTT_PROTOCOL);
}

// Reads some bytes. False: nothing there, or the connection ended.
static bool read_some(lp_mqtt_t *m)
{
    size_t room = m->cfg_.rx_cap - m->rx_len_;
    size_t n = 0;
    lp_err_t err = lp_stream_read(m->stream_, m->cfg_.rx + m->rx_len_, room, &n);
    if (err == LP_OK && n > 0 && n <= room) {
        m->rx_len_ += n;
        m->last_rx_ms_ = lp_port_now_ms();
        return true;
    }
    if (err != LP_E_AGAIN) {
        mqtt_lose(m, err == LP_OK ? LP_E_IO : err);
    }
    return false;
}

bool mqtt_receive(lp_mqtt_t *m)
{
    for (int budget = PACKETS_A_TURN; is_receiving(m);) {
        if (budget == 0 || !mqtt_has_control_room(m)) {
            return true;
        }
        lp_err_t err = m->rx_phase_ == RX_PACKET ? take_whole(m) : take_piece(m);
        if (err == LP_OK) {
            budget--;
        } else if (err == LP_E_AGAIN) {
            if (!read_some(m)) {
                return false;
            }
        } else if (err != LP_E_CANCELED) {
            protocol_error(m, err);
        }
    }
    return false;
}
