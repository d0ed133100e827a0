// SPDX-License-Identifier: Apache-2.0
//   IDLE --start--> DIALING --open--> SENDING --all of it--> RECEIVING --whole--> IDLE
//     |                ^                 |                       |
//     '--kept link-----+-----> SENDING   '--- answered early --->|
//                      '--------------- redirect ----------------'
//
// What ends a request is noted and told from the loop, so that no callback comes from inside a
// call.
#include "limpet/http_client.h"

#include <string.h>

#include "limpet/fmt.h"
#include "limpet/http_fields.h"
#include "limpet/port/clock.h"

enum {
    BODY_NONE,
    BODY_SPAN,
    BODY_STREAM,
    BODY_END, // of chunks: the last one is under way
    BODY_DONE,
    CHUNK_HEAD = 6, // four hex digits and CR LF
    PER_TURN = 16,  // reads before others have their turn
};

static void pump(lp_http_client_t *c);
static void begin(lp_http_client_t *c);

// -- the end of a request

static void hang_up(lp_http_client_t *c)
{
    lp_link_close(&c->link_);
    c->is_linked_ = false;
}

static void end(lp_http_client_t *c, lp_err_t err, const char *detail)
{
    if (c->has_ended_) {
        return;
    }
    c->has_ended_ = true;
    c->end_err_ = err;
    (void)lp_fmt_str(c->detail, sizeof c->detail, "%s", detail);
    lp_loop_post(c->base_->loop, &c->event_);
}

static void on_idle_event(void *ctx, unsigned events, lp_err_t why)
{
    (void)events; // whatever a server says to nobody: this connection is over
    (void)why;
    hang_up(ctx);
}

static void tell_done(lp_http_client_t *c)
{
    const lp_err_t err = c->end_err_;
    const bool is_kept = err == LP_OK && c->is_linked_ && c->wish_.keeps_alive &&
                         !c->response_.is_last && !c->is_early_ && c->rx_at_ == c->rx_len_;
    const unsigned status = err == LP_OK ? c->response_.status : 0;
    lp_timer_stop(c->base_->loop, &c->timer_);
    if (is_kept) {
        lp_stream_listen(lp_link_stream(&c->link_), on_idle_event, c);
        lp_timer_start(c->base_->loop, &c->timer_, LP_HTTP_IDLE_MS);
    } else {
        hang_up(c);
    }
    c->has_ended_ = false;
    c->state = LP_HTTP_IDLE;
    c->wish_.done(c->wish_.ctx, err, status);
}

static void on_timer(void *ctx)
{
    lp_http_client_t *c = ctx;
    if (c->state == LP_HTTP_IDLE) {
        hang_up(c);
    } else {
        end(c, LP_E_TIMEOUT, c->url_.host);
    }
}

// -- redirects

