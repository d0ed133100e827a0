// SPDX-License-Identifier: Apache-2.0
// Asks the cloud. Only reads.
//
// An account lives on while it is looked at: what is gone when its turn comes is left out.
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "check.h"
#include "limpet/iot_list.h"
#include "policy_check.h"

enum { MAX_PATH = 1024, NAME_CAP = 256 }; // a group's ARN fits

typedef char name_t[NAME_CAP];

typedef struct {
    const char *member; // of each item; null: the item is the text
    name_t *names;      // owned
    size_t n;
    size_t limit; // 0: none
    bool is_cut;
    bool is_malformed;
    bool has_no_memory;
} names_t;

typedef struct {
    const lp_aws_config_t *aws;
    const lp_audit_wish_t *wish;
    lp_audit_t *audit;
    lp_fault_t *fault;
} walk_t;

static bool take_name(void *ctx, const cJSON *item)
{
    names_t *list = ctx;
    const cJSON *text =
        list->member != NULL ? cJSON_GetObjectItemCaseSensitive(item, list->member) : item;
    if (!cJSON_IsString(text) || strlen(text->valuestring) >= NAME_CAP) {
        list->is_malformed = true; // an audit that skips it would say "nothing found"
        return false;
    }
    if (list->limit > 0 && list->n >= list->limit) {
        list->is_cut = true;
        return false;
    }
    if ((list->n & (list->n - 1)) == 0) {
        name_t *bigger = reallocarray(list->names, list->n == 0 ? 1 : 2 * list->n, sizeof *bigger);
        list->has_no_memory = bigger == NULL;
        if (bigger == NULL) {
            return false;
        }
        list->names = bigger;
    }
    snprintf(list->names[list->n++], NAME_CAP, "%s", text->valuestring);
    return true;
}

static lp_exit_t no_memory(lp_fault_t *f)
{
    return lp_fault_set(f, LP_EXIT_LOCAL, "no-memory", "out of memory");
}

// A call that worked at the second try, or found what is gone by now, leaves no fault behind.
static void settle(lp_aws_result_t rc, lp_fault_t *f)
{
    if (rc == LP_AWS_OK || rc == LP_AWS_NOT_FOUND) {
        f->exit = LP_EXIT_OK;
    }
}

static lp_aws_result_t read_names(walk_t *w, const lp_iot_list_t *l, names_t *list)
{
    lp_aws_result_t rc = lp_iot_list(w->aws, l, take_name, list, w->fault);
    settle(rc, w->fault);
    if (rc == LP_AWS_OK && list->has_no_memory) {
        (void)no_memory(w->fault);
        rc = LP_AWS_FAILED;
    }
    if (rc == LP_AWS_OK && list->is_malformed) {
        lp_fault_set(w->fault, LP_EXIT_CLOUD, "cloud-garbage",
                     "the cloud's answer to %s makes no sense", l->action);
        lp_fault_why(w->fault, "an item of the list has no name, or one that is too long");
        rc = LP_AWS_FAILED;
    }
    return rc;
}

static bool path_of(char out[MAX_PATH], const char *before, const char *segment, const char *after)
{
    char encoded[MAX_PATH / 2];
    return lp_aws_encode(encoded, sizeof encoded, segment) &&
           snprintf(out, MAX_PATH, "%s%s%s", before, encoded, after) < MAX_PATH;
}

static lp_aws_result_t attached_policies(walk_t *w, const char *target, bool is_recursive,
                                         names_t *list)
{
    char path[MAX_PATH];
    if (!path_of(path, "/attached-policies/", target, "")) {
        return LP_AWS_NOT_FOUND;
    }
    const lp_iot_list_t l = {.action = "ListAttachedPolicies",
                             .method = "POST",
                             .path = path,
                             .array = "policies",
                             .size = "pageSize",
                             .parameter = "marker",
                             .token = "nextMarker",
                             .extra = is_recursive ? "recursive=true" : NULL};
    return read_names(w, &l, list);
}

static lp_aws_result_t things_of_cert(walk_t *w, const char *arn, names_t *list)
{
    const lp_iot_list_t l = {.action = "ListPrincipalThings",
                             .method = "GET",
                             .path = "/principals/things",
                             .principal = arn,
                             .array = "things",
                             .size = "maxResults",
                             .parameter = "nextToken",
                             .token = "nextToken"};
    return read_names(w, &l, list);
}

