// SPDX-License-Identifier: Apache-2.0
// Who asks the board: its owner at the UART, accounts over TCP, HTTP, HTTPS and MQTT, and
// strangers. They come and go; some leave in the middle, some never say a word.
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limpet/fmt.h"
#include "limpet/hex.h"
#include "limpet/json.h"
#include "limpet/sha256.h"
#include "soak.h"

enum {
    VISITORS = 5,
    FRAME_BYTES = 6000,
    MQTT_MS = 60000,
    ASK_MS = 60000,
};

typedef enum { BY_TCP, BY_HTTP, BY_HTTPS, BY_MQTT, CHANNELS } channel_t;
typedef enum { AWAY, SHAKING, ASKING, WAITING, STRANGE } visit_t;

typedef struct {
    visit_t state;
    channel_t channel;
    soak_wire_t *wire;
    SSL *ssl;
    op_t op;
    unsigned calls_left, id, nc;
    char nonce[80];
    uint64_t next_ms, since_ms;
    char got[FRAME_BYTES + 1000];
    size_t got_len;
} visitor_t;

static visitor_t visitors[VISITORS];
static visitor_t by_mqtt;
static SSL_CTX *tls;
static char verifier[65], realm[40];
static unsigned last_id;
static unsigned calls[CHANNELS], visits[CHANNELS], broken[CHANNELS], strangers, sent_away,
    uart_calls;

static struct {
    bool is_busy;
    op_t op;
    unsigned id;
    uint64_t next_ms;
} owner;

// -- frames with a proof (docs/rpc.md)

static void hash_hex(const char *text, char hex[65])
{
    uint8_t digest[LP_SHA256_LEN];
    lp_buf_t out = lp_buf(hex, 64);
    lp_sha256(lp_span_str(text), digest);
    (void)lp_hex_encode(&out, lp_span(digest, sizeof digest));
    hex[64] = '\0';
}

static void prove(const visitor_t *v, char *auth, size_t cap)
{
    static char text[FRAME_BYTES];
    char params[65];
    char a2[65];
    char response[65];
    hash_hex(v->op.params, params);
    snprintf(text, sizeof text, "RPC:/rpc/%s:%s", v->op.method, params);
    hash_hex(text, a2);
    snprintf(text, sizeof text, "%s:%s:%08x:c:auth-int:%s", verifier, v->nonce, v->nc, a2);
    hash_hex(text, response);
    snprintf(auth, cap,
             ",\"auth\":{\"username\":\"" SOAK_USER
             "\",\"realm\":\"%s\",\"nonce\":\"%s\",\"nc\":%u,"
             "\"cnonce\":\"c\",\"algorithm\":\"SHA-256\",\"response\":\"%s\"}",
             realm, v->nonce, v->nc, response);
}

static const char *frame_of(visitor_t *v)
{
    static char frame[FRAME_BYTES];
    static char auth[600];
    auth[0] = '\0';
    if (v->nonce[0] != '\0') {
        v->nc++;
        prove(v, auth, sizeof auth);
    }
    v->id = ++last_id;
    snprintf(frame, sizeof frame, "{\"id\":%u,\"src\":\"soak\",\"method\":\"%s\",\"params\":%s%s}",
             v->id, v->op.method, v->op.params, auth);
    return frame;
}

static bool take_nonce(visitor_t *v, const char *answer)
{
    const char *code = strstr(answer, "\"code\":401");
    const char *nonce = strstr(answer, "\\\"nonce\\\":\\\"");
    if (code == NULL || nonce == NULL) {
        return false;
    }
    nonce += strlen("\\\"nonce\\\":\\\"");
    snprintf(v->nonce, sizeof v->nonce, "%.*s", (int)strcspn(nonce, "\\"), nonce);
    v->nc = 0;
    return true;
}

// -- the owner

static bool is_answer_to(const char *line, unsigned id)
{
    char head[24];
    snprintf(head, sizeof head, "{\"id\":%u,", id);
    return strncmp(line, head, strlen(head)) == 0;
}

// The line of the UART's output that answers `id`; the rest of the output is gone.
static const char *uart_answer(unsigned id)
{
    static char line[FRAME_BYTES + 1000];
    if (soak.uart.out_len == 0 || soak.uart.out[soak.uart.out_len - 1] != '\n') {
        return NULL;
    }
    const char *text = fake_stream_take(&soak.uart);
    for (const char *p = text; *p != '\0'; p += strcspn(p, "\n") + 1) {
        if (is_answer_to(p, id)) {
            snprintf(line, sizeof line, "%.*s", (int)strcspn(p, "\r\n"), p);
            return line;
        }
    }
    return NULL;
}

