// SPDX-License-Identifier: Apache-2.0
// Links and HTTP requests on a network and a TLS of the test's: every way in which one ends, and
// what is left behind.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "limpet/http_client.h"
#include "web_rig.h"

// -- links

static lp_link_t link;
static unsigned opened, closed;
static lp_err_t link_why;
static char link_detail[160];

static void on_link(void *ctx, lp_link_event_t event, lp_err_t why, const char *detail)
{
    (void)ctx;
    opened += event == LP_LINK_OPEN;
    closed += event == LP_LINK_CLOSED;
    link_why = why;
    strncpy(link_detail, detail, sizeof link_detail - 1);
}

static int setup_link(void **state)
{
    memset(&link, 0, sizeof link);
    opened = closed = 0;
    return web_setup(state);
}

static const lp_link_papers_t papers = {.trust = ""};

static lp_err_t open_link(const lp_link_papers_t *p)
{
    return lp_link_open(&link, &base, "a.example", 8883, p, on_link, NULL);
}

static void plain_link_opens_over_tcp(void **state)
{
    (void)state;
    assert_int_equal(open_link(NULL), LP_OK);
    assert_int_equal(opened, 0); // never from inside the call
    assert_int_equal(open_link(NULL), LP_E_STATE);
    web_run(20);
    assert_int_equal(opened, 1);
    assert_int_equal(link.state, LP_LINK_UP);
    assert_string_equal(net.host, "a.example");
    assert_int_equal(net.port, 8883);
    assert_int_equal(net.handshakes, 0);
    assert_ptr_equal(lp_link_stream(&link), &link.tcp_.stream);
    lp_link_close(&link);
    lp_link_close(&link);
    assert_false(net.is_tcp_open);
    assert_int_equal(closed, 0);
}

static void secure_link_waits_for_its_turn(void **state)
{
    (void)state;
    lp_turn_ticket_t other = {.fn_ = NULL};
    net.is_silent = true;
    turn.is_taken_ = true; // somebody's handshake is under way
    turn.head_ = &other;
    assert_int_equal(open_link(&papers), LP_OK);
    lp_loop_post(&loop, &net.tcp_event);
    web_run(1000);
    assert_int_equal(link.state, LP_LINK_WAIT);
    assert_int_equal(net.handshakes, 0);
    lp_turn_give(&turn, &other);
    web_run(20);
    assert_int_equal(opened, 1);
    assert_int_equal(net.handshakes, 1);
    assert_string_equal(net.tls_host, "a.example");
    assert_null(turn.head_); // and others may go on
    assert_ptr_equal(lp_link_stream(&link), &link.tls_.stream);
    lp_link_close(&link);
    assert_false(net.is_tls_open || net.is_tcp_open);
}

static void link_without_tls_on_the_board_is_refused(void **state)
{
    (void)state;
    base.turn = NULL;
    assert_int_equal(open_link(&papers), LP_E_UNSUPPORTED);
    net.tcp_refuses = LP_E_NOSPACE;
    assert_int_equal(open_link(NULL), LP_E_NOSPACE);
    net.tcp_refuses = LP_OK;
    assert_int_equal(open_link(NULL), LP_OK); // an error leaves it as it was
    lp_link_close(&link);
}

// Whatever fails is told once, with words, and leaves neither a connection nor the turn behind.
static void link_that_fails_leaves_nothing_behind(void **state)
{
    (void)state;
    static const struct {
        lp_err_t tcp, tls_refuses, tls, expected;
        const char *trust, *detail;
    } table[] = {
        {.tcp = LP_E_NET_REFUSED, .expected = LP_E_NET_REFUSED, .trust = "", .detail = "a.example"},
        {.tls_refuses = LP_E_TLS_CERT, .expected = LP_E_TLS_CERT, .trust = "", .detail = "words"},
        {.tls = LP_E_TLS_NAME, .expected = LP_E_TLS_NAME, .trust = "", .detail = "words"},
        {.expected = LP_E_STATE,
         .trust = "lan.pem",
         .detail = "the file lan.pem with certificates"},
    };
    strcpy(net.report.detail, "words");
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const lp_link_papers_t p = {.trust = table[i].trust};
        net.tcp_answer = table[i].tcp;
        net.tls_refuses = table[i].tls_refuses;
        net.tls_answer = table[i].tls;
        closed = 0;
        assert_int_equal(open_link(&p), LP_OK);
        web_run(50);
        assert_int_equal(closed, 1);
        assert_int_equal(link_why, table[i].expected);
        assert_string_equal(link_detail, table[i].detail);
        assert_int_equal(link.state, LP_LINK_IDLE);
        assert_false(net.is_tcp_open || net.is_tls_open);
        assert_null(turn.head_);
    }
    assert_int_equal(opened, 0);
}

