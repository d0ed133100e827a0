// SPDX-License-Identifier: Apache-2.0
// Jobs and templates are made from the same parts: a document and configurations.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jobs_create.h"
#include "jobs_priv.h"
#include "limpet/presign.h"
#include "limpet/tags.h"

static lp_reg_err_t invalid(const lp_jobs_t *j, const char *why)
{
    return lp_reg_fail(j->reg, LP_REG_INVALID, "%s", why);
}

// --- the document -------------------------------------------------------------------------------

static lp_reg_err_t check_document(const lp_jobs_t *j, const char *text, const cJSON *config)
{
    if (text == NULL) {
        return lp_reg_fail(j->reg, LP_REG_INTERNAL, "out of memory");
    }
    if (strlen(text) > LP_JOBS_DOCUMENT_MAX) {
        return invalid(j, "The job document has more than 32768 bytes");
    }
    cJSON *parsed = lp_text_ok(text, strlen(text)) ? cJSON_Parse(text) : NULL;
    bool ok = cJSON_IsObject(parsed) || cJSON_IsArray(parsed);
    cJSON_Delete(parsed);
    if (!ok) {
        return invalid(j, "The job document is not JSON");
    }
    const char *fault = lp_presign_fault(text);
    if (strstr(text, LP_PRESIGN_MARK) != NULL &&
        lp_jobs_text(lp_jobs_get(config, "presignedUrlConfig"), "roleArn") == NULL) {
        fault = "A document with presigned URLs needs presignedUrlConfig.roleArn";
    }
    return fault == NULL ? LP_REG_OK : invalid(j, fault);
}

static lp_reg_err_t request_document(const lp_jobs_t *j, const cJSON *request, char **text)
{
    const cJSON *document = lp_jobs_get(request, "document");
    const char *source = lp_jobs_text(request, "documentSource");
    if ((document == NULL) == (source == NULL)) {
        return invalid(j, "Either document or documentSource is needed, and not both");
    }
    if (source != NULL) {
        return lp_job_source(j, source, text);
    }
    if (!cJSON_IsString(document)) {
        return invalid(j, "The document is a text");
    }
    *text = strdup(document->valuestring);
    return *text != NULL ? LP_REG_OK : lp_reg_fail(j->reg, LP_REG_INTERNAL, "out of memory");
}

static lp_reg_err_t refuse_unsupported(const lp_jobs_t *j, const cJSON *request)
{
    static const char *const names[] = {"documentParameters", "destinationPackageVersions"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (lp_jobs_get(request, names[i]) != NULL) {
            return lp_reg_fail(j->reg, LP_REG_NOT_IMPLEMENTED, "%s is not here", names[i]);
        }
    }
    bool windows =
        lp_jobs_get(request, "maintenanceWindows") != NULL ||
        lp_jobs_get(lp_jobs_get(request, "schedulingConfig"), "maintenanceWindows") != NULL;
    return windows ? lp_reg_fail(j->reg, LP_REG_NOT_IMPLEMENTED, "Maintenance windows are not here")
                   : LP_REG_OK;
}

// What the template has and the request does not say otherwise.
static void inherit(cJSON *config, cJSON *base)
{
    while (base->child != NULL) {
        cJSON *one = cJSON_DetachItemViaPointer(base, base->child);
        if (lp_jobs_get(config, one->string) == NULL) {
            cJSON_AddItemToObject(config, one->string, one);
        } else {
            cJSON_Delete(one);
        }
    }
}

