// SPDX-License-Identifier: Apache-2.0
// limpet/svc_cloud.h - keeps the device connected: key, TCP, TLS, MQTT, again and again; Cloud.*.
//
// The states are drawn in svc_cloud.c. The key is the one that identity.key names and no other:
// with the chip missing the state is "no-key" until it is back.
// @context loop
#ifndef LIMPET_SVC_CLOUD_H
#define LIMPET_SVC_CLOUD_H

#include "limpet/backoff.h"
#include "limpet/mqtt.h"
#include "limpet/mqtt_inbox.h"
#include "limpet/port/net.h"
#include "limpet/svc_chip.h"
#include "limpet/svc_identity.h"
#include "limpet/tls.h"

enum {
    LP_CLOUD_NAME_MAX = 129,                         // client id, thing, with the terminator
    LP_CLOUD_TOPIC_MAX = 192,                        // "limpet/<thing>/<what>", with the terminator
    LP_CLOUD_DETAIL_MAX = 192,                       // explanation of an error, with the terminator
    LP_CLOUD_NONCE_LEN = 32,                         // hex digits of Cloud.Prove
    LP_CLOUD_INCOMING_MAX = LP_MQTT_INBOX_TOPIC_MAX, // longest topic of a message that arrives
};

typedef enum {
    LP_CLOUD_OFF,       // disabled, or something is not configured
    LP_CLOUD_WAIT_TIME, // certificates have dates, and the board does not know the time
    LP_CLOUD_CHECK,     // waits for its turn, looks at the chip and the key
    LP_CLOUD_NO_KEY,    // until the next look
    LP_CLOUD_DIAL,      // TCP
    LP_CLOUD_WAIT_TURN, // connected, but somebody else uses the chip
    LP_CLOUD_HANDSHAKE, // TLS
    LP_CLOUD_LOGIN,     // MQTT
    LP_CLOUD_CONNECTED,
    LP_CLOUD_BACKOFF,
} lp_cloud_state_t;

// "off", "wait-time", "no-key", "connecting", "connected", "backoff": what people are told. Static.
const char *lp_cloud_state_name(lp_cloud_state_t state);

// Memory of the MQTT session, from the image.
typedef struct {
    lp_mqtt_slot_t *slots;
    size_t slot_count;
    uint8_t *arena;
    size_t arena_bytes;
    uint8_t *rx; // null, as inbox then: both are borrowed from TLS while there is a connection
    size_t rx_bytes;
    // For messages that arrive: one larger than this, with its topic, is passed over. 0 bytes: none
    // is delivered.
    uint8_t *inbox;
    size_t inbox_bytes;
} lp_cloud_memory_t;

// A service that uses the connection. Callbacks come from the loop.
typedef struct lp_cloud_client {
    // Logged in. `session_present` false: what was subscribed to is gone.
    void (*on_connected)(void *ctx, bool session_present);
    // A whole message; both are borrowed until the return. Every client is asked.
    void (*on_message)(void *ctx, const char *topic, lp_span_t payload);
    void *ctx;
    struct lp_cloud_client *next_;
} lp_cloud_client_t;

// What shadow and jobs have in common. Private; part of theirs.
typedef struct {
    lp_cloud_client_t client_;
    const struct lp_thing_kind *kind_;
    struct lp_svc_cloud *cloud_;
    void *ctx_;
    bool is_subscribed_;
} lp_thing_t;

typedef struct {
    lp_loop_t *loop;
    lp_rpc_t *rpc;
    lp_config_t *config;
    lp_keystore_t *keys;
    lp_svc_chip_t *chip;
    lp_turn_t *turn;
    lp_cloud_memory_t memory;
} lp_svc_cloud_setup_t;

typedef struct {
    lp_err_t err; // LP_OK: there was none
    char detail[LP_CLOUD_DETAIL_MAX];
    uint64_t at_ms;
} lp_cloud_error_t;

// One Cloud.Prove under way.
typedef struct {
    lp_rpc_req_t *req; // null when it was answered because it took too long
    bool is_waiting;   // for the broker
    char topic[LP_CLOUD_TOPIC_MAX];
    uint64_t started_us;
} lp_cloud_proof_t;

// What an MQTT session was made for; another wish needs another session.
typedef struct {
    int32_t version, keep_alive_s, timeout_s, retry_s;
    bool is_persistent;
} lp_cloud_wish_t;

