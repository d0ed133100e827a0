// SPDX-License-Identifier: Apache-2.0
// A release from a file or an https address, never more than it may be.
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "update.h"

enum { CONNECT_S = 15, SLOW_S = 30 };

typedef struct {
    uint8_t *bytes;
    size_t len;
    size_t max;
    const char *what;
    const char *ca;
} sink_t;

static void fail(const char *from, const char *why, lp_fault_t *f)
{
    lp_fault_set(f, LP_EXIT_NETWORK, "update-source", "the release cannot be read");
    lp_fault_why(f, "%.200s: %s", from, why);
    lp_fault_next(f, "name a manifest: a file, or an https address");
}

static bool put(sink_t *s, const void *data, size_t n)
{
    if (n > s->max - s->len) {
        return false;
    }
    memcpy(s->bytes + s->len, data, n);
    s->len += n;
    if (s->what != NULL) {
        lp_ui_progress(s->what, s->len, s->max);
    }
    return true;
}

static size_t on_data(char *data, size_t size, size_t n, void *ctx)
{
    return put(ctx, data, size * n) && !lp_interrupt_seen() ? size * n : 0;
}

static bool get_url(const char *url, sink_t *s, lp_fault_t *f)
{
    CURL *curl = curl_easy_init();
    char why[CURL_ERROR_SIZE] = "";
    if (curl == NULL) {
        return false;
    }
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 5L);
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)SLOW_S);
    if (s->ca != NULL) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, s->ca);
    }
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, s);
    const CURLcode rc = curl_easy_perform(curl);
    curl_easy_cleanup(curl);
    if (rc != CURLE_OK && lp_interrupt_seen()) {
        lp_fault_interrupted(f);
    } else if (rc != CURLE_OK) {
        fail(url,
             rc == CURLE_WRITE_ERROR ? "it is longer than it may be"
             : why[0] != '\0'        ? why
                                     : curl_easy_strerror(rc),
             f);
    }
    return rc == CURLE_OK;
}

static bool get_file(const char *path, sink_t *s, lp_fault_t *f)
{
    uint8_t part[8192];
    size_t n = 0;
    FILE *in = fopen(path, "rb");
    bool is_ok = in != NULL;
    while (is_ok && (n = fread(part, 1, sizeof part, in)) > 0) {
        is_ok = put(s, part, n);
    }
    is_ok = is_ok && ferror(in) == 0;
    if (!is_ok) {
        fail(path, in == NULL || ferror(in) != 0 ? strerror(errno) : "it is longer than it may be",
             f);
    }
    if (in != NULL) {
        fclose(in);
    }
    return is_ok;
}

uint8_t *update_fetch(const char *from, size_t max, const char *what, const char *ca, size_t *len,
                      lp_fault_t *f)
{
    sink_t s = {.bytes = malloc(max + 1), .max = max, .what = what, .ca = ca};
    const bool is_url = strstr(from, "://") != NULL;
    bool is_ok = s.bytes != NULL;
    if (is_ok && is_url && strncmp(from, "https://", 8) != 0) {
        fail(from, "only https is taken", f);
        is_ok = false;
    } else if (is_ok) {
        is_ok = is_url ? get_url(from, &s, f) : get_file(from, &s, f);
    }
    if (!is_ok) {
        free(s.bytes);
        return NULL;
    }
    *len = s.len;
    return s.bytes;
}
