// SPDX-License-Identifier: Apache-2.0
// A client's bytes. It is not read while too much of what it sent or is sent waits.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "gateway_private.h"
#include "limpet/front_filter.h"

enum { CHUNK = 16 * 1024, ROUNDS = 16 };

client_t *gw_client_new(lp_gateway_t *g, int fd)
{
    client_t *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return NULL;
    }
    c->gateway = g;
    c->fd = fd;
    c->waiting_last = &c->waiting;
    c->next = g->clients;
    if (c->next != NULL) {
        c->next->prev = c;
    }
    g->clients = c;
    gw_watch(g, c, EPOLLIN);
    return c;
}

// A CONNACK that says no has to get out.
static void say_last_words(const client_t *c)
{
    lp_span_t out = lp_bytes_span(&c->out);
    if (out.len > 0) {
        ssize_t n = write(c->fd, out.ptr, out.len);
        (void)n;
    }
}

void gw_client_drop(client_t *c)
{
    if (c->state == CLIENT_DEAD) {
        return;
    }
    bool was_open = c->state == CLIENT_OPEN;
    c->state = CLIENT_DEAD;
    c->gateway->has_dead = true;
    gw_watch(c->gateway, c, 0);
    say_last_words(c);
    gw_unsubscribe_all(c);
    gw_pending_forget(c);
    if (was_open) {
        if (!c->has_left) {
            gw_will(c);
        }
        gw_disconnected(c);
    }
}

void gw_client_free(client_t *c)
{
    lp_gateway_t *g = c->gateway;
    gw_waiting_free(c);
    close(c->fd);
    lp_bytes_free(&c->in);
    lp_bytes_free(&c->out);
    lp_session_close(c->session);
    lp_pass_close(&c->pass);
    free(c->will.topic);
    free(c->will.payload);
    *(c->prev != NULL ? &c->prev->next : &g->clients) = c->next;
    if (c->next != NULL) {
        c->next->prev = c->prev;
    }
    free(c);
}

void gw_client_fail(client_t *c)
{
    c->is_failed = true;
    c->gateway->has_dead = true;
}

bool gw_send(client_t *c, lp_span_t bytes)
{
    if (lp_bytes_len(&c->out) + bytes.len > OUT_MAX || !lp_bytes_put(&c->out, bytes)) {
        return false;
    }
    gw_watch(c->gateway, c, c->wants | (uint32_t)EPOLLOUT);
    return true;
}

// --- packets out of bytes -----------------------------------------------------------------------

// 0: not whole yet; -1: no packet. Otherwise its length, and `body` is set.
static long cut(lp_span_t in, lp_mqtt_head_t *h, lp_span_t *body)
{
    lp_err_t err = LP_E_AGAIN;
    size_t at = 0;
    lp_mqtt_head_init(h);
    while (err == LP_E_AGAIN && at < in.len) {
        err = lp_mqtt_head_feed(h, in.ptr[at++]);
    }
    if (err == LP_E_AGAIN) {
        return 0;
    }
    // The front's pass makes a CONNECT longer than a device's.
    if (err != LP_OK || h->remaining > 2 * LP_FILTER_PACKET_MAX) {
        return -1;
    }
    if (in.len - at < h->remaining) {
        return 0;
    }
    *body = lp_span(in.ptr + at, h->remaining);
    return (long)(at + h->remaining);
}

static bool has_room(const client_t *c)
{
    return c->pending < PENDING_MAX && c->pending_bytes < PENDING_BYTES;
}

static void take_packets(client_t *c)
{
    while (c->state != CLIENT_DEAD && has_room(c)) {
        lp_mqtt_head_t h;
        lp_span_t body;
        long n = cut(lp_bytes_span(&c->in), &h, &body);
        if (n == 0) {
            return;
        }
        if (n < 0 || !gw_packet(c, &h, body)) {
            gw_client_drop(c);
            return;
        }
        lp_bytes_drop(&c->in, (size_t)n);
    }
}

static bool can_read(const client_t *c)
{
    return c->state != CLIENT_DEAD && has_room(c) && lp_bytes_len(&c->out) < OUT_MAX / 2;
}

static void read_some(client_t *c)
{
    uint8_t chunk[CHUNK];
    for (int i = 0; i < ROUNDS && can_read(c); i++) {
        ssize_t n = read(c->fd, chunk, sizeof chunk);
        if (n > 0 && lp_bytes_put(&c->in, lp_span(chunk, (size_t)n))) {
            take_packets(c);
        } else {
            if (n >= 0 || (errno != EAGAIN && errno != EINTR)) {
                gw_client_drop(c);
            }
            return;
        }
    }
}

static void write_some(client_t *c)
{
    while (lp_bytes_len(&c->out) > 0) {
        lp_span_t out = lp_bytes_span(&c->out);
        ssize_t n = write(c->fd, out.ptr, out.len);
        if (n > 0) {
            lp_bytes_drop(&c->out, (size_t)n);
            continue;
        }
        if (errno != EAGAIN && errno != EINTR) {
            gw_client_drop(c);
        }
        return;
    }
}

void gw_client_step(client_t *c, bool readable)
{
    if (c->state == CLIENT_DEAD) {
        return;
    }
    take_packets(c); // those that waited for the stream
    if (readable) {
        read_some(c);
    }
    write_some(c);
    if (c->state != CLIENT_DEAD) {
        gw_watch(c->gateway, c,
                 (can_read(c) ? (uint32_t)EPOLLIN : 0) |
                     (lp_bytes_len(&c->out) > 0 ? (uint32_t)EPOLLOUT : 0));
    }
}