static void link_closed_in_any_state_is_silent(void **state)
{
    (void)state;
    for (int turns = 0; turns < 6; turns++) {
        assert_int_equal(open_link(&papers), LP_OK);
        for (int i = 0; i < turns; i++) {
            lp_loop_turn(&loop, 0);
        }
        const unsigned before = opened;
        lp_link_close(&link);
        web_run(100);
        assert_int_equal(opened, before);
        assert_int_equal(closed, 0);
        assert_false(net.is_tcp_open || net.is_tls_open);
        assert_null(turn.head_);
    }
    assert_true(opened > 0);
}

// -- HTTP requests

static lp_http_client_t http;
static unsigned done_count, done_status;
static lp_err_t done_err;
static char body[4096];
static size_t body_len;

static void on_body(void *ctx, lp_span_t piece)
{
    (void)ctx;
    assert_true(body_len + piece.len < sizeof body);
    memcpy(body + body_len, piece.ptr, piece.len);
    body_len += piece.len;
    body[body_len] = '\0';
}

static void on_done(void *ctx, lp_err_t err, unsigned status)
{
    (void)ctx;
    done_count++;
    done_err = err;
    done_status = status;
}

static int setup_http(void **state)
{
    const int rc = web_setup(state);
    lp_http_client_init(&http, &base);
    done_count = 0;
    return rc;
}

static lp_http_wish_t get(const char *url)
{
    return (lp_http_wish_t){.method = "GET", .url = url, .on_body = on_body, .done = on_done};
}

static void begin(const lp_http_wish_t *wish)
{
    done_count = done_status = 0;
    done_err = LP_OK;
    body_len = 0;
    body[0] = '\0';
    assert_int_equal(lp_http_start(&http, wish), LP_OK);
    web_run(50);
}

