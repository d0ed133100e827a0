// SPDX-License-Identifier: Apache-2.0
// Properties: one row of a table each, so that a rule is stated once.
// @source MQTT 5.0, section 2.2.2.2, table 2-4
#include "limpet/endian.h"
#include "limpet/utf8.h"
#include "mqtt_wire.h"

typedef enum { NONE, BYTE, TWO, FOUR, VARINT, BINARY, STRING, TOPIC, PAIR } kind_t;

#define IN(place) (1u << LP_MQTT_IN_##place)

enum {
    MESSAGE = IN(PUBLISH) | IN(WILL),
    ANY_ANSWER = IN(CONNACK) | IN(PUBACK) | IN(DISCONNECT) | IN(AUTH),
    EVERYWHERE = 0xffff,
};

typedef struct {
    uint8_t kind;
    uint8_t is_repeatable : 1; // once for each place otherwise
    uint8_t min : 1;           // of a number
    uint16_t places;
} rule_t;

static const rule_t rules[] = {
    [LP_MQTT_PROP_PAYLOAD_FORMAT] = {BYTE, 0, 0, MESSAGE},
    [LP_MQTT_PROP_MESSAGE_EXPIRY] = {FOUR, 0, 0, MESSAGE},
    [LP_MQTT_PROP_CONTENT_TYPE] = {STRING, 0, 0, MESSAGE},
    [LP_MQTT_PROP_RESPONSE_TOPIC] = {TOPIC, 0, 0, MESSAGE},
    [LP_MQTT_PROP_CORRELATION_DATA] = {BINARY, 0, 0, MESSAGE},
    [LP_MQTT_PROP_SUBSCRIPTION_ID] = {VARINT, 1, 1, IN(PUBLISH) | IN(SUBSCRIBE)},
    [LP_MQTT_PROP_SESSION_EXPIRY] = {FOUR, 0, 0, IN(CONNECT) | IN(CONNACK) | IN(DISCONNECT)},
    [LP_MQTT_PROP_ASSIGNED_CLIENT_ID] = {STRING, 0, 0, IN(CONNACK)},
    [LP_MQTT_PROP_SERVER_KEEP_ALIVE] = {TWO, 0, 0, IN(CONNACK)},
    [LP_MQTT_PROP_AUTH_METHOD] = {STRING, 0, 0, IN(CONNECT) | IN(CONNACK) | IN(AUTH)},
    [LP_MQTT_PROP_AUTH_DATA] = {BINARY, 0, 0, IN(CONNECT) | IN(CONNACK) | IN(AUTH)},
    [LP_MQTT_PROP_REQUEST_PROBLEM_INFO] = {BYTE, 0, 0, IN(CONNECT)},
    [LP_MQTT_PROP_WILL_DELAY] = {FOUR, 0, 0, IN(WILL)},
    [LP_MQTT_PROP_REQUEST_RESPONSE_INFO] = {BYTE, 0, 0, IN(CONNECT)},
    [LP_MQTT_PROP_RESPONSE_INFO] = {STRING, 0, 0, IN(CONNACK)},
    [LP_MQTT_PROP_SERVER_REFERENCE] = {STRING, 0, 0, IN(CONNACK) | IN(DISCONNECT)},
    [LP_MQTT_PROP_REASON_STRING] = {STRING, 0, 0, ANY_ANSWER},
    [LP_MQTT_PROP_RECEIVE_MAX] = {TWO, 0, 1, IN(CONNECT) | IN(CONNACK)},
    [LP_MQTT_PROP_TOPIC_ALIAS_MAX] = {TWO, 0, 0, IN(CONNECT) | IN(CONNACK)},
    [LP_MQTT_PROP_TOPIC_ALIAS] = {TWO, 0, 1, IN(PUBLISH)},
    [LP_MQTT_PROP_MAX_QOS] = {BYTE, 0, 0, IN(CONNACK)},
    [LP_MQTT_PROP_RETAIN_AVAILABLE] = {BYTE, 0, 0, IN(CONNACK)},
    [LP_MQTT_PROP_USER] = {PAIR, 1, 0, EVERYWHERE},
    [LP_MQTT_PROP_MAX_PACKET] = {FOUR, 0, 1, IN(CONNECT) | IN(CONNACK)},
    [LP_MQTT_PROP_WILDCARD_AVAILABLE] = {BYTE, 0, 0, IN(CONNACK)},
    [LP_MQTT_PROP_SUBSCRIPTION_ID_AVAILABLE] = {BYTE, 0, 0, IN(CONNACK)},
    [LP_MQTT_PROP_SHARED_AVAILABLE] = {BYTE, 0, 0, IN(CONNACK)},
};

enum { RULE_COUNT = sizeof rules / sizeof rules[0] };

static const rule_t *rule_of(uint8_t id)
{
    return id < RULE_COUNT && rules[id].kind != NONE ? &rules[id] : NULL;
}

static lp_err_t take_number(lp_span_t *in, const rule_t *rule, uint32_t *v)
{
    uint8_t byte = 0;
    uint16_t two = 0;
    lp_err_t err;
    if (rule->kind == BYTE) {
        err = mqtt_take_u8(in, &byte);
        *v = byte;
    } else if (rule->kind == TWO) {
        err = mqtt_take_u16(in, &two);
        *v = two;
    } else if (rule->kind == FOUR) {
        err = mqtt_take_u32(in, v);
    } else {
        err = mqtt_take_varint(in, v);
    }
    return err;
}

