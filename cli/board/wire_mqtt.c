// SPDX-License-Identifier: Apache-2.0
// mqtt://broker[:port]/ID, mqtts://...: a frame is a message to ID/rpc, its answer one to OURS/rpc.
// LIMPET_CA, LIMPET_CERT and LIMPET_KEY name the files for TLS, LIMPET_MQTT_CLIENT the client id
// when the broker has an opinion about it.
#include <mosquitto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "limpet/rpc_frame.h"
#include "wire.h"

enum { TICK_MS = 50, CONNECT_MS = 15000, KEEP_ALIVE_S = 60, WAITING_MAX = 8, NAME_CAP = 64 };

typedef struct {
    lp_wire_t base; // must stay first
    struct mosquitto *client;
    char own[NAME_CAP]; // client id, and first part of the topic for answers
    char to[NAME_CAP + 8];
    char host[256];
    int port;
    bool is_tls;
    bool is_ready; // subscribed
    bool is_gone;
    char *waiting[WAITING_MAX];
    size_t n_waiting;
} mqtt_t;

static void give_up(mqtt_t *m, const char *why)
{
    if (!m->is_gone) {
        snprintf(m->base.trouble, sizeof m->base.trouble, "%s", why);
        m->is_gone = true;
    }
}

static void on_connect(struct mosquitto *client, void *ctx, int code)
{
    mqtt_t *m = ctx;
    char topic[NAME_CAP + 8];
    snprintf(topic, sizeof topic, "%s/rpc", m->own);
    if (code != 0) {
        give_up(m, mosquitto_connack_string(code));
    } else if (mosquitto_subscribe(client, NULL, topic, 1) != MOSQ_ERR_SUCCESS) {
        give_up(m, "the subscription could not be sent");
    }
}

static void on_subscribe(struct mosquitto *client, void *ctx, int mid, int n, const int *granted)
{
    mqtt_t *m = ctx;
    (void)client;
    (void)mid;
    if (n < 1 || granted[0] > 2) {
        give_up(m, "the broker does not let this client subscribe to its answers");
    }
    m->is_ready = !m->is_gone;
}

static void on_disconnect(struct mosquitto *client, void *ctx, int code)
{
    (void)client;
    (void)code;
    give_up(ctx, "the broker has closed the connection: does its policy allow this client?");
}

static void on_message(struct mosquitto *client, void *ctx, const struct mosquitto_message *msg)
{
    mqtt_t *m = ctx;
    (void)client;
    if (m->n_waiting == WAITING_MAX || msg->payloadlen < 0 || msg->payloadlen > LP_RPC_MAX_LINE) {
        return;
    }
    char *text = malloc((size_t)msg->payloadlen + 1);
    if (text != NULL) {
        if (msg->payloadlen > 0) {
            memcpy(text, msg->payload, (size_t)msg->payloadlen);
        }
        text[msg->payloadlen] = '\0';
        m->waiting[m->n_waiting++] = text;
    }
}

static bool turn(mqtt_t *m, uint64_t deadline_ms)
{
    if (m->is_gone || lp_interrupt_seen() || lp_ui_now_ms() >= deadline_ms) {
        return false;
    }
    int rc = mosquitto_loop(m->client, TICK_MS, 1);
    if (rc != MOSQ_ERR_SUCCESS) {
        give_up(m, mosquitto_strerror(rc));
    }
    return !m->is_gone;
}

// The board answers whoever `src` says.
static bool mqtt_send(lp_wire_t *w, const char *frame, size_t len)
{
    mqtt_t *m = (mqtt_t *)w;
    size_t cap = len + NAME_CAP + 16;
    char *text = malloc(cap);
    if (text == NULL || len < 2) {
        free(text);
        return false;
    }
    int n = snprintf(text, cap, "{\"src\":\"%s\",%.*s", m->own, (int)(len - 1), frame + 1);
    int rc = mosquitto_publish(m->client, NULL, m->to, n, text, 1, false);
    free(text);
    if (rc != MOSQ_ERR_SUCCESS) {
        give_up(m, mosquitto_strerror(rc));
    }
    return !m->is_gone;
}

static char *mqtt_receive(lp_wire_t *w, uint64_t deadline_ms, bool *is_gone)
{
    mqtt_t *m = (mqtt_t *)w;
    while (m->n_waiting == 0 && turn(m, deadline_ms)) {
    }
    if (m->n_waiting == 0) {
        *is_gone = m->is_gone;
        return NULL;
    }
    char *first = m->waiting[0];
    memmove(m->waiting, m->waiting + 1, --m->n_waiting * sizeof m->waiting[0]);
    return first;
}