static lp_reg_err_t from_template(const lp_jobs_t *j, const char *arn, lp_job_made_t *made)
{
    char kind[32];
    char name[160];
    if (!lp_arn_split(j->scope, arn, kind, name) || strcmp(kind, "jobtemplate") != 0) {
        return invalid(j, "The jobTemplateArn is not one of this account and region");
    }
    cJSON *t = lp_db_row(j->reg,
                         "SELECT document,description,config AS 'j:config',source"
                         " FROM job_templates WHERE scope=? AND id=?",
                         "it", j->scope->id, name);
    if (t == NULL) {
        return lp_reg_fail(j->reg, LP_REG_NOT_FOUND, "Job template %.64s not found", name);
    }
    made->document = strdup(lp_jobs_text(t, "document"));
    made->source = lp_jobs_text(t, "source") != NULL ? strdup(lp_jobs_text(t, "source")) : NULL;
    inherit(made->config, cJSON_GetObjectItemCaseSensitive(t, "config"));
    cJSON_Delete(t);
    return made->document != NULL ? LP_REG_OK
                                  : lp_reg_fail(j->reg, LP_REG_INTERNAL, "out of memory");
}

lp_reg_err_t lp_job_make(const lp_jobs_t *j, const cJSON *request, lp_job_made_t *made)
{
    const char *arn = lp_jobs_text(request, "jobTemplateArn");
    const char *source = lp_jobs_text(request, "documentSource");
    const char *fault = lp_jobs_text_fault(request);
    fault = fault == NULL ? lp_jobs_config_fault(request, j->now) : fault;
    *made = (lp_job_made_t){.config = lp_jobs_config_of(request)};
    if (fault != NULL) {
        return invalid(j, fault);
    }
    lp_reg_err_t rc = refuse_unsupported(j, request);
    bool own = lp_jobs_get(request, "document") != NULL || source != NULL;
    if (rc == LP_REG_OK && arn != NULL && !own) {
        rc = from_template(j, arn, made);
    } else if (rc == LP_REG_OK) {
        rc = request_document(j, request, &made->document);
        made->source = source != NULL ? strdup(source) : NULL;
    }
    return rc == LP_REG_OK ? check_document(j, made->document, made->config) : rc;
}

void lp_job_made_free(lp_job_made_t *made)
{
    free(made->document);
    free(made->source);
    cJSON_Delete(made->config);
}

// --- targets ------------------------------------------------------------------------------------

static lp_reg_err_t add_target(const lp_jobs_t *j, const char *id, const cJSON *target)
{
    char kind[32];
    char name[160];
    const char *arn = cJSON_GetStringValue(target);
    int64_t one = 0;
    if (!lp_arn_split(j->scope, arn, kind, name) ||
        (strcmp(kind, "thing") != 0 && strcmp(kind, "thinggroup") != 0)) {
        return invalid(j, "A target is the ARN of a thing or thing group of this account and "
                          "region");
    }
    bool is_group = strcmp(kind, "thinggroup") == 0;
    if (!lp_db_int(j->reg, &one,
                   is_group ? "SELECT 1 FROM thing_groups WHERE scope=? AND name=?"
                            : "SELECT 1 FROM things WHERE scope=? AND name=?",
                   "it", j->scope->id, name)) {
        return lp_reg_fail(j->reg, LP_REG_NOT_FOUND, "%s %.128s not found",
                           is_group ? "Thing group" : "Thing", name);
    }
    return lp_db_run(j->reg, "INSERT OR IGNORE INTO job_targets VALUES(?,?,?,?)", "itit",
                     j->scope->id, id, (int64_t)is_group, name);
}

lp_reg_err_t lp_job_add_targets(const lp_jobs_t *j, const char *id, const cJSON *targets)
{
    const cJSON *target = NULL;
    int64_t n = 0;
    lp_reg_err_t rc = LP_REG_OK;
    if (!cJSON_IsArray(targets) || cJSON_GetArraySize(targets) < 1) {
        return invalid(j, "The targets are missing");
    }
    cJSON_ArrayForEach(target, targets)
    {
        rc = rc == LP_REG_OK ? add_target(j, id, target) : rc;
    }
    if (rc != LP_REG_OK) {
        return rc;
    }
    lp_db_int(j->reg, &n, "SELECT count(*) FROM job_targets WHERE scope=? AND job=?", "it",
              j->scope->id, id);
    if (n > LP_JOBS_TARGETS_MAX) {
        return lp_reg_fail(j->reg, LP_REG_LIMIT, "A job has up to %d targets", LP_JOBS_TARGETS_MAX);
    }
    return lp_db_run(j->reg,
                     "UPDATE jobs SET updated=?5, targets=(SELECT"
                     " json_group_array('arn:aws:iot:'||?3||':'||?4||CASE WHEN is_group THEN"
                     " ':thinggroup/' ELSE ':thing/' END||name) FROM job_targets WHERE scope=?1"
                     " AND job=?2) WHERE scope=?1 AND id=?2",
                     "ittt"
                     "d",
                     j->scope->id, id, j->scope->region, j->scope->account, j->now);
}

