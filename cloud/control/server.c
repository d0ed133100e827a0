// SPDX-License-Identifier: Apache-2.0
// HTTP and HTTPS on libmicrohttpd. It hands over the path as it came (the URI log callback), which
// a signature over the encoded path needs; see docs/adr/0006-control-plane-http.md.
#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limpet/control.h"

enum { CONNECTIONS_MAX = 200, IDLE_SECONDS = 60, MEMORY_PER_CONNECTION = 64 * 1024 };

typedef struct {
    struct MHD_Daemon *daemon;
    lp_registry_t *reg; // of this listener's thread
    lp_quota_t *quota;  // the server's, null: none
    int port;
} listener_t;

struct lp_server {
    listener_t http_;
    listener_t https_;
    lp_quota_t *quota_;
    char *key_;
    char *cert_;
};

// A request as it arrives.
typedef struct {
    char *target;
    char *body;
    size_t len;
    bool too_large;
    bool started;
} incoming_t;

static void *on_uri(void *arg, const char *uri, struct MHD_Connection *connection)
{
    (void)arg;
    (void)connection;
    incoming_t *in = calloc(1, sizeof *in);
    if (in != NULL) {
        in->target = strdup(uri);
    }
    return in;
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code)
{
    (void)arg;
    (void)connection;
    (void)code;
    incoming_t *in = *state;
    if (in != NULL) {
        free(in->target);
        free(in->body);
        free(in);
        *state = NULL;
    }
}

static bool take_body(incoming_t *in, const char *data, size_t size)
{
    if (in->len + size > LP_HTTP_BODY_MAX) {
        in->too_large = true;
        return true; // read on, so that the answer can be sent
    }
    char *grown = realloc(in->body, in->len + size);
    if (grown == NULL) {
        return false;
    }
    memcpy(grown + in->len, data, size);
    in->body = grown;
    in->len += size;
    return true;
}

static enum MHD_Result on_header(void *arg, enum MHD_ValueKind kind, const char *name,
                                 const char *value)
{
    (void)kind;
    lp_http_request_t *q = arg;
    if (q->header_count == LP_HTTP_HEADERS_MAX) {
        return MHD_NO;
    }
    q->header[q->header_count++] =
        (lp_http_header_t){.name = name, .value = value != NULL ? value : ""};
    return MHD_YES;
}

static enum MHD_Result send_response(struct MHD_Connection *connection, lp_http_response_t *r)
{
    struct MHD_Response *out =
        MHD_create_response_from_buffer(r->body_len, r->body, MHD_RESPMEM_MUST_FREE);
    if (out == NULL) {
        free(r->body);
        return MHD_NO;
    }
    MHD_add_response_header(out, "x-amzn-requestid", r->request_id);
    if (r->content_type[0] != '\0') {
        MHD_add_response_header(out, "Content-Type", r->content_type);
    }
    if (r->error[0] != '\0') {
        MHD_add_response_header(out, "x-amzn-errortype", r->error);
    }
    if (r->content_range[0] != '\0') {
        MHD_add_response_header(out, "Content-Range", r->content_range);
    }
    enum MHD_Result rc = MHD_queue_response(connection, (unsigned)r->status, out);
    MHD_destroy_response(out);
    return rc;
}

static void too_large(lp_http_response_t *r)
{
    *r = (lp_http_response_t){.status = 413};
    snprintf(r->error, sizeof r->error, "RequestEntityTooLargeException");
    snprintf(r->content_type, sizeof r->content_type, "application/json");
    r->body = strdup("{\"message\":\"The body is larger than 512 KB\"}");
    r->body_len = r->body != NULL ? strlen(r->body) : 0;
}

static enum MHD_Result answer(listener_t *listener, struct MHD_Connection *connection,
                              const char *method, const incoming_t *in)
{
    lp_http_response_t response;
    lp_http_request_t request = {
        .method = method, .target = in->target, .body = in->body, .body_len = in->len};
    MHD_get_connection_values(connection, MHD_HEADER_KIND, on_header, &request);
    if (in->too_large) {
        too_large(&response);
    } else {
        lp_control_handle_limited(listener->reg, listener->quota, &request, &response);
    }
    return send_response(connection, &response);
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **state)
{
    (void)url;
    (void)version;
    incoming_t *in = *state;
    if (in == NULL || in->target == NULL) {
        return MHD_NO;
    }
    if (!in->started) {
        in->started = true;
        return MHD_YES;
    }
    if (*size > 0) {
        bool ok = take_body(in, data, *size);
        *size = 0;
        return ok ? MHD_YES : MHD_NO;
    }
    return answer(arg, connection, method, in);
}

