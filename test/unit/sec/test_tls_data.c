// SPDX-License-Identifier: Apache-2.0
// After the handshake: bytes both ways, full buffers, and every way a connection ends.
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fake/port.h"
#include "rig.h"

static rig_t rig;

static int setup(void **state)
{
    (void)state;
    rig_open(&rig);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rig_assert_clean(&rig);
    rig_close(&rig);
    return 0;
}

static void open_as(lp_tls_version_t version)
{
    rig.config.max_version = version;
    if (rig.peer.loop != NULL) {
        rig_assert_clean(&rig);
        peer_close(&rig.peer);
    }
    const bool is_open = rig_handshake(&rig);
    if (!is_open) {
        print_message("closed with %s: %s\n", lp_err_name(rig.why), rig_report(&rig)->detail);
    }
    assert_true(is_open);
}

static void run_until_closed(void)
{
    for (unsigned i = 0; i < 2000 && rig.closed == 0; i++) {
        rig_turns(&rig, 1);
    }
    assert_int_equal(rig.closed, 1);
}

static lp_err_t put(const char *text)
{
    size_t n = 0;
    lp_err_t err = lp_stream_write(&rig.tls.stream, lp_span_str(text), &n);
    if (err == LP_OK) {
        assert_int_equal(n, strlen(text));
    }
    return err;
}

// Both directions at once, more than any buffer holds, over a wire that takes and gives in small
// pieces.
static void echo_of_much_data(lp_tls_version_t version)
{
    enum { TOTAL = 60000 };
    static uint8_t data[TOTAL];
    for (size_t i = 0; i < TOTAL; i++) {
        data[i] = (uint8_t)(i * 7 + i / 251);
    }
    rig.peer_config.is_echo = true;
    open_as(version);
    rig.peer.write_cap = 700;
    rig.peer.chunk = 333;
    size_t sent = 0;
    unsigned blocked = 0;
    for (unsigned turns = 0; turns < 5000 && rig.got_len < TOTAL; turns++) {
        size_t n = 0;
        while (sent < TOTAL &&
               lp_stream_write(&rig.tls.stream, lp_span(data + sent, TOTAL - sent), &n) == LP_OK) {
            assert_true(n > 0 && n <= TOTAL - sent);
            sent += n;
            rig.peer.write_refusals = 2; // full now and then
        }
        blocked += sent < TOTAL;
        rig_turns(&rig, 1);
    }
    assert_int_equal(rig.got_len, TOTAL);
    assert_memory_equal(rig.got, data, TOTAL);
    assert_true(blocked > 5);
    assert_int_equal(rig.closed, 0);
}

static void much_data_both_ways_over_a_slow_wire(void **state)
{
    (void)state;
    echo_of_much_data(LP_TLS_1_2);
    echo_of_much_data(LP_TLS_1_3);
}

// 4 KB a record: all of them arrive, both ways, and the connection takes less. A server that does
// not agree is served as ever.
static size_t arena_of(lp_tls_version_t version, bool is_short)
{
    lp_tls_memory_t memory;
    rig.config.wants_short_records = is_short;
    rig.got_len = 0;
    echo_of_much_data(version);
    lp_tls_memory(&memory);
    return memory.arena_used;
}

static void short_records_take_less_memory(void **state)
{
    enum { LESS = 12 * 1024 };
    (void)state;
    for (int version = LP_TLS_1_2; version <= (int)rig_newest; version++) {
        const size_t usual = arena_of((lp_tls_version_t)version, false);
        const size_t less = arena_of((lp_tls_version_t)version, true);
        const bool is_agreed = rig_has_all && version <= (int)rig_newest_short;
        assert_true(is_agreed ? less + LESS <= usual : less == usual);
    }
}

static void taken_bytes_are_sent_without_another_write(void **state)
{
    (void)state;
    open_as(LP_TLS_1_3);
    rig_turns(&rig, 5);
    rig.peer.write_refusals = 3;
    assert_int_equal(put("last words"), LP_OK); // encrypted and kept
    rig_turns(&rig, 20);
    assert_int_equal(rig.peer.got_len, strlen("last words"));
    assert_memory_equal(rig.peer.got, "last words", strlen("last words"));
}