// --- jobs ---------------------------------------------------------------------------------------

static lp_reg_err_t insert_job(const lp_jobs_t *j, const char *id, const cJSON *request,
                               const lp_job_made_t *made)
{
    const char *selection = lp_jobs_text(request, "targetSelection");
    char *config = cJSON_PrintUnformatted(made->config);
    lp_reg_err_t rc = lp_db_run(
        j->reg,
        "INSERT INTO jobs(scope,id,document,source,targets,selection,status,description,forced,"
        "config,created,updated,ended,window,window_count) VALUES(?1,?2,?3,?4,'[]',?5,'SCHEDULED',"
        "?6,0,?7,?8,?8,0,0.0,0)",
        "itttttt"
        "d",
        j->scope->id, id, made->document, made->source, selection != NULL ? selection : "SNAPSHOT",
        lp_jobs_text(request, "description"), config, j->now);
    cJSON_free(config);
    return rc;
}

static lp_reg_err_t create_in(const lp_jobs_t *j, const char *id, const cJSON *request,
                              const lp_job_made_t *made)
{
    int64_t one = 0;
    if (lp_db_int(j->reg, &one, "SELECT 1 FROM jobs WHERE scope=? AND id=?", "it", j->scope->id,
                  id)) {
        char arn[LP_REG_ARN_SIZE];
        lp_reg_arn(j->scope, "job", id, arn);
        return lp_reg_fail_resource(j->reg, LP_REG_EXISTS, id, arn, "The job exists already");
    }
    double start =
        lp_jobs_time(lp_jobs_text(lp_jobs_get(made->config, "schedulingConfig"), "startTime"));
    lp_reg_err_t rc = insert_job(j, id, request, made);
    rc = rc == LP_REG_OK ? lp_job_add_targets(j, id, lp_jobs_get(request, "targets")) : rc;
    rc = rc == LP_REG_OK
             ? lp_reg_tags_put(j->reg, j->scope, "job", id, lp_jobs_get(request, "tags"))
             : rc;
    if (rc == LP_REG_OK) {
        rc = start > j->now ? lp_job_set_next(j, id, start) : lp_job_start(j, id);
    }
    return rc;
}

lp_reg_err_t lp_jobs_create(const lp_jobs_t *j, const char *id, const cJSON *request, cJSON **doc)
{
    static const char *const names[] = {"SNAPSHOT", "CONTINUOUS"};
    const char *selection = lp_jobs_text(request, "targetSelection");
    lp_job_made_t made;
    if (!lp_jobs_id_ok(id)) {
        return invalid(j, "A jobId has 1 to 64 characters of a-z A-Z 0-9 _ -");
    }
    if (selection != NULL && strcmp(selection, names[0]) != 0 && strcmp(selection, names[1]) != 0) {
        return invalid(j, "The targetSelection is SNAPSHOT or CONTINUOUS");
    }
    lp_reg_err_t rc = lp_job_make(j, request, &made);
    if (rc == LP_REG_OK) {
        rc = lp_db_begin(j->reg);
        rc = rc == LP_REG_OK ? lp_db_end(j->reg, create_in(j, id, request, &made)) : rc;
    }
    lp_job_made_free(&made);
    if (rc == LP_REG_OK) {
        *doc = lp_job_named(j, id);
    }
    return rc;
}
