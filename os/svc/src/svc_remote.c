// SPDX-License-Identifier: Apache-2.0
// Listening, and a bounded number of callers. When the last place is taken, whoever has proven
// nothing yet and has been there the longest makes room; who has proven something is never sent
// away for a stranger, and strangers wait outside then.
#include "limpet/svc_remote.h"

#include <string.h>

#include "limpet/log.h"
#include "limpet/port/clock.h"
#include "svc_remote_internal.h"

#define LOG_MODULE "remote"

static const struct {
    const char *name;
    const char *enable;
    const char *port;
    lp_rpc_web_kind_t kind;
    bool is_secure;
} kinds[LP_REMOTE_LISTENERS] = {
    [LP_REMOTE_HTTP] = {"http", "rpc.http.enable", "rpc.http.port", LP_RPC_WEB_HTTP, false},
    [LP_REMOTE_HTTPS] = {"https", "rpc.https.enable", "rpc.https.port", LP_RPC_WEB_HTTP, true},
    [LP_REMOTE_TCP] = {"tcp", "rpc.tcp.enable", "rpc.tcp.port", LP_RPC_WEB_LINES, false},
    [LP_REMOTE_SETUP] = {"setup", NULL, NULL, LP_RPC_WEB_HTTP, false},
};

// One caller at a time makes a handshake, and only once it has spoken. While it does, nobody else
// can, the cloud's client included: after a moment it gives way to whoever waits.
enum {
    HELLO_MS = 4000,
    PATIENCE_MS = 20000, // of a caller that has spoken
    HANDSHAKE_MS = 4000,
    GIVES_WAY_MS = 1000,
    LOOK_MS = 100,
    SETUP_PORT = 80,
};

const char *lp_remote_listener_name(lp_remote_listener_t which)
{
    return kinds[which].name;
}

// -- callers

static void hang_up(lp_remote_conn_t *conn)
{
    lp_svc_remote_t *svc = conn->caller.svc;
    switch (conn->state) {
    case LP_REMOTE_FREE:
        return;
    case LP_REMOTE_HELLO:
        lp_stream_close(&conn->tcp.stream);
        break;
    case LP_REMOTE_WAITING:
        lp_turn_give(svc->s_.turn, &conn->ticket);
        lp_stream_close(&conn->tcp.stream);
        break;
    case LP_REMOTE_HANDSHAKE:
        lp_stream_close(&conn->tls.stream); // and what is below
        lp_turn_give(svc->s_.turn, &conn->ticket);
        break;
    case LP_REMOTE_SERVING:
        lp_rpc_close(&conn->channel);
        lp_rpc_web_close(&conn->web);
        break;
    }
    lp_timer_stop(svc->s_.loop, &conn->timer);
    conn->state = LP_REMOTE_FREE;
    lp_loop_post(svc->s_.loop, &svc->next_);
}

static void take_callers(lp_svc_remote_t *svc, lp_remote_listener_t which);

// Somebody may have waited for the place.
static void leave(lp_remote_conn_t *conn, const char *why)
{
    lp_svc_remote_t *svc = conn->caller.svc;
    LP_LOGD("%s: %s", conn->caller.from, why);
    hang_up(conn);
    for (int k = 0; k < LP_REMOTE_LISTENERS; k++) {
        take_callers(svc, (lp_remote_listener_t)k);
    }
}

static void on_over(void *ctx, const char *why)
{
    lp_remote_caller_t *caller = ctx;
    lp_svc_remote_t *svc = caller->svc;
    for (size_t i = 0; i < svc->s_.conn_count; i++) {
        if (&svc->s_.conns[i].caller == caller) {
            leave(&svc->s_.conns[i], why);
            return;
        }
    }
}

static lp_remote_conn_t *free_place(const lp_svc_remote_t *svc)
{
    for (size_t i = 0; i < svc->s_.conn_count; i++) {
        if (svc->s_.conns[i].state == LP_REMOTE_FREE) {
            return &svc->s_.conns[i];
        }
    }
    return NULL;
}

// One place is kept free, so that somebody who can prove who he is finds a way in.
static void make_room(lp_svc_remote_t *svc, const lp_remote_conn_t *newest)
{
    lp_remote_conn_t *found = NULL;
    for (size_t i = 0; i < svc->s_.conn_count && free_place(svc) == NULL; i++) {
        lp_remote_conn_t *conn = &svc->s_.conns[i];
        if (conn != newest && !lp_rpc_web_is_trusted(&conn->web) &&
            (found == NULL || conn->since_ms < found->since_ms)) {
            found = conn;
        }
    }
    if (found != NULL) {
        svc->evicted++;
        hang_up(found);
    }
}

