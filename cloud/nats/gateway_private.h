// SPDX-License-Identifier: Apache-2.0
// Private: the gateway's loop, its clients and what they wait for.
#ifndef LP_NATS_GATEWAY_PRIVATE_H
#define LP_NATS_GATEWAY_PRIVATE_H

#include "journal.h"
#include "limpet/authz.h"
#include "limpet/front_bytes.h"
#include "limpet/front_pass.h"
#include "limpet/gateway.h"
#include "limpet/mqtt_server.h"
#include "limpet/rules.h"
#include "limpet/service.h"
#include "link.h"

enum {
    TICK_MS = 50,
    IN_FLIGHT_MAX = 100, // messages that a client has not acknowledged
    WAITING_MAX = 1000,  // and that wait behind those; a client that is slower is let go
    WAITING_BYTES = 4 * 1024 * 1024,
    PENDING_MAX = 100, // of a client, that the stream has not acknowledged
    PENDING_BYTES = 1024 * 1024,
    OUT_MAX = 1024 * 1024, // bytes that a client does not take
    SUBSCRIPTIONS_MAX = 50,
    CLIENT_ID_SIZE = 129,
    TOPIC_SIZE = 1024, // longer ones are refused
};

typedef struct client client_t;
typedef struct feed feed_t;

// A subscription: a client and a feed.
typedef struct sub {
    client_t *client;
    feed_t *feed;
    struct sub *of_client, *of_feed; // the next one
    uint8_t qos;
    bool wants_retained;
    char filter[]; // as the client named it
} sub_t;

// A message on its way to one client, behind a full window.
typedef struct waiting {
    struct waiting *next;
    size_t len;
    uint8_t packet[]; // its id is put in when it is sent
} waiting_t;

// The answer to a SUBSCRIBE, given when all its feeds are there.
typedef struct suback {
    struct suback *next;
    uint16_t packet_id;
    size_t count, open;
    uint8_t code[LP_MQTT_FILTERS_MAX];
    uint64_t feed[LP_MQTT_FILTERS_MAX]; // that it waits for, 0: none
} suback_t;

typedef enum { CLIENT_NEW, CLIENT_OPEN, CLIENT_DEAD } client_state_t;

typedef struct {
    char *topic; // null: there is none
    void *payload;
    size_t payload_len;
    uint8_t qos;
    bool retain;
} will_t;

struct client {
    lp_gateway_t *gateway;
    client_t *next, *prev;
    client_state_t state;
    int fd;
    uint32_t wants;
    lp_bytes_t in, out;
    lp_session_t *session;
    lp_pass_t pass;
    char id[CLIENT_ID_SIZE];
    int64_t since_ms; // wall clock, of its CONNECT
    will_t will;
    bool has_left;  // it said goodbye: its last will is void
    bool is_failed; // to be dropped at the end of the turn
    sub_t *subs;
    int sub_count;
    suback_t *subacks;
    uint16_t last_id;
    uint16_t in_flight[IN_FLIGHT_MAX]; // 0: free
    int in_flight_count;
    waiting_t *waiting, **waiting_last;
    int waiting_count;
    size_t waiting_bytes;
    int pending;
    size_t pending_bytes;
};

struct feed {
    feed_t *next;
    uint64_t id;
    bool is_stored, is_ready;
    sub_t *subs;
    char subject[];
};

// A message that the stream has not acknowledged.
typedef struct pending {
    struct pending *next;
    uint64_t id;
    client_t *client; // null: a last will, or the cloud itself
    uint16_t packet_id;
    int64_t since_ms, sent_ms;
    char *subject;
    bool retain;
    size_t len;
    uint8_t payload[];
} pending_t;

enum { BUCKETS = 1024 };

struct lp_gateway {
    lp_gateway_config_t config;
    int epoll, listener, jobs_lock;
    lp_pass_key_t key;
    lp_registry_t *reg;
    lp_scope_t scope;
    lp_journal_t journal;
    lp_rules_t *rules;
    link_t *link;
    client_t *clients;
    feed_t *feeds[BUCKETS]; // by id
    pending_t *pending[BUCKETS];
    uint64_t last_feed, last_pending;
    char instance[40];
    int64_t now_ms, ticked_ms, swept_ms, jobs_ms; // monotonic
    int64_t told_ms;                              // when the log last had that the stream refuses
    int64_t change;
    long long presence;
    bool has_dead;
    bool is_paused;   // no descriptors left
    bool is_shut_out; // the cluster does not let us in any more
};

// gateway.c
int64_t gw_wall_ms(void);
void gw_watch(lp_gateway_t *g, client_t *c, uint32_t events);
void gw_note(client_t *c, const char *kind, const char *topic, const char *reason);

// client.c: bytes in and out
client_t *gw_client_new(lp_gateway_t *g, int fd);
void gw_client_step(client_t *c, bool readable);
// Ends it: its last will is published unless it said goodbye. It is freed at the end of the turn.
void gw_client_drop(client_t *c);
void gw_client_free(client_t *c);
// For where lists are walked that dropping would change.
void gw_client_fail(client_t *c);
bool gw_send(client_t *c, lp_span_t bytes);

// packets.c: what packets mean. False: the connection ends.
bool gw_packet(client_t *c, const lp_mqtt_head_t *h, lp_span_t body);

// connect.c
bool gw_connect(client_t *c, lp_span_t body);
void gw_disconnected(client_t *c);
// A message of another gateway: "takeover.CLIENT" or "to.CLIENT.TOPIC".
void gw_control(lp_gateway_t *g, const link_item_t *item);
void gw_kick_invalid(lp_gateway_t *g);

// publish.c
// c null: the cloud itself. True: it was taken; QoS 1 is acknowledged later.
bool gw_publish(client_t *c, const lp_mqtt_publish_t *p);
// As the cloud itself, to all who subscribed.
void gw_announce(lp_gateway_t *g, const char *topic, const void *payload, size_t len, int qos);
void gw_will(client_t *c);
void gw_stored(lp_gateway_t *g, uint64_t id, bool ok);
void gw_pending_tick(lp_gateway_t *g);
void gw_pending_resend(lp_gateway_t *g);
void gw_pending_forget(client_t *c);
void gw_pending_free(lp_gateway_t *g);
void gw_outbox(lp_gateway_t *g);

// subscribe.c
bool gw_subscribe(client_t *c, const lp_mqtt_filters_t *s);
bool gw_unsubscribe(client_t *c, const lp_mqtt_filters_t *s);
void gw_followed(lp_gateway_t *g, uint64_t feed, bool ok);
void gw_unsubscribe_all(client_t *c);

// deliver.c
void gw_message(lp_gateway_t *g, const link_item_t *item);
// Asks iot:Receive. qos: what it is sent with.
void gw_deliver(client_t *c, const lp_reg_message_t *m);
void gw_acknowledged(client_t *c, uint16_t packet_id);
void gw_waiting_free(client_t *c);

#endif
