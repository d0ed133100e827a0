// SPDX-License-Identifier: Apache-2.0
// Sockets and TLS around a run.
#include "limpet/advisor_endpoint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "certs.h"
#include "x509.h"

enum { TURN_MS = 100, READ_SIZE = 16384, OUT_MAX = 4 << 20, FLUSH_MS = 2000, BACKLOG = 16 };

typedef struct {
    lp_advisor_endpoint_t *ep;
    int fd; // -1: free
    SSL *ssl;
    bool is_secure, is_closing;
    bool wants_write;
    uint64_t closing_ms;
    uint8_t *out;
    size_t out_len;
    bool has_alert;
    uint8_t alert;
    char error[120];
} conn_t;

struct lp_advisor_endpoint {
    adv_certs_t certs;
    int listen_fd;
    int port;
    char device[LP_REG_ID_SIZE];
    conn_t conns[LP_ADVISOR_CONNS];
    // of the case being played
    SSL_CTX *ctx;
    lp_advisor_t *run;
    const lp_advisor_watch_t *watch;
};

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static unsigned index_of(const conn_t *c)
{
    return (unsigned)(c - c->ep->conns);
}

// --- what OpenSSL tells -------------------------------------------------------------------------

static void on_info(const SSL *ssl, int where, int value)
{
    conn_t *c = SSL_get_app_data(ssl);
    const int code = value & 0xff;
    if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && code != SSL3_AD_CLOSE_NOTIFY) {
        c->has_alert = true;
        c->alert = (uint8_t)code;
    }
}

// The extension: length of the list, kind 0, length, name.
static void take_server_name(SSL *ssl, char *name, size_t cap)
{
    const unsigned char *ext = NULL;
    size_t len = 0;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &ext, &len) != 1 || len < 5 ||
        ext[2] != TLSEXT_NAMETYPE_host_name) {
        return;
    }
    const size_t n = (size_t)ext[3] << 8 | ext[4];
    if (n + 5 <= len && n < cap) {
        memcpy(name, ext + 5, n);
        name[n] = '\0';
    }
}

static int on_hello(SSL *ssl, int *alert, void *arg)
{
    const conn_t *c = SSL_get_app_data(ssl);
    const unsigned char *suites = NULL;
    char name[256] = "";
    (void)alert;
    (void)arg;
    const size_t len = SSL_client_hello_get0_ciphers(ssl, &suites);
    take_server_name(ssl, name, sizeof name);
    const lp_advisor_event_t ev = {.id = LP_ADVISOR_EV_HELLO,
                                   .conn = index_of(c),
                                   .suites = lp_span(suites, len),
                                   .server_name = name[0] != '\0' ? name : NULL};
    lp_advisor_event(c->ep->run, &ev, now_ms());
    return SSL_CLIENT_HELLO_SUCCESS;
}

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                   const unsigned char *in, unsigned in_len, void *arg)
{
    static const unsigned char ours[] = "\x0ex-amzn-mqtt-ca\x04mqtt";
    unsigned char *picked = NULL;
    (void)ssl;
    (void)arg;
    if (SSL_select_next_proto(&picked, out_len, ours, sizeof ours - 1, in, in_len) !=
        OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    *out = picked;
    return SSL_TLSEXT_ERR_OK;
}

// Any certificate will do: which ones are registered is not what the cases are about. That the
// device has its key is checked by TLS itself.
static int on_verify(int is_ok, X509_STORE_CTX *store)
{
    (void)is_ok;
    (void)store;
    return 1;
}

static SSL_CTX *make_context(const adv_certs_t *certs, lp_advisor_cert_t which)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (ctx == NULL || !adv_certs_use(certs, which, ctx)) {
        SSL_CTX_free(ctx);
        return NULL;
    }
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_num_tickets(ctx, 0); // AWS IoT Core has none
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(ctx, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, on_verify);
    SSL_CTX_set_client_hello_cb(ctx, on_hello, NULL);
    SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
    SSL_CTX_set_info_callback(ctx, on_info);
    return ctx;
}

// --- one connection -----------------------------------------------------------------------------

