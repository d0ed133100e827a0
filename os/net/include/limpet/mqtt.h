// SPDX-License-Identifier: Apache-2.0
// limpet/mqtt.h - an MQTT client session, 3.1.1 or 5.0, over any lp_stream_t.
//
// The session outlives connections. Its owner opens a stream, attaches it, and on LP_MQTT_EV_CLOSED
// opens another one after lp_backoff_next(). Between connections publishes wait in the queue, and
// those in flight are sent again with DUP when the server still knows the session.
//
// Everything runs from the event loop; no callback comes from inside a call. All memory is the
// owner's. Not thread-safe, by design.
//
// Completion of a publish: QoS 0 when its bytes are with the stream, QoS 1 at PUBACK, QoS 2 at
// PUBCOMP. A lost connection does not complete QoS 1 and 2: they are sent again on the next one. If
// the server then has lost the session, QoS 1 messages are sent anew and QoS 2 messages in flight
// complete with LP_E_CLOSED, because whether they arrived is not known.
// @context loop
#ifndef LIMPET_MQTT_H
#define LIMPET_MQTT_H

#include "limpet/loop.h"
#include "limpet/mqtt_packet.h"
#include "limpet/stream.h"

// Drawn in mqtt_session.c.
typedef enum {
    LP_MQTT_IDLE,         // no stream
    LP_MQTT_SEND_CONNECT, // CONNECT not wholly with the stream yet
    LP_MQTT_WAIT_CONNACK,
    LP_MQTT_CONNECTED,
    LP_MQTT_SEND_DISCONNECT, // orderly end under way
} lp_mqtt_state_t;

typedef enum {
    LP_MQTT_EV_CONNECTED,
    LP_MQTT_EV_CLOSED, // the stream is closed; the session is LP_MQTT_IDLE
} lp_mqtt_event_id_t;

typedef struct {
    lp_mqtt_event_id_t id;
    bool session_present;             // CONNECTED: false means: subscribe again
    const lp_mqtt_connack_t *connack; // CONNECTED, or CLOSED by a refusal; else null. Borrowed
    // CLOSED: LP_OK after lp_mqtt_disconnect(); LP_E_UNAUTHORIZED or LP_E_MQTT_REFUSED: CONNACK
    // with a refusal; LP_E_MQTT_PROTOCOL: the server broke the protocol; LP_E_TIMEOUT: no CONNACK
    // or no PINGRESP in time; LP_E_CLOSED: the server ended it; else the stream's reason.
    lp_err_t why;
    uint8_t reason; // CLOSED: the code of CONNACK or of the server's DISCONNECT; 0 if none
} lp_mqtt_event_t;

typedef void lp_mqtt_event_fn(void *ctx, const lp_mqtt_event_t *ev);

// A message that arrived. One that is larger than the receive buffer comes in pieces, in order:
// `offset` is where `piece` lies in the payload of `total_len` bytes; the last one ends there. The
// first piece has the topic, and may be empty. All of it is borrowed until the callback returns.
typedef struct {
    lp_span_t topic; // first piece only; empty in the following ones
    lp_span_t piece;
    size_t offset;
    size_t total_len;
    uint8_t qos;
    bool is_retained;
    bool is_dup;
    lp_span_t props; // v5, first piece only
} lp_mqtt_message_t;

// QoS 1 and 2 are acknowledged to the server after the last piece was delivered. If the connection
// ends before that, a message in pieces starts again at offset 0.
typedef void lp_mqtt_message_fn(void *ctx, const lp_mqtt_message_t *msg);

// How a publish, subscribe or unsubscribe ended.
typedef struct {
    uint8_t reason;  // v5 reason code of the acknowledgement
    lp_span_t codes; // subscribe, unsubscribe (v5): one code a filter, >= 0x80 refused. Borrowed
} lp_mqtt_result_t;

// LP_OK; LP_E_DENIED: refused by the server, see `result` (subscribe: at least one filter was);
// LP_E_CLOSED: the connection or the session went (see above); LP_E_CANCELED: lp_mqtt_cancel_all()
// or dropped to make room; LP_E_UNSUPPORTED, LP_E_RANGE: the server announced that it takes no such
// QoS, retained message or size.
typedef void lp_mqtt_done_fn(void *ctx, lp_err_t err, const lp_mqtt_result_t *result);

