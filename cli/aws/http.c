// SPDX-License-Identifier: Apache-2.0
// libcurl: signing, TLS, bounds, Ctrl-C.
#include "http.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { CONNECT_MS = 10000, MAX_URL = 2048 };

// libcurl keeps copies of the secret key; whatever it frees is wiped first.
static void wiping_free(void *p)
{
    if (p != NULL) {
        explicit_bzero(p, malloc_usable_size(p));
        free(p);
    }
}

static void *wiping_realloc(void *p, size_t size)
{
    void *bigger = malloc(size);
    if (bigger != NULL && p != NULL) {
        size_t old = malloc_usable_size(p);
        memcpy(bigger, p, old < size ? old : size);
        wiping_free(p);
    }
    return bigger;
}

static bool start_curl(void)
{
    static bool is_started;
    if (!is_started) {
        is_started = curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, wiping_free, wiping_realloc,
                                          strdup, calloc) == CURLE_OK;
    }
    return is_started;
}

static size_t on_body(char *data, size_t size, size_t n, void *ctx)
{
    lp_http_answer_t *a = ctx;
    size_t len = size * n;
    if (len > LP_AWS_MAX_ANSWER || a->len > LP_AWS_MAX_ANSWER - len) {
        a->is_too_long = true;
        return 0;
    }
    char *bigger = realloc(a->body, a->len + len + 1);
    if (bigger == NULL) {
        return 0;
    }
    memcpy(bigger + a->len, data, len);
    a->body = bigger;
    a->len += len;
    a->body[a->len] = '\0';
    return len;
}

// The value of `name` when the header line is that header, copied and trimmed.
static bool header_value(const char *line, size_t len, const char *name, char *out, size_t cap)
{
    size_t n = strlen(name);
    if (len <= n || strncasecmp(line, name, n) != 0 || line[n] != ':') {
        return false;
    }
    const char *p = line + n + 1;
    const char *end = line + len;
    while (p < end && (*p == ' ' || *p == '\t')) {
        p++;
    }
    while (end > p && (end[-1] == '\r' || end[-1] == '\n' || end[-1] == ' ')) {
        end--;
    }
    snprintf(out, cap, "%.*s", (int)(end - p), p);
    return true;
}

static size_t on_header(char *data, size_t size, size_t n, void *ctx)
{
    lp_http_answer_t *a = ctx;
    char date[64];
    (void)header_value(data, size * n, "x-amzn-errortype", a->error_type, sizeof a->error_type);
    if (header_value(data, size * n, "date", date, sizeof date)) {
        time_t t = curl_getdate(date, NULL);
        a->date_utc_s = t > 0 ? (int64_t)t : 0;
    }
    return size * n;
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

// AWS wants the path of the signature encoded twice, the one on the wire once, and libcurl signs
// what is in the URL. All that needs encoding again in an encoded path is the percent sign.
static bool signing_url(char *out, size_t cap, const lp_aws_request_t *r)
{
    size_t n = (size_t)snprintf(out, cap, "%s", r->base_url);
    for (const char *p = r->path; *p != '\0' && n + 4 < cap; p++) {
        out[n++] = *p;
        if (*p == '%') {
            out[n++] = '2';
            out[n++] = '5';
        }
    }
    int rest =
        n < cap ? snprintf(out + n, cap - n, "%s%s", r->query[0] != '\0' ? "?" : "", r->query) : -1;
    return rest >= 0 && (size_t)rest < cap - n;
}

static struct curl_slist *add_header(struct curl_slist *list, const char *name, const char *value)
{
    char *line = NULL;
    if (asprintf(&line, "%s: %s", name, value) < 0) {
        return list;
    }
    struct curl_slist *longer = curl_slist_append(list, line);
    explicit_bzero(line, strlen(line));
    free(line);
    return longer != NULL ? longer : list;
}

static struct curl_slist *make_headers(const lp_aws_config_t *config, const lp_aws_request_t *r)
{
    struct curl_slist *list = add_header(NULL, "Accept", "application/json");
    if (r->body != NULL || strcmp(r->method, "GET") != 0) {
        list = add_header(list, "Content-Type",
                          r->is_form ? "application/x-www-form-urlencoded" : "application/json");
    }
    if (r->principal != NULL) {
        list = add_header(list, "x-amzn-principal", r->principal);
    }
    if (config->credentials.session_token != NULL) {
        list = add_header(list, "X-Amz-Security-Token", config->credentials.session_token);
    }
    return list;
}

// libcurl dates the request by this computer's clock unless it is given a date.
static struct curl_slist *add_date(struct curl_slist *list, int64_t ahead_s)
{
    time_t now = time(NULL) + (time_t)ahead_s;
    struct tm tm;
    char date[32];
    if (ahead_s == 0 || gmtime_r(&now, &tm) == NULL ||
        strftime(date, sizeof date, "%Y%m%dT%H%M%SZ", &tm) == 0) {
        return list;
    }
    return add_header(list, "X-Amz-Date", date);
}

static void set_request(CURL *curl, const lp_aws_request_t *r, const char *url, const char *target)
{
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_REQUEST_TARGET, target);
    bool has_body = r->body != NULL || strcmp(r->method, "POST") == 0 ||
                    strcmp(r->method, "PUT") == 0 || strcmp(r->method, "PATCH") == 0;
    if (has_body) {
        const char *body = r->body != NULL ? r->body : "";
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(body));
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    }
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, r->method);
}

