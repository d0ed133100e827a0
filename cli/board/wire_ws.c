// SPDX-License-Identifier: Apache-2.0
// A frame is a text message. libwebsockets does the protocol; its loop is turned while the tool
// waits.
#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limpet/rpc_frame.h"
#include "wire.h"

enum { TICK_MS = 50, CONNECT_MS = 6000, WAITING_MAX = 8 };

typedef struct {
    lp_wire_t base; // must stay first
    struct lws_context *context;
    struct lws *wsi;
    lws_sorted_usec_list_t tick;
    bool is_open;
    bool is_gone;
    char *out; // LWS_PRE bytes of room in front of the frame
    size_t out_len;
    char *in; // the message that is arriving
    size_t in_len;
    char *waiting[WAITING_MAX]; // messages that nobody has asked for yet
    size_t n_waiting;
} ws_t;

static void note(ws_t *s, const char *why, size_t len)
{
    if (s->base.trouble[0] == '\0') {
        snprintf(s->base.trouble, sizeof s->base.trouble, "%.*s", (int)len, why);
    }
}

static bool take_piece(ws_t *s, const char *data, size_t len, bool is_end)
{
    char *bigger = len <= LP_RPC_MAX_LINE - s->in_len ? realloc(s->in, s->in_len + len + 1) : NULL;
    if (bigger == NULL || (is_end && s->n_waiting == WAITING_MAX)) {
        return false;
    }
    s->in = bigger;
    memcpy(s->in + s->in_len, data, len);
    s->in_len += len;
    s->in[s->in_len] = '\0';
    if (is_end) {
        s->waiting[s->n_waiting++] = s->in;
        s->in = NULL;
        s->in_len = 0;
    }
    return true;
}

static int write_frame(ws_t *s)
{
    if (s->out == NULL) {
        return 0;
    }
    int n = lws_write(s->wsi, (unsigned char *)s->out + LWS_PRE, s->out_len, LWS_WRITE_TEXT);
    bool is_whole = n >= (int)s->out_len;
    free(s->out);
    s->out = NULL;
    return is_whole ? 0 : -1;
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t len)
{
    (void)user;
    ws_t *s = lws_context_user(lws_get_context(wsi));
    // A list of what matters; libwebsockets has a hundred more.
    if (reason == LWS_CALLBACK_CLIENT_ESTABLISHED) {
        s->is_open = true;
    } else if (reason == LWS_CALLBACK_CLIENT_RECEIVE) {
        bool is_end = lws_is_final_fragment(wsi) && lws_remaining_packet_payload(wsi) == 0;
        return take_piece(s, in, len, is_end) ? 0 : -1;
    } else if (reason == LWS_CALLBACK_CLIENT_WRITEABLE) {
        return write_frame(s);
    } else if (reason == LWS_CALLBACK_CLIENT_CONNECTION_ERROR) {
        note(s, in != NULL ? in : "no connection", in != NULL ? len : 13);
        s->is_gone = true;
    } else if (reason == LWS_CALLBACK_CLIENT_CLOSED) {
        note(s, "the board has closed the connection", 35);
        s->is_gone = true;
    }
    return 0;
}

static const struct lws_protocols protocols[] = {
    {.name = "limpet", .callback = on_event, .rx_buffer_size = 4096},
    {.name = NULL},
};

// So that lws_service() comes back to look at the clock and at Ctrl-C.
static void on_tick(lws_sorted_usec_list_t *tick)
{
    ws_t *s = lws_container_of(tick, ws_t, tick);
    lws_sul_schedule(s->context, 0, tick, on_tick, (lws_usec_t)TICK_MS * LWS_US_PER_MS);
}

static bool turn(ws_t *s, uint64_t deadline_ms)
{
    return !s->is_gone && !lp_interrupt_seen() && lp_ui_now_ms() < deadline_ms &&
           lws_service(s->context, 0) >= 0;
}