static int port_of(struct MHD_Daemon *daemon)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
    return info != NULL ? info->port : 0;
}

static bool socket_address(const char *address, int port, struct sockaddr_storage *out)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    *out = (struct sockaddr_storage){0};
    if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)port);
        return true;
    }
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons((uint16_t)port);
    return inet_pton(AF_INET6, address, &v6->sin6_addr) == 1;
}

static bool open_listener(listener_t *l, const lp_server_config_t *config, int port,
                          const struct MHD_OptionItem *tls, char *why, size_t size)
{
    struct sockaddr_storage addr;
    if (!socket_address(config->address, port, &addr)) {
        snprintf(why, size, "%s is not an address", config->address);
        return false;
    }
    if (lp_registry_open(&l->reg, config->database, false, why, size) != LP_REG_OK) {
        return false;
    }
    lp_registry_set_folder(l->reg, config->folder);
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL |
                     (addr.ss_family == AF_INET6 ? MHD_USE_IPv6 : 0U) |
                     (tls != NULL ? (unsigned)MHD_USE_TLS : 0U);
    const struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    l->daemon = MHD_start_daemon(
        flags, (uint16_t)port, NULL, NULL, on_request, l, MHD_OPTION_SOCK_ADDR, &addr,
        MHD_OPTION_URI_LOG_CALLBACK, on_uri, NULL, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_PER_CONNECTION,
        MHD_OPTION_ARRAY, tls != NULL ? tls : none, MHD_OPTION_END);
    if (l->daemon == NULL) {
        snprintf(why, size, "cannot listen on %s port %d: %s", config->address, port,
                 strerror(errno));
        return false;
    }
    l->port = port_of(l->daemon);
    return true;
}

static char *read_file(const char *folder, const char *name)
{
    char path[1200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "re");
    char *text = f != NULL ? calloc(1, 16 * 1024) : NULL;
    if (text != NULL && fread(text, 1, 16 * 1024 - 1, f) == 0) {
        free(text);
        text = NULL;
    }
    if (f != NULL) {
        fclose(f);
    }
    return text;
}

static bool open_tls(lp_server_t *s, const lp_server_config_t *config, char *why, size_t size)
{
    s->key_ = read_file(config->folder, "server.key");
    s->cert_ = read_file(config->folder, "server.pem");
    if (s->key_ == NULL || s->cert_ == NULL) {
        snprintf(why, size, "%s/server.pem or server.key cannot be read", config->folder);
        return false;
    }
    char priority[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";
    const struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_KEY, 0, s->key_},
        {MHD_OPTION_HTTPS_MEM_CERT, 0, s->cert_},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, priority},
        {MHD_OPTION_END, 0, NULL},
    };
    return open_listener(&s->https_, config, config->https_port, tls, why, size);
}

lp_server_t *lp_server_start(const lp_server_config_t *config, char *why, size_t size)
{
    lp_server_t *s = calloc(1, sizeof *s);
    if (s == NULL) {
        snprintf(why, size, "out of memory");
        return NULL;
    }
    s->quota_ = config->has_quotas ? lp_quota_new() : NULL;
    s->http_.quota = s->https_.quota = s->quota_;
    bool ok = (config->http_port < 0 ||
               open_listener(&s->http_, config, config->http_port, NULL, why, size)) &&
              (config->https_port < 0 || open_tls(s, config, why, size));
    if (!ok) {
        lp_server_stop(s);
        return NULL;
    }
    return s;
}

static void close_listener(listener_t *l)
{
    if (l->daemon != NULL) {
        MHD_stop_daemon(l->daemon);
    }
    lp_registry_close(l->reg);
    *l = (listener_t){0};
}

void lp_server_stop(lp_server_t *server)
{
    if (server == NULL) {
        return;
    }
    close_listener(&server->http_);
    close_listener(&server->https_);
    lp_quota_free(server->quota_);
    if (server->key_ != NULL) {
        explicit_bzero(server->key_, strlen(server->key_));
    }
    free(server->key_);
    free(server->cert_);
    free(server);
}

int lp_server_http_port(const lp_server_t *server)
{
    return server->http_.port;
}

int lp_server_https_port(const lp_server_t *server)
{
    return server->https_.port;
}
