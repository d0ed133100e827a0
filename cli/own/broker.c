// SPDX-License-Identifier: Apache-2.0
// MQTT 3.1.1 as far as a client needs that reads one topic.
#include "broker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limpet/mqtt_packet.h"
#include "mqtt_stream.h"
#include "tls.h"

// The connection lies still while a board restarts; a broker should not mind that for an hour.
enum { ANSWER_MS = 15000, LISTEN_MS = 3000, KEEP_ALIVE_S = 7200, PACKET_ID = 1, READ_STEP = 1024 };

struct lp_broker_link {
    lp_tls_link_t tls;
    lp_mqtt_stream_t stream;
    uint8_t in[READ_STEP];
    size_t in_len;
    size_t in_used;
};

// --- the URL

static lp_exit_t fail_url(const char *url, const char *why, lp_fault_t *f)
{
    lp_fault_set(f, LP_EXIT_USAGE, "usage", "\"%.100s\" is not a broker", url);
    lp_fault_why(f, "%s", why);
    lp_fault_next(f, "--broker mqtts://HOST or mqtts://HOST:PORT");
    return f->exit;
}

static bool is_host_text(const char *host)
{
    size_t n = strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-");
    return n > 0 && host[n] == '\0' && host[0] != '-' && host[0] != '.';
}

static bool take_port(const char *text, uint16_t *port)
{
    char *end = NULL;
    unsigned long n = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || n < 1 || n > 65535) {
        return false;
    }
    *port = (uint16_t)n;
    return true;
}

lp_exit_t lp_broker_parse(const char *url, lp_broker_t *out, lp_fault_t *f)
{
    static const char scheme[] = "mqtts://";
    lp_broker_t b = {.port = 8883};
    if (strncmp(url, scheme, sizeof scheme - 1) != 0) {
        return fail_url(url,
                        strncmp(url, "mqtt://", 7) == 0
                            ? "mqtt:// is without TLS, and a board speaks TLS only"
                            : "it does not begin with mqtts://",
                        f);
    }
    const char *p = url + sizeof scheme - 1;
    size_t n = strcspn(p, ":/");
    if (n == 0 || n > LP_BROKER_HOST_MAX || p[0] == '[') {
        return fail_url(url,
                        p[0] == '[' ? "name the host; addresses of IPv6 are not taken"
                                    : "there is no host in it",
                        f);
    }
    snprintf(b.host, sizeof b.host, "%.*s", (int)n, p);
    p += n;
    size_t tail = strlen(p);
    char port[8] = "8883";
    if (tail > 0 && p[tail - 1] == '/') {
        tail--;
    }
    if (tail > 0) {
        snprintf(port, sizeof port, "%.*s", (int)(tail - 1), p + 1);
    }
    if (!is_host_text(b.host) || (tail > 0 && (p[0] != ':' || tail > 6)) ||
        !take_port(port, &b.port)) {
        return fail_url(url, "host or port is not one", f);
    }
    snprintf(b.server, sizeof b.server, "%s:%u", b.host, b.port);
    snprintf(b.url, sizeof b.url, "mqtts://%s:%u", b.host, b.port);
    *out = b;
    return LP_EXIT_OK;
}

// --- packets

static lp_exit_t fail_garbage(lp_fault_t *f)
{
    lp_fault_set(f, LP_EXIT_CLOUD, "broker-garbage", "what the broker says is not MQTT");
    lp_fault_next(f, "is this the port of an MQTT broker?");
    return f->exit;
}

// The next whole packet; *is_there false when none came in time.
static lp_exit_t next_packet(lp_broker_link_t *l, int timeout_ms, bool *is_there, lp_fault_t *f)
{
    uint64_t deadline = lp_ui_now_ms() + (uint64_t)timeout_ms;
    *is_there = false;
    for (;;) {
        lp_mqtt_stream_result_t r = lp_mqtt_stream_feed(&l->stream, l->in, l->in_len, &l->in_used);
        if (r == LP_MQTT_STREAM_BAD) {
            return fail_garbage(f);
        }
        if (r == LP_MQTT_STREAM_PACKET) {
            *is_there = true;
            return LP_EXIT_OK;
        }
        uint64_t now = lp_ui_now_ms();
        int left = now < deadline ? (int)(deadline - now) : 0;
        l->in_len = 0;
        l->in_used = 0;
        lp_tls_io_t io = lp_tls_read(&l->tls, l->in, sizeof l->in, left, &l->in_len, f);
        if (io == LP_TLS_CLOSED) {
            return f->exit;
        }
        if (io == LP_TLS_LATER) {
            l->in_len = 0;
            return lp_interrupt_seen() ? lp_fault_interrupted(f) : LP_EXIT_OK;
        }
    }
}

