// SPDX-License-Identifier: Apache-2.0
// libwebsockets does the protocols; its loop is the one thread that touches connections. What
// boards' threads tell is put into a list, and the loop is woken.
#include "server.h"

#include <cjson/cJSON.h>
#include <libwebsockets.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "limpet/cmd_cloud.h"
#include "outbox.h"
#include "tool_calls.h"

enum {
    TEXT_MAX = 256,
    MESSAGE_MAX = 65536,   // from a page
    WAITING_MAX = 8 << 20, // for a page that does not read; it is sent away
    PAGES_MAX = 16,
    TICK_MS = 400,
};

// One connection, of libwebsockets' memory.
typedef struct {
    struct lws *wsi;
    unsigned page; // 0: not a WebSocket
    const lp_page_file_t *file;
    char *in;
    size_t in_len;
    lp_page_list_t out;
} link_t;

struct lp_page_server {
    struct lws_context *context;
    lp_page_guard_t guard;
    lp_tool_calls_t calls;
    lws_sorted_usec_list_t tick;
    lp_cloud_feed_t *feed;
    link_t *pages[PAGES_MAX];
    unsigned last_page;
    pthread_mutex_t lock;
    lp_page_list_t told; // guarded by the lock
};

// -- from any thread

static void tell(void *ctx, unsigned page, cJSON *frame)
{
    lp_page_server_t *s = ctx;
    char *text = cJSON_PrintUnformatted(frame);
    cJSON_Delete(frame);
    lp_page_message_t *m = text != NULL ? lp_page_message(page, text, LWS_PRE) : NULL;
    cJSON_free(text);
    if (m != NULL) {
        pthread_mutex_lock(&s->lock);
        lp_page_list_add(&s->told, m);
        pthread_mutex_unlock(&s->lock);
        lws_cancel_service(s->context);
    }
}

// -- messages to pages

