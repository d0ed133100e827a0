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

uint64_t mqtt_queue_retry(lp_mqtt_t *m, uint64_t now_ms)
{
    uint64_t next = UINT64_MAX;
    if (m->cfg_.retry_ms == 0 || m->state_ != LP_MQTT_CONNECTED) {
        return next;
    }
    for (size_t i = 0; i < m->slot_used_; i++) {
        lp_mqtt_slot_t *slot = &m->cfg_.slots[i];
        bool is_waiting = slot->state_ == SLOT_WAIT_ACK || slot->state_ == SLOT_WAIT_PUBREC ||
                          slot->state_ == SLOT_WAIT_PUBCOMP;
        uint64_t due = slot->sent_ms_ + m->cfg_.retry_ms;
        if (!is_waiting) {
            continue;
        }
        if (now_ms < due) {
            next = due < next ? due : next;
            continue;
        }
        m->stats_.resent++;
        if (slot->state_ == SLOT_WAIT_PUBCOMP) {
            slot->state_ = SLOT_READY_PUBREL;
        } else {
            send_again(m, slot);
        }
    }
    return next;
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

// --- New ones -----------------------------------------------------------------------------------

static bool is_id_used(const lp_mqtt_t *m, uint16_t id)
{
    for (size_t i = 0; i < m->slot_used_; i++) {
        if (m->cfg_.slots[i].packet_id_ == id) {
            return true;
        }
    }
    return false;
}

// Ends within slot_count + 1 rounds, since that many identifiers at most are in use.
static uint16_t take_id(lp_mqtt_t *m)
{
    while (m->next_packet_id_ == 0 || is_id_used(m, m->next_packet_id_)) {
        m->next_packet_id_++;
    }
    return m->next_packet_id_++;
}

static bool is_unsent(const lp_mqtt_slot_t *slot)
{
    return slot->type_ == LP_MQTT_PUBLISH && slot->state_ == SLOT_READY && !slot->was_sent_;
}

// What the queue would be if all messages that were never sent were dropped.
typedef struct {
    size_t slots;
    size_t bytes;
    lp_mqtt_slot_t *oldest; // of those that were never sent
} kept_t;

static kept_t count_kept(lp_mqtt_t *m, bool drops)
{
    kept_t kept = {0};
    for (size_t i = 0; i < m->slot_used_; i++) {
        lp_mqtt_slot_t *slot = &m->cfg_.slots[i];
        if (drops && is_unsent(slot)) {
            kept.oldest = kept.oldest == NULL ? slot : kept.oldest;
            continue;
        }
        kept.slots += slot->state_ != SLOT_OVER ? 1 : 0;
        kept.bytes += slot->len_;
    }
    return kept;
}

static size_t live_slots(lp_mqtt_t *m)
{
    return count_kept(m, false).slots;
}

// Room for a packet of `len` bytes. Where the policy says so older messages are dropped, but none
// before it is sure that this helps. One slot stays free then, for what is dropped.
static lp_err_t make_room(lp_mqtt_t *m, size_t len)
{
    bool drops = m->cfg_.policy == LP_MQTT_DROP_OLDEST;
    size_t slot_cap = m->cfg_.slot_count - (drops ? 1 : 0);
    kept_t kept = count_kept(m, drops);
    if (m->slot_used_ == m->cfg_.slot_count || kept.slots >= slot_cap ||
        len > m->cfg_.arena_cap - kept.bytes) {
        return LP_E_NOSPACE;
    }
    while (len > m->cfg_.arena_cap - m->arena_used_ || live_slots(m) >= slot_cap) {
        kept = count_kept(m, drops);
        if (kept.oldest == NULL) {
            return LP_E_NOSPACE;
        }
        mqtt_slot_end(m, kept.oldest, LP_E_CANCELED);
    }
    return LP_OK;
}

static lp_buf_t arena_tail(const lp_mqtt_t *m)
{
    return lp_buf(m->cfg_.arena + m->arena_used_, m->cfg_.arena_cap - m->arena_used_);
}

// Makes the packet at the end of the arena the newest slot.
static void add_slot(lp_mqtt_t *m, const lp_mqtt_slot_t *what, size_t len)
{
    lp_mqtt_slot_t *slot = &m->cfg_.slots[m->slot_used_++];
    *slot = *what;
    slot->at_ = m->arena_used_;
    slot->len_ = len;
    slot->state_ = SLOT_READY;
    m->arena_used_ += len;
    mqtt_kick(m);
}

// Checks all that can be checked before anything is dropped for the message.
static lp_err_t check_publish(const lp_mqtt_t *m, const lp_mqtt_publish_t *p)
{
    if (!lp_mqtt_topic_is_valid(p->topic) || p->qos > 2 || p->payload.len > LP_MQTT_REMAINING_MAX ||
        p->props.len > LP_MQTT_REMAINING_MAX) {
        return LP_E_INVALID;
    }
    bool are_props_valid = m->cfg_.version == LP_MQTT_V5
                               ? lp_mqtt_props_check(p->props, LP_MQTT_IN_PUBLISH) == LP_OK
                               : p->props.len == 0;
    lp_mqtt_prop_t alias;
    if (!are_props_valid ||
        lp_mqtt_props_find(p->props, LP_MQTT_PROP_TOPIC_ALIAS, &alias) == LP_OK) {
        return LP_E_INVALID; // an alias would not survive a reconnect
    }
    lp_err_t err = mqtt_check_topic(m->cfg_.limits, p->topic, p->qos);
    if (err != LP_OK) {
        return err;
    }
    return mqtt_check_packet(m->cfg_.limits, lp_mqtt_publish_len(m->cfg_.version, p));
}

lp_err_t lp_mqtt_publish(lp_mqtt_t *m, const lp_mqtt_publish_t *msg, lp_mqtt_done_fn *done,
                         void *ctx)
{
    lp_mqtt_publish_t p = *msg;
    p.packet_id = 0;
    p.is_dup = false;
    lp_err_t err = check_publish(m, &p);
    if (err == LP_OK && p.qos == 0 && m->cfg_.refuses_qos0_offline &&
        m->state_ != LP_MQTT_CONNECTED) {
        err = LP_E_STATE;
    }
    err = err == LP_OK ? make_room(m, lp_mqtt_publish_len(m->cfg_.version, &p)) : err;
    if (err != LP_OK) {
        return err;
    }
    p.packet_id = p.qos > 0 ? take_id(m) : 0;
    lp_buf_t tail = arena_tail(m);
    err = lp_mqtt_encode_publish(&tail, m->cfg_.version, &p);
    if (err != LP_OK) {
        return err;
    }
    lp_mqtt_slot_t slot = {.done_ = done,
                           .ctx_ = ctx,
                           .packet_id_ = p.packet_id,
                           .type_ = LP_MQTT_PUBLISH,
                           .qos_ = p.qos,
                           .is_retained_ = p.is_retained};
    m->stats_.published++;
    add_slot(m, &slot, tail.len);
    return LP_OK;
}

// Common to subscribe and unsubscribe; the packet is in `tail` if `err` is LP_OK.
static lp_err_t add_subscription(lp_mqtt_t *m, lp_mqtt_slot_t *slot, lp_err_t err, size_t len)
{
    err = err == LP_OK ? mqtt_check_packet(m->cfg_.limits, len) : err;
    if (err == LP_OK) {
        add_slot(m, slot, len);
    }
    return err;
}

static lp_err_t check_subscription(const lp_mqtt_t *m, size_t count)
{
    if (m->state_ != LP_MQTT_CONNECTED) {
        return LP_E_STATE;
    }
    if (m->slot_used_ == m->cfg_.slot_count) {
        return LP_E_NOSPACE;
    }
    const lp_mqtt_limits_t *limits = m->cfg_.limits;
    bool is_over = limits != NULL && limits->filters != 0 && count > limits->filters;
    return count > UINT8_MAX || is_over ? LP_E_RANGE : LP_OK;
}

lp_err_t lp_mqtt_subscribe(lp_mqtt_t *m, const lp_mqtt_filter_t *filters, size_t count,
                           lp_mqtt_done_fn *done, void *ctx)
{
    lp_err_t err = check_subscription(m, count);
    for (size_t i = 0; i < count && err == LP_OK; i++) {
        err = mqtt_check_topic(m->cfg_.limits, filters[i].filter, filters[i].qos);
    }
    if (err != LP_OK) {
        return err;
    }
    lp_mqtt_slot_t slot = {.done_ = done,
                           .ctx_ = ctx,
                           .packet_id_ = take_id(m),
                           .type_ = LP_MQTT_SUBSCRIBE,
                           .filters_ = (uint8_t)count};
    lp_buf_t tail = arena_tail(m);
    err = lp_mqtt_encode_subscribe(&tail, m->cfg_.version, slot.packet_id_, filters, count,
                                   lp_span(NULL, 0));
    return add_subscription(m, &slot, err, tail.len);
}

lp_err_t lp_mqtt_unsubscribe(lp_mqtt_t *m, const lp_span_t *filters, size_t count,
                             lp_mqtt_done_fn *done, void *ctx)
{
    lp_err_t err = check_subscription(m, count);
    if (err != LP_OK) {
        return err;
    }
    lp_mqtt_slot_t slot = {.done_ = done,
                           .ctx_ = ctx,
                           .packet_id_ = take_id(m),
                           .type_ = LP_MQTT_UNSUBSCRIBE,
                           .filters_ = (uint8_t)count};
    lp_buf_t tail = arena_tail(m);
    err = lp_mqtt_encode_unsubscribe(&tail, m->cfg_.version, slot.packet_id_, filters, count,
                                     lp_span(NULL, 0));
    return add_subscription(m, &slot, err, tail.len);
}

void lp_mqtt_cancel_all(lp_mqtt_t *m)
{
    for (size_t i = 0; i < m->slot_used_; i++) {
        if (m->cfg_.slots[i].state_ != SLOT_OVER) {
            mqtt_slot_end(m, &m->cfg_.slots[i], LP_E_CANCELED);
        }
    }
    mqtt_kick(m);
}
