// SPDX-License-Identifier: Apache-2.0
// Outgoing TCP, against the peers of test/conformance/peers.
#include "limpet/port/net.h"

#include <string.h>

#include "conformance.h"
#include "limpet/port/clock.h"

enum { LIMIT_MS = 60000, ECHO_BYTES = 20000, FLOOD_BYTES = 65536, PIECE = 700 };

typedef struct {
    lp_tcp_t tcp; // must stay first
    unsigned opened, readable, writable, closed;
    lp_err_t why;
    size_t sent, received;
    bool is_wrong; // a byte, or a callback at the wrong time
} talk_t;

static talk_t talks[2];
static bool is_inside; // of a call into the port

static void on_stream(void *ctx, unsigned events, lp_err_t why)
{
    talk_t *t = ctx;
    t->is_wrong = t->is_wrong || is_inside || t->closed > 0;
    t->opened += (events & LP_STREAM_OPEN) != 0 ? 1 : 0;
    t->readable += (events & LP_STREAM_READABLE) != 0 ? 1 : 0;
    t->writable += (events & LP_STREAM_WRITABLE) != 0 ? 1 : 0;
    if ((events & LP_STREAM_CLOSED) != 0) {
        t->closed++;
        t->why = why;
    }
}

static lp_err_t open_to(talk_t *t, const char *host, uint16_t port)
{
    *t = (talk_t){.opened = 0};
    is_inside = true;
    const lp_err_t err = lp_port_tcp_open(&t->tcp, host, port, on_stream, t);
    is_inside = false;
    return err;
}

static lp_err_t read_some(talk_t *t, uint8_t *buf, size_t cap, size_t *n)
{
    is_inside = true;
    const lp_err_t err = lp_stream_read(&t->tcp.stream, buf, cap, n);
    is_inside = false;
    return err;
}

static void turn(void)
{
    lp_loop_turn(&conformance_loop, 20);
}

static bool wait_for(const unsigned *what)
{
    const uint64_t end_ms = lp_port_now_ms() + LIMIT_MS;
    while (*what == 0 && lp_port_now_ms() < end_ms) {
        turn();
    }
    return *what > 0;
}

static uint8_t pattern(size_t n)
{
    return (uint8_t)(n * 7);
}

// Reads until nothing is there; each byte must be the next of the pattern.
static lp_err_t take(talk_t *t)
{
    uint8_t buf[300];
    size_t n = 0;
    lp_err_t err;
    while ((err = read_some(t, buf, sizeof buf, &n)) == LP_OK) {
        t->is_wrong = t->is_wrong || n == 0;
        for (size_t i = 0; i < n; i++) {
            t->is_wrong = t->is_wrong || buf[i] != pattern(t->received++);
        }
    }
    return err;
}

static void give(talk_t *t, size_t total)
{
    while (t->sent < total) {
        uint8_t buf[PIECE];
        size_t n = 0;
        const size_t len = total - t->sent < PIECE ? total - t->sent : PIECE;
        for (size_t i = 0; i < len; i++) {
            buf[i] = pattern(t->sent + i);
        }
        is_inside = true;
        const lp_err_t err = lp_stream_write(&t->tcp.stream, lp_span(buf, len), &n);
        is_inside = false;
        memset(buf, 0xEE, sizeof buf); // a write copies
        if (err != LP_OK) {
            return;
        }
        t->sent += n;
    }
}

static void close_all(void)
{
    for (size_t i = 0; i < 2; i++) {
        if (talks[i].tcp.stream.ops != NULL) {
            lp_stream_close(&talks[i].tcp.stream);
        }
    }
}

static int teardown(void **state)
{
    (void)state;
    close_all();
    return 0;
}

static void tcp_bad_arguments_are_refused(void **state)
{
    (void)state;
    char host[300];
    memset(host, 'a', sizeof host);
    host[sizeof host - 1] = '\0';
    assert_int_equal(open_to(&talks[0], "", 80), LP_E_INVALID);
    assert_int_equal(open_to(&talks[0], host, 80), LP_E_INVALID);
    assert_int_equal(open_to(&talks[0], "localhost", 0), LP_E_INVALID);
    turn();
    assert_int_equal(talks[0].closed + talks[0].opened, 0);
    talks[0].tcp.stream.ops = NULL;
}

static void tcp_carries_bytes_both_ways_in_order(void **state)
{
    (void)state;
    talk_t *t = &talks[0];
    assert_int_equal(open_to(t, conformance_peers.host, conformance_peers.echo), LP_OK);
    assert_int_equal(t->opened, 0);
    assert_true(wait_for(&t->opened));
    const uint64_t end_ms = lp_port_now_ms() + LIMIT_MS;
    while (t->received < ECHO_BYTES && t->closed == 0 && lp_port_now_ms() < end_ms) {
        give(t, ECHO_BYTES);
        (void)take(t);
        turn();
    }
    assert_int_equal(t->received, ECHO_BYTES);
    assert_false(t->is_wrong);
    assert_int_equal(t->opened, 1);
    assert_true(t->readable > 0);
}

