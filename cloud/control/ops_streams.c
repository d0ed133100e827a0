// SPDX-License-Identifier: Apache-2.0
// File streams: what devices can fetch in blocks.
#include <string.h>

#include "call.h"
#include "limpet/streams.h"

static lp_reg_err_t create(lp_call_t *c)
{
    return lp_streams_create(c->reg, &c->scope, c->param[0], c->body, &c->out);
}

static lp_reg_err_t update(lp_call_t *c)
{
    return lp_streams_update(c->reg, &c->scope, c->param[0], c->body, &c->out);
}

static lp_reg_err_t describe(lp_call_t *c)
{
    return lp_streams_describe(c->reg, &c->scope, c->param[0], &c->out);
}

static lp_reg_err_t delete_stream(lp_call_t *c)
{
    return lp_streams_delete(c->reg, &c->scope, c->param[0]);
}

static lp_reg_err_t list(lp_call_t *c)
{
    lp_page_t page = {0};
    const char *ascending = lp_call_query(c, "isAscendingOrder");
    lp_reg_err_t rc = lp_call_page(c, "maxResults", "nextToken", &page);
    page.descending = ascending != NULL && strcmp(ascending, "false") == 0;
    return rc == LP_REG_OK ? lp_streams_list(c->reg, &c->scope, &page, &c->out) : rc;
}

const lp_route_t lp_routes_streams[] = {
    {"POST", "/streams/{streamId}", create, "CreateStream"},
    {"PUT", "/streams/{streamId}", update, "UpdateStream"},
    {"GET", "/streams/{streamId}", describe, "DescribeStream"},
    {"DELETE", "/streams/{streamId}", delete_stream, "DeleteStream"},
    {"GET", "/streams", list, "ListStreams"},
    {0},
};
