// SPDX-License-Identifier: Apache-2.0
// Serial lines: a terminal device with its settings, or what stands for one and has none (a socket,
// a pseudo terminal). A line does not know whether anybody is at its other end: a socket that is
// lost is tried again, what is sent meanwhile is lost, as on a wire.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/serial.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "limpet/port/uart.h"
#include "posix_internal.h"
#include "rundir.h"

enum { LINES = LP_POSIX_SERIAL_END - LP_POSIX_SERIAL_FIRST, PIECE_BYTES = 256 };

typedef enum { WIRED_NOT, WIRED_UNIX, WIRED_TCP, WIRED_TTY, WIRED_PTY } wired_t;

typedef struct {
    wired_t kind;
    char where[sizeof(((struct sockaddr_un *)0)->sun_path)];
    lp_port_uart_t *uart; // null: not open
    lp_posix_watch_t watch;
    int slave_fd; // of a pseudo terminal, so that reading never meets a hang-up
    lp_timer_t retry;
    struct serial_icounter_struct counts; // as they were last
} serial_t;

static serial_t lines[LINES];

static serial_t *find(unsigned number)
{
    return number >= LP_POSIX_SERIAL_FIRST && number < LP_POSIX_SERIAL_END
               ? &lines[number - LP_POSIX_SERIAL_FIRST]
               : NULL;
}

unsigned lp_port_uart_end(void)
{
    return LP_POSIX_SERIAL_END;
}

// -- moving bytes

static void lose(serial_t *s)
{
    lp_posix_watch_stop(&s->watch);
    close(s->watch.fd);
    s->watch.fd = -1;
    lp_timer_start(lp_posix_loop, &s->retry, LP_POSIX_LINK_RETRY_MS);
}

// What the kernel counts of a real line.
static void count(serial_t *s)
{
    struct serial_icounter_struct now;
    if (s->kind != WIRED_TTY || ioctl(s->watch.fd, TIOCGICOUNT, &now) != 0) {
        return;
    }
    s->uart->overruns += (uint32_t)(now.overrun - s->counts.overrun) +
                         (uint32_t)(now.buf_overrun - s->counts.buf_overrun);
    s->uart->damaged +=
        (uint32_t)(now.frame - s->counts.frame) + (uint32_t)(now.parity - s->counts.parity);
    s->counts = now;
}

// False: the line is gone. While the ring is full the bytes wait in the kernel.
static bool receive(serial_t *s)
{
    uint8_t piece[PIECE_BYTES];
    size_t room = lp_ring_free(&s->uart->rx);
    while (room > 0) {
        const ssize_t n = read(s->watch.fd, piece, room < sizeof piece ? room : sizeof piece);
        if (n <= 0) {
            return n < 0 && (errno == EAGAIN || errno == EINTR || s->kind == WIRED_PTY);
        }
        (void)lp_ring_put(&s->uart->rx, lp_span(piece, (size_t)n));
        s->uart->notify(s->uart);
        room = lp_ring_free(&s->uart->rx);
    }
    return true;
}

static bool send_out(serial_t *s)
{
    for (lp_span_t out = lp_ring_peek(&s->uart->tx); out.len > 0;
         out = lp_ring_peek(&s->uart->tx)) {
        const ssize_t n = s->kind == WIRED_UNIX || s->kind == WIRED_TCP
                              ? send(s->watch.fd, out.ptr, out.len, MSG_NOSIGNAL)
                              : write(s->watch.fd, out.ptr, out.len);
        if (n <= 0) {
            return n < 0 && (errno == EAGAIN || errno == EINTR);
        }
        lp_ring_drop(&s->uart->tx, (size_t)n);
        s->uart->notify(s->uart);
    }
    return true;
}

static void drop_unsent(serial_t *s)
{
    if (lp_ring_used(&s->uart->tx) > 0) {
        lp_ring_drop(&s->uart->tx, lp_ring_used(&s->uart->tx));
        s->uart->notify(s->uart);
    }
}

static void serve(serial_t *s)
{
    if (s->watch.fd < 0) {
        drop_unsent(s); // nobody is there
        return;
    }
    const bool is_there = receive(s) && send_out(s);
    if (!is_there) {
        lose(s);
        drop_unsent(s);
        return;
    }
    count(s);
    s->watch.events = (short)((lp_ring_free(&s->uart->rx) > 0 ? POLLIN : 0) |
                              (lp_ring_used(&s->uart->tx) > 0 ? POLLOUT : 0));
}

static void on_poll(void *ctx, short revents)
{
    serial_t *s = ctx;
    if ((revents & (POLLHUP | POLLERR | POLLNVAL)) != 0 && (revents & POLLIN) == 0) {
        lose(s);
        drop_unsent(s);
        return;
    }
    serve(s);
}

