// SPDX-License-Identifier: Apache-2.0
// From requests and messages to lines.
//
// A line must not end before its message does, nor be taken for anything else: line ends inside are
// turned into tabs, which are white space between the parts of JSON and wrong inside of strings as
// line ends are; other control characters into one that is wrong everywhere.
#include <string.h>

#include "limpet/fmt.h"
#include "rpc_web_internal.h"

enum { LINGER_READS = 64 };

lp_span_t lp_web_rest(const lp_rpc_web_t *web)
{
    return lp_span(web->rx_ + web->rx_pos_, web->rx_len_ - web->rx_pos_);
}

void lp_rpc_web_tame(uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '\r' || bytes[i] == '\n' || bytes[i] == '\t') {
            bytes[i] = '\t';
        } else if (bytes[i] < ' ' || bytes[i] == 0x7F) {
            bytes[i] = 0x01;
        }
    }
}

// Hands on a piece of a frame. false: it does not begin with a brace, and would be passed over as
// log text.
static bool hand_on(lp_rpc_web_t *web, lp_span_t piece)
{
    uint8_t *bytes = web->rx_ + (piece.ptr != NULL ? (size_t)(piece.ptr - web->rx_) : 0);
    lp_rpc_web_tame(bytes, piece.len);
    while (!web->has_start_ && piece.len > 0 && (piece.ptr[0] == ' ' || piece.ptr[0] == '\t')) {
        piece = lp_span(piece.ptr + 1, piece.len - 1);
    }
    web->piece_ = piece;
    if (web->has_start_ || piece.len == 0) {
        return true;
    }
    web->has_start_ = true;
    return piece.ptr[0] == '{';
}

// -- HTTP

static void begin_call(lp_rpc_web_t *web)
{
    if ((web->wishes_ & WISH_METHOD) == 0) {
        return;
    }
    const char *name = web->target + sizeof "/rpc/" - 1;
    (void)lp_fmt_str(web->prefix_, sizeof web->prefix_, "{\"method\":\"%s\"%s", name,
                     web->in_.http.length > 0 ? ",\"params\":" : "");
    web->say_ = web->prefix_;
    web->has_start_ = true;
}

static void end_request(lp_rpc_web_t *web)
{
    web->is_last_ = web->in_.http.is_last;
    lp_sha256_final(&web->hash_, web->body_hash);
    if ((web->wishes_ & WISH_GET) != 0) {
        lp_web_upgrade(web);
        return;
    }
    if (!web->has_start_) { // a frame of nothing
        if (web->auth[0] == '\0') {
            lp_web_ask_for_login(web);
        } else {
            lp_web_refuse(web, 400);
        }
        return;
    }
    web->say_ = (web->wishes_ & WISH_METHOD) != 0 ? "}" : "";
    web->ends_line_ = true;
}

static void take_body(lp_rpc_web_t *web)
{
    const lp_span_t piece = web->in_.http.piece;
    lp_sha256_update(&web->hash_, piece);
    if (!hand_on(web, piece)) {
        lp_web_refuse(web, 400);
    }
}

static void take_head(lp_rpc_web_t *web)
{
    const unsigned status = lp_web_judge(web);
    if (status != 0) {
        lp_web_refuse(web, status);
    } else {
        begin_call(web);
        web->phase_ = BODY;
    }
}

// false: more bytes are needed.
static bool next_http(lp_rpc_web_t *web)
{
    lp_span_t in = lp_web_rest(web);
    const lp_http_event_t ev = lp_http_request_feed(&web->in_.http, &in);
    web->rx_pos_ = web->rx_len_ - in.len;
    switch (ev) {
    case LP_HTTP_EV_MORE:
        break;
    case LP_HTTP_EV_LINE:
        lp_web_forget_head(web);
        lp_web_take_line(web);
        break;
    case LP_HTTP_EV_FIELD:
        lp_web_take_field(web);
        break;
    case LP_HTTP_EV_HEAD:
        take_head(web);
        break;
    case LP_HTTP_EV_BODY:
        take_body(web);
        break;
    case LP_HTTP_EV_DONE:
        end_request(web);
        break;
    case LP_HTTP_EV_BAD:
        lp_web_refuse(web, web->in_.http.status);
        break;
    }
    return ev != LP_HTTP_EV_MORE;
}

// -- WebSocket

static void take_control(lp_rpc_web_t *web)
{
    const lp_ws_reader_t *r = &web->in_.ws;
    if (r->opcode == LP_WS_PING) {
        lp_web_control(web, LP_WS_PONG, r->piece);
    } else if (r->opcode == LP_WS_CLOSE) {
        lp_web_close_ws(web, r->code == LP_WS_NO_CODE ? LP_WS_NORMAL : r->code);
    }
}

