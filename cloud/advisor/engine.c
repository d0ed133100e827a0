// SPDX-License-Identifier: Apache-2.0
// A run: connections, bytes to packets, time, verdict.
#include "engine.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_SETTLE_MS = 2000, RX_START = 4096, LOG_LINE = 400 };

const char *lp_advisor_verdict_name(lp_advisor_verdict_t v)
{
    switch (v) {
    case LP_ADVISOR_RUNNING:
        return "RUNNING";
    case LP_ADVISOR_PASS:
        return "PASS";
    case LP_ADVISOR_WARN:
        return "PASS_WITH_WARNINGS";
    case LP_ADVISOR_FAIL:
        return "FAIL";
    case LP_ADVISOR_ERROR:
        return "ERROR";
    }
    return "ERROR";
}

void adv_log(lp_advisor_t *a, const char *fmt, ...)
{
    char line[LOG_LINE];
    const uint64_t t = a->now_ms - a->start_ms;
    int n = snprintf(line, sizeof line, "%4lu.%03lu  ", (unsigned long)(t / 1000),
                     (unsigned long)(t % 1000));
    va_list args;
    va_start(args, fmt);
    vsnprintf(line + n, sizeof line - (size_t)n, fmt, args);
    va_end(args);
    a->io.log(a->io.ctx, line);
}

void adv_end(lp_advisor_t *a, lp_advisor_verdict_t v, const char *fmt, ...)
{
    if (a->verdict != LP_ADVISOR_RUNNING) {
        return;
    }
    va_list args;
    va_start(args, fmt);
    vsnprintf(a->reason, sizeof a->reason, fmt, args);
    va_end(args);
    if (v == LP_ADVISOR_PASS && a->warning[0] != '\0') {
        v = LP_ADVISOR_WARN;
        memcpy(a->reason, a->warning, sizeof a->reason);
    }
    a->verdict = v;
    adv_log(a, "%s: %s", lp_advisor_verdict_name(v), a->reason);
}

void adv_warn(lp_advisor_t *a, const char *fmt, ...)
{
    if (a->warning[0] != '\0') {
        return;
    }
    va_list args;
    va_start(args, fmt);
    vsnprintf(a->warning, sizeof a->warning, fmt, args);
    va_end(args);
    adv_log(a, "warning: %s", a->warning);
}

void adv_timer(lp_advisor_t *a, uint64_t ms)
{
    a->timer_ms = ms > 0 ? a->now_ms + ms : 0;
}

uint64_t adv_settle_ms(const lp_advisor_t *a)
{
    return a->p.settle_ms > 0 ? (uint64_t)a->p.settle_ms : DEFAULT_SETTLE_MS;
}

static void tell(lp_advisor_t *a, const adv_input_t *in)
{
    if (a->verdict == LP_ADVISOR_RUNNING) {
        a->play->on(a, in);
    }
}

// --- connections --------------------------------------------------------------------------------

static void forget(lp_advisor_t *a, unsigned conn)
{
    adv_conn_t *c = &a->conns[conn];
    if (c->was_connect) {
        a->last_end_ms = a->now_ms;
    }
    free(c->rx);
    *c = (adv_conn_t){0};
}

void adv_close(lp_advisor_t *a, unsigned conn)
{
    if (a->conns[conn].is_open) {
        adv_log(a, "#%u closed by the advisor", conn);
        a->io.close(a->io.ctx, conn);
        forget(a, conn);
    }
}

bool adv_keep_gap(lp_advisor_t *a, size_t count)
{
    if (a->has_gap && a->gap_count < LP_ADVISOR_GAPS) {
        a->gaps[a->gap_count++] = a->gap_ms;
        adv_log(a, "it waited %u.%03u s before this connection", (unsigned)(a->gap_ms / 1000),
                (unsigned)(a->gap_ms % 1000));
    }
    return a->gap_count >= count;
}

static void log_close(lp_advisor_t *a, const lp_advisor_event_t *ev)
{
    const adv_conn_t *c = &a->conns[ev->conn];
    if (ev->close.has_alert) {
        adv_log(a, "#%u closed by the device, TLS alert %u%s", ev->conn, ev->close.alert,
                c->is_secure ? "" : ", in the handshake");
    } else {
        adv_log(a, "#%u closed%s%s%s", ev->conn, c->is_secure ? "" : " in the TLS handshake",
                ev->close.error[0] != '\0' ? ": " : "", ev->close.error);
    }
}

static void on_open(lp_advisor_t *a, unsigned conn)
{
    adv_conn_t *c = &a->conns[conn];
    free(c->rx);
    *c = (adv_conn_t){.is_open = true, .opened_ms = a->now_ms};
    adv_log(a, "#%u connection", conn);
}

void lp_advisor_event(lp_advisor_t *a, const lp_advisor_event_t *ev, uint64_t now_ms)
{
    a->now_ms = now_ms;
    adv_conn_t *c = &a->conns[ev->conn];
    adv_input_t in = {.conn = ev->conn, .ev = ev};
    if (ev->id != LP_ADVISOR_EV_OPEN && !c->is_open) {
        return; // of a connection that was closed from here
    }
    switch (ev->id) {
    case LP_ADVISOR_EV_OPEN:
        on_open(a, ev->conn);
        in.kind = ADV_OPEN;
        tell(a, &in);
        return;
    case LP_ADVISOR_EV_HELLO:
        adv_log(a, "#%u ClientHello: %u cipher suites, server name %s", ev->conn,
                (unsigned)(ev->suites.len / 2),
                ev->server_name != NULL ? ev->server_name : "not sent");
        in.kind = ADV_HELLO;
        tell(a, &in);
        return;
    case LP_ADVISOR_EV_SECURE:
        c->is_secure = true;
        adv_log(a, "#%u TLS handshake complete", ev->conn);
        in.kind = ADV_SECURE;
        tell(a, &in);
        return;
    case LP_ADVISOR_EV_CLOSED:
        log_close(a, ev);
        in.kind = ADV_CLOSED;
        tell(a, &in);
        forget(a, ev->conn);
        return;
    }
}

