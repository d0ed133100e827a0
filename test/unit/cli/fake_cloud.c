// SPDX-License-Identifier: Apache-2.0
// The scripted cloud's HTTP, its faults and its life; what an operation does is in fake_iot.c.
#include "fake_cloud.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "fake_iot.h"

const char fake_key_id[] = "AKIDFAKECLOUD";
const char fake_secret[] = "se/cret+of=the-fake";

enum { MAX_HEAD = 16384, MAX_BODY = 65536 };

static bool read_all(int fd, char *head, size_t *len, char **body)
{
    *len = 0;
    while (*len < MAX_HEAD - 1) {
        ssize_t n = recv(fd, head + *len, MAX_HEAD - 1 - *len, 0);
        if (n <= 0) {
            return false;
        }
        *len += (size_t)n;
        head[*len] = '\0';
        *body = strstr(head, "\r\n\r\n");
        if (*body != NULL) {
            *body += 4;
            return true;
        }
    }
    return false;
}

static void parse_headers(char *head, http_request_t *r)
{
    char *save = NULL;
    char *line = strtok_r(head, "\r\n", &save);
    if (line == NULL || sscanf(line, "%7s %2047s", r->method, r->target) != 2) {
        return;
    }
    while ((line = strtok_r(NULL, "\r\n", &save)) != NULL && r->n_headers < SIGV4_MAX_HEADERS) {
        char *colon = strchr(line, ':');
        if (colon == NULL) {
            continue;
        }
        *colon = '\0';
        for (char *p = line; *p != '\0'; p++) {
            *p = (char)tolower((unsigned char)*p);
        }
        const char *value = colon + 1 + strspn(colon + 1, " ");
        snprintf(r->headers[r->n_headers].name, 64, "%s", line);
        snprintf(r->headers[r->n_headers].value, 1024, "%s", value);
        r->n_headers++;
    }
}

static bool read_request(int fd, http_request_t *r)
{
    static char head[MAX_HEAD];
    static char bytes[MAX_BODY];
    size_t len = 0;
    char *body = NULL;
    if (!read_all(fd, head, &len, &body)) {
        return false;
    }
    size_t have = len - (size_t)(body - head);
    memcpy(bytes, body, have);
    body[-2] = '\0';
    parse_headers(head, r);
    const char *length = http_header(r, "content-length");
    size_t want = length != NULL ? strtoul(length, NULL, 10) : 0;
    while (have < want && want < MAX_BODY) {
        ssize_t n = recv(fd, bytes + have, want - have, 0);
        if (n <= 0) {
            return false;
        }
        have += (size_t)n;
    }
    bytes[want] = '\0';
    r->body = bytes;
    r->body_len = want;
    return true;
}

static void send_text(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, text, len, MSG_NOSIGNAL);
        if (n <= 0) {
            return;
        }
        text += n;
        len -= (size_t)n;
    }
}

static void send_answer(const fake_cloud_t *c, int fd, const answer_t *a, size_t body_len)
{
    char head[512];
    char date[64];
    time_t now = time(NULL) + c->clock_skew_s;
    struct tm tm;
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &tm));
    int n = snprintf(head, sizeof head,
                     "HTTP/1.1 %d Fake\r\nDate: %s\r\n%s%s%sContent-Length: %zu\r\n"
                     "Connection: close\r\n\r\n",
                     a->status, date, a->type[0] != '\0' ? "x-amzn-errortype: " : "", a->type,
                     a->type[0] != '\0' ? ":http://fake/\r\n" : "", body_len);
    send_text(fd, head, (size_t)n);
}