// -- settings

static speed_t speed_of(uint32_t baud)
{
    static const struct {
        uint32_t baud;
        speed_t speed;
    } speeds[] = {{1200, B1200},     {2400, B2400},     {4800, B4800},     {9600, B9600},
                  {19200, B19200},   {38400, B38400},   {57600, B57600},   {115200, B115200},
                  {230400, B230400}, {460800, B460800}, {921600, B921600}, {1000000, B1000000}};
    for (size_t i = 0; i < sizeof speeds / sizeof speeds[0]; i++) {
        if (speeds[i].baud == baud) {
            return speeds[i].speed;
        }
    }
    return B0;
}

static bool is_known(const lp_uart_format_t *f)
{
    return speed_of(f->baud) != B0 && (f->data_bits == 7 || f->data_bits == 8) &&
           (f->stop_bits == 1 || f->stop_bits == 2);
}

static lp_err_t set_up_tty(int fd, const lp_uart_format_t *f)
{
    struct termios t;
    if (tcgetattr(fd, &t) != 0) {
        return LP_E_IO;
    }
    cfmakeraw(&t);
    t.c_cflag &= ~(tcflag_t)(CSIZE | PARENB | PARODD | CSTOPB | CRTSCTS);
    t.c_cflag |= CLOCAL | CREAD | (f->data_bits == 7 ? CS7 : CS8);
    t.c_cflag |= f->stop_bits == 2 ? CSTOPB : 0;
    t.c_cflag |= f->parity != LP_UART_PARITY_NONE ? PARENB : 0;
    t.c_cflag |= f->parity == LP_UART_PARITY_ODD ? PARODD : 0;
    t.c_iflag |= f->parity != LP_UART_PARITY_NONE ? INPCK : 0;
    cfsetspeed(&t, speed_of(f->baud));
    return tcsetattr(fd, TCSANOW, &t) == 0 ? LP_OK : LP_E_IO;
}

// -- the other end

static int connect_to(const struct sockaddr *addr, socklen_t len)
{
    const int fd = socket(addr->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, addr, len) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static int open_unix(const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    memcpy(addr.sun_path, path, strlen(path) + 1);
    return connect_to((const struct sockaddr *)&addr, sizeof addr);
}

// An IPv4 address of digits: a name would have to be looked up, which takes its time.
static bool parse_tcp(const char *where, struct sockaddr_in *addr)
{
    char host[40];
    char *end = NULL;
    const char *colon = strrchr(where, ':');
    if (colon == NULL || (size_t)(colon - where) >= sizeof host) {
        return false;
    }
    memcpy(host, where, (size_t)(colon - where));
    host[colon - where] = '\0';
    const unsigned long port = strtoul(colon + 1, &end, 10);
    *addr = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    return port > 0 && port <= 65535 && *end == '\0' &&
           inet_pton(AF_INET, host, &addr->sin_addr) == 1;
}

static int open_tcp(const char *where)
{
    struct sockaddr_in addr;
    return parse_tcp(where, &addr) ? connect_to((const struct sockaddr *)&addr, sizeof addr) : -1;
}

static int open_pty(serial_t *s)
{
    char why[256];
    const int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 || grantpt(fd) != 0 || unlockpt(fd) != 0) {
        return -1;
    }
    s->slave_fd = open(ptsname(fd), O_RDWR | O_NOCTTY | O_CLOEXEC);
    const lp_uart_format_t raw = {.baud = 115200, .data_bits = 8, .stop_bits = 1};
    if (s->slave_fd < 0 || set_up_tty(s->slave_fd, &raw) != LP_OK ||
        lp_posix_put_link(s->where, ptsname(fd), why, sizeof why) != LP_OK) {
        close(fd);
        return -1;
    }
    return fd;
}