static void drop(conn_t *c)
{
    SSL_free(c->ssl);
    close(c->fd);
    free(c->out);
    *c = (conn_t){.ep = c->ep, .fd = -1};
}

static void end_by_device(conn_t *c)
{
    const lp_advisor_event_t ev = {
        .id = LP_ADVISOR_EV_CLOSED,
        .conn = index_of(c),
        .close = {.has_alert = c->has_alert, .alert = c->alert, .error = c->error}};
    const bool was_ours = c->is_closing;
    if (!was_ours) {
        c->is_closing = true; // what the run says about it now comes too late
        lp_advisor_event(c->ep->run, &ev, now_ms());
    }
    drop(c);
}

// What a call of OpenSSL left behind. True: go on later.
static bool is_pending(conn_t *c, int ret)
{
    const int err = SSL_get_error(c->ssl, ret);
    if (err == SSL_ERROR_WANT_READ || err == SSL_ERROR_WANT_WRITE) {
        c->wants_write = err == SSL_ERROR_WANT_WRITE;
        return true;
    }
    const unsigned long code = ERR_peek_error();
    const char *words = ERR_reason_error_string(code);
    // An end without close_notify is the device's doing, and no words of OpenSSL are needed for it.
    const bool is_eof = ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
    if (err == SSL_ERROR_SSL && words != NULL && !is_eof) {
        snprintf(c->error, sizeof c->error, "%s", words);
    }
    ERR_clear_error();
    return false;
}

static void take_device(conn_t *c)
{
    X509 *cert = SSL_get1_peer_certificate(c->ssl);
    if (cert != NULL) {
        (void)lp_x509_id(cert, c->ep->device);
    }
    X509_free(cert);
}

static void handshake(conn_t *c)
{
    ERR_clear_error();
    const int ret = SSL_accept(c->ssl);
    if (ret != 1) {
        if (!is_pending(c, ret)) {
            end_by_device(c);
        }
        return;
    }
    c->is_secure = true;
    c->wants_write = false;
    take_device(c);
    const lp_advisor_event_t ev = {.id = LP_ADVISOR_EV_SECURE, .conn = index_of(c)};
    lp_advisor_event(c->ep->run, &ev, now_ms());
}

static void flush_out(conn_t *c)
{
    while (c->fd >= 0 && c->is_secure && c->out_len > 0) {
        ERR_clear_error();
        const int n = SSL_write(c->ssl, c->out, (int)c->out_len);
        if (n <= 0) {
            if (!is_pending(c, n)) {
                end_by_device(c);
            } else {
                c->wants_write = true;
            }
            return;
        }
        memmove(c->out, c->out + n, c->out_len - (size_t)n);
        c->out_len -= (size_t)n;
        c->wants_write = c->out_len > 0;
    }
    if (c->fd >= 0 && c->is_closing) {
        if (c->is_secure) {
            (void)SSL_shutdown(c->ssl); // close_notify, and no waiting for the answer
            ERR_clear_error();
        }
        drop(c);
    }
}

static void read_in(conn_t *c)
{
    static uint8_t buf[READ_SIZE];
    while (c->fd >= 0 && !c->is_closing) {
        ERR_clear_error();
        const int n = SSL_read(c->ssl, buf, sizeof buf);
        if (n <= 0) {
            if (!is_pending(c, n)) {
                end_by_device(c);
            }
            return;
        }
        lp_advisor_bytes(c->ep->run, index_of(c), lp_span(buf, (size_t)n), now_ms());
    }
}

static void serve(conn_t *c, short events)
{
    if (events != 0 && !c->is_secure && !c->is_closing) {
        handshake(c);
    }
    if (events != 0 && c->fd >= 0 && c->is_secure) {
        read_in(c);
    }
    if (c->fd >= 0) {
        flush_out(c);
    }
    if (c->fd >= 0 && c->is_closing && now_ms() > c->closing_ms + FLUSH_MS) {
        drop(c);
    }
}

// --- what the run wants -------------------------------------------------------------------------

