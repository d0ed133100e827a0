// SPDX-License-Identifier: Apache-2.0
// The data plane's calls by a device's certificate instead of a signature: its policies are asked.
// @source AWS IoT Core Developer Guide, "HTTPS", "AWS IoT Core policy actions".
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "limpet/authz.h"

typedef enum { ON_TOPIC, ON_THING, ON_SHADOW, ON_ALL } resource_t;

static const struct {
    const char *operation;
    resource_t resource;
} calls[] = {
    {"Publish", ON_TOPIC},
    {"GetRetainedMessage", ON_TOPIC},
    {"ListRetainedMessages", ON_ALL},
    {"GetThingShadow", ON_SHADOW},
    {"UpdateThingShadow", ON_SHADOW},
    {"DeleteThingShadow", ON_SHADOW},
    {"ListNamedShadowsForThing", ON_THING},
    {"DescribeJobExecution", ON_THING},
    {"GetPendingJobExecutions", ON_THING},
    {"StartNextPendingJobExecution", ON_THING},
    {"UpdateJobExecution", ON_THING},
};

static bool resource_of(const char *operation, resource_t *resource)
{
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        if (strcmp(calls[i].operation, operation) == 0) {
            *resource = calls[i].resource;
            return true;
        }
    }
    return false;
}

static void resource_arn(lp_call_t *call, resource_t kind, char arn[1200])
{
    const char *shadow = kind == ON_SHADOW ? lp_call_query(call, "name") : NULL;
    int n = snprintf(arn, 1200, "arn:aws:iot:%s:%s:", call->scope.region, call->scope.account);
    char *rest = arn + n;
    size_t size = 1200 - (size_t)n;
    switch (kind) {
    case ON_TOPIC:
        snprintf(rest, size, "topic/%s", call->param[0]);
        break;
    case ON_THING:
    case ON_SHADOW:
        snprintf(rest, size, "thing/%s%s%s", call->param[0], shadow != NULL ? "/" : "",
                 shadow != NULL ? shadow : "");
        break;
    case ON_ALL:
        snprintf(arn, 1200, "*");
        break;
    }
}

static bool ask(lp_session_t *session, const char *operation, const char *arn, char *reason,
                size_t size)
{
    char action[80];
    lp_decision_t d = {0};
    snprintf(action, sizeof action, "iot:%s", operation);
    if (lp_session_ask(session, action, arn, &d)) {
        return true;
    }
    if (d.answer == LP_POLICY_DENIES) {
        snprintf(reason, size, "policy %s denies %s on %s", d.policy, action, arn);
    } else {
        snprintf(reason, size, "no policy allows %s on %s", action, arn);
    }
    return false;
}

// "" in reason: it may.
static void judge(lp_call_t *call, const lp_device_t *device, const lp_route_t *route,
                  resource_t kind, char *reason, size_t size)
{
    char arn[1200];
    lp_session_t *session = NULL;
    lp_decision_t d = {0};
    // There is no client id over HTTP, so that variables of things have no value.
    const lp_session_config_t config = {
        .certificate_id = device->certificate_id, .client_id = "", .address = device->address};
    if (!lp_session_open(call->reg, &call->scope, &config, &session, &d)) {
        snprintf(reason, size, "%s", d.reason);
        return;
    }
    resource_arn(call, kind, arn);
    bool ok = ask(session, route->operation, arn, reason, size);
    if (ok && strcmp(route->operation, "Publish") == 0 && lp_call_flag(call, "retain")) {
        ask(session, "RetainPublish", arn, reason, size);
    }
    lp_session_close(session);
}

static void serve(lp_call_t *call, const lp_device_t *device, lp_http_response_t *r, char *reason,
                  size_t size)
{
    bool malformed = false;
    resource_t kind = ON_ALL;
    const lp_route_t *route = lp_route_find(call->request, call->param, &malformed);
    if (malformed) {
        lp_call_refuse(r, 400, "InvalidRequestException", "A part of the path cannot be decoded");
    } else if (route == NULL || !resource_of(route->operation, &kind)) {
        lp_call_refuse(r, 404, "ResourceNotFoundException", "Not found");
    } else {
        judge(call, device, route, kind, reason, size);
        if (reason[0] == '\0') {
            lp_call_run(call, route, r);
        } else {
            lp_call_refuse(r, 403, "ForbiddenException", "Forbidden");
        }
    }
}

void lp_control_handle_device(lp_registry_t *reg, const lp_scope_t *scope,
                              const lp_device_t *device, const lp_http_request_t *request,
                              lp_http_response_t *response, char *reason, size_t size)
{
    lp_call_t *call = calloc(1, sizeof *call);
    lp_call_begin(response);
    reason[0] = '\0';
    if (call == NULL) {
        response->status = 500;
        return;
    }
    call->reg = reg;
    call->request = request;
    call->scope = *scope;
    snprintf(call->user, sizeof call->user, "%.60s", device->certificate_id);
    serve(call, device, response, reason, size);
    lp_call_end(call);
}
