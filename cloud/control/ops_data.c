// SPDX-License-Identifier: Apache-2.0
// The REST part of the data plane, and who am I.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "limpet/authz.h"

enum { PAYLOAD_MAX = 128 * 1024 };

static lp_reg_err_t publish(lp_call_t *c)
{
    const char *qos = lp_call_query(c, "qos");
    const char *fault = lp_topic_fault(c->param[0], false);
    const lp_reg_message_t m = {
        .topic = c->param[0],
        .payload = c->request->body,
        .payload_len = c->request->body_len,
        .qos = qos != NULL && strcmp(qos, "1") == 0,
        .retain = lp_call_flag(c, "retain"),
    };
    if (fault[0] != '\0' || strpbrk(c->param[0], "+#") != NULL) {
        return lp_call_fail(c, LP_REG_INVALID, fault[0] != '\0' ? fault : "a topic has no + or #");
    }
    if (qos != NULL && strcmp(qos, "0") != 0 && m.qos == 0) {
        return lp_call_fail(c, LP_REG_INVALID, "qos must be 0 or 1");
    }
    if (m.payload_len > PAYLOAD_MAX) {
        return lp_call_fail(c, LP_REG_TOO_LARGE, "The payload is larger than 128 KB");
    }
    lp_reg_err_t rc = m.retain ? lp_reg_retained_put(c->reg, &c->scope, &m) : LP_REG_OK;
    return rc == LP_REG_OK ? lp_reg_outbox_put(c->reg, &c->scope, NULL, &m) : rc;
}

static lp_reg_err_t get_retained(lp_call_t *c)
{
    return lp_reg_retained_get(c->reg, &c->scope, c->param[0], &c->out);
}

static lp_reg_err_t list_retained(lp_call_t *c)
{
    lp_page_t page = {0};
    lp_reg_err_t rc = lp_call_page(c, "maxResults", "nextToken", &page);
    return rc == LP_REG_OK ? lp_reg_retained(c->reg, &c->scope, &page, &c->out) : rc;
}

static bool body_says(const lp_call_t *c, const char *text)
{
    size_t len = strlen(text);
    for (size_t i = 0; i + len <= c->request->body_len; i++) {
        if (memcmp(c->request->body + i, text, len) == 0) {
            return true;
        }
    }
    return false;
}

// AWS STS, the one call that tells a tool whose account it is in.
static lp_reg_err_t caller_identity(lp_call_t *c)
{
    if (!body_says(c, "Action=GetCallerIdentity")) {
        return lp_call_fail(c, LP_REG_NOT_IMPLEMENTED, "Only GetCallerIdentity is here");
    }
    int n = asprintf(&c->raw,
                     "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/"
                     "2011-06-15/\"><GetCallerIdentityResult><Arn>arn:aws:iam::%s:user/%s</Arn>"
                     "<UserId>LIMPETLOCALUSER</UserId><Account>%s</Account>"
                     "</GetCallerIdentityResult><ResponseMetadata><RequestId>local</RequestId>"
                     "</ResponseMetadata></GetCallerIdentityResponse>",
                     c->scope.account, c->user, c->scope.account);
    if (n < 0) {
        c->raw = NULL;
        return lp_call_fail(c, LP_REG_INTERNAL, "out of memory");
    }
    c->raw_len = (size_t)n;
    c->raw_type = "text/xml";
    return LP_REG_OK;
}

const lp_route_t lp_routes_data[] = {
    {"POST", "/topics/{topic+}", publish, "Publish"},
    {"GET", "/retainedMessage/{topic+}", get_retained, "GetRetainedMessage"},
    {"GET", "/retainedMessage", list_retained, "ListRetainedMessages"},
    {"POST", "/", caller_identity, "GetCallerIdentity"},
    {0},
};