// Until an address was configured a connection is refused or waits; a board gets one in a moment.
static void tcp_over_ipv6(void **state)
{
    (void)state;
    talk_t *t = &talks[0];
    const uint64_t end_ms = lp_port_now_ms() + LIMIT_MS;
    do {
        close_all();
        assert_int_equal(open_to(t, conformance_host6, conformance_peers.echo), LP_OK);
        while (t->opened + t->closed == 0 && lp_port_now_ms() < end_ms) {
            turn();
        }
    } while (t->opened == 0 && lp_port_now_ms() < end_ms);
    while (t->received < 2000 && t->closed == 0 && lp_port_now_ms() < end_ms) {
        give(t, 2000);
        (void)take(t);
        turn();
    }
    assert_int_equal(t->received, 2000);
    assert_false(t->is_wrong);
}

static void tcp_two_at_a_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(open_to(&talks[i], conformance_peers.host, conformance_peers.echo), LP_OK);
    }
    const uint64_t end_ms = lp_port_now_ms() + LIMIT_MS;
    while (talks[0].received + talks[1].received < 6000 && lp_port_now_ms() < end_ms) {
        for (size_t i = 0; i < 2; i++) {
            give(&talks[i], 3000);
            (void)take(&talks[i]);
        }
        turn();
    }
    assert_int_equal(talks[0].received + talks[1].received, 6000);
    assert_false(talks[0].is_wrong || talks[1].is_wrong);
}

// The end comes behind the last byte, never before it.
static void tcp_orderly_end_comes_after_the_last_byte(void **state)
{
    (void)state;
    talk_t *t = &talks[0];
    assert_int_equal(open_to(t, conformance_peers.host, conformance_peers.greet), LP_OK);
    assert_true(wait_for(&t->readable));
    for (int i = 0; i < 10; i++) { // the end has come, but nobody has read
        turn();
    }
    assert_int_equal(t->closed, 0);
    uint8_t buf[16];
    size_t n = 0;
    assert_int_equal(read_some(t, buf, sizeof buf, &n), LP_OK);
    assert_int_equal(n, 5);
    assert_memory_equal(buf, "hello", 5);
    (void)read_some(t, buf, sizeof buf, &n);
    assert_true(wait_for(&t->closed));
    assert_int_equal(t->why, LP_E_CLOSED);
    assert_int_equal(read_some(t, buf, sizeof buf, &n), LP_E_CLOSED);
    assert_false(t->is_wrong);
}

// A reader that takes its time gets everything all the same.
static void tcp_slow_reader_loses_nothing(void **state)
{
    (void)state;
    talk_t *t = &talks[0];
    assert_int_equal(open_to(t, conformance_peers.host, conformance_peers.flood), LP_OK);
    assert_true(wait_for(&t->readable));
    const uint64_t end_ms = lp_port_now_ms() + LIMIT_MS;
    while (t->received < FLOOD_BYTES && lp_port_now_ms() < end_ms) {
        lp_loop_turn(&conformance_loop, 2);
        (void)take(t);
    }
    assert_int_equal(t->received, FLOOD_BYTES);
    assert_false(t->is_wrong);
}

// Bytes that come one by one and are not read yet, more of them than a small board has buffers.
static void tcp_unread_crumbs_leave_room_for_others(void **state)
{
    enum { CRUMBS = 40, BYTES = 600 };
    (void)state;
    talk_t *t = &talks[0];
    talk_t *other = &talks[1];
    assert_int_equal(open_to(t, conformance_peers.host, conformance_peers.echo), LP_OK);
    assert_true(wait_for(&t->opened));
    for (size_t i = 1; i <= CRUMBS; i++) {
        const uint64_t until_ms = lp_port_now_ms() + 300; // a port may tell of the first one only
        t->readable = 0;
        give(t, i);
        while (t->readable == 0 && lp_port_now_ms() < until_ms) {
            turn();
        }
    }
    assert_int_equal(open_to(other, conformance_peers.host, conformance_peers.echo), LP_OK);
    assert_true(wait_for(&other->opened));
    const uint64_t end_ms = lp_port_now_ms() + LIMIT_MS;
    while (other->received < BYTES && lp_port_now_ms() < end_ms) {
        give(other, BYTES);
        turn();
        (void)take(other);
    }
    assert_int_equal(other->received, BYTES);
    while (t->received < CRUMBS && lp_port_now_ms() < end_ms) {
        (void)take(t);
        turn();
    }
    assert_int_equal(t->received, CRUMBS);
    assert_false(t->is_wrong || other->is_wrong);
}

