// SPDX-License-Identifier: Apache-2.0
// The board's UART: a pseudo terminal with a link that tools find, or stdin and stdout.
//
// Output goes through one queue that takes a write whole or not at all, so that log lines and RPC
// frames never mix. Log lines may fill half of it; when nobody reads, the later ones are dropped
// and counted, as a real UART would lose them.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "posix_internal.h"
#include "rundir.h"

enum { QUEUE_BYTES = 32768, LOG_SHARE_BYTES = 16384, FLUSH_MS = 300, LAST_WORDS_MS = 20 };

typedef struct {
    lp_posix_stream_t in; // must stay first
    lp_posix_watch_t out;
    uint8_t queue[QUEUE_BYTES];
    size_t queued;
    unsigned dropped; // log lines
    bool is_blocked;  // a write was refused
    int slave_fd;     // kept open, so that reading never meets a hang-up
    int stdin_flags;  // as we found them; the terminal is somebody else's. -1: not touched
    char name[256];
    bool has_link;
} uart_t;

static uart_t uart = {.slave_fd = -1, .stdin_flags = -1};
static bool is_open;

// -- output

static void drain(void)
{
    while (uart.queued > 0) {
        const ssize_t n = write(uart.out.fd, uart.queue, uart.queued);
        if (n <= 0) {
            break;
        }
        uart.queued -= (size_t)n;
        memmove(uart.queue, uart.queue + n, uart.queued);
    }
    uart.out.events = uart.queued > 0 ? POLLOUT : 0;
    if (uart.is_blocked && uart.queued < LOG_SHARE_BYTES) {
        uart.is_blocked = false;
        uart.in.pending_ |= LP_STREAM_WRITABLE;
        lp_loop_post(lp_posix_loop, &uart.in.event_);
    }
}

void lp_posix_uart_last_words(const char *text, size_t len)
{
    const uint8_t *parts[] = {uart.queue, (const uint8_t *)text};
    size_t left[] = {uart.queued <= QUEUE_BYTES ? uart.queued : 0, len};
    for (size_t i = 0; is_open && i < 2; i++) {
        struct pollfd p = {.fd = uart.out.fd, .events = POLLOUT};
        while (left[i] > 0 && poll(&p, 1, LAST_WORDS_MS) == 1) {
            const ssize_t n = write(uart.out.fd, parts[i], left[i]);
            if (n <= 0) {
                break;
            }
            parts[i] += n;
            left[i] -= (size_t)n;
        }
    }
    uart.queued = 0;
}

static void on_writable(void *ctx, short revents)
{
    (void)ctx;
    (void)revents;
    drain();
}

static void enqueue(const void *data, size_t len)
{
    memcpy(uart.queue + uart.queued, data, len);
    uart.queued += len;
    uart.out.events = POLLOUT; // sent from the wait, many lines at once
}

static lp_err_t uart_write(lp_stream_t *stream, lp_span_t data, size_t *n)
{
    (void)stream;
    if (!is_open) {
        return LP_E_CLOSED;
    }
    if (data.len > QUEUE_BYTES) {
        return LP_E_NOSPACE;
    }
    if (data.len > QUEUE_BYTES - uart.queued) {
        uart.is_blocked = true;
        return LP_E_AGAIN;
    }
    enqueue(data.ptr, data.len);
    *n = data.len;
    return LP_OK;
}

bool lp_posix_uart_log(const char *line, size_t len)
{
    if (!is_open) {
        return false;
    }
    char note[64] = "";
    if (uart.dropped > 0) {
        snprintf(note, sizeof note, "(%u log lines were lost here, nobody read)\r\n", uart.dropped);
    }
    if (uart.queued + strlen(note) + len + 2 > LOG_SHARE_BYTES) {
        uart.dropped++;
        return false;
    }
    uart.dropped = 0;
    enqueue(note, strlen(note));
    enqueue(line, len);
    enqueue("\r\n", 2);
    return true;
}

void lp_posix_uart_flush(void)
{
    for (int waited = 0; is_open && uart.queued > 0 && waited < FLUSH_MS; waited += 10) {
        drain();
        struct pollfd fd = {.fd = uart.out.fd, .events = POLLOUT};
        (void)poll(&fd, 1, 10);
    }
}

