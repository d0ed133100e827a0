// SPDX-License-Identifier: Apache-2.0
#include "guard.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "limpet/hexline.h"

enum { MISDIRECTED = 421, FORBIDDEN = 403, NOT_FOUND = 404 };

static const char *const names[] = {"127.0.0.1", "localhost"};

bool lp_page_guard_make(lp_page_guard_t *guard)
{
    unsigned char bytes[LP_PAGE_KEY / 2];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) {
        return false;
    }
    lp_hexline(guard->key, bytes, sizeof bytes);
    return true;
}

static bool is_own(const lp_page_guard_t *guard, const char *text, const char *scheme)
{
    char own[64];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(own, sizeof own, "%s%s:%d", scheme, names[i], guard->port);
        if (strcmp(text, own) == 0) {
            return true;
        }
    }
    return false;
}

// Takes as long for any wrong secret, so that it cannot be guessed digit by digit.
static bool is_key(const lp_page_guard_t *guard, const char *text)
{
    unsigned difference = 0;
    if (strlen(text) < LP_PAGE_KEY || guard->key[0] == '\0') {
        return false;
    }
    for (size_t i = 0; i < LP_PAGE_KEY; i++) {
        difference |= (unsigned char)text[i] ^ (unsigned char)guard->key[i];
    }
    return difference == 0;
}

int lp_page_guard_check(const lp_page_guard_t *guard, const lp_page_request_t *request,
                        const char **rest)
{
    if (!is_own(guard, request->host, "")) {
        return MISDIRECTED;
    }
    const bool has_origin = request->origin[0] != '\0';
    if ((has_origin || request->is_socket) && !is_own(guard, request->origin, "http://")) {
        return FORBIDDEN;
    }
    if (request->path[0] != '/' || !is_key(guard, request->path + 1) ||
        request->path[1 + LP_PAGE_KEY] != '/') {
        return NOT_FOUND;
    }
    *rest = request->path + LP_PAGE_KEY + 2;
    return LP_PAGE_STATUS_OK;
}