static void queue(link_t *l, lp_page_message_t *m)
{
    if (l->out.bytes + m->len > WAITING_MAX) {
        free(m);
        lws_set_timeout(l->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
        return;
    }
    lp_page_list_add(&l->out, m);
    lws_callback_on_writable(l->wsi);
}

static void spread(lp_page_server_t *s, lp_page_message_t *m)
{
    for (size_t i = 0; i < PAGES_MAX; i++) {
        link_t *l = s->pages[i];
        if (l != NULL && m->page == LP_PAGE_ALL) {
            char *copy = strndup(m->text + LWS_PRE, m->len);
            lp_page_message_t *one = copy != NULL ? lp_page_message(l->page, copy, LWS_PRE) : NULL;
            free(copy);
            if (one != NULL) {
                queue(l, one);
            }
        } else if (l != NULL && l->page == m->page) {
            queue(l, m);
            return;
        }
    }
    free(m);
}

static void spread_all(lp_page_server_t *s)
{
    lp_page_message_t *m = NULL;
    do {
        pthread_mutex_lock(&s->lock);
        m = lp_page_list_take(&s->told);
        pthread_mutex_unlock(&s->lock);
        if (m != NULL) {
            spread(s, m);
        }
    } while (m != NULL);
}

static int write_next(link_t *l)
{
    lp_page_message_t *m = lp_page_list_take(&l->out);
    if (m == NULL) {
        return 0;
    }
    const int n = lws_write(l->wsi, (unsigned char *)m->text + LWS_PRE, m->len, LWS_WRITE_TEXT);
    const bool is_whole = n >= (int)m->len;
    free(m);
    if (l->out.first != NULL) {
        lws_callback_on_writable(l->wsi);
    }
    return is_whole ? 0 : -1;
}

// -- what happens in the cloud

static void tell_cloud(lp_page_server_t *s)
{
    s->feed = s->feed != NULL ? s->feed : lp_cloud_feed_open();
    cJSON *events = s->feed != NULL ? lp_cloud_feed_next(s->feed) : NULL;
    if (events != NULL) {
        cJSON *frame = cJSON_CreateObject();
        cJSON_AddStringToObject(frame, "method", "Tool.Cloud");
        cJSON_AddItemToObject(cJSON_AddObjectToObject(frame, "params"), "events", events);
        tell(s, LP_PAGE_ALL, frame);
    }
}

static void on_tick(lws_sorted_usec_list_t *tick)
{
    lp_page_server_t *s = lws_container_of(tick, lp_page_server_t, tick);
    bool has_page = false;
    for (size_t i = 0; i < PAGES_MAX; i++) {
        has_page = has_page || s->pages[i] != NULL;
    }
    if (has_page) {
        tell_cloud(s);
    }
    lws_sul_schedule(s->context, 0, tick, on_tick, (lws_usec_t)TICK_MS * LWS_US_PER_MS);
}

// -- who may

static int judge(lp_page_server_t *s, struct lws *wsi, const char *path, bool is_socket,
                 const char **rest)
{
    char host[TEXT_MAX] = "";
    char origin[TEXT_MAX] = "";
    // What is longer than the room for it is not ours either: nothing is copied.
    (void)lws_hdr_copy(wsi, host, sizeof host, WSI_TOKEN_HOST);
    const int n = lws_hdr_copy(wsi, origin, sizeof origin, WSI_TOKEN_ORIGIN);
    if (n < 0) {
        snprintf(origin, sizeof origin, "too long");
    }
    const lp_page_request_t request = {
        .path = path, .host = host, .origin = origin, .is_socket = is_socket};
    return lp_page_guard_check(&s->guard, &request, rest);
}

// -- files

static const struct {
    const char *name;
    const char *value;
} fixed[] = {
    {"cache-control:", "no-store"},
    {"x-content-type-options:", "nosniff"},
    {"x-frame-options:", "DENY"},
    {"referrer-policy:", "no-referrer"},
    {"cross-origin-resource-policy:", "same-origin"},
    {"cross-origin-opener-policy:", "same-origin"},
    {"permissions-policy:", "camera=(), geolocation=(), microphone=()"},
};

static bool add(struct lws *wsi, const char *name, const char *value, unsigned char **p,
                unsigned char *end)
{
    return lws_add_http_header_by_name(wsi, (const unsigned char *)name,
                                       (const unsigned char *)value, (int)strlen(value), p,
                                       end) == 0;
}

static bool write_headers(const lp_page_server_t *s, struct lws *wsi, int status, const char *type,
                          size_t len)
{
    unsigned char room[LWS_PRE + 2048];
    unsigned char *start = room + LWS_PRE;
    unsigned char *p = start;
    unsigned char *end = room + sizeof room - 1;
    char policy[400];
    snprintf(policy, sizeof policy,
             "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
             "connect-src 'self' ws://127.0.0.1:%d ws://localhost:%d; base-uri 'none'; "
             "form-action 'none'; frame-ancestors 'none'",
             s->guard.port, s->guard.port);
    bool is_ok = lws_add_http_common_headers(wsi, (unsigned)status, type, len, &p, end) == 0 &&
                 add(wsi, "content-security-policy:", policy, &p, end);
    for (size_t i = 0; is_ok && i < sizeof fixed / sizeof fixed[0]; i++) {
        is_ok = add(wsi, fixed[i].name, fixed[i].value, &p, end);
    }
    return is_ok && lws_finalize_write_http_header(wsi, start, &p, end) == 0;
}

static const lp_page_file_t *find_file(const char *name)
{
    for (const lp_page_file_t *f = lp_page_files; f->name != NULL; f++) {
        if (strcmp(f->name, name[0] != '\0' ? name : "index.html") == 0) {
            return f;
        }
    }
    return NULL;
}

static const char *words_of(int status)
{
    return status == 421   ? "This server is called 127.0.0.1.\n"
           : status == 403 ? "Not for pages of others.\n"
                           : "Open the whole address that limpet ui has printed.\n";
}

static int refuse(const lp_page_server_t *s, struct lws *wsi, int status)
{
    unsigned char room[LWS_PRE + 128];
    const char *words = words_of(status);
    const size_t len = strlen(words);
    memcpy(room + LWS_PRE, words, len);
    if (!write_headers(s, wsi, status, "text/plain", len) ||
        lws_write(wsi, room + LWS_PRE, len, LWS_WRITE_HTTP_FINAL) < 0) {
        return -1;
    }
    return -1; // and the connection ends
}

static int start_file(lp_page_server_t *s, struct lws *wsi, link_t *l, const char *path)
{
    const char *rest = NULL;
    int status = judge(s, wsi, path, false, &rest);
    const bool is_get = lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) > 0;
    l->file = status == LP_PAGE_STATUS_OK && is_get ? find_file(rest) : NULL;
    if (l->file == NULL) {
        return refuse(s, wsi, status == LP_PAGE_STATUS_OK ? 404 : status);
    }
    if (!write_headers(s, wsi, 200, l->file->type, l->file->len)) {
        return -1;
    }
    lws_callback_on_writable(wsi);
    return 0;
}

