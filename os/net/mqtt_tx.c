// SPDX-License-Identifier: Apache-2.0
// Sending. A packet under way is always finished before another begins; acknowledgements go before
// the queue.
#include <string.h>

#include "limpet/port/clock.h"
#include "mqtt_internal.h"

// PINGREQ (2) and DISCONNECT (3) beside the largest acknowledgement (5).
enum { CONTROL_RESERVE = 10 };

// --- CONNECT ------------------------------------------------------------------------------------

static lp_err_t put_number_prop(lp_buf_t *block, uint8_t id, uint32_t number)
{
    lp_mqtt_prop_t p = {.id = id, .number = number};
    return lp_mqtt_props_put(block, &p);
}

// The properties are built in front, moved to the end of rx, and read from there while the packet
// is written in front. The packet is longer than its properties, so they cannot meet if it fits.
static lp_err_t build_props(const lp_mqtt_t *m, lp_span_t *props)
{
    lp_buf_t block = lp_buf(m->cfg_.rx, m->cfg_.rx_cap);
    lp_err_t err = LP_OK;
    if (m->cfg_.session_expiry_s != 0) {
        err = put_number_prop(&block, LP_MQTT_PROP_SESSION_EXPIRY, m->cfg_.session_expiry_s);
    }
    if (err == LP_OK) {
        err = put_number_prop(&block, LP_MQTT_PROP_RECEIVE_MAX, LP_MQTT_RX_QOS2_MAX);
    }
    err = err == LP_OK ? lp_buf_put(&block, m->cfg_.connect.props) : err;
    if (err != LP_OK) {
        return err;
    }
    uint8_t *end = m->cfg_.rx + m->cfg_.rx_cap - block.len;
    memmove(end, m->cfg_.rx, block.len);
    *props = lp_span(end, block.len);
    return LP_OK;
}

lp_err_t mqtt_build_connect(lp_mqtt_t *m)
{
    lp_mqtt_connect_t c = m->cfg_.connect;
    lp_err_t err = LP_OK;
    if (m->cfg_.version == LP_MQTT_V5) {
        err = build_props(m, &c.props);
    }
    if (err != LP_OK) {
        return err;
    }
    size_t tail = m->cfg_.version == LP_MQTT_V5 ? c.props.len : 0;
    lp_buf_t out = lp_buf(m->cfg_.rx, m->cfg_.rx_cap - tail);
    err = lp_mqtt_encode_connect(&out, m->cfg_.version, &c);
    if (err == LP_OK) {
        m->connect_len_ = out.len;
    }
    return err;
}

// --- Control packets ----------------------------------------------------------------------------

bool mqtt_has_control_room(const lp_mqtt_t *m)
{
    return m->control_len_ + CONTROL_RESERVE <= sizeof m->control_;
}

static lp_buf_t control_buf(lp_mqtt_t *m)
{
    lp_buf_t b = lp_buf(m->control_, sizeof m->control_);
    b.len = m->control_len_;
    return b;
}

void mqtt_put_ack(lp_mqtt_t *m, lp_mqtt_type_t type, uint16_t packet_id, uint8_t reason)
{
    lp_buf_t b = control_buf(m);
    (void)lp_mqtt_encode_ack(&b, m->cfg_.version, type, packet_id, reason); // has room
    m->control_len_ = b.len;
}

void mqtt_put_ping(lp_mqtt_t *m)
{
    lp_buf_t b = control_buf(m);
    (void)lp_mqtt_encode_pingreq(&b); // has room
    m->control_len_ = b.len;
}

void mqtt_put_disconnect(lp_mqtt_t *m)
{
    lp_buf_t b = control_buf(m);
    (void)lp_mqtt_encode_disconnect(&b, m->cfg_.version, LP_MQTT_RC_SUCCESS); // has room
    m->control_len_ = b.len;
}

void mqtt_say_why(lp_mqtt_t *m, uint8_t reason)
{
    bool is_between_packets = m->tx_slot_ == 0 && m->control_len_ == 0 && m->connect_len_ == 0;
    if (m->cfg_.version != LP_MQTT_V5 || !is_between_packets) {
        return;
    }
    uint8_t mem[4];
    size_t n = 0;
    lp_buf_t b = lp_buf(mem, sizeof mem);
    if (lp_mqtt_encode_disconnect(&b, m->cfg_.version, reason) == LP_OK) {
        (void)lp_stream_write(m->stream_, lp_buf_span(&b), &n); // the connection ends either way
    }
}

