// SPDX-License-Identifier: Apache-2.0
// Device shadows over REST; what changes is announced over MQTT too.
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "limpet/shadow.h"

static void to_outbox(void *arg, const char *topic, const char *payload, size_t len)
{
    lp_call_t *c = arg;
    const lp_reg_message_t m = {.topic = topic, .payload = payload, .payload_len = len};
    lp_reg_outbox_put(c->reg, &c->scope, NULL, &m);
}

static lp_reg_err_t error_of(lp_call_t *c, const lp_shadow_answer_t *a)
{
    static const struct {
        int code;
        lp_reg_err_t err;
    } map[] = {{400, LP_REG_INVALID},
               {404, LP_REG_NOT_FOUND},
               {409, LP_REG_CONFLICT},
               {413, LP_REG_TOO_LARGE}};
    const char *message =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(a->rejected, "message"));
    for (size_t i = 0; i < sizeof map / sizeof map[0]; i++) {
        if (map[i].code == a->code) {
            return lp_call_fail(c, map[i].err, message);
        }
    }
    return lp_call_fail(c, LP_REG_INTERNAL, message);
}

static lp_reg_err_t request(lp_call_t *c, lp_shadow_op_t op)
{
    const char *name = lp_call_query(c, "name");
    const lp_shadow_id_t id = {.thing = c->param[0], .name = name != NULL ? name : ""};
    lp_shadow_names_t names;
    lp_shadow_answer_t a;
    if (strlen(id.thing) >= sizeof names.thing || strlen(id.name) >= sizeof names.name) {
        return lp_call_fail(c, LP_REG_INVALID, "The name of the thing or shadow is too long");
    }
    lp_shadow_request(c->reg, &c->scope, &id, op, c->request->body, c->request->body_len, &a);
    lp_reg_err_t rc = a.code == 0 ? LP_REG_OK : error_of(c, &a);
    if (rc == LP_REG_OK) {
        if (op != LP_SHADOW_GET) {
            lp_shadow_publish(&id, op, &a, to_outbox, c);
        }
        c->out = a.accepted;
        a.accepted = NULL;
    }
    lp_shadow_answer_free(&a);
    return rc;
}

static lp_reg_err_t get(lp_call_t *c)
{
    return request(c, LP_SHADOW_GET);
}

static lp_reg_err_t update(lp_call_t *c)
{
    return request(c, LP_SHADOW_UPDATE);
}

static lp_reg_err_t delete_shadow(lp_call_t *c)
{
    return request(c, LP_SHADOW_DELETE);
}

static lp_reg_err_t list(lp_call_t *c)
{
    lp_page_t page = {0};
    lp_reg_err_t rc = lp_call_page(c, "pageSize", "nextToken", &page);
    return rc == LP_REG_OK ? lp_shadow_names(c->reg, &c->scope, c->param[0], &page, &c->out) : rc;
}

const lp_route_t lp_routes_shadow[] = {
    {"GET", "/things/{thingName}/shadow", get, "GetThingShadow"},
    {"POST", "/things/{thingName}/shadow", update, "UpdateThingShadow"},
    {"DELETE", "/things/{thingName}/shadow", delete_shadow, "DeleteThingShadow"},
    {"GET", "/api/things/shadow/ListNamedShadowsForThing/{thingName}", list,
     "ListNamedShadowsForThing"},
    {0},
};
