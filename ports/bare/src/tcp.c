// SPDX-License-Identifier: Apache-2.0
// TCP over lwIP's raw interface. lwIP calls from lp_port_wait(); what it says is noted and
// told to the listener from an event of the loop.
#include <string.h>

#include "bare_internal.h"
#include "bare_lookup.h"
#include "bare_tcp.h"
#include "limpet/port/net.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"

enum { HOST_MAX = 254, ADDRESS_MAX = 46, KEEP_IDLE_MS = 60000, POLL_HALF_SECONDS = 1 };

// An lp_tcp_t as this port sees it.
typedef struct {
    lp_stream_t stream; // must stay first
    lp_stream_fn *fn;
    void *ctx;
    struct tcp_pcb *pcb;
    struct pbuf *rx; // received and not read yet
    lp_event_t event;
    uint16_t port;
    uint8_t pending; // events to tell
    uint8_t why;     // lp_err_t of LP_STREAM_CLOSED
    bool has_fin;    // the peer will send no more; told once everything is read
    bool is_ended;   // the listener was told, or is being told
    bool is_blocked; // a write was refused
} tcp_t;

_Static_assert(sizeof(tcp_t) <= sizeof(lp_tcp_t), "lp_tcp_t.port_ is too small");

// Names on their way to a connection. An address of one kind that cannot be connected to is not the
// end: the name may have one of the other kind.
typedef enum { LOOKUP_FREE, LOOKUP_WAITING, LOOKUP_ASKED, LOOKUP_CONNECTING } lookup_state_t;

typedef struct {
    tcp_t *tcp;    // null: closed meanwhile, and lwIP cannot be told to forget a name
    uint8_t state; // waiting: for the network; lwIP was not asked yet
    uint8_t kind;  // IPADDR_TYPE_V4 or _V6: of the address that was found last
    uint8_t why;   // lp_err_t of the first kind's address; LP_OK: none has failed yet
    char host[HOST_MAX];
} lookup_t;

static lookup_t lookups[DNS_TABLE_SIZE];
static bool has_network;

static tcp_t *of(lp_stream_t *s)
{
    return (tcp_t *)(void *)s;
}

static void tell(tcp_t *tcp, unsigned events, lp_err_t why)
{
    tcp->pending = (uint8_t)(tcp->pending | events);
    if ((events & LP_STREAM_CLOSED) != 0) {
        tcp->is_ended = true;
        tcp->why = (uint8_t)why;
    }
    lp_loop_post(lp_bare_loop, &tcp->event);
}

static lookup_t *lookup_of(const tcp_t *tcp)
{
    for (size_t i = 0; i < DNS_TABLE_SIZE; i++) {
        if (lookups[i].tcp == tcp && lookups[i].state != LOOKUP_FREE) {
            return &lookups[i];
        }
    }
    return NULL;
}

static void ask(lookup_t *lookup);

static void on_event(void *ctx)
{
    tcp_t *tcp = ctx;
    lookup_t *lookup = lookup_of(tcp);
    if (lookup != NULL && lookup->state == LOOKUP_WAITING && has_network) {
        ask(lookup);
    }
    unsigned events = tcp->pending;
    tcp->pending = 0;
    if (events != 0 && tcp->fn != NULL) {
        tcp->fn(tcp->ctx, events, (events & LP_STREAM_CLOSED) != 0 ? (lp_err_t)tcp->why : LP_OK);
    }
}

static lp_err_t error_of(err_t err)
{
    switch (err) {
    case ERR_OK:
        return LP_OK;
    case ERR_MEM:
    case ERR_BUF:
        return LP_E_NOSPACE;
    case ERR_TIMEOUT:
        return LP_E_TIMEOUT;
    case ERR_RST:
        return LP_E_NET_RESET;
    case ERR_CLSD:
        return LP_E_CLOSED;
    default:
        return LP_E_NET_RESET;
    }
}

// A connection that was tried for `lookup` has failed. Whether an address of the other kind is to
// be tried; then it is asked for from the loop.
static bool goes_on(lookup_t *lookup, lp_err_t why)
{
    ip_addr_t number;
    char known[ADDRESS_MAX];
    if (lookup->why != LP_OK || !has_network || ipaddr_aton(lookup->host, &number) ||
        lp_bare_host(lookup->host, known, sizeof known)) {
        return false;
    }
    lookup->why = (uint8_t)why;
    lookup->state = LOOKUP_WAITING;
    lp_loop_post(lp_bare_loop, &lookup->tcp->event);
    return true;
}

