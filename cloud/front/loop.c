// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "front.h"
#include "limpet/host.h"

enum { EVENTS = 256, TICK_MS = 100, ACCEPTS = 64, CONNS_MAX = 20000 };

void front_watch(lp_front_t *front, int fd, endpoint_t *endpoint, uint32_t events)
{
    struct epoll_event e = {.events = events, .data.ptr = endpoint};
    if (events == endpoint->wants) {
        return;
    }
    int op = endpoint->wants == 0 ? EPOLL_CTL_ADD : events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
    if (epoll_ctl(front->epoll, op, fd, &e) == 0) {
        endpoint->wants = events;
    }
}

// A unix socket's address has room for 107 bytes only; the folder's descriptor is a short way
// there.
int lp_front_broker_connect(const char *folder)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = dir >= 0 ? socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) : -1;
    snprintf(addr.sun_path, sizeof addr.sun_path, "/proc/self/fd/%d/broker.sock", dir);
    bool ok = fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof addr) == 0;
    int kept = errno;
    if (dir >= 0) {
        close(dir);
    }
    if (!ok && fd >= 0) {
        close(fd);
    }
    errno = kept;
    return ok ? fd : -1;
}

static void listeners_watch(lp_front_t *front, bool on)
{
    for (int i = 0; i < LP_FRONT_KINDS; i++) {
        if (front->config.listener[i] >= 0) {
            front_watch(front, front->config.listener[i], &front->listener[i],
                        on ? (uint32_t)EPOLLIN : 0);
        }
    }
    front->paused = !on;
}

static void peer_text(const struct sockaddr_storage *peer, char out[ADDRESS_SIZE])
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)peer;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)peer;
    const void *bytes =
        peer->ss_family == AF_INET6 ? (const void *)&v6->sin6_addr : (const void *)&v4->sin_addr;
    if (inet_ntop(peer->ss_family, bytes, out, ADDRESS_SIZE) == NULL) {
        snprintf(out, ADDRESS_SIZE, "?");
    }
}

// False: there is nobody, or no descriptor for them.
static bool accept_one(lp_front_t *front, lp_front_kind_t kind)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof peer;
    char address[ADDRESS_SIZE];
    int one = 1;
    int fd = accept4(front->config.listener[kind], (struct sockaddr *)&peer, &len,
                     SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR) {
            listeners_watch(front, false);
        }
        return errno == ECONNABORTED || errno == EINTR;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    peer_text(&peer, address);
    conn_t *c = front->count < CONNS_MAX ? front_conn_new(front, kind, fd, address) : NULL;
    if (c == NULL) {
        close(fd);
    } else {
        front_conn_step(c);
    }
    return true;
}

static void serve(lp_front_t *front, const struct epoll_event *e)
{
    endpoint_t *endpoint = e->data.ptr;
    conn_t *c = endpoint->conn;
    if (c == NULL) {
        for (int i = 0; i < ACCEPTS && accept_one(front, endpoint->kind); i++) {
        }
        return;
    }
    if (c->state != CONN_DEAD) {
        *(endpoint->is_broker ? &c->broker_ready : &c->client_ready) = true;
        front_conn_step(c);
    }
}

static void bury(lp_front_t *front)
{
    if (!front->has_dead) {
        return;
    }
    front->has_dead = false;
    for (conn_t *c = front->conns, *next = NULL; c != NULL; c = next) {
        next = c->next;
        if (c->state == CONN_DEAD) {
            front_conn_free(c);
        }
    }
}

static void tick(lp_front_t *front)
{
    if (front->now_ms - front->ticked_ms < TICK_MS) {
        return;
    }
    front->ticked_ms = front->now_ms;
    for (conn_t *c = front->conns; c != NULL; c = c->next) {
        if (c->state != CONN_DEAD) {
            front_conn_tick(c);
        }
    }
    if (front->paused) {
        listeners_watch(front, true);
    }
    lp_journal_flush(&front->journal, front->reg);
}

bool lp_front_run(lp_front_t *front)
{
    struct epoll_event events[EVENTS];
    listeners_watch(front, true);
    while (*front->config.stop == 0) {
        int n = epoll_wait(front->epoll, events, EVENTS, TICK_MS);
        if (n < 0 && errno != EINTR) {
            return false;
        }
        front->now_ms = lp_host_now_ms();
        for (int i = 0; i < n; i++) {
            serve(front, &events[i]);
        }
        tick(front);
        bury(front);
    }
    return true;
}

static bool open_all(lp_front_t *front, char *why, size_t size)
{
    char path[1200];
    snprintf(path, sizeof path, "%s/front.key", front->config.place);
    if (!lp_pass_key_read(path, &front->key)) {
        snprintf(why, size, "%s cannot be read", path);
        return false;
    }
    for (int i = 0; i < LP_FRONT_KINDS; i++) {
        front->listener[i] = (endpoint_t){.kind = (lp_front_kind_t)i};
        front->tls[i] = front_tls_new(front, (lp_front_kind_t)i, why, size);
        if (front->tls[i] == NULL) {
            return false;
        }
    }
    front->epoll = epoll_create1(EPOLL_CLOEXEC);
    return lp_registry_open_scope(&front->reg, front->config.folder, front->config.account,
                                  front->config.region, &front->scope, why, size);
}

lp_front_t *lp_front_open(const lp_front_config_t *config, char *why, size_t size)
{
    lp_front_t *front = calloc(1, sizeof *front);
    if (front == NULL) {
        snprintf(why, size, "out of memory");
        return NULL;
    }
    front->config = *config;
    front->config.place = config->place != NULL ? config->place : config->folder;
    front->epoll = -1;
    front->now_ms = lp_host_now_ms();
    signal(SIGPIPE, SIG_IGN);
    lp_host_raise_files();
    if (!open_all(front, why, size)) {
        lp_front_close(front);
        return NULL;
    }
    return front;
}

void lp_front_close(lp_front_t *front)
{
    if (front == NULL) {
        return;
    }
    while (front->conns != NULL) {
        front_conn_free(front->conns);
    }
    for (int i = 0; i < LP_FRONT_KINDS; i++) {
        SSL_CTX_free(front->tls[i]);
    }
    X509_free(front->certificate);
    if (front->reg != NULL) {
        lp_journal_flush(&front->journal, front->reg);
    }
    lp_registry_close(front->reg);
    if (front->epoll >= 0) {
        close(front->epoll);
    }
    lp_wipe(&front->key, sizeof front->key);
    free(front);
}
