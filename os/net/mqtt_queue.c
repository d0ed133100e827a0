// SPDX-License-Identifier: Apache-2.0
// The queue: slots in the order of the calls, their encoded packets one behind the other in the
// arena. Taking a slot out moves what follows: a few kilobytes at most, and never a hole.
#include <string.h>

#include "limpet/port/clock.h"
#include "mqtt_internal.h"

static size_t index_of(const lp_mqtt_t *m, const lp_mqtt_slot_t *slot)
{
    return (size_t)(slot - m->cfg_.slots);
}

// Gives the slot's bytes of the arena back.
static void release_packet(lp_mqtt_t *m, lp_mqtt_slot_t *slot)
{
    uint8_t *at = m->cfg_.arena + slot->at_;
    memmove(at, at + slot->len_, m->arena_used_ - slot->at_ - slot->len_);
    m->arena_used_ -= slot->len_;
    for (size_t i = index_of(m, slot) + 1; i < m->slot_used_; i++) {
        m->cfg_.slots[i].at_ -= slot->len_;
    }
    slot->len_ = 0;
}

static void remove_slot(lp_mqtt_t *m, lp_mqtt_slot_t *slot)
{
    size_t i = index_of(m, slot);
    release_packet(m, slot);
    memmove(slot, slot + 1, (m->slot_used_ - i - 1) * sizeof *slot);
    m->slot_used_--;
    if (m->tx_slot_ > i + 1) {
        m->tx_slot_--;
    }
}

lp_mqtt_slot_t *mqtt_slot_find(lp_mqtt_t *m, lp_mqtt_type_t type, uint16_t packet_id)
{
    for (size_t i = 0; i < m->slot_used_; i++) {
        lp_mqtt_slot_t *slot = &m->cfg_.slots[i];
        if (slot->type_ == type && slot->packet_id_ == packet_id && slot->state_ != SLOT_OVER) {
            return slot;
        }
    }
    return NULL;
}

static void count_end(lp_mqtt_t *m, const lp_mqtt_slot_t *slot, lp_err_t err)
{
    if (slot->type_ == LP_MQTT_PUBLISH) {
        m->stats_.completed += err == LP_OK ? 1 : 0;
        m->stats_.failed += err == LP_OK ? 0 : 1;
    }
}

void mqtt_slot_finish(lp_mqtt_t *m, lp_mqtt_slot_t *slot, lp_err_t err,
                      const lp_mqtt_result_t *result)
{
    static const lp_mqtt_result_t nothing = {0};
    lp_mqtt_slot_t ended = *slot;
    remove_slot(m, slot);
    count_end(m, &ended, err);
    if (ended.done_ == NULL) {
        return;
    }
    bool was_in_callback = m->is_in_callback_;
    m->is_in_callback_ = true;
    ended.done_(ended.ctx_, err, result != NULL ? result : &nothing);
    m->is_in_callback_ = was_in_callback;
}

void mqtt_slot_end(lp_mqtt_t *m, lp_mqtt_slot_t *slot, lp_err_t err)
{
    slot->err_ = err;
    if (slot->state_ == SLOT_SENDING) {
        slot->is_over_ = true; // the packet must be finished, or the stream is out of step
        return;
    }
    slot->state_ = SLOT_OVER;
    release_packet(m, slot);
}

void mqtt_queue_sweep(lp_mqtt_t *m)
{
    // From the front each time: a completion may have changed the queue.
    for (size_t i = 0; i < m->slot_used_;) {
        lp_mqtt_slot_t *slot = &m->cfg_.slots[i];
        if (slot->state_ != SLOT_OVER) {
            i++;
            continue;
        }
        mqtt_slot_finish(m, slot, slot->err_, NULL);
        i = 0;
    }
}

// --- Across connections -------------------------------------------------------------------------

void mqtt_queue_lost(lp_mqtt_t *m)
{
    m->tx_slot_ = 0;
    for (size_t i = 0; i < m->slot_used_; i++) {
        lp_mqtt_slot_t *slot = &m->cfg_.slots[i];
        if (slot->state_ == SLOT_OVER) {
            continue;
        }
        if (slot->state_ == SLOT_SENDING) {
            slot->state_ = SLOT_READY;
        }
        if (slot->is_over_) {
            mqtt_slot_end(m, slot, slot->err_);
        } else if (slot->type_ != LP_MQTT_PUBLISH) {
            mqtt_slot_end(m, slot, LP_E_CLOSED);
        }
    }
}

static void send_again(lp_mqtt_t *m, lp_mqtt_slot_t *slot)
{
    slot->state_ = SLOT_READY;
    if (slot->type_ == LP_MQTT_PUBLISH && slot->was_sent_) {
        m->cfg_.arena[slot->at_] |= 0x08; // DUP
    }
}