// What is told is what became of the address that was tried first.
static void fail_lookup(lookup_t *lookup, lp_err_t why)
{
    tcp_t *tcp = lookup->tcp;
    const lp_err_t first = lookup->why != LP_OK ? (lp_err_t)lookup->why : why;
    *lookup = (lookup_t){.tcp = NULL};
    tell(tcp, LP_STREAM_CLOSED, first);
}

// lwIP has freed the connection already.
static void on_error(void *arg, err_t err)
{
    tcp_t *tcp = arg;
    lookup_t *lookup = lookup_of(tcp);
    const lp_err_t why = tcp->port != 0 && err == ERR_RST ? LP_E_NET_REFUSED : error_of(err);
    tcp->pcb = NULL;
    if (lookup == NULL) {
        tell(tcp, LP_STREAM_CLOSED, why);
    } else if (!goes_on(lookup, why)) {
        fail_lookup(lookup, why);
    }
}

// The end comes behind the last byte, so that a listener that closes then has lost nothing.
static void tell_end_of_data(tcp_t *tcp)
{
    if (tcp->has_fin && tcp->rx == NULL && !tcp->is_ended) {
        tell(tcp, LP_STREAM_CLOSED, LP_E_CLOSED);
    }
}

// Bytes behind what a buffer of lwIP's pool holds.
static uint16_t room_behind(const struct pbuf *p)
{
    if (!pbuf_match_allocsrc(p, PBUF_TYPE_ALLOC_SRC_MASK_STD_MEMP_PBUF_POOL) || p->ref != 1) {
        return 0;
    }
    const uint8_t *end = (const uint8_t *)p + LWIP_MEM_ALIGN_SIZE(sizeof *p) +
                         LWIP_MEM_ALIGN_SIZE(PBUF_POOL_BUFSIZE);
    return (uint16_t)(end - ((const uint8_t *)p->payload + p->len));
}

// What waits to be read is packed: the window bounds bytes, and crumbs that took a whole buffer
// each would leave none for the other connections.
static void append(struct pbuf *rx, struct pbuf *p)
{
    struct pbuf *last = rx;
    while (last->next != NULL) {
        last = last->next;
    }
    const uint16_t room = room_behind(last);
    const uint16_t n = p->tot_len < room ? p->tot_len : room;
    if (n > 0) {
        (void)pbuf_copy_partial(p, (uint8_t *)last->payload + last->len, n, 0);
        for (struct pbuf *q = rx; q != NULL; q = q->next) {
            q->tot_len = (uint16_t)(q->tot_len + n);
        }
        last->len = (uint16_t)(last->len + n);
        p = pbuf_free_header(p, n);
    }
    if (p != NULL) {
        pbuf_cat(rx, p);
    }
}

static err_t on_received(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
    (void)pcb;
    (void)err;
    tcp_t *tcp = arg;
    if (p == NULL) {
        tcp->has_fin = true;
        tell_end_of_data(tcp);
        return ERR_OK;
    }
    if (tcp->rx == NULL) {
        tcp->rx = p;
    } else {
        append(tcp->rx, p);
    }
    tell(tcp, LP_STREAM_READABLE, LP_OK);
    return ERR_OK;
}

static err_t on_sent(void *arg, struct tcp_pcb *pcb, uint16_t len)
{
    (void)pcb;
    (void)len;
    tell(arg, LP_STREAM_WRITABLE, LP_OK);
    return ERR_OK;
}

// What was refused for want of lwIP's memory, with nothing under way whose acknowledgement would
// say that there is some again.
static err_t on_poll(void *arg, struct tcp_pcb *pcb)
{
    (void)pcb;
    tcp_t *tcp = arg;
    if (tcp != NULL && tcp->is_blocked) {
        tcp->is_blocked = false;
        tell(tcp, LP_STREAM_WRITABLE, LP_OK);
    }
    return ERR_OK;
}

