// SPDX-License-Identifier: Apache-2.0
// The connection to a virtual chip, in the words of docs/adapter-protocol.md. Behind each transfer
// go the status and four bytes of chance that are written to the bridge's own address register and
// read back: they show where the answer ends, whatever the chip sent and however much of it.
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

enum {
    BUSES = 8,
    MARK = 4,
    REQUEST = 600, // what the bridge's buffer takes
    ANSWER = 4096,
    MESSAGE = 255, // the length is one byte
    ADAPTER_MS = 2000,
    REG_CLKL = 0x07,
    REG_CLKH = 0x08,
    REG_ADDR = 0x06,
    REG_STAT = 0x0A,
    OWN_ADDR = 0x26, // after the bridge's reset, and after us
    CLOCK_97KHZ = 0x13,
};

static lp_i2cdev_bus_t buses[BUSES];
static size_t n_buses;

// ---- LIMPET_I2C -------------------------------------------------------------

static bool parse_one(lp_i2cdev_bus_t *b, const char *text, size_t len)
{
    char *end;
    const unsigned long number = strtoul(text, &end, 10);
    const size_t used = (size_t)(end - text) + 1;
    if (text[0] < '0' || text[0] > '9' || number > 255 || *end != '=' || used >= len ||
        len - used >= sizeof b->target) {
        return false;
    }
    *b = (lp_i2cdev_bus_t){.number = (unsigned)number, .fd = -1};
    memcpy(b->target, text + used, len - used);
    const bool is_unix = strncmp(b->target, "unix:", 5) == 0 && b->target[5] != '\0';
    return (is_unix || strncmp(b->target, "tcp:", 4) == 0) &&
           pthread_mutex_init(&b->lock, NULL) == 0;
}

int lp_i2cdev_configure(const char *text)
{
    size_t n = 0;
    while (*text != '\0') {
        const size_t len = strcspn(text, ",");
        if (n == BUSES || !parse_one(&buses[n], text, len)) {
            return -EINVAL;
        }
        n++;
        text += len + (text[len] == ',' ? 1 : 0);
    }
    n_buses = n;
    return 0;
}

lp_i2cdev_bus_t *lp_i2cdev_find(unsigned number)
{
    for (size_t i = 0; i < n_buses; i++) {
        if (buses[i].number == number) {
            return &buses[i];
        }
    }
    return NULL;
}

// ---- the connection ---------------------------------------------------------

static int connect_unix(const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    const size_t len = strlen(path);
    if (len >= sizeof addr.sun_path) {
        return -1;
    }
    memcpy(addr.sun_path, path, len);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof addr) != 0) {
        lp_i2cdev_real_close(fd);
        return -1;
    }
    return fd;
}

static int connect_first(const struct addrinfo *list)
{
    const int on = 1;
    for (const struct addrinfo *a = list; a != NULL; a = a->ai_next) {
        const int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
        if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) == 0) {
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            return fd;
        }
        if (fd >= 0) {
            lp_i2cdev_real_close(fd);
        }
    }
    return -1;
}

static int connect_tcp(const char *where)
{
    char host[256];
    const char *colon = strrchr(where, ':');
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    const bool quoted = where[0] == '[' && colon != NULL && colon > where && colon[-1] == ']';
    if (colon == NULL) {
        return -1;
    }
    snprintf(host, sizeof host, "%.*s", (int)(colon - where) - (quoted ? 2 : 0),
             where + (quoted ? 1 : 0));
    if (getaddrinfo(host[0] != '\0' ? host : "127.0.0.1", colon + 1, &hints, &list) != 0) {
        return -1;
    }
    const int fd = connect_first(list);
    freeaddrinfo(list);
    return fd;
}

