// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "limpet/sha256.h"
#include "limpet/ws_client.h"
#include "net.h"

enum { TEXT = 512, KEPT = 200 };

static struct {
    lp_ws_client_t client;
    lp_rpc_set_t set;
    char url[TEXT], protocol[48], trust[64], text[TEXT], field[64], value[TEXT];
    lp_http_header_t header;
    uint32_t to_send, sent; // of a message made here, in pieces
    bool is_open, is_over;
    uint32_t messages, bytes;
    lp_ws_opcode_t kind;
    lp_sha256_t hash; // of the message that is arriving
    char digest[2 * LP_SHA256_LEN + 1];
    char got[KEPT + 1];
    size_t got_len;
    lp_err_t why;
    unsigned code;
} t;

static uint32_t number(const lp_rpc_req_t *req, const char *key)
{
    lp_json_t value;
    uint32_t n = 0;
    (void)(lp_rpc_param(req, key, &value) == LP_OK && lp_json_u32(value, UINT32_MAX, &n) == LP_OK);
    return n;
}

static void text(const lp_rpc_req_t *req, const char *key, char *out, size_t cap)
{
    out[0] = '\0';
    (void)lp_rpc_param_str(req, key, out, cap);
}

static void on_open(void *ctx)
{
    (void)ctx;
    t.is_open = true;
}

static void end_message(void)
{
    uint8_t digest[LP_SHA256_LEN];
    lp_buf_t out = lp_buf(t.digest, sizeof t.digest - 1);
    lp_sha256_final(&t.hash, digest);
    for (size_t i = 0; i < sizeof digest; i++) {
        (void)lp_fmt(&out, "%02x", digest[i]);
    }
    t.digest[out.len] = '\0';
    lp_sha256_init(&t.hash);
    t.messages++;
    t.got[t.got_len] = '\0';
    t.got_len = 0;
}

static void on_piece(void *ctx, lp_ws_opcode_t kind, lp_span_t piece, bool is_end)
{
    (void)ctx;
    t.kind = kind;
    t.bytes += (uint32_t)piece.len;
    lp_sha256_update(&t.hash, piece);
    for (size_t i = 0; i < piece.len && t.got_len < KEPT; i++) {
        t.got[t.got_len++] = (char)piece.ptr[i];
    }
    if (is_end) {
        end_message();
    }
}

// "0123456789012...", 1,000 bytes a piece.
static void send_more(void *ctx)
{
    uint8_t piece[1000];
    lp_err_t err = LP_OK;
    (void)ctx;
    while (err == LP_OK && t.sent < t.to_send) {
        const uint32_t left = t.to_send - t.sent;
        const size_t n = left < sizeof piece ? left : sizeof piece;
        for (size_t i = 0; i < n; i++) {
            piece[i] = (uint8_t)('0' + (t.sent + i) % 10);
        }
        err = lp_ws_client_send(&t.client, LP_WS_BINARY, lp_span(piece, n), n == left);
        t.sent += err == LP_OK ? (uint32_t)n : 0;
    }
}

static void on_closed(void *ctx, lp_err_t why, uint16_t code)
{
    (void)ctx;
    t.is_over = true;
    t.why = why;
    t.code = code;
}

static void answer(lp_rpc_req_t *req, lp_err_t err)
{
    if (err == LP_OK) {
        lp_rpc_ok(req);
    } else {
        lp_rpc_fail(req, err, NULL);
    }
}

static void ws_open(void *ctx, lp_rpc_req_t *req)
{
    (void)ctx;
    text(req, "url", t.url, sizeof t.url);
    text(req, "protocol", t.protocol, sizeof t.protocol);
    text(req, "trust", t.trust, sizeof t.trust);
    text(req, "field", t.field, sizeof t.field);
    text(req, "value", t.value, sizeof t.value);
    t.header = (lp_http_header_t){.name = t.field, .value = t.value};
    t.is_open = t.is_over = false;
    t.messages = t.bytes = t.to_send = t.sent = 0;
    t.got_len = 0;
    t.got[0] = t.digest[0] = '\0';
    lp_sha256_init(&t.hash);
    const lp_ws_wish_t wish = {.url = t.url,
                               .protocol = t.protocol[0] != '\0' ? t.protocol : NULL,
                               .headers = &t.header,
                               .header_count = t.field[0] != '\0' ? 1 : 0,
                               .on_open = on_open,
                               .on_piece = on_piece,
                               .on_room = send_more,
                               .on_closed = on_closed,
                               .trust = t.trust,
                               .max_message = number(req, "max"),
                               .ping_ms = number(req, "ping_ms"),
                               .timeout_ms = number(req, "timeout_ms")};
    answer(req, lp_ws_client_start(&t.client, &wish));
}

static void ws_send(void *ctx, lp_rpc_req_t *req)
{
    (void)ctx;
    text(req, "text", t.text, sizeof t.text);
    t.to_send = number(req, "stream");
    t.sent = 0;
    if (t.to_send > 0) {
        send_more(NULL);
        lp_rpc_ok(req);
        return;
    }
    answer(req, lp_ws_client_send(&t.client, LP_WS_TEXT, lp_span_str(t.text), true));
}

static void ws_close(void *ctx, lp_rpc_req_t *req)
{
    (void)ctx;
    text(req, "text", t.text, sizeof t.text);
    lp_ws_client_close(&t.client, (uint16_t)number(req, "code"), t.text);
    lp_rpc_ok(req);
}

static void put(lp_json_writer_t *w, const char *key, const char *value)
{
    lp_json_put_key(w, key);
    lp_json_put_str(w, value);
}

static void put_number(lp_json_writer_t *w, const char *key, uint32_t value)
{
    lp_json_put_key(w, key);
    lp_json_put_uint(w, value);
}

static void ws_status(void *ctx, lp_rpc_req_t *req)
{
    (void)ctx;
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_object(w);
    put_number(w, "open", t.is_open ? 1 : 0);
    put_number(w, "over", t.is_over ? 1 : 0);
    put_number(w, "messages", t.messages);
    put_number(w, "bytes", t.bytes);
    put_number(w, "kind", t.kind);
    put(w, "text", t.kind == LP_WS_TEXT ? t.got : "");
    put(w, "sha256", t.digest);
    put(w, "why", t.is_over ? lp_err_name(t.why) : "");
    put_number(w, "code", t.code);
    put(w, "detail", t.client.detail);
    lp_json_put_object_end(w);
    lp_rpc_done(req);
}

void ws_start(lp_app_t *app)
{
    static const lp_rpc_method_t methods[] = {
        {"Test.WsOpen", LP_RPC_CHIP, ws_open, "url ...", "{}"},
        {"Test.WsSend", LP_RPC_CHIP, ws_send, "text, stream", "{}"},
        {"Test.WsClose", LP_RPC_CHIP, ws_close, "code, text", "{}"},
        {"Test.WsStatus", LP_RPC_READ, ws_status, "", "{open, over ...}"},
    };
    lp_ws_client_init(&t.client, lp_app_net(app));
    t.set = (lp_rpc_set_t){.methods = methods, .count = sizeof methods / sizeof methods[0]};
    lp_rpc_add(app->rpc, &t.set);
}