static void serve(lp_remote_conn_t *conn)
{
    lp_svc_remote_t *svc = conn->caller.svc;
    const lp_config_t *c = svc->s_.config;
    const bool is_secure = kinds[conn->listener].is_secure;
    const lp_rpc_web_owner_t owner = {
        .is_host_ours = lp_remote_is_host_ours,
        .challenge = lp_remote_challenge,
        .over = on_over,
        .ctx = &conn->caller,
        .is_secure = is_secure,
        .request_ms = (uint32_t)lp_config_int(c, "rpc.timeout_s") * 1000,
        .idle_ms = (uint32_t)lp_config_int(c, "rpc.idle_s") * 1000,
    };
    conn->state = LP_REMOTE_SERVING;
    lp_rpc_web_open(&conn->web, svc->s_.loop, is_secure ? &conn->tls.stream : &conn->tcp.stream,
                    kinds[conn->listener].kind, &owner);
    lp_rpc_open(&conn->channel, svc->s_.rpc, &conn->web.stream, LP_RPC_READ);
    conn->channel.gate = &conn->gate;
    conn->channel.is_public = !is_secure;
    conn->channel.is_mute = &conn->web.is_http;
}

// -- TLS: the device's own identity, whose key may be in the chip

static void on_tls(void *ctx, unsigned events, lp_err_t why)
{
    lp_remote_conn_t *conn = ctx;
    if ((events & LP_STREAM_CLOSED) != 0) {
        LP_LOGD("%s: no handshake (%s)", conn->caller.from, lp_err_text(why));
        leave(conn, lp_tls_report(&conn->tls)->detail);
    } else if ((events & LP_STREAM_OPEN) != 0) {
        lp_svc_remote_t *svc = conn->caller.svc;
        lp_timer_stop(svc->s_.loop, &conn->timer);
        lp_turn_give(svc->s_.turn, &conn->ticket);
        lp_loop_post(svc->s_.loop, &svc->next_);
        serve(conn);
    }
}

static void on_turn(void *ctx)
{
    lp_remote_conn_t *conn = ctx;
    const lp_config_t *c = conn->caller.svc->s_.config;
    const lp_tls_config_t config = {
        .cert_pem = lp_tls_pem(lp_config_str(c, "identity.cert")),
        .key_id = lp_config_str(c, "identity.key"),
        .max_version = LP_TLS_1_3,
        .ecdhe = LP_TLS_ECDHE_SOFTWARE,
        .is_server = true,
        .handshake_timeout_ms = HANDSHAKE_MS,
    };
    const lp_err_t err = lp_tls_open(&conn->tls, &conn->tcp.stream, &config, on_tls, conn);
    if (err != LP_OK) {
        LP_LOGE("%s: no TLS (%s: %s)", conn->caller.from, lp_err_text(err),
                lp_tls_report(&conn->tls)->detail);
        leave(conn, "no TLS");
        return;
    }
    conn->state = LP_REMOTE_HANDSHAKE;
    lp_timer_start(conn->caller.svc->s_.loop, &conn->timer, GIVES_WAY_MS);
}

// The caller that has waited longest, of those that have spoken; null: none, or one is at it.
static lp_remote_conn_t *next_caller(const lp_svc_remote_t *svc)
{
    lp_remote_conn_t *found = NULL;
    for (size_t i = 0; i < svc->s_.conn_count; i++) {
        lp_remote_conn_t *conn = &svc->s_.conns[i];
        if (conn->state == LP_REMOTE_WAITING || conn->state == LP_REMOTE_HANDSHAKE) {
            return NULL;
        }
        if (conn->state == LP_REMOTE_HELLO && conn->has_hello &&
            (found == NULL || conn->since_ms < found->since_ms)) {
            found = conn;
        }
    }
    return found;
}

static void next_handshake(void *ctx)
{
    lp_svc_remote_t *svc = ctx;
    lp_remote_conn_t *conn = next_caller(svc);
    if (conn != NULL) {
        conn->state = LP_REMOTE_WAITING;
        lp_turn_take(svc->s_.turn, &conn->ticket, on_turn, conn);
    }
}

