// SPDX-License-Identifier: Apache-2.0
//   IDLE --start--> DIALING --link--> OPENING --101--> UP --close--> CLOSING --> IDLE
//                      '----------------'--------------'--- any error, the server's goodbye -->
//                      IDLE
#include "limpet/ws_client.h"

#include <string.h>

#include "limpet/base64.h"
#include "limpet/endian.h"
#include "limpet/fmt.h"
#include "limpet/http_fields.h"
#include "limpet/port/clock.h"
#include "limpet/port/system.h"

enum {
    KEY_BYTES = 16,
    KEY_TEXT = 25,
    MASK_BYTES = 4,
    PER_TURN = 16,
    SWITCHING = 101,
};

// Of the response's fields.
enum { SEEN_UPGRADE = 1u, SEEN_ACCEPT = 2u, SEEN_PROTOCOL = 4u, SEEN_WRONG = 8u };

static void pump(lp_ws_client_t *c);

// -- the end

static void end(lp_ws_client_t *c, lp_err_t err, uint16_t code, const char *detail)
{
    if (!c->has_ended_) {
        c->has_ended_ = true;
        c->end_err_ = err;
        c->end_code_ = code;
        (void)lp_fmt_str(c->detail, sizeof c->detail, "%s", detail);
        lp_loop_post(c->base_->loop, &c->event_);
    }
}

static void tell_closed(lp_ws_client_t *c)
{
    lp_timer_stop(c->base_->loop, &c->timer_);
    lp_link_close(&c->link_);
    c->has_ended_ = false;
    c->state = LP_WS_CLIENT_IDLE;
    if (c->wish_.on_closed != NULL) {
        c->wish_.on_closed(c->wish_.ctx, c->end_err_, c->end_code_);
    }
}

// -- frames out

static lp_err_t put_frame(uint8_t *out, lp_ws_opcode_t opcode, lp_span_t payload, bool is_fin,
                          size_t *len)
{
    uint8_t mask[MASK_BYTES];
    const lp_err_t err = lp_port_entropy(mask, sizeof mask);
    if (err != LP_OK) {
        return LP_E_IO; // a mask that can be guessed is none. RFC 6455, 10.3
    }
    const size_t head = lp_ws_head(out, opcode, is_fin, payload.len, mask);
    if (payload.len > 0) {
        memcpy(out + head, payload.ptr, payload.len);
    }
    lp_ws_mask(out + head, payload.len, mask, 0);
    *len = head + payload.len;
    return LP_OK;
}

// The newest control frame counts: a pong that has not gone yet is not missed. A goodbye is the
// last.
static void control(lp_ws_client_t *c, lp_ws_opcode_t opcode, lp_span_t payload)
{
    if (c->control_at_ > 0 || c->state == LP_WS_CLIENT_CLOSING) {
        return; // one is half sent, or nothing may follow
    }
    if (put_frame(c->control_, opcode, payload, true, &c->control_len_) != LP_OK) {
        end(c, LP_E_IO, LP_WS_NO_CODE, "no random numbers");
    }
}

static void say_goodbye(lp_ws_client_t *c, uint16_t code, lp_span_t reason)
{
    uint8_t *bytes = c->goodbye_;
    const size_t len = reason.len < LP_WS_REASON_MAX ? reason.len : LP_WS_REASON_MAX;
    if (c->state == LP_WS_CLIENT_CLOSING) {
        return;
    }
    lp_put_be16(bytes, code);
    if (len > 0) {
        memcpy(bytes + 2, reason.ptr, len);
    }
    c->goodbye_len_ = (uint8_t)(code == LP_WS_NO_CODE ? 0 : 2 + len);
    c->owes_goodbye_ = true;
    c->state = LP_WS_CLIENT_CLOSING;
    lp_timer_start(c->base_->loop, &c->timer_, LP_WS_GOODBYE_MS);
}

// Takes the place of a control frame that has not gone; behind one that is half sent it waits.
static void put_goodbye(lp_ws_client_t *c)
{
    const lp_span_t payload = lp_span(c->goodbye_, c->goodbye_len_);
    if (c->owes_goodbye_ && c->control_at_ == 0) {
        c->owes_goodbye_ = false;
        (void)put_frame(c->control_, LP_WS_CLOSE, payload, true, &c->control_len_);
    }
}

