// SPDX-License-Identifier: Apache-2.0
// Authentication, routing and the shape of answers.
#include "limpet/control.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "call.h"
#include "limpet/host.h"
#include "limpet/sigv4.h"
#include "objects.h"

typedef struct {
    int status;
    const char *error;
    char message[400];
    const char *resource_id, *resource_arn;
} refusal_t;

static void request_id(char out[37])
{
    unsigned char r[16] = {0};
    int at = 0;
    RAND_bytes(r, sizeof r);
    for (int i = 0; i < 16; i++) {
        at += snprintf(out + at, (size_t)(37 - at), "%s%02x",
                       i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", r[i]);
    }
}

static void set_body(lp_http_response_t *r, char *text, const char *type)
{
    snprintf(r->content_type, sizeof r->content_type, "%s", type);
    r->body = text;
    r->body_len = text != NULL ? strlen(text) : 0;
}

static void refuse(lp_http_response_t *r, const refusal_t *why)
{
    cJSON *doc = cJSON_CreateObject();
    cJSON_AddStringToObject(doc, "__type", why->error);
    cJSON_AddStringToObject(doc, "message", why->message);
    if (why->resource_id != NULL && why->resource_id[0] != '\0') {
        cJSON_AddStringToObject(doc, "resourceId", why->resource_id);
        cJSON_AddStringToObject(doc, "resourceArn", why->resource_arn);
    }
    r->status = why->status;
    snprintf(r->error, sizeof r->error, "%s", why->error);
    set_body(r, cJSON_PrintUnformatted(doc), "application/json");
    cJSON_Delete(doc);
}

static void refuse_registry(lp_registry_t *reg, lp_reg_err_t rc, lp_http_response_t *r)
{
    const lp_reg_error_t *e = lp_reg_error(reg);
    refusal_t why = {
        .status = lp_reg_err_status(rc),
        .error = lp_reg_err_name(rc),
        .resource_id = e->resource_id,
        .resource_arn = e->resource_arn,
    };
    snprintf(why.message, sizeof why.message, "%s", e->message);
    refuse(r, &why);
}

// --- who asks -----------------------------------------------------------------------------------

void lp_call_refuse(lp_http_response_t *r, int status, const char *error, const char *message)
{
    refusal_t why = {.status = status, .error = error};
    snprintf(why.message, sizeof why.message, "%s", message);
    refuse(r, &why);
}

static bool service_known(const char *service)
{
    static const char *const known[] = {"iot", "execute-api",   "iotdata",
                                        "sts", "iot-jobs-data", "iotdevicegateway"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(known[i], service) == 0) {
            return true;
        }
    }
    return false;
}

static bool signature_present(const lp_http_request_t *request, lp_sigv4_t *sig,
                              lp_http_response_t *r)
{
    lp_sigv4_result_t rc = lp_sigv4_parse(request, sig);
    if (rc == LP_SIGV4_MISSING) {
        lp_call_refuse(r, 403, "MissingAuthenticationTokenException",
                       "Missing Authentication Token");
    } else if (rc != LP_SIGV4_OK) {
        lp_call_refuse(r, 403, "IncompleteSignatureException",
                       "Authorization needs AWS4-HMAC-SHA256 with Credential, SignedHeaders and "
                       "Signature, and X-Amz-Date");
    } else if (!service_known(sig->service)) {
        lp_call_refuse(r, 403, "InvalidSignatureException",
                       "Credential should be scoped to correct service: 'iot'.");
        rc = LP_SIGV4_MISMATCH;
    }
    return rc == LP_SIGV4_OK;
}

static bool key_usable(lp_registry_t *reg, const lp_sigv4_t *sig, lp_access_key_t *key,
                       lp_http_response_t *r)
{
    if (lp_reg_access_key_get(reg, sig->access_key, key) != LP_REG_OK) {
        lp_call_refuse(r, 403, "UnrecognizedClientException",
                       "The security token included in the request is invalid.");
        return false;
    }
    if (key->expires > 0 && key->expires < (double)time(NULL)) {
        lp_call_refuse(r, 403, "ExpiredTokenException",
                       "The security token included in the request is expired");
        return false;
    }
    return true;
}

static bool authenticate(lp_call_t *call, lp_http_response_t *r)
{
    lp_sigv4_t sig;
    lp_access_key_t key = {0};
    char why[400];
    bool ok = false;
    if (signature_present(call->request, &sig, r) && key_usable(call->reg, &sig, &key, r)) {
        lp_sigv4_result_t rc = lp_sigv4_verify(call->request, &sig, key.secret, key.token,
                                               (long long)time(NULL), why, sizeof why);
        ok = rc == LP_SIGV4_OK;
        if (!ok) {
            lp_call_refuse(r, 403,
                           rc == LP_SIGV4_TOKEN ? "UnrecognizedClientException"
                                                : "InvalidSignatureException",
                           why);
        }
    }
    if (ok) {
        lp_reg_err_t rc = lp_reg_scope(call->reg, key.account, sig.region, &call->scope);
        snprintf(call->user, sizeof call->user, "%s", key.user);
        snprintf(call->service, sizeof call->service, "%s", sig.service);
        ok = rc == LP_REG_OK;
        if (!ok) {
            refuse_registry(call->reg, rc, r);
        }
    }
    OPENSSL_cleanse(&key, sizeof key);
    return ok;
}

