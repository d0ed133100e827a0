// SPDX-License-Identifier: Apache-2.0
// Opens a serial port, a pty or a TCP connection, raw, non-blocking and locked; or joins
// the limpet that has the port and shares it.
#include "line.h"

#include <errno.h>
#include <fcntl.h>
#include <libserialport.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "share.h"

enum {
    DEFAULT_BAUD = 115200,
    CONNECT_MS = 5000,
    WAIT_MS = 5000,
    TELL_MS = 1000,
    BUSY_PAUSE_MS = 100
};

static lp_exit_t fail_open(lp_fault_t *f, const char *port, int error)
{
    if (error == ENOENT || error == ENODEV || error == ENXIO) {
        lp_fault_set(f, LP_EXIT_NO_BOARD, "port-missing", "there is no port %s", port);
        lp_fault_next(f, "limpet devices lists the boards that are seen");
    } else if (error == EACCES || error == EPERM) {
        lp_fault_set(f, LP_EXIT_LOCAL, "port-denied", "not allowed to open %s", port);
        lp_fault_next(f, "add yourself to the group that owns it (usually dialout), log in again");
    } else if (error == EBUSY || error == EWOULDBLOCK) {
        lp_fault_set(f, LP_EXIT_LOCAL, "port-busy", "%s is in use by another program", port);
        lp_fault_next(f, "close the other program (another limpet, a terminal), then try again");
    } else {
        lp_fault_set(f, LP_EXIT_LOCAL, "port-open", "%s cannot be opened", port);
        lp_fault_why(f, "%s", strerror(error));
    }
    return f->exit;
}

static bool make_raw(int fd)
{
    struct termios t;
    if (tcgetattr(fd, &t) != 0) {
        return false;
    }
    t.c_iflag = 0;
    t.c_oflag = 0;
    t.c_lflag = 0;
    t.c_cflag = (t.c_cflag & ~(tcflag_t)(CSIZE | PARENB | CSTOPB)) | CS8 | CREAD | CLOCAL;
    t.c_cc[VMIN] = 1;
    t.c_cc[VTIME] = 0;
    return tcsetattr(fd, TCSANOW, &t) == 0;
}

// libserialport knows the odd speeds and clears every flag that a modem line may have.
static bool set_speed(const char *port, long baud, int fd)
{
    struct sp_port *sp = NULL;
    if (sp_get_port_by_name(port, &sp) != SP_OK) {
        return make_raw(fd);
    }
    bool is_set = false;
    if (sp_open(sp, SP_MODE_READ_WRITE) == SP_OK) {
        is_set = sp_set_baudrate(sp, (int)baud) == SP_OK && sp_set_bits(sp, 8) == SP_OK &&
                 sp_set_parity(sp, SP_PARITY_NONE) == SP_OK && sp_set_stopbits(sp, 1) == SP_OK &&
                 sp_set_flowcontrol(sp, SP_FLOWCONTROL_NONE) == SP_OK &&
                 // On boards where DTR and RTS drive reset and boot mode: run, do not flash.
                 sp_set_dtr(sp, SP_DTR_OFF) == SP_OK && sp_set_rts(sp, SP_RTS_OFF) == SP_OK;
        sp_close(sp);
    }
    sp_free_port(sp);
    return is_set;
}

static bool is_pty(const char *path)
{
    return strncmp(path, "/dev/pts/", 9) == 0;
}

static lp_exit_t fail_deaf(lp_fault_t *f, const char *port, long pid)
{
    lp_fault_set(f, LP_EXIT_LOCAL, "port-silent", "%s is shared by another limpet, which is silent",
                 port);
    if (pid > 0) {
        lp_fault_why(f, "process %ld takes nobody in; it may be stopped (Ctrl-Z)", pid);
    } else {
        lp_fault_why(f, "too many wait there; it may be stopped (Ctrl-Z)");
    }
    lp_fault_next(f, "let it go on (fg) or end it, then try again");
    return f->exit;
}

// One try: lock it, or join whoever has it.
static lp_exit_t try_tty(const char *real, long baud, lp_line_t *line, lp_fault_t *f)
{
    struct stat st;
    long pid = 0;
    int fd = open(real, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return fail_open(f, real, errno);
    }
    if (fstat(fd, &st) != 0 || !S_ISCHR(st.st_mode) || isatty(fd) != 1) {
        close(fd);
        lp_fault_set(f, LP_EXIT_USAGE, "port-kind", "%s is not a serial port", real);
        lp_fault_next(f, "limpet devices lists the boards that are seen");
        return f->exit;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        const int error = errno;
        close(fd);
        const lp_share_join_t join = lp_share_join(real, &line->fd, &pid);
        line->is_shared = join == LP_SHARE_JOINED;
        return line->is_shared         ? LP_EXIT_OK
               : join == LP_SHARE_DEAF ? fail_deaf(f, real, pid)
                                       : fail_open(f, real, error);
    }
    if (!(is_pty(real) ? make_raw(fd) : set_speed(real, baud, fd))) {
        const int error = errno;
        close(fd);
        return fail_open(f, real, error);
    }
    line->fd = fd;
    return LP_EXIT_OK;
}

