// SPDX-License-Identifier: Apache-2.0
// The list of certificates says which are ACTIVE; each of these is asked for its policies, its
// things and its end. What the things have in common is counted on the way, so that they need not
// be listed.
#include "audit.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "limpet/iot_list.h"
#include "policy_check.h"

enum { DAY_S = 86400, FIRST_CAP = 256 };

typedef char name_t[LP_IOT_MAX_NAME + 1];

typedef struct {
    name_t *names;  // owned
    size_t *counts; // owned; how often each was added
    size_t n;
    size_t cap;
    bool is_out_of_memory;
} names_t;

static bool grow(names_t *list)
{
    size_t cap = list->cap > 0 ? list->cap * 2 : FIRST_CAP;
    name_t *names = realloc(list->names, cap * sizeof *names);
    list->names = names != NULL ? names : list->names;
    size_t *counts = realloc(list->counts, cap * sizeof *counts);
    list->counts = counts != NULL ? counts : list->counts;
    list->is_out_of_memory = names == NULL || counts == NULL;
    list->cap = list->is_out_of_memory ? list->cap : cap;
    return !list->is_out_of_memory;
}

static bool add(names_t *list, const char *name)
{
    if (list->n == list->cap && !grow(list)) {
        return false;
    }
    snprintf(list->names[list->n], sizeof list->names[0], "%s", name);
    list->counts[list->n++] = 1;
    return true;
}

static bool count(names_t *list, const char *name)
{
    for (size_t i = 0; i < list->n; i++) {
        if (strcmp(list->names[i], name) == 0) {
            list->counts[i]++;
            return true;
        }
    }
    return add(list, name);
}

static void names_free(names_t *list)
{
    free(list->names);
    free(list->counts);
}

static void find(lp_audit_t *a, const char *code, const char *kind, const char *name,
                 const char *text)
{
    a->n_findings++;
    cJSON *e = cJSON_CreateObject();
    cJSON_AddStringToObject(e, "code", code);
    cJSON_AddStringToObject(e, kind, name);
    cJSON_AddStringToObject(e, "text", text);
    lp_ui_event("finding", e);
    char clean[240];
    lp_ui_clean(clean, sizeof clean, text);
    lp_ui_out("%s: %s %s: %s", code, kind, name, clean);
}

// --- certificates

typedef struct {
    lp_audit_t *audit;
    names_t active;
} cert_list_t;

static bool take_cert(void *ctx, const cJSON *item)
{
    cert_list_t *list = ctx;
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(item, "certificateId");
    const cJSON *status = cJSON_GetObjectItemCaseSensitive(item, "status");
    if (!cJSON_IsString(id) || !lp_iot_is_cert_id(id->valuestring)) {
        return true;
    }
    list->audit->n_certs++;
    bool is_active = cJSON_IsString(status) && strcmp(status->valuestring, "ACTIVE") == 0;
    return !is_active || add(&list->active, id->valuestring);
}

static void look_at_end(lp_audit_t *a, const lp_iot_cert_t *cert)
{
    int64_t end_s = 0;
    char text[120];
    if (!lp_check_cert_end(cert->pem, &end_s)) {
        find(a, "unreadable", "certificate", cert->id, "ACTIVE, and not a certificate");
        return;
    }
    int64_t left_s = end_s - lp_aws_now_s();
    if (left_s < 0) {
        find(a, "expired", "certificate", cert->id, "ACTIVE, and expired");
    } else if (left_s < (int64_t)a->days * DAY_S) {
        snprintf(text, sizeof text, "expires in %lld days", (long long)(left_s / DAY_S));
        find(a, "expiring", "certificate", cert->id, text);
    }
}

static lp_aws_result_t look_at_cert(const lp_aws_config_t *aws, lp_audit_t *a, const char *id,
                                    names_t *things, lp_fault_t *f)
{
    lp_iot_cert_t cert;
    lp_iot_names_t of_it;
    lp_aws_result_t rc = lp_iot_cert_get(aws, id, &cert, f);
    // Deleted or switched off since the list was made.
    if (rc == LP_AWS_NOT_FOUND || (rc == LP_AWS_OK && strcmp(cert.status, "ACTIVE") != 0)) {
        return LP_AWS_OK;
    }
    rc = rc == LP_AWS_OK ? lp_iot_cert_policies(aws, cert.arn, &of_it, f) : rc;
    if (rc == LP_AWS_OK && of_it.n == 0) {
        find(a, "no-policy", "certificate", id, "ACTIVE, and no policy is attached");
    }
    rc = rc == LP_AWS_OK ? lp_iot_cert_things(aws, cert.arn, &of_it, f) : rc;
    if (rc == LP_AWS_NOT_FOUND) {
        return LP_AWS_OK;
    }
    if (rc != LP_AWS_OK) {
        return rc;
    }
    a->n_active++;
    if (of_it.n == 0) {
        find(a, "no-thing", "certificate", id, "ACTIVE, and attached to no thing");
    }
    for (size_t i = 0; i < of_it.n; i++) {
        (void)count(things, of_it.names[i]);
    }
    look_at_end(a, &cert);
    return LP_AWS_OK;
}