static bool is_number(const rule_t *rule)
{
    return rule->kind == BYTE || rule->kind == TWO || rule->kind == FOUR || rule->kind == VARINT;
}

// Every byte among them is a yes or no.
static uint32_t max_of(const rule_t *rule)
{
    return rule->kind == BYTE     ? 1
           : rule->kind == TWO    ? UINT16_MAX
           : rule->kind == VARINT ? LP_MQTT_REMAINING_MAX
                                  : UINT32_MAX;
}

static lp_err_t take_value(lp_span_t *in, const rule_t *rule, lp_mqtt_prop_t *prop)
{
    if (is_number(rule)) {
        return take_number(in, rule, &prop->number);
    }
    if (rule->kind == BINARY) {
        return mqtt_take_binary(in, &prop->data);
    }
    lp_err_t err = mqtt_take_string(in, &prop->data);
    if (err == LP_OK && rule->kind == PAIR) {
        err = mqtt_take_string(in, &prop->second);
    }
    return err;
}

static bool is_value_valid(const rule_t *rule, const lp_mqtt_prop_t *prop)
{
    if (is_number(rule)) {
        return prop->number >= rule->min && prop->number <= max_of(rule);
    }
    if (prop->data.len > LP_MQTT_STRING_MAX) {
        return false;
    }
    if (rule->kind == TOPIC) {
        return lp_mqtt_topic_is_valid(prop->data);
    }
    return rule->kind == BINARY ||
           (lp_mqtt_string_is_valid(prop->data) && lp_mqtt_string_is_valid(prop->second));
}

lp_err_t lp_mqtt_props_next(lp_span_t *block, lp_mqtt_prop_t *prop)
{
    if (block->len == 0) {
        return LP_E_NOT_FOUND;
    }
    lp_span_t rest = *block;
    lp_mqtt_prop_t p = {0};
    (void)mqtt_take_u8(&rest, &p.id);
    const rule_t *rule = rule_of(p.id);
    if (rule == NULL || take_value(&rest, rule, &p) != LP_OK || !is_value_valid(rule, &p)) {
        return LP_E_FORMAT;
    }
    *prop = p;
    *block = rest;
    return LP_OK;
}

// A subscription identifier comes once with SUBSCRIBE, any number of times with PUBLISH.
static bool may_repeat(uint8_t id, lp_mqtt_place_t place)
{
    return rules[id].is_repeatable != 0 &&
           (id != LP_MQTT_PROP_SUBSCRIPTION_ID || place == LP_MQTT_IN_PUBLISH);
}

lp_err_t lp_mqtt_props_check(lp_span_t block, lp_mqtt_place_t place)
{
    uint64_t seen = 0; // identifiers are below 64
    lp_mqtt_prop_t p;
    lp_err_t err;
    while ((err = lp_mqtt_props_next(&block, &p)) == LP_OK) {
        uint64_t bit = (uint64_t)1 << p.id;
        bool is_allowed = (rules[p.id].places & (1u << place)) != 0;
        if (!is_allowed || ((seen & bit) != 0 && !may_repeat(p.id, place))) {
            return LP_E_FORMAT;
        }
        seen |= bit;
    }
    return err == LP_E_NOT_FOUND ? LP_OK : err;
}

lp_err_t lp_mqtt_props_find(lp_span_t block, uint8_t id, lp_mqtt_prop_t *prop)
{
    lp_mqtt_prop_t p;
    while (lp_mqtt_props_next(&block, &p) == LP_OK) {
        if (p.id == id) {
            *prop = p;
            return LP_OK;
        }
    }
    return LP_E_NOT_FOUND;
}

static size_t value_len(const rule_t *rule, const lp_mqtt_prop_t *prop)
{
    switch ((kind_t)rule->kind) {
    case BYTE:
        return 1;
    case TWO:
        return 2;
    case FOUR:
        return 4;
    case VARINT:
        return mqtt_varint_len(prop->number);
    case BINARY:
    case STRING:
    case TOPIC:
        return 2 + prop->data.len;
    case PAIR:
        return 4 + prop->data.len + prop->second.len;
    case NONE:
        break;
    }
    return 0;
}

static void put_value(lp_buf_t *out, const rule_t *rule, const lp_mqtt_prop_t *prop)
{
    switch ((kind_t)rule->kind) {
    case BYTE:
        (void)lp_buf_put_byte(out, (uint8_t)prop->number);
        break;
    case TWO:
        mqtt_put_u16(out, (uint16_t)prop->number);
        break;
    case FOUR:
        mqtt_put_u32(out, prop->number);
        break;
    case VARINT:
        mqtt_put_varint(out, prop->number);
        break;
    case PAIR:
        mqtt_put_binary(out, prop->data);
        mqtt_put_binary(out, prop->second);
        break;
    case BINARY:
    case STRING:
    case TOPIC:
        mqtt_put_binary(out, prop->data);
        break;
    case NONE:
        break;
    }
}

lp_err_t lp_mqtt_props_put(lp_buf_t *block, const lp_mqtt_prop_t *prop)
{
    const rule_t *rule = rule_of(prop->id);
    if (rule == NULL || !is_value_valid(rule, prop)) {
        return LP_E_INVALID;
    }
    if (1 + value_len(rule, prop) > block->cap - block->len) {
        return LP_E_NOSPACE;
    }
    (void)lp_buf_put_byte(block, prop->id);
    put_value(block, rule, prop);
    return LP_OK;
}
