// SPDX-License-Identifier: Apache-2.0
// One call: tries, waits, tries again, and says in one fault what came of it.
//
//   send --> whole 2xx answer, parses      OK
//        --> 404 / 409                     NOT_FOUND / CONFLICT
//        --> throttled, never sent         again after a wait; it did not happen
//        --> 5xx, broken off, timed out,
//            2xx that does not parse       again, unless is_once: UNKNOWN
//        --> any other error               FAILED
#include <cjson/cJSON.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "http.h"
#include "limpet/aws.h"

enum { CLOCK_TOLERANCE_S = 240, WAIT_SLICE_MS = 100 };

// How one try ended.
typedef enum {
    TRY_OK,
    TRY_FINAL,    // no use trying again
    TRY_NOT_DONE, // surely did not happen: safe to try again
    TRY_UNKNOWN,  // may have happened
} try_end_t;

typedef struct {
    const lp_aws_config_t *config;
    const lp_aws_request_t *request;
    lp_http_answer_t answer;
    lp_aws_error_t error;
    lp_aws_result_t result;
    cJSON *tree;
    int tries;
    uint64_t start_ms;
    bool is_redated; // the clock was corrected in this call
} call_t;

// How far the servers' clock is ahead of this computer's, learnt from a refusal: all requests of
// this process are dated with it.
static int64_t server_ahead_s;

int64_t lp_aws_now_s(void)
{
    return (int64_t)time(NULL) + server_ahead_s;
}

static const char *cloud_name(const lp_aws_config_t *config)
{
    return config->is_custom ? config->endpoint_url : "AWS";
}

static lp_exit_t fail_network(call_t *c, lp_fault_t *f)
{
    const char *text =
        c->answer.curl_text[0] != '\0' ? c->answer.curl_text : curl_easy_strerror(c->answer.curl);
    if (lp_interrupt_seen()) {
        return lp_fault_interrupted(f);
    }
    if (c->answer.curl == CURLE_PEER_FAILED_VERIFICATION ||
        c->answer.curl == CURLE_SSL_CONNECT_ERROR || c->answer.curl == CURLE_SSL_CACERT_BADFILE) {
        lp_fault_set(f, LP_EXIT_NETWORK, "cloud-tls", "no trusted connection to %s",
                     c->request->base_url);
        lp_fault_why(f, "%s", text);
        lp_fault_next(f, "for a cloud with a CA of its own give --ca-bundle FILE; "
                         "check this computer's date");
        return f->exit;
    }
    if (c->answer.proxy_status >= 300) {
        lp_fault_set(f, LP_EXIT_NETWORK, "cloud-unreachable", "the proxy does not let %s through",
                     c->request->base_url);
        lp_fault_why(f, "it answered with status %ld", c->answer.proxy_status);
        lp_fault_next(f, "%s",
                      c->answer.proxy_status == 407
                          ? "set HTTPS_PROXY=http://user:password@host:port in the environment"
                          : "ask who runs it to allow this address, or set NO_PROXY");
        return f->exit;
    }
    bool is_reached = !c->answer.is_unsent;
    lp_fault_set(f, LP_EXIT_NETWORK, is_reached ? "cloud-broken-off" : "cloud-unreachable",
                 is_reached ? "%s broke off in the middle of %s" : "%s cannot be reached for %s",
                 c->request->base_url, c->request->action);
    lp_fault_why(f, "%s (%d tries)", text, c->tries);
    lp_fault_next(f, c->config->is_custom
                         ? "is the cloud running? limpet cloud status; then run this again"
                         : "check the network and the region, then run the same command again");
    return f->exit;
}

static lp_exit_t fail_garbage(call_t *c, lp_fault_t *f)
{
    lp_fault_set(f, LP_EXIT_CLOUD, "cloud-garbage",
                 "%s answered %s with something that makes no sense", cloud_name(c->config),
                 c->request->action);
    if (c->answer.is_too_long) {
        lp_fault_why(f, "status %ld and more than %d KB", c->answer.status,
                     LP_AWS_MAX_ANSWER / 1024);
    } else {
        lp_fault_why(f, "status %ld, %zu bytes that are not a JSON object: \"%.40s\"",
                     c->answer.status, c->answer.len, c->answer.body != NULL ? c->answer.body : "");
    }
    lp_fault_next(f, "is there a proxy or another service at %s? then run this again",
                  c->request->base_url);
    return f->exit;
}

// Names what the server said, as the reason of a fault.
static void add_server_words(const call_t *c, lp_fault_t *f)
{
    lp_fault_why(f, "%s: %s%s%s (status %ld)", c->request->action,
                 c->error.type[0] != '\0' ? c->error.type : "no error name",
                 c->error.message[0] != '\0' ? ": " : "", c->error.message, c->answer.status);
}

static int64_t clock_ahead_s(const call_t *c)
{
    return c->answer.date_utc_s != 0 ? lp_aws_now_s() - c->answer.date_utc_s : 0;
}

static bool is_skewed(int64_t ahead_s)
{
    return ahead_s > CLOCK_TOLERANCE_S || ahead_s < -CLOCK_TOLERANCE_S;
}