static unsigned uart_send(const char *method, const char *params)
{
    static char text[FRAME_BYTES];
    last_id++;
    snprintf(text, sizeof text, "{\"id\":%u,\"method\":\"%s\",\"params\":%s}\n", last_id, method,
             params);
    fake_stream_feed_str(&soak.uart, text);
    return last_id;
}

const char *callers_ask(const char *method, const char *params)
{
    const unsigned id = uart_send(method, params);
    const uint64_t end_ms = soak_now() + ASK_MS;
    const char *answer = NULL;
    while ((answer = uart_answer(id)) == NULL) {
        lp_loop_turn(&soak.world->loop, 100);
        if (soak_now() > end_ms) {
            soak_fail("no answer to %s", method);
        }
    }
    return answer;
}

static void owner_step(void)
{
    const char *answer = owner.is_busy ? uart_answer(owner.id) : NULL;
    if (answer != NULL) {
        owner.is_busy = false;
        owner.next_ms = soak_now() + (ledger_is_checked() ? 500 + soak_pick(20000) : 50);
        uart_calls++;
        ledger_answer(&owner.op, answer);
    } else if (owner.is_busy && soak_now() - owner.op.since_ms > SOAK_ANSWER_MS) {
        soak_fail("no answer to %s over the UART", owner.op.method);
    } else if (!owner.is_busy && soak_now() >= owner.next_ms) {
        if (soak_chance(10)) {
            fake_stream_feed_str(&soak.uart, "\x01\xffnoise on the line{\n");
        }
        ledger_next(&owner.op, OPS);
        owner.is_busy = true;
        owner.id = uart_send(owner.op.method, owner.op.params);
    }
}

// -- bytes of a visitor

static void pump_tls(visitor_t *v)
{
    uint8_t bytes[4096];
    fake_stream_t *line = &v->wire->line;
    if (line->out_len > 0) {
        BIO_write(SSL_get_rbio(v->ssl), line->out, (int)line->out_len);
        line->out_len = 0;
    }
    if (v->state == SHAKING && SSL_do_handshake(v->ssl) == 1) {
        v->state = ASKING;
    }
    for (int n;
         v->got_len + 1 < sizeof v->got &&
         (n = SSL_read(v->ssl, v->got + v->got_len, (int)(sizeof v->got - v->got_len - 1))) > 0;) {
        v->got_len += (size_t)n;
    }
    for (int n; (n = BIO_read(SSL_get_wbio(v->ssl), bytes, sizeof bytes)) > 0;) {
        fake_stream_feed(line, bytes, (size_t)n);
    }
    ERR_clear_error();
}

static void pump(visitor_t *v)
{
    fake_stream_t *line = &v->wire->line;
    if (v->ssl != NULL) {
        pump_tls(v);
        return;
    }
    const size_t room = sizeof v->got - 1 - v->got_len;
    const size_t n = line->out_len < room ? line->out_len : room;
    memcpy(v->got + v->got_len, line->out, n);
    v->got_len += n;
    line->out_len = 0;
}

static void put(visitor_t *v, const char *text)
{
    if (v->ssl != NULL) {
        (void)SSL_write(v->ssl, text, (int)strlen(text));
        pump(v);
    } else {
        fake_stream_feed_str(&v->wire->line, text);
    }
}

// The whole answer, as a frame; null: not yet.
static const char *answer_of(visitor_t *v)
{
    v->got[v->got_len] = '\0';
    if (v->channel == BY_TCP) {
        return strchr(v->got, '\n') != NULL ? v->got : NULL;
    }
    const char *length = strstr(v->got, "Content-Length: ");
    const char *body = strstr(v->got, "\r\n\r\n");
    if (length == NULL || body == NULL) {
        return NULL;
    }
    body += 4;
    return strlen(body) >= strtoul(length + strlen("Content-Length: "), NULL, 10) ? body : NULL;
}

// -- a visit

static void leave(visitor_t *v)
{
    if (v->wire != NULL) {
        soak_wire_hang_up(v->wire);
    }
    if (v->ssl != NULL) {
        SSL_free(v->ssl);
    }
    v->wire = NULL;
    v->ssl = NULL;
    v->state = AWAY;
    v->next_ms = soak_now() + 1000 + soak_pick(60000);
}

