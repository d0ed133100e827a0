// SPDX-License-Identifier: Apache-2.0
// One connection: TLS on one side, the broker's socket on the other, the filter between.
//
//   HANDSHAKE -> MQTT | HTTP -> CLOSING -> LINGER -> DEAD     (any -> DEAD when the client is gone)
#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "front.h"

enum {
    CHUNK = 16 * 1024,
    WAITING_MAX = 256 * 1024, // more is not read from one side while the other does not take it
    BYTES_PER_S = 512 * 1024, // AWS delays what is faster
    HANDSHAKE_MS = 20 * 1000, // for TLS and CONNECT
    CLOSING_MS = 5 * 1000,
    LINGER_MS = 2 * 1000,
    NOTE_EVERY_MS = 1000,
};

static void die(conn_t *c)
{
    c->state = CONN_DEAD;
    c->front->has_dead = true;
}

static void close_broker(conn_t *c)
{
    if (c->broker_fd >= 0) {
        front_watch(c->front, c->broker_fd, &c->broker, 0);
        close(c->broker_fd);
        c->broker_fd = -1;
    }
    c->broker_gone = true;
}

// The broker hears nothing more, so that it publishes the last will; the client gets what waits.
static void finish(conn_t *c)
{
    close_broker(c);
    if (c->state != CONN_DEAD) {
        c->state = CONN_CLOSING;
        c->since_ms = c->front->now_ms;
    }
}

// To close while the client's bytes lie unread makes the system throw away what we sent last: an
// alert, a DISCONNECT. So the client is asked to close first.
static void linger(conn_t *c)
{
    shutdown(c->fd, SHUT_WR);
    c->state = CONN_LINGER;
    c->since_ms = c->front->now_ms;
}

static void swallow(conn_t *c)
{
    enum { ROUNDS = 16 };
    uint8_t chunk[CHUNK];
    for (int i = 0; i < ROUNDS; i++) {
        ssize_t n = recv(c->fd, chunk, sizeof chunk, 0);
        if (n <= 0) {
            if (n == 0 || errno != EAGAIN) {
                die(c);
            }
            return;
        }
    }
}

void front_note(conn_t *c, const char *topic, const char *reason)
{
    const lp_reg_event_t e = {
        .kind = "refused",
        .client = c->filter.client_id[0] != '\0' ? c->filter.client_id : NULL,
        .certificate = c->certificate_id[0] != '\0' ? c->certificate_id : NULL,
        .address = c->address,
        .topic = topic,
        .reason = reason,
    };
    lp_journal_add(&c->front->journal, c->front->reg, &e);
}

static void note_filter(conn_t *c)
{
    if (c->filter.reason[0] != '\0') {
        front_note(c, c->filter.topic[0] != '\0' ? c->filter.topic : NULL, c->filter.reason);
        c->filter.reason[0] = '\0';
    }
}

static void note_throttled(conn_t *c)
{
    char reason[100];
    if (c->filter.throttled > 0 && c->front->now_ms - c->noted_ms >= NOTE_EVERY_MS) {
        snprintf(reason, sizeof reason, "throttled: %u messages beyond %d a second were dropped",
                 c->filter.throttled, LP_FILTER_PUBLISHES_PER_S);
        front_note(c, NULL, reason);
        c->noted_ms = c->front->now_ms;
        c->filter.throttled = 0;
    }
}

// --- handshake ----------------------------------------------------------------------------------

static void begin_filter(conn_t *c)
{
    const lp_filter_peer_t peer = {.key = &c->front->key, .pem = c->pem, .address = c->address};
    lp_filter_init(&c->filter, &peer, c->front->now_ms);
}

static bool shake_hands(conn_t *c)
{
    ERR_clear_error();
    int rc = SSL_accept(c->ssl);
    int want = rc == 1 ? SSL_ERROR_NONE : SSL_get_error(c->ssl, rc);
    c->has_spoken = c->has_spoken || BIO_number_read(SSL_get_rbio(c->ssl)) > 0;
    c->wants_write = want == SSL_ERROR_WANT_WRITE;
    if (want == SSL_ERROR_WANT_READ || want == SSL_ERROR_WANT_WRITE) {
        return false;
    }
    if (want != SSL_ERROR_NONE) {
        front_tls_explain(c);
    } else if (front_tls_identity(c)) {
        c->client_ready = true; // TLS may have read more than its own
        begin_filter(c);
        return true;
    }
    if (c->refusal[0] != '\0') {
        front_note(c, NULL, c->refusal);
    }
    linger(c);
    return false;
}

// --- the client ---------------------------------------------------------------------------------

static bool has_budget(conn_t *c)
{
    int64_t more = (c->front->now_ms - c->bytes_filled_ms) * BYTES_PER_S / 1000;
    if (more > 0) {
        c->bytes_left = c->bytes_left + more > BYTES_PER_S ? BYTES_PER_S : c->bytes_left + more;
        c->bytes_filled_ms = c->front->now_ms;
    }
    return c->bytes_left > 0;
}