static lp_err_t write_all(lp_ws_client_t *c, const uint8_t *bytes, size_t len, size_t *at)
{
    lp_err_t err = LP_OK;
    while (err == LP_OK && *at < len) {
        size_t n = 0;
        err = lp_stream_write(lp_link_stream(&c->link_), lp_span(bytes + *at, len - *at), &n);
        *at += err == LP_OK ? n : 0;
    }
    return err;
}

// A data frame that is half sent goes first; control frames go before the next one.
static void flush(lp_ws_client_t *c)
{
    lp_err_t err = LP_OK;
    put_goodbye(c);
    if (c->tx_at_ > 0 || c->control_len_ == 0) {
        err = write_all(c, c->tx_, c->tx_len_, &c->tx_at_);
    }
    if (err == LP_OK && c->control_len_ > 0) {
        err = write_all(c, c->control_, c->control_len_, &c->control_at_);
        if (err == LP_OK) {
            c->control_len_ = c->control_at_ = 0;
        }
    }
    if (err == LP_OK && c->owes_goodbye_) {
        put_goodbye(c);
        err = write_all(c, c->control_, c->control_len_, &c->control_at_);
    } else if (err == LP_OK && c->state != LP_WS_CLIENT_CLOSING) {
        err = write_all(c, c->tx_, c->tx_len_, &c->tx_at_);
    }
    if (c->tx_at_ == c->tx_len_) {
        c->tx_at_ = c->tx_len_ = 0;
    }
}

// -- opening

static lp_err_t compose(lp_ws_client_t *c)
{
    uint8_t nonce[KEY_BYTES];
    uint8_t key[KEY_TEXT] = {0};
    lp_buf_t text = lp_buf(key, sizeof key - 1);
    lp_buf_t out = lp_buf(c->tx_, sizeof c->tx_);
    if (lp_port_entropy(nonce, sizeof nonce) != LP_OK) {
        return LP_E_IO;
    }
    (void)lp_base64_encode(&text, lp_span(nonce, sizeof nonce));
    (void)lp_ws_accept(lp_buf_span(&text), c->accept_);
    lp_err_t err = lp_fmt(&out, "GET %s HTTP/1.1\r\n", c->url_.path);
    err = err == LP_OK ? lp_http_put_host(&c->url_, &out) : err;
    err = err == LP_OK ? lp_fmt(&out,
                                "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13",
                                (const char *)key)
                       : err;
    if (err == LP_OK && c->wish_.protocol != NULL) {
        err = lp_fmt(&out, "\r\nSec-WebSocket-Protocol: %s", c->wish_.protocol);
    }
    for (size_t i = 0; err == LP_OK && i < c->wish_.header_count; i++) {
        err = lp_fmt(&out, "\r\n%s: %s", c->wish_.headers[i].name, c->wish_.headers[i].value);
    }
    err = err == LP_OK ? lp_fmt(&out, "\r\n\r\n") : err;
    c->tx_len_ = out.len;
    c->tx_at_ = 0;
    return err == LP_OK ? LP_OK : LP_E_NOSPACE;
}

static bool is_text(lp_span_t s, const char *text)
{
    return s.len == strlen(text) && memcmp(s.ptr, text, s.len) == 0;
}

// RFC 6455, 4.1: what the answer must have, and what it must not.
static void take_field(lp_ws_client_t *c)
{
    const lp_span_t name = c->in_.http.name;
    const lp_span_t value = c->in_.http.value;
    if (lp_http_equal_ci(name, "upgrade")) {
        c->seen_ |= lp_http_equal_ci(value, "websocket") ? SEEN_UPGRADE : SEEN_WRONG;
    } else if (lp_http_equal_ci(name, "sec-websocket-accept")) {
        c->seen_ |= is_text(value, c->accept_) ? SEEN_ACCEPT : SEEN_WRONG;
    } else if (lp_http_equal_ci(name, "sec-websocket-protocol")) {
        const bool is_ours = c->wish_.protocol != NULL && is_text(value, c->wish_.protocol);
        c->seen_ |= is_ours ? SEEN_PROTOCOL : SEEN_WRONG;
    } else if (lp_http_equal_ci(name, "sec-websocket-extensions")) {
        c->seen_ |= SEEN_WRONG; // none was offered
    }
}