static void begin_tls(visitor_t *v)
{
    v->ssl = SSL_new(tls);
    SSL_set_bio(v->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(v->ssl);
    v->state = SHAKING;
}

static void be_strange(visitor_t *v)
{
    static const char *const words[] = {"",
                                        "GET / HTTP/1.1\r\nHost: evil\r\n\r\n",
                                        "POST /rpc HTTP/1.1\r\nContent-Le",
                                        "{\"id\":1,\"method\":\"Sys.Reboot\"}\n",
                                        "\x16\x03\x01\x02",
                                        "{\"id\":"};
    strangers++;
    v->state = STRANGE;
    fake_stream_feed_str(&v->wire->line, words[soak_pick(sizeof words / sizeof words[0])]);
}

static void come(visitor_t *v)
{
    static const uint16_t ports[] = {
        [BY_TCP] = SOAK_TCP_PORT, [BY_HTTP] = SOAK_HTTP_PORT, [BY_HTTPS] = SOAK_HTTPS_PORT};
    const bool is_stranger = soak_chance(25);
    v->channel = (channel_t)soak_pick(BY_MQTT);
    v->next_ms = soak_now() + 5000;
    v->wire =
        soak_wire_dial(ports[v->channel], is_stranger ? 0xC0000200u + soak_pick(200)
                                                      : 0xC6336400u + (uint32_t)(v - visitors));
    if (v->wire == NULL) {
        return;
    }
    v->since_ms = soak_now();
    v->got_len = 0;
    v->nonce[0] = '\0';
    v->calls_left = 1 + soak_pick(4);
    v->state = ASKING;
    if (is_stranger) {
        be_strange(v);
    } else if (v->channel == BY_HTTPS) {
        begin_tls(v);
    }
    visits[v->channel] += !is_stranger;
}

static void send_call(visitor_t *v)
{
    const char *frame = frame_of(v);
    v->got_len = 0;
    v->state = WAITING;
    if (v->channel == BY_TCP) {
        put(v, frame);
        put(v, "\n");
        return;
    }
    char head[160];
    snprintf(head, sizeof head,
             "POST /rpc HTTP/1.1\r\nHost: 192.0.2.1\r\nContent-Type: application/json\r\n"
             "Content-Length: %u\r\n\r\n",
             (unsigned)strlen(frame));
    put(v, head);
    put(v, frame);
}

static void ask(visitor_t *v)
{
    if (v->calls_left-- == 0) {
        leave(v);
        return;
    }
    ledger_next(&v->op, OP_REMOTE_LAST + 1);
    send_call(v);
}

static void listen_to(visitor_t *v)
{
    const char *answer = answer_of(v);
    if (answer != NULL && take_nonce(v, answer)) {
        send_call(v);
    } else if (answer != NULL) {
        calls[v->channel]++;
        v->state = ASKING;
        ledger_answer(&v->op, answer);
    } else if (soak_now() - v->op.since_ms > SOAK_ANSWER_MS) {
        soak_fail("no answer to %s over channel %d", v->op.method, v->channel);
    } else if (soak_pick(10000) < 5) { // the caller's cable
        broken[v->channel]++;
        ledger_lost(&v->op);
        leave(v);
    }
}

static void be_sent_away(visitor_t *v)
{
    const bool is_waiting = v->state == WAITING;
    sent_away += v->state == STRANGE;
    broken[v->channel] += v->state != STRANGE;
    if (is_waiting) {
        ledger_lost(&v->op);
    }
    leave(v);
}

static void visitor_step(visitor_t *v)
{
    if (v->state != AWAY && v->state != STRANGE) {
        pump(v);
    }
    if (v->state != AWAY && soak_wire_is_over(v->wire) &&
        (v->state != WAITING || answer_of(v) == NULL)) {
        be_sent_away(v);
        return;
    }
    switch (v->state) {
    case AWAY:
        if (soak_now() >= v->next_ms) {
            come(v);
        }
        break;
    case SHAKING:
        if (soak_now() - v->since_ms > SOAK_SILENT_MS) {
            soak_fail("a TLS handshake does not end");
        }
        break;
    case ASKING:
        ask(v);
        break;
    case WAITING:
        listen_to(v);
        break;
    case STRANGE:
        if (soak_now() - v->since_ms > SOAK_SILENT_MS) {
            soak_fail("somebody who proves nothing may stay (channel %d)", v->channel);
        }
        break;
    }
}

// -- over MQTT: answers may be lost, and nobody says so

void callers_over_mqtt(const char *answer)
{
    visitor_t *v = &by_mqtt;
    char id[24];
    snprintf(id, sizeof id, "\"id\":%u,", v->id);
    if (v->state != WAITING || strstr(answer, id) == NULL) {
        return; // too late
    }
    if (take_nonce(v, answer)) {
        v->state = soak_broker_call(frame_of(v)) ? WAITING : AWAY;
        if (v->state == AWAY) {
            ledger_lost(&v->op);
        }
        return;
    }
    calls[BY_MQTT]++;
    v->state = AWAY;
    v->next_ms = soak_now() + 1000 + soak_pick(30000);
    ledger_answer(&v->op, answer);
}

static void mqtt_step(void)
{
    visitor_t *v = &by_mqtt;
    if (v->state == WAITING && soak_now() - v->op.since_ms > MQTT_MS) {
        broken[BY_MQTT]++;
        v->state = AWAY;
        ledger_lost(&v->op);
    } else if (v->state == AWAY && soak_now() >= v->next_ms) {
        v->next_ms = soak_now() + 5000;
        v->op.kind = OPS;
        ledger_make(&v->op, soak_chance(50) ? OP_INFO : OP_CHIP);
        v->state = soak_broker_call(frame_of(v)) ? WAITING : AWAY;
        visits[BY_MQTT] += v->state == WAITING;
    }
}

void callers_step(void)
{
    owner_step();
    for (unsigned i = 0; i < VISITORS; i++) {
        visitor_step(&visitors[i]);
    }
    mqtt_step();
}

// -- the beginning, and starts

void callers_off(void)
{
    if (owner.is_busy) {
        owner.is_busy = false;
        ledger_lost(&owner.op);
    }
    for (unsigned i = 0; i < VISITORS; i++) {
        if (visitors[i].state == WAITING) {
            ledger_lost(&visitors[i].op);
        }
        if (visitors[i].state != AWAY) {
            visitors[i].wire = NULL; // forgotten by the network as well
            leave(&visitors[i]);
        }
    }
}

void callers_on(void)
{
    owner.next_ms = soak_now() + 100;
}

static void ask_fine(const char *method, const char *params)
{
    const char *answer = callers_ask(method, params);
    if (strstr(answer, "\"error\"") != NULL) {
        soak_fail("%s: %s", method, answer);
    }
}

static void certify(char *pem, size_t cap)
{
    static const pki_spec_t spec = {.cn = SOAK_ID}; // for both sides
    const char *answer = callers_ask("Identity.Info", "{}");
    const char *hex = strstr(answer, "\"public_key\":\"");
    uint8_t pub[64];
    lp_buf_t out = lp_buf(pub, sizeof pub);
    if (hex == NULL ||
        lp_hex_decode(&out, lp_span(hex + strlen("\"public_key\":\""), 128)) != LP_OK) {
        soak_fail("no key: %s", answer);
    }
    pki_id_t id = pki_issue(pki_from_public(pub), &spec, &rig_pki.device_ca);
    pki_pem(&id, pem, cap);
    pki_free(&id);
}

static void configure_cloud(void)
{
    static char pem[RIG_PEM_BYTES], params[6000];
    certify(pem, sizeof pem);
    snprintf(params, sizeof params,
             "{\"config\":{\"identity\":{\"cert\":\"%s\"},\"trust\":{\"ca\":\"%s\"}}}",
             rig_quoted(pem), rig_quoted(rig_pki.root_pem));
    ask_fine("Config.Set", params);
    ask_fine(
        "Config.Set",
        "{\"config\":{\"cloud\":{\"server\":\"localhost\",\"enable\":true,\"keep_alive_s\":20,"
        "\"timeout_s\":5,\"backoff_ms\":200,\"backoff_max_s\":8,\"shadow\":true,\"jobs\":true},"
        "\"rpc\":{\"http\":{\"enable\":true},\"https\":{\"enable\":true},\"tcp\":{\"enable\":"
        "true},\"mqtt\":{\"enable\":true}}}}");
}

void callers_start(void)
{
    char text[300];
    const char *answer = callers_ask("Auth.Info", "{}");
    const char *at = strstr(answer, "\"realm\":\"");
    if (at == NULL) {
        soak_fail("no realm: %s", answer);
    }
    snprintf(realm, sizeof realm, "%.*s", (int)strcspn(at + 9, "\""), at + 9);
    snprintf(text, sizeof text, SOAK_USER ":%s:sesame", realm);
    hash_hex(text, verifier);
    snprintf(text, sizeof text,
             "{\"user\":\"" SOAK_USER
             "\",\"role\":\"operator\",\"realm\":\"%s\",\"verifier\":\"%s\"}",
             realm, verifier);
    ask_fine("Auth.Set", text);
    configure_cloud();
    ask_fine("Config.Save", "{}");
    tls = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
}

void callers_report(void)
{
    static const char *const names[] = {"TCP", "HTTP", "HTTPS", "MQTT"};
    print_message("  over the UART %u calls; %u strangers, %u of them sent away\n", uart_calls,
                  strangers, sent_away);
    for (unsigned i = 0; i < CHANNELS; i++) {
        print_message("  over %-5s %5u visits, %5u calls, %4u ended in the middle\n", names[i],
                      visits[i], calls[i], broken[i]);
        if (soak.length_ms >= SOAK_LONG_MS && calls[i] == 0) {
            soak_fail("nobody was answered over %s", names[i]);
        }
    }
    SSL_CTX_free(tls);
}
