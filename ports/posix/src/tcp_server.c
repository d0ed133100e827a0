// SPDX-License-Identifier: Apache-2.0
// Incoming TCP. One socket serves IPv6 and IPv4; where this computer has no IPv6, IPv4 alone.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "posix_internal.h"

enum { BACKLOG = 8, ARRIVALS = 8, AIR_FD = -1 };

// An lp_tcp_server_t as this port sees it.
typedef struct server {
    lp_posix_watch_t watch; // its descriptor is AIR_FD on the address of our own access point
    lp_event_t event;
    lp_tcp_arrival_fn *fn;
    void *ctx;
    bool is_listening;
    uint16_t port;
    struct server *next; // of those on our own access point
} server_t;

_Static_assert(sizeof(server_t) <= sizeof(lp_tcp_server_t), "lp_tcp_server_t.port_ is too small");

typedef struct {
    struct sockaddr_storage addr;
    socklen_t len;
} place_t;

// Connections over our own access point that wait.
static struct {
    int fd;
    uint16_t port;
    char address[INET_ADDRSTRLEN];
} arrivals[ARRIVALS];
static size_t arrival_count;
static server_t *on_air;

static void tell(void *ctx)
{
    const server_t *server = ctx;
    server->fn(server->ctx);
}

// Told once; accept() asks poll() for the next when it came back empty.
static void on_poll(void *ctx, short revents)
{
    (void)revents;
    server_t *server = ctx;
    server->watch.events = 0;
    lp_loop_post(lp_posix_loop, &server->event);
}

static bool place_of(const char *address, uint16_t port, place_t *place)
{
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    memset(place, 0, sizeof *place);
    if (address[0] == '\0' || inet_pton(AF_INET6, address, &v6.sin6_addr) == 1) {
        place->len = sizeof v6;
        memcpy(&place->addr, &v6, sizeof v6);
        return true;
    }
    place->len = sizeof v4;
    const bool is_v4 = inet_pton(AF_INET, address, &v4.sin_addr) == 1;
    memcpy(&place->addr, &v4, sizeof v4);
    return is_v4;
}

static lp_err_t err_of(int errnum)
{
    if (errnum == EADDRINUSE) {
        return LP_E_EXISTS;
    }
    return errnum == EADDRNOTAVAIL ? LP_E_INVALID : lp_posix_err(errnum);
}

static lp_err_t start(int fd, const place_t *place)
{
    const int on = 1;
    const int off = 0;
    lp_posix_prepare_fd(fd);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (place->addr.ss_family == AF_INET6) {
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    }
    if (bind(fd, (const struct sockaddr *)&place->addr, place->len) != 0 ||
        listen(fd, BACKLOG) != 0) {
        return err_of(errno);
    }
    return LP_OK;
}

static lp_err_t open_socket(const char *address, uint16_t port, int *fd)
{
    place_t place;
    if (!place_of(address, port, &place)) {
        return LP_E_INVALID;
    }
    *fd = socket(place.addr.ss_family, SOCK_STREAM, 0);
    if (*fd < 0 && errno == EAFNOSUPPORT && address[0] == '\0') {
        return open_socket("0.0.0.0", port, fd);
    }
    if (*fd < 0) {
        return lp_posix_err(errno);
    }
    const lp_err_t err = start(*fd, &place);
    if (err != LP_OK) {
        close(*fd);
    }
    return err;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_storage addr = {0};
    socklen_t len = sizeof addr;
    (void)getsockname(fd, (struct sockaddr *)&addr, &len);
    struct sockaddr_in6 v6; // the port stands at the same place in both
    memcpy(&v6, &addr, sizeof v6);
    return ntohs(v6.sin6_port);
}

// -- on our own access point

static server_t *server_of(uint16_t port)
{
    server_t *server = on_air;
    while (server != NULL && server->port != port) {
        server = server->next;
    }
    return server;
}

static lp_err_t listen_on_air(server_t *server, uint16_t port)
{
    if (port == 0 || server_of(port) != NULL) {
        return port == 0 ? LP_E_UNSUPPORTED : LP_E_EXISTS;
    }
    server->port = port;
    server->watch.fd = AIR_FD;
    server->next = on_air;
    on_air = server;
    return LP_OK;
}

void lp_posix_tcp_arrive(int fd, const char *address, uint16_t port)
{
    server_t *server = server_of(port);
    if (server == NULL || arrival_count == ARRIVALS) {
        close(fd);
        return;
    }
    arrivals[arrival_count].fd = fd;
    arrivals[arrival_count].port = port;
    snprintf(arrivals[arrival_count].address, INET_ADDRSTRLEN, "%s", address);
    arrival_count++;
    lp_loop_post(lp_posix_loop, &server->event);
}

