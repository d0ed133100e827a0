// SPDX-License-Identifier: Apache-2.0
// Streams over sockets, against a listener on the loopback interface.
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "limpet/port/clock.h"
#include "limpet/port/net.h"
#include "limpet/posix.h"

static lp_loop_t loop;
static lp_tcp_t tcp;
static unsigned opened, closed, readable, writable;
static lp_err_t why;
static bool is_inside; // of a call into the port

static void on_stream(void *ctx, unsigned events, lp_err_t err)
{
    assert_ptr_equal(ctx, &tcp);
    assert_false(is_inside);
    opened += (events & LP_STREAM_OPEN) != 0;
    readable += (events & LP_STREAM_READABLE) != 0;
    writable += (events & LP_STREAM_WRITABLE) != 0;
    if ((events & LP_STREAM_CLOSED) != 0) {
        closed++;
        why = err;
    }
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
    opened = closed = readable = writable = 0;
    why = LP_OK;
    return is_initialised ? 0 : -1;
}

static lp_err_t open_tcp(const char *host, uint16_t port)
{
    is_inside = true;
    const lp_err_t err = lp_port_tcp_open(&tcp, host, port, on_stream, &tcp);
    is_inside = false;
    return err;
}

// Turns until *what is not 0, ten seconds at most.
static void wait_for(const unsigned *what)
{
    const uint64_t end = lp_port_now_ms() + 10000;
    while (*what == 0 && lp_port_now_ms() < end) {
        lp_loop_turn(&loop, 50);
    }
    assert_true(*what > 0);
}

static int listen_on(uint16_t *port)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof addr;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&addr, len), 0);
    assert_int_equal(listen(fd, 64), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
    *port = ntohs(addr.sin_port);
    return fd;
}

static void tcp_impossible_targets_are_refused_at_once(void **state)
{
    (void)state;
    char long_name[300];
    memset(long_name, 'a', sizeof long_name);
    long_name[sizeof long_name - 1] = '\0';
    assert_int_equal(open_tcp("", 1), LP_E_INVALID);
    assert_int_equal(open_tcp(long_name, 1), LP_E_INVALID);
    assert_int_equal(open_tcp("localhost", 0), LP_E_INVALID);
    lp_loop_turn(&loop, 20);
    assert_int_equal(closed, 0);
}

static void tcp_talks_and_sees_the_end(void **state)
{
    (void)state;
    uint16_t port;
    uint8_t buf[64];
    size_t n = 0;
    const int server = listen_on(&port);
    assert_int_equal(open_tcp("127.0.0.1", port), LP_OK);
    assert_int_equal(lp_stream_write(&tcp.stream, lp_span("x", 1), &n), LP_E_AGAIN);
    wait_for(&opened);
    const int peer = accept(server, NULL, NULL);
    assert_int_equal(lp_stream_read(&tcp.stream, buf, sizeof buf, &n), LP_E_AGAIN);
    assert_int_equal(lp_stream_write(&tcp.stream, lp_span("hello", 5), &n), LP_OK);
    assert_int_equal(n, 5);
    assert_int_equal(read(peer, buf, sizeof buf), 5);
    assert_int_equal(write(peer, "abc", 3), 3);
    wait_for(&readable);
    assert_int_equal(lp_stream_read(&tcp.stream, buf, sizeof buf, &n), LP_OK);
    assert_memory_equal(buf, "abc", 3);
    assert_int_equal(lp_stream_read(&tcp.stream, buf, sizeof buf, &n), LP_E_AGAIN);
    readable = 0;
    close(peer);
    wait_for(&readable);
    assert_int_equal(lp_stream_read(&tcp.stream, buf, sizeof buf, &n), LP_E_CLOSED);
    assert_int_equal(closed, 0); // not from inside the call
    wait_for(&closed);
    assert_int_equal(why, LP_E_CLOSED);
    assert_int_equal(lp_stream_write(&tcp.stream, lp_span("x", 1), &n), LP_E_CLOSED);
    lp_loop_turn(&loop, 20);
    assert_int_equal(closed, 1); // once
    lp_stream_close(&tcp.stream);
    lp_stream_close(&tcp.stream);
    close(server);
}

static void tcp_full_pipe_says_again_and_then_writable(void **state)
{
    (void)state;
    uint16_t port;
    static uint8_t block[65536];
    size_t n = 0;
    const int server = listen_on(&port);
    assert_int_equal(open_tcp("127.0.0.1", port), LP_OK);
    wait_for(&opened);
    const int peer = accept(server, NULL, NULL);
    size_t sent = 0;
    while (lp_stream_write(&tcp.stream, lp_span(block, sizeof block), &n) == LP_OK) {
        sent += n;
        assert_true(sent < 100u << 20);
    }
    lp_loop_turn(&loop, 20);
    assert_int_equal(writable, 0);
    size_t got = 0;
    while (got < sent) {
        const ssize_t r = read(peer, block, sizeof block);
        assert_true(r > 0);
        got += (size_t)r;
    }
    wait_for(&writable);
    assert_int_equal(lp_stream_write(&tcp.stream, lp_span("x", 1), &n), LP_OK);
    lp_stream_close(&tcp.stream);
    close(peer);
    close(server);
}

