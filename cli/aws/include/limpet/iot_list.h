// SPDX-License-Identifier: Apache-2.0
// limpet/iot_list.h - AWS IoT's lists, read page by page to their end.
//
// A page without its list and a token that leads back to the same page are errors: a list that is
// cut short must not look like a short list. @source service model 2015-05-28
#ifndef LIMPET_IOT_LIST_H
#define LIMPET_IOT_LIST_H

#include "limpet/iot.h"

// One list: the names of its members and parameters differ between the operations.
typedef struct {
    const char *action; // "ListThings"
    const char *method;
    const char *path;
    const char *array;     // member of the answer: "things"
    const char *token;     // member of the answer: "nextToken", "nextMarker"
    const char *parameter; // of the next query: "nextToken", "marker"
    const char *size;      // "maxResults" or "pageSize"
    const char *principal; // x-amzn-principal, or null
    const char *extra;     // further query, sorts behind the others: "recursive=true"; or null
} lp_iot_list_t;

// The item is lent until it returns. False: no more is wanted.
typedef bool lp_iot_item_fn(void *ctx, const struct cJSON *item);

// Calls `fn` for each item of all pages. Errors: those of lp_aws_call(), cloud-garbage.
lp_aws_result_t lp_iot_list(const lp_aws_config_t *c, const lp_iot_list_t *list, lp_iot_item_fn *fn,
                            void *ctx, lp_fault_t *f);

enum { LP_IOT_MAX_NAMES = 32 };

typedef struct {
    char names[LP_IOT_MAX_NAMES][LP_IOT_MAX_NAME + 1];
    size_t n;
} lp_iot_names_t;

// The policies that are attached to a certificate (AWS allows ten).
lp_aws_result_t lp_iot_cert_policies(const lp_aws_config_t *c, const char *arn, lp_iot_names_t *out,
                                     lp_fault_t *f);
// The things that a certificate is attached to; of more than fit, the first ones.
lp_aws_result_t lp_iot_cert_things(const lp_aws_config_t *c, const char *arn, lp_iot_names_t *out,
                                   lp_fault_t *f);

lp_aws_result_t lp_iot_each_cert(const lp_aws_config_t *c, lp_iot_item_fn *fn, void *ctx,
                                 lp_fault_t *f);
lp_aws_result_t lp_iot_each_thing(const lp_aws_config_t *c, lp_iot_item_fn *fn, void *ctx,
                                  lp_fault_t *f);
lp_aws_result_t lp_iot_each_policy(const lp_aws_config_t *c, lp_iot_item_fn *fn, void *ctx,
                                   lp_fault_t *f);

// The id in "arn:aws:iot:region:account:cert/<id>"; "" for another kind of ARN.
const char *lp_iot_cert_id_of_arn(const char *arn);

#endif