static void tcp_refused_is_said(void **state)
{
    (void)state;
    talk_t *t = &talks[0];
    assert_int_equal(open_to(t, conformance_peers.host, conformance_peers.refused), LP_OK);
    assert_true(wait_for(&t->closed));
    assert_int_equal(t->why, LP_E_NET_REFUSED);
    assert_int_equal(t->opened, 0);
}

static void tcp_reset_by_the_peer_is_said(void **state)
{
    (void)state;
    talk_t *t = &talks[0];
    assert_int_equal(open_to(t, conformance_peers.host, conformance_peers.reset), LP_OK);
    assert_true(wait_for(&t->opened));
    give(t, 10);
    const uint64_t end_ms = lp_port_now_ms() + LIMIT_MS;
    while (t->closed == 0 && lp_port_now_ms() < end_ms) {
        (void)take(t);
        turn();
    }
    assert_int_equal(t->closed, 1);
    assert_int_equal(t->why, LP_E_NET_RESET);
}

static void tcp_unknown_name_is_said(void **state)
{
    (void)state;
    talk_t *t = &talks[0];
    assert_int_equal(open_to(t, "no-such-host.invalid", 80), LP_OK);
    assert_true(wait_for(&t->closed));
    assert_int_equal(t->why, LP_E_NET_RESOLVE);
}

static void tcp_no_callback_after_close(void **state)
{
    (void)state;
    talk_t *t = &talks[0];
    for (int turns = 0; turns < 4; turns++) {
        assert_int_equal(open_to(t, conformance_peers.host, conformance_peers.greet), LP_OK);
        for (int i = 0; i < turns; i++) {
            turn();
        }
        lp_stream_close(&t->tcp.stream);
        lp_stream_close(&t->tcp.stream);
        const unsigned before = t->opened + t->readable + t->writable + t->closed;
        for (int i = 0; i < 10; i++) {
            turn();
        }
        assert_int_equal(t->opened + t->readable + t->writable + t->closed, before);
        uint8_t byte = 0;
        size_t n = 0;
        assert_int_equal(read_some(t, &byte, 1, &n), LP_E_CLOSED);
    }
}

static void tcp_a_hundred_connections_leave_nothing_behind(void **state)
{
    (void)state;
    talk_t *t = &talks[0];
    for (int i = 0; i < 100; i++) {
        assert_int_equal(open_to(t, conformance_peers.host, conformance_peers.echo), LP_OK);
        assert_true(wait_for(&t->opened));
        lp_stream_close(&t->tcp.stream);
    }
}

// Given up at every point: before the name is known, while connecting, with data under way.
static void tcp_connections_given_up_hold_nothing(void **state)
{
    (void)state;
    talk_t *t = &talks[0];
    const unsigned before = conformance_held();
    for (int i = 0; i < 60; i++) {
        const uint16_t port = i % 3 == 0 ? conformance_peers.flood : conformance_peers.greet;
        assert_int_equal(open_to(t, conformance_peers.host, port), LP_OK);
        for (int turns = 0; turns < i % 20; turns++) {
            turn();
        }
        lp_stream_close(&t->tcp.stream);
    }
    const uint64_t end_ms = lp_port_now_ms() + LIMIT_MS; // goodbyes take their time
    while (conformance_held() > before && lp_port_now_ms() < end_ms) {
        turn();
    }
    assert_true(conformance_held() <= before);
}

int conformance_net(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tcp_bad_arguments_are_refused, NULL, teardown),
        cmocka_unit_test_setup_teardown(tcp_carries_bytes_both_ways_in_order, NULL, teardown),
        cmocka_unit_test_setup_teardown(tcp_two_at_a_time, NULL, teardown),
        cmocka_unit_test_setup_teardown(tcp_orderly_end_comes_after_the_last_byte, NULL, teardown),
        cmocka_unit_test_setup_teardown(tcp_slow_reader_loses_nothing, NULL, teardown),
        cmocka_unit_test_setup_teardown(tcp_unread_crumbs_leave_room_for_others, NULL, teardown),
        cmocka_unit_test_setup_teardown(tcp_refused_is_said, NULL, teardown),
        cmocka_unit_test_setup_teardown(tcp_reset_by_the_peer_is_said, NULL, teardown),
        cmocka_unit_test_setup_teardown(tcp_unknown_name_is_said, NULL, teardown),
        cmocka_unit_test_setup_teardown(tcp_no_callback_after_close, NULL, teardown),
        cmocka_unit_test_setup_teardown(tcp_a_hundred_connections_leave_nothing_behind, NULL,
                                        teardown),
        cmocka_unit_test_setup_teardown(tcp_connections_given_up_hold_nothing, NULL, teardown),
    };
    const struct CMUnitTest tests6[] = {
        cmocka_unit_test_setup_teardown(tcp_over_ipv6, NULL, teardown),
    };
    const int failed = cmocka_run_group_tests_name("net", tests, NULL, NULL);
    return conformance_host6 == NULL
               ? failed
               : failed + cmocka_run_group_tests_name("net6", tests6, NULL, NULL);
}