static void request_and_response_of_a_plain_get(void **state)
{
    (void)state;
    const lp_http_header_t headers[] = {{"Accept", "text/plain"}};
    lp_http_wish_t wish = get("http://a.example:8080/rain?at=7");
    wish.headers = headers;
    wish.header_count = 1;
    begin(&wish);
    const char *sent = fake_stream_take(&net.wire);
    assert_memory_equal(sent, "GET /rain?at=7 HTTP/1.1\r\n", 25);
    assert_non_null(strstr(sent, "Host: a.example:8080\r\n"));
    assert_non_null(strstr(sent, "Accept: text/plain\r\n"));
    assert_int_equal(done_count, 0);
    fake_stream_feed_str(&net.wire, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    web_run(50);
    assert_int_equal(done_count, 1);
    assert_int_equal(done_err, LP_OK);
    assert_int_equal(done_status, 200);
    assert_string_equal(body, "hello");
    assert_false(net.is_tcp_open);
}

// A byte a time, in chunks: the same.
// An image that makes no connections of its own gives no base.
static void request_without_a_network_is_refused(void **state)
{
    static lp_http_client_t none;
    const lp_http_wish_t wish = {.method = "GET", .url = "http://a.example/", .done = on_done};
    (void)state;
    lp_http_client_init(&none, NULL);
    assert_int_equal(lp_http_start(&none, &wish), LP_E_UNSUPPORTED);
    lp_http_cancel(&none);
    lp_http_client_close(&none);
    assert_int_equal(lp_link_open(&link, NULL, "a.example", 80, NULL, on_link, NULL),
                     LP_E_UNSUPPORTED);
    web_run(20);
    assert_int_equal(net.dials, 0);
}

static void response_in_single_bytes(void **state)
{
    (void)state;
    static const char answer[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                 "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n";
    const lp_http_wish_t wish = get("http://a.example/");
    begin(&wish);
    for (size_t i = 0; i + 1 < sizeof answer; i++) {
        assert_int_equal(done_count, 0);
        fake_stream_feed(&net.wire, answer + i, 1);
        web_run(10);
    }
    assert_int_equal(done_count, 1);
    assert_int_equal(done_status, 200);
    assert_string_equal(body, "hello");
}

static void kept_connection_takes_the_next_request(void **state)
{
    (void)state;
    lp_http_wish_t wish = get("http://a.example/1");
    wish.keeps_alive = true;
    begin(&wish);
    fake_stream_feed_str(&net.wire, "HTTP/1.1 204 No Content\r\n\r\n");
    web_run(50);
    assert_int_equal(done_status, 204);
    assert_true(net.is_tcp_open);
    (void)fake_stream_take(&net.wire);
    wish.url = "http://a.example/2";
    begin(&wish);
    assert_int_equal(net.dials, 1);
    assert_memory_equal(fake_stream_take(&net.wire), "GET /2 ", 7);
    fake_stream_feed_str(&net.wire, "HTTP/1.1 204 No Content\r\n\r\n");
    web_run(50);
    assert_int_equal(http.reused, 1);
    wish.url = "http://b.example/"; // somebody else: not over this connection
    begin(&wish);
    assert_int_equal(net.dials, 2);
    assert_string_equal(net.host, "b.example");
    lp_http_client_close(&http);
    assert_false(net.is_tcp_open);
}

static void kept_connection_that_is_left_is_closed(void **state)
{
    (void)state;
    lp_http_wish_t wish = get("http://a.example/1");
    wish.keeps_alive = true;
    begin(&wish);
    fake_stream_feed_str(&net.wire, "HTTP/1.1 204 No Content\r\n\r\n");
    web_run(LP_HTTP_IDLE_MS + 1000);
    assert_false(net.is_tcp_open);
}

static void redirect_to_elsewhere_leaves_the_fields_behind(void **state)
{
    (void)state;
    const lp_http_header_t headers[] = {{"Authorization", "Bearer secret"}};
    lp_http_wish_t wish = get("http://a.example/");
    wish.headers = headers;
    wish.header_count = 1;
    wish.max_redirects = 1;
    begin(&wish);
    assert_non_null(strstr(fake_stream_take(&net.wire), "Bearer secret"));
    fake_stream_feed_str(&net.wire, "HTTP/1.1 302 Found\r\nLocation: http://b.example/x\r\n"
                                    "Content-Length: 0\r\n\r\n");
    web_run(50);
    assert_string_equal(net.host, "b.example");
    const char *sent = fake_stream_take(&net.wire);
    assert_memory_equal(sent, "GET /x ", 7);
    assert_null(strstr(sent, "secret"));
    fake_stream_feed_str(&net.wire,
                         "HTTP/1.1 302 Found\r\nLocation: /y\r\nContent-Length: 0\r\n\r\n");
    web_run(50);
    assert_int_equal(done_count, 1);
    assert_int_equal(done_err, LP_E_DENIED); // one too many
}

static void redirect_from_https_to_http_is_denied(void **state)
{
    (void)state;
    lp_http_wish_t wish = get("https://a.example/");
    wish.max_redirects = 3;
    begin(&wish);
    assert_int_equal(net.handshakes, 1);
    fake_stream_feed_str(&net.wire, "HTTP/1.1 301 Moved\r\nLocation: http://a.example/\r\n"
                                    "Content-Length: 0\r\n\r\n");
    web_run(50);
    assert_int_equal(done_err, LP_E_DENIED);
    assert_int_equal(net.dials, 1);
}

// What ends a request, and with which error; after each the client takes another.
static void bad_responses_end_the_request(void **state)
{
    (void)state;
    static const struct {
        const char *answer;
        bool hangs_up;
        lp_err_t err;
    } table[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", true, LP_E_CLOSED},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", false,
         LP_E_FORMAT},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", false,
         LP_E_FORMAT},
        {"SSH-2.0-OpenSSH\r\n", false, LP_E_FORMAT},
        {"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", false, LP_E_RANGE},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe", false, LP_E_TIMEOUT},
        {"", true, LP_E_CLOSED},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        lp_http_wish_t wish = get("http://a.example/");
        wish.method = "POST"; // not one to be sent twice
        wish.timeout_ms = 1000;
        begin(&wish);
        fake_stream_feed_str(&net.wire, table[i].answer);
        web_run(50);
        if (table[i].hangs_up) {
            fake_stream_hang_up(&net.wire, LP_E_CLOSED);
        }
        web_run(1200);
        assert_int_equal(done_count, 1);
        assert_int_equal(done_err, table[i].err);
        assert_false(net.is_tcp_open);
        assert_int_equal(http.state, LP_HTTP_IDLE);
    }
}