static bool does_anybody_wait(const lp_svc_remote_t *svc)
{
    bool waits = lp_turn_is_wanted(svc->s_.turn);
    for (size_t i = 0; i < svc->s_.conn_count; i++) {
        waits = waits || (svc->s_.conns[i].state == LP_REMOTE_HELLO && svc->s_.conns[i].has_hello);
    }
    return waits;
}

static void on_timer(void *ctx)
{
    lp_remote_conn_t *conn = ctx;
    if (conn->state == LP_REMOTE_HANDSHAKE && !does_anybody_wait(conn->caller.svc)) {
        lp_timer_start(conn->caller.svc->s_.loop, &conn->timer, LOOK_MS);
    } else {
        leave(conn, conn->state == LP_REMOTE_HANDSHAKE ? "too slow while others wait" : "too late");
    }
}

// Until TLS listens in its place. What was said stays where it is.
static void on_hello(void *ctx, unsigned events, lp_err_t why)
{
    lp_remote_conn_t *conn = ctx;
    if ((events & LP_STREAM_CLOSED) != 0) {
        leave(conn, lp_err_text(why));
    } else if ((events & LP_STREAM_READABLE) != 0 && !conn->has_hello) {
        conn->has_hello = true;
        lp_timer_start(conn->caller.svc->s_.loop, &conn->timer, PATIENCE_MS);
        lp_loop_post(conn->caller.svc->s_.loop, &conn->caller.svc->next_);
    }
}

static void wait_for_hello(lp_remote_conn_t *conn)
{
    lp_svc_remote_t *svc = conn->caller.svc;
    conn->state = LP_REMOTE_HELLO;
    conn->has_hello = false;
    lp_stream_listen(&conn->tcp.stream, on_hello, conn);
    lp_timer_start(svc->s_.loop, &conn->timer, HELLO_MS);
}

static void receive(lp_svc_remote_t *svc, lp_remote_conn_t *conn, lp_remote_listener_t which,
                    const lp_net_peer_t *peer)
{
    memset(&conn->web, 0, sizeof conn->web); // nobody is trusted
    conn->since_ms = lp_port_now_ms();
    lp_timer_init(&conn->timer, on_timer, conn);
    conn->listener = which;
    conn->caller =
        (lp_remote_caller_t){.svc = svc, .web = &conn->web, .is_setup = which == LP_REMOTE_SETUP};
    conn->gate = (lp_rpc_gate_t){.admit = lp_remote_admit, .ctx = &conn->caller};
    lp_remote_name_peer(&conn->caller, kinds[which].name, peer);
    svc->accepted++;
    if (kinds[which].is_secure) {
        wait_for_hello(conn);
    } else {
        serve(conn);
    }
}

static void take_callers(lp_svc_remote_t *svc, lp_remote_listener_t which)
{
    lp_net_peer_t peer;
    while (svc->listeners_[which].is_open) {
        lp_remote_conn_t *conn = free_place(svc);
        if (conn == NULL ||
            lp_port_tcp_accept(&svc->listeners_[which].server, &conn->tcp, &peer) != LP_OK) {
            return; // without a place they wait outside, until somebody leaves
        }
        receive(svc, conn, which, &peer);
        make_room(svc, conn);
    }
}

static void on_arrival(void *ctx)
{
    for (int k = 0; k < LP_REMOTE_LISTENERS; k++) {
        take_callers(ctx, (lp_remote_listener_t)k);
    }
}

// -- listening

static uint16_t port_of(const lp_svc_remote_t *svc, lp_remote_listener_t which)
{
    return which == LP_REMOTE_SETUP ? SETUP_PORT
                                    : (uint16_t)lp_config_int(svc->s_.config, kinds[which].port);
}

static const char *bind_of(const lp_svc_remote_t *svc, lp_remote_listener_t which)
{
    return which == LP_REMOTE_SETUP ? svc->setup_address_
                                    : lp_config_str(svc->s_.config, "rpc.bind");
}

static bool is_wanted(const lp_svc_remote_t *svc, lp_remote_listener_t which)
{
    return which == LP_REMOTE_SETUP ? svc->setup_address_[0] != '\0'
                                    : lp_config_bool(svc->s_.config, kinds[which].enable);
}

static void close_listener(lp_svc_remote_t *svc, lp_remote_listener_t which)
{
    if (svc->listeners_[which].is_open) {
        svc->listeners_[which].is_open = false;
        lp_port_tcp_unlisten(&svc->listeners_[which].server);
        LP_LOGI("%s: no longer listening", kinds[which].name);
    }
}

