// SPDX-License-Identifier: Apache-2.0
#include "limpet/http_fields.h"

#include <string.h>

#include "limpet/fmt.h"

enum { HTTP_PORT = 80, HTTPS_PORT = 443 };

bool lp_http_is_field_value(const char *value)
{
    for (; *value != '\0'; value++) {
        const unsigned char c = (unsigned char)*value;
        if ((c < ' ' && c != '\t') || c == 0x7F) {
            return false;
        }
    }
    return true;
}

// RFC 9110, 5.6.2
bool lp_http_is_field_name(const char *name)
{
    static const char token[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "!#$%&'*+-.^_`|~";
    const char *p = name;
    while (*p != '\0' && strchr(token, *p) != NULL) {
        p++;
    }
    return p > name && *p == '\0';
}

bool lp_http_is_free_field(const char *name)
{
    static const char *const ours[] = {"host",       "content-length", "transfer-encoding",
                                       "connection", "expect",         "upgrade"};
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        if (lp_http_equal_ci(lp_span_str(name), ours[i])) {
            return false;
        }
    }
    return lp_http_is_field_name(name);
}

lp_err_t lp_http_put_host(const lp_http_url_t *url, lp_buf_t *out)
{
    const bool is_v6 = strchr(url->host, ':') != NULL;
    const lp_err_t err = lp_fmt(out, "Host: %s%s%s", is_v6 ? "[" : "", url->host, is_v6 ? "]" : "");
    const bool is_usual = url->port == (url->is_secure ? HTTPS_PORT : HTTP_PORT);
    return err != LP_OK || is_usual ? err : lp_fmt(out, ":%u", (unsigned)url->port);
}
