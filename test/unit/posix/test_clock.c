// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "limpet/port/clock.h"
#include "limpet/port/system.h"
#include "limpet/posix.h"

static void clock_runs_forward_and_ms_agree_with_us(void **state)
{
    (void)state;
    uint64_t last = lp_port_now_us();
    for (int i = 0; i < 1000; i++) {
        const uint64_t now = lp_port_now_us();
        assert_true(now >= last);
        last = now;
    }
    const uint64_t ms = lp_port_now_ms();
    assert_true(ms >= last / 1000 && ms <= lp_port_now_us() / 1000);
}

static void wait_ends_at_its_time(void **state)
{
    (void)state;
    const uint64_t start = lp_port_now_ms();
    lp_port_wait(start + 30);
    const uint64_t waited = lp_port_now_ms() - start;
    assert_true(waited >= 29 && waited < 1000); // poll() counts whole milliseconds
    lp_port_wait(start);                        // in the past: at once
    assert_true(lp_port_now_ms() - start < 1000);
}

static void utc_follows_the_environment(void **state)
{
    (void)state;
    int64_t utc = 0;
    unsetenv("LIMPET_POSIX_UTC_OFFSET_S");
    assert_int_equal(lp_port_utc_s(&utc), LP_OK);
    assert_true(llabs((long long)utc - (long long)time(NULL)) <= 1);
    setenv("LIMPET_POSIX_UTC_OFFSET_S", "-86400", 1);
    assert_int_equal(lp_port_utc_s(&utc), LP_OK);
    assert_true(llabs((long long)utc + 86400 - (long long)time(NULL)) <= 1);
    utc = 7;
    setenv("LIMPET_POSIX_UTC_OFFSET_S", "-1600000000", 1); // before anything Limpet can mean
    assert_int_equal(lp_port_utc_s(&utc), LP_E_CLOCK);
    setenv("LIMPET_POSIX_UTC_OFFSET_S", "none", 1);
    assert_int_equal(lp_port_utc_s(&utc), LP_E_CLOCK);
    assert_int_equal(utc, 7); // untouched
    unsetenv("LIMPET_POSIX_UTC_OFFSET_S");
}

static unsigned seen;

static void on_pipe(void *ctx, short revents)
{
    char byte;
    assert_int_equal(read(*(int *)ctx, &byte, 1), 1);
    assert_true((revents & POLLIN) != 0);
    seen++;
}

static void wait_ends_with_a_descriptor_and_not_with_a_stopped_watch(void **state)
{
    (void)state;
    int fd[2];
    assert_int_equal(pipe(fd), 0);
    lp_posix_watch_t watch = {.fd = fd[0], .events = POLLIN, .fn = on_pipe, .ctx = &fd[0]};
    lp_posix_watch_start(&watch);
    lp_posix_watch_start(&watch); // twice is once
    assert_int_equal(write(fd[1], "xy", 2), 2);
    const uint64_t start = lp_port_now_ms();
    lp_port_wait(start + 2000);
    assert_int_equal(seen, 1);
    assert_true(lp_port_now_ms() - start < 1000);
    lp_posix_watch_stop(&watch);
    lp_posix_watch_stop(&watch);
    lp_port_wait(lp_port_now_ms() + 10);
    assert_int_equal(seen, 1);
    close(fd[0]);
    close(fd[1]);
}

static void signal_stops_the_loop(void **state)
{
    (void)state;
    static lp_loop_t loop;
    static char *argv[] = {NULL};
    lp_loop_init(&loop);
    assert_int_equal(lp_posix_init(&loop, argv), LP_OK);
    raise(SIGTERM);
    lp_loop_run(&loop); // returns
    raise(SIGINT);
    lp_loop_run(&loop);
}

static void entropy_is_not_the_same_twice(void **state)
{
    (void)state;
    uint8_t a[64] = {0}, b[64] = {0};
    assert_int_equal(lp_port_entropy(a, sizeof a), LP_OK);
    assert_int_equal(lp_port_entropy(b, sizeof b), LP_OK);
    assert_memory_not_equal(a, b, sizeof a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clock_runs_forward_and_ms_agree_with_us),
        cmocka_unit_test(wait_ends_at_its_time),
        cmocka_unit_test(utc_follows_the_environment),
        cmocka_unit_test(wait_ends_with_a_descriptor_and_not_with_a_stopped_watch),
        cmocka_unit_test(signal_stops_the_loop),
        cmocka_unit_test(entropy_is_not_the_same_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