static lp_aws_result_t groups_of_thing(walk_t *w, const char *thing, names_t *list)
{
    char path[MAX_PATH];
    if (!path_of(path, "/things/", thing, "/thing-groups")) {
        return LP_AWS_NOT_FOUND;
    }
    const lp_iot_list_t l = {.action = "ListThingGroupsForThing",
                             .method = "GET",
                             .path = path,
                             .array = "thingGroups",
                             .size = "maxResults",
                             .parameter = "nextToken",
                             .token = "nextToken"};
    return read_names(w, &l, list);
}

// A certificate without a policy of its own may have those of the groups of its things.
static bool count_group_policies(walk_t *w, const names_t *things, size_t *n)
{
    bool is_good = true;
    for (size_t i = 0; i < things->n && is_good && *n == 0; i++) {
        names_t groups = {.member = "groupArn"};
        is_good = groups_of_thing(w, things->names[i], &groups) != LP_AWS_FAILED;
        for (size_t j = 0; j < groups.n && is_good && *n == 0; j++) {
            names_t policies = {.member = "policyName"};
            is_good = attached_policies(w, groups.names[j], true, &policies) != LP_AWS_FAILED;
            *n = policies.n;
            free(policies.names);
        }
        free(groups.names);
    }
    return is_good;
}

static int64_t not_after(const cJSON *description)
{
    const cJSON *validity = cJSON_GetObjectItemCaseSensitive(description, "validity");
    const cJSON *end = cJSON_GetObjectItemCaseSensitive(validity, "notAfter");
    if (cJSON_IsNumber(end) && end->valuedouble > 0 && end->valuedouble < 1e12) {
        return (int64_t)end->valuedouble;
    }
    const cJSON *pem = cJSON_GetObjectItemCaseSensitive(description, "certificatePem");
    int64_t at_s = 0;
    return cJSON_IsString(pem) && lp_check_cert_end(pem->valuestring, &at_s) ? at_s : 0;
}

static bool take_text(const cJSON *tree, const char *name, char *out, size_t cap)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(tree, name);
    return cJSON_IsString(item) && snprintf(out, cap, "%s", item->valuestring) < (int)cap;
}

static lp_aws_result_t describe(walk_t *w, const char *id, lp_audit_cert_t *cert, char *arn,
                                size_t cap)
{
    char path[MAX_PATH];
    (void)path_of(path, "/certificates/", id, "");
    const lp_aws_request_t r = {.action = "DescribeCertificate",
                                .service = "iot",
                                .base_url = w->aws->endpoint_url,
                                .method = "GET",
                                .path = path,
                                .query = ""};
    cJSON *answer = NULL;
    lp_aws_result_t rc = lp_aws_call(w->aws, &r, &answer, w->fault);
    const cJSON *d = cJSON_GetObjectItemCaseSensitive(answer, "certificateDescription");
    settle(rc, w->fault);
    if (rc == LP_AWS_OK && (!take_text(d, "status", cert->status, sizeof cert->status) ||
                            !take_text(d, "certificateArn", arn, cap))) {
        lp_fault_set(w->fault, LP_EXIT_CLOUD, "cloud-garbage",
                     "the cloud's answer to DescribeCertificate makes no sense");
        lp_fault_why(w->fault, "certificate %.64s has no status or no ARN", id);
        rc = LP_AWS_FAILED;
    } else if (rc == LP_AWS_OK) {
        cert->not_after_s = not_after(d);
    }
    cJSON_Delete(answer);
    return rc;
}

static lp_aws_result_t look_at_attachments(walk_t *w, lp_audit_cert_t *cert, const char *arn)
{
    names_t things = {.member = NULL};
    names_t policies = {.member = "policyName"};
    lp_aws_result_t rc = things_of_cert(w, arn, &things);
    if (rc == LP_AWS_OK) {
        rc = attached_policies(w, arn, false, &policies);
    }
    cert->n_things = things.n;
    cert->n_policies = policies.n;
    bool is_active = strcmp(cert->status, "ACTIVE") == 0;
    if (rc == LP_AWS_OK && is_active && policies.n == 0 &&
        !count_group_policies(w, &things, &cert->n_policies)) {
        rc = LP_AWS_FAILED;
    }
    for (size_t i = 0; i < things.n && rc == LP_AWS_OK && is_active; i++) {
        lp_audit_count_thing(w->audit, things.names[i]);
    }
    free(things.names);
    free(policies.names);
    return rc;
}