static void request_can_be_canceled_at_any_time(void **state)
{
    (void)state;
    for (int turns = 0; turns < 8; turns++) {
        const lp_http_wish_t wish = get("https://a.example/");
        done_count = 0;
        assert_int_equal(lp_http_start(&http, &wish), LP_OK);
        assert_int_equal(lp_http_start(&http, &wish), LP_E_BUSY);
        for (int i = 0; i < turns; i++) {
            lp_loop_turn(&loop, 0);
        }
        lp_http_cancel(&http);
        assert_int_equal(done_count, 0); // from the loop
        web_run(50);
        assert_int_equal(done_count, 1);
        assert_int_equal(done_err, LP_E_CANCELED);
        assert_false(net.is_tcp_open || net.is_tls_open);
        assert_null(turn.head_);
    }
}

static void nothing_is_smuggled_in_through_a_field(void **state)
{
    (void)state;
    static const lp_http_header_t bad[] = {{"X-A", "1\r\nX-B: 2"},
                                           {"X-A\r\nX-B", "1"},
                                           {"Host", "b.example"},
                                           {"Content-Length", "1"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        lp_http_wish_t wish = get("http://a.example/");
        wish.headers = &bad[i];
        wish.header_count = 1;
        assert_int_equal(lp_http_start(&http, &wish), LP_E_INVALID);
    }
    const lp_http_wish_t wish = get("http://a.example/ x");
    assert_int_equal(lp_http_start(&http, &wish), LP_E_INVALID);
    assert_int_equal(net.dials, 0);
}

static void body_goes_as_fast_as_the_network_takes_it(void **state)
{
    (void)state;
    lp_http_wish_t wish = get("http://a.example/");
    wish.method = "PUT";
    wish.body = lp_span_str("0123456789");
    net.is_silent = true;
    assert_int_equal(lp_http_start(&http, &wish), LP_OK);
    net.wire.write_room = 7;
    lp_loop_post(&loop, &net.tcp_event);
    for (int i = 0; i < 60; i++) {
        web_run(10);
        fake_stream_give_room(&net.wire, 3);
    }
    web_run(20);
    const char *sent = fake_stream_take(&net.wire);
    assert_non_null(strstr(sent, "Content-Length: 10\r\n"));
    assert_non_null(strstr(sent, "\r\n\r\n0123456789"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(plain_link_opens_over_tcp, setup_link),
        cmocka_unit_test_setup(secure_link_waits_for_its_turn, setup_link),
        cmocka_unit_test_setup(link_without_tls_on_the_board_is_refused, setup_link),
        cmocka_unit_test_setup(link_that_fails_leaves_nothing_behind, setup_link),
        cmocka_unit_test_setup(link_closed_in_any_state_is_silent, setup_link),
        cmocka_unit_test_setup(request_and_response_of_a_plain_get, setup_http),
        cmocka_unit_test_setup(request_without_a_network_is_refused, setup_http),
        cmocka_unit_test_setup(response_in_single_bytes, setup_http),
        cmocka_unit_test_setup(kept_connection_takes_the_next_request, setup_http),
        cmocka_unit_test_setup(kept_connection_that_is_left_is_closed, setup_http),
        cmocka_unit_test_setup(redirect_to_elsewhere_leaves_the_fields_behind, setup_http),
        cmocka_unit_test_setup(redirect_from_https_to_http_is_denied, setup_http),
        cmocka_unit_test_setup(bad_responses_end_the_request, setup_http),
        cmocka_unit_test_setup(request_can_be_canceled_at_any_time, setup_http),
        cmocka_unit_test_setup(nothing_is_smuggled_in_through_a_field, setup_http),
        cmocka_unit_test_setup(body_goes_as_fast_as_the_network_takes_it, setup_http),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