// --- The pump -----------------------------------------------------------------------------------

// Writes data[*at..] as far as the stream takes it.
static lp_err_t push(lp_mqtt_t *m, lp_span_t data, size_t *at)
{
    while (*at < data.len) {
        size_t n = 0;
        lp_err_t err = lp_stream_write(m->stream_, lp_span(data.ptr + *at, data.len - *at), &n);
        if (err != LP_OK) {
            return err;
        }
        if (n == 0 || n > data.len - *at) {
            return LP_E_IO; // a stream that breaks its contract must not hang or overrun us
        }
        *at += n;
        m->last_tx_ms_ = lp_port_now_ms();
    }
    return LP_OK;
}

static lp_err_t send_connect(lp_mqtt_t *m)
{
    lp_err_t err = push(m, lp_span(m->cfg_.rx, m->connect_len_), &m->tx_at_);
    if (err != LP_OK) {
        return err;
    }
    lp_wipe(m->cfg_.rx, m->cfg_.rx_cap); // it may have held a password
    m->connect_len_ = 0;
    m->tx_at_ = 0;
    (void)mqtt_step(m, MQTT_CONNECT_SENT); // an orderly end may be under way already
    return LP_OK;
}

static lp_err_t send_control(lp_mqtt_t *m)
{
    size_t sent = 0;
    lp_err_t err = push(m, lp_span(m->control_, m->control_len_), &sent);
    memmove(m->control_, m->control_ + sent, m->control_len_ - sent);
    m->control_len_ -= sent;
    return err;
}

static void slot_sent(lp_mqtt_t *m, lp_mqtt_slot_t *slot)
{
    slot->was_sent_ = true;
    slot->sent_ms_ = lp_port_now_ms();
    slot->state_ = slot->qos_ == 2 ? SLOT_WAIT_PUBREC : SLOT_WAIT_ACK;
    bool is_done = slot->type_ == LP_MQTT_PUBLISH && slot->qos_ == 0;
    if (is_done || slot->is_over_) {
        mqtt_slot_end(m, slot, slot->err_);
    }
}

static lp_err_t send_slot(lp_mqtt_t *m)
{
    lp_mqtt_slot_t *slot = &m->cfg_.slots[m->tx_slot_ - 1];
    lp_err_t err = push(m, lp_span(m->cfg_.arena + slot->at_, slot->len_), &m->tx_at_);
    if (err != LP_OK) {
        return err;
    }
    m->tx_slot_ = 0;
    m->tx_at_ = 0;
    slot_sent(m, slot);
    return LP_OK;
}

// Puts the next packet under way. False: nothing to send.
static bool begin_next(lp_mqtt_t *m)
{
    if (m->state_ != LP_MQTT_CONNECTED) {
        return false;
    }
    lp_mqtt_slot_t *slot = mqtt_queue_next(m);
    if (slot == NULL) {
        return false;
    }
    if (slot->state_ == SLOT_READY_PUBREL) {
        mqtt_put_ack(m, LP_MQTT_PUBREL, slot->packet_id_, LP_MQTT_RC_SUCCESS);
        slot->state_ = SLOT_WAIT_PUBCOMP;
        slot->sent_ms_ = lp_port_now_ms();
        return true;
    }
    slot->state_ = SLOT_SENDING;
    m->tx_slot_ = (size_t)(slot - m->cfg_.slots) + 1;
    m->tx_at_ = 0;
    return true;
}

lp_err_t mqtt_send(lp_mqtt_t *m)
{
    if (m->stream_ == NULL) {
        return LP_OK;
    }
    lp_err_t err = LP_OK;
    bool has_more = true;
    while (err == LP_OK && has_more) {
        if (m->connect_len_ > 0) {
            err = send_connect(m);
        } else if (m->tx_slot_ > 0) {
            err = send_slot(m);
        } else if (m->control_len_ > 0) {
            err = send_control(m);
        } else {
            has_more = begin_next(m);
        }
    }
    return err == LP_E_AGAIN ? LP_OK : err;
}