static bool ws_send(lp_wire_t *w, const char *frame, size_t len)
{
    ws_t *s = (ws_t *)w;
    uint64_t deadline_ms = lp_ui_now_ms() + CONNECT_MS;
    free(s->out);
    s->out = malloc(LWS_PRE + len);
    if (s->out == NULL || s->is_gone) {
        return false;
    }
    memcpy(s->out + LWS_PRE, frame, len);
    s->out_len = len;
    lws_callback_on_writable(s->wsi);
    while (s->out != NULL && turn(s, deadline_ms)) {
    }
    return s->out == NULL && !s->is_gone;
}

static char *ws_receive(lp_wire_t *w, uint64_t deadline_ms, bool *is_gone)
{
    ws_t *s = (ws_t *)w;
    while (s->n_waiting == 0 && turn(s, deadline_ms)) {
    }
    if (s->n_waiting == 0) {
        *is_gone = s->is_gone;
        return NULL;
    }
    char *first = s->waiting[0];
    memmove(s->waiting, s->waiting + 1, --s->n_waiting * sizeof s->waiting[0]);
    return first;
}

static void ws_close(lp_wire_t *w)
{
    ws_t *s = (ws_t *)w;
    if (s->context != NULL) {
        lws_sul_cancel(&s->tick);
        lws_context_destroy(s->context);
    }
    for (size_t i = 0; i < s->n_waiting; i++) {
        free(s->waiting[i]);
    }
    free(s->in);
    free(s->out);
    free(s);
}

static const lp_wire_ops_t ops = {.send = ws_send, .receive = ws_receive, .close = ws_close};

static bool connect_to(ws_t *s, char *url)
{
    const char *scheme = NULL;
    const char *host = NULL;
    const char *path = NULL;
    char full_path[128] = "/rpc";
    int port = 0;
    if (lws_parse_uri(url, &scheme, &host, &port, &path) != 0 || host[0] == '\0') {
        return false;
    }
    if (path != NULL && path[0] != '\0' && strcmp(path, "/") != 0) { // comes without its slash
        snprintf(full_path, sizeof full_path, "/%.120s", path);
    }
    char host_port[300];
    snprintf(host_port, sizeof host_port, "%.250s:%d", host, port);
    const struct lws_client_connect_info info = {
        .context = s->context,
        .address = host,
        .port = port,
        .path = full_path,
        .host = host_port,
        .ssl_connection = strcmp(scheme, "wss") == 0 ? LCCSCF_USE_SSL : 0,
        .local_protocol_name = protocols[0].name,
        .pwsi = &s->wsi,
    };
    return lws_client_connect_via_info(&info) != NULL || s->is_gone;
}

static bool make_context(ws_t *s)
{
    const struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .protocols = protocols,
        .user = s,
        .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
        .client_ssl_ca_filepath = getenv("LIMPET_CA"),
    };
    lws_set_log_level(0, NULL);
    s->context = lws_create_context(&info);
    return s->context != NULL;
}

lp_exit_t lp_wire_open_ws(const char *url, lp_wire_t **wire, lp_fault_t *f)
{
    char copy[400];
    ws_t *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return lp_fault_set(f, LP_EXIT_LOCAL, "no-memory", "out of memory");
    }
    s->base.ops = &ops;
    int n = snprintf(copy, sizeof copy, "%s", url);
    if (!make_context(s) || n >= (int)sizeof copy || !connect_to(s, copy)) {
        ws_close(&s->base);
        lp_fault_set(f, LP_EXIT_USAGE, "usage", "%.100s is not ws://host:port", url);
        return f->exit;
    }
    on_tick(&s->tick);
    uint64_t deadline_ms = lp_ui_now_ms() + CONNECT_MS;
    while (!s->is_open && turn(s, deadline_ms)) {
    }
    if (!s->is_open) {
        lp_wire_fail(f, url, s->base.trouble[0] != '\0' ? s->base.trouble : "it takes too long");
        ws_close(&s->base);
        return lp_interrupt_seen() ? lp_fault_interrupted(f) : f->exit;
    }
    *wire = &s->base;
    return LP_EXIT_OK;
}
