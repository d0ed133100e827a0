// SPDX-License-Identifier: Apache-2.0
// From lines to responses and messages. The channel hands over whole lines (it writes from where
// the answer was made), and goes on with what was not taken: nothing is copied but heads.
#include <string.h>

#include "limpet/endian.h"
#include "limpet/fmt.h"
#include "rpc_web_internal.h"

lp_err_t lp_web_flush(lp_rpc_web_t *web)
{
    while (web->out_pos_ < web->out_len_) {
        size_t n = 0;
        const lp_span_t rest = lp_span(web->out_ + web->out_pos_, web->out_len_ - web->out_pos_);
        const lp_err_t err = lp_stream_write(web->lower_, rest, &n);
        if (err != LP_OK) {
            return err;
        }
        web->out_pos_ += n;
    }
    web->out_pos_ = web->out_len_ = 0;
    return LP_OK;
}

static void send(lp_rpc_web_t *web, const lp_buf_t *text)
{
    web->out_pos_ = 0;
    web->out_len_ = text->len;
    (void)lp_web_flush(web);
}

// -- HTTP

static void put_head(lp_rpc_web_t *web, lp_buf_t *out, unsigned status, size_t length)
{
    (void)lp_fmt(out,
                 "HTTP/1.1 %u %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
                 "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n",
                 status, lp_http_reason(status), length);
    if (status == 401) {
        (void)lp_fmt(out, "WWW-Authenticate: ");
        web->owner_.challenge(web->owner_.ctx, out);
        (void)lp_fmt(out, "\r\n");
    }
    if (status == 405) {
        (void)lp_fmt(out, "Allow: POST\r\n");
    }
    if (status == 426) {
        (void)lp_fmt(out, "Sec-WebSocket-Version: 13\r\nUpgrade: websocket\r\n");
    }
    (void)lp_fmt(out, web->is_last_ ? "Connection: close\r\n\r\n" : "\r\n");
}

static void respond(lp_rpc_web_t *web, unsigned status)
{
    char body[96];
    lp_buf_t out = lp_buf(web->out_, sizeof web->out_);
    (void)lp_fmt_str(body, sizeof body, "{\"code\":%u,\"message\":\"%s\"}\n", status,
                     lp_http_reason(status));
    put_head(web, &out, status, strlen(body));
    (void)lp_buf_put_str(&out, body);
    lp_web_enter(web, web->is_last_ ? LINGER : HEAD);
    send(web, &out);
}

void lp_web_refuse(lp_rpc_web_t *web, unsigned status)
{
    web->is_last_ = true;
    web->piece_ = lp_span(NULL, 0);
    web->say_ = "";
    web->ends_line_ = false;
    respond(web, status);
}

void lp_web_ask_for_login(lp_rpc_web_t *web)
{
    respond(web, 401);
}

void lp_web_upgrade(lp_rpc_web_t *web)
{
    lp_buf_t out = lp_buf(web->out_, sizeof web->out_);
    (void)lp_fmt(&out,
                 "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                 "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                 web->ws_accept_);
    lp_web_forget_head(web);
    web->is_http = false;
    lp_ws_reader_init(&web->in_.ws, LP_WS_SERVER, LP_RPC_FRAME_MAX);
    lp_web_enter(web, MESSAGES);
    lp_web_set_begun(web, false);
    send(web, &out);
}

static unsigned status_of(lp_json_t error, bool is_frame)
{
    lp_json_t code;
    int64_t number = 0;
    if (lp_json_get(error, "code", &code) != LP_OK ||
        lp_json_int(code, INT32_MIN, INT32_MAX, &number) != LP_OK) {
        return 500;
    }
    if (number == LP_RPC_UNAUTHORIZED || number == LP_RPC_TOO_MANY) {
        return (unsigned)number;
    }
    if (is_frame) {
        return 200; // the frame says it
    }
    switch (number) {
    case LP_RPC_UNKNOWN_METHOD:
        return 404;
    case -LP_E_DENIED:
        return 403;
    case -LP_E_FORMAT:
    case -LP_E_INVALID:
    case -LP_E_RANGE:
        return 400;
    case -LP_E_BUSY:
        return 503;
    default:
        return 500;
    }
}

