// SPDX-License-Identifier: Apache-2.0
#include "limpet/iot_list.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

enum { PAGE = 100, MAX_PAGES = 100000, MAX_TOKEN = 3000, MAX_PATH = 1024 };

static lp_aws_result_t fail_answer(const lp_iot_list_t *list, const char *why, lp_fault_t *f)
{
    lp_fault_set(f, LP_EXIT_CLOUD, "cloud-garbage", "the cloud's answer to %s makes no sense",
                 list->action);
    lp_fault_why(f, "%s", why);
    return LP_AWS_FAILED;
}

static lp_aws_result_t get_page(const lp_aws_config_t *c, const lp_iot_list_t *list,
                                const char *token, cJSON **answer, lp_fault_t *f)
{
    char query[MAX_TOKEN + 80];
    // Sorted by name, as the signature wants it: "marker" and "maxResults" come before "nextToken"
    // and "pageSize".
    const char *amp = token[0] != '\0' ? "&" : "";
    const char *equals = token[0] != '\0' ? "=" : "";
    const char *name = token[0] != '\0' ? list->parameter : "";
    const char *extra = list->extra != NULL ? list->extra : "";
    const char *and = list->extra != NULL ? "&" : "";
    bool is_token_first = strcmp(list->parameter, list->size) < 0;
    int n = is_token_first ? snprintf(query, sizeof query, "%s%s%s%s%s=%d%s%s", name, equals, token,
                                      amp, list->size, PAGE, and, extra)
                           : snprintf(query, sizeof query, "%s=%d%s%s%s%s%s%s", list->size, PAGE,
                                      amp, name, equals, token, and, extra);
    if (n < 0 || n >= (int)sizeof query) {
        return fail_answer(list, "the token for the next page is too long", f);
    }
    lp_aws_request_t r = {.action = list->action,
                          .service = "iot",
                          .base_url = c->endpoint_url,
                          .method = list->method,
                          .path = list->path,
                          .query = query,
                          .principal = list->principal};
    return lp_aws_call(c, &r, answer, f);
}

// The next page's token, encoded, in `token`; "" at the end. False: it makes no sense.
static bool take_token(const lp_iot_list_t *list, const cJSON *answer, char *token)
{
    char before[MAX_TOKEN];
    const cJSON *next = cJSON_GetObjectItemCaseSensitive(answer, list->token);
    snprintf(before, sizeof before, "%s", token);
    token[0] = '\0';
    if (next == NULL || cJSON_IsNull(next)) {
        return true;
    }
    // A mark that is no text, taken for the end, would make a long list a short one.
    return cJSON_IsString(next) &&
           (next->valuestring[0] == '\0' ||
            (lp_aws_encode(token, MAX_TOKEN, next->valuestring) && strcmp(before, token) != 0));
}

static bool take_items(const cJSON *items, lp_iot_item_fn *fn, void *ctx)
{
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, items)
    {
        if (!fn(ctx, item)) {
            return false;
        }
    }
    return true;
}

lp_aws_result_t lp_iot_list(const lp_aws_config_t *c, const lp_iot_list_t *list, lp_iot_item_fn *fn,
                            void *ctx, lp_fault_t *f)
{
    char token[MAX_TOKEN] = "";
    for (int page = 0; page < MAX_PAGES; page++) {
        cJSON *answer = NULL;
        lp_aws_result_t rc = get_page(c, list, token, &answer, f);
        if (rc != LP_AWS_OK) {
            return rc;
        }
        const cJSON *items = cJSON_GetObjectItemCaseSensitive(answer, list->array);
        bool is_list = cJSON_IsArray(items);
        bool is_more = is_list && take_items(items, fn, ctx);
        bool is_sane = is_list && take_token(list, answer, token);
        cJSON_Delete(answer);
        if (!is_list) {
            return fail_answer(list, "its list is missing", f);
        }
        if (is_more && !is_sane) {
            return fail_answer(
                list, "the token for the next page is no text, the one before, or too long", f);
        }
        if (!is_more || token[0] == '\0') {
            return LP_AWS_OK;
        }
        if (lp_interrupt_seen()) {
            (void)lp_fault_interrupted(f);
            return LP_AWS_FAILED;
        }
    }
    return fail_answer(list, "it has no end", f);
}

static void add_name(lp_iot_names_t *out, const cJSON *item)
{
    if (cJSON_IsString(item) && strlen(item->valuestring) <= LP_IOT_MAX_NAME &&
        out->n < LP_IOT_MAX_NAMES) {
        snprintf(out->names[out->n++], sizeof out->names[0], "%s", item->valuestring);
    }
}

static bool take_policy(void *ctx, const cJSON *item)
{
    add_name(ctx, cJSON_GetObjectItemCaseSensitive(item, "policyName"));
    return true;
}