static void server_data_in_the_last_flight_is_told_on_open(void **state)
{
    (void)state;
    for (int version = LP_TLS_1_2; version <= (int)rig_newest; version++) {
        rig.is_reading = false;
        open_as((lp_tls_version_t)version);
        rig_turns(&rig, 5);
        peer_send(&rig.peer, "hello", 5);
        rig_turns(&rig, 5);
        assert_true(rig.readable > 0);
        char byte;
        char text[6] = "";
        size_t n = 0;
        for (size_t i = 0; i < 5; i++) { // one at a time
            assert_int_equal(lp_stream_read(&rig.tls.stream, (uint8_t *)&byte, 1, &n), LP_OK);
            assert_int_equal(n, 1);
            text[i] = byte;
        }
        assert_string_equal(text, "hello");
        assert_int_equal(lp_stream_read(&rig.tls.stream, (uint8_t *)&byte, 1, &n), LP_E_AGAIN);
    }
}

static void orderly_end_is_closed_after_the_last_byte(void **state)
{
    (void)state;
    for (int version = LP_TLS_1_2; version <= (int)rig_newest; version++) {
        open_as((lp_tls_version_t)version);
        rig_turns(&rig, 5);
        peer_send(&rig.peer, "bye", 3);
        peer_shut_down(&rig.peer);
        run_until_closed();
        assert_int_equal(rig.why, LP_E_CLOSED);
        assert_int_equal(rig.got_len, 3);
        assert_string_equal(rig_report(&rig)->detail, "the server closed the connection");
        assert_int_equal(put("x"), LP_E_CLOSED);
    }
}

static void end_without_goodbye_is_told(void **state)
{
    (void)state;
    open_as(LP_TLS_1_3);
    rig_turns(&rig, 5);
    peer_send(&rig.peer, "half", 4);
    peer_hang_up(&rig.peer, LP_E_CLOSED);
    run_until_closed();
    assert_int_equal(rig.why, LP_E_CLOSED);
    assert_int_equal(rig.got_len, 4);
    assert_non_null(strstr(rig_report(&rig)->detail, "ended before TLS did"));
    open_as(LP_TLS_1_2);
    peer_hang_up(&rig.peer, LP_E_NET_RESET);
    run_until_closed();
    assert_int_equal(rig.why, LP_E_NET_RESET);
}

static void end_is_told_to_who_does_not_read(void **state)
{
    (void)state;
    rig.is_reading = false;
    open_as(LP_TLS_1_3);
    rig_turns(&rig, 5);
    peer_hang_up(&rig.peer, LP_E_NET_RESET);
    run_until_closed();
    assert_int_equal(rig.why, LP_E_NET_RESET);
}

static void unread_bytes_are_kept_over_the_end(void **state)
{
    (void)state;
    rig.is_reading = false;
    open_as(LP_TLS_1_3);
    rig_turns(&rig, 5);
    peer_send(&rig.peer, "keep me", 7);
    peer_hang_up(&rig.peer, LP_E_NET_RESET);
    rig_turns(&rig, 50);
    assert_int_equal(rig.closed, 0);
    uint8_t buf[16];
    size_t n = 0;
    assert_int_equal(lp_stream_read(&rig.tls.stream, buf, sizeof buf, &n), LP_OK);
    assert_int_equal(n, 7);
    assert_int_equal(lp_stream_read(&rig.tls.stream, buf, sizeof buf, &n), LP_E_CLOSED);
    run_until_closed();
    assert_int_equal(rig.why, LP_E_NET_RESET);
}

static void damaged_record_ends_the_connection(void **state)
{
    (void)state;
    for (int version = LP_TLS_1_2; version <= (int)rig_newest; version++) {
        open_as((lp_tls_version_t)version);
        rig_turns(&rig, 5);
        rig.got_len = 0;
        rig.peer.flip_at = rig.peer.to_client + 12;
        peer_send(&rig.peer, "forged", 6);
        run_until_closed();
        assert_int_equal(rig.why, LP_E_TLS_PROTOCOL);
        assert_non_null(strstr(rig_report(&rig)->detail, "damaged on the way, or forged"));
        assert_int_equal(rig.got_len, 0);
    }
}

static void renegotiation_is_refused(void **state)
{
    (void)state;
    open_as(LP_TLS_1_2);
    rig_turns(&rig, 5);
    SSL_renegotiate(rig.peer.ssl);
    SSL_do_handshake(rig.peer.ssl); // sends HelloRequest; to our "no" OpenSSL answers with an alert
    lp_loop_post(rig.loop, &rig.peer.event);
    if (!rig_server_is_openssl) { // mbedTLS lives with the "no"
        rig_turns(&rig, 5);
        assert_int_equal(rig.closed, 0);
        assert_int_equal(put("as before"), LP_OK);
        rig_turns(&rig, 5);
        assert_int_equal(rig.peer.got_len, strlen("as before"));
        return;
    }
    run_until_closed();
    assert_int_equal(rig.why, LP_E_TLS_ALERT);
}

