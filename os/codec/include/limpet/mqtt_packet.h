// SPDX-License-Identifier: Apache-2.0
// limpet/mqtt_packet.h - MQTT 3.1.1 and 5.0 packets as a client sends and receives them.
//
// Pure functions: bytes in, structures that borrow those bytes out, and the other way round. What a
// peer may not send is LP_E_FORMAT. Section numbers: "v4" is MQTT 3.1.1, "v5" is MQTT 5.0.
// @source OASIS MQTT Version 3.1.1 (29 October 2014), OASIS MQTT Version 5.0 (7 March 2019)
// @context any
#ifndef LIMPET_MQTT_PACKET_H
#define LIMPET_MQTT_PACKET_H

#include "limpet/err.h"
#include "limpet/span.h"

typedef enum { LP_MQTT_V4 = 4, LP_MQTT_V5 = 5 } lp_mqtt_version_t; // the protocol level byte

typedef enum { // v4 2.2.1, v5 2.1.2
    LP_MQTT_CONNECT = 1,
    LP_MQTT_CONNACK = 2,
    LP_MQTT_PUBLISH = 3,
    LP_MQTT_PUBACK = 4,
    LP_MQTT_PUBREC = 5,
    LP_MQTT_PUBREL = 6,
    LP_MQTT_PUBCOMP = 7,
    LP_MQTT_SUBSCRIBE = 8,
    LP_MQTT_SUBACK = 9,
    LP_MQTT_UNSUBSCRIBE = 10,
    LP_MQTT_UNSUBACK = 11,
    LP_MQTT_PINGREQ = 12,
    LP_MQTT_PINGRESP = 13,
    LP_MQTT_DISCONNECT = 14,
    LP_MQTT_AUTH = 15,
} lp_mqtt_type_t;

enum {
    LP_MQTT_STRING_MAX = 65535,
    LP_MQTT_REMAINING_MAX = 268435455, // v4 2.2.3
    LP_MQTT_HEAD_MAX = 5,              // bytes of a fixed header
};

// v5 2.4: the reason codes that the code names. At and above LP_MQTT_RC_FAILURE it failed.
enum {
    LP_MQTT_RC_SUCCESS = 0x00,
    LP_MQTT_RC_WITH_WILL = 0x04, // DISCONNECT: publish the will all the same
    LP_MQTT_RC_FAILURE = 0x80,
    LP_MQTT_RC_MALFORMED = 0x81,
    LP_MQTT_RC_PROTOCOL = 0x82,
    LP_MQTT_RC_BAD_CREDENTIALS = 0x86,
    LP_MQTT_RC_NOT_AUTHORIZED = 0x87,
    LP_MQTT_RC_ID_NOT_FOUND = 0x92,
    LP_MQTT_RC_RECEIVE_MAX = 0x93,
    LP_MQTT_RC_TOO_LARGE = 0x95,
};

// --- Fixed header -----------------------------------------------------------------------------
//
//   byte 0   type (4 bits) | flags (4 bits)
//   byte 1.. remaining length, 7 bits a byte, least significant first, 1..4 bytes, shortest form

typedef struct {
    uint8_t type; // lp_mqtt_type_t
    uint8_t flags;
    uint32_t remaining; // bytes that follow the fixed header
    uint8_t count_;
} lp_mqtt_head_t;

void lp_mqtt_head_init(lp_mqtt_head_t *h);
// Takes one byte. LP_OK: the header is complete; LP_E_AGAIN: more is needed; LP_E_FORMAT: a
// reserved type or flag, or a length that is too long or not in its shortest form.
lp_err_t lp_mqtt_head_feed(lp_mqtt_head_t *h, uint8_t byte);

// --- Strings and topics -----------------------------------------------------------------------

// UTF-8 without U+0000, at most 65,535 bytes (v4 1.5.3, v5 1.5.4).
bool lp_mqtt_string_is_valid(lp_span_t s);
// A topic to publish to: not empty, no wildcards (v4 4.7).
bool lp_mqtt_topic_is_valid(lp_span_t topic);
// A filter to subscribe to: wildcards fill their level, `#` is last; `$share/group/filter` has a
// group and a filter (v5 4.8.2).
bool lp_mqtt_filter_is_valid(lp_span_t filter);
// Whether a valid filter selects a topic; a wildcard in front does not select `$...` (v4 4.7.2).
// A shared filter is compared without its `$share/group/`.
bool lp_mqtt_filter_matches(lp_span_t filter, lp_span_t topic);

// --- Properties (v5 2.2.2) --------------------------------------------------------------------

