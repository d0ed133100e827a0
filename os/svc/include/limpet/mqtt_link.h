// SPDX-License-Identifier: Apache-2.0
// limpet/mqtt_link.h - a further MQTT connection, beside the cloud's and independent of it: own
// broker, own credentials, own TLS, own queue and back-off; Mqtt.Status.
//
// What it connects to is in a group of settings, "mqtt1.*" (os/svc/schema/mqtt1.toml). It stays off
// until its owner enables it. When one broker dies the other connection does not notice, but for
// this: handshakes are made one at a time on a board, and all TLS connections share one arena. When
// it is full the handshake ends with LP_E_NOSPACE, and is tried again after the back-off.
//
//   OFF --enabled--> WAIT_TIME --time known--> DIAL --link up--> LOGIN --> CONNECTED
//                        ^                      |                  |           |
//                        '------- BACKOFF <-----+------------------+-----------'
// @context loop
#ifndef LIMPET_MQTT_LINK_H
#define LIMPET_MQTT_LINK_H

#include "limpet/backoff.h"
#include "limpet/link.h"
#include "limpet/mqtt.h"
#include "limpet/mqtt_inbox.h"
#include "limpet/rpc.h"

enum {
    LP_MQTT_LINK_TEXT = 129, // client id, user, password, with the terminator
    LP_MQTT_LINK_DETAIL = 192,
};

typedef enum {
    LP_MQTT_LINK_OFF,
    LP_MQTT_LINK_WAIT_TIME,
    LP_MQTT_LINK_DIAL,
    LP_MQTT_LINK_LOGIN,
    LP_MQTT_LINK_CONNECTED,
    LP_MQTT_LINK_BACKOFF,
} lp_mqtt_link_state_t;

// "off", "wait-time", "connecting", "connected", "backoff". Static.
const char *lp_mqtt_link_state_name(lp_mqtt_link_state_t state);

// A message on what was listened to; both are borrowed until the return. Whoever may publish there
// wrote it: check it.
typedef void lp_mqtt_link_message_fn(void *ctx, const char *topic, lp_span_t payload);

// Private; the application owns it, static as a rule.
typedef struct lp_mqtt_link_topic {
    struct lp_mqtt_link_topic *next_;
    const char *filter_;
    uint8_t qos_;
    lp_mqtt_link_message_fn *fn_;
    void *ctx_;
} lp_mqtt_link_topic_t;

// What the settings said when the connection was begun.
typedef struct {
    bool is_enabled, is_secure, is_persistent;
    uint16_t port;
    int32_t keep_alive_s, backoff_ms, backoff_max_s;
    char host[LP_TLS_HOST_MAX];
    char trust[LP_LINK_NAME_MAX], cert[LP_LINK_NAME_MAX], key[48];
    char client_id[LP_MQTT_LINK_TEXT], user[LP_MQTT_LINK_TEXT], password[LP_MQTT_LINK_TEXT];
} lp_mqtt_link_wish_t;

typedef struct {
    const lp_link_base_t *base;
    const char *name; // "mqtt1", of the settings. Static
    lp_mqtt_slot_t *slots;
    size_t slot_count;
    uint8_t *queue;
    size_t queue_bytes;
    uint8_t *rx;
    size_t rx_bytes;
    uint8_t *inbox; // a message that is larger, with its topic, is passed over and logged
    size_t inbox_bytes;
} lp_mqtt_link_setup_t;

typedef struct lp_mqtt_link {
    lp_mqtt_link_state_t state;
    lp_err_t err; // of the last connection that ended, or could not be made
    char detail[LP_MQTT_LINK_DETAIL];
    uint64_t since_ms;
    uint32_t connects;

    lp_mqtt_link_setup_t s_;
    lp_mqtt_link_wish_t wish_;
    lp_backoff_t backoff_;
    lp_timer_t timer_;
    lp_event_t step_;
    lp_link_t link_;
    lp_mqtt_t mqtt_;
    bool has_mqtt_, is_halted_, is_leaving_;
    lp_span_t user_, password_; // of wish_
    lp_mqtt_link_topic_t *topics_;
    lp_mqtt_inbox_t inbox_;
} lp_mqtt_link_t;

// Lends everything in `setup`, for good. Begins from the loop, when the settings say so.
void lp_mqtt_link_init(lp_mqtt_link_t *l, const lp_mqtt_link_setup_t *setup);

// Settings changed: looks at them, from the loop. What waits in the queue is lost when they did.
void lp_mqtt_link_poke(lp_mqtt_link_t *l);

// Before the board goes down: says goodbye, and begins nothing any more. The state is then
// LP_MQTT_LINK_OFF.
void lp_mqtt_link_stop(lp_mqtt_link_t *l);

// Queues a message; QoS 1 and 2 wait for a connection and for the broker's word. LP_E_STATE: the
// connection is off; other errors, and `done` (may be null), as lp_mqtt_publish(). When the queue
// is full the oldest goes.
lp_err_t lp_mqtt_link_publish(lp_mqtt_link_t *l, const char *topic, lp_span_t payload, uint8_t qos,
                              bool is_retained, lp_mqtt_done_fn *done, void *ctx);

// Calls fn for each message that matches `filter`: subscribes now and after each login. Lends
// `topic` and `filter` for good. LP_E_INVALID: no such filter.
lp_err_t lp_mqtt_link_listen(lp_mqtt_link_t *l, lp_mqtt_link_topic_t *topic, const char *filter,
                             uint8_t qos, lp_mqtt_link_message_fn *fn, void *ctx);

// Adds Mqtt.Status, about `count` connections; all of it is lent for good.
typedef struct {
    lp_rpc_set_t set_;
    lp_mqtt_link_t *links;
    size_t count;
} lp_mqtt_links_t;
void lp_mqtt_links_add_methods(lp_mqtt_links_t *links, lp_rpc_t *rpc);

#endif