static void take_head(lp_ws_client_t *c)
{
    const lp_http_response_t *r = &c->in_.http;
    const uint8_t needed = SEEN_UPGRADE | SEEN_ACCEPT;
    if (r->status != SWITCHING) {
        end(c, LP_E_DENIED, (uint16_t)r->status, "the server does not change to WebSocket");
    } else if (!r->is_upgrade || (c->seen_ & SEEN_WRONG) != 0 || (c->seen_ & needed) != needed) {
        end(c, LP_E_FORMAT, LP_WS_NO_CODE, "the server's answer is not one of WebSocket");
    } else if (c->wish_.protocol != NULL && (c->seen_ & SEEN_PROTOCOL) == 0) {
        end(c, LP_E_UNSUPPORTED, LP_WS_NO_CODE, "the server does not speak the subprotocol");
    }
}

static uint32_t ping_ms(const lp_ws_client_t *c)
{
    return c->wish_.ping_ms > 0 ? c->wish_.ping_ms : LP_WS_PING_MS;
}

static void open(lp_ws_client_t *c)
{
    const uint32_t max = c->wish_.max_message > 0 ? c->wish_.max_message : LP_WS_MESSAGE_MAX;
    lp_ws_reader_init(&c->in_.ws, LP_WS_CLIENT, max);
    c->state = LP_WS_CLIENT_UP;
    lp_timer_start(c->base_->loop, &c->timer_, ping_ms(c));
    if (c->wish_.on_open != NULL) {
        c->wish_.on_open(c->wish_.ctx);
    }
}

static void feed_http(lp_ws_client_t *c)
{
    lp_http_rsp_event_t ev = LP_HTTP_RSP_FIELD;
    while (ev != LP_HTTP_RSP_MORE && ev != LP_HTTP_RSP_DONE && !c->has_ended_) {
        lp_span_t in = lp_span(c->rx_ + c->rx_at_, c->rx_len_ - c->rx_at_);
        ev = lp_http_response_feed(&c->in_.http, &in);
        c->rx_at_ = c->rx_len_ - in.len;
        if (ev == LP_HTTP_RSP_FIELD) {
            take_field(c);
        } else if (ev == LP_HTTP_RSP_HEAD) {
            take_head(c);
        } else if (ev == LP_HTTP_RSP_BAD) {
            end(c, LP_E_FORMAT, LP_WS_NO_CODE, "this is not HTTP/1.1");
        }
    }
    if (ev == LP_HTTP_RSP_DONE && !c->has_ended_) {
        open(c);
    }
}

// -- frames in

static void break_off(lp_ws_client_t *c, uint16_t code)
{
    say_goodbye(c, code, lp_span(NULL, 0));
    flush(c);
    end(c, code == LP_WS_TOO_BIG ? LP_E_RANGE : LP_E_FORMAT, code,
        code == LP_WS_TOO_BIG ? "a message is too long" : "the server does not keep to WebSocket");
}

static void take_control(lp_ws_client_t *c)
{
    const lp_ws_reader_t *r = &c->in_.ws;
    if (r->opcode == LP_WS_PING) {
        control(c, LP_WS_PONG, r->piece);
    } else if (r->opcode == LP_WS_CLOSE) {
        const uint16_t code = r->code;
        say_goodbye(c, code, lp_span(NULL, 0)); // nothing when this end was first
        flush(c);
        end(c, LP_OK, code, "");
    }
}

static void feed_ws(lp_ws_client_t *c)
{
    uint8_t *data = c->rx_ + c->rx_at_;
    size_t len = c->rx_len_ - c->rx_at_;
    lp_ws_event_t ev = LP_WS_EV_DATA;
    while (ev != LP_WS_EV_MORE && !c->has_ended_) {
        ev = lp_ws_read(&c->in_.ws, &data, &len);
        c->rx_at_ = c->rx_len_ - len;
        if (ev == LP_WS_EV_DATA && c->wish_.on_piece != NULL) {
            c->wish_.on_piece(c->wish_.ctx, c->in_.ws.opcode, c->in_.ws.piece, c->in_.ws.is_end);
        } else if (ev == LP_WS_EV_CONTROL) {
            take_control(c);
        } else if (ev == LP_WS_EV_BAD) {
            break_off(c, c->in_.ws.code);
        }
    }
}