// What to do with a publish when the queue is full.
typedef enum {
    LP_MQTT_REFUSE_NEW, // LP_E_NOSPACE
    // The oldest that were never sent complete with LP_E_CANCELED. They keep their slots until the
    // loop turns, so the last slot is for that: with two or more dropped in one turn LP_E_NOSPACE.
    LP_MQTT_DROP_OLDEST,
} lp_mqtt_policy_t;

// Limits of a server, checked here before anything is sent. 0: no limit.
typedef struct {
    size_t filters;     // in one subscribe
    size_t slashes;     // in a topic or filter; `$aws/rules/x/` and `$share/x/` do not count
    size_t topic_bytes; // of a topic or filter, prefixes as above not counted
    size_t client_id_bytes;
    size_t packet_bytes;
    bool no_dollar_client_id; // no client id that starts with `$`
    bool no_qos2;
} lp_mqtt_limits_t;

// AWS IoT Core. Others would be dropped without a word of explanation.
// @source AWS IoT Core message broker and protocol limits and quotas
extern const lp_mqtt_limits_t lp_mqtt_limits_aws;

// One message or subscription under way; `slots` and `arena` together are the queue.
typedef struct {
    lp_mqtt_done_fn *done_;
    void *ctx_;
    size_t at_; // its packet in the arena
    size_t len_;
    uint64_t sent_ms_;
    lp_err_t err_; // how it ends, once that is known
    uint16_t packet_id_;
    uint8_t type_; // PUBLISH, SUBSCRIBE or UNSUBSCRIBE
    uint8_t state_;
    uint8_t qos_;
    uint8_t filters_;
    bool is_retained_;
    bool was_sent_; // wholly, on this connection or an earlier one
    bool is_over_;  // while it is being sent: nothing is to be waited for after that
} lp_mqtt_slot_t;

typedef struct {
    lp_mqtt_version_t version;
    lp_mqtt_connect_t connect;    // copies the structure, borrows all it points to for good
    uint32_t session_expiry_s;    // v5: how long the server keeps the session
    uint32_t connect_timeout_ms;  // 0: 10,000
    uint32_t response_timeout_ms; // PINGRESP; 0: 10,000
    // v4 only: send an unacknowledged PUBLISH or SUBSCRIBE again after this on a living connection,
    // with the same packet identifier. 0: only after a reconnect, which is all the protocol asks.
    uint32_t retry_ms;
    lp_mqtt_policy_t policy;
    bool refuses_qos0_offline;      // QoS 0 is LP_E_STATE while not connected; else it is queued
    const lp_mqtt_limits_t *limits; // or null. Static
    lp_mqtt_event_fn *on_event;
    lp_mqtt_message_fn *on_message; // or null
    void *ctx;
    lp_mqtt_slot_t *slots; // owner's memory, lent for the life of the session
    size_t slot_count;
    uint8_t *arena;
    size_t arena_cap;
    // CONNECT is built in it and packets are received in it. At least 128. The topic and properties
    // of an incoming message must fit, else the message is passed over: not delivered, not
    // acknowledged, counted as `skipped`. Other packets that do not fit end the connection.
    uint8_t *rx;
    size_t rx_cap;
} lp_mqtt_config_t;

typedef struct {
    uint32_t published;  // accepted by lp_mqtt_publish()
    uint32_t completed;  // publishes that completed with LP_OK
    uint32_t failed;     // publishes that completed with an error
    uint32_t resent;     // PUBLISH or PUBREL sent again
    uint32_t received;   // messages delivered
    uint32_t duplicates; // QoS 2 messages that came again and were not delivered again
    uint32_t skipped;    // messages that could not be received, see rx and LP_MQTT_RX_QOS2_MAX
    uint32_t connects;   // CONNACKs that accepted
    uint32_t pings;
    uint32_t queued; // publishes in the queue now, in flight ones included
} lp_mqtt_stats_t;

enum {
    LP_MQTT_RX_QOS2_MAX = 20, // incoming QoS 2 messages between PUBREC and PUBREL
    LP_MQTT_TX_CONTROL = 64,  // bytes of acknowledgements waiting for the stream
};

