// SPDX-License-Identifier: Apache-2.0
// Requests out of a stream: whole ones, cut ones, and those that two readers would read
// differently.
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// after the above
#include <cmocka.h>

#include "limpet/front_http.h"

#define HOST "Host: x\r\n"

static int parse(const char *text, lp_front_http_t *out)
{
    // A copy of its own, so that reading beyond it is seen.
    size_t len = strlen(text);
    char *copy = malloc(len > 0 ? len : 1);
    memcpy(copy, text, len);
    int status = lp_front_http_parse(lp_span(copy, len), out);
    if (status == 0) {
        out->request.body = NULL;
    }
    free(copy);
    return status;
}

static void http_request_is_read(void **state)
{
    (void)state;
    static const char text[] =
        "POST /topics/a%2Fb?qos=1 HTTP/1.1\r\nHost: localhost\r\nX-A:  b c \r\n"
        "Content-Length: 5\r\n\r\nhelloGET /";
    lp_front_http_t h;
    assert_int_equal(lp_front_http_parse(lp_span(text, strlen(text)), &h), 0);
    assert_string_equal(h.request.method, "POST");
    assert_string_equal(h.request.target, "/topics/a%2Fb?qos=1");
    assert_string_equal(lp_http_header(&h.request, "x-a"), "b c");
    assert_int_equal(h.request.body_len, 5);
    assert_memory_equal(h.request.body, "hello", 5);
    assert_int_equal(h.used, strlen(text) - 5);
    assert_true(h.keeps_open);
    lp_front_http_free(&h);
}

static void http_cut_request_wants_more(void **state)
{
    (void)state;
    static const char text[] = "PUT /x HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc";
    for (size_t n = 0; n < strlen(text); n++) {
        lp_front_http_t h;
        char *copy = malloc(n > 0 ? n : 1);
        memcpy(copy, text, n);
        assert_int_equal(lp_front_http_parse(lp_span(copy, n), &h), -1);
        free(copy);
    }
}

static void http_what_could_be_misread_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int status;
    } t[] = {
        {"GET / HTTP/1.1\r\n" HOST "\r\n", 0},
        {"GET / HTTP/1.0\r\n" HOST "\r\n", 505},
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST HOST "\r\n", 400},
        {"GET  / HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET x HTTP/1.1\r\n" HOST "\r\n", 400},
        {"G T / HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET /\r\n" HOST "\r\n", 400},
        {"\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST "A : b\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST " folded\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST "novalue\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST "A: b\nC: d\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: +1\r\n\r\nx", 400},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 0x1\r\n\r\nx", 400},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\nx", 400},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999\r\n\r\nx", 400},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 262145\r\n\r\nx", 413},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\ntransfer-encoding: x\r\n\r\nx", 501},
    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        lp_front_http_t h = {0};
        int status = parse(t[i].text, &h);
        if (status != t[i].status) {
            print_error("%s: %d\n", t[i].text, status);
        }
        assert_int_equal(status, t[i].status);
        lp_front_http_free(&h);
    }
}

static void http_zero_bytes_and_endless_heads_are_refused(void **state)
{
    (void)state;
    static const char zero[] = "GET /\0 HTTP/1.1\r\n" HOST "\r\n";
    static char endless[LP_FRONT_HTTP_HEAD_MAX + 1];
    lp_front_http_t h;
    memset(endless, 'a', sizeof endless);
    assert_int_equal(lp_front_http_parse(lp_span(zero, sizeof zero - 1), &h), 400);
    assert_int_equal(lp_front_http_parse(lp_span(endless, sizeof endless), &h), 431);
}

static void http_too_many_headers_are_refused(void **state)
{
    (void)state;
    char text[2000] = "GET / HTTP/1.1\r\n" HOST;
    lp_front_http_t h;
    for (int i = 0; i < LP_HTTP_HEADERS_MAX; i++) {
        strcat(text, "a: b\r\n");
    }
    strcat(text, "\r\n");
    assert_int_equal(parse(text, &h), 431);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http_request_is_read),
        cmocka_unit_test(http_cut_request_wants_more),
        cmocka_unit_test(http_what_could_be_misread_is_refused),
        cmocka_unit_test(http_zero_bytes_and_endless_heads_are_refused),
        cmocka_unit_test(http_too_many_headers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