static lp_aws_result_t look_at_cert(walk_t *w, const char *id)
{
    lp_audit_cert_t cert = {.n_things = 0};
    char arn[256];
    if (!lp_iot_is_cert_id(id)) {
        lp_fault_set(w->fault, LP_EXIT_CLOUD, "cloud-garbage",
                     "the cloud's answer to ListCertificates makes no sense");
        lp_fault_why(w->fault, "\"%.70s\" is no certificate's id", id);
        return LP_AWS_FAILED;
    }
    snprintf(cert.id, sizeof cert.id, "%s", id);
    lp_aws_result_t rc = describe(w, id, &cert, arn, sizeof arn);
    if (rc == LP_AWS_OK) {
        rc = look_at_attachments(w, &cert, arn);
    }
    if (rc == LP_AWS_OK) {
        lp_audit_judge_cert(w->audit, &cert, w->wish->now_s, w->wish->days);
        w->audit->n_certs++;
        w->audit->n_active += strcmp(cert.status, "ACTIVE") == 0 ? 1u : 0u;
    }
    return rc;
}

static lp_aws_result_t look_at_policy(walk_t *w, const char *name)
{
    char *document = NULL;
    char words[240];
    lp_aws_result_t rc = lp_iot_policy_get(w->aws, name, &document, NULL, 0, w->fault);
    settle(rc, w->fault);
    if (rc == LP_AWS_OK && document == NULL) {
        (void)no_memory(w->fault);
        rc = LP_AWS_FAILED;
    } else if (rc == LP_AWS_OK) {
        if (lp_policy_find_wildcard(document, words, sizeof words)) {
            lp_audit_add(w->audit, LP_FINDING_WIDE_POLICY, name, "allows %s", words);
        }
        w->audit->n_policies++;
    }
    free(document);
    return rc;
}

// Reads a list of names and looks at each.
static lp_exit_t look_at_all(walk_t *w, const char *what, const lp_iot_list_t *l, names_t *list,
                             lp_aws_result_t (*look)(walk_t *, const char *))
{
    list->limit = (size_t)w->wish->limit;
    lp_aws_result_t rc = read_names(w, l, list);
    if (rc == LP_AWS_NOT_FOUND) {
        // A list of the account is never missing: another server, which is no clean account.
        lp_fault_set(w->fault, LP_EXIT_CLOUD, "cloud-not-found",
                     "%s: there is no such list in the cloud", l->action);
        lp_fault_next(w->fault, "is this the right endpoint?");
        rc = LP_AWS_FAILED;
    }
    w->audit->is_cut = w->audit->is_cut || list->is_cut;
    for (size_t i = 0; i < list->n && rc != LP_AWS_FAILED; i++) {
        if (lp_interrupt_seen()) {
            free(list->names);
            return lp_fault_interrupted(w->fault);
        }
        lp_ui_progress(what, i, list->n);
        rc = look(w, list->names[i]);
        if (w->audit->has_no_memory) {
            (void)no_memory(w->fault);
            rc = LP_AWS_FAILED;
        }
    }
    if (list->n > 0 && rc != LP_AWS_FAILED) {
        lp_ui_progress(what, list->n, list->n);
    }
    free(list->names);
    return w->fault->exit;
}

lp_exit_t lp_audit_collect(const lp_aws_config_t *c, const lp_audit_wish_t *wish, lp_audit_t *a,
                           lp_fault_t *f)
{
    static const lp_iot_list_t certs = {.action = "ListCertificates",
                                        .method = "GET",
                                        .path = "/certificates",
                                        .array = "certificates",
                                        .size = "pageSize",
                                        .parameter = "marker",
                                        .token = "nextMarker"};
    static const lp_iot_list_t policies = {.action = "ListPolicies",
                                           .method = "GET",
                                           .path = "/policies",
                                           .array = "policies",
                                           .size = "pageSize",
                                           .parameter = "marker",
                                           .token = "nextMarker"};
    walk_t w = {.aws = c, .wish = wish, .audit = a, .fault = f};
    names_t ids = {.member = "certificateId"};
    names_t names = {.member = "policyName"};
    lp_exit_t rc = look_at_all(&w, "certificates", &certs, &ids, look_at_cert);
    if (rc == LP_EXIT_OK) {
        rc = look_at_all(&w, "policies", &policies, &names, look_at_policy);
    }
    lp_audit_judge_things(a);
    return rc;
}
