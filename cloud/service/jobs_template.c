// SPDX-License-Identifier: Apache-2.0
// Job templates: a document and configurations, kept for later jobs.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jobs_create.h"
#include "jobs_priv.h"
#include "limpet/tags.h"

static lp_reg_err_t missing(const lp_jobs_t *j, const char *id)
{
    return lp_reg_fail(j->reg, LP_REG_NOT_FOUND, "Job template %.64s not found", id);
}

static lp_reg_err_t insert(const lp_jobs_t *j, const char *id, const cJSON *request,
                           const lp_job_made_t *made)
{
    int64_t one = 0;
    if (lp_db_int(j->reg, &one, "SELECT 1 FROM job_templates WHERE scope=? AND id=?", "it",
                  j->scope->id, id)) {
        char arn[LP_REG_ARN_SIZE];
        lp_reg_arn(j->scope, "jobtemplate", id, arn);
        return lp_reg_fail_resource(j->reg, LP_REG_CONFLICT, id, arn,
                                    "The job template exists already");
    }
    char *config = cJSON_PrintUnformatted(made->config);
    lp_reg_err_t rc = lp_db_run(j->reg, "INSERT INTO job_templates VALUES(?,?,?,?,?,?,?)",
                                "itttttd", j->scope->id, id, made->document, made->source,
                                lp_jobs_text(request, "description"), config, j->now);
    cJSON_free(config);
    return rc == LP_REG_OK
               ? lp_reg_tags_put(j->reg, j->scope, "jobtemplate", id, lp_jobs_get(request, "tags"))
               : rc;
}

// A template made of a job takes over its document and what the request does not say itself.
static lp_reg_err_t request_of_job(const lp_jobs_t *j, const cJSON *request, cJSON **whole)
{
    char kind[32];
    char name[160];
    const char *arn = lp_jobs_text(request, "jobArn");
    if (!lp_arn_split(j->scope, arn, kind, name) || strcmp(kind, "job") != 0) {
        return lp_reg_fail(j->reg, LP_REG_INVALID,
                           "The jobArn is not one of this account and region");
    }
    char *document = lp_job_document_text(j, name);
    lp_job_t job;
    if (document == NULL || !lp_job_load(j, name, &job)) {
        free(document);
        return lp_job_missing(j, name);
    }
    static const char *const left[] = {"schedulingConfig", "namespaceId", "jobTemplateArn"};
    for (size_t i = 0; i < sizeof left / sizeof left[0]; i++) {
        cJSON_DeleteItemFromObjectCaseSensitive(job.config, left[i]);
    }
    *whole = job.config;
    for (const cJSON *e = request->child; e != NULL; e = e->next) {
        cJSON_DeleteItemFromObjectCaseSensitive(*whole, e->string);
        cJSON_AddItemToObject(*whole, e->string, cJSON_Duplicate(e, true));
    }
    if (lp_jobs_get(*whole, "document") == NULL && lp_jobs_get(*whole, "documentSource") == NULL) {
        cJSON_AddStringToObject(*whole, "document", document);
    }
    free(document);
    return LP_REG_OK;
}

static lp_reg_err_t create(const lp_jobs_t *j, const char *id, const cJSON *request)
{
    lp_job_made_t made;
    lp_reg_err_t rc = lp_job_make(j, request, &made);
    if (rc == LP_REG_OK) {
        rc = lp_db_begin(j->reg);
        rc = rc == LP_REG_OK ? lp_db_end(j->reg, insert(j, id, request, &made)) : rc;
    }
    lp_job_made_free(&made);
    return rc;
}

lp_reg_err_t lp_jobs_template_create(const lp_jobs_t *j, const char *id, const cJSON *request,
                                     cJSON **doc)
{
    cJSON *whole = NULL;
    if (!lp_jobs_id_ok(id)) {
        return lp_reg_fail(j->reg, LP_REG_INVALID,
                           "A jobTemplateId has 1 to 64 characters of a-z A-Z 0-9 _ -");
    }
    if (lp_jobs_text(request, "description") == NULL) {
        return lp_reg_fail(j->reg, LP_REG_INVALID, "A job template needs a description");
    }
    lp_reg_err_t rc =
        lp_jobs_get(request, "jobArn") != NULL ? request_of_job(j, request, &whole) : LP_REG_OK;
    rc = rc == LP_REG_OK ? create(j, id, whole != NULL ? whole : request) : rc;
    cJSON_Delete(whole);
    if (rc == LP_REG_OK) {
        char arn[LP_REG_ARN_SIZE];
        lp_reg_arn(j->scope, "jobtemplate", id, arn);
        *doc = cJSON_CreateObject();
        cJSON_AddStringToObject(*doc, "jobTemplateArn", arn);
        cJSON_AddStringToObject(*doc, "jobTemplateId", id);
    }
    return rc;
}

#define TEMPLATE_NAMES                                                                             \
    "'arn:aws:iot:'||?2||':'||?3||':jobtemplate/'||id AS jobTemplateArn, id AS jobTemplateId,"     \
    " description, created AS createdAt"

lp_reg_err_t lp_jobs_template_describe(const lp_jobs_t *j, const char *id, cJSON **doc)
{
    cJSON *row = lp_db_row(j->reg,
                           "SELECT " TEMPLATE_NAMES ", document, source AS documentSource,"
                           " config AS 'j:config' FROM job_templates WHERE scope=?1 AND id=?4",
                           "ittt", j->scope->id, j->scope->region, j->scope->account, id);
    if (row == NULL) {
        return missing(j, id);
    }
    cJSON *config = cJSON_DetachItemFromObjectCaseSensitive(row, "config");
    while (config != NULL && config->child != NULL) {
        cJSON *one = cJSON_DetachItemViaPointer(config, config->child);
        cJSON_AddItemToObject(row, one->string, one);
    }
    cJSON_Delete(config);
    *doc = row;
    return LP_REG_OK;
}

lp_reg_err_t lp_jobs_template_delete(const lp_jobs_t *j, const char *id)
{
    lp_reg_err_t rc = lp_db_run(j->reg, "DELETE FROM job_templates WHERE scope=? AND id=?", "it",
                                j->scope->id, id);
    if (rc == LP_REG_OK && lp_db_changes(j->reg) == 0) {
        return missing(j, id);
    }
    return rc;
}

lp_reg_err_t lp_jobs_templates(const lp_jobs_t *j, const lp_page_t *page, cJSON **doc)
{
    const lp_db_list_t names = {.list = "jobTemplates", .next = "nextToken"};
    return lp_db_page(j->reg, &names, page, doc,
                      "SELECT id AS _key, " TEMPLATE_NAMES " FROM job_templates WHERE scope=?1",
                      "itt", j->scope->id, j->scope->region, j->scope->account);
}
