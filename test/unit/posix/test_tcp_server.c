// SPDX-License-Identifier: Apache-2.0
// Incoming connections, against clients on the loopback interface.
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "limpet/port/clock.h"
#include "limpet/port/net.h"
#include "limpet/posix.h"

static lp_loop_t loop;
static lp_tcp_server_t server;
static unsigned arrivals, readable, closed;
static bool is_inside; // of a call into the port

static void on_arrival(void *ctx)
{
    assert_ptr_equal(ctx, &server);
    assert_false(is_inside);
    arrivals++;
}

static void on_stream(void *ctx, unsigned events, lp_err_t why)
{
    (void)ctx;
    (void)why;
    assert_int_equal(events & LP_STREAM_OPEN, 0);
    readable += (events & LP_STREAM_READABLE) != 0;
    closed += (events & LP_STREAM_CLOSED) != 0;
}

static int setup(void **state)
{
    (void)state;
    static bool is_initialised;
    static char *argv[] = {NULL};
    if (!is_initialised) {
        lp_loop_init(&loop);
        is_initialised = lp_posix_init(&loop, argv) == LP_OK;
    }
    arrivals = readable = closed = 0;
    return is_initialised ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    lp_port_tcp_unlisten(&server);
    return 0;
}

static void wait_for(const unsigned *what)
{
    const uint64_t end = lp_port_now_ms() + 20000;
    while (*what == 0 && lp_port_now_ms() < end) {
        lp_loop_turn(&loop, 50);
    }
    assert_true(*what > 0);
}

static lp_err_t listen_on(const char *address, uint16_t *port)
{
    is_inside = true;
    const lp_err_t err = lp_port_tcp_listen(&server, address, port, on_arrival, &server);
    is_inside = false;
    return err;
}

static lp_err_t accept_one(lp_tcp_t *tcp, lp_net_peer_t *peer)
{
    is_inside = true;
    const lp_err_t err = lp_port_tcp_accept(&server, tcp, peer);
    is_inside = false;
    return err;
}

static int connect_to(uint16_t port, uint16_t *own)
{
    struct sockaddr_in addr = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in mine;
    socklen_t len = sizeof mine;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&addr, sizeof addr) != 0) {
        close(fd);
        return -1;
    }
    assert_int_equal(getsockname(fd, (struct sockaddr *)&mine, &len), 0);
    if (own != NULL) {
        *own = ntohs(mine.sin_port);
    }
    return fd;
}

static void server_accepts_and_talks_and_sees_the_end(void **state)
{
    (void)state;
    uint16_t port = 0;
    uint16_t own = 0;
    lp_tcp_t tcp;
    lp_net_peer_t peer;
    assert_int_equal(listen_on("127.0.0.1", &port), LP_OK);
    assert_true(port > 0);
    assert_int_equal(accept_one(&tcp, &peer), LP_E_AGAIN);
    const int client = connect_to(port, &own);
    assert_true(client >= 0);
    wait_for(&arrivals);
    assert_int_equal(accept_one(&tcp, &peer), LP_OK);
    static const uint8_t loopback[16] = {[10] = 0xFF, [11] = 0xFF, [12] = 127, [15] = 1};
    assert_memory_equal(peer.addr, loopback, sizeof loopback);
    assert_int_equal(peer.port, own);
    lp_stream_listen(&tcp.stream, on_stream, NULL);
    assert_int_equal(write(client, "abc", 3), 3);
    wait_for(&readable);
    uint8_t buf[8];
    size_t n = 0;
    assert_int_equal(lp_stream_read(&tcp.stream, buf, sizeof buf, &n), LP_OK);
    assert_memory_equal(buf, "abc", 3);
    assert_int_equal(lp_stream_write(&tcp.stream, lp_span("hello", 5), &n), LP_OK);
    assert_int_equal(read(client, buf, sizeof buf), 5);
    assert_int_equal(lp_stream_read(&tcp.stream, buf, sizeof buf, &n), LP_E_AGAIN);
    readable = 0;
    close(client);
    wait_for(&readable);
    assert_int_equal(lp_stream_read(&tcp.stream, buf, sizeof buf, &n), LP_E_CLOSED);
    wait_for(&closed);
    lp_stream_close(&tcp.stream);
}

// What is not accepted waits, and is not told again and again; it is there whenever it is asked
// for.
static void server_lets_connections_wait(void **state)
{
    (void)state;
    uint16_t port = 0;
    lp_tcp_t tcp[3];
    lp_net_peer_t peer;
    int clients[3];
    assert_int_equal(listen_on("", &port), LP_OK);
    for (int i = 0; i < 3; i++) {
        clients[i] = connect_to(port, NULL);
        assert_true(clients[i] >= 0);
    }
    wait_for(&arrivals);
    for (int i = 0; i < 20; i++) {
        lp_loop_turn(&loop, 2);
    }
    assert_int_equal(arrivals, 1);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(accept_one(&tcp[i], &peer), LP_OK);
        assert_int_equal(peer.addr[12], 127); // IPv4 over a socket of IPv6, too
    }
    assert_int_equal(accept_one(&tcp[0], &peer), LP_E_AGAIN);
    arrivals = 0;
    const int late = connect_to(port, NULL);
    wait_for(&arrivals);
    for (int i = 0; i < 3; i++) {
        lp_stream_close(&tcp[i].stream);
        close(clients[i]);
    }
    assert_int_equal(accept_one(&tcp[0], &peer), LP_OK);
    lp_stream_close(&tcp[0].stream);
    close(late);
}

static void server_says_why_it_cannot_listen(void **state)
{
    (void)state;
    uint16_t port = 0;
    uint16_t same;
    lp_tcp_server_t other;
    memset(&other, 0, sizeof other);
    assert_int_equal(listen_on("127.0.0.1", &port), LP_OK);
    same = port;
    assert_int_equal(lp_port_tcp_listen(&other, "127.0.0.1", &same, on_arrival, &server),
                     LP_E_EXISTS);
    same = 0;
    assert_int_equal(lp_port_tcp_listen(&other, "192.0.2.1", &same, on_arrival, &server),
                     LP_E_INVALID);
    assert_int_equal(lp_port_tcp_listen(&other, "localhost", &same, on_arrival, &server),
                     LP_E_INVALID);
    lp_port_tcp_unlisten(&other);
}

static void server_that_stopped_refuses_and_never_calls(void **state)
{
    (void)state;
    uint16_t port = 0;
    lp_tcp_t tcp;
    lp_net_peer_t peer;
    assert_int_equal(listen_on("127.0.0.1", &port), LP_OK);
    const int waiting = connect_to(port, NULL);
    lp_loop_turn(&loop, 0);
    lp_port_tcp_unlisten(&server);
    lp_port_tcp_unlisten(&server);
    arrivals = 0;
    for (int i = 0; i < 10; i++) {
        lp_loop_turn(&loop, 2);
    }
    assert_int_equal(arrivals, 0);
    assert_int_equal(accept_one(&tcp, &peer), LP_E_AGAIN);
    assert_int_equal(connect_to(port, NULL), -1);
    close(waiting);
    const uint16_t before = port;
    assert_int_equal(listen_on("127.0.0.1", &port), LP_OK); // the same port, at once
    assert_int_equal(port, before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(server_accepts_and_talks_and_sees_the_end, setup, teardown),
        cmocka_unit_test_setup_teardown(server_lets_connections_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(server_says_why_it_cannot_listen, setup, teardown),
        cmocka_unit_test_setup_teardown(server_that_stopped_refuses_and_never_calls, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
