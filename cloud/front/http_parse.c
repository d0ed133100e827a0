// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "limpet/front_http.h"

enum {
    MORE = -1,
    BAD = 400,
    TOO_LARGE = 413,
    HEAD_TOO_LARGE = 431,
    NOT_IMPLEMENTED = 501,
    VERSION = 505
};

static const uint8_t *find_end(lp_span_t in)
{
    return in.len > 0 ? memmem(in.ptr, in.len, "\r\n\r\n", 4) : NULL;
}

// RFC 9110 5.6.2
static bool is_token(const char *s)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";
    const char *p = s;
    for (; *p != '\0'; p++) {
        bool alnum =
            (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9');
        if (!alnum && strchr(marks, *p) == NULL) {
            return false;
        }
    }
    return p != s;
}

// Visible characters only, from the slash on.
static bool is_target(const char *s)
{
    const char *p = s;
    for (; *p > ' ' && *p < 0x7f; p++) {
    }
    return s[0] == '/' && *p == '\0';
}

// "METHOD SP target SP HTTP/1.1"; cuts the line in three.
static int take_request_line(char *line, lp_http_request_t *q)
{
    char *target = strchr(line, ' ');
    char *version = target != NULL ? strchr(target + 1, ' ') : NULL;
    if (version == NULL) {
        return BAD;
    }
    *target++ = '\0';
    *version++ = '\0';
    if (!is_token(line) || !is_target(target)) {
        return BAD;
    }
    q->method = line;
    q->target = target;
    return strcmp(version, "HTTP/1.1") == 0 ? 0 : VERSION;
}

static char *trim(char *s)
{
    s += strspn(s, " \t");
    size_t len = strlen(s);
    while (len > 0 && (s[len - 1] == ' ' || s[len - 1] == '\t')) {
        s[--len] = '\0';
    }
    return s;
}

static int take_header(char *line, lp_http_request_t *q)
{
    char *colon = strchr(line, ':');
    if (colon == NULL || q->header_count == LP_HTTP_HEADERS_MAX) {
        return colon == NULL ? BAD : HEAD_TOO_LARGE;
    }
    *colon = '\0';
    char *value = trim(colon + 1);
    for (const char *p = value; *p != '\0'; p++) {
        if ((unsigned char)*p < ' ' && *p != '\t') {
            return BAD;
        }
    }
    if (!is_token(line)) { // also a folded line, and a space before the colon
        return BAD;
    }
    q->header[q->header_count++] = (lp_http_header_t){.name = line, .value = value};
    return 0;
}

static int take_head(char *head, lp_http_request_t *q)
{
    char *line = head;
    int status = 0;
    for (bool is_first = true; line != NULL && status == 0; is_first = false) {
        char *end = strstr(line, "\r\n");
        if (end != NULL) {
            *end = '\0';
        }
        status = is_first ? take_request_line(line, q) : take_header(line, q);
        line = end != NULL ? end + 2 : NULL;
    }
    return status;
}

static int count(const lp_http_request_t *q, const char *name)
{
    int n = 0;
    for (size_t i = 0; i < q->header_count; i++) {
        n += strcasecmp(q->header[i].name, name) == 0;
    }
    return n;
}

// Two readers that take the length differently are how requests are smuggled.
static int body_length(const lp_http_request_t *q, size_t *len)
{
    const char *text = lp_http_header(q, "content-length");
    *len = 0;
    if (count(q, "transfer-encoding") > 0) {
        return NOT_IMPLEMENTED;
    }
    if (text == NULL) {
        return 0;
    }
    if (count(q, "content-length") > 1 || text[0] == '\0' ||
        strspn(text, "0123456789") != strlen(text) || strlen(text) > 9) {
        return BAD;
    }
    *len = strtoul(text, NULL, 10);
    return *len > LP_FRONT_HTTP_BODY_MAX ? TOO_LARGE : 0;
}

static int parse(lp_span_t in, size_t head_len, lp_front_http_t *h)
{
    size_t body = 0;
    int status = take_head(h->head_, &h->request);
    status = status == 0 && count(&h->request, "host") != 1 ? BAD : status;
    status = status == 0 ? body_length(&h->request, &body) : status;
    if (status != 0) {
        return status;
    }
    if (in.len - head_len - 4 < body) {
        return MORE;
    }
    const char *connection = lp_http_header(&h->request, "connection");
    h->request.body = body > 0 ? (const char *)in.ptr + head_len + 4 : NULL;
    h->request.body_len = body;
    h->used = head_len + 4 + body;
    h->keeps_open = connection == NULL || strcasecmp(connection, "close") != 0;
    return 0;
}

int lp_front_http_parse(lp_span_t in, lp_front_http_t *out)
{
    lp_front_http_t h = {0};
    const uint8_t *end = find_end(in);
    size_t head_len = end != NULL ? (size_t)(end - in.ptr) : in.len;
    if (head_len > LP_FRONT_HTTP_HEAD_MAX) {
        return HEAD_TOO_LARGE;
    }
    if (end == NULL) {
        return MORE;
    }
    h.head_ = malloc(head_len + 1);
    if (h.head_ == NULL || memchr(in.ptr, '\0', head_len) != NULL) {
        free(h.head_);
        return BAD;
    }
    memcpy(h.head_, in.ptr, head_len);
    h.head_[head_len] = '\0';
    int status = parse(in, head_len, &h);
    if (status != 0) {
        free(h.head_);
        return status;
    }
    *out = h;
    return 0;
}

void lp_front_http_free(lp_front_http_t *http)
{
    free(http->head_);
    http->head_ = NULL;
}