static void io_send(void *ctx, unsigned conn, lp_span_t bytes)
{
    lp_advisor_endpoint_t *ep = ctx;
    conn_t *c = &ep->conns[conn];
    if (c->fd < 0 || c->is_closing || c->out_len + bytes.len > OUT_MAX) {
        return;
    }
    uint8_t *out = realloc(c->out, c->out_len + bytes.len);
    if (out == NULL) {
        return;
    }
    memcpy(out + c->out_len, bytes.ptr, bytes.len);
    c->out = out;
    c->out_len += bytes.len;
}

static void io_close(void *ctx, unsigned conn)
{
    lp_advisor_endpoint_t *ep = ctx;
    conn_t *c = &ep->conns[conn];
    if (c->fd >= 0 && !c->is_closing) {
        c->is_closing = true;
        c->closing_ms = now_ms();
    }
}

static void io_log(void *ctx, const char *line)
{
    const lp_advisor_endpoint_t *ep = ctx;
    ep->watch->log(ep->watch->ctx, line);
}

// --- the loop -----------------------------------------------------------------------------------

static void refuse(int fd)
{
    const struct linger hard = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(fd);
}

static void accept_one(lp_advisor_endpoint_t *ep)
{
    const int fd = accept4(ep->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        return;
    }
    conn_t *c = ep->conns;
    while (c < ep->conns + LP_ADVISOR_CONNS && c->fd >= 0) {
        c++;
    }
    SSL *ssl = c < ep->conns + LP_ADVISOR_CONNS && lp_advisor_is_listening(ep->run)
                   ? SSL_new(ep->ctx)
                   : NULL;
    if (ssl == NULL || SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        refuse(fd);
        return;
    }
    *c = (conn_t){.ep = ep, .fd = fd, .ssl = ssl};
    SSL_set_app_data(ssl, c);
    const lp_advisor_event_t ev = {.id = LP_ADVISOR_EV_OPEN, .conn = index_of(c)};
    lp_advisor_event(ep->run, &ev, now_ms());
}

static int turn_ms(const lp_advisor_endpoint_t *ep)
{
    const uint64_t now = now_ms();
    const uint64_t due = lp_advisor_due_ms(ep->run);
    return due <= now ? 0 : due - now < TURN_MS ? (int)(due - now) : TURN_MS;
}

static void turn(lp_advisor_endpoint_t *ep)
{
    struct pollfd fds[LP_ADVISOR_CONNS + 1] = {{.fd = ep->listen_fd, .events = POLLIN}};
    for (unsigned i = 0; i < LP_ADVISOR_CONNS; i++) {
        const conn_t *c = &ep->conns[i];
        const bool is_writing = c->wants_write || (c->is_secure && c->out_len > 0);
        fds[i + 1].fd = c->fd;
        fds[i + 1].events = (short)(POLLIN | (is_writing ? POLLOUT : 0));
    }
    (void)poll(fds, LP_ADVISOR_CONNS + 1, turn_ms(ep));
    for (unsigned i = 0; i < LP_ADVISOR_CONNS; i++) {
        conn_t *c = &ep->conns[i];
        if (c->fd >= 0) {
            serve(c, fds[i + 1].revents);
        }
    }
    // After the ends, so that a reconnect is seen after what it follows.
    if ((fds[0].revents & POLLIN) != 0) {
        accept_one(ep);
    }
    lp_advisor_time(ep->run, now_ms());
    for (unsigned i = 0; i < LP_ADVISOR_CONNS; i++) {
        if (ep->conns[i].fd >= 0) {
            flush_out(&ep->conns[i]);
        }
    }
}

static void drop_all(lp_advisor_endpoint_t *ep)
{
    for (unsigned i = 0; i < LP_ADVISOR_CONNS; i++) {
        if (ep->conns[i].fd >= 0) {
            drop(&ep->conns[i]);
        }
    }
}