static int open_end(serial_t *s)
{
    switch (s->kind) {
    case WIRED_NOT:
        return -1;
    case WIRED_UNIX:
        return open_unix(s->where);
    case WIRED_TCP:
        return open_tcp(s->where);
    case WIRED_TTY:
        return open(s->where, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    case WIRED_PTY:
        return open_pty(s);
    }
    return -1;
}

static bool connect_end(serial_t *s)
{
    const int fd = open_end(s);
    if (fd < 0) {
        return false;
    }
    lp_posix_prepare_fd(fd);
    s->watch = (lp_posix_watch_t){.fd = fd, .events = POLLIN, .fn = on_poll, .ctx = s};
    lp_posix_watch_start(&s->watch);
    return true;
}

static void on_retry(void *ctx)
{
    serial_t *s = ctx;
    if (!connect_end(s)) {
        lp_timer_start(lp_posix_loop, &s->retry, LP_POSIX_LINK_RETRY_MS);
    }
}

// -- what the contract asks for

lp_err_t lp_port_uart_open(unsigned number, lp_port_uart_t *u, const lp_uart_format_t *format)
{
    serial_t *s = find(number);
    if (s == NULL || s->kind == WIRED_NOT) {
        return number < LP_POSIX_SERIAL_FIRST ? LP_E_DENIED : LP_E_NOT_FOUND;
    }
    if (s->uart != NULL) {
        return LP_E_BUSY;
    }
    if (!is_known(format)) {
        return LP_E_UNSUPPORTED;
    }
    s->watch.fd = -1;
    s->slave_fd = -1;
    lp_timer_init(&s->retry, on_retry, s);
    const bool is_there = connect_end(s);
    const bool may_come = s->kind == WIRED_UNIX || s->kind == WIRED_TCP;
    if (!is_there && !may_come) {
        return LP_E_IO;
    }
    if (s->kind == WIRED_TTY && set_up_tty(s->watch.fd, format) != LP_OK) {
        lp_posix_watch_stop(&s->watch);
        close(s->watch.fd);
        return LP_E_IO;
    }
    s->uart = u;
    if (!is_there) {
        lp_timer_start(lp_posix_loop, &s->retry, LP_POSIX_LINK_RETRY_MS);
    }
    return LP_OK;
}

lp_err_t lp_port_uart_set_format(unsigned number, const lp_uart_format_t *format)
{
    serial_t *s = find(number);
    if (!is_known(format)) {
        return LP_E_UNSUPPORTED;
    }
    if (!lp_port_uart_is_sent(number)) {
        return LP_E_BUSY;
    }
    return s->kind == WIRED_TTY && s->watch.fd >= 0 ? set_up_tty(s->watch.fd, format) : LP_OK;
}

void lp_port_uart_serve(unsigned number)
{
    serve(find(number));
}

bool lp_port_uart_is_sent(unsigned number)
{
    const serial_t *s = find(number);
    int left = 0;
    if (lp_ring_used(&s->uart->tx) > 0) {
        return false;
    }
    return s->kind != WIRED_TTY || s->watch.fd < 0 || ioctl(s->watch.fd, TIOCOUTQ, &left) != 0 ||
           left == 0;
}

void lp_port_uart_close(unsigned number)
{
    serial_t *s = find(number);
    if (s == NULL || s->uart == NULL) {
        return;
    }
    lp_timer_stop(lp_posix_loop, &s->retry);
    if (s->kind == WIRED_PTY && s->slave_fd >= 0) {
        lp_posix_drop_link(s->where, s->slave_fd);
        close(s->slave_fd);
    }
    if (s->watch.fd >= 0) {
        lp_posix_watch_stop(&s->watch);
        close(s->watch.fd);
    }
    s->uart = NULL;
}

// -- wiring

static wired_t kind_of(const char *where, const char **rest)
{
    static const struct {
        const char *prefix;
        wired_t kind;
    } kinds[] = {{"unix:", WIRED_UNIX}, {"tcp:", WIRED_TCP}, {"pty:", WIRED_PTY}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const size_t len = strlen(kinds[i].prefix);
        if (strncmp(where, kinds[i].prefix, len) == 0 && where[len] != '\0') {
            *rest = where + len;
            return kinds[i].kind;
        }
    }
    *rest = where;
    return where[0] == '/' ? WIRED_TTY : WIRED_NOT;
}

lp_err_t lp_posix_serial_wire(unsigned number, const char *where, char *why, size_t why_cap)
{
    serial_t *s = find(number);
    const char *rest = NULL;
    struct sockaddr_in addr;
    const wired_t kind = kind_of(where, &rest);
    if (s == NULL || kind == WIRED_NOT || strlen(rest) >= sizeof s->where ||
        (kind == WIRED_TCP && !parse_tcp(rest, &addr))) {
        snprintf(why, why_cap,
                 "a serial line %d to %d is unix:PATH, tcp:ADDRESS:PORT, /dev/ttyX or pty:LINK",
                 LP_POSIX_SERIAL_FIRST, LP_POSIX_SERIAL_END - 1);
        return LP_E_FORMAT;
    }
    *s = (serial_t){.kind = kind, .watch = {.fd = -1}, .slave_fd = -1};
    memcpy(s->where, rest, strlen(rest) + 1);
    return LP_OK;
}

void lp_posix_serial_end(void)
{
    for (unsigned n = LP_POSIX_SERIAL_FIRST; n < LP_POSIX_SERIAL_END; n++) {
        lp_port_uart_close(n);
    }
}
