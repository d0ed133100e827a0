// SPDX-License-Identifier: Apache-2.0
// peer.h - a scripted MQTT server at the other end of a stream in memory, and the session before
// it.
#ifndef PEER_H
#define PEER_H

#include "limpet/mqtt.h"

enum { PEER_CAP = 300000, EVENT_CAP = 32, DONE_CAP = 64, MESSAGE_CAP = 128 };

// The stream. Events reach the listener from the loop, as the contract asks.
typedef struct {
    lp_stream_t stream; // first
    lp_stream_fn *fn;
    void *ctx;
    lp_event_t notify;
    unsigned pending; // LP_STREAM_* to report
    lp_err_t why;
    uint8_t to_client[PEER_CAP];
    size_t to_client_len;
    uint8_t to_server[PEER_CAP];
    size_t to_server_len;
    bool is_closed_by_client;
    bool is_closed_by_server;
    bool is_window_shut; // writes are LP_E_AGAIN ...
    size_t window;       // ... after this many bytes
    size_t max_write;    // bytes a call, 0: all
    size_t max_read;
    unsigned steps;   // reads and writes so far
    unsigned fail_at; // this step and later ones fail; 0: never
    lp_err_t fail_with;
} peer_stream_t;

typedef struct {
    lp_mqtt_event_t ev;
    lp_mqtt_connack_t connack;
} seen_event_t;

typedef struct {
    int tag;
    lp_err_t err;
    uint8_t reason;
    uint8_t codes[16];
    size_t code_count;
} seen_done_t;

typedef struct {
    char topic[256];
    uint8_t payload[512]; // as much as fits
    size_t got;
    size_t total;
    size_t pieces;
    uint8_t qos;
    bool is_retained;
    bool is_dup;
    size_t props_len;
} seen_message_t;

typedef struct {
    lp_loop_t loop;
    lp_mqtt_t m;
    lp_mqtt_config_t cfg;
    peer_stream_t peer;
    lp_mqtt_slot_t slots[16];
    uint8_t arena[4096];
    uint8_t rx[256];
    seen_event_t events[EVENT_CAP];
    size_t event_count;
    seen_done_t dones[DONE_CAP];
    size_t done_count;
    seen_message_t messages[MESSAGE_CAP];
    size_t message_count;
    // What the callbacks do, besides noting.
    void (*in_message)(void);
    void (*in_event)(const lp_mqtt_event_t *ev);
} world_t;

extern world_t w;

// A fresh session with client id "dev", keep-alive 60 s, not clean; `adjust` (may be null) changes
// the configuration before init.
void world_init(lp_mqtt_version_t version, void (*adjust)(lp_mqtt_config_t *cfg));
// Checks that the session can be taken down, and does it.
void world_end(void);

// Runs the loop until nothing is pending; time stands still.
void settle(void);
// Lets the virtual clock run, the loop with it.
void wait_ms(uint64_t ms);

// Attaches a fresh stream.
void attach(void);
// The same with a stream that takes nothing yet.
void attach_shut(void);
// ... and logs in; what the client sent is thrown away.
void login(bool session_present);

void server_sends(const void *bytes, size_t len);
#define SERVER_SENDS(literal) server_sends(literal, sizeof(literal) - 1)
void server_closes(lp_err_t why);
// What the client has sent since the last look must be exactly this.
void expect_sent(const void *bytes, size_t len);
#define EXPECT_SENT(literal) expect_sent(literal, sizeof(literal) - 1)
void forget_sent(void);
// Lets a shut window take `count` bytes more.
void open_window_for(size_t count);

// Publishes; `tag` identifies the completion.
lp_err_t publish(const char *topic, const char *payload, uint8_t qos, int tag);
lp_err_t subscribe(const char *filter, uint8_t qos, int tag);
void note_done(void *ctx, lp_err_t err, const lp_mqtt_result_t *result);
void *tag_ctx(int tag);
// The completion with this tag; it must have come exactly once.
const seen_done_t *done_of(int tag);
size_t count_done(int tag);
const lp_mqtt_event_t *last_event(void);

#endif
