// SPDX-License-Identifier: Apache-2.0
// Requests of HTTP/1.1: good ones, those that two readers could read differently, and long ones.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "limpet/http_codec.h"

enum { MAX = 100 };

// What was said: "POST /x|host=a|content-length=2|.|ab|;" - a point for the end of the head, pieces
// of the body put together, a semicolon for the end, "!400" for the refusal.
static char said[16384];
static size_t said_len;

static void say(const char *text, lp_span_t bytes, const char *end)
{
    said_len += (size_t)snprintf(said + said_len, sizeof said - said_len, "%s%.*s%s", text,
                                 (int)bytes.len, bytes.len > 0 ? (const char *)bytes.ptr : "", end);
}

static void tell(const lp_http_request_t *r, lp_http_event_t ev)
{
    char text[32];
    switch (ev) {
    case LP_HTTP_EV_MORE:
        break;
    case LP_HTTP_EV_LINE:
        say("", r->method, " ");
        say("", r->target, "|");
        break;
    case LP_HTTP_EV_FIELD:
        snprintf(text, sizeof text, "%d=", (int)r->field);
        say(text, r->value, "|");
        break;
    case LP_HTTP_EV_HEAD:
        snprintf(text, sizeof text, ".%u%s%s|", r->length, r->is_last ? "L" : "",
                 r->is_upgrade ? "U" : "");
        say(text, lp_span(NULL, 0), "");
        break;
    case LP_HTTP_EV_BODY:
        say("", r->piece, "");
        break;
    case LP_HTTP_EV_DONE:
        say(";", lp_span(NULL, 0), "");
        break;
    case LP_HTTP_EV_BAD:
        snprintf(text, sizeof text, "!%u", r->status);
        say(text, lp_span(NULL, 0), "");
        break;
    }
}

static const char *read_all(const char *bytes, size_t len, size_t cut)
{
    lp_http_request_t r;
    said_len = 0;
    said[0] = '\0';
    lp_http_request_init(&r, MAX);
    for (size_t at = 0; at < len;) {
        const size_t n = len - at < cut ? len - at : cut;
        lp_span_t in = lp_span(bytes + at, n);
        at += n;
        lp_http_event_t ev;
        while ((ev = lp_http_request_feed(&r, &in)) != LP_HTTP_EV_MORE) {
            tell(&r, ev);
            if (ev == LP_HTTP_EV_BAD) {
                assert_int_equal(lp_http_request_feed(&r, &in), LP_HTTP_EV_BAD);
                return said;
            }
        }
        assert_int_equal(in.len, 0);
    }
    return said;
}

static void expect(const char *bytes, const char *want)
{
    for (size_t cut = 1; cut < 8; cut++) {
        assert_string_equal(read_all(bytes, strlen(bytes), cut), want);
    }
    assert_string_equal(read_all(bytes, strlen(bytes), strlen(bytes)), want);
}

static void refused(const char *bytes, unsigned status)
{
    char want[8];
    snprintf(want, sizeof want, "!%u", status);
    for (size_t cut = 1; cut <= strlen(bytes); cut += cut < 4 ? 1 : strlen(bytes)) {
        const char *text = read_all(bytes, strlen(bytes), cut);
        const char *mark = strchr(text, '!');
        if (mark == NULL || strcmp(mark, want) != 0) {
            fail_msg("wanted %s for:\n%s\ngot: %s", want, bytes, text);
        }
    }
}

#define HOST "Host: a\r\n"

static void http_request_with_and_without_a_body(void **state)
{
    (void)state;
    expect("POST /rpc/Sys.GetInfo HTTP/1.1\r\nHost: a.b:80\r\nContent-Length: 2\r\n\r\n{}",
           "POST /rpc/Sys.GetInfo|0=a.b:80|1=2|.2|{};");
    expect("GET / HTTP/1.1\r\nhOsT:\t a \t\r\nX-Other:\r\n\r\n", "GET /|0=a|12=|.0|;");
}

static void http_requests_follow_each_other(void **state)
{
    (void)state;
    expect("POST /a HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\nx\r\n"
           "GET /b HTTP/1.1\r\n" HOST "\r\nGET /c HTTP/1.1\r\n" HOST "\r\n",
           "POST /a|0=a|1=1|.1|x;GET /b|0=a|.0|;GET /c|0=a|.0|;");
}

