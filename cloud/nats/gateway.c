// SPDX-License-Identifier: Apache-2.0
// The loop: the unix socket, the clients, what NATS brings, and the clock.
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "gateway_private.h"
#include "limpet/fleet.h"
#include "limpet/host.h"
#include "limpet/jobs.h"

enum { EVENTS = 256, ACCEPTS = 64, BACKLOG = 512, SWEEP_MS = 1000, JOBS_MS = 500 };

int64_t gw_wall_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void gw_note(client_t *c, const char *kind, const char *topic, const char *reason)
{
    const lp_reg_event_t e = {
        .kind = kind,
        .client = c->id[0] != '\0' ? c->id : NULL,
        .certificate = c->pass.certificate_id[0] != '\0' ? c->pass.certificate_id : NULL,
        .thing = c->session != NULL ? lp_session_thing(c->session) : NULL,
        .address = c->pass.address[0] != '\0' ? c->pass.address : NULL,
        .topic = topic,
        .reason = reason,
    };
    lp_journal_add(&c->gateway->journal, c->gateway->reg, &e);
}

// --- descriptors --------------------------------------------------------------------------------

void gw_watch(lp_gateway_t *g, client_t *c, uint32_t events)
{
    struct epoll_event e = {.events = events, .data.ptr = c};
    if (events == c->wants) {
        return;
    }
    int op = c->wants == 0 ? EPOLL_CTL_ADD : events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
    if (epoll_ctl(g->epoll, op, c->fd, &e) == 0) {
        c->wants = events;
    }
}

static bool watch_own(lp_gateway_t *g, int fd, void *mark)
{
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = mark};
    return epoll_ctl(g->epoll, EPOLL_CTL_ADD, fd, &e) == 0;
}

static void pause_listener(lp_gateway_t *g, bool paused)
{
    struct epoll_event e = {.events = paused ? 0 : (uint32_t)EPOLLIN, .data.ptr = &g->listener};
    if (paused != g->is_paused && epoll_ctl(g->epoll, EPOLL_CTL_MOD, g->listener, &e) == 0) {
        g->is_paused = paused;
    }
}

static void accept_clients(lp_gateway_t *g)
{
    for (int i = 0; i < ACCEPTS; i++) {
        int fd = accept4(g->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            pause_listener(g, errno == EMFILE || errno == ENFILE || errno == ENOMEM);
            return;
        }
        if (gw_client_new(g, fd) == NULL) {
            close(fd);
        }
    }
}

static void take_item(lp_gateway_t *g, const link_item_t *item)
{
    switch (item->kind) {
    case LINK_STORED:
        gw_stored(g, item->id, item->ok);
        break;
    case LINK_MESSAGE:
        gw_message(g, item);
        break;
    case LINK_CONTROL:
        gw_control(g, item);
        break;
    case LINK_FOLLOWED:
        gw_followed(g, item->id, item->ok);
        break;
    case LINK_CONNECTED:
        if (item->ok) {
            gw_pending_resend(g);
        }
        break;
    case LINK_CLOSED:
        g->is_shut_out = true;
        break;
    }
}

static void take_link(lp_gateway_t *g)
{
    for (link_item_t *i = link_take(g->link), *next = NULL; i != NULL; i = next) {
        next = i->next;
        take_item(g, i);
        link_item_free(i);
    }
}

static void serve(lp_gateway_t *g, const struct epoll_event *e)
{
    if (e->data.ptr == &g->listener) {
        accept_clients(g);
    } else if (e->data.ptr == &g->link) {
        take_link(g);
    } else {
        gw_client_step(e->data.ptr, (e->events & ~(uint32_t)EPOLLOUT) != 0);
    }
}

static void bury(lp_gateway_t *g)
{
    if (!g->has_dead) {
        return;
    }
    g->has_dead = false;
    for (client_t *c = g->clients, *next = NULL; c != NULL; c = next) {
        next = c->next;
        if (c->is_failed) {
            gw_client_drop(c);
        }
        if (c->state == CLIENT_DEAD) {
            gw_client_free(c);
        }
    }
}

// --- the clock ----------------------------------------------------------------------------------

// Rollouts and timeouts of jobs are the business of one gateway: of who holds the lock, which the
// system takes away from a process that ends.
static void tick_jobs(lp_gateway_t *g)
{
    const lp_jobs_t jobs = lp_jobs(g->reg, &g->scope);
    if (g->now_ms - g->jobs_ms < JOBS_MS) {
        return;
    }
    g->jobs_ms = g->now_ms;
    if (g->jobs_lock >= 0 && flock(g->jobs_lock, LOCK_EX | LOCK_NB) == 0) {
        lp_jobs_tick(&jobs);
    }
}

static void tick(lp_gateway_t *g)
{
    if (g->now_ms - g->ticked_ms < TICK_MS) {
        return;
    }
    g->ticked_ms = g->now_ms;
    if (g->now_ms - g->swept_ms >= SWEEP_MS) {
        g->swept_ms = g->now_ms;
        lp_fleet_sweep(g->reg);
        pause_listener(g, false);
    }
    int64_t change = lp_registry_change(g->reg);
    if (change != g->change) {
        g->change = change;
        gw_kick_invalid(g);
    }
    gw_pending_tick(g);
    tick_jobs(g);
    gw_outbox(g);
    lp_journal_flush(&g->journal, g->reg);
}

