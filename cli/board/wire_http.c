// SPDX-License-Identifier: Apache-2.0
// A frame is the body of POST /rpc, its answer the body of the response.
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limpet/rpc_frame.h"
#include "wire.h"

enum { CONNECT_MS = 5000, CALL_MS = 60000 };

typedef struct {
    lp_wire_t base; // must stay first
    CURL *curl;
    struct curl_slist *fields;
    char *answer; // not fetched yet
    size_t len;
    bool is_gone;
} http_t;

static size_t on_body(char *data, size_t size, size_t n, void *ctx)
{
    http_t *h = ctx;
    size_t len = size * n;
    if (len > LP_RPC_MAX_LINE - h->len) {
        return 0;
    }
    char *bigger = realloc(h->answer, h->len + len + 1);
    if (bigger == NULL) {
        return 0;
    }
    memcpy(bigger + h->len, data, len);
    h->answer = bigger;
    h->len += len;
    h->answer[h->len] = '\0';
    return len;
}

static int on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)ctx;
    (void)a;
    (void)b;
    (void)c;
    (void)d;
    return lp_interrupt_seen() ? 1 : 0;
}

static void forget_answer(http_t *h)
{
    free(h->answer);
    h->answer = NULL;
    h->len = 0;
}

static bool http_send(lp_wire_t *w, const char *frame, size_t len)
{
    http_t *h = (http_t *)w;
    forget_answer(h);
    curl_easy_setopt(h->curl, CURLOPT_POSTFIELDS, frame);
    curl_easy_setopt(h->curl, CURLOPT_POSTFIELDSIZE, (long)len);
    CURLcode rc = curl_easy_perform(h->curl);
    if (rc != CURLE_OK) {
        snprintf(w->trouble, sizeof w->trouble, "%s", curl_easy_strerror(rc));
        forget_answer(h);
        h->is_gone = true;
        return false;
    }
    long status = 0;
    curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
    if (h->answer == NULL || (status != 200 && status != 401 && status != 429)) {
        snprintf(w->trouble, sizeof w->trouble, "it answered with HTTP status %ld", status);
        forget_answer(h);
        h->is_gone = true;
    }
    return !h->is_gone;
}

static char *http_receive(lp_wire_t *w, uint64_t deadline_ms, bool *is_gone)
{
    http_t *h = (http_t *)w;
    char *answer = h->answer;
    (void)deadline_ms; // the answer came with the request, or it does not come
    h->answer = NULL;
    h->len = 0;
    *is_gone = answer == NULL;
    return answer;
}

static void http_close(lp_wire_t *w)
{
    http_t *h = (http_t *)w;
    forget_answer(h);
    curl_easy_cleanup(h->curl);
    curl_slist_free_all(h->fields);
    free(h);
}

static const lp_wire_ops_t ops = {.send = http_send, .receive = http_receive, .close = http_close};

// "http://host:port" is enough; the path is always the same.
static bool make_url(const char *url, char *full, size_t cap)
{
    const char *host = strstr(url, "://") + 3;
    size_t host_len = strcspn(host, "/");
    const char *path =
        host[host_len] == '\0' || strcmp(host + host_len, "/") == 0 ? "/rpc" : host + host_len;
    int n = snprintf(full, cap, "%.*s%s", (int)(host - url + (long)host_len), url, path);
    return host_len > 0 && n > 0 && (size_t)n < cap;
}

static void set_up(http_t *h, const char *url)
{
    const char *ca = getenv("LIMPET_CA");
    const char *pin = getenv("LIMPET_PIN");
    curl_easy_setopt(h->curl, CURLOPT_URL, url);
    curl_easy_setopt(h->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, h->fields);
    curl_easy_setopt(h->curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(h->curl, CURLOPT_WRITEDATA, h);
    curl_easy_setopt(h->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(h->curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(h->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(h->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(h->curl, CURLOPT_TIMEOUT_MS, (long)CALL_MS);
    curl_easy_setopt(h->curl, CURLOPT_PROXY, "");
    if (ca != NULL && ca[0] != '\0') {
        curl_easy_setopt(h->curl, CURLOPT_CAINFO, ca);
    }
    // A board's certificate is often for no name at all; then its key says who it is.
    if (pin != NULL && pin[0] != '\0') {
        curl_easy_setopt(h->curl, CURLOPT_PINNEDPUBLICKEY, pin);
        curl_easy_setopt(h->curl, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(h->curl, CURLOPT_SSL_VERIFYHOST, 0L);
    }
}

lp_exit_t lp_wire_open_http(const char *url, lp_wire_t **wire, lp_fault_t *f)
{
    char full[400];
    if (!make_url(url, full, sizeof full)) {
        lp_fault_set(f, LP_EXIT_USAGE, "usage", "%.100s is not http://host:port", url);
        return f->exit;
    }
    http_t *h = calloc(1, sizeof *h);
    if (h != NULL) {
        h->base.ops = &ops;
        h->curl = curl_easy_init();
        h->fields = curl_slist_append(NULL, "Content-Type: application/json");
    }
    if (h == NULL || h->curl == NULL || h->fields == NULL) {
        if (h != NULL) {
            http_close(&h->base);
        }
        return lp_fault_set(f, LP_EXIT_LOCAL, "no-memory", "out of memory");
    }
    set_up(h, full);
    *wire = &h->base;
    return LP_EXIT_OK;
}
