// SPDX-License-Identifier: Apache-2.0
// The watchdog of a process: a tick four times in its time that counts how often nobody fed it.
// Ticks that come while the process is stopped are one tick, so that a debugger is no hang. What
// runs in the signal handler is safe there: no heap, no locks.
#include "limpet/port/watchdog.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "limpet/port/clock.h"
#include "posix_internal.h"

enum { TICKS = 4 };

static volatile sig_atomic_t hungry_ticks;
static uint32_t starts;

void lp_posix_watchdog_inherit(uint32_t starts_in_a_row)
{
    starts = starts_in_a_row;
}

// Not the thread that looks up names: what hangs is the loop.
static bool is_the_loops_thread(void)
{
    return syscall(SYS_gettid) == getpid();
}

static void on_tick(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)info;
    if (!is_the_loops_thread()) {
        (void)syscall(SYS_tgkill, getpid(), getpid(), SIGALRM);
        return;
    }
    const int saved = errno;
    if (++hungry_ticks > TICKS) {
        static const char words[] = "the loop hangs: the watchdog restarts the board\n";
        const ssize_t written = write(STDERR_FILENO, words, sizeof words - 1);
        (void)written;
        lp_posix_crash_hang(context);
        const bool is_soon = lp_port_now_ms() <= LP_PORT_WATCHDOG_ROW_MS;
        lp_posix_restart(is_soon ? starts + 1 : 1, false);
    }
    errno = saved;
}

void lp_port_watchdog_start(uint32_t timeout_ms)
{
    const uint32_t tick_ms = timeout_ms / TICKS;
    const struct timeval tick = {.tv_sec = tick_ms / 1000,
                                 .tv_usec = (suseconds_t)(tick_ms % 1000) * 1000};
    const struct itimerval timer = {.it_interval = tick, .it_value = tick};
    // Not deferred: the mask is handed on to the next image, which needs its own ticks.
    struct sigaction act = {.sa_sigaction = on_tick,
                            .sa_flags = SA_RESTART | SA_NODEFER | SA_SIGINFO};
    hungry_ticks = 0;
    sigaction(SIGALRM, &act, NULL);
    (void)setitimer(ITIMER_REAL, &timer, NULL);
}

void lp_posix_watchdog_stop(void)
{
    const struct itimerval never = {.it_value = {.tv_sec = 0}};
    (void)setitimer(ITIMER_REAL, &never, NULL);
}

void lp_port_watchdog_feed(void)
{
    hungry_ticks = 0;
}

uint32_t lp_port_watchdog_starts(void)
{
    return starts;
}