static int write_file(struct lws *wsi, link_t *l)
{
    if (l->file == NULL) {
        return 0;
    }
    unsigned char *copy = malloc(LWS_PRE + l->file->len);
    int n = -1;
    if (copy != NULL) {
        memcpy(copy + LWS_PRE, l->file->bytes, l->file->len);
        n = lws_write(wsi, copy + LWS_PRE, l->file->len, LWS_WRITE_HTTP_FINAL);
    }
    free(copy);
    l->file = NULL;
    return n < 0 || lws_http_transaction_completed(wsi) != 0 ? -1 : 0;
}

// -- WebSocket

static int filter_socket(lp_page_server_t *s, struct lws *wsi)
{
    char path[TEXT_MAX] = "";
    const char *rest = NULL;
    (void)lws_hdr_copy(wsi, path, sizeof path, WSI_TOKEN_GET_URI);
    return judge(s, wsi, path, true, &rest) == LP_PAGE_STATUS_OK && strcmp(rest, "rpc") == 0 ? 0
                                                                                             : -1;
}

static int open_page(lp_page_server_t *s, struct lws *wsi, link_t *l)
{
    for (size_t i = 0; i < PAGES_MAX; i++) {
        if (s->pages[i] == NULL) {
            *l = (link_t){.wsi = wsi, .page = ++s->last_page};
            s->pages[i] = l;
            return 0;
        }
    }
    return -1;
}

static void close_page(lp_page_server_t *s, link_t *l)
{
    for (size_t i = 0; i < PAGES_MAX; i++) {
        s->pages[i] = s->pages[i] == l ? NULL : s->pages[i];
    }
    lp_page_list_clear(&l->out);
    free(l->in);
    l->in = NULL;
}

static void take_message(lp_page_server_t *s, link_t *l)
{
    cJSON *frame = cJSON_ParseWithLength(l->in, l->in_len);
    explicit_bzero(l->in, l->in_len); // it may have been a password
    l->in_len = 0;
    if (cJSON_IsObject(frame)) {
        lp_tool_calls_take(&s->calls, l->page, frame);
    } else {
        cJSON_Delete(frame);
    }
}