static lp_exit_t fail_memory(lp_fault_t *f)
{
    return lp_fault_set(f, LP_EXIT_LOCAL, "no-memory", "out of memory");
}

static lp_exit_t look_at_certs(const lp_aws_config_t *aws, const cert_list_t *list, names_t *things,
                               lp_fault_t *f)
{
    for (size_t i = 0; i < list->active.n; i++) {
        if (lp_interrupt_seen()) {
            return lp_fault_interrupted(f);
        }
        if (look_at_cert(aws, list->audit, list->active.names[i], things, f) != LP_AWS_OK) {
            return f->exit;
        }
    }
    return things->is_out_of_memory ? fail_memory(f) : LP_EXIT_OK;
}

static void look_at_things(lp_audit_t *a, const names_t *things)
{
    char text[80];
    for (size_t i = 0; i < things->n; i++) {
        if (things->counts[i] > 1) {
            snprintf(text, sizeof text, "has %zu ACTIVE certificates", things->counts[i]);
            find(a, "several-active", "thing", things->names[i], text);
        }
    }
}

static lp_exit_t audit_certs(const lp_aws_config_t *aws, lp_audit_t *a, lp_fault_t *f)
{
    cert_list_t list = {.audit = a};
    names_t things = {.n = 0};
    lp_exit_t rc = lp_iot_each_cert(aws, take_cert, &list, f) == LP_AWS_OK ? LP_EXIT_OK : f->exit;
    if (rc == LP_EXIT_OK && list.active.is_out_of_memory) {
        rc = fail_memory(f);
    }
    rc = rc == LP_EXIT_OK ? look_at_certs(aws, &list, &things, f) : rc;
    if (rc == LP_EXIT_OK) {
        look_at_things(a, &things);
    }
    names_free(&list.active);
    names_free(&things);
    return rc;
}

// --- policies

static bool take_policy(void *ctx, const cJSON *item)
{
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(item, "policyName");
    return !cJSON_IsString(name) || !lp_iot_is_policy_name(name->valuestring) ||
           add(ctx, name->valuestring);
}

static lp_exit_t look_at_policies(const lp_aws_config_t *aws, lp_audit_t *a, const names_t *names,
                                  lp_fault_t *f)
{
    for (size_t i = 0; i < names->n; i++) {
        char *document = NULL;
        char words[240];
        char text[280];
        lp_aws_result_t rc = lp_iot_policy_get(aws, names->names[i], &document, NULL, 0, f);
        if (rc != LP_AWS_OK && rc != LP_AWS_NOT_FOUND) {
            return f->exit;
        }
        a->n_policies += rc == LP_AWS_OK ? 1u : 0u;
        if (rc == LP_AWS_OK && lp_policy_find_wildcard(document, words, sizeof words)) {
            snprintf(text, sizeof text, "allows %s", words);
            find(a, "policy-wildcard", "policy", names->names[i], text);
        }
        free(document);
        if (lp_interrupt_seen()) {
            return lp_fault_interrupted(f);
        }
    }
    return LP_EXIT_OK;
}

static lp_exit_t audit_policies(const lp_aws_config_t *aws, lp_audit_t *a, lp_fault_t *f)
{
    names_t names = {.n = 0};
    lp_exit_t rc =
        lp_iot_each_policy(aws, take_policy, &names, f) == LP_AWS_OK ? LP_EXIT_OK : f->exit;
    if (rc == LP_EXIT_OK && names.is_out_of_memory) {
        rc = fail_memory(f);
    }
    rc = rc == LP_EXIT_OK ? look_at_policies(aws, a, &names, f) : rc;
    names_free(&names);
    return rc;
}

lp_exit_t lp_audit_run(const lp_aws_config_t *aws, lp_audit_t *a, lp_fault_t *f)
{
    lp_exit_t rc = audit_certs(aws, a, f);
    return rc == LP_EXIT_OK ? audit_policies(aws, a, f) : rc;
}
