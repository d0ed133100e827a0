// SPDX-License-Identifier: Apache-2.0
#include "sigv4_check.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limpet/hexline.h"

enum { MAX_CANONICAL = 16384, MAX_PARAMS = 16 };

const char *http_header(const http_request_t *r, const char *name)
{
    for (size_t i = 0; i < r->n_headers; i++) {
        if (strcmp(r->headers[i].name, name) == 0) {
            return r->headers[i].value;
        }
    }
    return NULL;
}

static void sha256_hex(const void *data, size_t len, char out[65])
{
    unsigned char digest[32];
    EVP_Digest(data, len, digest, NULL, EVP_sha256(), NULL);
    lp_hexline(out, digest, sizeof digest);
}

static void mac(const void *key, size_t key_len, const char *text, unsigned char out[32])
{
    unsigned n = 0;
    HMAC(EVP_sha256(), key, (int)key_len, (const unsigned char *)text, strlen(text), out, &n);
}

// A text that grows up to its bound.
typedef struct {
    char text[MAX_CANONICAL];
    size_t len;
} growing_t;

__attribute__((format(printf, 2, 3))) static void add(growing_t *g, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(g->text + g->len, sizeof g->text - g->len, fmt, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof g->text - g->len) {
        abort();
    }
    g->len += (size_t)n;
}

// The path as it is on the wire, each segment encoded once more.
static void add_path(growing_t *out, const char *target)
{
    for (const char *c = target; *c != '\0' && *c != '?'; c++) {
        add(out, "%c%s", *c, *c == '%' ? "25" : "");
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_query(growing_t *out, const char *target)
{
    const char *question = strchr(target, '?');
    char copy[2048];
    char *params[MAX_PARAMS];
    size_t n = 0;
    snprintf(copy, sizeof copy, "%s", question != NULL ? question + 1 : "");
    for (char *save = NULL, *p = strtok_r(copy, "&", &save); p != NULL && n < MAX_PARAMS;
         p = strtok_r(NULL, "&", &save)) {
        params[n++] = p;
    }
    qsort(params, n, sizeof params[0], by_text);
    for (size_t i = 0; i < n; i++) {
        add(out, "%s%s%s", i > 0 ? "&" : "", params[i], strchr(params[i], '=') == NULL ? "=" : "");
    }
}

static void add_headers(growing_t *out, const http_request_t *r, const char *signed_headers)
{
    char copy[512];
    snprintf(copy, sizeof copy, "%s", signed_headers);
    for (char *save = NULL, *name = strtok_r(copy, ";", &save); name != NULL;
         name = strtok_r(NULL, ";", &save)) {
        const char *value = http_header(r, name);
        add(out, "%s:%s\n", name, value != NULL ? value : "");
    }
}

void sigv4_signature(const http_request_t *r, const char *secret, const char *scope,
                     const char *signed_headers, char out[65])
{
    growing_t canonical = {.len = 0};
    char digest[65];
    add(&canonical, "%s\n", r->method);
    add_path(&canonical, r->target);
    add(&canonical, "\n");
    add_query(&canonical, r->target);
    add(&canonical, "\n");
    add_headers(&canonical, r, signed_headers);
    sha256_hex(r->body, r->body_len, digest);
    add(&canonical, "\n%s\n%s", signed_headers, digest);
    sha256_hex(canonical.text, canonical.len, digest);
    char to_sign[512];
    snprintf(to_sign, sizeof to_sign, "AWS4-HMAC-SHA256\n%s\n%s\n%s", http_header(r, "x-amz-date"),
             scope, digest);
    char first[256];
    unsigned char key[32];
    snprintf(first, sizeof first, "AWS4%s", secret);
    char parts[256];
    snprintf(parts, sizeof parts, "%s", scope);
    size_t key_len = strlen(first);
    memcpy(key, first, 1);
    const void *with = first;
    for (char *save = NULL, *part = strtok_r(parts, "/", &save); part != NULL;
         part = strtok_r(NULL, "/", &save)) {
        unsigned char next[32];
        mac(with, key_len, part, next);
        memcpy(key, next, sizeof key);
        with = key;
        key_len = sizeof key;
    }
    unsigned char signature[32];
    mac(key, sizeof key, to_sign, signature);
    lp_hexline(out, signature, sizeof signature);
}

static bool take(const char *authorization, const char *name, char *out, size_t cap)
{
    const char *p = strstr(authorization, name);
    if (p == NULL) {
        return false;
    }
    p += strlen(name);
    size_t n = strcspn(p, ", ");
    snprintf(out, cap, "%.*s", (int)n, p);
    return n > 0 && n < cap;
}

static bool is_signed(const char *signed_headers, const char *name)
{
    char padded[520];
    char wanted[80];
    snprintf(padded, sizeof padded, ";%s;", signed_headers);
    snprintf(wanted, sizeof wanted, ";%s;", name);
    return strstr(padded, wanted) != NULL;
}

static bool are_all_signed(const http_request_t *r, const char *signed_headers)
{
    for (size_t i = 0; i < r->n_headers; i++) {
        const char *name = r->headers[i].name;
        bool must = strcmp(name, "host") == 0 || strncmp(name, "x-amz", 5) == 0;
        if (must && !is_signed(signed_headers, name)) {
            return false;
        }
    }
    return http_header(r, "x-amz-date") != NULL && http_header(r, "host") != NULL;
}

bool sigv4_check(const http_request_t *r, const char *key_id, const char *secret, char *why,
                 size_t cap)
{
    const char *authorization = http_header(r, "authorization");
    char credential[256];
    char signed_headers[512];
    char signature[80];
    char expected[65];
    if (authorization == NULL ||
        !take(authorization, "Credential=", credential, sizeof credential) ||
        !take(authorization, "SignedHeaders=", signed_headers, sizeof signed_headers) ||
        !take(authorization, "Signature=", signature, sizeof signature)) {
        snprintf(why, cap, "no or malformed Authorization");
        return false;
    }
    const char *slash = strchr(credential, '/');
    if (slash == NULL || strncmp(credential, key_id, (size_t)(slash - credential)) != 0 ||
        key_id[slash - credential] != '\0') {
        snprintf(why, cap, "unknown key");
        return false;
    }
    if (!are_all_signed(r, signed_headers)) {
        snprintf(why, cap, "a header that must be signed is not: %.200s", signed_headers);
        return false;
    }
    sigv4_signature(r, secret, slash + 1, signed_headers, expected);
    snprintf(why, cap, "the signature is wrong");
    return strcmp(expected, signature) == 0;
}