// Which part of the answer is the body: all of it for a frame, else the result or the error alone.
static void begin_response(lp_rpc_web_t *web, lp_span_t line)
{
    const bool is_frame = (web->wishes_ & WISH_FRAME) != 0;
    lp_json_t answer;
    lp_json_t part = {0};
    lp_span_t rest;
    unsigned status = 500;
    if (lp_json_parse_prefix(line, &answer, &rest) == LP_OK) {
        if (lp_json_get(answer, "error", &part) == LP_OK) {
            status = status_of(part, is_frame);
        } else if (lp_json_get(answer, "result", &part) == LP_OK) {
            status = 200;
        }
    }
    if (!is_frame && part.raw.ptr != NULL) {
        web->skip_ = (size_t)(part.raw.ptr - line.ptr);
        web->body_ = part.raw.len;
    } else {
        web->body_ = line.len;
    }
    lp_buf_t out = lp_buf(web->out_, sizeof web->out_);
    put_head(web, &out, status, web->body_);
    web->out_pos_ = 0;
    web->out_len_ = out.len;
}

static void end_response(lp_rpc_web_t *web)
{
    web->is_http = false;
    lp_wipe(web->auth, sizeof web->auth);
    web->is_begun_ = false;
    lp_web_enter(web, web->is_last_ ? LINGER : HEAD);
    lp_web_announce(web, LP_STREAM_READABLE); // the next request may be here already
}

// -- WebSocket

void lp_web_control(lp_rpc_web_t *web, lp_ws_opcode_t opcode, lp_span_t payload)
{
    lp_buf_t out = lp_buf(web->out_, sizeof web->out_);
    out.len = lp_ws_head(out.ptr, opcode, true, payload.len, NULL);
    (void)lp_buf_put(&out, payload);
    send(web, &out);
}

void lp_web_close_ws(lp_rpc_web_t *web, uint16_t code)
{
    uint8_t payload[2];
    lp_put_be16(payload, code);
    lp_web_enter(web, LINGER);
    lp_web_control(web, LP_WS_CLOSE, lp_span(payload, sizeof payload));
}

static void begin_message(lp_rpc_web_t *web, lp_span_t line)
{
    web->body_ = line.len;
    web->out_pos_ = 0;
    web->out_len_ = lp_ws_head(web->out_, LP_WS_TEXT, true, line.len, NULL);
}

// -- the stream

static void begin_line(lp_rpc_web_t *web, lp_span_t data)
{
    const uint8_t *end = memchr(data.ptr, '\n', data.len);
    const size_t whole = end != NULL ? (size_t)(end - data.ptr) + 1 : data.len;
    size_t len = end != NULL ? whole - 1 : whole;
    len -= len > 0 && data.ptr[len - 1] == '\r' ? 1 : 0;
    web->skip_ = web->body_ = 0;
    web->is_in_line_ = true;
    if (len > 0 && web->phase_ == ANSWER) {
        begin_response(web, lp_span(data.ptr, len));
    } else if (len > 0 && web->phase_ == MESSAGES) {
        begin_message(web, lp_span(data.ptr, len));
    }
    web->tail_ = whole - web->skip_ - web->body_;
}

static size_t pass(size_t *left, lp_span_t data)
{
    const size_t n = *left < data.len ? *left : data.len;
    *left -= n;
    return n;
}

static void end_line(lp_rpc_web_t *web)
{
    web->is_in_line_ = false;
    if (web->phase_ == ANSWER) {
        end_response(web);
    }
}

static lp_err_t write_body(lp_rpc_web_t *web, lp_span_t data, size_t *n)
{
    const size_t len = data.len < web->body_ ? data.len : web->body_;
    const lp_err_t err = lp_stream_write(web->lower_, lp_span(data.ptr, len), n);
    if (err == LP_OK) {
        web->body_ -= *n;
    }
    return err;
}

static lp_err_t write_lines(lp_rpc_web_t *web, lp_span_t data, size_t *n)
{
    const lp_err_t err = lp_stream_write(web->lower_, data, n);
    if (web->is_in_line_ != (err == LP_E_AGAIN)) {
        web->is_in_line_ = err == LP_E_AGAIN;
        lp_web_enter(web, LINES);
    }
    return err;
}

lp_err_t lp_web_write(lp_stream_t *stream, lp_span_t data, size_t *n)
{
    lp_rpc_web_t *web = (lp_rpc_web_t *)stream;
    if (web->lower_ == NULL) {
        return LP_E_CLOSED;
    }
    if (web->phase_ == LINES) {
        return write_lines(web, data, n);
    }
    lp_err_t err = lp_web_flush(web);
    if (err == LP_OK && !web->is_in_line_) {
        begin_line(web, data);
        err = lp_web_flush(web);
    }
    if (err != LP_OK) {
        return err;
    }
    if (web->skip_ > 0) {
        *n = pass(&web->skip_, data);
    } else if (web->body_ > 0) {
        return write_body(web, data, n);
    } else {
        *n = pass(&web->tail_, data);
    }
    if (web->skip_ + web->body_ + web->tail_ == 0) {
        end_line(web);
    }
    return LP_OK;
}
