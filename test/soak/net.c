// SPDX-License-Identifier: Apache-2.0
// The network port: one connection out, to a broker behind TLS, and some in.
#include <stdio.h>
#include <string.h>

#include "limpet/port/net.h"
#include "soak.h"

enum { TCP_TIMEOUT_MS = 8000, WIRES = 16, SERVERS = 4, BACKLOG = 4 };

// -- out

static struct {
    peer_t peer;
    bool is_open;
    lp_stream_fn *fn; // of TCP, before TLS
    void *ctx;
    lp_timer_t timer; // when the answer comes
    lp_err_t answer;
    soak_net_t how, how_now; // for the next connection; for this one
    size_t cut_at, flip_at;
    bool is_cut_silent;
    pki_id_t liar_root, liar;
    unsigned dials;
} far;

peer_t *soak_net_peer(void)
{
    return &far.peer;
}

unsigned soak_net_dials(void)
{
    return far.dials;
}

bool soak_net_is_live(void)
{
    return far.is_open && far.peer.loop != NULL && far.peer.shake_result == 1 &&
           !far.peer.has_ended && far.peer.end_why == LP_OK && far.how_now == SOAK_NET_FINE &&
           far.how != SOAK_NET_UNPLUGGED;
}

static void drop_peer(void)
{
    if (far.peer.loop != NULL) {
        peer_close(&far.peer);
    }
}

static void wire_listen(lp_stream_t *s, lp_stream_fn *fn, void *ctx)
{
    (void)s;
    lp_stream_listen(&far.peer.stream, fn, ctx);
}

static lp_err_t wire_read(lp_stream_t *s, uint8_t *buf, size_t cap, size_t *n)
{
    (void)s;
    return lp_stream_read(&far.peer.stream, buf, cap, n);
}

static lp_err_t wire_write(lp_stream_t *s, lp_span_t data, size_t *n)
{
    (void)s;
    return lp_stream_write(&far.peer.stream, data, n);
}

static void wire_close(lp_stream_t *s)
{
    (void)s;
    if (!far.is_open) {
        soak_fail("a connection was closed twice");
    }
    far.is_open = false;
    lp_timer_stop(&soak.world->loop, &far.timer);
    lp_stream_close(&far.peer.stream);
}

static void tell_tcp(void *ctx)
{
    (void)ctx;
    far.fn(far.ctx, far.answer == LP_OK ? LP_STREAM_OPEN : LP_STREAM_CLOSED, far.answer);
}

static void go_silent(void)
{
    far.peer.is_cut_silent = true;
    far.peer.cut_after = far.peer.to_client > 0 ? far.peer.to_client : 1;
}

static void spoil(void)
{
    far.peer.cut_after = far.cut_at;
    far.peer.is_cut_silent = far.is_cut_silent;
    far.peer.flip_at = far.flip_at;
    far.peer.chunk = 1 + soak_pick(600);
    far.peer.write_refusals = soak_pick(3);
    far.cut_at = 0;
    far.flip_at = 0;
    if (far.how == SOAK_NET_UNPLUGGED) {
        go_silent();
    }
}

static void answer_dial(void)
{
    far.answer = LP_OK;
    switch (far.how) {
    case SOAK_NET_FINE:
    case SOAK_NET_LIAR:
        break;
    case SOAK_NET_UNPLUGGED:
        far.answer = LP_E_TIMEOUT;
        break;
    case SOAK_NET_REFUSED:
        far.answer = LP_E_NET_REFUSED;
        break;
    case SOAK_NET_NO_NAME:
        far.answer = LP_E_NET_RESOLVE;
        break;
    }
    lp_timer_start(&soak.world->loop, &far.timer,
                   far.answer == LP_E_TIMEOUT ? TCP_TIMEOUT_MS : 1 + soak_pick(50));
}

lp_err_t lp_port_tcp_open(lp_tcp_t *tcp, const char *host, uint16_t port, lp_stream_fn *fn,
                          void *ctx)
{
    static const lp_stream_ops_t ops = {
        .listen = wire_listen, .read = wire_read, .write = wire_write, .close = wire_close};
    const peer_config_t config = {.id = far.how == SOAK_NET_LIAR ? &far.liar : &rig_pki.server,
                                  .client_ca = &rig_pki.device_ca,
                                  .max_version = soak_chance(50) ? TLS1_2_VERSION : 0};
    if (far.is_open || strcmp(host, "localhost") != 0 || port != 8883) {
        soak_fail("the board dials %s:%u", host, port);
    }
    drop_peer();
    peer_open(&far.peer, &soak.world->loop, &config);
    tcp->stream.ops = &ops;
    far.is_open = true;
    far.how_now = far.how;
    far.fn = fn;
    far.ctx = ctx;
    far.dials++;
    lp_timer_init(&far.timer, tell_tcp, NULL);
    spoil();
    answer_dial();
    soak_broker_reset();
    return LP_OK;
}

