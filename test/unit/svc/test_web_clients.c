// SPDX-License-Identifier: Apache-2.0
// Links and HTTP requests on a network and a TLS of the test's: every way in which one ends, and
// what is left behind.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake/port.h"
#include "fake/stream.h"
#include "limpet/http_client.h"
#include "limpet/settings.h"

enum { FLASH = 65536 };

static lp_loop_t loop;
static lp_store_t store;
static lp_store_entry_t entries[96];
static lp_config_t config;
static lp_config_value_t values[LP_SETTINGS_COUNT];
static lp_store_item_t items[LP_SETTINGS_COUNT];
static uint8_t arena[LP_SETTINGS_ARENA];
static lp_turn_t turn;
static lp_link_base_t base;

// -- the network, and TLS over it: one connection at a time

static struct {
    fake_stream_t wire;
    lp_stream_fn *tcp_fn, *tls_fn;
    void *tcp_ctx, *tls_ctx;
    lp_event_t tcp_event, tls_event;
    lp_err_t tcp_answer, tls_answer, tcp_refuses, tls_refuses;
    bool is_tcp_open, is_tls_open, is_silent;
    unsigned dials, handshakes;
    char host[256], tls_host[256], trust[64], key_id[32];
    uint16_t port;
    lp_tls_report_t report;
} net;

static void tell_tcp(void *ctx)
{
    (void)ctx;
    net.tcp_fn(net.tcp_ctx, net.tcp_answer == LP_OK ? LP_STREAM_OPEN : LP_STREAM_CLOSED,
               net.tcp_answer);
}

static void tell_tls(void *ctx)
{
    (void)ctx;
    net.tls_fn(net.tls_ctx, net.tls_answer == LP_OK ? LP_STREAM_OPEN : LP_STREAM_CLOSED,
               net.tls_answer);
}

static void wire_listen(lp_stream_t *s, lp_stream_fn *fn, void *ctx)
{
    (void)s;
    lp_stream_listen(&net.wire.stream, fn, ctx);
}

static lp_err_t wire_read(lp_stream_t *s, uint8_t *buf, size_t cap, size_t *n)
{
    (void)s;
    return lp_stream_read(&net.wire.stream, buf, cap, n);
}

static lp_err_t wire_write(lp_stream_t *s, lp_span_t data, size_t *n)
{
    (void)s;
    return lp_stream_write(&net.wire.stream, data, n);
}

static void tcp_close(lp_stream_t *s)
{
    (void)s;
    lp_stream_close(&net.wire.stream);
    lp_loop_unpost(&loop, &net.tcp_event);
    net.is_tcp_open = false;
}

static void tls_close(lp_stream_t *s)
{
    lp_loop_unpost(&loop, &net.tls_event);
    net.is_tls_open = false;
    tcp_close(s);
}

lp_err_t lp_port_tcp_open(lp_tcp_t *tcp, const char *host, uint16_t port, lp_stream_fn *fn,
                          void *ctx)
{
    static const lp_stream_ops_t ops = {
        .listen = wire_listen, .read = wire_read, .write = wire_write, .close = tcp_close};
    if (net.tcp_refuses != LP_OK) {
        return net.tcp_refuses;
    }
    assert_false(net.is_tcp_open); // the one before was closed
    tcp->stream.ops = &ops;
    fake_stream_init(&net.wire, &loop);
    net.is_tcp_open = true;
    net.dials++;
    net.tcp_fn = fn;
    net.tcp_ctx = ctx;
    net.port = port;
    strcpy(net.host, host);
    lp_event_init(&net.tcp_event, tell_tcp, NULL);
    if (!net.is_silent) {
        lp_loop_post(&loop, &net.tcp_event);
    }
    return LP_OK;
}