enum {
    LP_MQTT_PROP_PAYLOAD_FORMAT = 0x01,
    LP_MQTT_PROP_MESSAGE_EXPIRY = 0x02,
    LP_MQTT_PROP_CONTENT_TYPE = 0x03,
    LP_MQTT_PROP_RESPONSE_TOPIC = 0x08,
    LP_MQTT_PROP_CORRELATION_DATA = 0x09,
    LP_MQTT_PROP_SUBSCRIPTION_ID = 0x0b,
    LP_MQTT_PROP_SESSION_EXPIRY = 0x11,
    LP_MQTT_PROP_ASSIGNED_CLIENT_ID = 0x12,
    LP_MQTT_PROP_SERVER_KEEP_ALIVE = 0x13,
    LP_MQTT_PROP_AUTH_METHOD = 0x15,
    LP_MQTT_PROP_AUTH_DATA = 0x16,
    LP_MQTT_PROP_REQUEST_PROBLEM_INFO = 0x17,
    LP_MQTT_PROP_WILL_DELAY = 0x18,
    LP_MQTT_PROP_REQUEST_RESPONSE_INFO = 0x19,
    LP_MQTT_PROP_RESPONSE_INFO = 0x1a,
    LP_MQTT_PROP_SERVER_REFERENCE = 0x1c,
    LP_MQTT_PROP_REASON_STRING = 0x1f,
    LP_MQTT_PROP_RECEIVE_MAX = 0x21,
    LP_MQTT_PROP_TOPIC_ALIAS_MAX = 0x22,
    LP_MQTT_PROP_TOPIC_ALIAS = 0x23,
    LP_MQTT_PROP_MAX_QOS = 0x24,
    LP_MQTT_PROP_RETAIN_AVAILABLE = 0x25,
    LP_MQTT_PROP_USER = 0x26,
    LP_MQTT_PROP_MAX_PACKET = 0x27,
    LP_MQTT_PROP_WILDCARD_AVAILABLE = 0x28,
    LP_MQTT_PROP_SUBSCRIPTION_ID_AVAILABLE = 0x29,
    LP_MQTT_PROP_SHARED_AVAILABLE = 0x2a,
};

typedef struct {
    uint8_t id;
    uint32_t number;  // the kinds that are integers
    lp_span_t data;   // strings and binary data; the name of a user property
    lp_span_t second; // the value of a user property
} lp_mqtt_prop_t;

// Where a block of properties stands, for what is allowed in it. A will has a block of its own.
typedef enum {
    LP_MQTT_IN_CONNECT,
    LP_MQTT_IN_WILL,
    LP_MQTT_IN_CONNACK,
    LP_MQTT_IN_PUBLISH,
    LP_MQTT_IN_PUBACK, // and PUBREC, PUBREL, PUBCOMP, SUBACK, UNSUBACK
    LP_MQTT_IN_SUBSCRIBE,
    LP_MQTT_IN_UNSUBSCRIBE,
    LP_MQTT_IN_DISCONNECT,
    LP_MQTT_IN_AUTH,
} lp_mqtt_place_t;

// Checks a whole block (without its length): known, allowed here, not twice, values in range.
lp_err_t lp_mqtt_props_check(lp_span_t block, lp_mqtt_place_t place);
// Takes the next property off the front of *block. LP_E_NOT_FOUND at the end; LP_E_FORMAT.
lp_err_t lp_mqtt_props_next(lp_span_t *block, lp_mqtt_prop_t *prop);
// The first property with this id in a checked block. LP_E_NOT_FOUND.
lp_err_t lp_mqtt_props_find(lp_span_t block, uint8_t id, lp_mqtt_prop_t *prop);
// Appends one property to a block under construction. LP_E_INVALID: unknown id or a value that is
// not valid for it; LP_E_NOSPACE.
lp_err_t lp_mqtt_props_put(lp_buf_t *block, const lp_mqtt_prop_t *prop);

// --- Packets that a client sends --------------------------------------------------------------
//
// Each function appends one packet, or nothing: LP_E_NOSPACE, LP_E_INVALID (a string, topic,
// filter, QoS or property that the protocol does not allow), LP_E_RANGE (longer than a packet can
// be).

typedef struct {
    lp_span_t topic;
    lp_span_t payload;
    uint8_t qos;
    bool is_retained;
    lp_span_t props; // v5: will properties; else empty
} lp_mqtt_will_t;

typedef struct {
    lp_span_t client_id; // may be empty: v4 with clean_start only
    bool clean_start;    // "clean session" in v4
    uint16_t keep_alive_s;
    const lp_mqtt_will_t *will; // or null
    const lp_span_t *username;  // or null
    const lp_span_t *password;  // or null; v4 wants a user name with it
    lp_span_t props;            // v5
} lp_mqtt_connect_t;