static void reset(int fd)
{
    struct linger hard = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

static void send_huge(const fake_cloud_t *c, int fd, answer_t *a)
{
    enum { HUGE_BYTES = 2 << 20 };
    char *text = malloc(HUGE_BYTES);
    memset(text, 'x', HUGE_BYTES);
    a->status = 200;
    a->type[0] = '\0';
    send_answer(c, fd, a, HUGE_BYTES);
    send_text(fd, text, HUGE_BYTES);
    free(text);
}

static bool is_before(fault_mode_t f)
{
    return f == FAULT_RESET_BEFORE || f == FAULT_500_BEFORE || f == FAULT_THROTTLE ||
           f == FAULT_DENIED;
}

static void send_fault(fake_cloud_t *c, int fd, fault_mode_t f, answer_t *a)
{
    static const char html[] = "<html><body>Welcome to nginx!</body></html>";
    switch (f) {
    case FAULT_RESET_BEFORE:
    case FAULT_RESET_AFTER:
    case FAULT_HANG:
    case FAULT_KILL:
        if (f == FAULT_HANG || (f == FAULT_KILL && c->kill_signal != 0)) {
            sleep(f == FAULT_HANG ? 3 : 1); // the signal comes in the middle of the call
        }
        reset(fd);
        return;
    case FAULT_500_BEFORE:
    case FAULT_500_AFTER:
        fake_fail(a, 500, "InternalFailureException");
        break;
    case FAULT_THROTTLE:
        fake_fail(a, 400, "ThrottlingException");
        break;
    case FAULT_DENIED:
        fake_fail(a, 403, "AccessDeniedException");
        break;
    case FAULT_HTML:
        *a = (answer_t){.status = 200};
        snprintf(a->body, sizeof a->body, "%s", html);
        break;
    case FAULT_NOTHING:
        *a = (answer_t){.status = 200};
        break;
    case FAULT_HALF:
        send_answer(c, fd, a, strlen(a->body) + 10);
        send_text(fd, a->body, strlen(a->body) / 2);
        return;
    case FAULT_HUGE:
        send_huge(c, fd, a);
        return;
    case FAULT_NONE:
    case FAULT_COUNT:
        break;
    }
    send_answer(c, fd, a, strlen(a->body));
    send_text(fd, a->body, strlen(a->body));
}

static fault_mode_t fault_for(fake_cloud_t *c, const char *action)
{
    bool is_it =
        c->fault != FAULT_NONE && (c->fault_action == NULL || strcmp(c->fault_action, action) == 0);
    if (!is_it || c->fault_count == 0) {
        return FAULT_NONE;
    }
    if (c->fault_skip > 0) {
        c->fault_skip--;
        return FAULT_NONE;
    }
    c->fault_count -= c->fault_count > 0 ? 1 : 0;
    return c->fault;
}

static bool is_dated_well(const fake_cloud_t *c, const char *date)
{
    struct tm tm = {.tm_year = 0};
    const char *end = date != NULL ? strptime(date, "%Y%m%dT%H%M%SZ", &tm) : NULL;
    double off_s = end != NULL ? difftime(timegm(&tm), time(NULL) + c->clock_skew_s) : 1e9;
    return off_s >= -300 && off_s <= 300;
}

static bool is_accepted(fake_cloud_t *c, const http_request_t *r, int route, answer_t *a)
{
    char why[256];
    char scope[80];
    const char *authorization = http_header(r, "authorization");
    snprintf(scope, sizeof scope, "/eu-central-1/%s/aws4_request", fake_iot_service(route));
    if (c->has_no_time_for_you || !is_dated_well(c, http_header(r, "x-amz-date"))) {
        fake_fail(a, 403, "InvalidSignatureException");
        snprintf(a->body, sizeof a->body, "{\"message\":\"Signature expired: it is too late\"}");
        return false;
    }
    if (!sigv4_check(r, fake_key_id, fake_secret, why, sizeof why) ||
        strstr(authorization, scope) == NULL) {
        c->n_bad_signatures++;
        snprintf(c->last_bad, sizeof c->last_bad, "%s %.120s: %.100s", r->method, r->target, why);
        fake_fail(a, 403,
                  strcmp(why, "unknown key") == 0 ? "UnrecognizedClientException"
                                                  : "SignatureDoesNotMatch");
        return false;
    }
    return true;
}

static void run(fake_cloud_t *c, const http_request_t *r, int route, const char *name, answer_t *a)
{
    char *scripted = c->script != NULL ? c->script(c->script_ctx, r) : NULL;
    if (scripted != NULL) {
        snprintf(a->body, sizeof a->body, "%s", scripted);
        free(scripted);
        return;
    }
    fake_iot_run(route, c, r, name, a);
    c->n_changes += a->is_change ? 1 : 0;
    if (a->is_change && c->on_change != NULL) {
        c->on_change(c->on_change_ctx);
    }
}

static void handle(fake_cloud_t *c, int fd, const http_request_t *r)
{
    static answer_t a;
    a = (answer_t){.status = 200};
    char name[600] = "";
    int route = fake_iot_find(r, name, sizeof name);
    fault_mode_t f = FAULT_NONE;
    pthread_mutex_lock(&c->lock);
    if (route < 0) {
        fake_fail(&a, 404, "UnknownOperationException");
        snprintf(c->last_bad, sizeof c->last_bad, "no route: %s %.200s", r->method, r->target);
        c->n_bad_signatures++;
    } else if (is_accepted(c, r, route, &a)) {
        snprintf(c->calls[c->n_calls % FAKE_MAX_CALLS], sizeof c->calls[0], "%s",
                 fake_iot_action(route));
        c->n_calls++;
        f = fault_for(c, fake_iot_action(route));
        if (!is_before(f)) {
            run(c, r, route, name, &a);
        }
        if (f == FAULT_KILL && c->kill_pid > 0) {
            kill(c->kill_pid, c->kill_signal != 0 ? c->kill_signal : SIGKILL);
        }
    }
    pthread_mutex_unlock(&c->lock);
    if (a.status == 200 && a.body[0] == '\0' && f == FAULT_NONE) {
        snprintf(a.body, sizeof a.body, "%s", a.is_change ? "" : "{}");
    }
    send_fault(c, fd, f, &a);
}

static void *serve(void *ctx)
{
    fake_cloud_t *c = ctx;
    static http_request_t r;
    while (!c->is_stopping_) {
        int fd = accept(c->listen_fd_, NULL, NULL);
        if (fd < 0) {
            continue;
        }
        r = (http_request_t){.n_headers = 0};
        if (!c->is_stopping_ && read_request(fd, &r)) {
            handle(c, fd, &r);
        }
        close(fd);
    }
    return NULL;
}

void fake_cloud_start(fake_cloud_t *c)
{
    *c = (fake_cloud_t){.has_sts = true};
    pthread_mutex_init(&c->lock, NULL);
    snprintf(c->broker, sizeof c->broker, "localhost:18883");
    c->ca_key_ = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    c->listen_fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    if (bind(c->listen_fd_, (struct sockaddr *)&address, len) != 0 ||
        listen(c->listen_fd_, 16) != 0 ||
        getsockname(c->listen_fd_, (struct sockaddr *)&address, &len) != 0) {
        abort();
    }
    c->port = ntohs(address.sin_port);
    pthread_create(&c->thread_, NULL, serve, c);
}

void fake_cloud_stop(fake_cloud_t *c)
{
    c->is_stopping_ = true;
    shutdown(c->listen_fd_, SHUT_RDWR);
    pthread_join(c->thread_, NULL);
    close(c->listen_fd_);
    EVP_PKEY_free(c->ca_key_);
    pthread_mutex_destroy(&c->lock);
}

void fake_cloud_calm(fake_cloud_t *c)
{
    pthread_mutex_lock(&c->lock);
    c->fault = FAULT_NONE;
    c->fault_action = NULL;
    c->fault_skip = 0;
    c->fault_count = 0;
    c->kill_pid = 0;
    c->clock_skew_s = 0;
    c->list_lag_calls = 0;
    c->n_calls = 0;
    c->n_changes = 0;
    pthread_mutex_unlock(&c->lock);
}

int fake_cloud_count(const fake_cloud_t *c, const char *action)
{
    int n = 0;
    for (int i = 0; i < c->n_calls && i < FAKE_MAX_CALLS; i++) {
        n += strcmp(c->calls[i], action) == 0 ? 1 : 0;
    }
    return n;
}