// The answer of this type; messages that come before it are passed over.
static lp_exit_t wait_answer(lp_broker_link_t *l, uint8_t type, lp_fault_t *f)
{
    uint64_t deadline = lp_ui_now_ms() + ANSWER_MS;
    bool is_there = true;
    while (is_there) {
        uint64_t now = lp_ui_now_ms();
        lp_exit_t rc = next_packet(l, now < deadline ? (int)(deadline - now) : 0, &is_there, f);
        if (rc != LP_EXIT_OK || (is_there && l->stream.head.type == type)) {
            return rc;
        }
    }
    lp_fault_set(f, LP_EXIT_NETWORK, "broker-silent", "the broker does not answer");
    lp_fault_why(f, "the connection stands, and nothing came for %d s", ANSWER_MS / 1000);
    lp_fault_next(f, "the broker's log says why");
    return f->exit;
}

static lp_exit_t fail_connack(uint8_t code, lp_fault_t *f)
{
    static const char *const words[] = {"",
                                        "it does not speak MQTT 3.1.1",
                                        "it does not take the client id",
                                        "it is not available now",
                                        "user name or password is wrong",
                                        "not authorized"}; // v4 3.2.2.3
    lp_fault_set(f, LP_EXIT_CLOUD, "broker-refused", "the broker does not let this tool in");
    lp_fault_why(f, "%s (CONNACK %u)",
                 code < sizeof words / sizeof words[0] ? words[code] : "unknown", code);
    lp_fault_next(f, code == 4
                         ? "--username NAME and --password-file FILE"
                         : "may the client of this certificate connect? The broker's log says "
                           "which rule it was");
    return f->exit;
}

static lp_exit_t log_in(lp_broker_link_t *l, const lp_broker_self_t *self, lp_fault_t *f)
{
    uint8_t bytes[1024];
    lp_buf_t out = lp_buf(bytes, sizeof bytes);
    lp_span_t username = self->username != NULL ? lp_span_str(self->username) : lp_span(NULL, 0);
    lp_span_t password = self->password != NULL ? lp_span_str(self->password) : lp_span(NULL, 0);
    lp_mqtt_connect_t c = {.client_id = lp_span_str(self->client_id),
                           .clean_start = true,
                           .keep_alive_s = KEEP_ALIVE_S,
                           .username = self->username != NULL ? &username : NULL,
                           .password = self->password != NULL ? &password : NULL};
    if (lp_mqtt_encode_connect(&out, LP_MQTT_V4, &c) != LP_OK) {
        return lp_fault_set(f, LP_EXIT_USAGE, "usage", "--username or the password is too long");
    }
    lp_exit_t rc = lp_tls_write(&l->tls, bytes, out.len, f);
    lp_wipe(bytes, sizeof bytes);
    rc = rc == LP_EXIT_OK ? wait_answer(l, LP_MQTT_CONNACK, f) : rc;
    lp_mqtt_connack_t ack;
    if (rc == LP_EXIT_OK &&
        lp_mqtt_decode_connack(LP_MQTT_V4, lp_mqtt_stream_body(&l->stream), &ack) != LP_OK) {
        return fail_garbage(f);
    }
    return rc != LP_EXIT_OK || ack.code == 0 ? rc : fail_connack(ack.code, f);
}

// A broker that refuses a certificate of TLS 1.3 says so after the handshake and closes; when our
// first packet crosses that, the system throws its alert away. So, once more, and listen before
// speaking.
static void ask_why(const lp_broker_t *broker, const lp_broker_self_t *self, lp_fault_t *f)
{
    lp_tls_link_t t;
    lp_fault_t second = {.exit = LP_EXIT_OK};
    uint8_t byte = 0;
    size_t got = 0;
    if (lp_tls_open(&t, broker, self, &second) == LP_EXIT_OK) {
        (void)lp_tls_read(&t, &byte, 1, LISTEN_MS, &got, &second);
        lp_tls_close(&t);
    }
    if (strcmp(second.code, "broker-refused") == 0) {
        *f = second;
    }
}

lp_exit_t lp_broker_open(const lp_broker_t *broker, const lp_broker_self_t *self,
                         lp_broker_link_t **link, lp_fault_t *f)
{
    lp_broker_link_t *l = calloc(1, sizeof *l);
    if (l == NULL) {
        return lp_fault_set(f, LP_EXIT_LOCAL, "no-memory", "out of memory");
    }
    lp_mqtt_stream_init(&l->stream);
    lp_exit_t rc = lp_tls_open(&l->tls, broker, self, f);
    if (rc == LP_EXIT_OK) {
        rc = log_in(l, self, f);
        if (rc != LP_EXIT_OK) {
            lp_tls_close(&l->tls);
        }
        if (rc != LP_EXIT_OK && strcmp(f->code, "broker-lost") == 0) {
            ask_why(broker, self, f);
            rc = f->exit;
        }
    }
    if (rc != LP_EXIT_OK) {
        free(l);
        return rc;
    }
    *link = l;
    return LP_EXIT_OK;
}