typedef struct {
    lp_span_t topic;
    lp_span_t payload;  // when decoded: as much of it as was given
    size_t payload_len; // decoded only: what the payload is in full
    uint16_t packet_id; // 0 with QoS 0
    uint8_t qos;
    bool is_retained;
    bool is_dup;
    lp_span_t props; // v5
} lp_mqtt_publish_t;

typedef struct {
    lp_span_t filter;
    uint8_t qos;
    bool no_local;            // v5
    bool retain_as_published; // v5
    uint8_t retain_handling;  // v5: 0 send retained, 1 only when new, 2 never
} lp_mqtt_filter_t;

lp_err_t lp_mqtt_encode_connect(lp_buf_t *out, lp_mqtt_version_t v, const lp_mqtt_connect_t *c);
lp_err_t lp_mqtt_encode_publish(lp_buf_t *out, lp_mqtt_version_t v, const lp_mqtt_publish_t *p);
// Bytes that lp_mqtt_encode_publish() appends, for a message that it accepts.
size_t lp_mqtt_publish_len(lp_mqtt_version_t v, const lp_mqtt_publish_t *p);
// PUBACK, PUBREC, PUBREL or PUBCOMP; `reason` is not sent in v4.
lp_err_t lp_mqtt_encode_ack(lp_buf_t *out, lp_mqtt_version_t v, lp_mqtt_type_t type,
                            uint16_t packet_id, uint8_t reason);
lp_err_t lp_mqtt_encode_subscribe(lp_buf_t *out, lp_mqtt_version_t v, uint16_t packet_id,
                                  const lp_mqtt_filter_t *filters, size_t count, lp_span_t props);
lp_err_t lp_mqtt_encode_unsubscribe(lp_buf_t *out, lp_mqtt_version_t v, uint16_t packet_id,
                                    const lp_span_t *filters, size_t count, lp_span_t props);
lp_err_t lp_mqtt_encode_pingreq(lp_buf_t *out);
// `reason` is not sent in v4.
lp_err_t lp_mqtt_encode_disconnect(lp_buf_t *out, lp_mqtt_version_t v, uint8_t reason);

// --- Packets that a client receives -----------------------------------------------------------
//
// `body` is what follows the fixed header, all of it unless said otherwise. LP_E_FORMAT: malformed
// or not allowed; outputs are untouched then. Strings, topics and properties have been checked.

typedef struct {
    bool session_present;
    uint8_t code; // v4: return code, v5: reason code; 0 is success
    // v5, with the defaults of v5 3.2.2.3 where the server is silent (and in v4):
    uint16_t receive_max;
    uint8_t max_qos;
    bool retain_available;
    bool has_server_keep_alive;
    uint16_t server_keep_alive_s;
    uint32_t max_packet; // UINT32_MAX: no limit
    lp_span_t assigned_client_id;
    lp_span_t props;
} lp_mqtt_connack_t;

typedef struct {
    uint16_t packet_id;
    uint8_t reason; // 0 in v4
    lp_span_t props;
} lp_mqtt_ack_t;

typedef struct {
    uint16_t packet_id;
    lp_span_t codes; // one a filter; empty for UNSUBACK in v4
    lp_span_t props;
} lp_mqtt_suback_t;

typedef struct {
    uint8_t reason;
    lp_span_t props;
} lp_mqtt_disconnect_t;

lp_err_t lp_mqtt_decode_connack(lp_mqtt_version_t v, lp_span_t body, lp_mqtt_connack_t *out);
// `body` may be the first part only of h->remaining bytes. LP_E_AGAIN: topic, packet identifier and
// properties are not all in it yet.
lp_err_t lp_mqtt_decode_publish(lp_mqtt_version_t v, const lp_mqtt_head_t *h, lp_span_t body,
                                lp_mqtt_publish_t *out);
// PUBACK, PUBREC, PUBREL and PUBCOMP.
lp_err_t lp_mqtt_decode_ack(lp_mqtt_version_t v, lp_mqtt_type_t type, lp_span_t body,
                            lp_mqtt_ack_t *out);
// SUBACK and UNSUBACK.
lp_err_t lp_mqtt_decode_suback(lp_mqtt_version_t v, lp_mqtt_type_t type, lp_span_t body,
                               lp_mqtt_suback_t *out);
// From a server, v5 only.
lp_err_t lp_mqtt_decode_disconnect(lp_mqtt_version_t v, lp_span_t body, lp_mqtt_disconnect_t *out);

#endif