bool lp_gateway_run(lp_gateway_t *g)
{
    struct epoll_event events[EVENTS];
    while (*g->config.stop == 0) {
        int n = epoll_wait(g->epoll, events, EVENTS, TICK_MS);
        if (n < 0 && errno != EINTR) {
            return false;
        }
        g->now_ms = lp_host_now_ms();
        for (int i = 0; i < n; i++) {
            serve(g, &events[i]);
        }
        tick(g);
        bury(g);
        if (g->is_shut_out) {
            errno = EACCES;
            return false;
        }
    }
    return true;
}

// --- opening ------------------------------------------------------------------------------------

// A unix socket's address has room for 107 bytes only; the folder's descriptor is a short way
// there. Nobody else may connect, from the first moment on.
static int listen_in(const char *place)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int dir = open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = dir >= 0 ? socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) : -1;
    snprintf(addr.sun_path, sizeof addr.sun_path, "/proc/self/fd/%d/broker.sock", dir);
    if (fd >= 0) {
        unlinkat(dir, "broker.sock", 0);
        mode_t mask = umask(0177);
        bool ok = bind(fd, (struct sockaddr *)&addr, sizeof addr) == 0 && listen(fd, BACKLOG) == 0;
        umask(mask);
        if (!ok) {
            close(fd);
            fd = -1;
        }
    }
    if (dir >= 0) {
        close(dir);
    }
    return fd;
}

static bool open_registry(lp_gateway_t *g, char *why, size_t size)
{
    char path[1200];
    if (!lp_registry_open_scope(&g->reg, g->config.folder, g->config.account, g->config.region,
                                &g->scope, why, size)) {
        return false;
    }
    g->change = lp_registry_change(g->reg);
    g->rules = lp_rules_open(g->reg, &g->scope);
    snprintf(path, sizeof path, "%s/jobs.lock", g->config.folder);
    g->jobs_lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    snprintf(path, sizeof path, "%s/front.key", g->config.place);
    if (g->rules == NULL || !lp_pass_key_read(path, &g->key)) {
        snprintf(why, size, "%s cannot be read", path);
        return false;
    }
    return true;
}

static bool open_all(lp_gateway_t *g, lp_gateway_trouble_t *trouble, char *why, size_t size)
{
    const link_config_t config = {.access = g->config.nats,
                                  .account = g->config.account,
                                  .region = g->config.region,
                                  .replicas = g->config.replicas,
                                  .keep_h = g->config.keep_h,
                                  .stop = g->config.stop};
    if (!open_registry(g, why, size)) {
        return false;
    }
    g->link = link_open(&config, trouble, why, size);
    if (g->link == NULL) {
        return false;
    }
    // Last, since who finds the socket takes us as being up.
    g->epoll = epoll_create1(EPOLL_CLOEXEC);
    g->listener = listen_in(g->config.place);
    if (g->epoll < 0 || g->listener < 0 || !watch_own(g, g->listener, &g->listener) ||
        !watch_own(g, link_fd(g->link), &g->link)) {
        snprintf(why, size, "%s/broker.sock: %s", g->config.place, strerror(errno));
        return false;
    }
    return true;
}

lp_gateway_t *lp_gateway_open(const lp_gateway_config_t *config, lp_gateway_trouble_t *trouble,
                              char *why, size_t size)
{
    *trouble = LP_GATEWAY_LOCAL;
    lp_gateway_t *g = calloc(1, sizeof *g);
    if (g == NULL) {
        snprintf(why, size, "out of memory");
        return NULL;
    }
    g->config = *config;
    g->epoll = g->listener = g->jobs_lock = -1;
    g->now_ms = lp_host_now_ms();
    snprintf(g->instance, sizeof g->instance, "%lld-%d", (long long)gw_wall_ms(), (int)getpid());
    signal(SIGPIPE, SIG_IGN);
    lp_host_raise_files();
    if (!open_all(g, trouble, why, size)) {
        lp_gateway_close(g);
        return NULL;
    }
    return g;
}

static void close_fd(int fd)
{
    if (fd >= 0) {
        close(fd);
    }
}

void lp_gateway_close(lp_gateway_t *g)
{
    if (g == NULL) {
        return;
    }
    for (client_t *c = g->clients; c != NULL; c = c->next) {
        gw_client_drop(c);
    }
    while (g->clients != NULL) {
        gw_client_free(g->clients);
    }
    gw_pending_free(g);
    link_close(g->link);
    if (g->reg != NULL) {
        lp_journal_flush(&g->journal, g->reg);
    }
    lp_rules_close(g->rules);
    lp_registry_close(g->reg);
    close_fd(g->listener);
    close_fd(g->epoll);
    close_fd(g->jobs_lock);
    OPENSSL_cleanse(&g->key, sizeof g->key);
    free(g);
}
