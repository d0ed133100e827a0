// SPDX-License-Identifier: Apache-2.0
// Incoming TCP. One socket serves IPv6 and IPv4; where this computer has no IPv6, IPv4 alone.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "posix_internal.h"

enum { BACKLOG = 8 };

// An lp_tcp_server_t as this port sees it.
typedef struct {
    lp_posix_watch_t watch;
    lp_event_t event;
    lp_tcp_arrival_fn *fn;
    void *ctx;
    bool is_listening;
} server_t;

_Static_assert(sizeof(server_t) <= sizeof(lp_tcp_server_t), "lp_tcp_server_t.port_ is too small");

typedef struct {
    struct sockaddr_storage addr;
    socklen_t len;
} place_t;

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

lp_err_t lp_port_tcp_listen(lp_tcp_server_t *opaque, const char *address, uint16_t *port,
                            lp_tcp_arrival_fn *fn, void *ctx)
{
    int fd = -1;
    const lp_err_t err = open_socket(address, *port, &fd);
    if (err != LP_OK) {
        return err;
    }
    server_t *server = (server_t *)(void *)opaque;
    *server = (server_t){.fn = fn, .ctx = ctx, .is_listening = true};
    lp_event_init(&server->event, tell, server);
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
    int fd;
    if (!server->is_listening) {
        return LP_E_AGAIN;
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
    lp_posix_tcp_take(tcp, fd);
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
        close(server->watch.fd);
        server->watch.fd = -1;
    }
}
