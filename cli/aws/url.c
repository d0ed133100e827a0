// SPDX-License-Identifier: Apache-2.0
// The little of URLs that a client of one service needs.
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "limpet/aws.h"

bool lp_aws_encode(char *out, size_t cap, const char *in)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t n = 0;
    for (const unsigned char *p = (const unsigned char *)in; *p != '\0'; p++) {
        bool is_plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
                        (*p >= '0' && *p <= '9') || strchr("-_.~", *p) != NULL;
        if (n + (is_plain ? 1u : 3u) >= cap) {
            return false;
        }
        if (is_plain) {
            out[n++] = (char)*p;
        } else {
            out[n++] = '%';
            out[n++] = hex[*p >> 4];
            out[n++] = hex[*p & 15u];
        }
    }
    out[n] = '\0';
    return cap > 0;
}

static bool is_host_char(char c)
{
    return isalnum((unsigned char)c) || strchr("-._:[]", c) != NULL;
}

bool lp_aws_base_url(char *out, size_t cap, const char *url)
{
    size_t scheme = strncmp(url, "https://", 8) == 0 ? 8 : strncmp(url, "http://", 7) == 0 ? 7 : 0;
    size_t n = scheme;
    while (scheme > 0 && url[n] != '\0' && is_host_char(url[n])) {
        n++;
    }
    bool is_end = url[n] == '\0' || (url[n] == '/' && url[n + 1] == '\0');
    if (scheme == 0 || n == scheme || !is_end || n >= cap) {
        return false;
    }
    memcpy(out, url, n);
    out[n] = '\0';
    return true;
}

bool lp_aws_is_loopback(const char *base_url)
{
    const char *host = strstr(base_url, "://");
    host = host != NULL ? host + 3 : base_url;
    return strncmp(host, "127.", 4) == 0 || strncmp(host, "[::1]", 5) == 0 ||
           (strncmp(host, "localhost", 9) == 0 && (host[9] == '\0' || host[9] == ':'));
}
