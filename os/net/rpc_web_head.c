// SPDX-License-Identifier: Apache-2.0
// What a request asks for, and whether a browser was made to send it.
#include <string.h>

#include "rpc_web_internal.h"

static const char prefix[] = "/rpc";

void lp_web_forget_head(lp_rpc_web_t *web)
{
    web->target[0] = '\0';
    lp_wipe(web->auth, sizeof web->auth);
    web->host_[0] = '\0';
    web->origin_[0] = '\0';
    web->wishes_ = 0;
    web->has_start_ = false;
    lp_sha256_init(&web->hash_);
}

// false: too long. An empty text is not there.
static bool keep(char *dst, size_t cap, lp_span_t text)
{
    if (text.len >= cap) {
        return false;
    }
    if (text.len > 0) {
        memcpy(dst, text.ptr, text.len);
    }
    dst[text.len] = '\0';
    return true;
}

static bool is_method_name(lp_span_t name)
{
    for (size_t i = 0; i < name.len; i++) {
        const uint8_t c = name.ptr[i];
        const bool is_fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                             (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
        if (!is_fine) {
            return false;
        }
    }
    return name.len > 0;
}

void lp_web_take_line(lp_rpc_web_t *web)
{
    const lp_http_request_t *r = &web->in_.http;
    const size_t len = sizeof prefix - 1;
    web->wishes_ |= lp_span_equal_str(r->method, "POST") ? WISH_POST : 0;
    web->wishes_ |= lp_span_equal_str(r->method, "GET") ? WISH_GET : 0;
    if (!keep(web->target, sizeof web->target, r->target)) {
        return; // no such place
    }
    if (lp_span_equal_str(r->target, prefix)) {
        web->wishes_ |= WISH_FRAME;
    } else if (r->target.len > len + 1 && memcmp(r->target.ptr, "/rpc/", len + 1) == 0 &&
               is_method_name(lp_span(r->target.ptr + len + 1, r->target.len - len - 1))) {
        web->wishes_ |= WISH_METHOD;
    }
}

static void take_ws_key(lp_rpc_web_t *web, lp_span_t key)
{
    web->wishes_ |= lp_ws_accept(key, web->ws_accept_) == LP_OK ? WISH_KEY : 0;
}

// What does not fit is as good as wrong.
static void keep_or_spoil(char *dst, size_t cap, lp_span_t text)
{
    if (text.len == 0 || !keep(dst, cap, text)) {
        memcpy(dst, "?", 2);
    }
}

void lp_web_take_field(lp_rpc_web_t *web)
{
    const lp_http_request_t *r = &web->in_.http;
    switch (r->field) {
    case LP_HTTP_HOST:
        keep_or_spoil(web->host_, sizeof web->host_, r->value);
        break;
    case LP_HTTP_ORIGIN:
        keep_or_spoil(web->origin_, sizeof web->origin_, r->value);
        break;
    case LP_HTTP_AUTHORIZATION:
        keep_or_spoil(web->auth, sizeof web->auth, r->value);
        break;
    case LP_HTTP_UPGRADE:
        web->wishes_ |= lp_http_has_word(r->value, "websocket") ? WISH_UPGRADE : 0;
        break;
    case LP_HTTP_WS_VERSION:
        web->wishes_ |= lp_span_equal_str(r->value, "13") ? WISH_VERSION : 0;
        break;
    case LP_HTTP_WS_KEY:
        take_ws_key(web, r->value);
        break;
    case LP_HTTP_EXPECT:
        web->wishes_ |= WISH_EXPECT;
        break;
    case LP_HTTP_SEC_FETCH_SITE:
        if (!lp_span_equal_str(r->value, "same-origin") && !lp_span_equal_str(r->value, "none")) {
            web->wishes_ |= WISH_CROSS_SITE;
        }
        break;
    case LP_HTTP_CONTENT_LENGTH:
    case LP_HTTP_TRANSFER_ENCODING:
    case LP_HTTP_CONTENT_TYPE:
    case LP_HTTP_CONNECTION:
    case LP_HTTP_OTHER:
        break;
    }
}

// RFC 6454, 7: scheme://host[:port], which a browser sets and a page cannot.
static bool is_same_origin(const lp_rpc_web_t *web)
{
    const char *scheme = web->owner_.is_secure ? "https://" : "http://";
    const size_t len = strlen(scheme);
    return strncmp(web->origin_, scheme, len) == 0 && strcmp(web->origin_ + len, web->host_) == 0;
}

static unsigned judge_upgrade(const lp_rpc_web_t *web)
{
    const unsigned w = web->wishes_;
    if ((w & WISH_FRAME) == 0) {
        return 404;
    }
    if ((w & WISH_UPGRADE) == 0 || !web->in_.http.is_upgrade) {
        return 405;
    }
    if ((w & WISH_VERSION) == 0) {
        return 426;
    }
    return (w & WISH_KEY) != 0 && web->in_.http.length == 0 ? 0 : 400;
}

unsigned lp_web_judge(lp_rpc_web_t *web)
{
    const unsigned w = web->wishes_;
    // A name that somebody else pointed at this board brings a page of theirs with it.
    if (!web->owner_.is_host_ours(web->owner_.ctx, lp_span_str(web->host_))) {
        return 421;
    }
    if ((w & WISH_CROSS_SITE) != 0 || (web->origin_[0] != '\0' && !is_same_origin(web))) {
        return 403;
    }
    if ((w & WISH_EXPECT) != 0) {
        return 417;
    }
    if ((w & WISH_GET) != 0) {
        return judge_upgrade(web);
    }
    if ((w & (WISH_FRAME | WISH_METHOD)) == 0) {
        return 404;
    }
    return (w & WISH_POST) != 0 ? 0 : 405;
}