static void open_listener(lp_svc_remote_t *svc, lp_remote_listener_t which)
{
    const lp_config_t *c = svc->s_.config;
    uint16_t port = port_of(svc, which);
    const char *bind = bind_of(svc, which);
    svc->listeners_[which].wanted = port;
    if (kinds[which].is_secure &&
        (svc->s_.turn == NULL || lp_config_len(c, "identity.cert") == 0)) {
        svc->listeners_[which].err = LP_E_NOT_CONFIGURED;
        LP_LOGE("%s: not listening: TLS needs identity.cert", kinds[which].name);
        return;
    }
    (void)lp_fmt_str(svc->listeners_[which].bind, sizeof svc->listeners_[which].bind, "%s", bind);
    const lp_err_t err =
        lp_port_tcp_listen(&svc->listeners_[which].server, bind, &port, on_arrival, svc);
    svc->listeners_[which].err = err;
    svc->listeners_[which].is_open = err == LP_OK;
    svc->listeners_[which].port = port;
    if (err != LP_OK) {
        LP_LOGE("%s: cannot listen on port %u (%s)", kinds[which].name, port, lp_err_text(err));
    } else {
        LP_LOGI("%s: listening on port %u%s", kinds[which].name, port,
                which != LP_REMOTE_SETUP && svc->s_.access->count == 0
                    ? "; nobody can log in, there is no account"
                    : "");
    }
}

static bool has_changed(const lp_svc_remote_t *svc, lp_remote_listener_t which)
{
    return svc->listeners_[which].wanted != port_of(svc, which) ||
           strcmp(svc->listeners_[which].bind, bind_of(svc, which)) != 0;
}

// Callers of a channel that is switched off go as well.
static void hang_up_all(lp_svc_remote_t *svc, lp_remote_listener_t which)
{
    for (size_t i = 0; i < svc->s_.conn_count; i++) {
        if (svc->s_.conns[i].listener == which) {
            hang_up(&svc->s_.conns[i]);
        }
    }
}

static void step(void *ctx)
{
    lp_svc_remote_t *svc = ctx;
    for (int k = 0; k < LP_REMOTE_LISTENERS; k++) {
        const lp_remote_listener_t which = (lp_remote_listener_t)k;
        const bool is_open_wanted = is_wanted(svc, which);
        if (!is_open_wanted || has_changed(svc, which)) {
            close_listener(svc, which);
            hang_up_all(svc, which);
        }
        if (is_open_wanted && !svc->listeners_[which].is_open) {
            open_listener(svc, which);
        }
    }
    if (svc->s_.on_listeners != NULL) {
        svc->s_.on_listeners(svc->s_.ctx);
    }
}

void lp_svc_remote_poke(lp_svc_remote_t *svc)
{
    lp_loop_post(svc->s_.loop, &svc->step_);
}

// At once: `access` is not used any more when this returns with null.
void lp_svc_remote_set_up(lp_svc_remote_t *svc, const char *address, lp_access_t *access)
{
    (void)lp_fmt_str(svc->setup_address_, sizeof svc->setup_address_, "%s",
                     address != NULL ? address : "");
    close_listener(svc, LP_REMOTE_SETUP);
    hang_up_all(svc, LP_REMOTE_SETUP);
    svc->setup_access_ = address != NULL ? access : NULL;
    if (address != NULL) {
        open_listener(svc, LP_REMOTE_SETUP);
    }
}

void lp_svc_remote_stop(lp_svc_remote_t *svc)
{
    lp_loop_unpost(svc->s_.loop, &svc->step_);
    for (int k = 0; k < LP_REMOTE_LISTENERS; k++) {
        close_listener(svc, (lp_remote_listener_t)k);
    }
    for (size_t i = 0; i < svc->s_.conn_count; i++) {
        hang_up(&svc->s_.conns[i]);
    }
    lp_loop_unpost(svc->s_.loop, &svc->next_);
}

void lp_svc_remote_init(lp_svc_remote_t *svc, const lp_svc_remote_setup_t *setup)
{
    memset(svc, 0, sizeof *svc);
    memset(setup->conns, 0, setup->conn_count * sizeof setup->conns[0]);
    svc->s_ = *setup;
    lp_event_init(&svc->step_, step, svc);
    lp_event_init(&svc->next_, next_handshake, svc);
    lp_remote_add_methods(svc);
    lp_svc_remote_poke(svc);
}