// --- bytes --------------------------------------------------------------------------------------

static void bad(lp_advisor_t *a, unsigned conn, const char *why)
{
    const adv_input_t in = {.kind = ADV_BAD, .conn = conn, .why = why};
    adv_log(a, "#%u breaks the protocol: %s", conn, why);
    tell(a, &in);
    adv_end(a, LP_ADVISOR_FAIL, "the device broke the MQTT protocol: %s", why);
    adv_close(a, conn);
}

// Takes one packet off the front. False: it is not there in full yet, or the connection is over.
static bool take_packet(lp_advisor_t *a, unsigned conn)
{
    adv_conn_t *c = &a->conns[conn];
    lp_mqtt_head_t head;
    lp_mqtt_head_init(&head);
    size_t at = 0;
    lp_err_t err = LP_E_AGAIN;
    while (err == LP_E_AGAIN && at < c->rx_len) {
        err = lp_mqtt_head_feed(&head, c->rx[at++]);
    }
    if (err == LP_E_AGAIN) {
        return false;
    }
    if (err != LP_OK || head.remaining > LP_ADVISOR_PACKET_MAX - LP_MQTT_HEAD_MAX) {
        bad(a, conn,
            err != LP_OK ? "a packet has a header that is not valid"
                         : "a packet is larger than AWS IoT Core takes");
        return false;
    }
    const size_t len = at + head.remaining;
    if (c->rx_len < len) {
        return false;
    }
    adv_packet(a, conn, &head, lp_span(c->rx + at, head.remaining));
    if (!c->is_open) {
        return false;
    }
    memmove(c->rx, c->rx + len, c->rx_len - len);
    c->rx_len -= len;
    return true;
}

static bool make_room(adv_conn_t *c, size_t more)
{
    size_t cap = c->rx_cap > 0 ? c->rx_cap : RX_START;
    while (cap < c->rx_len + more) {
        cap *= 2;
    }
    if (cap != c->rx_cap) {
        uint8_t *rx = realloc(c->rx, cap);
        if (rx == NULL) {
            return false;
        }
        c->rx = rx;
        c->rx_cap = cap;
    }
    return true;
}

void lp_advisor_bytes(lp_advisor_t *a, unsigned conn, lp_span_t bytes, uint64_t now_ms)
{
    adv_conn_t *c = &a->conns[conn];
    a->now_ms = now_ms;
    if (!c->is_open || bytes.len == 0) {
        return;
    }
    if (!make_room(c, bytes.len)) {
        adv_end(a, LP_ADVISOR_ERROR, "out of memory");
        return;
    }
    memcpy(c->rx + c->rx_len, bytes.ptr, bytes.len);
    c->rx_len += bytes.len;
    while (c->is_open && take_packet(a, conn)) {
    }
}

// --- time ---------------------------------------------------------------------------------------

static void expire(lp_advisor_t *a)
{
    const adv_input_t in = {.kind = ADV_EXPIRED};
    tell(a, &in);
    adv_end(a, LP_ADVISOR_FAIL, "%s: the time is up, and the advisor still waits %s",
            a->had_connection ? "EXECUTION_TIMEOUT" : "EXECUTION_TIMEOUT, no MQTT login at all",
            a->play->waiting);
}

void lp_advisor_time(lp_advisor_t *a, uint64_t now_ms)
{
    a->now_ms = now_ms;
    if (a->timer_ms != 0 && now_ms >= a->timer_ms) {
        const adv_input_t in = {.kind = ADV_TIMER};
        a->timer_ms = 0;
        tell(a, &in);
    }
    if (now_ms >= a->expires_ms && a->verdict == LP_ADVISOR_RUNNING) {
        expire(a);
    }
}

uint64_t lp_advisor_due_ms(const lp_advisor_t *a)
{
    return a->timer_ms != 0 && a->timer_ms < a->expires_ms ? a->timer_ms : a->expires_ms;
}

bool lp_advisor_is_listening(const lp_advisor_t *a)
{
    return !a->is_refusing;
}

// --- life ---------------------------------------------------------------------------------------

lp_advisor_t *lp_advisor_new(const lp_advisor_case_t *which, const lp_advisor_params_t *params,
                             const lp_advisor_io_t *io, uint64_t now_ms)
{
    lp_advisor_t *a = calloc(1, sizeof *a);
    if (a == NULL) {
        return NULL;
    }
    a->which = which;
    a->play = which->play;
    a->p = *params;
    a->io = *io;
    a->start_ms = a->now_ms = now_ms;
    const long timeout_s =
        params->execution_timeout_s > 0 ? params->execution_timeout_s : which->timeout_s;
    a->expires_ms = now_ms + (uint64_t)timeout_s * 1000;
    a->next_id = 1;
    const adv_input_t in = {.kind = ADV_START};
    tell(a, &in);
    return a;
}

void lp_advisor_free(lp_advisor_t *a)
{
    if (a == NULL) {
        return;
    }
    for (unsigned i = 0; i < LP_ADVISOR_CONNS; i++) {
        free(a->conns[i].rx);
    }
    adv_thing_free(a);
    free(a);
}

lp_advisor_verdict_t lp_advisor_verdict(const lp_advisor_t *a)
{
    return a->verdict;
}

const char *lp_advisor_reason(const lp_advisor_t *a)
{
    return a->reason;
}

const char *lp_advisor_waiting(const lp_advisor_t *a)
{
    return a->play->waiting;
}
