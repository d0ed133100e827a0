// SPDX-License-Identifier: Apache-2.0
// load_mqtt: many devices at once. Connects N clients with mutual TLS, each with a full handshake,
// and lets each publish M messages of QoS 1, one after the other; prints what it took as one JSON
// line.
//
//   load_mqtt PORT CAFILE CERT KEY CLIENTS [MESSAGES-EACH [PARALLEL]]
//
// The same certificate serves all; client ids are load-0, load-1, ... Exit 1: some were refused or
// lost.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "limpet/mqtt_packet.h"

enum { PARALLEL = 100, EVENTS = 128, PATIENCE_MS = 120000, ACK_LEN = 4 };

typedef enum { IDLE, SHAKING, CONNECTING, READY, LOST } state_t;

typedef struct {
    int fd;
    SSL *ssl;
    state_t state;
    int acked;
    uint8_t in[ACK_LEN]; // CONNACK and PUBACK are as long
    size_t in_len;
    uint32_t wants;
} client_t;

typedef struct {
    int epoll;
    SSL_CTX *tls;
    struct sockaddr_in address;
    client_t *client;
    int count, parallel, messages;
    int started, connected, lost, done;
} load_t;

static long long now_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (long long)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void fail(const char *what)
{
    fprintf(stderr, "load_mqtt: %s: %s\n", what, strerror(errno));
    exit(2);
}

static void watch(load_t *l, client_t *c, uint32_t events)
{
    struct epoll_event e = {.events = events, .data.ptr = c};
    if (c->wants != events) {
        epoll_ctl(l->epoll, c->wants == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, c->fd, &e);
        c->wants = events;
    }
}

static void lose(load_t *l, client_t *c)
{
    l->lost++;
    l->done += c->state == READY && c->acked < l->messages;
    l->connected -= c->state == READY;
    c->state = LOST;
    SSL_free(c->ssl);
    close(c->fd);
}

static void send_packet(load_t *l, client_t *c, const lp_buf_t *b)
{
    if (SSL_write(c->ssl, b->ptr, (int)b->len) != (int)b->len) {
        lose(l, c); // it is less than a socket's buffer
    }
}

static void send_connect(load_t *l, client_t *c)
{
    char id[32];
    uint8_t room[128];
    lp_buf_t b = lp_buf(room, sizeof room);
    snprintf(id, sizeof id, "load-%d", (int)(c - l->client));
    const lp_mqtt_connect_t k = {
        .client_id = lp_span_str(id), .clean_start = true, .keep_alive_s = 600};
    if (lp_mqtt_encode_connect(&b, LP_MQTT_V4, &k) != LP_OK) {
        fail("CONNECT");
    }
    c->state = CONNECTING;
    send_packet(l, c, &b);
}

static void send_publish(load_t *l, client_t *c)
{
    char topic[48];
    uint8_t room[256];
    static const uint8_t payload[100] = "{\"temperature\":21.5}";
    lp_buf_t b = lp_buf(room, sizeof room);
    snprintf(topic, sizeof topic, "dt/load/%d", (int)(c - l->client));
    const lp_mqtt_publish_t p = {.topic = lp_span_str(topic),
                                 .payload = lp_span(payload, sizeof payload),
                                 .qos = 1,
                                 .packet_id = (uint16_t)(c->acked % 60000 + 1)};
    if (lp_mqtt_encode_publish(&b, LP_MQTT_V4, &p) != LP_OK) {
        fail("PUBLISH");
    }
    send_packet(l, c, &b);
}

static void start_next(load_t *l)
{
    int one = 1;
    client_t *c = &l->client[l->started++];
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    c->ssl = SSL_new(l->tls);
    if (c->fd < 0 || c->ssl == NULL) {
        fail("socket");
    }
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(c->fd, (struct sockaddr *)&l->address, sizeof l->address) != 0 &&
        errno != EINPROGRESS) {
        fail("connect");
    }
    SSL_set_fd(c->ssl, c->fd);
    SSL_set_tlsext_host_name(c->ssl, "localhost");
    SSL_set_connect_state(c->ssl);
    c->state = SHAKING;
    watch(l, c, EPOLLOUT);
}

static void shake(load_t *l, client_t *c)
{
    ERR_clear_error();
    int rc = SSL_do_handshake(c->ssl);
    int want = rc == 1 ? SSL_ERROR_NONE : SSL_get_error(c->ssl, rc);
    if (want == SSL_ERROR_NONE) {
        watch(l, c, EPOLLIN);
        send_connect(l, c);
    } else if (want == SSL_ERROR_WANT_READ || want == SSL_ERROR_WANT_WRITE) {
        watch(l, c, want == SSL_ERROR_WANT_READ ? EPOLLIN : EPOLLOUT);
    } else {
        lose(l, c);
    }
}

