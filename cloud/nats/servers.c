// SPDX-License-Identifier: Apache-2.0
#include <openssl/crypto.h>
#include <string.h>
#include <strings.h>

#include "limpet/nats_access.h"

static const char letters_digits[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

static size_t span_of(const char *at, const char *more)
{
    size_t n = 0;
    while (at[n] != '\0' && (strchr(letters_digits, at[n]) || strchr(more, at[n]))) {
        n++;
    }
    return n;
}

// The octet at host[*at], which is moved behind it; -1: none, or written in another way than
// plainly.
static int take_octet(const char *host, size_t len, size_t *at)
{
    size_t digits = 0;
    int value = 0;
    while (*at < len && digits < 4 && host[*at] >= '0' && host[*at] <= '9') {
        value = value * 10 + (host[*at] - '0');
        *at += 1;
        digits++;
    }
    bool is_padded = digits > 1 && host[*at - digits] == '0';
    return digits == 0 || value > 255 || is_padded ? -1 : value;
}

// 127.0.0.0/8 in the dotted form; nothing that a resolver could read as something else.
static bool is_loopback_v4(const char *host, size_t len)
{
    size_t at = 0;
    for (int i = 0; i < 4; i++) {
        int octet = take_octet(host, len, &at);
        bool is_end = i == 3;
        if (octet < 0 || (i == 0 && octet != 127) || (at == len) != is_end ||
            (!is_end && host[at] != '.')) {
            return false;
        }
        at++;
    }
    return true;
}

static bool is_loopback(const char *host, size_t len)
{
    return (len == 9 && strncasecmp(host, "localhost", len) == 0) ||
           (len == 5 && strncmp(host, "[::1]", len) == 0) || is_loopback_v4(host, len);
}

// The length of the host at `at`, brackets included; 0: none.
static size_t host_len(const char *at)
{
    if (*at != '[') {
        return span_of(at, "-.");
    }
    size_t n = 1 + strspn(at + 1, "0123456789abcdefABCDEF:.");
    return n > 1 && at[n] == ']' ? n + 1 : 0;
}

static bool port_ok(const char *at)
{
    size_t n = strspn(at, "0123456789");
    unsigned value = 0;
    for (size_t i = 0; i < n && i < 6; i++) {
        value = value * 10 + (unsigned)(at[i] - '0');
    }
    return n > 0 && n < 6 && at[n] == '\0' && value > 0 && value <= 65535;
}

typedef struct {
    bool is_tls, has_user, is_near;
} server_t;

static bool read_server(const char *url, server_t *s)
{
    bool is_plain = strncmp(url, "nats://", 7) == 0;
    s->is_tls = strncmp(url, "tls://", 6) == 0;
    if (!is_plain && !s->is_tls) {
        return false;
    }
    const char *host = url + (is_plain ? 7 : 6);
    const char *at = strchr(host, '@');
    s->has_user = at != NULL;
    if (at != NULL) {
        // What has a meaning in an address is written as %XX in a password.
        if (at == host || host + span_of(host, "-._~!$&'()*+;=%:") != at) {
            return false;
        }
        host = at + 1;
    }
    size_t len = host_len(host);
    s->is_near = is_loopback(host, len);
    return len > 0 && (host[len] == '\0' || (host[len] == ':' && port_ok(host + len + 1)));
}

static bool add(lp_nats_servers_t *servers, const char *url, size_t len)
{
    server_t s = {0};
    if (servers->count >= LP_NATS_SERVERS_MAX || len == 0 || len >= LP_NATS_URL_SIZE) {
        return false;
    }
    char *own = servers->url[servers->count];
    memcpy(own, url, len);
    own[len] = '\0';
    if (!read_server(own, &s) || (servers->count > 0 && s.is_tls != servers->is_tls)) {
        OPENSSL_cleanse(own, LP_NATS_URL_SIZE);
        return false;
    }
    servers->count++;
    servers->is_tls = s.is_tls;
    servers->has_user = servers->has_user || s.has_user;
    servers->far_plain = !s.is_tls && !s.is_near ? own : servers->far_plain;
    return true;
}

bool lp_nats_servers_read(const char *list, lp_nats_servers_t *servers)
{
    *servers = (lp_nats_servers_t){0};
    bool ok = list != NULL;
    while (ok) {
        size_t len = strcspn(list, ",");
        ok = add(servers, list, len);
        if (list[len] == '\0') {
            break;
        }
        list += len + 1;
    }
    if (!ok) {
        lp_nats_servers_wipe(servers);
    }
    return ok;
}

void lp_nats_servers_wipe(lp_nats_servers_t *servers)
{
    OPENSSL_cleanse(servers, sizeof *servers);
}
