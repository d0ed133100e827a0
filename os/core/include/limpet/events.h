// SPDX-License-Identifier: Apache-2.0
// limpet/events.h - what happens on a board, for whoever wants to know: a bus of small events.
//
// Publishing never waits, never fails and never calls anybody: the event is copied into the bus's
// own queue and handed out from the loop, in the order of publishing, to the subscribers in the
// order in which they came. (limpet/loop.h has lp_event_t for "call me from the loop"; this is
// built on it.)
//
// - The queue is full: the new event is lost, counted in `lost`, and a line in the log says so.
// - What a subscriber publishes is handed out in the next turn of the loop, so nobody starves it.
// - A subscriber may subscribe and unsubscribe anybody, itself included: whoever left gets nothing
//   any more, whoever came gets what is published from then on.
// - Events that were handed out stay readable until newer ones need their place, for readers that
//   come later (lp_events_next(), Events.Read).
//
// An event has a group and a code, a number and a short text; what they mean stands at the list.
// Nothing secret goes into one. Groups from LP_EVENTS_APP on are the application's.
#ifndef LIMPET_EVENTS_H
#define LIMPET_EVENTS_H

#include "limpet/loop.h"
#include "limpet/span.h"

enum {
    LP_EVENTS_TEXT_MAX = 48, // with the terminator; longer text is cut
    LP_EVENTS_NAME_MAX = 24, // of lp_events_name(), with the terminator
    LP_EVENTS_APP = 0x80,    // first group that is the application's
    LP_EVENTS_GROUP_MAX = 0xFF,
};

// Group and code in one number; code 0 is every code of the group.
typedef uint16_t lp_events_id_t;
#define LP_EVENTS_ID(group, code) ((lp_events_id_t)((group) << 8 | (code)))
enum { LP_EVENTS_ANY = 0 }; // for lp_events_subscribe(): everything

// X(identifier, group, code, name)
//   system.started      text: why, as lp_port_boot_reason(); number: which start of the board
//   system.stopping     text: "restart", "off" or "sleep"
//   net.up, net.address text: the address, "" where the port cannot tell it
//   net.down            -
//   wifi.joined         text: the network
//   wifi.lost           -
//   time.set            number: seconds since 2020-01-01 UTC
//   cloud.connected     -
//   cloud.lost          number: the lp_err_t, negative, or 0; text: it in words
//   mqtt.connected      text: the connection, "mqtt1"
//   mqtt.lost           text: the connection; number: as cloud.lost
//   config.changed      text: the key
//   memory.low          text: which ("tls"); number: bytes that are left
#define LP_EVENTS_LIST(X)                                                                          \
    X(SYSTEM_STARTED, 1, 1, "system.started")                                                      \
    X(SYSTEM_STOPPING, 1, 2, "system.stopping")                                                    \
    X(NET_UP, 2, 1, "net.up")                                                                      \
    X(NET_DOWN, 2, 2, "net.down")                                                                  \
    X(NET_ADDRESS, 2, 3, "net.address")                                                            \
    X(WIFI_JOINED, 3, 1, "wifi.joined")                                                            \
    X(WIFI_LOST, 3, 2, "wifi.lost")                                                                \
    X(TIME_SET, 4, 1, "time.set")                                                                  \
    X(CLOUD_CONNECTED, 5, 1, "cloud.connected")                                                    \
    X(CLOUD_LOST, 5, 2, "cloud.lost")                                                              \
    X(MQTT_CONNECTED, 6, 1, "mqtt.connected")                                                      \
    X(MQTT_LOST, 6, 2, "mqtt.lost")                                                                \
    X(CONFIG_CHANGED, 7, 1, "config.changed")                                                      \
    X(MEMORY_LOW, 8, 1, "memory.low")

enum {
#define LP_EVENTS_X(id, group, code, name) LP_EV_##id = (group) << 8 | (code),
    LP_EVENTS_LIST(LP_EVENTS_X)
#undef LP_EVENTS_X
    // whole groups
    LP_EV_SYSTEM = 1 << 8,
    LP_EV_NET = 2 << 8,
    LP_EV_WIFI = 3 << 8,
    LP_EV_TIME = 4 << 8,
    LP_EV_CLOUD = 5 << 8,
    LP_EV_MQTT = 6 << 8,
    LP_EV_CONFIG = 7 << 8,
    LP_EV_MEMORY = 8 << 8,
};

typedef struct {
    lp_events_id_t id;
    uint32_t seq; // counts the events of this bus, from 1 on
    uint64_t at_ms;
    int32_t number;
    char text[LP_EVENTS_TEXT_MAX];
} lp_events_item_t;

// `item` is borrowed until the return.
typedef void lp_events_fn(void *ctx, const lp_events_item_t *item);

// Private; the subscriber owns it, static as a rule, zeroed at first.
typedef struct lp_events_sub {
    struct lp_events_sub *next_;
    lp_events_id_t id_;
    uint32_t from_; // the first event that it gets
    lp_events_fn *fn_;
    void *ctx_;
} lp_events_sub_t;

typedef struct {
    lp_loop_t *loop_;
    lp_events_item_t *items_; // event `seq` is at seq % cap_
    uint32_t cap_;
    volatile uint32_t next_;  // seq of the next event
    volatile uint32_t given_; // seq of the next event that is to be handed out
    volatile uint32_t lost;   // for which the queue had no room, since the start
    uint32_t told_;           // of those, how many the log knows
    lp_event_t event_;
    lp_events_sub_t *subs_;
    lp_events_sub_t *then_; // who is next to get the event that is being handed out
} lp_events_t;

// Lends `items`, `cap` (1 or more) of them: so many events can wait.
void lp_events_init(lp_events_t *bus, lp_loop_t *loop, lp_events_item_t *items, size_t cap);

// Copies `text` (null: ""). `bus` null: nobody wants to know, nothing happens.
// @context loop, interrupt. (In a process nothing else than the loop's thread may call it:
// lp_loop_post().)
void lp_events_publish(lp_events_t *bus, lp_events_id_t id, int32_t number, const char *text);

// -- @context loop, for what follows

// Calls fn(ctx, item) for each event of `id` (a whole group with code 0, LP_EVENTS_ANY for all)
// that is published from now on. Lends `sub` until lp_events_unsubscribe(); subscribing it again
// replaces the old wish.
void lp_events_subscribe(lp_events_t *bus, lp_events_sub_t *sub, lp_events_id_t id,
                         lp_events_fn *fn, void *ctx);
// No more calls. Does nothing when it is not subscribed.
void lp_events_unsubscribe(lp_events_t *bus, lp_events_sub_t *sub);

// Copies the first event that is still there from number `seq` on, handed out or not. False: there
// is none.
bool lp_events_next(const lp_events_t *bus, uint32_t seq, lp_events_item_t *item);

// "net.up"; of a group or code that is not in the list "129.7". Returns `name`.
const char *lp_events_name(lp_events_id_t id, char name[LP_EVENTS_NAME_MAX]);

#endif
