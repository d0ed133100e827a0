// SPDX-License-Identifier: Apache-2.0
// Incoming TCP. An image that does not listen has none of it.
//
// Strangers can only take what is kept for them. Connections that are not whole yet have HALF_OPEN
// places: a new one takes the place of the oldest, so that in a flood of SYNs whoever answers
// quickly still gets in, and is given up after three seconds anyway. Those that wait to be accepted
// are given up after ten. None of them pushes out another connection, and the board's own new ones
// push them out when memory is short.
#include <string.h>

#include "bare_internal.h"
#include "bare_tcp.h"
#include "limpet/port/clock.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/timeouts.h"

enum {
    SERVERS = MEMP_NUM_TCP_PCB_LISTEN,
    WAITING = 3,
    HALF_OPEN = 3, // over all listeners
    BACKLOG = WAITING + HALF_OPEN + 1,
    SWEEP_MS = 500, // one of lwIP's ticks
    HALF_OPEN_TICKS = 6,
    WAIT_MS = 10000,
};

// An lp_tcp_server_t as this port sees it.
typedef struct {
    struct tcp_pcb *pcb;
    lp_event_t event;
    lp_tcp_arrival_fn *fn;
    void *ctx;
    bool wants_event;
} server_t;

_Static_assert(sizeof(server_t) <= sizeof(lp_tcp_server_t), "lp_tcp_server_t.port_ is too small");

static server_t *servers[SERVERS];

// Connections that are whole and were not accepted.
static struct {
    server_t *server;
    struct tcp_pcb *pcb; // null: free
    uint64_t since_ms;
    uint32_t order;
    bool is_over; // the peer said goodbye meanwhile
} waiting[WAITING];

static uint32_t arrivals;
static bool is_sweeping;

static void on_event(void *ctx)
{
    const server_t *server = ctx;
    server->fn(server->ctx);
}

static void forget(struct tcp_pcb *pcb)
{
    tcp_arg(pcb, NULL);
    tcp_err(pcb, NULL);
    tcp_recv(pcb, NULL);
}

static size_t place_of(const struct tcp_pcb *pcb)
{
    size_t i = 0;
    while (i < WAITING && waiting[i].pcb != pcb) {
        i++;
    }
    return i;
}

// -- while it waits

static err_t on_early(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
    (void)arg;
    (void)err;
    const size_t i = place_of(pcb);
    if (p != NULL) {
        return ERR_MEM; // lwIP keeps it, and takes no more
    }
    if (i < WAITING) {
        waiting[i].is_over = true;
    }
    return ERR_OK;
}

static void on_gone(void *arg, err_t err)
{
    (void)err;
    const size_t i = (size_t)(uintptr_t)arg;
    waiting[i].pcb = NULL; // lwIP has freed it
}

static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t err)
{
    server_t *server = arg;
    const size_t i = place_of(NULL);
    if (pcb == NULL || err != ERR_OK) {
        return ERR_VAL;
    }
    if (i == WAITING) {
        tcp_abort(pcb);
        return ERR_ABRT;
    }
    waiting[i].server = server;
    waiting[i].pcb = pcb;
    waiting[i].since_ms = lp_port_now_ms();
    waiting[i].order = arrivals++;
    waiting[i].is_over = false;
    tcp_backlog_delayed(pcb);
    tcp_arg(pcb, (void *)(uintptr_t)i); // NOLINT: an index
    tcp_recv(pcb, on_early);
    tcp_err(pcb, on_gone);
    if (server->wants_event) {
        server->wants_event = false;
        lp_loop_post(lp_bare_loop, &server->event);
    }
    return ERR_OK;
}

// -- those who take a place and do nothing

static bool is_taken(uint16_t port)
{
    for (size_t i = 0; i < SERVERS; i++) {
        if (servers[i] != NULL && port != 0 && servers[i]->pcb->local_port == port) {
            return true;
        }
    }
    return false;
}

// lwIP puts who was heard of last at the front.
static struct tcp_pcb *oldest_half_open(unsigned *count)
{
    struct tcp_pcb *oldest = NULL;
    *count = 0;
    for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb != NULL; pcb = pcb->next) {
        if (pcb->state == SYN_RCVD) {
            oldest = pcb;
            (*count)++;
        }
    }
    return oldest;
}

// Without a word to the other end: the address may be somebody else's.
static void make_room(void)
{
    unsigned count = 0;
    struct tcp_pcb *oldest = oldest_half_open(&count);
    if (count >= HALF_OPEN) {
        tcp_abandon(oldest, 0);
    }
}

// The new connection is not in lwIP's list yet.
uint32_t lp_bare_tcp_isn(uint16_t own_port)
{
    if (is_taken(own_port)) {
        make_room();
    }
    return lp_bare_rand();
}

