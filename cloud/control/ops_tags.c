// SPDX-License-Identifier: Apache-2.0
// Tags of resources that have them.
#include "limpet/tags.h"

#include "call.h"

static lp_reg_err_t tag(lp_call_t *c)
{
    return lp_reg_tag(c->reg, &c->scope, lp_call_text(c, "resourceArn"), lp_call_item(c, "tags"));
}

static lp_reg_err_t untag(lp_call_t *c)
{
    return lp_reg_untag(c->reg, &c->scope, lp_call_text(c, "resourceArn"),
                        lp_call_item(c, "tagKeys"));
}

static lp_reg_err_t list(lp_call_t *c)
{
    const lp_page_t page = {.after = lp_call_query(c, "nextToken")};
    return lp_reg_tags(c->reg, &c->scope, lp_call_query(c, "resourceArn"), &page, &c->out);
}

lp_reg_err_t lp_call_check_tags(lp_call_t *call)
{
    return lp_reg_tags_check(call->reg, lp_call_item(call, "tags"));
}

lp_reg_err_t lp_call_put_tags(lp_call_t *call, lp_reg_err_t made, const char *kind,
                              const char *name)
{
    const cJSON *tags = lp_call_item(call, "tags");
    return made == LP_REG_OK && tags != NULL
               ? lp_reg_tags_put(call->reg, &call->scope, kind, name, tags)
               : made;
}

const lp_route_t lp_routes_tags[] = {
    {"POST", "/tags", tag, "TagResource"},
    {"POST", "/untag", untag, "UntagResource"},
    {"GET", "/tags", list, "ListTagsForResource"},
    {0},
};