static void take_answer(load_t *l, client_t *c)
{
    if (c->state == CONNECTING && c->in[0] == 0x20 && c->in[3] == 0) {
        c->state = READY;
        l->connected++;
    } else if (c->state == READY && c->in[0] == 0x40) {
        c->acked++;
        if (c->acked < l->messages) {
            send_publish(l, c);
        } else {
            l->done++;
        }
    } else {
        lose(l, c);
    }
}

static void hear(load_t *l, client_t *c)
{
    while (c->state == CONNECTING || c->state == READY) {
        ERR_clear_error();
        int n = SSL_read(c->ssl, c->in + c->in_len, (int)(ACK_LEN - c->in_len));
        if (n <= 0) {
            if (SSL_get_error(c->ssl, n) != SSL_ERROR_WANT_READ) {
                lose(l, c);
            }
            return;
        }
        c->in_len += (size_t)n;
        if (c->in_len == ACK_LEN) {
            c->in_len = 0;
            take_answer(l, c);
        }
    }
}

static void turn(load_t *l)
{
    struct epoll_event events[EVENTS];
    int n = epoll_wait(l->epoll, events, EVENTS, 1000);
    for (int i = 0; i < n; i++) {
        client_t *c = events[i].data.ptr;
        if (c->state == SHAKING) {
            shake(l, c);
        } else if (c->state != LOST) {
            hear(l, c);
        }
    }
}

// Milliseconds until all are connected or lost.
static double connect_all(load_t *l)
{
    long long begun = now_us();
    while (l->connected + l->lost < l->count && now_us() - begun < PATIENCE_MS * 1000LL) {
        while (l->started < l->count && l->started - l->connected - l->lost < l->parallel) {
            start_next(l);
        }
        turn(l);
    }
    return (double)(now_us() - begun) / 1000.0;
}

static double publish_all(load_t *l)
{
    long long begun = now_us();
    for (int i = 0; i < l->count; i++) {
        if (l->client[i].state == READY) {
            send_publish(l, &l->client[i]);
        }
    }
    while (l->done < l->connected + l->lost && l->connected > 0 &&
           now_us() - begun < PATIENCE_MS * 1000LL) {
        turn(l);
    }
    return (double)(now_us() - begun) / 1000.0;
}

static SSL_CTX *make_tls(const char *ca, const char *cert, const char *key)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    if (ctx == NULL || SSL_CTX_load_verify_file(ctx, ca) != 1 ||
        SSL_CTX_use_certificate_chain_file(ctx, cert) != 1 ||
        SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1) {
        ERR_print_errors_fp(stderr);
        exit(2);
    }
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    return ctx;
}

static int number(const char *text, int least)
{
    long n = text != NULL ? strtol(text, NULL, 10) : least;
    return n < least ? least : (int)n;
}

int main(int argc, char **argv)
{
    struct rlimit files = {.rlim_cur = 0};
    if (argc < 6 || argc > 8) {
        fprintf(stderr,
                "usage: load_mqtt PORT CAFILE CERT KEY CLIENTS [MESSAGES-EACH [PARALLEL]]\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    load_t l = {
        .epoll = epoll_create1(EPOLL_CLOEXEC),
        .tls = make_tls(argv[2], argv[3], argv[4]),
        .address = {.sin_family = AF_INET,
                    .sin_port = htons((uint16_t)number(argv[1], 1)),
                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)},
        .count = number(argv[5], 1),
        .messages = number(argc > 6 ? argv[6] : NULL, 0),
        .parallel = argc > 7 ? number(argv[7], 1) : PARALLEL,
    };
    l.client = calloc((size_t)l.count, sizeof *l.client);
    if (l.client == NULL) {
        fail("memory");
    }
    double connect_ms = connect_all(&l);
    double publish_ms = l.messages > 0 ? publish_all(&l) : 0;
    long long acked = 0;
    for (int i = 0; i < l.count; i++) {
        acked += l.client[i].acked;
    }
    printf(
        "{\"clients\":%d,\"connected\":%d,\"lost\":%d,\"connect_ms\":%.1f,\"connects_per_s\":%.0f,"
        "\"messages\":%lld,\"publish_ms\":%.1f,\"messages_per_s\":%.0f}\n",
        l.count, l.connected, l.lost, connect_ms, l.connected * 1000.0 / connect_ms, acked,
        publish_ms, publish_ms > 0 ? (double)acked * 1000.0 / publish_ms : 0);
    return l.connected == l.count && l.lost == 0 ? 0 : 1;
}
