// SPDX-License-Identifier: Apache-2.0
// From a method and a path to a handler.
#include <string.h>

#include "call.h"

static const lp_route_t *const tables[] = {
    lp_routes_things, lp_routes_certificates, lp_routes_policies, lp_routes_data,
    lp_routes_shadow, lp_routes_cas,          lp_routes_groups,   lp_routes_streams,
    lp_routes_jobs,   lp_routes_tags,         lp_routes_fleet,    lp_routes_rules};

typedef enum { NO, YES, BAD } match_t;

// One template against one path, both without the leading slash handled specially.
static match_t match(const char *template, const char *path, size_t path_len,
                     char param[CALL_PARAMS][CALL_PARAM_SIZE])
{
    const char *p = path;
    const char *end = path + path_len;
    int n = 0;
    while (*template != '\0') {
        if (*template != '{') {
            if (p == end || *p != *template) {
                return NO;
            }
            p++;
            template ++;
            continue;
        }
        const char *close = strchr(template, '}');
        bool rest = close[-1] == '+';
        const char *slash = rest ? NULL : memchr(p, '/', (size_t)(end - p));
        size_t len = (size_t)((slash != NULL ? slash : end) - p);
        if (len == 0 || n == CALL_PARAMS) {
            return NO;
        }
        if (!lp_http_decode(p, len, param[n], CALL_PARAM_SIZE) ||
            !lp_text_ok(param[n], strlen(param[n]))) {
            return BAD;
        }
        n++;
        p += len;
        template = close + 1;
    }
    return p == end ? YES : NO;
}

const lp_route_t *lp_route_find(const lp_http_request_t *request,
                                char param[CALL_PARAMS][CALL_PARAM_SIZE], bool *malformed)
{
    size_t len = strcspn(request->target, "?");
    *malformed = false;
    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
        for (const lp_route_t *r = tables[t]; r->method != NULL; r++) {
            if (strcmp(r->method, request->method) != 0) {
                continue;
            }
            match_t m = match(r->path, request->target, len, param);
            if (m == YES) {
                return r;
            }
            *malformed = *malformed || m == BAD;
        }
    }
    return NULL;
}