static int receive(lp_page_server_t *s, link_t *l, const char *data, size_t len)
{
    if (l->in == NULL) {
        l->in = malloc(MESSAGE_MAX);
    }
    if (l->in == NULL || l->in_len + len > MESSAGE_MAX || lws_frame_is_binary(l->wsi)) {
        return -1;
    }
    memcpy(l->in + l->in_len, data, len);
    l->in_len += len;
    if (lws_is_final_fragment(l->wsi) && lws_remaining_packet_payload(l->wsi) == 0) {
        take_message(s, l);
    }
    return 0;
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t len)
{
    lp_page_server_t *s = lws_context_user(lws_get_context(wsi));
    link_t *l = user;
    // A list of what matters; libwebsockets has a hundred more.
    if (reason == LWS_CALLBACK_EVENT_WAIT_CANCELLED) {
        spread_all(s);
    } else if (reason == LWS_CALLBACK_HTTP) {
        return start_file(s, wsi, l, in);
    } else if (reason == LWS_CALLBACK_HTTP_WRITEABLE) {
        return write_file(wsi, l);
    } else if (reason == LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION) {
        return filter_socket(s, wsi);
    } else if (reason == LWS_CALLBACK_ESTABLISHED) {
        return open_page(s, wsi, l);
    } else if (reason == LWS_CALLBACK_RECEIVE) {
        return receive(s, l, in, len);
    } else if (reason == LWS_CALLBACK_SERVER_WRITEABLE) {
        return write_next(l);
    } else if (reason == LWS_CALLBACK_CLOSED) {
        close_page(s, l);
    }
    return 0;
}

static const struct lws_protocols protocols[] = {
    {.name = "limpet-page",
     .callback = on_event,
     .per_session_data_size = sizeof(link_t),
     .rx_buffer_size = 4096},
    {.name = NULL},
};

// -- the whole

static bool listen_here(lp_page_server_t *s, int port)
{
    const struct lws_context_creation_info info = {
        .port = port,
        .iface = "127.0.0.1",
        .protocols = protocols,
        .user = s,
        .options = LWS_SERVER_OPTION_DISABLE_IPV6 | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                   LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND,
        .keepalive_timeout = 30,
        .timeout_secs = 10,
    };
    lws_set_log_level(0, NULL);
    s->context = lws_create_context(&info);
    struct lws_vhost *vhost = s->context != NULL ? lws_create_vhost(s->context, &info) : NULL;
    s->guard.port = vhost != NULL ? lws_get_vhost_listen_port(vhost) : 0;
    return s->guard.port > 0;
}

lp_exit_t lp_page_server_open(int port, lp_page_server_t **server, lp_fault_t *f)
{
    lp_page_server_t *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return lp_fault_set(f, LP_EXIT_LOCAL, "no-memory", "out of memory");
    }
    pthread_mutex_init(&s->lock, NULL);
    s->calls = (lp_tool_calls_t){.sessions = lp_sessions_new(tell, s), .tell = tell, .ctx = s};
    if (!lp_page_guard_make(&s->guard)) {
        lp_fault_set(f, LP_EXIT_LOCAL, "no-random", "this computer has no random numbers");
    } else if (s->calls.sessions == NULL || !listen_here(s, port)) {
        lp_fault_set(f, LP_EXIT_LOCAL, "page-port", "cannot listen on 127.0.0.1 port %d", port);
        lp_fault_next(f, "leave --http-port away; a free one is taken then");
    } else {
        on_tick(&s->tick);
        *server = s;
        return LP_EXIT_OK;
    }
    lp_page_server_close(s);
    return f->exit;
}

const lp_page_guard_t *lp_page_server_guard(const lp_page_server_t *server)
{
    return &server->guard;
}

void lp_page_server_run(lp_page_server_t *server)
{
    while (!lp_interrupt_seen() && lws_service(server->context, 0) >= 0) {
    }
}

void lp_page_server_close(lp_page_server_t *server)
{
    if (server == NULL) {
        return;
    }
    lp_sessions_free(server->calls.sessions); // their threads tell until then
    lp_tool_calls_end(&server->calls);
    if (server->context != NULL) {
        lws_sul_cancel(&server->tick);
        lws_context_destroy(server->context);
    }
    lp_page_list_clear(&server->told);
    lp_cloud_feed_close(server->feed);
    explicit_bzero(server->guard.key, sizeof server->guard.key);
    pthread_mutex_destroy(&server->lock);
    free(server);
}
