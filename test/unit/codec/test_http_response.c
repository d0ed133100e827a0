// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "limpet/http_response.h"

static lp_http_response_t r;
static char body[512];
static size_t body_len;
static lp_http_rsp_event_t last;
static lp_span_t rest;

// Feeds all of it in pieces of `cut`, as far as it is taken.
static void feed_cut(const char *text, bool is_head, size_t cut)
{
    size_t at = 0;
    const size_t size = strlen(text);
    lp_http_response_init(&r, is_head, 100);
    body_len = 0;
    memset(body, 0, sizeof body);
    last = LP_HTTP_RSP_MORE;
    do {
        const size_t len = size - at < cut ? size - at : cut;
        rest = lp_span(text + at, len);
        last = lp_http_response_feed(&r, &rest);
        at += len - rest.len;
        if (last == LP_HTTP_RSP_BODY) {
            memcpy(body + body_len, r.piece.ptr, r.piece.len);
            body_len += r.piece.len;
        }
    } while ((at < size || last != LP_HTTP_RSP_MORE) && last != LP_HTTP_RSP_DONE &&
             last != LP_HTTP_RSP_BAD);
    rest = lp_span(text + at, size - at);
}

static void gives(const char *text, bool is_head, unsigned status, const char *wanted)
{
    for (size_t cut = 1; cut < 60; cut += 7) {
        feed_cut(text, is_head, cut);
        if (last != LP_HTTP_RSP_DONE || r.status != status || strcmp(body, wanted) != 0) {
            fail_msg("%s: event %d, status %u, body \"%s\"", text, (int)last, r.status, body);
        }
    }
}

static void breaks(const char *text, lp_err_t err)
{
    feed_cut(text, false, 1000);
    if (last != LP_HTTP_RSP_BAD || r.err != err) {
        fail_msg("%s: event %d, error %d", text, (int)last, (int)r.err);
    }
}

#define OK "HTTP/1.1 200 OK\r\n"

static void http_response_has_a_body_of_its_length(void **state)
{
    (void)state;
    gives(OK "Content-Length: 5\r\n\r\nhello", false, 200, "hello");
    gives(OK "content-length:0\r\n\r\n", false, 200, "");
    gives("HTTP/1.1 404 \r\nContent-Length: 2\r\n\r\nno", false, 404, "no");
    gives("HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", false, 200, "ok");
}

static void http_response_has_none_where_there_is_none(void **state)
{
    (void)state;
    gives(OK "Content-Length: 5\r\n\r\n", true, 200, "");
    gives(OK "Transfer-Encoding: chunked\r\n\r\n", true, 200, "");
    gives("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", false, 204, "");
    gives("HTTP/1.1 304 Not Modified\r\nContent-Length: 50000\r\n\r\n", false, 304, "");
}

static void http_response_in_chunks(void **state)
{
    (void)state;
    gives(OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;x=\"y\"\r\n!\r\n0\r\n\r\n", false,
          200, "hello!");
    gives(OK
          "Transfer-Encoding: Chunked\r\n\r\nA\r\n0123456789\r\n000\r\nContent-Length: 9\r\n\r\n",
          false, 200, "0123456789");
}

static void http_response_until_the_end(void **state)
{
    (void)state;
    feed_cut("HTTP/1.0 200 OK\r\n\r\nhello", false, 4);
    assert_int_equal(last, LP_HTTP_RSP_MORE);
    assert_true(r.is_last);
    assert_int_equal(lp_http_response_end(&r), LP_OK);
    assert_string_equal(body, "hello");
}

static void http_response_that_is_cut_is_told_apart(void **state)
{
    (void)state;
    static const char *const cut[] = {
        "",
        "HTTP/1.1 200 OK\r\n",
        OK "Content-Length: 5\r\n\r\n",
        OK "Content-Length: 5\r\n\r\nhell",
        OK "Transfer-Encoding: chunked\r\n\r\n",
        OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello",
        OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
    };
    for (size_t i = 0; i < sizeof cut / sizeof cut[0]; i++) {
        feed_cut(cut[i], false, 100);
        assert_int_equal(lp_http_response_end(&r), LP_E_CLOSED);
    }
}

static void http_interim_responses_are_passed_over(void **state)
{
    (void)state;
    gives("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" OK
          "Content-Length: 2\r\n\r\nok",
          false, 200, "ok");
    char many[600] = "";
    for (int i = 0; i < 9; i++) {
        strcat(many, "HTTP/1.1 100 Continue\r\n\r\n");
    }
    breaks(many, LP_E_FORMAT);
    breaks("HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\nhello", LP_E_FORMAT);
}