// -- input

static void uart_close(lp_stream_t *stream)
{
    (void)stream; // the line is there as long as the board is
}

static lp_err_t uart_read(lp_stream_t *stream, uint8_t *buf, size_t cap, size_t *n)
{
    const lp_err_t err = lp_posix_stream_read(stream, buf, cap, n);
    if (err == LP_E_CLOSED) { // the end of stdin switches the board off
        lp_loop_stop(lp_posix_loop);
    }
    return err;
}

static const lp_stream_ops_t uart_ops = {
    .listen = lp_posix_stream_listen, .read = uart_read, .write = uart_write, .close = uart_close};

static void start(int in_fd, int out_fd)
{
    lp_posix_stream_init(&uart.in, in_fd);
    uart.in.stream.ops = &uart_ops;
    uart.out = (lp_posix_watch_t){.fd = out_fd, .fn = on_writable};
    lp_posix_watch_start(&uart.out);
    is_open = true;
}

// -- the two kinds

static void make_raw(int fd)
{
    struct termios t;
    if (tcgetattr(fd, &t) == 0) {
        cfmakeraw(&t);
        (void)tcsetattr(fd, TCSANOW, &t);
    }
}

// Opens a new pair, or takes the one that the image before the reboot had.
static lp_err_t open_pair(int *master, char *why, size_t why_cap)
{
    *master = lp_posix_inherited_fd("ptm");
    uart.slave_fd = lp_posix_inherited_fd("pts");
    if (*master >= 0 && uart.slave_fd >= 0) {
        return LP_OK;
    }
    *master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (*master < 0 || grantpt(*master) != 0 || unlockpt(*master) != 0) {
        snprintf(why, why_cap, "cannot make a pseudo terminal: %s", strerror(errno));
        return lp_posix_err(errno);
    }
    uart.slave_fd = open(ptsname(*master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (uart.slave_fd < 0) {
        snprintf(why, why_cap, "cannot open %s: %s", ptsname(*master), strerror(errno));
        return lp_posix_err(errno);
    }
    make_raw(uart.slave_fd);
    return LP_OK;
}

static lp_err_t open_pty(const char *link, const char *device_id, char *why, size_t why_cap)
{
    int master;
    lp_err_t err = open_pair(&master, why, why_cap);
    if (err == LP_OK && link == NULL) {
        err = lp_posix_claim_id(device_id, uart.name, sizeof uart.name, why, why_cap);
    } else if (err == LP_OK) {
        snprintf(uart.name, sizeof uart.name, "%s", link);
    }
    if (err == LP_OK) {
        err = lp_posix_put_link(uart.name, ptsname(master), why, why_cap);
    }
    if (err == LP_OK) {
        uart.has_link = true;
        lp_posix_bequeath_fd("ptm", master);
        lp_posix_bequeath_fd("pts", uart.slave_fd);
        start(master, master);
    }
    return err;
}

lp_err_t lp_posix_uart_open(lp_posix_uart_kind_t kind, const char *link, const char *device_id,
                            char *why, size_t why_cap)
{
    if (kind == LP_POSIX_UART_PTY) {
        return open_pty(link, device_id, why, why_cap);
    }
    snprintf(uart.name, sizeof uart.name, "-");
    const int in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    if (in < 0) {
        snprintf(why, why_cap, "stdin is closed");
        return LP_E_CLOSED;
    }
    uart.stdin_flags = fcntl(STDIN_FILENO, F_GETFL);
    start(in, STDOUT_FILENO);
    return LP_OK;
}

lp_stream_t *lp_posix_uart_stream(void)
{
    return &uart.in.stream;
}

const char *lp_posix_uart_name(void)
{
    return uart.name;
}

void lp_posix_uart_close(void)
{
    if (is_open) {
        lp_posix_uart_flush();
    }
    if (uart.has_link) {
        lp_posix_remove_link(uart.name, uart.slave_fd);
        uart.has_link = false;
    }
    if (is_open && uart.stdin_flags >= 0) {
        (void)fcntl(STDIN_FILENO, F_SETFL, uart.stdin_flags);
    }
    is_open = false;
}