static void sweep(void *ctx)
{
    (void)ctx;
    const uint64_t now = lp_port_now_ms();
    unsigned count = 0;
    for (struct tcp_pcb *pcb;
         (pcb = oldest_half_open(&count)) != NULL && tcp_ticks - pcb->tmr >= HALF_OPEN_TICKS;) {
        tcp_abandon(pcb, 0);
    }
    for (size_t i = 0; i < WAITING; i++) {
        if (waiting[i].pcb != NULL && now - waiting[i].since_ms >= WAIT_MS) {
            tcp_abort(waiting[i].pcb); // calls on_gone()
        }
    }
    sys_timeout(SWEEP_MS, sweep, NULL);
}

// -- listening

static lp_err_t read_address(const char *text, ip_addr_t *address)
{
    if (text[0] == '\0') {
        *address = *IP_ANY_TYPE;
        return LP_OK;
    }
    return ipaddr_aton(text, address) && lp_bare_may_have(address) ? LP_OK : LP_E_INVALID;
}

static lp_err_t open_server(server_t *server, const ip_addr_t *address, uint16_t *port)
{
    struct tcp_pcb *pcb = tcp_new_ip_type(IP_GET_TYPE(address));
    if (pcb == NULL) {
        return LP_E_NOSPACE;
    }
    ip_set_option(pcb, SOF_REUSEADDR);
    err_t err = tcp_bind(pcb, address, *port);
    struct tcp_pcb *listener =
        err == ERR_OK ? tcp_listen_with_backlog_and_err(pcb, BACKLOG, &err) : NULL;
    if (listener == NULL) {
        (void)tcp_close(pcb);
        return err == ERR_USE ? LP_E_EXISTS : LP_E_NOSPACE;
    }
    tcp_setprio(listener, TCP_PRIO_MIN); // and so what comes of it: nobody makes room for it
    tcp_arg(listener, server);
    tcp_accept(listener, on_accept);
    server->pcb = listener;
    *port = listener->local_port;
    return LP_OK;
}

lp_err_t lp_port_tcp_listen(lp_tcp_server_t *opaque, const char *address, uint16_t *port,
                            lp_tcp_arrival_fn *fn, void *ctx)
{
    server_t *server = (server_t *)(void *)opaque;
    size_t i = 0;
    ip_addr_t any;
    while (i < SERVERS && servers[i] != NULL) {
        i++;
    }
    lp_err_t err = is_taken(*port) ? LP_E_EXISTS : read_address(address, &any);
    if (err == LP_OK && i == SERVERS) {
        err = LP_E_NOSPACE;
    }
    if (err == LP_OK) {
        *server = (server_t){.fn = fn, .ctx = ctx, .wants_event = true};
        lp_event_init(&server->event, on_event, server);
        err = open_server(server, &any, port);
    }
    if (err != LP_OK) {
        return err;
    }
    servers[i] = server;
    if (!is_sweeping) {
        is_sweeping = true;
        sys_timeout(SWEEP_MS, sweep, NULL);
    }
    return LP_OK;
}

static size_t longest_waiting(const server_t *server)
{
    size_t found = WAITING;
    for (size_t i = 0; i < WAITING; i++) {
        const bool is_ours = waiting[i].pcb != NULL && waiting[i].server == server;
        if (is_ours &&
            (found == WAITING || waiting[i].order - waiting[found].order > UINT32_MAX / 2)) {
            found = i;
        }
    }
    return found;
}

static void name_peer(const struct tcp_pcb *pcb, lp_net_peer_t *peer)
{
    memset(peer, 0, sizeof *peer);
    peer->port = pcb->remote_port;
    if (IP_IS_V6(&pcb->remote_ip)) {
        memcpy(peer->addr, ip_2_ip6(&pcb->remote_ip)->addr, sizeof peer->addr);
    } else {
        peer->addr[10] = 0xFF;
        peer->addr[11] = 0xFF;
        memcpy(peer->addr + 12, &ip_2_ip4(&pcb->remote_ip)->addr, 4);
    }
}

lp_err_t lp_port_tcp_accept(lp_tcp_server_t *opaque, lp_tcp_t *tcp, lp_net_peer_t *peer)
{
    server_t *server = (server_t *)(void *)opaque;
    const size_t i = longest_waiting(server);
    if (i == WAITING) {
        server->wants_event = true;
        return LP_E_AGAIN;
    }
    struct tcp_pcb *pcb = waiting[i].pcb;
    waiting[i].pcb = NULL;
    forget(pcb);
    tcp_backlog_accepted(pcb);
    tcp_setprio(pcb, TCP_PRIO_NORMAL);
    name_peer(pcb, peer);
    lp_bare_tcp_adopt(tcp, pcb, waiting[i].is_over);
    return LP_OK;
}

void lp_port_tcp_unlisten(lp_tcp_server_t *opaque)
{
    server_t *server = (server_t *)(void *)opaque;
    for (size_t i = 0; i < WAITING; i++) {
        if (waiting[i].pcb != NULL && waiting[i].server == server) {
            tcp_abort(waiting[i].pcb);
        }
    }
    for (size_t i = 0; i < SERVERS; i++) {
        if (servers[i] == server) {
            servers[i] = NULL;
            lp_loop_unpost(lp_bare_loop, &server->event);
            (void)tcp_close(server->pcb);
        }
    }
}