void lp_broker_close(lp_broker_link_t *l)
{
    uint8_t bytes[4];
    lp_buf_t out = lp_buf(bytes, sizeof bytes);
    lp_fault_t ignored;
    if (l == NULL) {
        return;
    }
    if (lp_mqtt_encode_disconnect(&out, LP_MQTT_V4, 0) == LP_OK) {
        (void)lp_tls_write(&l->tls, bytes, out.len, &ignored);
    }
    lp_tls_close(&l->tls);
    free(l);
}

lp_exit_t lp_broker_subscribe(lp_broker_link_t *l, const char *topic, lp_fault_t *f)
{
    uint8_t bytes[512];
    lp_buf_t out = lp_buf(bytes, sizeof bytes);
    lp_mqtt_filter_t filter = {.filter = lp_span_str(topic), .qos = 1};
    lp_mqtt_suback_t ack;
    if (lp_mqtt_encode_subscribe(&out, LP_MQTT_V4, PACKET_ID, &filter, 1, lp_span(NULL, 0)) !=
        LP_OK) {
        return lp_fault_set(f, LP_EXIT_LOCAL, "broker-garbage", "the topic is not one");
    }
    lp_exit_t rc = lp_tls_write(&l->tls, bytes, out.len, f);
    rc = rc == LP_EXIT_OK ? wait_answer(l, LP_MQTT_SUBACK, f) : rc;
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    if (lp_mqtt_decode_suback(LP_MQTT_V4, LP_MQTT_SUBACK, lp_mqtt_stream_body(&l->stream), &ack) !=
            LP_OK ||
        ack.codes.len != 1 || ack.packet_id != PACKET_ID) {
        return fail_garbage(f);
    }
    if (ack.codes.ptr[0] >= LP_MQTT_RC_FAILURE) {
        lp_fault_set(f, LP_EXIT_CLOUD, "broker-acl", "the broker does not let this tool read");
        lp_fault_why(f, "the subscription to %.120s is refused", topic);
        lp_fault_next(f, "allow it in the broker's ACL: user limpet-setup, topic read "
                         "limpet/+/proof");
        return f->exit;
    }
    return LP_EXIT_OK;
}

static lp_exit_t acknowledge(lp_broker_link_t *l, const lp_mqtt_publish_t *p, lp_fault_t *f)
{
    uint8_t bytes[8];
    lp_buf_t out = lp_buf(bytes, sizeof bytes);
    if (p->qos == 0 ||
        lp_mqtt_encode_ack(&out, LP_MQTT_V4, LP_MQTT_PUBACK, p->packet_id, 0) != LP_OK) {
        return LP_EXIT_OK;
    }
    return lp_tls_write(&l->tls, bytes, out.len, f);
}

lp_exit_t lp_broker_next(lp_broker_link_t *l, int timeout_ms, bool *is_there,
                         char payload[LP_BROKER_PAYLOAD], lp_fault_t *f)
{
    lp_mqtt_publish_t p;
    lp_exit_t rc = next_packet(l, timeout_ms, is_there, f);
    if (rc != LP_EXIT_OK || !*is_there) {
        return rc;
    }
    *is_there = l->stream.head.type == LP_MQTT_PUBLISH;
    if (!*is_there) {
        return LP_EXIT_OK;
    }
    if (lp_mqtt_decode_publish(LP_MQTT_V4, &l->stream.head, lp_mqtt_stream_body(&l->stream), &p) !=
        LP_OK) {
        return fail_garbage(f);
    }
    size_t n = p.payload.len < LP_BROKER_PAYLOAD - 1 ? p.payload.len : LP_BROKER_PAYLOAD - 1;
    memcpy(payload, p.payload.ptr, n);
    payload[n] = '\0';
    return acknowledge(l, &p, f);
}

// --- a look from outside

// TLS 1.2 refuses in the handshake, TLS 1.3 after it, others in MQTT.
static bool is_refusal(const lp_fault_t *f)
{
    return strcmp(f->code, "broker-refused") == 0 || strcmp(f->code, "broker-lost") == 0;
}

lp_exit_t lp_broker_probe(const lp_broker_t *broker, const char *roots, lp_broker_probe_t *out,
                          lp_fault_t *f)
{
    lp_broker_self_t nobody = {.roots = roots, .client_id = "limpet-look"};
    lp_broker_link_t *l = calloc(1, sizeof *l);
    *out = (lp_broker_probe_t){.cert_end_s = 0};
    if (l == NULL) {
        return lp_fault_set(f, LP_EXIT_LOCAL, "no-memory", "out of memory");
    }
    lp_mqtt_stream_init(&l->stream);
    lp_exit_t rc = lp_tls_open(&l->tls, broker, &nobody, f);
    if (rc == LP_EXIT_OK) {
        rc = log_in(l, &nobody, f);
        out->lets_in_anonymous = rc == LP_EXIT_OK;
    }
    out->cert_end_s = l->tls.cert_end_s;
    lp_tls_close(&l->tls);
    free(l);
    return rc != LP_EXIT_OK && is_refusal(f) ? LP_EXIT_OK : rc;
}