// For scripts that have more patience or less.
static int patience_ms(int wait_ms)
{
    const char *set = getenv("LIMPET_PORT_WAIT_MS");
    const long set_ms = set != NULL ? strtol(set, NULL, 10) : 0;
    const int usual_ms = wait_ms > 0 ? wait_ms : WAIT_MS;
    return set_ms > 0 && set_ms <= 600000 ? (int)set_ms : usual_ms;
}

static lp_exit_t open_tty(const char *port, long baud, int wait_ms, lp_line_t *line, lp_fault_t *f)
{
    char real[4096];
    const uint64_t begun_ms = lp_ui_now_ms();
    bool is_told = false;
    if (realpath(port, real) == NULL) {
        return fail_open(f, port, errno);
    }
    lp_exit_t rc = try_tty(real, baud, line, f);
    while (rc == LP_EXIT_LOCAL && strcmp(f->code, "port-busy") == 0 && !lp_interrupt_seen() &&
           lp_ui_now_ms() - begun_ms < (uint64_t)wait_ms) {
        if (!is_told && lp_ui_now_ms() - begun_ms > TELL_MS) {
            lp_ui_info("waiting for %s, which another program has", real);
            is_told = true;
        }
        lp_ui_pause(BUSY_PAUSE_MS);
        rc = try_tty(real, baud, line, f);
    }
    if (rc == LP_EXIT_LOCAL && lp_interrupt_seen()) {
        return lp_fault_interrupted(f);
    }
    snprintf(line->real, sizeof line->real, "%.250s", real);
    snprintf(line->where, sizeof line->where, "%s%.200s%s", is_pty(real) ? "pty " : "", real,
             line->is_shared ? ", shared with another limpet" : "");
    return rc;
}

static bool wait_connected(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    int error = 0;
    socklen_t len = sizeof error;
    if (poll(&p, 1, CONNECT_MS) != 1) {
        errno = ETIMEDOUT;
        return false;
    }
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0) {
        errno = error;
        return false;
    }
    return true;
}

static int connect_any(const struct addrinfo *list)
{
    int error = ECONNREFUSED;
    for (const struct addrinfo *a = list; a != NULL; a = a->ai_next) {
        int fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0) {
            continue;
        }
        if (connect(fd, a->ai_addr, a->ai_addrlen) == 0 ||
            (errno == EINPROGRESS && wait_connected(fd))) {
            return fd;
        }
        error = errno;
        close(fd);
    }
    errno = error;
    return -1;
}

static lp_exit_t open_tcp(const char *address, int *fd_out, lp_fault_t *f)
{
    char host[256];
    const char *colon = strrchr(address, ':');
    if (colon == NULL || colon == address || (size_t)(colon - address) >= sizeof host) {
        lp_fault_set(f, LP_EXIT_USAGE, "usage", "tcp:%.100s is not tcp:host:port", address);
        return f->exit;
    }
    memcpy(host, address, (size_t)(colon - address));
    host[colon - address] = '\0';
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    int rc = getaddrinfo(host, colon + 1, &hints, &list);
    if (rc != 0) {
        lp_fault_set(f, LP_EXIT_NETWORK, "board-unreachable", "no address for %s", host);
        lp_fault_why(f, "%s", gai_strerror(rc));
        return f->exit;
    }
    int fd = connect_any(list);
    int error = errno;
    freeaddrinfo(list);
    if (fd < 0) {
        lp_fault_set(f, LP_EXIT_NETWORK, "board-unreachable", "cannot connect to %s", address);
        lp_fault_why(f, "%s", strerror(error));
        lp_fault_next(f, "is the board, or the program that stands for it, listening there?");
        return f->exit;
    }
    *fd_out = fd;
    return LP_EXIT_OK;
}

lp_exit_t lp_line_open(const char *port, long baud, int wait_ms, lp_line_t *line, lp_fault_t *f)
{
    *line = (lp_line_t){.fd = -1};
    if (strncmp(port, "tcp:", 4) == 0) { // tcp:host:port, tcp://host:port
        snprintf(line->where, sizeof line->where, "%s", port);
        return open_tcp(port + (strncmp(port, "tcp://", 6) == 0 ? 6 : 4), &line->fd, f);
    }
    return open_tty(port, baud > 0 ? baud : DEFAULT_BAUD, patience_ms(wait_ms), line, f);
}