static err_t on_connected(void *arg, struct tcp_pcb *pcb, err_t err)
{
    (void)err;
    tcp_t *tcp = arg;
    lookup_t *lookup = lookup_of(tcp);
    if (lookup != NULL) {
        *lookup = (lookup_t){.tcp = NULL};
    }
    tcp->port = 0;
    tcp_nagle_disable(pcb);
    tell(tcp, LP_STREAM_OPEN | LP_STREAM_WRITABLE, LP_OK);
    return ERR_OK;
}

static void take_over(tcp_t *tcp, struct tcp_pcb *pcb)
{
    tcp->pcb = pcb;
    tcp_arg(pcb, tcp);
    tcp_err(pcb, on_error);
    tcp_recv(pcb, on_received);
    tcp_sent(pcb, on_sent);
    tcp_poll(pcb, on_poll, POLL_HALF_SECONDS);
    ip_set_option(pcb, SOF_KEEPALIVE);
    pcb->keep_idle = KEEP_IDLE_MS;
}

static void connect_to(lookup_t *lookup, const ip_addr_t *address)
{
    tcp_t *tcp = lookup->tcp;
    struct tcp_pcb *pcb = tcp_new_ip_type(IP_GET_TYPE(address));
    if (pcb == NULL) {
        fail_lookup(lookup, LP_E_NOSPACE);
        return;
    }
    lookup->state = LOOKUP_CONNECTING;
    lookup->kind = IP_GET_TYPE(address);
    take_over(tcp, pcb);
    err_t err = tcp_connect(pcb, address, tcp->port, on_connected);
    if (err != ERR_OK) {
        tcp_abort(pcb); // calls on_error()
    }
}

static void on_found(const char *name, const ip_addr_t *address, void *arg)
{
    (void)name;
    lookup_t *lookup = arg;
    if (lookup->tcp == NULL) {
        *lookup = (lookup_t){.tcp = NULL};
    } else if (address == NULL) {
        fail_lookup(lookup, LP_E_NET_RESOLVE);
    } else {
        connect_to(lookup, address);
    }
}

// What the board was told counts before what the network says.
static void ask(lookup_t *lookup)
{
    char known[ADDRESS_MAX];
    ip_addr_t address;
    const char *host = lp_bare_host(lookup->host, known, sizeof known) ? known : lookup->host;
    lookup->state = LOOKUP_ASKED;
    err_t err = lookup->why == LP_OK
                    ? lp_bare_look_up(host, &address, on_found, lookup)
                    : lp_bare_look_up_other(host, lookup->kind, &address, on_found, lookup);
    if (err != ERR_INPROGRESS) {
        on_found(host, err == ERR_OK ? &address : NULL, lookup);
    }
}

void lp_bare_tcp_network(bool is_up)
{
    has_network = is_up;
    for (size_t i = 0; is_up && i < DNS_TABLE_SIZE; i++) {
        if (lookups[i].state == LOOKUP_WAITING && lookups[i].tcp != NULL) {
            ask(&lookups[i]);
        }
    }
}

// A free one; else that of a connection under way, which then has no second kind of address to try.
static lookup_t *find_place(void)
{
    static const uint8_t states[] = {LOOKUP_FREE, LOOKUP_CONNECTING};
    for (size_t i = 0; i < sizeof states * DNS_TABLE_SIZE; i++) {
        if (lookups[i % DNS_TABLE_SIZE].state == states[i / DNS_TABLE_SIZE]) {
            return &lookups[i % DNS_TABLE_SIZE];
        }
    }
    return NULL;
}

static lp_err_t look_up(tcp_t *tcp, const char *host)
{
    lookup_t *lookup = find_place();
    if (lookup == NULL) {
        return LP_E_NOSPACE;
    }
    *lookup = (lookup_t){.tcp = tcp, .state = LOOKUP_WAITING};
    memcpy(lookup->host, host, strlen(host) + 1);
    if (has_network) {
        ask(lookup);
    }
    return LP_OK;
}

static void forget(const tcp_t *tcp)
{
    lookup_t *lookup = lookup_of(tcp);
    if (lookup != NULL) {
        lookup->tcp = NULL;
        lookup->state = lookup->state == LOOKUP_ASKED ? LOOKUP_ASKED : LOOKUP_FREE;
    }
}