// Private; here for its size only.
typedef struct {
    lp_mqtt_config_t cfg_;
    lp_loop_t *loop_;
    lp_stream_t *stream_;
    lp_event_t kick_;
    lp_timer_t timer_;
    lp_mqtt_state_t state_;
    // Receiving: rx holds rx_len_ bytes, from the start of a packet or inside a payload.
    size_t rx_len_;
    uint32_t left_; // bytes of the packet that are not in rx yet, in the phases PAYLOAD and SKIP
    uint8_t rx_phase_;
    bool in_is_wanted_; // deliver the payload that is arriving
    bool in_is_acked_;  // acknowledge it when it is complete
    lp_mqtt_publish_t in_;
    // Sending: first what is under way, then control, then the queue.
    uint8_t control_[LP_MQTT_TX_CONTROL];
    size_t control_len_;
    size_t connect_len_;
    size_t tx_at_;   // bytes sent of CONNECT or of the slot under way
    size_t tx_slot_; // index + 1 of the slot whose packet is under way; 0: none
    size_t slot_used_;
    size_t arena_used_;
    uint16_t next_packet_id_;
    uint16_t rx_qos2_[LP_MQTT_RX_QOS2_MAX];
    size_t rx_qos2_used_;
    // What the server allows.
    uint16_t receive_max_;
    uint8_t max_qos_;
    bool retain_available_;
    uint32_t max_packet_;
    // Time.
    uint32_t keep_alive_ms_;
    uint64_t last_tx_ms_;
    uint64_t last_rx_ms_;
    uint64_t deadline_ms_; // for CONNACK, PINGRESP or the end; 0: none
    lp_err_t closed_why_;  // what the stream said when it closed
    uint32_t epoch_;       // counts attached streams, so that a callback that attaches is noticed
    bool is_in_callback_;
    lp_mqtt_stats_t stats_;
} lp_mqtt_t;

// `first_packet_id` is better random (0 is taken as 1). LP_E_INVALID: a field of cfg that cannot
// be, or a limit that the client id or will already breaks.
lp_err_t lp_mqtt_init(lp_mqtt_t *m, lp_loop_t *loop, const lp_mqtt_config_t *cfg,
                      uint16_t first_packet_id);

// Another memory to receive in, as cfg.rx has it; null and 0: none until the next call. LP_E_STATE:
// there is a stream. LP_E_INVALID: less than 128 bytes.
lp_err_t lp_mqtt_set_rx(lp_mqtt_t *m, uint8_t *rx, size_t cap);

// Takes over a connected stream (lends until LP_MQTT_EV_CLOSED, by when the session has closed it)
// and logs in. LP_E_STATE: it has one already. LP_E_NOSPACE: there is no memory to receive in.
lp_err_t lp_mqtt_attach(lp_mqtt_t *m, lp_stream_t *stream);

// Says goodbye and closes; LP_MQTT_EV_CLOSED follows. The queue stays. LP_E_STATE: no stream, or it
// is under way already.
lp_err_t lp_mqtt_disconnect(lp_mqtt_t *m);

// Queues a copy of the message (packet_id, is_dup and payload_len are not read). `done` may be
// null. LP_E_INVALID: topic, QoS or properties; LP_E_RANGE: beyond cfg.limits; LP_E_NOSPACE;
// LP_E_STATE.
lp_err_t lp_mqtt_publish(lp_mqtt_t *m, const lp_mqtt_publish_t *msg, lp_mqtt_done_fn *done,
                         void *ctx);

// Copies the filters. Only while connected, else LP_E_STATE; a lost connection completes it with
// LP_E_CLOSED. Other errors as for publish.
lp_err_t lp_mqtt_subscribe(lp_mqtt_t *m, const lp_mqtt_filter_t *filters, size_t count,
                           lp_mqtt_done_fn *done, void *ctx);
lp_err_t lp_mqtt_unsubscribe(lp_mqtt_t *m, const lp_span_t *filters, size_t count,
                             lp_mqtt_done_fn *done, void *ctx);

// Completes all that is under way with LP_E_CANCELED, from the loop.
void lp_mqtt_cancel_all(lp_mqtt_t *m);

// Gives the session's memory back. LP_E_BUSY: a stream is attached, a completion is outstanding, or
// the call comes from one of the session's callbacks.
lp_err_t lp_mqtt_deinit(lp_mqtt_t *m);

lp_mqtt_state_t lp_mqtt_state(const lp_mqtt_t *m);
const char *lp_mqtt_state_name(lp_mqtt_state_t s);
lp_mqtt_stats_t lp_mqtt_stats(const lp_mqtt_t *m);

#endif
