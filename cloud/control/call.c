// SPDX-License-Identifier: Apache-2.0
#include "call.h"

#include <stdlib.h>
#include <string.h>

const char *lp_call_query(lp_call_t *call, const char *name)
{
    if (call->texts == CALL_QUERIES ||
        !lp_http_query(call->request, name, call->text[call->texts], sizeof call->text[0])) {
        return NULL;
    }
    const char *text = call->text[call->texts];
    return lp_text_ok(text, strlen(text)) ? call->text[call->texts++] : NULL;
}

bool lp_call_flag(lp_call_t *call, const char *name)
{
    const char *value = lp_call_query(call, name);
    return value != NULL && strcmp(value, "true") == 0;
}

lp_reg_err_t lp_call_fail(lp_call_t *call, lp_reg_err_t code, const char *message)
{
    return lp_reg_say(call->reg, code, message);
}

lp_reg_err_t lp_call_page(lp_call_t *call, const char *limit, const char *after, lp_page_t *page)
{
    const char *text = lp_call_query(call, limit);
    char *end = NULL;
    long n = text != NULL ? strtol(text, &end, 10) : 0;
    if (text != NULL && (end == text || *end != '\0' || n < 1 || n > 250)) {
        return lp_call_fail(call, LP_REG_INVALID, "The size of a page is 1 to 250");
    }
    page->limit = (int)n;
    page->after = lp_call_query(call, after);
    return LP_REG_OK;
}

const cJSON *lp_call_item(const lp_call_t *call, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(call->body, name);
}

const char *lp_call_text(const lp_call_t *call, const char *name)
{
    return cJSON_GetStringValue(lp_call_item(call, name));
}

const char *lp_call_header(const lp_call_t *call, const char *name)
{
    const char *value = lp_http_header(call->request, name);
    return value != NULL ? value : "";
}