static bool can_read_client(conn_t *c)
{
    return (c->state == CONN_MQTT || c->state == CONN_HTTP) && !c->said_goodbye &&
           lp_bytes_len(&c->up) < WAITING_MAX && lp_bytes_len(&c->down) < WAITING_MAX &&
           has_budget(c);
}

static void take_mqtt(conn_t *c, lp_span_t in)
{
    if (!lp_filter_up(&c->filter, c->front->now_ms, in, &c->up, &c->down)) {
        if (c->filter.reason[0] == '\0') {
            c->said_goodbye = true;
        } else {
            note_filter(c);
            finish(c);
        }
    }
}

static void take_bytes(conn_t *c, lp_span_t in)
{
    c->bytes_left -= (int64_t)in.len;
    if (c->state == CONN_MQTT) {
        take_mqtt(c, in);
    } else if (!lp_bytes_put(&c->request, in) || !front_http(c)) {
        finish(c);
    }
}

// True: something came.
static bool read_client(conn_t *c)
{
    uint8_t chunk[CHUNK];
    if (!c->client_ready || !can_read_client(c)) {
        return false;
    }
    ERR_clear_error();
    int n = SSL_read(c->ssl, chunk, sizeof chunk);
    c->client_ready = n > 0 && SSL_has_pending(c->ssl) == 1;
    if (n > 0) {
        take_bytes(c, lp_span(chunk, (size_t)n));
        return true;
    }
    int want = SSL_get_error(c->ssl, n);
    if (want == SSL_ERROR_WANT_WRITE) {
        c->wants_write = true;
    } else if (want != SSL_ERROR_WANT_READ) {
        die(c); // closed, or broken: nothing more can be told
    }
    return false;
}

static bool write_client(conn_t *c)
{
    lp_span_t out = lp_bytes_span(&c->down);
    c->wants_write = false;
    if (out.len == 0 || c->state == CONN_HANDSHAKE || c->state >= CONN_LINGER) {
        return false;
    }
    ERR_clear_error();
    int n = SSL_write(c->ssl, out.ptr, out.len > CHUNK ? CHUNK : (int)out.len);
    if (n > 0) {
        lp_bytes_drop(&c->down, (size_t)n);
        return true;
    }
    int want = SSL_get_error(c->ssl, n);
    if (want == SSL_ERROR_WANT_WRITE) {
        c->wants_write = true;
    } else if (want != SSL_ERROR_WANT_READ) {
        die(c);
    }
    return false;
}

// --- the broker ---------------------------------------------------------------------------------

static bool open_broker(conn_t *c)
{
    if (c->broker_fd >= 0 || c->broker_gone || lp_bytes_len(&c->up) == 0) {
        return false;
    }
    c->broker_fd = lp_front_broker_connect(c->front->config.place);
    c->wants_broker = c->broker_fd < 0 && errno == EAGAIN;
    if (c->broker_fd < 0 && !c->wants_broker) {
        front_note(c, NULL, "the broker does not answer");
        finish(c);
    }
    return c->broker_fd >= 0;
}

static bool write_broker(conn_t *c)
{
    lp_span_t out = lp_bytes_span(&c->up);
    if (c->broker_fd < 0 || out.len == 0) {
        return false;
    }
    ssize_t n = write(c->broker_fd, out.ptr, out.len);
    if (n > 0) {
        lp_bytes_drop(&c->up, (size_t)n);
        return true;
    }
    if (errno != EAGAIN) {
        lp_bytes_free(&c->up); // what it still said is read below
    }
    return false;
}

static void take_answer(conn_t *c, lp_span_t in)
{
    if (!lp_filter_down(&c->filter, in, &c->down) || c->filter.state == LP_FILTER_CLOSED) {
        finish(c);
    }
}

// New connections are put in front of the list.
static bool is_taken_over(const conn_t *c)
{
    for (const conn_t *k = c->front->conns; k != NULL && k != c; k = k->next) {
        if (k->state == CONN_MQTT && k->filter.state != LP_FILTER_WAIT_CONNECT &&
            strcmp(k->filter.client_id, c->filter.client_id) == 0) {
            return true;
        }
    }
    return false;
}

static bool read_broker(conn_t *c)
{
    uint8_t chunk[CHUNK];
    if (!c->broker_ready || c->broker_fd < 0 || lp_bytes_len(&c->down) >= WAITING_MAX) {
        return false;
    }
    ssize_t n = read(c->broker_fd, chunk, sizeof chunk);
    c->broker_ready = n == (ssize_t)sizeof chunk;
    if (n > 0) {
        if (!c->said_goodbye) {
            take_answer(c, lp_span(chunk, (size_t)n));
        }
        return true;
    }
    if (n == 0 || errno != EAGAIN) {
        lp_filter_lost(&c->filter, is_taken_over(c), &c->down);
        finish(c);
    }
    return false;
}