static bool is_socket_ours(const lp_i2cdev_bus_t *b)
{
    struct stat st;
    return b->fd >= 0 && fstat(b->fd, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_ino == b->ino;
}

static void disconnect(lp_i2cdev_bus_t *b)
{
    if (is_socket_ours(b)) {
        lp_i2cdev_real_close(b->fd);
    }
    b->fd = -1;
}

static bool send_all(int fd, const uint8_t *bytes, size_t len)
{
    while (len > 0) {
        const ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR) {
            return false;
        }
        bytes += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

// At least one byte, -ENODEV or -ETIMEDOUT.
static ssize_t receive(int fd, uint8_t *bytes, size_t cap, int64_t deadline_ms)
{
    for (;;) {
        const int64_t left = deadline_ms - now_ms();
        struct pollfd p = {.fd = fd, .events = POLLIN};
        const int ready = poll(&p, 1, left > 0 ? (int)left : 0);
        const ssize_t n = ready > 0 ? recv(fd, bytes, cap, MSG_DONTWAIT) : 0;
        if (n > 0) {
            return n;
        }
        if (ready == 0) {
            return -ETIMEDOUT;
        }
        if ((ready > 0 && n == 0) || (errno != EINTR && errno != EAGAIN)) {
            return -ENODEV;
        }
    }
}

// ---- a transfer -------------------------------------------------------------

typedef struct {
    uint8_t out[REQUEST + 64];
    size_t out_len;
    uint8_t mark[MARK];
    const struct i2c_msg *msgs;
    size_t n_msgs;
    uint8_t in[ANSWER];
    size_t in_len;
    size_t data_len; // how much of `in` the chip sent
} frame_t;

static void put(frame_t *f, const void *bytes, size_t len)
{
    memcpy(f->out + f->out_len, bytes, len);
    f->out_len += len;
}

static int put_messages(frame_t *f)
{
    size_t answer = 1 + MARK;
    for (size_t i = 0; i < f->n_msgs; i++) {
        const struct i2c_msg *m = &f->msgs[i];
        const bool reads = (m->flags & I2C_M_RD) != 0;
        answer += reads ? m->len : 0;
        if (m->len > MESSAGE || answer > ANSWER ||
            f->out_len + 3 + (reads ? 0u : m->len) >= REQUEST) {
            return -EOPNOTSUPP;
        }
        const uint8_t head[3] = {'S', (uint8_t)((m->addr << 1) | (reads ? 1 : 0)), (uint8_t)m->len};
        put(f, head, sizeof head);
        if (!reads && m->len > 0) {
            put(f, m->buf, m->len);
        }
    }
    put(f, "P", f->n_msgs > 0 ? 1 : 0);
    return 0;
}

static void put_trailer(frame_t *f)
{
    const uint8_t status[] = {'R', REG_STAT, 'P'};
    const uint8_t restore[] = {'W', REG_ADDR, OWN_ADDR, 'P'};
    if (getrandom(f->mark, sizeof f->mark, GRND_NONBLOCK) != (ssize_t)sizeof f->mark) {
        memset(f->mark, 0xA4, sizeof f->mark);
    }
    put(f, status, sizeof status);
    for (size_t i = 0; i < MARK; i++) {
        f->mark[i] &= 0xFE; // the register's lowest bit is not an address
        const uint8_t there_and_back[] = {'W', REG_ADDR, f->mark[i], 'P', 'R', REG_ADDR, 'P'};
        put(f, there_and_back, sizeof there_and_back);
    }
    put(f, restore, sizeof restore);
}

// The answer may end behind any of the reads: the bridge stops at the first error.
static bool is_complete(frame_t *f, size_t *longest)
{
    size_t data = 0;
    for (size_t i = 0; i <= f->n_msgs; i++) {
        *longest = data + 1 + MARK;
        if (f->in_len == *longest && memcmp(f->in + data + 1, f->mark, MARK) == 0) {
            f->data_len = data;
            return true;
        }
        data += i < f->n_msgs && (f->msgs[i].flags & I2C_M_RD) != 0 ? f->msgs[i].len : 0;
    }
    return false;
}

static int exchange(int fd, frame_t *f, unsigned timeout_ms)
{
    const int64_t deadline_ms = now_ms() + timeout_ms;
    size_t longest = 0;
    if (!send_all(fd, f->out, f->out_len)) {
        return -ENODEV;
    }
    while (!is_complete(f, &longest)) {
        if (f->in_len >= longest) {
            return -ENODEV; // that is no adapter
        }
        const ssize_t n = receive(fd, f->in + f->in_len, longest - f->in_len, deadline_ms);
        if (n < 0) {
            return (int)n;
        }
        f->in_len += (size_t)n;
    }
    return 0;
}

static int outcome(const frame_t *f)
{
    switch (f->in[f->data_len]) {
    case 0xF0:
        return 0;
    case 0xF1:
        return -ENXIO;
    case 0xF2:
        return -EREMOTEIO;
    case 0xF8:
        return -ETIMEDOUT;
    default:
        return -EIO;
    }
}

static int deliver(const frame_t *f)
{
    size_t at = 0;
    for (size_t i = 0; i < f->n_msgs; i++) {
        const struct i2c_msg *m = &f->msgs[i];
        if ((m->flags & I2C_M_RD) == 0 || m->len == 0) {
            continue;
        }
        if (at + m->len > f->data_len) {
            return -EIO;
        }
        memcpy(m->buf, f->in + at, m->len);
        at += m->len;
    }
    return 0;
}

static int perform(lp_i2cdev_bus_t *b, frame_t *f, unsigned timeout_ms)
{
    int err = put_messages(f);
    if (err != 0) {
        return err;
    }
    put_trailer(f);
    err = exchange(b->fd, f, timeout_ms);
    if (err != 0) {
        disconnect(b); // out of step, or gone
        return err;
    }
    err = outcome(f);
    return err != 0 ? err : deliver(f);
}

int lp_i2cdev_transfer(const lp_i2cdev_file_t *file, const struct i2c_msg *msgs, size_t n)
{
    lp_i2cdev_bus_t *b = file->bus;
    frame_t f = {.msgs = msgs, .n_msgs = n};
    pthread_mutex_lock(&b->lock);
    const bool is_there = is_socket_ours(b) && b->generation == file->generation;
    const int err = is_there ? perform(b, &f, file->timeout_ms + ADAPTER_MS) : -ENODEV;
    pthread_mutex_unlock(&b->lock);
    explicit_bzero(&f, sizeof f);
    return err;
}

// ---- who uses it ------------------------------------------------------------

// A client that must wait its turn is connected, but not answered.
static int greet(lp_i2cdev_bus_t *b)
{
    const uint8_t rate[] = {'W', REG_CLKL, CLOCK_97KHZ, REG_CLKH, CLOCK_97KHZ, 'P'};
    frame_t f = {.msgs = NULL, .n_msgs = 0};
    put(&f, rate, sizeof rate);
    put_trailer(&f);
    const int err = exchange(b->fd, &f, ADAPTER_MS);
    return err == -ETIMEDOUT ? -EBUSY : err;
}

static int open_connection(lp_i2cdev_bus_t *b)
{
    struct stat st;
    const bool is_unix = strncmp(b->target, "unix:", 5) == 0;
    disconnect(b);
    b->fd = is_unix ? connect_unix(b->target + 5) : connect_tcp(b->target + 4);
    if (b->fd < 0 || fstat(b->fd, &st) != 0) {
        return -ENODEV;
    }
    b->ino = st.st_ino;
    b->users = 0;
    b->generation++;
    const int err = greet(b);
    if (err != 0) {
        disconnect(b);
    }
    return err;
}

static bool has_hung_up(const lp_i2cdev_bus_t *b)
{
    struct pollfd p = {.fd = b->fd, .events = POLLIN};
    return poll(&p, 1, 0) != 0; // between transfers there is nothing to read but the end
}

int lp_i2cdev_attach(lp_i2cdev_bus_t *bus, unsigned *generation)
{
    pthread_mutex_lock(&bus->lock);
    const int err = is_socket_ours(bus) && !has_hung_up(bus) ? 0 : open_connection(bus);
    if (err == 0) {
        bus->users++;
        *generation = bus->generation;
    }
    pthread_mutex_unlock(&bus->lock);
    return err;
}

void lp_i2cdev_detach(lp_i2cdev_bus_t *bus, unsigned generation)
{
    pthread_mutex_lock(&bus->lock);
    if (is_socket_ours(bus) && bus->generation == generation && --bus->users == 0) {
        disconnect(bus);
    }
    pthread_mutex_unlock(&bus->lock);
}

void lp_i2cdev_forked(void)
{
    for (size_t i = 0; i < n_buses; i++) {
        pthread_mutex_init(&buses[i].lock, NULL); // another thread of the parent may have held it
        disconnect(&buses[i]);
    }
}