static void set_signature(CURL *curl, const lp_aws_config_t *config, const char *service)
{
    char provider[160];
    snprintf(provider, sizeof provider, "aws:amz:%s:%s", config->region, service);
    curl_easy_setopt(curl, CURLOPT_AWS_SIGV4, provider);
    curl_easy_setopt(curl, CURLOPT_USERNAME, config->credentials.access_key_id);
    curl_easy_setopt(curl, CURLOPT_PASSWORD, config->credentials.secret_access_key);
}

static void set_transport(CURL *curl, const lp_aws_config_t *config, const char *base_url)
{
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)config->timeout_ms);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (config->ca_bundle[0] != '\0') {
        curl_easy_setopt(curl, CURLOPT_CAINFO, config->ca_bundle);
        curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
    }
    if (config->proxy[0] != '\0') {
        curl_easy_setopt(curl, CURLOPT_PROXY, config->proxy);
        curl_easy_setopt(curl, CURLOPT_NOPROXY, "");
    }
    if (lp_aws_is_loopback(base_url)) {
        curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    }
}

static void set_callbacks(CURL *curl, lp_http_answer_t *answer)
{
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, answer);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, answer->curl_text);
}

static bool is_unsent(CURLcode code)
{
    // -Wswitch-enum: the other hundred codes all mean that bytes may have gone out.
    return code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST ||
           code == CURLE_COULDNT_RESOLVE_PROXY || code == CURLE_SSL_CONNECT_ERROR ||
           code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
           code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL ||
           code == CURLE_OUT_OF_MEMORY;
}

static void perform(CURL *curl, lp_http_answer_t *answer)
{
    answer->curl = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->status);
    long connects_ms = 0;
    curl_easy_getinfo(curl, CURLINFO_REQUEST_SIZE, &connects_ms);
    curl_easy_getinfo(curl, CURLINFO_HTTP_CONNECTCODE, &answer->proxy_status);
    answer->is_unsent = is_unsent(answer->curl) || (answer->curl != CURLE_OK && connects_ms == 0);
    if (answer->curl != CURLE_OK && answer->proxy_status >= 300) {
        answer->is_unsent = true; // the proxy let nothing pass
    }
}

void lp_http_send(const lp_aws_config_t *config, const lp_aws_request_t *request, int64_t ahead_s,
                  lp_http_answer_t *answer)
{
    *answer = (lp_http_answer_t){.curl = CURLE_FAILED_INIT, .is_unsent = true};
    char url[MAX_URL];
    char target[MAX_URL];
    int n = snprintf(target, sizeof target, "%s%s%s", request->path,
                     request->query[0] != '\0' ? "?" : "", request->query);
    CURL *curl = start_curl() ? curl_easy_init() : NULL;
    if (curl == NULL || n >= (int)sizeof target || !signing_url(url, sizeof url, request)) {
        snprintf(answer->curl_text, sizeof answer->curl_text, "the request cannot be made");
        curl_easy_cleanup(curl);
        return;
    }
    struct curl_slist *headers = add_date(make_headers(config, request), ahead_s);
    set_request(curl, request, url, target);
    set_signature(curl, config, request->service);
    set_transport(curl, config, request->base_url);
    set_callbacks(curl, answer);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    perform(curl, answer);
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
}

void lp_http_answer_deinit(lp_http_answer_t *answer)
{
    free(answer->body);
    answer->body = NULL;
    answer->len = 0;
}