static void tcp_stream_listen(lp_stream_t *s, lp_stream_fn *fn, void *ctx)
{
    of(s)->fn = fn;
    of(s)->ctx = ctx;
}

static lp_err_t tcp_stream_read(lp_stream_t *s, uint8_t *buf, size_t cap, size_t *n)
{
    tcp_t *tcp = of(s);
    if (tcp->rx == NULL) {
        return tcp->is_ended ? LP_E_CLOSED : LP_E_AGAIN;
    }
    uint16_t want = cap < tcp->rx->tot_len ? (uint16_t)cap : tcp->rx->tot_len;
    uint16_t got = pbuf_copy_partial(tcp->rx, buf, want, 0);
    tcp->rx = pbuf_free_header(tcp->rx, got);
    if (tcp->pcb != NULL) {
        tcp_recved(tcp->pcb, got);
    }
    tell_end_of_data(tcp);
    *n = got;
    return LP_OK;
}

static lp_err_t tcp_stream_write(lp_stream_t *s, lp_span_t data, size_t *n)
{
    tcp_t *tcp = of(s);
    if (tcp->pcb == NULL || tcp->is_ended) {
        return LP_E_CLOSED;
    }
    size_t room = tcp_sndbuf(tcp->pcb);
    uint16_t len = (uint16_t)(data.len < room ? data.len : room);
    if (tcp->port != 0 || len == 0 || tcp_sndqueuelen(tcp->pcb) >= TCP_SND_QUEUELEN - 2 ||
        tcp_write(tcp->pcb, data.ptr, len, TCP_WRITE_FLAG_COPY) != ERR_OK) {
        tcp->is_blocked = true;
        return LP_E_AGAIN;
    }
    (void)tcp_output(tcp->pcb);
    *n = len;
    return LP_OK;
}

static void tcp_stream_close(lp_stream_t *s)
{
    tcp_t *tcp = of(s);
    tcp->fn = NULL;
    tcp->is_ended = true;
    lp_loop_unpost(lp_bare_loop, &tcp->event);
    forget(tcp);
    if (tcp->rx != NULL) {
        pbuf_free(tcp->rx);
        tcp->rx = NULL;
    }
    struct tcp_pcb *pcb = tcp->pcb;
    tcp->pcb = NULL;
    if (pcb != NULL) {
        tcp_arg(pcb, NULL);
        tcp_err(pcb, NULL);
        tcp_recv(pcb, NULL);
        tcp_sent(pcb, NULL);
        tcp_poll(pcb, NULL, 0);
        tcp_setprio(pcb, TCP_PRIO_MIN); // what is only saying goodbye makes room for a new one
        if (tcp_close(pcb) != ERR_OK) {
            tcp_abort(pcb);
        }
    }
}

static const lp_stream_ops_t ops = {.listen = tcp_stream_listen,
                                    .read = tcp_stream_read,
                                    .write = tcp_stream_write,
                                    .close = tcp_stream_close};

void lp_bare_tcp_adopt(lp_tcp_t *opaque, struct tcp_pcb *pcb, bool is_over)
{
    tcp_t *tcp = (tcp_t *)(void *)opaque;
    *tcp = (tcp_t){.stream = {.ops = &ops}, .has_fin = is_over};
    lp_event_init(&tcp->event, on_event, tcp);
    take_over(tcp, pcb);
    tcp_nagle_disable(pcb);
    if (pcb->refused_data != NULL) {
        (void)tcp_process_refused_data(pcb); // calls on_received()
    }
    tell_end_of_data(tcp);
}

lp_err_t lp_port_tcp_open(lp_tcp_t *opaque, const char *host, uint16_t port, lp_stream_fn *fn,
                          void *ctx)
{
    size_t len = strlen(host);
    if (len == 0 || len >= HOST_MAX || port == 0) {
        return LP_E_INVALID;
    }
    tcp_t *tcp = (tcp_t *)(void *)opaque;
    *tcp = (tcp_t){.stream = {.ops = &ops}, .fn = fn, .ctx = ctx, .port = port};
    lp_event_init(&tcp->event, on_event, tcp);
    return look_up(tcp, host);
}