void lp_advisor_endpoint_clear(lp_advisor_endpoint_t *ep)
{
    int fd;
    while ((fd = accept4(ep->listen_fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        refuse(fd);
    }
}

void lp_advisor_endpoint_play(lp_advisor_endpoint_t *ep, const lp_advisor_case_t *which,
                              const lp_advisor_params_t *params, const lp_advisor_watch_t *watch,
                              lp_advisor_result_t *result)
{
    const lp_advisor_io_t io = {.send = io_send, .close = io_close, .log = io_log, .ctx = ep};
    const uint64_t started = now_ms();
    *result = (lp_advisor_result_t){.verdict = LP_ADVISOR_ERROR, .reason = "out of memory"};
    ep->watch = watch;
    ep->ctx = make_context(&ep->certs, which->cert);
    ep->run = ep->ctx != NULL ? lp_advisor_new(which, params, &io, started) : NULL;
    if (ep->run != NULL) {
        while (lp_advisor_verdict(ep->run) == LP_ADVISOR_RUNNING &&
               !watch->is_stopped(watch->ctx)) {
            turn(ep);
        }
        result->verdict = lp_advisor_verdict(ep->run);
        snprintf(result->reason, sizeof result->reason, "%s", lp_advisor_reason(ep->run));
    }
    result->ms = now_ms() - started;
    drop_all(ep);
    lp_advisor_free(ep->run);
    SSL_CTX_free(ep->ctx);
    ep->run = NULL;
    ep->ctx = NULL;
}

// --- life ---------------------------------------------------------------------------------------

static int listen_on(const char *address, long port)
{
    char service[16];
    struct addrinfo *found = NULL;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    snprintf(service, sizeof service, "%ld", port);
    if (getaddrinfo(address != NULL ? address : "127.0.0.1", service, &hints, &found) != 0) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    const int yes = 1;
    const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool ok = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
              bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0;
    freeaddrinfo(found);
    if (!ok && fd >= 0) {
        const int kept = errno;
        close(fd);
        errno = kept;
        return -1;
    }
    return fd;
}

static int port_of(int fd)
{
    struct sockaddr_storage a = {0};
    socklen_t len = sizeof a;
    getsockname(fd, (struct sockaddr *)&a, &len);
    return a.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)&a)->sin6_port)
                                   : ntohs(((struct sockaddr_in *)&a)->sin_port);
}

bool lp_advisor_endpoint_open(const lp_advisor_endpoint_options_t *options,
                              lp_advisor_endpoint_t **out, char *why, size_t cap)
{
    lp_advisor_endpoint_t *ep = calloc(1, sizeof *ep);
    if (ep == NULL) {
        snprintf(why, cap, "out of memory");
        return false;
    }
    ep->listen_fd = -1;
    for (unsigned i = 0; i < LP_ADVISOR_CONNS; i++) {
        ep->conns[i] = (conn_t){.ep = ep, .fd = -1};
    }
    bool ok = adv_certs_open(&ep->certs, options->dir, options->name, why, cap);
    if (ok) {
        ep->listen_fd = listen_on(options->listen, options->port);
        ok = ep->listen_fd >= 0;
        if (!ok) {
            snprintf(why, cap, "%s port %ld: %s",
                     options->listen != NULL ? options->listen : "127.0.0.1", options->port,
                     strerror(errno));
        }
    }
    if (!ok) {
        lp_advisor_endpoint_close(ep);
        return false;
    }
    ep->port = port_of(ep->listen_fd);
    *out = ep;
    return true;
}

void lp_advisor_endpoint_close(lp_advisor_endpoint_t *ep)
{
    if (ep == NULL) {
        return;
    }
    drop_all(ep);
    if (ep->listen_fd >= 0) {
        close(ep->listen_fd);
    }
    adv_certs_close(&ep->certs);
    free(ep);
}

int lp_advisor_endpoint_port(const lp_advisor_endpoint_t *ep)
{
    return ep->port;
}

const char *lp_advisor_endpoint_ca(const lp_advisor_endpoint_t *ep)
{
    return ep->certs.ca_path;
}

const char *lp_advisor_endpoint_ca_pem(const lp_advisor_endpoint_t *ep)
{
    return ep->certs.ca_pem;
}

const char *lp_advisor_endpoint_device(const lp_advisor_endpoint_t *ep)
{
    return ep->device;
}

bool lp_advisor_endpoint_make_device(const lp_advisor_endpoint_t *ep, const char *prefix,
                                     const char *common_name, char *why, size_t cap)
{
    return adv_certs_make_device(&ep->certs, prefix, common_name, why, cap);
}