static void key_update_of_the_server_ends_the_connection_in_words(void **state)
{
    (void)state;
    if (!rig_has_all) {
        RIG_SKIP("TLS 1.3");
    }
    if (!rig_server_is_openssl) {
        RIG_SKIP("this server has no key updates");
    }
    open_as(LP_TLS_1_3);
    rig_turns(&rig, 5);
    SSL_key_update(rig.peer.ssl, SSL_KEY_UPDATE_NOT_REQUESTED);
    peer_send(&rig.peer, "with a new key", 14);
    run_until_closed();
    assert_int_equal(rig.why, LP_E_TLS_PROTOCOL);
    assert_string_not_equal(rig_report(&rig)->detail, "");
}

static void close_says_goodbye_to_the_server(void **state)
{
    (void)state;
    open_as(LP_TLS_1_3);
    rig_turns(&rig, 5);
    lp_stream_close(&rig.tls.stream);
    assert_true(rig.peer.is_closed);
    rig_turns(&rig, 5);
    assert_int_equal(SSL_get_shutdown(rig.peer.ssl) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);
    assert_int_equal(rig.closed, 0);
}

static void nothing_or_nowhere_is_an_invalid_argument(void **state)
{
    (void)state;
    uint8_t byte;
    size_t n = 77;
    open_as(LP_TLS_1_3);
    assert_int_equal(lp_stream_write(&rig.tls.stream, lp_span("", 0), &n), LP_E_INVALID);
    assert_int_equal(lp_stream_read(&rig.tls.stream, &byte, 0, &n), LP_E_INVALID);
    assert_int_equal(n, 77);
}

static void reconnect_many_times_leaks_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < 40; i++) {
        open_as(i % 2 == 0 ? LP_TLS_1_3 : LP_TLS_1_2);
        assert_int_equal(put("x"), LP_OK);
        rig_turns(&rig, 3);
    }
}

typedef struct {
    lp_tls_t tls;
    peer_t peer;
    unsigned opened;
    char got[16];
} other_t;

static void on_other(void *ctx, unsigned events, lp_err_t why)
{
    other_t *other = ctx;
    size_t n = 0;
    assert_int_equal(why, LP_OK);
    other->opened += (events & LP_STREAM_OPEN) != 0;
    (void)lp_stream_read(&other->tls.stream, (uint8_t *)other->got, sizeof other->got - 1, &n);
}

static void several_connections_live_side_by_side(void **state)
{
    (void)state;
#if defined(LP_SMALL)
    enum { OTHERS = 3 }; // a small board has room for the keys of four connections
#else
    enum { OTHERS = 4 };
#endif
    static other_t others[OTHERS];
    memset(others, 0, sizeof others);
    rig.config.max_version = LP_TLS_1_2; // needs less memory when it is open
    for (size_t i = 0; i < OTHERS; i++) {
        peer_open(&others[i].peer, rig.loop, &rig.peer_config);
        assert_int_equal(
            lp_tls_open(&others[i].tls, &others[i].peer.stream, &rig.config, on_other, &others[i]),
            LP_OK);
        rig_turns(&rig, 200);
        assert_int_equal(others[i].opened, 1);
    }
    open_as(LP_TLS_1_2);
    assert_int_equal(put("mine"), LP_OK);
    for (size_t i = 0; i < OTHERS; i++) {
        peer_send(&others[i].peer, i % 2 == 0 ? "even" : "odd", i % 2 == 0 ? 4 : 3);
    }
    rig_turns(&rig, 20);
    assert_memory_equal(rig.peer.got, "mine", 4);
    for (size_t i = 0; i < OTHERS; i++) {
        assert_string_equal(others[i].got, i % 2 == 0 ? "even" : "odd");
        lp_stream_close(&others[i].tls.stream);
        peer_close(&others[i].peer);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(much_data_both_ways_over_a_slow_wire),
        T(short_records_take_less_memory),
        T(taken_bytes_are_sent_without_another_write),
        T(server_data_in_the_last_flight_is_told_on_open),
        T(orderly_end_is_closed_after_the_last_byte),
        T(end_without_goodbye_is_told),
        T(end_is_told_to_who_does_not_read),
        T(unread_bytes_are_kept_over_the_end),
        T(damaged_record_ends_the_connection),
        T(renegotiation_is_refused),
        T(key_update_of_the_server_ends_the_connection_in_words),
        T(close_says_goodbye_to_the_server),
        T(nothing_or_nowhere_is_an_invalid_argument),
        T(reconnect_many_times_leaks_nothing),
        T(several_connections_live_side_by_side),
    };
    return cmocka_run_group_tests_name("tls data", tests, rig_pki_make, rig_pki_drop);
}