static void tcp_refused_and_unknown_hosts_are_told_apart(void **state)
{
    (void)state;
    uint16_t port;
    close(listen_on(&port)); // nobody is there now
    assert_int_equal(open_tcp("127.0.0.1", port), LP_OK);
    wait_for(&closed);
    assert_int_equal(why, LP_E_NET_REFUSED);
    assert_int_equal(opened, 0);
    lp_stream_close(&tcp.stream);
    closed = 0;
    assert_int_equal(open_tcp("no such host", 1), LP_OK);
    wait_for(&closed);
    assert_int_equal(why, LP_E_NET_RESOLVE);
    lp_stream_close(&tcp.stream);
}

// In the C library's place: these two names have an address of each kind, in this order.
int getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                struct addrinfo **found)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) =
        (int (*)(const char *, const char *, const struct addrinfo *, struct addrinfo **))dlsym(
            RTLD_NEXT, "getaddrinfo");
    const bool is_6_first = strcmp(host, "6to4.test") == 0;
    if (!is_6_first && strcmp(host, "4to6.test") != 0) {
        return real(host, port, hints, found);
    }
    const int err = real(is_6_first ? "::1" : "127.0.0.1", port, hints, found);
    return err != 0 ? err : real(is_6_first ? "127.0.0.1" : "::1", port, hints, &(*found)->ai_next);
}

static int listen_on_ipv6(uint16_t *port)
{
    struct sockaddr_in6 addr = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    socklen_t len = sizeof addr;
    const int fd = socket(AF_INET6, SOCK_STREAM, 0);
    const int on = 1;
    if (fd < 0 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0 ||
        bind(fd, (struct sockaddr *)&addr, len) != 0) {
        close(fd);
        return -1;
    }
    assert_int_equal(listen(fd, 64), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
    *port = ntohs(addr.sin6_port);
    return fd;
}

// The first address refuses, or cannot be reached at all: the other kind's is tried at once.
static void tcp_tries_both_kinds_of_address(void **state)
{
    (void)state;
    uint16_t port;
    int server = listen_on(&port);
    assert_int_equal(open_tcp("6to4.test", port), LP_OK);
    wait_for(&opened);
    assert_int_equal(closed, 0);
    lp_stream_close(&tcp.stream);
    close(server);
    server = listen_on_ipv6(&port);
    if (server < 0) {
        print_message("this computer has no IPv6\n");
        return;
    }
    opened = 0;
    assert_int_equal(open_tcp("4to6.test", port), LP_OK);
    wait_for(&opened);
    assert_int_equal(closed, 0);
    lp_stream_close(&tcp.stream);
    close(server);
    assert_int_equal(open_tcp("4to6.test", port), LP_OK); // both refuse
    wait_for(&closed);
    assert_int_equal(why, LP_E_NET_REFUSED);
    lp_stream_close(&tcp.stream);
}

static void tcp_closed_early_never_calls(void **state)
{
    (void)state;
    uint16_t port;
    const int server = listen_on(&port);
    for (int i = 0; i < 30; i++) { // in all stages of resolving and connecting
        const lp_err_t err = open_tcp("localhost", port);
        assert_true(err == LP_OK || err == LP_E_NOSPACE); // the resolver may still be at it
        for (int k = 0; err == LP_OK && k < i % 6 && opened == 0; k++) {
            lp_loop_turn(&loop, 1);
        }
        if (err == LP_OK) {
            lp_stream_close(&tcp.stream);
        }
        opened = closed = 0;
        lp_loop_turn(&loop, 2);
        assert_int_equal(opened + closed, 0);
    }
    for (int i = 0; i < 50; i++) {
        lp_loop_turn(&loop, 10); // all resolvers report
    }
    assert_int_equal(open_tcp("localhost", port), LP_OK);
    wait_for(&opened);
    lp_stream_close(&tcp.stream);
    close(server);
}

static void tcp_more_than_four_at_once_are_refused(void **state)
{
    (void)state;
    uint16_t port;
    const int server = listen_on(&port);
    static lp_tcp_t many[5];
    for (int i = 0; i < 4; i++) {
        assert_int_equal(lp_port_tcp_open(&many[i], "127.0.0.1", port, on_stream, &tcp), LP_OK);
    }
    assert_int_equal(lp_port_tcp_open(&many[4], "127.0.0.1", port, on_stream, &tcp), LP_E_NOSPACE);
    while (opened < 4) {
        lp_loop_turn(&loop, 50);
    }
    assert_int_equal(lp_port_tcp_open(&many[4], "127.0.0.1", port, on_stream, &tcp), LP_OK);
    for (int i = 0; i < 5; i++) {
        lp_stream_close(&many[i].stream);
    }
    for (int i = 0; i < 20; i++) {
        lp_loop_turn(&loop, 5);
    }
    close(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(tcp_impossible_targets_are_refused_at_once, setup),
        cmocka_unit_test_setup(tcp_talks_and_sees_the_end, setup),
        cmocka_unit_test_setup(tcp_full_pipe_says_again_and_then_writable, setup),
        cmocka_unit_test_setup(tcp_refused_and_unknown_hosts_are_told_apart, setup),
        cmocka_unit_test_setup(tcp_tries_both_kinds_of_address, setup),
        cmocka_unit_test_setup(tcp_closed_early_never_calls, setup),
        cmocka_unit_test_setup(tcp_more_than_four_at_once_are_refused, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