static void feed(lp_ws_client_t *c)
{
    if (c->state == LP_WS_CLIENT_OPENING) {
        feed_http(c);
    }
    if ((c->state == LP_WS_CLIENT_UP || c->state == LP_WS_CLIENT_CLOSING) && !c->has_ended_) {
        feed_ws(c);
    }
}

static void take_end(lp_ws_client_t *c, lp_err_t err)
{
    const char *detail = lp_link_detail(&c->link_);
    end(c, err, LP_WS_NO_CODE, detail[0] != '\0' ? detail : "the server is gone without a goodbye");
}

static void receive(lp_ws_client_t *c)
{
    lp_err_t err = LP_OK;
    for (int i = 0; i < PER_TURN && err == LP_OK && !c->has_ended_; i++) {
        size_t n = 0;
        err = lp_stream_read(lp_link_stream(&c->link_), c->rx_, sizeof c->rx_, &n);
        if (err == LP_OK) {
            c->rx_len_ = n;
            c->rx_at_ = 0;
            c->is_waiting_pong_ = false; // whatever comes: somebody is there
            feed(c);
        }
    }
    if (c->has_ended_) {
        return;
    }
    if (err == LP_OK) {
        lp_loop_post(c->base_->loop, &c->event_);
    } else if (err != LP_E_AGAIN) {
        take_end(c, err);
    }
}

static void pump(lp_ws_client_t *c)
{
    if (c->state < LP_WS_CLIENT_OPENING || c->has_ended_) {
        return;
    }
    flush(c);
    receive(c);
    if (c->has_ended_) {
        return;
    }
    flush(c); // pongs
    if (c->wants_room_ && c->tx_len_ == 0 && c->state == LP_WS_CLIENT_UP) {
        c->wants_room_ = false;
        if (c->wish_.on_room != NULL) {
            c->wish_.on_room(c->wish_.ctx);
        }
    }
}

static void on_event(void *ctx)
{
    lp_ws_client_t *c = ctx;
    if (c->has_ended_) {
        tell_closed(c);
    } else {
        pump(c);
    }
}

static void on_stream(void *ctx, unsigned events, lp_err_t why)
{
    lp_ws_client_t *c = ctx;
    pump(c);
    if ((events & LP_STREAM_CLOSED) != 0 && !c->has_ended_) {
        take_end(c, why);
    }
}

static void on_timer(void *ctx)
{
    lp_ws_client_t *c = ctx;
    if (c->state != LP_WS_CLIENT_UP || c->is_waiting_pong_) {
        end(c, LP_E_TIMEOUT, LP_WS_NO_CODE, c->url_.host);
        return;
    }
    c->is_waiting_pong_ = true;
    control(c, LP_WS_PING, lp_span(NULL, 0));
    flush(c);
    lp_timer_start(c->base_->loop, &c->timer_, ping_ms(c));
}

static void on_link(void *ctx, lp_link_event_t event, lp_err_t why, const char *detail)
{
    lp_ws_client_t *c = ctx;
    if (event == LP_LINK_CLOSED) {
        end(c, why, LP_WS_NO_CODE, detail);
        return;
    }
    lp_http_response_init(&c->in_.http, false, 0);
    c->state = LP_WS_CLIENT_OPENING;
    lp_stream_listen(lp_link_stream(&c->link_), on_stream, c);
    lp_loop_post(c->base_->loop, &c->event_);
}

// -- for the application

void lp_ws_client_init(lp_ws_client_t *client, const lp_link_base_t *base)
{
    memset(client, 0, sizeof *client);
    client->base_ = base;
    lp_event_init(&client->event_, on_event, client);
    lp_timer_init(&client->timer_, on_timer, client);
}