static void http_connection_says_how_it_goes_on(void **state)
{
    (void)state;
    expect("GET / HTTP/1.1\r\n" HOST
           "Connection: Keep-Alive, UPGRADE\r\nUpgrade: websocket\r\n\r\n",
           "GET /|0=a|11=Keep-Alive, UPGRADE|7=websocket|.0U|;");
    expect("GET / HTTP/1.1\r\n" HOST "Connection: x,close\r\n\r\n", "GET /|0=a|11=x,close|.0L|;");
    expect("GET / HTTP/1.0\r\n\r\n", "GET /|.0L|;");
    expect("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET /|11=keep-alive|.0|;");
}

static void http_lines_that_are_none_are_refused(void **state)
{
    (void)state;
    refused("GET / HTTP/1.1\n", 400);
    refused("GET / HTTP/1.1\rX", 400);
    refused("GET  / HTTP/1.1\r\n", 400);
    refused("GET /\r\n", 400);
    refused("GET / HTTP/1.1 \r\n", 505);
    refused("GET / HTTP/2.0\r\n", 505);
    refused("GET / HTTP/1.2\r\n", 505);
    refused("GET / http/1.1\r\n", 400);
    refused("GET http://a/ HTTP/1.1\r\n", 400);
    refused("OPTIONS * HTTP/1.1\r\n", 400);
    refused("G@T / HTTP/1.1\r\n", 400);
    refused("GET /\x01 HTTP/1.1\r\n", 400);
    refused("GET /\xc3\xa4 HTTP/1.1\r\n", 400);
    refused("\r\n\r\n\r\n\r\n", 400);
    refused("\x16\x03\x01\x02\r\n", 400); // somebody speaks TLS to a plain port
}

static void http_fields_that_are_none_are_refused(void **state)
{
    (void)state;
    refused("GET / HTTP/1.1\r\n" HOST "X : 1\r\n\r\n", 400);
    refused("GET / HTTP/1.1\r\n" HOST " folded\r\n\r\n", 400);
    refused("GET / HTTP/1.1\r\n" HOST "X: 1\r\n\tfolded\r\n\r\n", 400);
    refused("GET / HTTP/1.1\r\n" HOST ": 1\r\n\r\n", 400);
    refused("GET / HTTP/1.1\r\n" HOST "no colon\r\n\r\n", 400);
    refused("GET / HTTP/1.1\r\n" HOST "X: a\x7f\r\n\r\n", 400);
    refused("GET / HTTP/1.1\r\n" HOST "X: a\x01\r\n\r\n", 400);
    refused("GET / HTTP/1.1\r\n\r\n", 400); // no host
    refused("GET / HTTP/1.1\r\n" HOST HOST "\r\n", 400);
    refused("GET / HTTP/1.1\r\n" HOST "Origin: a\r\nOrigin: b\r\n\r\n", 400);
    refused("GET / HTTP/1.1\r\n" HOST "Authorization: a\r\nauthorization: b\r\n\r\n", 400);
}

