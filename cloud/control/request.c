// SPDX-License-Identifier: Apache-2.0
#include <string.h>
#include <strings.h>

#include "limpet/http_request.h"

const char *lp_http_header(const lp_http_request_t *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++) {
        if (strcasecmp(request->header[i].name, name) == 0) {
            return request->header[i].value;
        }
    }
    return NULL;
}

static int digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

bool lp_http_decode(const char *text, size_t len, char *out, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        int c = (unsigned char)text[i];
        if (c == '%') {
            int high = len - i > 2 ? digit(text[i + 1]) : -1;
            int low = high >= 0 ? digit(text[i + 2]) : -1;
            if (low < 0) {
                return false;
            }
            c = high * 16 + low;
            i += 2;
        }
        if (c == 0 || n + 1 >= size) {
            return false;
        }
        out[n++] = (char)c;
    }
    out[n] = '\0';
    return true;
}

bool lp_http_query(const lp_http_request_t *request, const char *name, char *out, size_t size)
{
    const char *p = strchr(request->target, '?');
    while (p != NULL && *p != '\0') {
        p++;
        size_t len = strcspn(p, "&");
        const char *eq = memchr(p, '=', len);
        size_t name_len = eq != NULL ? (size_t)(eq - p) : len;
        char have[128];
        if (lp_http_decode(p, name_len, have, sizeof have) && strcmp(have, name) == 0) {
            const char *value = eq != NULL ? eq + 1 : p + len;
            return lp_http_decode(value, (size_t)(p + len - value), out, size);
        }
        p = p[len] != '\0' ? p + len : NULL;
    }
    return false;
}