static lp_err_t parse_url(const char *text, lp_http_url_t *url)
{
    char http[LP_TLS_HOST_MAX + LP_HTTP_PATH_MAX + 16];
    if ((strncmp(text, "ws://", 5) != 0 && strncmp(text, "wss://", 6) != 0) ||
        lp_fmt_str(http, sizeof http, "http%s", text + 2) != LP_OK) {
        return LP_E_INVALID;
    }
    return lp_http_url_parse(http, url);
}

static bool is_wish_fine(const lp_ws_wish_t *wish)
{
    bool is_fine = wish->protocol == NULL || (lp_http_is_field_name(wish->protocol) &&
                                              strlen(wish->protocol) < LP_WS_PROTOCOL_MAX);
    for (size_t i = 0; i < wish->header_count && is_fine; i++) {
        const char *name = wish->headers[i].name;
        const size_t prefix = strlen("sec-websocket-");
        const bool is_ours =
            strlen(name) >= prefix && lp_http_equal_ci(lp_span(name, prefix), "sec-websocket-");
        is_fine = lp_http_is_free_field(name) && !is_ours &&
                  lp_http_is_field_value(wish->headers[i].value);
    }
    return is_fine;
}

lp_err_t lp_ws_client_start(lp_ws_client_t *client, const lp_ws_wish_t *wish)
{
    lp_http_url_t url;
    if (client->state != LP_WS_CLIENT_IDLE) {
        return LP_E_BUSY;
    }
    if (parse_url(wish->url, &url) != LP_OK || !is_wish_fine(wish)) {
        return LP_E_INVALID;
    }
    client->wish_ = *wish;
    client->url_ = url;
    client->detail[0] = '\0';
    client->seen_ = 0;
    client->owes_goodbye_ = client->is_in_message_ = client->wants_room_ =
        client->is_waiting_pong_ = false;
    client->control_len_ = client->control_at_ = client->rx_len_ = client->rx_at_ = 0;
    lp_err_t err = compose(client);
    const lp_link_papers_t papers = {
        .trust = wish->trust, .cert = wish->cert, .key = wish->key, .alpn = wish->alpn};
    if (err == LP_OK) {
        err = lp_link_open(&client->link_, client->base_, url.host, url.port,
                           url.is_secure ? &papers : NULL, on_link, client);
    }
    if (err == LP_OK) {
        client->state = LP_WS_CLIENT_DIALING;
        lp_timer_start(client->base_->loop, &client->timer_,
                       wish->timeout_ms > 0 ? wish->timeout_ms : LP_HTTP_TIMEOUT_MS);
    }
    return err;
}

lp_err_t lp_ws_client_send(lp_ws_client_t *client, lp_ws_opcode_t kind, lp_span_t piece,
                           bool is_end)
{
    if (client->state != LP_WS_CLIENT_UP || client->has_ended_) {
        return LP_E_STATE;
    }
    if (piece.len > LP_WS_TX_BYTES) {
        return LP_E_RANGE;
    }
    if (client->tx_len_ > 0) {
        client->wants_room_ = true;
        return LP_E_AGAIN;
    }
    const lp_ws_opcode_t opcode = client->is_in_message_ ? LP_WS_CONTINUATION : kind;
    const lp_err_t err = put_frame(client->tx_, opcode, piece, is_end, &client->tx_len_);
    if (err == LP_OK) {
        client->is_in_message_ = !is_end;
        lp_loop_post(client->base_->loop, &client->event_);
    }
    return err;
}

void lp_ws_client_close(lp_ws_client_t *client, uint16_t code, const char *reason)
{
    if (client->state != LP_WS_CLIENT_UP) {
        if (client->state != LP_WS_CLIENT_CLOSING) {
            lp_ws_client_cancel(client);
        }
        return;
    }
    say_goodbye(client, code, lp_span_str(reason != NULL ? reason : ""));
    lp_loop_post(client->base_->loop, &client->event_);
}

void lp_ws_client_cancel(lp_ws_client_t *client)
{
    if (client->state != LP_WS_CLIENT_IDLE) {
        end(client, LP_E_CANCELED, LP_WS_NO_CODE, "");
    }
}
