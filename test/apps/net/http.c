// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "limpet/http_client.h"
#include "limpet/sha256.h"
#include "net.h"

enum { TEXT = 512, KEPT = 200 };

static struct {
    lp_http_client_t client;
    lp_rpc_set_t set;
    lp_rpc_req_t *req;
    char method[16], url[TEXT], body[TEXT], field[64], value[TEXT], trust[64];
    lp_http_header_t header;
    uint32_t streamed, to_stream;
    uint32_t got;
    lp_sha256_t hash;
    char text[KEPT + 1];
    size_t text_len;
    char seen[128]; // of the field X-Seen
    unsigned heads;
    bool is_slow;
    lp_timer_t slow;
} t;

static void put(lp_json_writer_t *w, const char *key, const char *value)
{
    lp_json_put_key(w, key);
    lp_json_put_str(w, value);
}

static void on_done(void *ctx, lp_err_t err, unsigned status)
{
    char hex[2 * LP_SHA256_LEN + 1];
    uint8_t digest[LP_SHA256_LEN];
    (void)ctx;
    lp_sha256_final(&t.hash, digest);
    lp_buf_t out = lp_buf(hex, sizeof hex - 1);
    for (size_t i = 0; i < sizeof digest; i++) {
        (void)lp_fmt(&out, "%02x", digest[i]);
    }
    hex[out.len] = '\0';
    lp_json_writer_t *w = lp_rpc_result(t.req);
    lp_json_put_object(w);
    put(w, "err", lp_err_name(err));
    put(w, "detail", t.client.detail);
    put(w, "text", t.text);
    put(w, "seen", t.seen);
    put(w, "sha256", hex);
    lp_json_put_key(w, "status");
    lp_json_put_uint(w, status);
    lp_json_put_key(w, "heads");
    lp_json_put_uint(w, t.heads);
    lp_json_put_key(w, "bytes");
    lp_json_put_uint(w, t.got);
    lp_json_put_key(w, "reused");
    lp_json_put_uint(w, t.client.reused);
    lp_json_put_object_end(w);
    lp_rpc_done(t.req);
    t.req = NULL;
}

static void on_head(void *ctx, unsigned status)
{
    (void)ctx;
    (void)status;
    t.heads++;
}

static void on_field(void *ctx, lp_span_t name, lp_span_t value)
{
    (void)ctx;
    if (lp_http_equal_ci(name, "x-seen") && value.len < sizeof t.seen) {
        memcpy(t.seen, value.ptr, value.len);
        t.seen[value.len] = '\0';
    }
}

static void on_slow(void *ctx)
{
    (void)ctx;
    lp_http_resume(&t.client);
}

static void on_body(void *ctx, lp_span_t piece)
{
    lp_app_t *app = ctx;
    const size_t room = KEPT - t.text_len;
    const size_t n = piece.len < room ? piece.len : room;
    for (size_t i = 0; i < n; i++) {
        const uint8_t c = piece.ptr[i];
        t.text[t.text_len++] = c >= ' ' && c < 0x7F ? (char)c : '.';
    }
    t.text[t.text_len] = '\0';
    lp_sha256_update(&t.hash, piece);
    t.got += (uint32_t)piece.len;
    if (t.is_slow) {
        lp_http_pause(&t.client);
        lp_timer_start(app->loop, &t.slow, 1);
    }
}

// "0123456789012..." as long as was wished.
static lp_err_t next_body(void *ctx, uint8_t *buf, size_t cap, size_t *n)
{
    (void)ctx;
    const uint32_t left = t.to_stream - t.streamed;
    *n = left < cap ? left : cap;
    for (size_t i = 0; i < *n; i++) {
        buf[i] = (uint8_t)('0' + (t.streamed + i) % 10);
    }
    t.streamed += (uint32_t)*n;
    return *n > 0 ? LP_OK : LP_E_CLOSED;
}

static uint32_t number(const lp_rpc_req_t *req, const char *key)
{
    lp_json_t value;
    uint32_t n = 0;
    (void)(lp_rpc_param(req, key, &value) == LP_OK && lp_json_u32(value, UINT32_MAX, &n) == LP_OK);
    return n;
}

static bool flag(const lp_rpc_req_t *req, const char *key)
{
    bool value = false;
    (void)lp_rpc_param_bool(req, key, false, &value);
    return value;
}

static void text(const lp_rpc_req_t *req, const char *key, char *out, size_t cap)
{
    out[0] = '\0';
    (void)lp_rpc_param_str(req, key, out, cap);
}

static void take(lp_rpc_req_t *req, lp_http_wish_t *wish)
{
    text(req, "method", t.method, sizeof t.method);
    text(req, "url", t.url, sizeof t.url);
    text(req, "body", t.body, sizeof t.body);
    text(req, "field", t.field, sizeof t.field);
    text(req, "value", t.value, sizeof t.value);
    text(req, "trust", t.trust, sizeof t.trust);
    t.header = (lp_http_header_t){.name = t.field, .value = t.value};
    t.to_stream = number(req, "stream");
    t.is_slow = flag(req, "slow");
    *wish = (lp_http_wish_t){.method = t.method[0] != '\0' ? t.method : "GET",
                             .url = t.url,
                             .headers = &t.header,
                             .header_count = t.field[0] != '\0' ? 1 : 0,
                             .body = lp_span_str(t.body),
                             .trust = t.trust,
                             .timeout_ms = number(req, "timeout_ms"),
                             .max_body_bytes = number(req, "max"),
                             .max_redirects = (uint8_t)number(req, "redirects"),
                             .keeps_alive = flag(req, "keep")};
    if (t.to_stream > 0) {
        wish->next_body = next_body;
        wish->body_len = flag(req, "chunked") ? LP_HTTP_CHUNKED : t.to_stream;
    }
}

static void on_http(void *ctx, lp_rpc_req_t *req)
{
    lp_http_wish_t wish;
    if (t.req != NULL) {
        lp_rpc_fail(req, LP_E_BUSY, NULL);
        return;
    }
    take(req, &wish);
    t.streamed = t.got = t.heads = 0;
    t.text_len = 0;
    t.text[0] = t.seen[0] = '\0';
    lp_sha256_init(&t.hash);
    wish.on_head = on_head;
    wish.on_field = on_field;
    wish.on_body = on_body;
    wish.done = on_done;
    wish.ctx = ctx;
    const lp_err_t err = lp_http_start(&t.client, &wish);
    if (err != LP_OK) {
        lp_rpc_fail(req, err, NULL);
        return;
    }
    t.req = req;
}

void http_start(lp_app_t *app)
{
    static const lp_rpc_method_t methods[] = {
        {"Test.Http", LP_RPC_CHIP, on_http, "method, url ...", "{err, status ...}"}};
    lp_http_client_init(&t.client, lp_app_net(app));
    lp_timer_init(&t.slow, on_slow, NULL);
    t.set = (lp_rpc_set_t){.methods = methods, .count = 1, .ctx = app};
    lp_rpc_add(app->rpc, &t.set);
}
