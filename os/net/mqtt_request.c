// SPDX-License-Identifier: Apache-2.0
// The calls that put something into the queue. All is checked before anything is changed.
#include "mqtt_internal.h"

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
