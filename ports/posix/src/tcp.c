// SPDX-License-Identifier: Apache-2.0
// Outgoing TCP. getaddrinfo() blocks, so it runs on a thread of its own and reports through a pipe;
// the addresses are then tried one after the other, each for CONNECT_TIMEOUT_MS.
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "limpet/port/net.h"
#include "posix_internal.h"

enum { JOBS = 4, HOST_MAX = 254, CONNECT_TIMEOUT_MS = 8000 };

// An lp_tcp_t as this port sees it. A job connects, because a refused address is no end yet; the
// stream gets the descriptor once it is connected.
typedef struct tcp {
    lp_posix_stream_t base; // must stay first
    struct job *job;        // null once connected or failed
    struct tcp *next;       // of those that are cut with the network
} tcp_t;

_Static_assert(sizeof(tcp_t) <= sizeof(lp_tcp_t), "lp_tcp_t.port_ is too small");
_Static_assert(_Alignof(tcp_t) <= _Alignof(lp_tcp_t), "lp_tcp_t is not aligned for this port");

typedef enum { JOB_FREE, JOB_RESOLVING, JOB_CONNECTING } job_state_t;

typedef struct job {
    job_state_t state;
    tcp_t *tcp; // null: the caller closed it meanwhile
    char host[HOST_MAX];
    char port[6];
    struct addrinfo *found; // written by the thread before it reports, then read by the loop
    int result;
    const struct addrinfo *next;
    lp_err_t last_err;
    int fd;
    lp_posix_watch_t watch;
    lp_timer_t timer;
} job_t;

static job_t jobs[JOBS];
static tcp_t *cuttable;
static int report_pipe[2] = {-1, -1};
static lp_posix_watch_t report_watch;

// -- the network may go

static void forget(tcp_t *tcp)
{
    for (tcp_t **link = &cuttable; *link != NULL; link = &(*link)->next) {
        if (*link == tcp) {
            *link = tcp->next;
            return;
        }
    }
}

static void remember(tcp_t *tcp)
{
    if (lp_posix_wifi_is_wired()) {
        tcp->next = cuttable;
        cuttable = tcp;
    }
}

// -- resolving and connecting

static void free_job(job_t *job)
{
    lp_timer_stop(lp_posix_loop, &job->timer);
    lp_posix_watch_stop(&job->watch);
    if (job->fd >= 0) {
        close(job->fd);
        job->fd = -1;
    }
    if (job->found != NULL) {
        freeaddrinfo(job->found);
        job->found = NULL;
    }
    if (job->tcp != NULL) {
        job->tcp->job = NULL;
        job->tcp = NULL;
    }
    job->state = JOB_FREE;
}

static void fail_job(job_t *job, lp_err_t err)
{
    tcp_t *tcp = job->tcp;
    free_job(job);
    lp_posix_stream_fail(&tcp->base, err);
}

static void connect_next(job_t *job);

static void on_connected(void *ctx, short revents)
{
    (void)revents;
    job_t *job = ctx;
    int errnum = 0;
    socklen_t len = sizeof errnum;
    if (getsockopt(job->fd, SOL_SOCKET, SO_ERROR, &errnum, &len) != 0) {
        errnum = errno;
    }
    if (errnum != 0) {
        job->last_err = lp_posix_err(errnum);
        connect_next(job);
        return;
    }
    tcp_t *tcp = job->tcp;
    const int fd = job->fd;
    job->fd = -1;
    free_job(job);
    lp_posix_stream_connecting(&tcp->base, fd); // it is connected: poll() says so at once
}

static void on_connect_timeout(void *ctx)
{
    job_t *job = ctx;
    job->last_err = LP_E_TIMEOUT;
    connect_next(job);
}