static void mqtt_close(lp_wire_t *w)
{
    mqtt_t *m = (mqtt_t *)w;
    if (m->client != NULL) {
        (void)mosquitto_disconnect(m->client);
        (void)mosquitto_loop(m->client, 0, 1);
        mosquitto_destroy(m->client);
    }
    for (size_t i = 0; i < m->n_waiting; i++) {
        free(m->waiting[i]);
    }
    free(m);
}

static const lp_wire_ops_t ops = {.send = mqtt_send, .receive = mqtt_receive, .close = mqtt_close};

// "mqtts://host:port/ID"
static bool read_url(mqtt_t *m, const char *url)
{
    char id[NAME_CAP];
    m->is_tls = strncmp(url, "mqtts", 5) == 0;
    const char *host = strstr(url, "://") + 3;
    size_t len = strcspn(host, "/");
    const char *colon = memchr(host, ':', len);
    size_t host_len = colon != NULL ? (size_t)(colon - host) : len;
    m->port = colon != NULL ? (int)strtol(colon + 1, NULL, 10) : m->is_tls ? 8883 : 1883;
    if (host[len] != '/' || host_len == 0 || host_len >= sizeof m->host || m->port <= 0 ||
        m->port > 65535) {
        return false;
    }
    snprintf(m->host, sizeof m->host, "%.*s", (int)host_len, host);
    int n = snprintf(id, sizeof id, "%s", host + len + 1);
    snprintf(m->to, sizeof m->to, "%s/rpc", id);
    return n > 0 && n < (int)sizeof id && strcspn(id, "/+#\"\\") == (size_t)n;
}

static bool name_client(mqtt_t *m)
{
    const char *set = getenv("LIMPET_MQTT_CLIENT");
    unsigned random = 0;
    if (set != NULL && set[0] != '\0') {
        return snprintf(m->own, sizeof m->own, "%s", set) < (int)sizeof m->own &&
               strcspn(set, "/+#\"\\") == strlen(set);
    }
    bool is_fine = getrandom(&random, sizeof random, 0) == (ssize_t)sizeof random;
    snprintf(m->own, sizeof m->own, "limpet-%08x", random);
    return is_fine;
}

static const char *start(mqtt_t *m)
{
    const char *ca = getenv("LIMPET_CA");
    (void)mosquitto_lib_init();
    m->client = mosquitto_new(m->own, true, m);
    if (m->client == NULL) {
        return "out of memory";
    }
    if (m->is_tls &&
        mosquitto_tls_set(m->client, ca, ca == NULL ? "/etc/ssl/certs" : NULL,
                          getenv("LIMPET_CERT"), getenv("LIMPET_KEY"), NULL) != MOSQ_ERR_SUCCESS) {
        return "LIMPET_CA, LIMPET_CERT or LIMPET_KEY cannot be read";
    }
    mosquitto_connect_callback_set(m->client, on_connect);
    mosquitto_subscribe_callback_set(m->client, on_subscribe);
    mosquitto_disconnect_callback_set(m->client, on_disconnect);
    mosquitto_message_callback_set(m->client, on_message);
    int rc = mosquitto_connect(m->client, m->host, m->port, KEEP_ALIVE_S);
    if (rc != MOSQ_ERR_SUCCESS) {
        return rc == MOSQ_ERR_ERRNO ? "no connection to the broker" : mosquitto_strerror(rc);
    }
    uint64_t deadline_ms = lp_ui_now_ms() + CONNECT_MS;
    while (!m->is_ready && turn(m, deadline_ms)) {
    }
    if (m->is_ready) {
        return NULL;
    }
    return m->base.trouble[0] != '\0' ? m->base.trouble : "it takes too long";
}

lp_exit_t lp_wire_open_mqtt(const char *url, lp_wire_t **wire, lp_fault_t *f)
{
    mqtt_t *m = calloc(1, sizeof *m);
    if (m == NULL) {
        return lp_fault_set(f, LP_EXIT_LOCAL, "no-memory", "out of memory");
    }
    m->base.ops = &ops;
    if (!read_url(m, url) || !name_client(m)) {
        mqtt_close(&m->base);
        lp_fault_set(f, LP_EXIT_USAGE, "usage", "%.100s is not mqtts://broker:port/DEVICE-ID", url);
        return f->exit;
    }
    const char *why = start(m);
    if (why != NULL) {
        lp_wire_fail(f, url, why);
        lp_fault_next(f,
                      "TLS: LIMPET_CA, LIMPET_CERT, LIMPET_KEY; the broker's policy must allow it "
                      "(docs/remote.md)");
        mqtt_close(&m->base);
        return lp_interrupt_seen() ? lp_fault_interrupted(f) : f->exit;
    }
    *wire = &m->base;
    return LP_EXIT_OK;
}