// -- the cable

static struct {
    void (*fn)(void *ctx); // the image's; null: it has not asked
    void *ctx;
} watcher;

bool lp_port_net_address(char text[LP_NET_ADDRESS_MAX])
{
    if (far.how == SOAK_NET_UNPLUGGED) {
        return false;
    }
    (void)snprintf(text, LP_NET_ADDRESS_MAX, "192.0.2.7");
    return true;
}

void lp_port_net_watch(void (*fn)(void *ctx), void *ctx)
{
    watcher.fn = fn;
    watcher.ctx = ctx;
}

void soak_net_reset(void)
{
    if (far.is_open && far.peer.loop != NULL) {
        peer_hang_up(&far.peer, LP_E_NET_RESET);
    }
}

void soak_net_set(soak_net_t how)
{
    if (far.liar.cert == NULL) {
        static const pki_spec_t ca = {.cn = "Test Root", .is_ca = true};
        static const pki_spec_t server = {
            .cn = "localhost", .san = "DNS:localhost", .eku = "serverAuth"};
        far.liar_root = pki_issue(pki_key_p256(), &ca, NULL);
        far.liar = pki_issue(pki_key_p256(), &server, &far.liar_root);
    }
    const bool was_plugged = far.how != SOAK_NET_UNPLUGGED;
    far.how = how;
    if (was_plugged != (how != SOAK_NET_UNPLUGGED) && watcher.fn != NULL) {
        watcher.fn(watcher.ctx);
    }
    if (how == SOAK_NET_UNPLUGGED && far.is_open && far.peer.loop != NULL) {
        go_silent();
    } else if (how == SOAK_NET_REFUSED || how == SOAK_NET_LIAR) {
        soak_net_reset();
    }
}

void soak_net_cut_next(bool is_silent, size_t at)
{
    far.cut_at = at;
    far.is_cut_silent = is_silent;
    soak_net_reset();
}

void soak_net_flip_next(size_t at)
{
    far.flip_at = at;
    soak_net_reset();
}

// -- in

static soak_wire_t wires[WIRES];
static struct {
    lp_tcp_server_t *server;
    uint16_t port;
    lp_tcp_arrival_fn *fn;
    void *ctx;
    lp_event_t event;
} servers[SERVERS];

static unsigned server_of(const lp_tcp_server_t *server)
{
    unsigned i = 0;
    while (i < SERVERS && servers[i].server != server) {
        i++;
    }
    return i;
}

static void arrive(void *ctx)
{
    const unsigned i = (unsigned)(uintptr_t)ctx;
    servers[i].fn(servers[i].ctx);
}

lp_err_t lp_port_tcp_listen(lp_tcp_server_t *server, const char *address, uint16_t *port,
                            lp_tcp_arrival_fn *fn, void *ctx)
{
    const unsigned i = server_of(NULL);
    if (address[0] != '\0' || i == SERVERS) {
        soak_fail("listens on '%s'", address);
    }
    servers[i].server = server;
    servers[i].port = *port;
    servers[i].fn = fn;
    servers[i].ctx = ctx;
    lp_event_init(&servers[i].event, arrive, (void *)(uintptr_t)i); // NOLINT: an index
    return LP_OK;
}

void lp_port_tcp_unlisten(lp_tcp_server_t *server)
{
    const unsigned i = server_of(server);
    if (i == SERVERS) {
        return;
    }
    lp_loop_unpost(&soak.world->loop, &servers[i].event);
    servers[i].server = NULL;
    for (unsigned k = 0; k < WIRES; k++) {
        if (wires[k].is_used && !wires[k].is_accepted && wires[k].listener == i) {
            wires[k].is_closed = true;
        }
    }
}

static soak_wire_t *wire_of(lp_stream_t *s)
{
    return (soak_wire_t *)((lp_tcp_t *)s)->port_[0];
}

static void in_listen(lp_stream_t *s, lp_stream_fn *fn, void *ctx)
{
    lp_stream_listen(&wire_of(s)->line.stream, fn, ctx);
}

static lp_err_t in_read(lp_stream_t *s, uint8_t *buf, size_t cap, size_t *n)
{
    return lp_stream_read(&wire_of(s)->line.stream, buf, cap, n);
}

static lp_err_t in_write(lp_stream_t *s, lp_span_t data, size_t *n)
{
    return lp_stream_write(&wire_of(s)->line.stream, data, n);
}

static void in_close(lp_stream_t *s)
{
    soak_wire_t *wire = wire_of(s);
    lp_stream_close(&wire->line.stream);
    wire->is_closed = true;
    wire->is_used = !wire->is_left;
}