// The server knows the session: go on where it was. It does not: begin anew what may be repeated.
static void resume_slot(lp_mqtt_t *m, lp_mqtt_slot_t *slot, bool session_present)
{
    if (slot->state_ == SLOT_OVER || !slot->was_sent_) {
        return;
    }
    if (!session_present) {
        if (slot->qos_ == 2) {
            mqtt_slot_end(m, slot, LP_E_CLOSED);
            return;
        }
        slot->was_sent_ = false;
        slot->state_ = SLOT_READY;
        m->cfg_.arena[slot->at_] &= 0xf7; // DUP belongs to the old session
        return;
    }
    m->stats_.resent++;
    if (slot->state_ == SLOT_WAIT_PUBCOMP || slot->state_ == SLOT_READY_PUBREL) {
        slot->state_ = SLOT_READY_PUBREL;
        return;
    }
    send_again(m, slot);
}

void mqtt_queue_resume(lp_mqtt_t *m, bool session_present)
{
    for (size_t i = 0; i < m->slot_used_; i++) {
        resume_slot(m, &m->cfg_.slots[i], session_present);
    }
    if (!session_present) {
        m->rx_qos2_used_ = 0;
    }
}

// When this slot is to be sent again on a living connection.
static uint64_t retry_due_ms(const lp_mqtt_t *m, const lp_mqtt_slot_t *slot)
{
    bool is_waiting = slot->state_ == SLOT_WAIT_ACK || slot->state_ == SLOT_WAIT_PUBREC ||
                      slot->state_ == SLOT_WAIT_PUBCOMP;
    bool is_wanted = m->cfg_.retry_ms != 0 && m->state_ == LP_MQTT_CONNECTED;
    return is_waiting && is_wanted ? slot->sent_ms_ + m->cfg_.retry_ms : UINT64_MAX;
}

uint64_t mqtt_queue_retry_due_ms(const lp_mqtt_t *m)
{
    uint64_t next = UINT64_MAX;
    for (size_t i = 0; i < m->slot_used_; i++) {
        uint64_t due = retry_due_ms(m, &m->cfg_.slots[i]);
        next = due < next ? due : next;
    }
    return next;
}

void mqtt_queue_retry(lp_mqtt_t *m, uint64_t now_ms)
{
    for (size_t i = 0; i < m->slot_used_; i++) {
        lp_mqtt_slot_t *slot = &m->cfg_.slots[i];
        if (now_ms < retry_due_ms(m, slot)) {
            continue;
        }
        m->stats_.resent++;
        if (slot->state_ == SLOT_WAIT_PUBCOMP) {
            slot->state_ = SLOT_READY_PUBREL;
        } else {
            send_again(m, slot);
        }
    }
}

// --- What to send next --------------------------------------------------------------------------

// What counts against the server's receive maximum.
static bool is_in_flight(const lp_mqtt_slot_t *slot)
{
    return slot->type_ == LP_MQTT_PUBLISH && slot->qos_ > 0 && slot->state_ != SLOT_OVER &&
           slot->state_ != SLOT_READY;
}

static size_t in_flight(const lp_mqtt_t *m)
{
    size_t count = 0;
    for (size_t i = 0; i < m->slot_used_; i++) {
        count += is_in_flight(&m->cfg_.slots[i]) ? 1 : 0;
    }
    return count;
}

// What the server said in CONNACK that it does not take.
static lp_err_t server_check(const lp_mqtt_t *m, const lp_mqtt_slot_t *slot)
{
    if (slot->len_ > m->max_packet_) {
        return LP_E_RANGE;
    }
    bool is_publish = slot->type_ == LP_MQTT_PUBLISH;
    bool is_refused =
        is_publish && (slot->qos_ > m->max_qos_ || (slot->is_retained_ && !m->retain_available_));
    return is_refused ? LP_E_UNSUPPORTED : LP_OK;
}

lp_mqtt_slot_t *mqtt_queue_next(lp_mqtt_t *m)
{
    bool is_window_full = in_flight(m) >= m->receive_max_;
    for (size_t i = 0; i < m->slot_used_; i++) {
        lp_mqtt_slot_t *slot = &m->cfg_.slots[i];
        if (slot->state_ == SLOT_READY_PUBREL) {
            return slot;
        }
        bool must_wait = is_window_full && slot->type_ == LP_MQTT_PUBLISH && slot->qos_ > 0;
        if (slot->state_ != SLOT_READY || must_wait) {
            continue;
        }
        lp_err_t err = server_check(m, slot);
        if (err == LP_OK) {
            return slot;
        }
        mqtt_slot_end(m, slot, err);
    }
    return NULL;
}
