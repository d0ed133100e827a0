// SPDX-License-Identifier: Apache-2.0
// URLs as a client needs them.
#include <string.h>

#include "limpet/fmt.h"
#include "limpet/http_client.h"

enum { HTTP_PORT = 80, HTTPS_PORT = 443, PORT_DIGITS = 5 };

// What may stand in a URL at all: no line ends, no spaces, nothing beyond ASCII. RFC 3986, 2
static bool is_clean(const char *text)
{
    for (; *text != '\0'; text++) {
        const unsigned char c = (unsigned char)*text;
        if (c <= ' ' || c >= 0x7F || strchr("\"<>\\^`{|}", c) != NULL) {
            return false;
        }
    }
    return true;
}

static bool is_host_char(char c, bool is_v6)
{
    const bool is_digit = c >= '0' && c <= '9';
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return is_v6 ? is_digit || is_letter || c == ':' || c == '.'
                 : is_digit || is_letter || c == '.' || c == '-' || c == '_';
}

static lp_err_t take_host(const char **text, lp_http_url_t *url)
{
    const bool is_v6 = **text == '[';
    const char *p = *text + (is_v6 ? 1 : 0);
    size_t len = 0;
    while (is_host_char(p[len], is_v6)) {
        len++;
    }
    if (len == 0 || len >= sizeof url->host || (is_v6 && p[len] != ']')) {
        return LP_E_INVALID;
    }
    memcpy(url->host, p, len);
    url->host[len] = '\0';
    *text = p + len + (is_v6 ? 1 : 0);
    return LP_OK;
}

static lp_err_t take_port(const char **text, lp_http_url_t *url)
{
    uint32_t port = 0;
    int digits = 0;
    url->port = url->is_secure ? HTTPS_PORT : HTTP_PORT;
    if (**text != ':') {
        return LP_OK;
    }
    for ((*text)++; **text >= '0' && **text <= '9' && digits <= PORT_DIGITS; (*text)++) {
        port = port * 10 + (uint32_t)(**text - '0');
        digits++;
    }
    if (digits == 0 || digits > PORT_DIGITS || port == 0 || port > UINT16_MAX) {
        return LP_E_INVALID;
    }
    url->port = (uint16_t)port;
    return LP_OK;
}

static lp_err_t take_path(const char *text, lp_http_url_t *url)
{
    const size_t len = strcspn(text, "#");
    const char *slash = text[0] == '/' ? "" : "/";
    if (text[0] != '\0' && strchr("/?#", text[0]) == NULL) {
        return LP_E_INVALID; // "http://host@elsewhere/", "http://host:80x"
    }
    if (strlen(slash) + len >= sizeof url->path) {
        return LP_E_INVALID;
    }
    const size_t at = strlen(slash);
    memcpy(url->path, slash, at);
    memcpy(url->path + at, text, len);
    url->path[at + len] = '\0';
    return LP_OK;
}

static bool has_prefix(const char *text, const char *prefix)
{
    const size_t len = strlen(prefix);
    return strlen(text) >= len && lp_http_equal_ci(lp_span(text, len), prefix);
}

lp_err_t lp_http_url_parse(const char *text, lp_http_url_t *url)
{
    lp_http_url_t out;
    memset(&out, 0, sizeof out);
    out.is_secure = has_prefix(text, "https://");
    if ((!out.is_secure && !has_prefix(text, "http://")) || !is_clean(text)) {
        return LP_E_INVALID;
    }
    text += out.is_secure ? 8 : 7;
    lp_err_t err = take_host(&text, &out);
    if (err == LP_OK) {
        err = take_port(&text, &out);
    }
    if (err == LP_OK) {
        err = take_path(text, &out);
    }
    if (err == LP_OK) {
        *url = out;
    }
    return err;
}

// RFC 3986, 5.2, without taking dots out of paths: servers do that.
lp_err_t lp_http_url_follow(const lp_http_url_t *url, const char *location, lp_http_url_t *next)
{
    char text[LP_HTTP_LINE_MAX + 8];
    lp_http_url_t out = *url;
    if (has_prefix(location, "http://") || has_prefix(location, "https://")) {
        return lp_http_url_parse(location, next);
    }
    if (location[0] == '/' && location[1] == '/') {
        const char *scheme = url->is_secure ? "https:" : "http:";
        const lp_err_t err = lp_fmt_str(text, sizeof text, "%s%s", scheme, location);
        return err == LP_OK ? lp_http_url_parse(text, next) : LP_E_INVALID;
    }
    if (location[0] == '\0' || !is_clean(location) ||
        strcspn(location, ":") < strcspn(location, "/?#")) {
        return LP_E_INVALID; // nothing, or "javascript:" and its like
    }
    const size_t query = strcspn(url->path, "?");
    size_t keep = 0;
    if (location[0] == '?') {
        keep = query;
    } else if (location[0] != '/') {
        for (size_t i = 0; i < query; i++) {
            keep = url->path[i] == '/' ? i + 1 : keep;
        }
    }
    const size_t len = strcspn(location, "#");
    if (keep + len >= sizeof out.path) {
        return LP_E_INVALID;
    }
    memcpy(out.path + keep, location, len);
    out.path[keep + len] = '\0';
    *next = out;
    return LP_OK;
}