// What another reader would take for another length.
static void http_response_that_can_be_read_in_two_ways_is_refused(void **state)
{
    (void)state;
    breaks(OK "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", LP_E_FORMAT);
    breaks(OK "Content-Length: 5, 5\r\n\r\n", LP_E_FORMAT);
    breaks(OK "Content-Length: +5\r\n\r\n", LP_E_FORMAT);
    breaks(OK "Content-Length: 0x5\r\n\r\n", LP_E_FORMAT);
    breaks(OK "Content-Length:\r\n\r\n", LP_E_FORMAT);
    breaks(OK "Content-Length: -1\r\n\r\n", LP_E_FORMAT);
    breaks(OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", LP_E_FORMAT);
    breaks(OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", LP_E_FORMAT);
    breaks(OK "Transfer-Encoding: gzip, chunked\r\n\r\n", LP_E_FORMAT);
    breaks(OK "Transfer-Encoding: identity\r\n\r\n", LP_E_FORMAT);
    breaks("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", LP_E_FORMAT);
    breaks(OK "Content-Length : 5\r\n\r\n", LP_E_FORMAT);
    breaks(OK " Content-Length: 5\r\n\r\n", LP_E_FORMAT);
    breaks(OK "X: a\r\n\tb\r\n\r\n", LP_E_FORMAT);
    breaks(OK "Content-Length: 5\n\r\n", LP_E_FORMAT);
    breaks(OK "X: a\rb\r\n\r\n", LP_E_FORMAT);
    breaks(OK "no colon\r\n\r\n", LP_E_FORMAT);
}

static void http_chunks_that_are_wrong_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"\r\n",        "x\r\n",        "-1\r\n",
                                      "5 hello\r\n", "0x5\r\n",      "5\r\nhelloX\r\n",
                                      "5\nhello",    "5\r\nhello\n", ";x\r\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[200] = OK "Transfer-Encoding: chunked\r\n\r\n";
        strcat(text, bad[i]);
        breaks(text, LP_E_FORMAT);
    }
    breaks(OK "Transfer-Encoding: chunked\r\n\r\n100000000\r\n", LP_E_RANGE);
    breaks(OK "Transfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n", LP_E_RANGE);
    breaks(OK "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\nFFFFFFFF\r\n", LP_E_RANGE);
}

static void http_status_lines_that_are_wrong_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "HTTP/2 200 OK\r\n",    "HTTP/1.1  200 OK\r\n",    "HTTP/1.1 20 OK\r\n",
        "HTTP/1.1 2000 OK\r\n", "HTTP/1.1 099 X\r\n",      "ICY 200 OK\r\n",
        "http/1.1 200 OK\r\n",  "\r\nHTTP/1.1 200 OK\r\n", "HTTP/1.1 200OK\r\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        breaks(bad[i], LP_E_FORMAT);
    }
}

static void http_response_has_limits(void **state)
{
    (void)state;
    static char text[20000];
    breaks(OK "Content-Length: 101\r\n\r\n", LP_E_RANGE);
    breaks(OK "Content-Length: 99999999999999999999\r\n\r\n", LP_E_RANGE);
    strcpy(text, OK "X: ");
    memset(text + strlen(text), 'a', 900);
    breaks(text, LP_E_RANGE);
    memset(text, 0, sizeof text);
    strcpy(text, OK);
    for (int i = 0; i < 41; i++) {
        strcat(text, "X: y\r\n");
    }
    breaks(text, LP_E_RANGE);
    strcpy(text, "HTTP/1.0 200 OK\r\n\r\n");
    memset(text + strlen(text), 'a', 101);
    breaks(text, LP_E_RANGE);
}

static void http_connection_goes_on_or_not(void **state)
{
    (void)state;
    feed_cut(OK "Content-Length: 0\r\n\r\n", false, 100);
    assert_false(r.is_last);
    feed_cut(OK "Connection: close\r\nContent-Length: 0\r\n\r\n", false, 100);
    assert_true(r.is_last);
    feed_cut("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", false, 100);
    assert_false(r.is_last);
    feed_cut(OK "Content-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n", false, 1000);
    assert_int_equal(last, LP_HTTP_RSP_DONE);
    assert_int_equal(rest.len, 17); // nobody asked for it: the caller's to judge
}

static void http_upgrade_leaves_the_rest(void **state)
{
    (void)state;
    feed_cut("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n\x81\x01z", false,
             1000);
    assert_int_equal(last, LP_HTTP_RSP_DONE);
    assert_true(r.is_upgrade);
    assert_int_equal(rest.len, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http_response_has_a_body_of_its_length),
        cmocka_unit_test(http_response_has_none_where_there_is_none),
        cmocka_unit_test(http_response_in_chunks),
        cmocka_unit_test(http_response_until_the_end),
        cmocka_unit_test(http_response_that_is_cut_is_told_apart),
        cmocka_unit_test(http_interim_responses_are_passed_over),
        cmocka_unit_test(http_response_that_can_be_read_in_two_ways_is_refused),
        cmocka_unit_test(http_chunks_that_are_wrong_are_refused),
        cmocka_unit_test(http_status_lines_that_are_wrong_are_refused),
        cmocka_unit_test(http_response_has_limits),
        cmocka_unit_test(http_connection_goes_on_or_not),
        cmocka_unit_test(http_upgrade_leaves_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