static bool take_thing(void *ctx, const cJSON *item)
{
    add_name(ctx, item);
    return true;
}

lp_aws_result_t lp_iot_cert_policies(const lp_aws_config_t *c, const char *arn, lp_iot_names_t *out,
                                     lp_fault_t *f)
{
    static const char prefix[] = "/attached-policies/";
    char path[MAX_PATH] = "/attached-policies/";
    out->n = 0;
    if (!lp_aws_encode(path + sizeof prefix - 1, sizeof path - sizeof prefix, arn)) {
        lp_fault_set(f, LP_EXIT_CLOUD, "cloud-garbage", "a certificate's ARN makes no sense");
        return LP_AWS_FAILED;
    }
    const lp_iot_list_t list = {"ListAttachedPolicies",
                                "POST",
                                path,
                                "policies",
                                "nextMarker",
                                "marker",
                                "pageSize",
                                NULL,
                                NULL};
    return lp_iot_list(c, &list, take_policy, out, f);
}

lp_aws_result_t lp_iot_cert_things(const lp_aws_config_t *c, const char *arn, lp_iot_names_t *out,
                                   lp_fault_t *f)
{
    const lp_iot_list_t list = {"ListPrincipalThings",
                                "GET",
                                "/principals/things",
                                "things",
                                "nextToken",
                                "nextToken",
                                "maxResults",
                                arn,
                                NULL};
    out->n = 0;
    return lp_iot_list(c, &list, take_thing, out, f);
}

const char *lp_iot_cert_id_of_arn(const char *arn)
{
    const char *slash = strrchr(arn, '/');
    return slash != NULL && slash - arn > 5 && strncmp(slash - 5, ":cert", 5) == 0 ? slash + 1 : "";
}

typedef struct {
    char (*ids)[LP_IOT_ID_LEN + 1];
    size_t n;
} id_list_t;

static bool take_principal(void *ctx, const cJSON *item)
{
    id_list_t *list = ctx;
    const char *id = cJSON_IsString(item) ? lp_iot_cert_id_of_arn(item->valuestring) : "";
    if (lp_iot_is_cert_id(id) && list->n < LP_IOT_MAX_LISTED) {
        memcpy(list->ids[list->n++], id, LP_IOT_ID_LEN + 1);
    }
    return list->n < LP_IOT_MAX_LISTED;
}

lp_aws_result_t lp_iot_thing_certs(const lp_aws_config_t *c, const char *thing,
                                   char ids[LP_IOT_MAX_LISTED][LP_IOT_ID_LEN + 1], size_t *n,
                                   lp_fault_t *f)
{
    char path[MAX_PATH];
    char encoded[MAX_PATH / 2];
    if (!lp_iot_is_thing_name(thing) || !lp_aws_encode(encoded, sizeof encoded, thing)) {
        lp_fault_set(f, LP_EXIT_USAGE, "usage",
                     "ListThingPrincipals: \"%.60s\" is not a name that AWS IoT allows", thing);
        return LP_AWS_FAILED;
    }
    snprintf(path, sizeof path, "/things/%s/principals", encoded);
    const lp_iot_list_t list = {"ListThingPrincipals", "GET",       path,
                                "principals",          "nextToken", "nextToken",
                                "maxResults",          NULL,        NULL};
    id_list_t found = {.ids = ids};
    lp_aws_result_t rc = lp_iot_list(c, &list, take_principal, &found, f);
    if (rc == LP_AWS_OK) {
        *n = found.n;
    }
    return rc;
}

lp_aws_result_t lp_iot_each_cert(const lp_aws_config_t *c, lp_iot_item_fn *fn, void *ctx,
                                 lp_fault_t *f)
{
    static const lp_iot_list_t list = {"ListCertificates", "GET",        "/certificates",
                                       "certificates",     "nextMarker", "marker",
                                       "pageSize",         NULL,         NULL};
    return lp_iot_list(c, &list, fn, ctx, f);
}

lp_aws_result_t lp_iot_each_thing(const lp_aws_config_t *c, lp_iot_item_fn *fn, void *ctx,
                                  lp_fault_t *f)
{
    static const lp_iot_list_t list = {"ListThings", "GET",        "/things", "things", "nextToken",
                                       "nextToken",  "maxResults", NULL,      NULL};
    return lp_iot_list(c, &list, fn, ctx, f);
}

lp_aws_result_t lp_iot_each_policy(const lp_aws_config_t *c, lp_iot_item_fn *fn, void *ctx,
                                   lp_fault_t *f)
{
    static const lp_iot_list_t list = {"ListPolicies", "GET",        "/policies",
                                       "policies",     "nextMarker", "marker",
                                       "pageSize",     NULL,         NULL};
    return lp_iot_list(c, &list, fn, ctx, f);
}