// The classes of smuggled requests: two lengths, a length and chunks, lengths that readers differ
// about.
static void http_requests_cannot_be_smuggled(void **state)
{
    (void)state;
    static const char *const cl[] = {"+5", "-5", "5,5", "5 5", "0x5", "5;", "", "\"5\"", "5\v"};
    for (size_t i = 0; i < sizeof cl / sizeof cl[0]; i++) {
        char text[128];
        snprintf(text, sizeof text, "POST / HTTP/1.1\r\n" HOST "Content-Length: %s\r\n\r\nhello",
                 cl[i]);
        refused(text, 400);
    }
    refused("POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400);
    refused("POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400);
    refused("POST / HTTP/1.1\r\n" HOST
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
            400);
    refused("POST / HTTP/1.1\r\n" HOST
            "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n",
            400);
    refused("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n\r\n",
            400);
    refused("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501);
    refused("POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400);
    refused("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding : chunked\r\n\r\n", 400);
    refused("POST / HTTP/1.1\r\n" HOST "X: a\nTransfer-Encoding: chunked\r\n\r\n", 400);
    // A body that looks like a request is a body.
    expect("POST / HTTP/1.1\r\n" HOST "Content-Length: 18\r\n\r\nGET /x HTTP/1.1\r\n\r",
           "POST /|0=a|1=18|.18|GET /x HTTP/1.1\r\n\r;");
}

static void http_long_requests_are_refused(void **state)
{
    (void)state;
    static char text[20000];
    refused("POST / HTTP/1.1\r\n" HOST "Content-Length: 101\r\n\r\n", 413);
    refused("POST / HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999\r\n\r\n", 413);
    refused("POST / HTTP/1.1\r\n" HOST "Content-Length: 4294967296\r\n\r\n", 413);
    snprintf(text, sizeof text, "GET /%0900d HTTP/1.1\r\n", 1);
    refused(text, 414);
    snprintf(text, sizeof text, "GET / HTTP/1.1\r\nX: %0900d\r\n", 1);
    refused(text, 431);
    size_t n = (size_t)snprintf(text, sizeof text, "GET / HTTP/1.1\r\n");
    for (int i = 0; i < 60; i++) {
        n += (size_t)snprintf(text + n, sizeof text - n, "X: 1\r\n");
    }
    refused(text, 431);
    n = (size_t)snprintf(text, sizeof text, "GET / HTTP/1.1\r\n");
    for (int i = 0; i < 12; i++) {
        n += (size_t)snprintf(text + n, sizeof text - n, "X: %0500d\r\n", 1);
    }
    refused(text, 431);
}

static void http_says_when_a_request_has_begun(void **state)
{
    (void)state;
    lp_http_request_t r;
    const char *text = "POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\nx";
    lp_http_request_init(&r, MAX);
    assert_false(lp_http_request_is_begun(&r));
    for (size_t i = 0; i < strlen(text); i++) {
        lp_span_t in = lp_span(text + i, 1);
        while (lp_http_request_feed(&r, &in) != LP_HTTP_EV_MORE) {
        }
        // After the last byte the next call has already begun to look for another request.
        assert_int_equal(lp_http_request_is_begun(&r), i + 1 < strlen(text));
    }
}

// -- Digest

static void digest_of_the_rfc_is_read(void **state)
{
    (void)state;
    lp_http_digest_t d;
    const char *text =
        "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", uri=\"/dir/index.html\", "
        "algorithm=SHA-256, nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, "
        "cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, "
        "response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\", "
        "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";
    assert_int_equal(lp_http_digest_read(lp_span_str(text), &d), LP_OK);
    assert_true(lp_span_equal_str(d.username, "Mufasa"));
    assert_true(lp_span_equal_str(d.realm, "http-auth@example.org"));
    assert_true(lp_span_equal_str(d.nc, "00000001"));
    assert_true(lp_span_equal_str(d.qop, "auth"));
    assert_true(lp_span_equal_str(d.algorithm, "SHA-256"));
    assert_int_equal(d.response.len, 64);
}

static void digest_that_is_none_is_refused(void **state)
{
    (void)state;
    lp_http_digest_t d;
    assert_int_equal(lp_http_digest_read(lp_span_str("Basic YWRtaW46YWRtaW4="), &d),
                     LP_E_NOT_FOUND);
    assert_int_equal(lp_http_digest_read(lp_span_str("Digest"), &d), LP_E_NOT_FOUND);
    static const char *const bad[] = {
        "Digest ",
        "Digest x",
        "Digest x=",
        "Digest =\"x\"",
        "Digest nc=1,",
        "Digest nc=1 nc=2",
        "Digest nc=1,,x=2",
        "Digest nonce=\"a\\\"b\"",
        "Digest nonce=\"a",
        "Digest nc=1, NC=2",
        "Digest nonce=\"\xc3\xa4\"",
        "Digest nonce=\"\"",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(lp_http_digest_read(lp_span_str(bad[i]), &d), LP_E_FORMAT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http_request_with_and_without_a_body),
        cmocka_unit_test(http_requests_follow_each_other),
        cmocka_unit_test(http_connection_says_how_it_goes_on),
        cmocka_unit_test(http_lines_that_are_none_are_refused),
        cmocka_unit_test(http_fields_that_are_none_are_refused),
        cmocka_unit_test(http_requests_cannot_be_smuggled),
        cmocka_unit_test(http_long_requests_are_refused),
        cmocka_unit_test(http_says_when_a_request_has_begun),
        cmocka_unit_test(digest_of_the_rfc_is_read),
        cmocka_unit_test(digest_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