static void fail_clock(const call_t *c, lp_fault_t *f)
{
    int64_t ahead = clock_ahead_s(c);
    lp_fault_set(f, LP_EXIT_LOCAL, "clock-wrong", "this computer's clock is wrong");
    if (ahead != 0) {
        lp_fault_why(f, "it is %lld s %s of %s, which accepts 300 s",
                     (long long)(ahead > 0 ? ahead : -ahead), ahead > 0 ? "ahead" : "behind",
                     cloud_name(c->config));
    }
    add_server_words(c, f);
    lp_fault_next(f, "set the clock (timedatectl set-ntp true), then run the same command again");
}

// The server says what time it is, and its word came over TLS (or from this computer): one try
// more, dated by it.
static try_end_t correct_clock(call_t *c, lp_fault_t *f)
{
    int64_t ahead = clock_ahead_s(c);
    fail_clock(c, f);
    if (c->is_redated || !is_skewed(ahead)) {
        return TRY_FINAL;
    }
    if (server_ahead_s == 0) {
        lp_ui_warn("this computer's clock is %lld s %s; requests are dated by %s's",
                   (long long)(ahead > 0 ? ahead : -ahead), ahead > 0 ? "ahead" : "behind",
                   cloud_name(c->config));
    }
    server_ahead_s -= ahead;
    c->is_redated = true;
    return TRY_NOT_DONE;
}

static void fail_credentials(const call_t *c, lp_aws_error_kind_t kind, lp_fault_t *f)
{
    const char *source = c->config->credentials.source;
    if (kind == LP_AWS_ERROR_EXPIRED) {
        lp_fault_set(f, LP_EXIT_CREDENTIALS, "aws-expired", "the credentials have expired (%s)",
                     source);
        add_server_words(c, f);
        lp_fault_next(
            f, "log in again (aws sso login, or what your company uses), then run this again");
    } else if (kind == LP_AWS_ERROR_DENIED) {
        lp_fault_set(f, LP_EXIT_CREDENTIALS, "aws-denied",
                     "%s does not allow %s:%s with these credentials", cloud_name(c->config),
                     strcmp(c->request->service, "sts") == 0 ? "sts" : "iot", c->request->action);
        add_server_words(c, f);
        lp_fault_next(f, "ask for that permission, or use another profile (--aws-profile); "
                         "the list is in docs/aws-iot-setup.md");
    } else {
        lp_fault_set(f, LP_EXIT_CREDENTIALS, "aws-credentials",
                     "%s does not accept the credentials (%s)", cloud_name(c->config), source);
        add_server_words(c, f);
        lp_fault_next(f, "check the key and its secret, or choose a profile with --aws-profile");
    }
}

static void fail_throttled(const call_t *c, lp_fault_t *f)
{
    lp_fault_set(f, LP_EXIT_CLOUD, "aws-throttled", "%s is refusing %s: too many requests",
                 cloud_name(c->config), c->request->action);
    lp_fault_why(f, "waited %llu s over %d tries",
                 (unsigned long long)((lp_ui_now_ms() - c->start_ms) / 1000u), c->tries);
    lp_fault_next(f, "wait a minute and run the same command again; it goes on where it stopped");
}

static void fail_other(const call_t *c, lp_fault_t *f)
{
    if (c->answer.status >= 500) {
        lp_fault_set(f, LP_EXIT_CLOUD, "cloud-unavailable", "%s has trouble: %s failed %d times",
                     cloud_name(c->config), c->request->action, c->tries);
        add_server_words(c, f);
        lp_fault_next(f,
                      "wait a minute and run the same command again; it goes on where it stopped");
        return;
    }
    lp_fault_set(f, LP_EXIT_CLOUD, "cloud-refused", "%s refused %s", cloud_name(c->config),
                 c->request->action);
    add_server_words(c, f);
}

static void fail_limit(const call_t *c, lp_fault_t *f)
{
    lp_fault_set(f, LP_EXIT_CLOUD, "aws-limit", "%s has reached a limit of the account",
                 c->request->action);
    add_server_words(c, f);
    lp_fault_next(f, "remove what is no longer needed, or ask AWS for a higher quota");
}

static void fail_found_or_not(call_t *c, lp_aws_error_kind_t kind, lp_fault_t *f)
{
    bool is_missing = kind == LP_AWS_ERROR_MISSING;
    c->result = is_missing ? LP_AWS_NOT_FOUND : LP_AWS_CONFLICT;
    lp_fault_set(f, is_missing ? LP_EXIT_CLOUD : LP_EXIT_CONFLICT,
                 is_missing ? "cloud-not-found" : "cloud-conflict", "%s: %s", c->request->action,
                 is_missing ? "there is no such thing in the cloud"
                            : "something of that name exists and is different");
    add_server_words(c, f);
}