typedef struct lp_svc_cloud {
    lp_svc_cloud_setup_t s_;
    lp_rpc_set_t set_;
    lp_cloud_state_t state;
    lp_cloud_state_t shown_; // what people are told while a check runs again
    uint64_t since_ms;
    lp_cloud_error_t last_error;
    lp_backoff_t backoff_;
    lp_backoff_t key_backoff_;
    lp_timer_t timer_; // of the state
    lp_timer_t proof_timer_;
    lp_event_t step_;
    lp_turn_ticket_t ticket_;
    lp_key_op_t key_op_;
    uint32_t known_arrival_; // chip whose key was compared
    char known_key_[48];     // key id that was compared
    bool is_stopping_;       // the goodbye is under way
    bool is_halted_;         // for good
    bool is_unplugged_;      // there is no network, see lp_svc_cloud_set_link()
    // the connection
    lp_tcp_t tcp_;
    lp_tls_t tls_;
    lp_mqtt_t mqtt_;
    bool has_mqtt_;
    char host_[LP_TLS_HOST_MAX];
    char client_id_[LP_CLOUD_NAME_MAX];
    char thing_[LP_CLOUD_NAME_MAX];
    char key_id_[48];
    uint8_t cert_sha256_[LP_SHA256_LEN]; // of the certificate that this connection was made with
    lp_cloud_wish_t wish_;
    uint32_t acked_;
    lp_cloud_proof_t proof_;
    // What people are told of the state has changed. May be null; set behind lp_svc_cloud_init().
    void (*on_change)(const struct lp_svc_cloud *svc);
    lp_cloud_client_t *clients_;
    uint8_t *lent_rx_, *lent_inbox_; // what was borrowed from TLS
    lp_mqtt_inbox_t inbox_;
} lp_svc_cloud_t;

// `chip` and the key store are lent; lp_tls_init() was done. Starts to work from the loop.
void lp_svc_cloud_init(lp_svc_cloud_t *svc, const lp_svc_cloud_setup_t *setup);

// Settings changed: an enabled cloud starts, a disabled one stops. What else changed counts from
// the next connection on.
void lp_svc_cloud_poke(lp_svc_cloud_t *svc);

// Before the board goes down: ends what is under way from the loop, with a goodbye to the broker if
// there is a connection, and starts nothing any more. The state is then LP_CLOUD_OFF.
void lp_svc_cloud_stop(lp_svc_cloud_t *svc);

// For boards whose network comes and goes: while it is down nothing is tried, and when it is up
// again, it is tried at once. Without this call it is up. Not in images for boards on a wire.
void lp_svc_cloud_set_link(lp_svc_cloud_t *svc, bool is_up);

// For the same boards: calls fn whenever a try to connect has ended, with whether it was the broker
// that answered (TLS has proven it; a refused login is an answer). What failed in the board itself
// is no try. One for all clouds; null: nobody.
typedef void lp_cloud_try_fn(void *ctx, bool is_reached);
void lp_svc_cloud_on_try(lp_cloud_try_fn *fn, void *ctx);

// Queues `payload` for limpet/<thing>/<what>, QoS 1; the oldest goes when the queue is full. Works
// without a connection. LP_E_STATE: the cloud is off; errors of lp_mqtt_publish().
lp_err_t lp_svc_cloud_publish(lp_svc_cloud_t *svc, const char *what, lp_span_t payload);

// Adds a service; `client` is lent for good. Before the loop runs.
void lp_svc_cloud_add_client(lp_svc_cloud_t *svc, lp_cloud_client_t *client);

// The name that topics of this device have. Borrows until the settings change.
const char *lp_svc_cloud_thing(const lp_svc_cloud_t *svc);

// As lp_mqtt_publish() and lp_mqtt_subscribe(), for services. LP_E_STATE: off, or (subscribe) not
// connected.
lp_err_t lp_svc_cloud_send(lp_svc_cloud_t *svc, const char *topic, lp_span_t payload, uint8_t qos,
                           lp_mqtt_done_fn *done, void *ctx);
lp_err_t lp_svc_cloud_subscribe(lp_svc_cloud_t *svc, const lp_mqtt_filter_t *filters, size_t count,
                                lp_mqtt_done_fn *done, void *ctx);

#endif
