// SPDX-License-Identifier: Apache-2.0
// What a server says on a WebSocket, from the first byte on, or behind a handshake that was right
// (the first byte); the second byte says how it is cut.
//
// What must hold: one end, and nothing after it; messages are within their limit, text is UTF-8;
// what the client sends is frames with a mask.
#include <stdio.h>
#include <string.h>

#include "fake/port.h"
#include "fuzz.h"
#include "limpet/utf8.h"
#include "limpet/ws_client.h"
#include "web_rig.h"

enum { SKIPS_HTTP = 1, TALKS = 2, CLOSES = 4, WANTS_PROTOCOL = 8, MESSAGE_MAX = 500, TURNS = 300 };

static struct {
    lp_ws_client_t ws;
    unsigned opened, closed;
    size_t len;
    uint8_t message[MESSAGE_MAX];
} it;

static void on_open(void *ctx)
{
    (void)ctx;
    it.opened++;
    MUST(it.opened == 1 && it.closed == 0);
}

static void on_piece(void *ctx, lp_ws_opcode_t kind, lp_span_t piece, bool is_end)
{
    (void)ctx;
    MUST(it.opened == 1 && it.closed == 0 && (kind == LP_WS_TEXT || kind == LP_WS_BINARY));
    MUST(piece.len <= LP_WS_RX_BYTES && it.len + piece.len <= MESSAGE_MAX);
    if (piece.len > 0) {
        memcpy(it.message + it.len, piece.ptr, piece.len);
    }
    it.len += piece.len;
    if (is_end) {
        MUST(kind != LP_WS_TEXT || lp_utf8_is_valid(lp_span(it.message, it.len)));
        it.len = 0;
    }
}

static void on_closed(void *ctx, lp_err_t why, uint16_t code)
{
    (void)ctx;
    (void)why;
    (void)code;
    it.closed++;
}

// Whole frames, each with its mask, control frames short.
static void look_at_frames(void)
{
    const size_t len = net.wire.out_len;
    const uint8_t *p = net.wire.out;
    for (size_t at = 0; at < len;) {
        MUST(len - at >= 6 && (p[at + 1] & 0x80) != 0 && (p[at] & 0x70) == 0);
        size_t n = p[at + 1] & 0x7F;
        MUST(n < 126 || (p[at] & 0x08) == 0);
        const size_t head = n == 126 ? 4 : 2;
        MUST(n < 127);
        n = n == 126 ? (size_t)p[at + 2] << 8 | p[at + 3] : n;
        at += head + 4 + n;
        MUST(at <= len);
    }
    (void)fake_stream_take(&net.wire);
}

static void shake_hands(unsigned flags)
{
    char answer[300];
    snprintf(answer, sizeof answer,
             "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "%sSec-WebSocket-Accept: %.*s\r\n\r\n",
             (flags & WANTS_PROTOCOL) != 0 ? "Sec-WebSocket-Protocol: mqtt\r\n" : "",
             LP_WS_ACCEPT_BYTES, it.ws.accept_);
    fake_stream_feed_str(&net.wire, answer);
    web_run(20);
    MUST(it.opened == 1);
}

static void start(unsigned flags)
{
    const lp_ws_wish_t wish = {.url = "ws://a.example/chat",
                               .protocol = (flags & WANTS_PROTOCOL) != 0 ? "mqtt" : NULL,
                               .on_open = on_open,
                               .on_piece = on_piece,
                               .on_closed = on_closed,
                               .max_message = MESSAGE_MAX,
                               .ping_ms = 1000,
                               .timeout_ms = 2000};
    lp_ws_client_init(&it.ws, &base);
    MUST(lp_ws_client_start(&it.ws, &wish) == LP_OK);
    web_run(20);
    MUST(it.ws.state == LP_WS_CLIENT_OPENING);
    (void)fake_stream_take(&net.wire); // the request
}

static void feed(unsigned flags, const uint8_t *data, size_t size, size_t cut)
{
    for (size_t at = 0; at < size && it.closed == 0;) {
        const size_t n = size - at < cut ? size - at : cut;
        fake_stream_feed(&net.wire, data + at, n);
        at += n;
        if ((flags & TALKS) != 0) {
            (void)lp_ws_client_send(&it.ws, LP_WS_TEXT, lp_span("hello", 5), true);
        }
        web_run(10);
        if (it.opened == 1) {
            look_at_frames();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > FAKE_STREAM_BYTES / 2) {
        return 0;
    }
    MUST(web_setup(NULL) == 0);
    memset(&it, 0, sizeof it);
    start(data[0]);
    if ((data[0] & SKIPS_HTTP) != 0) {
        shake_hands(data[0]);
    }
    feed(data[0], data + 2, size - 2, (size_t)data[1] + 1);
    if ((data[0] & CLOSES) != 0) {
        lp_ws_client_close(&it.ws, 1000, "that is all");
    } else if (net.is_tcp_open && it.closed == 0) {
        fake_stream_hang_up(&net.wire, LP_E_NET_RESET);
    }
    for (unsigned i = 0; i < TURNS && it.closed == 0; i++) {
        web_run(100);
    }
    MUST(it.closed == 1 && it.ws.state == LP_WS_CLIENT_IDLE);
    web_run(100);
    MUST(it.closed == 1 && !net.is_tcp_open);
    return 0;
}
