// SPDX-License-Identifier: Apache-2.0
// Sleeping with poll(), and what else wakes the loop: descriptors and signals.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "limpet/port/clock.h"
#include "limpet/port/irq.h"
#include "posix_internal.h"

enum { WATCHES_MAX = 64 };

static lp_posix_watch_t *watches;
static int signal_pipe[2] = {-1, -1};
static lp_posix_watch_t signal_watch;

void lp_posix_watch_start(lp_posix_watch_t *w)
{
    lp_posix_watch_stop(w);
    w->next_ = watches;
    watches = w;
}

void lp_posix_watch_stop(lp_posix_watch_t *w)
{
    for (lp_posix_watch_t **link = &watches; *link != NULL; link = &(*link)->next_) {
        if (*link == w) {
            *link = w->next_;
            return;
        }
    }
}

static bool is_watched(const lp_posix_watch_t *w)
{
    const lp_posix_watch_t *at = watches;
    while (at != NULL && at != w) {
        at = at->next_;
    }
    return at != NULL;
}

static int poll_timeout(uint64_t until_ms)
{
    if (until_ms == UINT64_MAX) {
        return -1;
    }
    const uint64_t now = lp_port_now_ms();
    const uint64_t left = until_ms > now ? until_ms - now : 0;
    return left > INT_MAX ? INT_MAX : (int)left;
}

void lp_port_wait(uint64_t until_ms)
{
    struct pollfd fds[WATCHES_MAX];
    lp_posix_watch_t *who[WATCHES_MAX];
    nfds_t n = 0;
    for (lp_posix_watch_t *w = watches; w != NULL && n < WATCHES_MAX; w = w->next_) {
        if (w->events != 0) { // else poll() would still report a hang-up, over and over
            fds[n] = (struct pollfd){.fd = w->fd, .events = w->events};
            who[n++] = w;
        }
    }
    if (poll(fds, n, poll_timeout(until_ms)) <= 0) {
        return;
    }
    for (nfds_t i = 0; i < n; i++) {
        if (fds[i].revents != 0 && is_watched(who[i])) {
            who[i]->fn(who[i]->ctx, fds[i].revents);
        }
    }
}

// Nothing but this thread touches the loop.
uint32_t lp_port_irq_save(void)
{
    return 0;
}

void lp_port_irq_restore(uint32_t state)
{
    (void)state;
}

// -- signals

static void on_signal(int number)
{
    const int saved = errno;
    const char byte = (char)number;
    const ssize_t written = write(signal_pipe[1], &byte, 1);
    (void)written; // a full pipe means that the loop is being told already
    errno = saved;
}

static void on_signal_pipe(void *ctx, short revents)
{
    (void)revents;
    char byte;
    if (read(signal_pipe[0], &byte, 1) == 1) {
        lp_loop_stop(ctx);
    }
}

// A signal that whoever started us made ignored (nohup) stays ignored.
static void catch_signal(int number)
{
    struct sigaction before;
    const struct sigaction act = {.sa_handler = on_signal};
    if (sigaction(number, NULL, &before) == 0 && before.sa_handler != SIG_IGN) {
        sigaction(number, &act, NULL);
    }
}

lp_err_t lp_posix_signals_init(lp_loop_t *loop)
{
    if (pipe2(signal_pipe, O_CLOEXEC | O_NONBLOCK) != 0) {
        return lp_posix_err(errno);
    }
    signal_watch = (lp_posix_watch_t){
        .fd = signal_pipe[0], .events = POLLIN, .fn = on_signal_pipe, .ctx = loop};
    lp_posix_watch_start(&signal_watch);
    catch_signal(SIGTERM);
    catch_signal(SIGINT);
    catch_signal(SIGHUP);
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGUSR1, &ignore, NULL); // the wake button, of a board that is awake
    return LP_OK;
}

static volatile sig_atomic_t is_button_pressed;

static void on_button(int number)
{
    is_button_pressed = number != 0;
}

bool lp_posix_doze(uint64_t ms, bool *is_pressed)
{
    const uint64_t end_ms = lp_port_now_ms() + ms;
    const struct sigaction press = {.sa_handler = on_button};
    struct pollfd fd = {.fd = signal_pipe[0], .events = POLLIN};
    sigaction(SIGUSR1, &press, NULL);
    while (!is_button_pressed && lp_port_now_ms() < end_ms) {
        if (poll(&fd, 1,
                 poll_timeout(end_ms < lp_port_now_ms() + 200 ? end_ms : lp_port_now_ms() + 200)) >
            0) {
            return false;
        }
    }
    *is_pressed = is_button_pressed != 0;
    return true;
}

lp_err_t lp_posix_err(int errnum)
{
    switch (errnum) {
    case 0:
        return LP_OK;
    case EAGAIN:
        return LP_E_AGAIN;
    case ECONNREFUSED:
        return LP_E_NET_REFUSED;
    case ENOENT:
        return LP_E_NOT_FOUND;
    case ECONNRESET:
    case EPIPE:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTUNREACH:
        return LP_E_NET_RESET;
    case ETIMEDOUT:
        return LP_E_TIMEOUT;
    case EACCES:
    case EPERM:
        return LP_E_DENIED;
    case ENOSPC:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
        return LP_E_NOSPACE;
    default:
        return LP_E_IO;
    }
}