// --- what is asked ------------------------------------------------------------------------------

// Topics and identity calls have bodies that are no JSON.
static bool body_is_json(const lp_route_t *route)
{
    return strcmp(route->operation, "Publish") != 0 && strstr(route->operation, "Shadow") == NULL &&
           strcmp(route->operation, "GetCallerIdentity") != 0;
}

static bool read_body(lp_call_t *call)
{
    const lp_http_request_t *q = call->request;
    if (q->body_len == 0) {
        call->body = cJSON_CreateObject();
    } else if (lp_text_ok(q->body, q->body_len)) {
        call->body = cJSON_ParseWithLength(q->body, q->body_len);
    }
    return cJSON_IsObject(call->body);
}

static void answer(lp_call_t *call, lp_http_response_t *r)
{
    r->status = 200;
    if (call->raw != NULL) {
        snprintf(r->content_type, sizeof r->content_type, "%s", call->raw_type);
        r->body = call->raw;
        r->body_len = call->raw_len;
        call->raw = NULL;
        return;
    }
    set_body(r, call->out != NULL ? cJSON_PrintUnformatted(call->out) : NULL, "application/json");
}

static void note(lp_call_t *call, lp_reg_err_t rc)
{
    char reason[200];
    if (strcmp(call->request->method, "GET") == 0) {
        return;
    }
    snprintf(reason, sizeof reason, "%s%s%.64s: %s", call->operation,
             call->param[0][0] != '\0' ? " " : "", call->param[0],
             rc == LP_REG_OK ? "ok" : lp_reg_err_name(rc));
    const lp_reg_event_t e = {.kind = "api", .reason = reason};
    const lp_reg_error_t kept = *lp_reg_error(call->reg);
    lp_reg_event_put(call->reg, &e);
    lp_reg_restore(call->reg, &kept);
}

void lp_call_run(lp_call_t *call, const lp_route_t *route, lp_http_response_t *r)
{
    lp_reg_err_t rc = LP_REG_OK;
    if (body_is_json(route) && !read_body(call)) {
        rc = lp_reg_say(call->reg, LP_REG_INVALID, "The body is not a JSON object");
    }
    call->operation = route->operation;
    if (call->quota != NULL &&
        !lp_quota_take(call->quota, call->scope.account, route->operation, lp_host_now_ms())) {
        rc = lp_reg_say(call->reg, LP_REG_THROTTLED, "Rate exceeded");
    }
    rc = rc == LP_REG_OK ? route->handler(call) : rc;
    note(call, rc);
    if (rc == LP_REG_OK) {
        answer(call, r);
    } else {
        refuse_registry(call->reg, rc, r);
    }
}

static void serve(lp_call_t *call, lp_http_response_t *r)
{
    bool malformed = false;
    const lp_route_t *route = lp_route_find(call->request, call->param, &malformed);
    if (route != NULL) {
        lp_call_run(call, route, r);
    } else if (malformed) {
        lp_call_refuse(r, 400, "InvalidRequestException", "A part of the path cannot be decoded");
    } else {
        lp_call_refuse(r, 404, "UnknownOperationException",
                       "This cloud has no such call (see docs/cloud.md for those it has)");
    }
}

void lp_call_begin(lp_http_response_t *response)
{
    *response = (lp_http_response_t){0};
    request_id(response->request_id);
}

void lp_call_end(lp_call_t *call)
{
    cJSON_Delete(call->body);
    cJSON_Delete(call->out);
    free(call->raw);
    free(call);
}

void lp_control_handle(lp_registry_t *reg, const lp_http_request_t *request,
                       lp_http_response_t *response)
{
    lp_control_handle_limited(reg, NULL, request, response);
}

void lp_control_handle_limited(lp_registry_t *reg, lp_quota_t *quota,
                               const lp_http_request_t *request, lp_http_response_t *response)
{
    lp_call_t *call = calloc(1, sizeof *call);
    lp_reg_err_t rc = LP_REG_OK;
    lp_call_begin(response);
    if (lp_objects_serve(reg, request, response, &rc)) {
        if (rc != LP_REG_OK) {
            refuse_registry(reg, rc, response);
        }
        free(call);
        return;
    }
    if (call == NULL) {
        response->status = 500;
        return;
    }
    call->reg = reg;
    call->quota = quota;
    call->request = request;
    if (authenticate(call, response)) {
        serve(call, response);
    }
    lp_call_end(call);
}