// A whole answer that is not 2xx.
static try_end_t judge_error(call_t *c, lp_fault_t *f)
{
    lp_aws_error_parse(c->answer.error_type, c->answer.body, c->answer.len, &c->error);
    lp_aws_error_kind_t kind = lp_aws_error_kind(c->answer.status, &c->error);
    bool is_clock = kind == LP_AWS_ERROR_CREDENTIALS && is_skewed(clock_ahead_s(c));
    if (kind == LP_AWS_ERROR_CLOCK || is_clock) {
        return correct_clock(c, f);
    }
    switch (kind) {
    case LP_AWS_ERROR_THROTTLED:
        fail_throttled(c, f);
        return TRY_NOT_DONE;
    case LP_AWS_ERROR_CREDENTIALS:
    case LP_AWS_ERROR_EXPIRED:
    case LP_AWS_ERROR_DENIED:
        fail_credentials(c, kind, f);
        return TRY_FINAL;
    case LP_AWS_ERROR_LIMIT:
        fail_limit(c, f);
        return TRY_FINAL;
    case LP_AWS_ERROR_MISSING:
    case LP_AWS_ERROR_CONFLICT:
        // An HTML page with status 404 is another server, not a thing that is missing.
        if (c->error.type[0] == '\0') {
            fail_garbage(c, f);
            return TRY_FINAL;
        }
        fail_found_or_not(c, kind, f);
        return TRY_FINAL;
    case LP_AWS_ERROR_OTHER:
    case LP_AWS_ERROR_CLOCK:
        break;
    }
    fail_other(c, f);
    return c->answer.status >= 500 ? TRY_UNKNOWN : TRY_FINAL;
}

static cJSON *parse_good(const call_t *c)
{
    if (c->request->is_form) {
        return cJSON_CreateString(c->answer.body != NULL ? c->answer.body : "");
    }
    return lp_aws_body_parse(c->answer.body != NULL ? c->answer.body : "", c->answer.len);
}

static try_end_t judge(call_t *c, lp_fault_t *f)
{
    if (c->answer.is_too_long) {
        fail_garbage(c, f);
        return c->request->is_once ? TRY_UNKNOWN : TRY_FINAL;
    }
    if (c->answer.curl != CURLE_OK) {
        fail_network(c, f);
        if (lp_interrupt_seen()) {
            return c->answer.is_unsent || !c->request->is_once ? TRY_FINAL : TRY_UNKNOWN;
        }
        bool is_tls = strcmp(f->code, "cloud-tls") == 0;
        return is_tls ? TRY_FINAL : c->answer.is_unsent ? TRY_NOT_DONE : TRY_UNKNOWN;
    }
    if (c->answer.status < 200 || c->answer.status > 299) {
        return judge_error(c, f);
    }
    c->tree = parse_good(c);
    if (c->tree == NULL) {
        fail_garbage(c, f);
        return TRY_UNKNOWN;
    }
    return TRY_OK;
}

// Full jitter: anything between nothing and the doubled bound. False: Ctrl-C.
static bool wait_before(const lp_aws_config_t *config, int try_number)
{
    uint32_t random = 0;
    uint64_t bound = (uint64_t)config->retry_base_ms << (try_number < 16 ? try_number : 16);
    if (bound > (uint64_t)config->retry_cap_ms) {
        bound = (uint64_t)config->retry_cap_ms;
    }
    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random) {
        random = 0x80000000u;
    }
    uint64_t until = lp_ui_now_ms() + bound * random / UINT32_MAX;
    while (!lp_interrupt_seen() && lp_ui_now_ms() < until) {
        uint64_t left = until - lp_ui_now_ms();
        poll(NULL, 0, left < WAIT_SLICE_MS ? (int)left : WAIT_SLICE_MS);
    }
    return !lp_interrupt_seen();
}

static try_end_t try_until_done(call_t *c, lp_fault_t *f)
{
    for (;;) {
        c->tries++;
        lp_ui_detail("%s %s%s%s", c->request->action, c->request->method, " ", c->request->path);
        lp_http_send(c->config, c->request, server_ahead_s, &c->answer);
        try_end_t end = judge(c, f);
        lp_http_answer_deinit(&c->answer);
        bool may_repeat = end == TRY_NOT_DONE || (end == TRY_UNKNOWN && !c->request->is_once);
        if (!may_repeat || c->tries >= c->config->max_tries) {
            return end;
        }
        lp_ui_detail("%s; trying again", f->what);
        if (!wait_before(c->config, c->tries)) {
            lp_fault_interrupted(f);
            return TRY_FINAL;
        }
    }
}

lp_aws_result_t lp_aws_call(const lp_aws_config_t *config, const lp_aws_request_t *request,
                            struct cJSON **answer, lp_fault_t *f)
{
    call_t c = {
        .config = config, .request = request, .result = LP_AWS_FAILED, .start_ms = lp_ui_now_ms()};
    try_end_t end = try_until_done(&c, f);
    if (end == TRY_UNKNOWN && request->is_once) {
        return LP_AWS_UNKNOWN;
    }
    if (end != TRY_OK) {
        return c.result;
    }
    if (answer != NULL) {
        *answer = c.tree;
    } else {
        cJSON_Delete(c.tree);
    }
    return LP_AWS_OK;
}