static bool is_redirect(unsigned status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static bool is_same_server(const lp_http_url_t *a, const lp_http_url_t *b)
{
    return a->is_secure == b->is_secure && a->port == b->port && strcmp(a->host, b->host) == 0;
}

// A form that was taken is not sent again somewhere else; other methods stay. RFC 9110, 15.4
static lp_err_t change_method(lp_http_client_t *c)
{
    const unsigned status = c->response_.status;
    const bool is_post = strcmp(c->method_, "POST") == 0;
    const bool is_head = strcmp(c->method_, "HEAD") == 0;
    if ((status == 303 && !is_head) || ((status == 301 || status == 302) && is_post)) {
        memcpy(c->method_, "GET", sizeof "GET");
        c->has_body_ = false;
    }
    return c->has_body_ && c->wish_.next_body != NULL ? LP_E_UNSUPPORTED : LP_OK;
}

static void follow(lp_http_client_t *c)
{
    lp_http_url_t next;
    const lp_err_t err = lp_http_url_follow(&c->url_, c->location_, &next);
    if (err != LP_OK || (c->url_.is_secure && !next.is_secure)) {
        end(c, LP_E_DENIED,
            err != LP_OK ? "a redirect to what is no URL" : "a redirect from https to http");
    } else if (c->redirects_++ == c->wish_.max_redirects) {
        end(c, LP_E_DENIED, "too many redirects");
    } else if (change_method(c) != LP_OK) {
        end(c, LP_E_UNSUPPORTED, "a redirect that wants the streamed body again");
    } else {
        c->is_away_ = c->is_away_ || !is_same_server(&c->url_, &next);
        c->url_ = next;
        hang_up(c);
        begin(c);
    }
}

// Whether this response is on the way to another one.
static bool is_on_the_way(const lp_http_client_t *c)
{
    return is_redirect(c->response_.status) && c->location_[0] != '\0' &&
           c->wish_.max_redirects > 0;
}

// -- the request

static lp_err_t put_length(const lp_http_client_t *c, lp_buf_t *out)
{
    const bool is_stream = c->wish_.next_body != NULL;
    if (c->has_body_ && is_stream && c->wish_.body_len == LP_HTTP_CHUNKED) {
        return lp_fmt(out, "\r\nTransfer-Encoding: chunked");
    }
    const uint32_t len = !c->has_body_ ? 0
                         : is_stream   ? c->wish_.body_len
                                       : (uint32_t)c->wish_.body.len;
    const bool is_usual = strcmp(c->method_, "POST") == 0 || strcmp(c->method_, "PUT") == 0 ||
                          strcmp(c->method_, "PATCH") == 0;
    return c->has_body_ || is_usual ? lp_fmt(out, "\r\nContent-Length: %lu", (unsigned long)len)
                                    : LP_OK;
}

static lp_err_t compose(lp_http_client_t *c)
{
    lp_buf_t out = lp_buf(c->tx_, sizeof c->tx_);
    lp_err_t err = lp_fmt(&out, "%s %s HTTP/1.1\r\n", c->method_, c->url_.path);
    err = err == LP_OK ? lp_http_put_host(&c->url_, &out) : err;
    err = err == LP_OK ? put_length(c, &out) : err;
    if (err == LP_OK && !c->wish_.keeps_alive) {
        err = lp_fmt(&out, "\r\nConnection: close");
    }
    // What was meant for one server is not shown to another.
    for (size_t i = 0; err == LP_OK && i < c->wish_.header_count && !c->is_away_; i++) {
        err = lp_fmt(&out, "\r\n%s: %s", c->wish_.headers[i].name, c->wish_.headers[i].value);
    }
    err = err == LP_OK ? lp_fmt(&out, "\r\n\r\n") : err;
    c->tx_len_ = out.len;
    c->tx_at_ = 0;
    return err == LP_OK ? LP_OK : LP_E_NOSPACE;
}

// -- sending

// Fills tx_ with the next piece of the body. LP_E_AGAIN: there is none now; LP_E_CLOSED: no more.
static lp_err_t next_chunk(lp_http_client_t *c)
{
    size_t n = 0;
    const size_t cap = sizeof c->tx_ - CHUNK_HEAD - 2;
    const lp_err_t err = c->wish_.next_body(c->wish_.ctx, c->tx_ + CHUNK_HEAD, cap, &n);
    c->tx_at_ = 0;
    if (err == LP_E_CLOSED) {
        memcpy(c->tx_, "0\r\n\r\n", 5);
        c->tx_len_ = 5;
        c->body_phase_ = BODY_END;
        return LP_OK;
    }
    if (err == LP_OK) {
        char head[CHUNK_HEAD + 1];
        (void)lp_fmt_str(head, sizeof head, "%04x\r\n", (unsigned)n);
        memcpy(c->tx_, head, CHUNK_HEAD);
        memcpy(c->tx_ + CHUNK_HEAD + n, "\r\n", 2);
        c->tx_len_ = CHUNK_HEAD + n + 2;
    }
    return err;
}

static lp_err_t next_plain(lp_http_client_t *c)
{
    size_t n = 0;
    const uint32_t left = c->wish_.body_len - c->body_sent_;
    const size_t cap = sizeof c->tx_ < left ? sizeof c->tx_ : left;
    lp_err_t err = left > 0 ? c->wish_.next_body(c->wish_.ctx, c->tx_, cap, &n) : LP_E_CLOSED;
    if (err == LP_OK) {
        c->tx_at_ = 0;
        c->tx_len_ = n;
        c->body_sent_ += (uint32_t)n;
    } else if (err == LP_E_CLOSED && left > 0) {
        err = LP_E_RANGE; // fewer than were promised
    }
    return err;
}

static lp_err_t next_piece(lp_http_client_t *c)
{
    if (c->body_phase_ == BODY_END || c->body_phase_ == BODY_NONE) {
        return LP_E_CLOSED;
    }
    return c->wish_.body_len == LP_HTTP_CHUNKED ? next_chunk(c) : next_plain(c);
}

// Writes what waits. LP_E_AGAIN: the stream or the body has no more now.
static lp_err_t write_some(lp_http_client_t *c)
{
    size_t n = 0;
    lp_span_t data = lp_span(c->tx_ + c->tx_at_, c->tx_len_ - c->tx_at_);
    const bool is_span = data.len == 0 && c->body_phase_ == BODY_SPAN;
    if (is_span) {
        data = lp_span(c->wish_.body.ptr + c->body_sent_, c->wish_.body.len - c->body_sent_);
    }
    if (data.len == 0) {
        const lp_err_t err = c->body_phase_ == BODY_SPAN ? LP_E_CLOSED : next_piece(c);
        c->body_phase_ = err == LP_E_CLOSED ? BODY_DONE : c->body_phase_;
        c->is_broken_body_ = err != LP_OK && err != LP_E_CLOSED && err != LP_E_AGAIN;
        return err == LP_E_CLOSED ? LP_OK : err;
    }
    const lp_err_t err = lp_stream_write(lp_link_stream(&c->link_), data, &n);
    if (err == LP_OK && is_span) {
        c->body_sent_ += (uint32_t)n;
    } else if (err == LP_OK) {
        c->tx_at_ += n;
    }
    return err;
}

static void send(lp_http_client_t *c)
{
    lp_err_t err = LP_OK;
    while (err == LP_OK && c->body_phase_ != BODY_DONE) {
        err = write_some(c);
    }
    if (c->body_phase_ == BODY_DONE) {
        c->state = LP_HTTP_RECEIVING;
    } else if (c->is_broken_body_) {
        end(c, err, "the body could not be given");
    }
    // An error of the stream: a server that has enough may have said why. Reading finds out.
}

// -- receiving

static void take_field(lp_http_client_t *c)
{
    const lp_http_response_t *r = &c->response_;
    if (lp_http_equal_ci(r->name, "location") && r->value.len < sizeof c->location_) {
        memcpy(c->location_, r->value.ptr, r->value.len);
        c->location_[r->value.len] = '\0';
    }
    // Until the head is whole nobody knows of a redirect but by its status.
    if (c->wish_.on_field != NULL && !(is_redirect(r->status) && c->wish_.max_redirects > 0)) {
        c->wish_.on_field(c->wish_.ctx, r->name, r->value);
    }
}

static void finish(lp_http_client_t *c)
{
    c->is_early_ = c->body_phase_ != BODY_DONE; // the server answered before it had all of it
    if (is_on_the_way(c)) {
        follow(c);
    } else {
        end(c, LP_OK, "");
    }
}

static void take_event(lp_http_client_t *c, lp_http_rsp_event_t ev)
{
    switch (ev) {
    case LP_HTTP_RSP_MORE:
        return;
    case LP_HTTP_RSP_FIELD:
        take_field(c);
        return;
    case LP_HTTP_RSP_HEAD:
        if (c->response_.status == 101) {
            end(c, LP_E_FORMAT, "the server changes to a protocol that nobody asked for");
        } else if (!is_on_the_way(c) && c->wish_.on_head != NULL) {
            c->wish_.on_head(c->wish_.ctx, c->response_.status);
        }
        return;
    case LP_HTTP_RSP_BODY:
        if (!is_on_the_way(c) && c->wish_.on_body != NULL) {
            c->wish_.on_body(c->wish_.ctx, c->response_.piece);
        }
        return;
    case LP_HTTP_RSP_DONE:
        finish(c);
        return;
    case LP_HTTP_RSP_BAD:
        end(c, c->response_.err,
            c->response_.err == LP_E_RANGE ? "the response is too long" : "this is not HTTP/1.1");
        return;
    }
}

// A kept connection may have been closed while the request was on its way: nothing of an answer has
// come, and asking again is harmless for these methods. RFC 9110, 9.2.2
static bool may_try_again(const lp_http_client_t *c)
{
    const bool is_harmless = strcmp(c->method_, "GET") == 0 || strcmp(c->method_, "HEAD") == 0 ||
                             strcmp(c->method_, "PUT") == 0 || strcmp(c->method_, "DELETE") == 0;
    return c->is_reused_ && is_harmless && c->wish_.next_body == NULL &&
           !lp_http_response_is_begun(&c->response_);
}

static void take_end(lp_http_client_t *c, lp_err_t err)
{
    if (may_try_again(c)) {
        hang_up(c);
        begin(c);
    } else if (err == LP_E_CLOSED && lp_http_response_end(&c->response_) == LP_OK) {
        finish(c);
    } else {
        const char *detail = lp_link_detail(&c->link_);
        end(c, err, detail[0] != '\0' ? detail : "the connection ended within the response");
    }
}

static void feed(lp_http_client_t *c)
{
    while (c->rx_at_ < c->rx_len_ && !c->has_ended_ && !c->is_paused_ && c->is_linked_) {
        lp_span_t in = lp_span(c->rx_ + c->rx_at_, c->rx_len_ - c->rx_at_);
        const lp_http_rsp_event_t ev = lp_http_response_feed(&c->response_, &in);
        c->rx_at_ = c->rx_len_ - in.len;
        take_event(c, ev);
    }
    // The end of a body is told without another byte.
    if (c->rx_at_ == c->rx_len_ && !c->has_ended_ && !c->is_paused_ && c->is_linked_) {
        lp_span_t in = lp_span(c->rx_, 0);
        const lp_http_rsp_event_t ev = lp_http_response_feed(&c->response_, &in);
        if (ev != LP_HTTP_RSP_MORE) {
            take_event(c, ev);
        }
    }
}

static void receive(lp_http_client_t *c)
{
    lp_err_t err = LP_OK;
    int turns = 0;
    feed(c);
    while (err == LP_OK && !c->has_ended_ && !c->is_paused_ && c->is_linked_ &&
           turns++ < PER_TURN) {
        size_t n = 0;
        err = lp_stream_read(lp_link_stream(&c->link_), c->rx_, sizeof c->rx_, &n);
        if (err == LP_OK) {
            c->rx_len_ = n;
            c->rx_at_ = 0;
            feed(c);
        }
    }
    if (!c->is_linked_ || c->has_ended_ || c->is_paused_) {
        return;
    }
    if (err == LP_OK) {
        lp_loop_post(c->base_->loop, &c->event_); // there is more
    } else if (err != LP_E_AGAIN) {
        take_end(c, err);
    }
}

static void pump(lp_http_client_t *c)
{
    if (c->state == LP_HTTP_SENDING && !c->has_ended_) {
        send(c);
    }
    if ((c->state == LP_HTTP_SENDING || c->state == LP_HTTP_RECEIVING) && !c->has_ended_) {
        receive(c);
    }
}

static void on_event(void *ctx)
{
    lp_http_client_t *c = ctx;
    if (c->has_ended_) {
        tell_done(c);
    } else {
        pump(c);
    }
}

static void on_stream(void *ctx, unsigned events, lp_err_t why)
{
    lp_http_client_t *c = ctx;
    if (c->has_ended_) {
        return;
    }
    pump(c);
    if ((events & LP_STREAM_CLOSED) != 0 && !c->has_ended_ && !c->is_paused_ && c->is_linked_ &&
        (c->state == LP_HTTP_SENDING || c->state == LP_HTTP_RECEIVING)) {
        take_end(c, why);
    }
}

// -- the connection

static void start_sending(lp_http_client_t *c)
{
    lp_http_response_init(&c->response_, strcmp(c->method_, "HEAD") == 0,
                          c->wish_.max_body_bytes > 0 ? c->wish_.max_body_bytes : LP_HTTP_BODY_MAX);
    c->rx_len_ = c->rx_at_ = 0;
    c->body_sent_ = 0;
    c->location_[0] = '\0';
    c->is_early_ = c->is_broken_body_ = false;
    c->body_phase_ = !c->has_body_                ? BODY_NONE
                     : c->wish_.next_body != NULL ? BODY_STREAM
                                                  : BODY_SPAN;
    const lp_err_t err = compose(c);
    if (err != LP_OK) {
        end(c, err, "the request's head is too long");
        return;
    }
    c->requests++;
    c->state = LP_HTTP_SENDING;
    lp_stream_listen(lp_link_stream(&c->link_), on_stream, c);
    lp_loop_post(c->base_->loop, &c->event_);
}

static void on_link(void *ctx, lp_link_event_t event, lp_err_t why, const char *detail)
{
    lp_http_client_t *c = ctx;
    if (event == LP_LINK_CLOSED) {
        end(c, why, detail);
        return;
    }
    c->is_linked_ = true;
    c->kept_ = c->url_;
    start_sending(c);
}

static bool is_kept_for(const lp_http_client_t *c)
{
    const char *trust = c->wish_.trust != NULL ? c->wish_.trust : "";
    const char *cert = c->wish_.cert != NULL ? c->wish_.cert : "";
    return c->is_linked_ && is_same_server(&c->kept_, &c->url_) &&
           strcmp(c->kept_trust_, trust) == 0 && strcmp(c->kept_cert_, cert) == 0;
}

static void begin(lp_http_client_t *c)
{
    const lp_link_papers_t papers = {
        .trust = c->wish_.trust, .cert = c->wish_.cert, .key = c->wish_.key};
    c->is_reused_ = is_kept_for(c);
    if (c->is_reused_) {
        c->reused++;
        start_sending(c);
        return;
    }
    hang_up(c);
    (void)lp_fmt_str(c->kept_trust_, sizeof c->kept_trust_, "%s",
                     papers.trust != NULL ? papers.trust : "");
    (void)lp_fmt_str(c->kept_cert_, sizeof c->kept_cert_, "%s",
                     papers.cert != NULL ? papers.cert : "");
    c->state = LP_HTTP_DIALING;
    const lp_err_t err = lp_link_open(&c->link_, c->base_, c->url_.host, c->url_.port,
                                      c->url_.is_secure ? &papers : NULL, on_link, c);
    if (err != LP_OK) {
        end(c, err, c->url_.host);
    }
}

// -- for the application

void lp_http_client_init(lp_http_client_t *client, const lp_link_base_t *base)
{
    memset(client, 0, sizeof *client);
    client->base_ = base;
    lp_event_init(&client->event_, on_event, client);
    lp_timer_init(&client->timer_, on_timer, client);
}

static bool is_method(const char *method)
{
    static const char *const known[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(method, known[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool are_fields_fine(const lp_http_wish_t *wish)
{
    for (size_t i = 0; i < wish->header_count; i++) {
        if (!lp_http_is_free_field(wish->headers[i].name) ||
            !lp_http_is_field_value(wish->headers[i].value)) {
            return false;
        }
    }
    const bool has_body = wish->body.len > 0 || wish->next_body != NULL;
    const bool may_have = strcmp(wish->method, "GET") != 0 && strcmp(wish->method, "HEAD") != 0;
    return (!has_body || may_have) && wish->body.len < LP_HTTP_CHUNKED;
}

lp_err_t lp_http_start(lp_http_client_t *client, const lp_http_wish_t *wish)
{
    lp_http_url_t url;
    if (client->base_ == NULL) {
        return LP_E_UNSUPPORTED;
    }
    if (client->state != LP_HTTP_IDLE) {
        return LP_E_BUSY;
    }
    if (!is_method(wish->method) || lp_http_url_parse(wish->url, &url) != LP_OK ||
        !are_fields_fine(wish)) {
        return LP_E_INVALID;
    }
    if (url.is_secure && client->base_->turn == NULL) {
        return LP_E_UNSUPPORTED;
    }
    client->wish_ = *wish;
    client->url_ = url;
    client->redirects_ = 0;
    client->is_away_ = client->is_paused_ = false;
    client->detail[0] = '\0';
    client->has_body_ = wish->next_body != NULL || wish->body.len > 0;
    (void)lp_fmt_str(client->method_, sizeof client->method_, "%s", wish->method);
    if (compose(client) != LP_OK) {
        return LP_E_NOSPACE;
    }
    lp_timer_start(client->base_->loop, &client->timer_,
                   wish->timeout_ms > 0 ? wish->timeout_ms : LP_HTTP_TIMEOUT_MS);
    begin(client);
    return LP_OK;
}

void lp_http_poke(lp_http_client_t *client)
{
    if (client->state == LP_HTTP_SENDING) {
        lp_loop_post(client->base_->loop, &client->event_);
    }
}

void lp_http_pause(lp_http_client_t *client)
{
    client->is_paused_ = client->state != LP_HTTP_IDLE;
}

void lp_http_resume(lp_http_client_t *client)
{
    if (client->is_paused_) {
        client->is_paused_ = false;
        lp_loop_post(client->base_->loop, &client->event_);
    }
}

void lp_http_cancel(lp_http_client_t *client)
{
    if (client->state != LP_HTTP_IDLE) {
        end(client, LP_E_CANCELED, "");
    }
}

void lp_http_client_close(lp_http_client_t *client)
{
    if (client->base_ == NULL) {
        return;
    }
    lp_timer_stop(client->base_->loop, &client->timer_);
    lp_loop_unpost(client->base_->loop, &client->event_);
    hang_up(client);
    client->has_ended_ = false;
    client->state = LP_HTTP_IDLE;
}
