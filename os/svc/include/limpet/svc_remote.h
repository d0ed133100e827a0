// SPDX-License-Identifier: Apache-2.0
// limpet/svc_remote.h - RPC over the network: listens, lets in, keeps the books; Auth.*, Remote.*,
// Sys.Audit.
//
// Nothing listens until a setting says so, and nobody is let in until there is an account
// (limpet/access.h). Every request brings its own proof, over every channel, so a connection that
// was taken over is worth nothing. What a caller may is what its account's role may, and no more
// than rpc.role_max. docs/remote.md is the guide, docs/adr/0012 the why.
// @context loop
#ifndef LIMPET_SVC_REMOTE_H
#define LIMPET_SVC_REMOTE_H

#include "limpet/access.h"
#include "limpet/audit.h"
#include "limpet/config.h"
#include "limpet/port/net.h"
#include "limpet/rpc.h"
#include "limpet/rpc_web.h"
#include "limpet/settings_remote_rows.h" // "rpc.*"
#include "limpet/tls.h"
#include "limpet/turn.h"

struct lp_svc_remote;

// Somebody at the other end of a channel, as the gate knows it.
typedef struct {
    struct lp_svc_remote *svc;
    lp_rpc_web_t *web; // null: MQTT
    uint8_t key[LP_ACCESS_PEER_BYTES];
    char from[LP_AUDIT_FROM_MAX]; // "http 192.0.2.7"
    char who[LP_ACCESS_NAME_MAX]; // of the last proof that was right; "": none yet
    bool is_stale;                // the last nonce was too old, not wrong
    bool is_setup;                // over the board's own access point
} lp_remote_caller_t;

typedef enum {
    LP_REMOTE_HTTP,
    LP_REMOTE_HTTPS,
    LP_REMOTE_TCP,
    LP_REMOTE_SETUP, // over the board's own access point, for setting it up
    LP_REMOTE_LISTENERS
} lp_remote_listener_t;

//   FREE --accepted--> SERVING                          plain
//   FREE --accepted--> HELLO --has spoken, no other caller is at it--> WAITING --turn-->
//     HANDSHAKE --done--> SERVING                       TLS
typedef enum {
    LP_REMOTE_FREE,
    LP_REMOTE_HELLO,   // has said nothing yet, or waits behind another caller
    LP_REMOTE_WAITING, // for the chip, and for whoever else makes a handshake
    LP_REMOTE_HANDSHAKE,
    LP_REMOTE_SERVING,
} lp_remote_state_t;

typedef struct {
    lp_remote_state_t state;
    lp_remote_listener_t listener;
    lp_turn_ticket_t ticket;
    lp_tls_t tls;
    lp_remote_caller_t caller;
    lp_rpc_gate_t gate;
    lp_tcp_t tcp;
    lp_rpc_web_t web;
    lp_rpc_channel_t channel;
    uint64_t since_ms;
    lp_timer_t timer; // until it serves
    bool has_hello;
} lp_remote_conn_t;

typedef struct {
    lp_loop_t *loop;
    lp_rpc_t *rpc;
    lp_config_t *config;
    lp_access_t *access;     // initialised
    lp_turn_t *turn;         // for handshakes; null: no TLS, lp_tls_init() was not done
    lp_remote_conn_t *conns; // callers at the same time
    size_t conn_count;
    // A channel was opened or closed; may be null. From the loop.
    void (*on_listeners)(void *ctx);
    void *ctx;
} lp_svc_remote_setup_t;

typedef struct lp_svc_remote {
    lp_svc_remote_setup_t s_;
    lp_rpc_set_t set_;
    lp_rpc_watch_t watch_;
    lp_audit_t audit;
    lp_event_t step_;
    lp_event_t next_; // the next caller's handshake
    struct {
        lp_tcp_server_t server;
        struct lp_svc_remote *svc;
        bool is_open;
        lp_err_t err;    // why it is not
        uint16_t wanted; // port of the settings
        uint16_t port;   // that it is
        char bind[48];
    } listeners_[LP_REMOTE_LISTENERS];
    char setup_address_[48];    // "": the set-up network is closed
    lp_access_t *setup_access_; // who may call over it
    uint32_t accepted;          // connections since the start
    uint32_t evicted;           // of them, sent away for newer ones
} lp_svc_remote_t;

// Lends everything in `setup`, for good. Watches the router (rpc->watch).
void lp_svc_remote_init(lp_svc_remote_t *svc, const lp_svc_remote_setup_t *setup);

// Settings changed: opens and closes what they say, from the loop.
void lp_svc_remote_poke(lp_svc_remote_t *svc);

// "http", "https", "tcp". Static.
const char *lp_remote_listener_name(lp_remote_listener_t which);

// Listens on the board's own access point, at `address`, for HTTP on port 80; null: not any more.
// Its callers are those of `access` (lends until then) and nobody else, and they may call Wifi.*
// and nothing else, up to LP_RPC_WRITE.
void lp_svc_remote_set_up(lp_svc_remote_t *svc, const char *address, lp_access_t *access);

// Before the board goes down: hangs up and stops listening, at once.
void lp_svc_remote_stop(lp_svc_remote_t *svc);

#endif