static void take_data(lp_rpc_web_t *web)
{
    const bool is_end = web->in_.ws.is_end;
    if (!hand_on(web, web->in_.ws.piece)) {
        web->piece_ = lp_span(NULL, 0);
        lp_web_close_ws(web, LP_WS_NOT_UTF8); // no frame of ours
        return;
    }
    web->ends_line_ = is_end && web->has_start_;
    web->has_start_ = web->has_start_ && !is_end;
}

static bool next_ws(lp_rpc_web_t *web)
{
    uint8_t *at = web->rx_ + web->rx_pos_;
    size_t left = web->rx_len_ - web->rx_pos_;
    const lp_ws_event_t ev = lp_ws_read(&web->in_.ws, &at, &left);
    web->rx_pos_ = web->rx_len_ - left;
    switch (ev) {
    case LP_WS_EV_MORE:
        break;
    case LP_WS_EV_DATA:
        take_data(web);
        break;
    case LP_WS_EV_CONTROL:
        take_control(web);
        break;
    case LP_WS_EV_BAD:
        lp_web_close_ws(web, web->in_.ws.code);
        break;
    }
    return ev != LP_WS_EV_MORE;
}

// -- the stream

static lp_err_t refill(lp_rpc_web_t *web)
{
    size_t n = 0;
    const lp_err_t err = lp_stream_read(web->lower_, web->rx_, sizeof web->rx_, &n);
    if (err == LP_OK) {
        web->rx_pos_ = 0;
        web->rx_len_ = n;
        lp_web_set_begun(web, true);
    }
    return err;
}

// What comes behind the last thing that was said is taken and thrown away: to close with unread
// bytes would take the answer from a caller who has not read it yet.
static lp_err_t drain(lp_rpc_web_t *web)
{
    size_t n = 0;
    lp_err_t err = LP_OK;
    for (int i = 0; i < LINGER_READS && err == LP_OK; i++) {
        err = lp_stream_read(web->lower_, web->rx_, sizeof web->rx_, &n);
    }
    return err == LP_OK ? LP_E_AGAIN : err;
}

static size_t give(uint8_t *buf, size_t cap, lp_span_t *from)
{
    const size_t len = from->len < cap ? from->len : cap;
    memcpy(buf, from->ptr, len);
    *from = lp_span(from->ptr + len, from->len - len);
    return len;
}

static size_t give_line_end(lp_rpc_web_t *web, uint8_t *buf)
{
    buf[0] = '\n';
    web->ends_line_ = false;
    if (web->phase_ == MESSAGES) {
        web->is_begun_ = lp_ws_is_begun(&web->in_.ws); // the next one began now
        lp_web_enter(web, MESSAGES);
    } else {
        web->is_http = true;
        lp_web_enter(web, ANSWER);
    }
    return 1;
}

// 0: nothing to hand on.
static size_t give_some(lp_rpc_web_t *web, uint8_t *buf, size_t cap)
{
    if (web->say_[0] != '\0') {
        lp_span_t text = lp_span_str(web->say_);
        const size_t len = give(buf, cap, &text);
        web->say_ += len;
        return len;
    }
    if (web->piece_.len > 0) {
        return give(buf, cap, &web->piece_);
    }
    return web->ends_line_ ? give_line_end(web, buf) : 0;
}

static bool is_begun(const lp_rpc_web_t *web)
{
    if (web->phase_ == MESSAGES) {
        return lp_ws_is_begun(&web->in_.ws);
    }
    return web->phase_ == BODY || lp_http_request_is_begun(&web->in_.http);
}

static lp_err_t read_lines(lp_rpc_web_t *web, uint8_t *buf, size_t cap, size_t *n)
{
    const lp_err_t err = lp_stream_read(web->lower_, buf, cap, n);
    if (err == LP_OK) {
        if (memchr(buf, '\n', *n) != NULL) { // what is behind it began now
            lp_web_set_begun(web, false);
        }
        lp_web_set_begun(web, buf[*n - 1] != '\n' && buf[*n - 1] != '\r');
    }
    return err;
}

lp_err_t lp_web_read(lp_stream_t *stream, uint8_t *buf, size_t cap, size_t *n)
{
    lp_rpc_web_t *web = (lp_rpc_web_t *)stream;
    lp_err_t err = web->lower_ != NULL ? LP_OK : LP_E_CLOSED;
    if (err == LP_OK && web->phase_ == LINES) {
        return read_lines(web, buf, cap, n);
    }
    while (err == LP_OK) {
        if (lp_web_flush(web) != LP_OK || web->phase_ == ANSWER) {
            return LP_E_AGAIN;
        }
        if (web->phase_ == LINGER) {
            return drain(web);
        }
        const size_t len = give_some(web, buf, cap);
        if (len > 0) {
            *n = len;
            return LP_OK;
        }
        if (!(web->phase_ == MESSAGES ? next_ws(web) : next_http(web))) {
            lp_web_set_begun(web, is_begun(web));
            err = refill(web);
        }
    }
    return err;
}
