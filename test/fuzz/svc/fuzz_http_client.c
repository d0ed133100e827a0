// SPDX-License-Identifier: Apache-2.0
// What servers answer to an application's request, redirects included. The first byte says what is
// asked for, the second how the bytes are cut; each connection gets the part of the answer that the
// one before it did not.
//
// What must hold: one end, within the limits; a secure request stays secure; what was meant for one
// host goes to no other.
#include <stdio.h>
#include <string.h>

#include "fake/port.h"
#include "fuzz.h"
#include "limpet/http_client.h"
#include "web_rig.h"

enum { SECURE = 1, KEEPS = 2, POSTS = 4, HEAD = 8, REDIRECTS = 4, BODY_MAX = 300, TURNS = 400 };

static const char secret[] = "X-Token: 7d1f";

static struct {
    lp_http_client_t http;
    unsigned done;
    lp_err_t err;
    unsigned status;
    size_t body;
} it;

static void on_body(void *ctx, lp_span_t piece)
{
    (void)ctx;
    MUST(it.done == 0 && piece.len > 0);
    it.body += piece.len;
    MUST(it.body <= BODY_MAX);
}

static void on_done(void *ctx, lp_err_t err, unsigned status)
{
    (void)ctx;
    it.done++;
    it.err = err;
    it.status = status;
}

static void start(unsigned flags)
{
    static const lp_http_header_t headers[] = {{"X-Token", "7d1f"}};
    const bool posts = (flags & POSTS) != 0;
    const lp_http_wish_t wish = {.method = posts                 ? "POST"
                                           : (flags & HEAD) != 0 ? "HEAD"
                                                                 : "GET",
                                 .url = (flags & SECURE) != 0 ? "https://a.example/x/y?z"
                                                              : "http://a.example:8080/x/y?z",
                                 .headers = headers,
                                 .header_count = 1,
                                 .body = posts ? lp_span("hello", 5) : lp_span(NULL, 0),
                                 .on_body = on_body,
                                 .done = on_done,
                                 .timeout_ms = 2000,
                                 .max_body_bytes = BODY_MAX,
                                 .max_redirects = (uint8_t)(flags >> REDIRECTS & 3),
                                 .keeps_alive = (flags & KEEPS) != 0};
    MUST(lp_http_start(&it.http, &wish) == LP_OK);
}

static void look_at_request(unsigned flags)
{
    const char *sent = fake_stream_take(&net.wire);
    MUST((flags & SECURE) == 0 || sent[0] == '\0' || net.is_tls_open);
    MUST(strstr(sent, secret) == NULL || strcmp(net.host, "a.example") == 0);
}

static void feed(unsigned flags, const uint8_t *data, size_t size, size_t cut)
{
    size_t at = 0;
    for (unsigned i = 0; i < TURNS && it.done == 0; i++) {
        web_run(i < 8 || at < size ? 10 : 100);
        if (!net.is_tcp_open) {
            continue;
        }
        look_at_request(flags);
        const size_t n = size - at < cut ? size - at : cut;
        if (n > 0 && it.http.state == LP_HTTP_RECEIVING) {
            fake_stream_feed(&net.wire, data + at, n);
            at += n;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > FAKE_STREAM_BYTES / 2) {
        return 0;
    }
    const unsigned flags = data[0];
    MUST(web_setup(NULL) == 0);
    memset(&it, 0, sizeof it);
    lp_http_client_init(&it.http, &base);
    start(flags);
    feed(flags, data + 2, size - 2, (size_t)data[1] + 1);
    MUST(it.done == 1);
    MUST(it.err != LP_OK || (it.status >= 200 && it.status <= 999));
    MUST(it.http.state == LP_HTTP_IDLE && it.http.requests <= 5);
    MUST((flags & SECURE) == 0 || net.handshakes == net.dials);
    lp_http_client_close(&it.http);
    web_run(20);
    MUST(it.done == 1 && !net.is_tcp_open && !net.is_tls_open);
    return 0;
}
