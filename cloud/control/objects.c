// SPDX-License-Identifier: Apache-2.0
#include "objects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "limpet/presign.h"

// "bytes=FROM-[TO]", the one form that devices use; anything else gives the whole object.
static bool read_range(const char *header, int64_t *from, int64_t *to)
{
    long long first = 0;
    long long last = -1;
    *from = 0;
    *to = -1;
    if (header == NULL || sscanf(header, "bytes=%lld-%lld", &first, &last) < 1 || first < 0 ||
        strchr(header, ',') != NULL || header[6] == '-') {
        return false;
    }
    *from = first;
    *to = last;
    return true;
}

static void fill(const lp_presign_object_t *object, bool is_part, lp_http_response_t *r)
{
    r->status = is_part ? 206 : 200;
    snprintf(r->content_type, sizeof r->content_type, "application/octet-stream");
    r->body = object->bytes;
    r->body_len = object->len;
    if (is_part && object->len > 0) {
        snprintf(r->content_range, sizeof r->content_range, "bytes %lld-%lld/%lld",
                 (long long)object->from, (long long)object->from + (long long)object->len - 1,
                 (long long)object->size);
    }
}

bool lp_objects_serve(lp_registry_t *reg, const lp_http_request_t *request,
                      lp_http_response_t *response, lp_reg_err_t *rc)
{
    static const char prefix[] = "/objects/";
    char path[1200];
    char expires[24] = "";
    char signature[80] = "";
    lp_presign_object_t object = {0};
    size_t len = strcspn(request->target, "?");
    if (strcmp(request->method, "GET") != 0 ||
        strncmp(request->target, prefix, sizeof prefix - 1) != 0 ||
        !lp_http_decode(request->target, len, path, sizeof path)) {
        return false;
    }
    char *bucket = path + sizeof prefix - 1;
    char *slash = strchr(bucket, '/');
    if (slash == NULL) {
        return false;
    }
    *slash = '\0';
    (void)lp_http_query(request, "expires", expires, sizeof expires);
    (void)lp_http_query(request, "signature", signature, sizeof signature);
    lp_presign_ask_t ask = {
        .bucket = bucket, .key = slash + 1, .expires = expires, .signature = signature};
    bool is_part = read_range(lp_http_header(request, "Range"), &ask.from, &ask.to);
    *rc = lp_presign_get(reg, &ask, (double)time(NULL), &object);
    if (*rc == LP_REG_OK) {
        fill(&object, is_part, response);
    }
    return true;
}