// Starts connecting to one address. false: it failed at once.
static bool start_connect(job_t *job, const struct addrinfo *ai)
{
    job->fd = socket(ai->ai_family, SOCK_STREAM, 0);
    if (job->fd < 0) {
        job->last_err = lp_posix_err(errno);
        return false;
    }
    lp_posix_prepare_fd(job->fd);
    const int on = 1;
    (void)setsockopt(job->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(job->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    if (connect(job->fd, ai->ai_addr, ai->ai_addrlen) != 0 && errno != EINPROGRESS) {
        job->last_err = lp_posix_err(errno);
        return false;
    }
    job->watch =
        (lp_posix_watch_t){.fd = job->fd, .events = POLLOUT, .fn = on_connected, .ctx = job};
    lp_posix_watch_start(&job->watch);
    lp_timer_start(lp_posix_loop, &job->timer, CONNECT_TIMEOUT_MS);
    return true;
}

static void connect_next(job_t *job)
{
    do {
        lp_timer_stop(lp_posix_loop, &job->timer);
        lp_posix_watch_stop(&job->watch);
        if (job->fd >= 0) {
            close(job->fd);
            job->fd = -1;
        }
        if (job->next == NULL) {
            fail_job(job, job->last_err);
            return;
        }
        const struct addrinfo *ai = job->next;
        job->next = ai->ai_next;
        if (start_connect(job, ai)) {
            return;
        }
    } while (true);
}

static void on_resolved(job_t *job)
{
    if (job->tcp == NULL) {
        free_job(job);
    } else if (job->result != 0) {
        fail_job(job, LP_E_NET_RESOLVE);
    } else {
        job->state = JOB_CONNECTING;
        job->next = job->found;
        job->last_err = LP_E_NET_RESOLVE;
        connect_next(job);
    }
}

static void on_report(void *ctx, short revents)
{
    (void)ctx;
    (void)revents;
    uint8_t index;
    while (read(report_pipe[0], &index, 1) == 1) {
        on_resolved(&jobs[index]);
    }
}

static void *resolve(void *ctx)
{
    job_t *job = ctx;
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    job->result = getaddrinfo(job->host, job->port, &hints, &job->found);
    const uint8_t index = (uint8_t)(job - jobs);
    ssize_t put;
    do {
        put = write(report_pipe[1], &index, 1);
    } while (put < 0 && errno == EINTR);
    return NULL;
}

static lp_err_t start_thread(job_t *job)
{
    pthread_attr_t attr;
    pthread_t thread;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    const int errnum = pthread_create(&thread, &attr, resolve, job);
    pthread_attr_destroy(&attr);
    return lp_posix_err(errnum);
}

// The name may be looked up still: whoever closes a stream lets its job go.
static void let_go(tcp_t *tcp)
{
    job_t *job = tcp->job;
    if (job != NULL && job->state == JOB_RESOLVING) {
        job->tcp = NULL; // the thread still writes to it; on_resolved() frees it
        tcp->job = NULL;
    } else if (job != NULL) {
        free_job(job);
    }
}

static void tcp_close(lp_stream_t *stream)
{
    tcp_t *tcp = (tcp_t *)stream;
    let_go(tcp);
    forget(tcp);
    lp_posix_stream_close(stream);
}

void lp_posix_tcp_cut(void)
{
    while (cuttable != NULL) {
        tcp_t *tcp = cuttable;
        cuttable = tcp->next;
        let_go(tcp);
        if (tcp->base.watch_.fd >= 0) {
            (void)shutdown(tcp->base.watch_.fd, SHUT_RDWR);
        }
        lp_posix_stream_fail(&tcp->base, LP_E_NET_RESET);
    }
}

static const lp_stream_ops_t tcp_ops = {.listen = lp_posix_stream_listen,
                                        .read = lp_posix_stream_read,
                                        .write = lp_posix_stream_write,
                                        .close = tcp_close};

void lp_posix_tcp_take(lp_tcp_t *opaque, int fd, bool is_cut_with_network)
{
    tcp_t *tcp = (tcp_t *)opaque;
    const int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    forget(tcp);
    lp_posix_stream_init(&tcp->base, fd);
    tcp->base.stream.ops = &tcp_ops;
    tcp->job = NULL;
    if (is_cut_with_network) {
        remember(tcp);
    }
}

static lp_err_t init_once(void)
{
    if (report_pipe[0] >= 0) {
        return LP_OK;
    }
    if (pipe2(report_pipe, O_CLOEXEC | O_NONBLOCK) != 0) {
        return lp_posix_err(errno);
    }
    report_watch = (lp_posix_watch_t){.fd = report_pipe[0], .events = POLLIN, .fn = on_report};
    lp_posix_watch_start(&report_watch);
    return LP_OK;
}

static job_t *take_job(void)
{
    for (size_t i = 0; i < JOBS; i++) {
        if (jobs[i].state == JOB_FREE) {
            jobs[i] = (job_t){.state = JOB_RESOLVING, .fd = -1};
            lp_timer_init(&jobs[i].timer, on_connect_timeout, &jobs[i]);
            return &jobs[i];
        }
    }
    return NULL;
}

static lp_err_t open_to(lp_tcp_t *opaque, const char *host, uint16_t port, bool is_up,
                        uint16_t portal)
{
    const size_t len = strlen(host);
    if (len == 0 || len >= HOST_MAX || port == 0) {
        return LP_E_INVALID;
    }
    lp_err_t err = init_once();
    job_t *job = err == LP_OK ? take_job() : NULL;
    if (job == NULL) {
        return err != LP_OK ? err : LP_E_NOSPACE;
    }
    memcpy(job->host, host, len + 1);
    if (portal != 0) { // whatever name was asked for is the portal's
        memcpy(job->host, "127.0.0.1", sizeof "127.0.0.1");
        port = portal;
    }
    snprintf(job->port, sizeof job->port, "%u", (unsigned)port);
    err = is_up ? start_thread(job) : LP_OK;
    if (err != LP_OK) {
        job->state = JOB_FREE;
        return err;
    }
    tcp_t *tcp = (tcp_t *)opaque;
    forget(tcp);
    lp_posix_stream_init(&tcp->base, -1);
    tcp->base.stream.ops = &tcp_ops;
    tcp->base.is_connecting_ = true;
    tcp->job = job;
    job->tcp = tcp;
    if (!is_up) {
        fail_job(job, LP_E_NET_RESET);
    }
    return LP_OK;
}

lp_err_t lp_port_tcp_open(lp_tcp_t *opaque, const char *host, uint16_t port, lp_stream_fn *fn,
                          void *ctx)
{
    uint16_t portal = 0;
    const bool is_up = lp_posix_net_is_up(&portal);
    const lp_err_t err = open_to(opaque, host, port, is_up, portal);
    if (err == LP_OK) {
        lp_posix_stream_listen(&opaque->stream, fn, ctx);
        remember((tcp_t *)opaque);
    }
    return err;
}

lp_err_t lp_posix_tcp_open_wire(lp_tcp_t *opaque, const char *host, uint16_t port, lp_stream_fn *fn,
                                void *ctx)
{
    const lp_err_t err = open_to(opaque, host, port, true, 0);
    if (err == LP_OK) {
        lp_posix_stream_listen(&opaque->stream, fn, ctx);
    }
    return err;
}