// --- together -----------------------------------------------------------------------------------

static bool move_bytes(conn_t *c)
{
    bool moved = read_client(c);
    if (c->state == CONN_MQTT) {
        moved = open_broker(c) || moved;
        moved = write_broker(c) || moved;
        moved = read_broker(c) || moved;
        if (c->said_goodbye && lp_bytes_len(&c->up) == 0) {
            finish(c);
        }
    }
    return write_client(c) || moved;
}

static void say_goodbye(conn_t *c)
{
    if (c->state == CONN_CLOSING && lp_bytes_len(&c->down) == 0) {
        ERR_clear_error();
        SSL_shutdown(c->ssl);
        linger(c);
    }
}

static bool is_heard(conn_t *c)
{
    return c->state == CONN_HANDSHAKE || c->state == CONN_LINGER || can_read_client(c);
}

static void watch(conn_t *c)
{
    uint32_t client = 0;
    uint32_t broker = 0;
    if (c->state == CONN_DEAD) {
        return;
    }
    client |= is_heard(c) ? (uint32_t)EPOLLIN : 0;
    client |= c->wants_write && c->state != CONN_LINGER ? (uint32_t)EPOLLOUT : 0;
    broker |= lp_bytes_len(&c->down) < WAITING_MAX ? (uint32_t)EPOLLIN : 0;
    broker |= lp_bytes_len(&c->up) > 0 ? (uint32_t)EPOLLOUT : 0;
    front_watch(c->front, c->fd, &c->client, client);
    if (c->broker_fd >= 0) {
        front_watch(c->front, c->broker_fd, &c->broker, broker);
    }
}

void front_conn_step(conn_t *c)
{
    enum { ROUNDS = 64 }; // others want their turn
    if (c->state == CONN_HANDSHAKE && !shake_hands(c)) {
        watch(c);
        return;
    }
    for (int i = 0; i < ROUNDS && c->state < CONN_LINGER && move_bytes(c); i++) {
    }
    say_goodbye(c);
    if (c->state == CONN_LINGER) {
        swallow(c);
    }
    watch(c);
}

static bool is_late(const conn_t *c)
{
    int64_t age = c->front->now_ms - c->since_ms;
    bool is_new =
        c->state == CONN_HANDSHAKE || (c->state == CONN_MQTT && c->filter.state < LP_FILTER_OPEN);
    return (is_new && age > HANDSHAKE_MS) || (c->state == CONN_HTTP && age > HANDSHAKE_MS) ||
           (c->state == CONN_CLOSING && age > CLOSING_MS) ||
           (c->state == CONN_LINGER && age > LINGER_MS);
}

void front_conn_tick(conn_t *c)
{
    if (is_late(c)) {
        die(c);
        return;
    }
    if (c->state == CONN_MQTT) {
        note_throttled(c);
        if (!c->said_goodbye && !lp_filter_tick(&c->filter, c->front->now_ms, &c->down)) {
            note_filter(c);
            finish(c);
        }
    }
    // Something may wait for the clock, or in TLS's own buffer, which epoll does not see.
    if (c->wants_broker || (c->client.wants & EPOLLIN) == 0 || SSL_has_pending(c->ssl) == 1) {
        c->client_ready = true;
        front_conn_step(c);
    }
}

conn_t *front_conn_new(lp_front_t *front, lp_front_kind_t kind, int fd, const char *address)
{
    conn_t *c = calloc(1, sizeof *c);
    SSL *ssl = c != NULL ? SSL_new(front->tls[kind]) : NULL;
    if (ssl == NULL || SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        free(c);
        return NULL;
    }
    *c = (conn_t){.front = front,
                  .kind = kind,
                  .fd = fd,
                  .broker_fd = -1,
                  .ssl = ssl,
                  .since_ms = front->now_ms,
                  .bytes_left = BYTES_PER_S,
                  .bytes_filled_ms = front->now_ms};
    c->client = (endpoint_t){.conn = c};
    c->broker = (endpoint_t){.conn = c, .is_broker = true};
    snprintf(c->address, sizeof c->address, "%s", address);
    SSL_set_app_data(ssl, c);
    c->next = front->conns;
    if (c->next != NULL) {
        c->next->prev = c;
    }
    front->conns = c;
    front->count++;
    return c;
}

void front_conn_free(conn_t *c)
{
    lp_front_t *front = c->front;
    note_throttled(c);
    close_broker(c);
    front_watch(front, c->fd, &c->client, 0);
    SSL_free(c->ssl);
    close(c->fd);
    lp_filter_deinit(&c->filter);
    lp_bytes_free(&c->up);
    lp_bytes_free(&c->down);
    lp_bytes_free(&c->request);
    free(c->pem);
    *(c->prev != NULL ? &c->prev->next : &front->conns) = c->next;
    if (c->next != NULL) {
        c->next->prev = c->prev;
    }
    front->count--;
    free(c);
}