lp_err_t lp_tls_open(lp_tls_t *tls, lp_stream_t *lower, const lp_tls_config_t *c, lp_stream_fn *fn,
                     void *ctx)
{
    static const lp_stream_ops_t ops = {
        .listen = wire_listen, .read = wire_read, .write = wire_write, .close = tls_close};
    (void)lower;
    if (net.tls_refuses != LP_OK) {
        return net.tls_refuses;
    }
    assert_true(net.is_tcp_open);
    tls->stream.ops = &ops;
    net.is_tls_open = true;
    net.handshakes++;
    net.tls_fn = fn;
    net.tls_ctx = ctx;
    strcpy(net.tls_host, c->host);
    strncpy(net.trust, (const char *)c->trust_pem.ptr, sizeof net.trust - 1);
    strcpy(net.key_id, c->key_id != NULL ? c->key_id : "");
    lp_event_init(&net.tls_event, tell_tls, NULL);
    lp_loop_post(&loop, &net.tls_event);
    return LP_OK;
}

const lp_tls_report_t *lp_tls_report(const lp_tls_t *tls)
{
    (void)tls;
    return &net.report;
}

// -- the rig

static void run(uint32_t ms)
{
    for (uint32_t passed = 0; passed < ms; passed += 10) {
        lp_loop_turn(&loop, 0);
        fake_clock_advance_ms(10);
    }
    lp_loop_turn(&loop, 0);
}

static int setup(void **state)
{
    (void)state;
    memset(&net, 0, sizeof net);
    fake_clock_reset();
    fake_system_reset();
    fake_flash_reset((lp_flash_geometry_t){FLASH, 4096, 4});
    lp_loop_init(&loop);
    lp_turn_init(&turn, &loop);
    const lp_store_config_t s = {.size_bytes = FLASH, .entries = entries, .max_entries = 96};
    assert_int_equal(lp_store_open(&store, &s), LP_OK);
    const lp_config_setup_t c = {.rows = lp_settings,
                                 .count = LP_SETTINGS_COUNT,
                                 .values = values,
                                 .items = items,
                                 .arena = arena,
                                 .arena_bytes = sizeof arena,
                                 .store = &store};
    assert_int_equal(lp_config_init(&config, &c), LP_OK);
    lp_config_load(&config, NULL);
    base = (lp_link_base_t){.loop = &loop, .turn = &turn, .config = &config};
    return 0;
}

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
    return setup(state);
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
    run(20);
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
    run(1000);
    assert_int_equal(link.state, LP_LINK_WAIT);
    assert_int_equal(net.handshakes, 0);
    lp_turn_give(&turn, &other);
    run(20);
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
        run(50);
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
        run(100);
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
    const int rc = setup(state);
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
    run(50);
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
    run(50);
    assert_int_equal(done_count, 1);
    assert_int_equal(done_err, LP_OK);
    assert_int_equal(done_status, 200);
    assert_string_equal(body, "hello");
    assert_false(net.is_tcp_open);
}

// A byte a time, in chunks: the same.
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
        run(10);
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
    run(50);
    assert_int_equal(done_status, 204);
    assert_true(net.is_tcp_open);
    (void)fake_stream_take(&net.wire);
    wish.url = "http://a.example/2";
    begin(&wish);
    assert_int_equal(net.dials, 1);
    assert_memory_equal(fake_stream_take(&net.wire), "GET /2 ", 7);
    fake_stream_feed_str(&net.wire, "HTTP/1.1 204 No Content\r\n\r\n");
    run(50);
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
    run(LP_HTTP_IDLE_MS + 1000);
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
    run(50);
    assert_string_equal(net.host, "b.example");
    const char *sent = fake_stream_take(&net.wire);
    assert_memory_equal(sent, "GET /x ", 7);
    assert_null(strstr(sent, "secret"));
    fake_stream_feed_str(&net.wire,
                         "HTTP/1.1 302 Found\r\nLocation: /y\r\nContent-Length: 0\r\n\r\n");
    run(50);
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
    run(50);
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
        run(50);
        if (table[i].hangs_up) {
            fake_stream_hang_up(&net.wire, LP_E_CLOSED);
        }
        run(1200);
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
        run(50);
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
        run(10);
        fake_stream_give_room(&net.wire, 3);
    }
    run(20);
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