lp_err_t lp_port_tcp_accept(lp_tcp_server_t *server, lp_tcp_t *tcp, lp_net_peer_t *peer)
{
    static const lp_stream_ops_t ops = {
        .listen = in_listen, .read = in_read, .write = in_write, .close = in_close};
    const unsigned i = server_of(server);
    for (unsigned k = 0; k < WIRES; k++) {
        soak_wire_t *wire = &wires[k];
        if (wire->is_used && !wire->is_accepted && wire->listener == i && !wire->is_closed) {
            wire->is_accepted = true;
            tcp->stream.ops = &ops;
            tcp->port_[0] = (uintptr_t)wire;
            memcpy(peer->addr, wire->addr, sizeof peer->addr);
            peer->port = 40000;
            lp_loop_post(&soak.world->loop, &wire->line.event); // what was sent meanwhile
            return LP_OK;
        }
    }
    return LP_E_AGAIN;
}

static unsigned waiting(unsigned listener)
{
    unsigned n = 0;
    for (unsigned k = 0; k < WIRES; k++) {
        n += wires[k].is_used && !wires[k].is_accepted && wires[k].listener == listener;
    }
    return n;
}

static soak_wire_t *free_wire(void)
{
    for (unsigned k = 0; k < WIRES; k++) {
        if (!wires[k].is_used) {
            return &wires[k];
        }
    }
    return NULL;
}

soak_wire_t *soak_wire_dial(uint16_t port, uint32_t from)
{
    unsigned i = 0;
    while (i < SERVERS && (servers[i].server == NULL || servers[i].port != port)) {
        i++;
    }
    soak_wire_t *wire = free_wire();
    if (i == SERVERS || wire == NULL || waiting(i) >= BACKLOG) {
        return NULL;
    }
    memset(wire->addr, 0, sizeof wire->addr);
    wire->addr[10] = 0xFF;
    wire->addr[11] = 0xFF;
    for (unsigned k = 0; k < 4; k++) {
        wire->addr[12 + k] = (uint8_t)(from >> (24 - 8 * k));
    }
    fake_stream_init(&wire->line, &soak.world->loop);
    wire->is_used = true;
    wire->is_accepted = false;
    wire->is_closed = false;
    wire->is_left = false;
    wire->listener = i;
    lp_loop_post(&soak.world->loop, &servers[i].event);
    return wire;
}

unsigned soak_wires_to(uint16_t port)
{
    unsigned n = 0;
    for (unsigned k = 0; k < WIRES; k++) {
        n += wires[k].is_used && servers[wires[k].listener].port == port;
    }
    return n;
}

bool soak_wire_is_over(const soak_wire_t *wire)
{
    return wire->is_closed;
}

// The place is free when both ends are closed.
void soak_wire_hang_up(soak_wire_t *wire)
{
    if (!wire->is_accepted || wire->is_closed) {
        wire->is_used = false;
        return;
    }
    wire->is_left = true;
    fake_stream_hang_up(&wire->line, LP_E_NET_RESET);
}

void soak_net_forget(void)
{
    drop_peer();
    far.is_open = false;
    watcher.fn = NULL;
    memset(servers, 0, sizeof servers);
    for (unsigned k = 0; k < WIRES; k++) {
        wires[k].is_used = false;
    }
}

// -- to groups: this network has no link that takes them

lp_err_t lp_port_udp_join(lp_udp_group_t *group, const uint8_t v4[4], const uint8_t v6[16],
                          uint16_t port, lp_udp_arrival_fn *fn, void *ctx)
{
    (void)group;
    (void)v4;
    (void)v6;
    (void)port;
    (void)fn;
    (void)ctx;
    return LP_OK;
}

size_t lp_port_udp_links(lp_udp_group_t *group, lp_net_link_t *links, size_t cap)
{
    (void)group;
    (void)links;
    (void)cap;
    return 0;
}

lp_err_t lp_port_udp_receive(lp_udp_group_t *group, uint8_t *buf, size_t cap, size_t *n,
                             lp_udp_from_t *from)
{
    (void)group;
    (void)buf;
    (void)cap;
    (void)n;
    (void)from;
    return LP_E_AGAIN;
}

lp_err_t lp_port_udp_send(lp_udp_group_t *group, unsigned link, bool is_v6, const lp_net_peer_t *to,
                          lp_span_t data)
{
    (void)group;
    (void)link;
    (void)is_v6;
    (void)to;
    (void)data;
    return LP_E_AGAIN;
}

void lp_port_udp_leave(lp_udp_group_t *group)
{
    (void)group;
}

lp_err_t lp_port_udp_put(const lp_net_peer_t *to, lp_span_t data)
{
    (void)to;
    (void)data;
    return LP_OK;
}