static void drop_arrival(size_t i)
{
    arrival_count--;
    memmove(&arrivals[i], &arrivals[i + 1], (arrival_count - i) * sizeof arrivals[0]);
}

static lp_err_t accept_from_air(const server_t *server, lp_tcp_t *tcp, lp_net_peer_t *peer)
{
    for (size_t i = 0; i < arrival_count; i++) {
        if (arrivals[i].port == server->port) {
            *peer = (lp_net_peer_t){.addr = {[10] = 0xFF, [11] = 0xFF}};
            (void)inet_pton(AF_INET, arrivals[i].address, peer->addr + 12);
            lp_posix_tcp_take(tcp, arrivals[i].fd, false);
            drop_arrival(i);
            return LP_OK;
        }
    }
    return LP_E_AGAIN;
}

static void leave_air(server_t *server)
{
    for (size_t i = arrival_count; i > 0; i--) {
        if (arrivals[i - 1].port == server->port) {
            close(arrivals[i - 1].fd);
            drop_arrival(i - 1);
        }
    }
    for (server_t **link = &on_air; *link != NULL; link = &(*link)->next) {
        if (*link == server) {
            *link = server->next;
            return;
        }
    }
}

// -- limpet/port/net.h

lp_err_t lp_port_tcp_listen(lp_tcp_server_t *opaque, const char *address, uint16_t *port,
                            lp_tcp_arrival_fn *fn, void *ctx)
{
    int fd = -1;
    server_t *server = (server_t *)(void *)opaque;
    const bool is_air = lp_posix_wifi_is_ap_address(address);
    const lp_err_t err = is_air ? LP_OK : open_socket(address, *port, &fd);
    if (err != LP_OK) {
        return err;
    }
    *server = (server_t){.fn = fn, .ctx = ctx, .is_listening = true};
    lp_event_init(&server->event, tell, server);
    if (is_air) {
        const lp_err_t on = listen_on_air(server, *port);
        server->is_listening = on == LP_OK;
        return on;
    }
    server->watch = (lp_posix_watch_t){.fd = fd, .events = POLLIN, .fn = on_poll, .ctx = server};
    lp_posix_watch_start(&server->watch);
    *port = port_of(fd);
    return LP_OK;
}

void lp_posix_take_peer(const struct sockaddr_storage *addr, lp_net_peer_t *peer)
{
    *peer = (lp_net_peer_t){.port = 0};
    if (addr->ss_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, addr, sizeof v6);
        memcpy(peer->addr, &v6.sin6_addr, sizeof peer->addr);
        peer->port = ntohs(v6.sin6_port);
        return;
    }
    struct sockaddr_in v4;
    memcpy(&v4, addr, sizeof v4);
    peer->addr[10] = peer->addr[11] = 0xFF;
    memcpy(peer->addr + 12, &v4.sin_addr, 4);
    peer->port = ntohs(v4.sin_port);
}

static bool is_worth_another_try(int errnum)
{
    return errnum == EINTR || errnum == ECONNABORTED || errnum == EPROTO;
}

lp_err_t lp_port_tcp_accept(lp_tcp_server_t *opaque, lp_tcp_t *tcp, lp_net_peer_t *peer)
{
    server_t *server = (server_t *)(void *)opaque;
    struct sockaddr_storage addr;
    uint16_t portal;
    int fd;
    if (!server->is_listening) {
        return LP_E_AGAIN;
    }
    if (server->watch.fd == AIR_FD) {
        return accept_from_air(server, tcp, peer);
    }
    do {
        socklen_t len = sizeof addr;
        memset(&addr, 0, sizeof addr);
        fd = accept(server->watch.fd, (struct sockaddr *)&addr, &len);
    } while (fd < 0 && is_worth_another_try(errno));
    if (fd < 0) {
        const bool is_full = errno == EMFILE || errno == ENFILE || errno == ENOMEM;
        server->watch.events = is_full ? 0 : POLLIN; // full: else poll() would say so without end
        return is_full ? LP_E_NOSPACE : LP_E_AGAIN;
    }
    if (!lp_posix_net_is_up(&portal)) { // nobody gets here without our radio
        close(fd);
        server->watch.events = POLLIN;
        return LP_E_AGAIN;
    }
    lp_posix_tcp_take(tcp, fd, true);
    lp_posix_take_peer(&addr, peer);
    return LP_OK;
}

void lp_port_tcp_unlisten(lp_tcp_server_t *opaque)
{
    server_t *server = (server_t *)(void *)opaque;
    if (server->is_listening) {
        server->is_listening = false;
        lp_posix_watch_stop(&server->watch);
        lp_loop_unpost(lp_posix_loop, &server->event);
        if (server->watch.fd == AIR_FD) {
            leave_air(server);
            return;
        }
        close(server->watch.fd);
        server->watch.fd = -1;
    }
}
