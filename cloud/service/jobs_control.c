// SPDX-License-Identifier: Apache-2.0
// Jobs after they are made.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jobs_create.h"
#include "jobs_priv.h"

static bool is_over(const lp_job_t *job)
{
    return strcmp(job->status, "COMPLETED") == 0 || strcmp(job->status, "CANCELED") == 0;
}

cJSON *lp_job_named(const lp_jobs_t *j, const char *id)
{
    return lp_db_row(j->reg,
                     "SELECT 'arn:aws:iot:'||?2||':'||?3||':job/'||id AS jobArn, id AS jobId,"
                     " description FROM jobs WHERE scope=?1 AND id=?4",
                     "ittt", j->scope->id, j->scope->region, j->scope->account, id);
}

// --- describe -----------------------------------------------------------------------------------

static cJSON *process_details(const lp_jobs_t *j, const char *id, const cJSON *targets)
{
    int64_t waiting = 0;
    cJSON *doc = lp_db_row(j->reg,
                           "SELECT total(status='CANCELED') AS numberOfCanceledThings,"
                           " total(status='SUCCEEDED') AS numberOfSucceededThings,"
                           " total(status='FAILED') AS numberOfFailedThings,"
                           " total(status='REJECTED') AS numberOfRejectedThings,"
                           " total(status='QUEUED') AS numberOfQueuedThings,"
                           " total(status='IN_PROGRESS') AS numberOfInProgressThings,"
                           " total(status='REMOVED') AS numberOfRemovedThings,"
                           " total(status='TIMED_OUT') AS numberOfTimedOutThings"
                           " FROM job_things WHERE scope=? AND job=?",
                           "it", j->scope->id, id);
    lp_db_int(j->reg, &waiting, "SELECT 1 FROM job_waiting WHERE scope=? AND job=? LIMIT 1", "it",
              j->scope->id, id);
    if (waiting != 0) {
        cJSON_AddItemToObject(doc, "processingTargets", cJSON_Duplicate(targets, true));
    }
    return doc;
}

lp_reg_err_t lp_jobs_describe(const lp_jobs_t *j, const char *id, cJSON **doc)
{
    char source[1400] = "";
    cJSON *job = lp_job_row(j, id);
    if (job == NULL) {
        return lp_job_missing(j, id);
    }
    cJSON_AddItemToObject(job, "jobProcessDetails",
                          process_details(j, id, lp_jobs_get(job, "targets")));
    cJSON_AddBoolToObject(job, "isConcurrent", false);
    *doc = cJSON_CreateObject();
    lp_db_text(j->reg, source, sizeof source, "SELECT source FROM jobs WHERE scope=? AND id=?",
               "it", j->scope->id, id);
    if (source[0] != '\0') {
        cJSON_AddStringToObject(*doc, "documentSource", source);
    }
    cJSON_AddItemToObject(*doc, "job", job);
    return LP_REG_OK;
}

lp_reg_err_t lp_jobs_document(const lp_jobs_t *j, const char *id, cJSON **doc)
{
    char *text = lp_job_document_text(j, id);
    if (text == NULL) {
        return lp_job_missing(j, id);
    }
    *doc = cJSON_CreateObject();
    cJSON_AddStringToObject(*doc, "document", text);
    free(text);
    return LP_REG_OK;
}

static lp_reg_err_t check_status(const lp_jobs_t *j, const char *status)
{
    static const char *const all[] = {"IN_PROGRESS", "CANCELED", "COMPLETED",
                                      "DELETION_IN_PROGRESS", "SCHEDULED"};
    for (size_t i = 0; status != NULL && i < sizeof all / sizeof all[0]; i++) {
        if (strcmp(all[i], status) == 0) {
            return LP_REG_OK;
        }
    }
    return status == NULL ? LP_REG_OK
                          : lp_reg_fail(j->reg, LP_REG_INVALID, "No job has such a status");
}

lp_reg_err_t lp_jobs_list(const lp_jobs_t *j, const lp_jobs_filter_t *f, const lp_page_t *page,
                          cJSON **doc)
{
    const lp_db_list_t names = {.list = "jobs", .next = "nextToken"};
    lp_reg_err_t rc = check_status(j, f->status);
    return rc != LP_REG_OK
               ? rc
               : lp_db_page(
                     j->reg, &names, page, doc,
                     "SELECT id AS _key, 'arn:aws:iot:'||?2||':'||?3||':job/'||id AS jobArn,"
                     " id AS jobId, selection AS targetSelection, status, created AS createdAt,"
                     " updated AS lastUpdatedAt, completed AS completedAt, 0 AS 'b:isConcurrent'"
                     " FROM jobs WHERE scope=?1 AND (?4 IS NULL OR status=?4) AND (?5 IS NULL OR"
                     " selection=?5) AND (?6 IS NULL OR EXISTS(SELECT 1 FROM job_targets t WHERE"
                     " t.scope=?1 AND t.job=id AND is_group AND t.name=?6)) AND (?7 IS NULL OR"
                     " EXISTS(SELECT 1 FROM job_targets t JOIN thing_groups g ON g.scope=?1 AND"
                     " g.name=t.name WHERE t.scope=?1 AND t.job=id AND is_group AND"
                     " g.group_id=?7)) AND (?8 IS NULL OR json_extract(config,'$.namespaceId')=?8)",
                     "itttttt"
                     "t",
                     j->scope->id, j->scope->region, j->scope->account, f->status, f->selection,
                     f->group, f->group_id, f->name_space);
}

// --- change -------------------------------------------------------------------------------------

static void override(cJSON *config, cJSON *changes)
{
    while (changes->child != NULL) {
        cJSON *one = cJSON_DetachItemViaPointer(changes, changes->child);
        cJSON_DeleteItemFromObjectCaseSensitive(config, one->string);
        cJSON_AddItemToObject(config, one->string, one);
    }
    cJSON_Delete(changes);
}

static lp_reg_err_t update_in(const lp_jobs_t *j, const char *id, const cJSON *request)
{
    lp_job_t job;
    if (!lp_job_load(j, id, &job)) {
        return lp_job_missing(j, id);
    }
    lp_reg_err_t rc = LP_REG_OK;
    if (is_over(&job)) {
        rc = lp_reg_fail(j->reg, LP_REG_INVALID, "The job is %s and cannot be changed", job.status);
    } else {
        override(job.config, lp_jobs_config_of(request));
        char *config = cJSON_PrintUnformatted(job.config);
        rc = lp_db_run(j->reg,
                       "UPDATE jobs SET config=?3, updated=?4, description=coalesce(?5,"
                       "description) WHERE scope=?1 AND id=?2",
                       "ittdt", j->scope->id, id, config, j->now,
                       lp_jobs_text(request, "description"));
        cJSON_free(config);
        rc = rc == LP_REG_OK ? lp_job_roll_out(j, id) : rc;
    }
    lp_job_free(&job);
    return rc;
}

lp_reg_err_t lp_jobs_update(const lp_jobs_t *j, const char *id, const cJSON *request)
{
    const char *fault = lp_jobs_text_fault(request);
    fault = fault == NULL ? lp_jobs_config_fault(request, j->now) : fault;
    if (fault == NULL && lp_jobs_get(request, "schedulingConfig") != NULL) {
        fault = "The schedulingConfig of a job cannot be changed";
    }
    if (fault != NULL) {
        return lp_reg_fail(j->reg, LP_REG_INVALID, "%s", fault);
    }
    lp_reg_err_t rc = lp_db_begin(j->reg);
    return rc == LP_REG_OK ? lp_db_end(j->reg, update_in(j, id, request)) : rc;
}

lp_reg_err_t lp_job_end(const lp_jobs_t *j, const char *id, bool force)
{
    lp_reg_err_t rc = lp_job_set_status(j, id, "CANCELED");
    rc = rc == LP_REG_OK
             ? lp_db_run(j->reg,
                         "UPDATE jobs SET next_at=NULL, ended=1, forced=?3 WHERE scope=?1 AND"
                         " id=?2",
                         "iti", j->scope->id, id, (int64_t)force)
             : rc;
    rc = rc == LP_REG_OK ? lp_db_run(j->reg, "DELETE FROM job_waiting WHERE scope=? AND job=?",
                                     "it", j->scope->id, id)
                         : rc;
    lp_jobs_job_event(j, id, "cancellation_in_progress");
    rc = rc == LP_REG_OK
             ? lp_job_exec_step_all(j, id, force ? LP_JOB_EV_CANCEL_FORCE : LP_JOB_EV_CANCEL)
             : rc;
    lp_jobs_job_event(j, id, "canceled");
    return rc;
}

static lp_reg_err_t cancel_in(const lp_jobs_t *j, const char *id, const cJSON *request, bool force)
{
    lp_job_t job;
    if (!lp_job_load(j, id, &job)) {
        return lp_job_missing(j, id);
    }
    bool over = is_over(&job);
    lp_job_free(&job);
    if (over) {
        return lp_reg_fail(j->reg, LP_REG_INVALID, "The job is %s already", job.status);
    }
    lp_reg_err_t rc = lp_db_run(
        j->reg, "UPDATE jobs SET comment=?3, reason=?4 WHERE scope=?1 AND id=?2", "ittt",
        j->scope->id, id, lp_jobs_text(request, "comment"), lp_jobs_text(request, "reasonCode"));
    return rc == LP_REG_OK ? lp_job_end(j, id, force) : rc;
}

lp_reg_err_t lp_jobs_cancel(const lp_jobs_t *j, const char *id, const cJSON *request, bool force,
                            cJSON **doc)
{
    const char *fault = lp_jobs_text_fault(request);
    if (fault != NULL) {
        return lp_reg_fail(j->reg, LP_REG_INVALID, "%s", fault);
    }
    lp_reg_err_t rc = lp_db_begin(j->reg);
    rc = rc == LP_REG_OK ? lp_db_end(j->reg, cancel_in(j, id, request, force)) : rc;
    if (rc == LP_REG_OK) {
        *doc = lp_job_named(j, id);
    }
    return rc;
}

static lp_reg_err_t forget_executions(const lp_jobs_t *j, const char *id)
{
    lp_reg_err_t rc = LP_REG_OK;
    const cJSON *thing = NULL;
    cJSON *list = lp_db_row(j->reg,
                            "SELECT json_group_array(thing) AS 'j:things' FROM job_things WHERE"
                            " scope=? AND job=? AND status IN ('QUEUED','IN_PROGRESS')",
                            "it", j->scope->id, id);
    cJSON_ArrayForEach(thing, lp_jobs_get(list, "things"))
    {
        lp_jobs_watch_t w;
        lp_jobs_watch(j, thing->valuestring, &w);
        rc = rc == LP_REG_OK
                 ? lp_db_run(j->reg, "DELETE FROM job_things WHERE scope=? AND job=? AND thing=?",
                             "itt", j->scope->id, id, thing->valuestring)
                 : rc;
        lp_jobs_watched(j, &w);
    }
    cJSON_Delete(list);
    return rc;
}

static lp_reg_err_t delete_in(const lp_jobs_t *j, const char *id, bool force)
{
    static const char *const tables[] = {
        "DELETE FROM job_things WHERE scope=? AND job=?",
        "DELETE FROM job_waiting WHERE scope=? AND job=?",
        "DELETE FROM job_targets WHERE scope=? AND job=?",
        "DELETE FROM jobs WHERE scope=? AND id=?",
    };
    lp_job_t job;
    if (!lp_job_load(j, id, &job)) {
        return lp_job_missing(j, id);
    }
    bool refused = !is_over(&job) && !force;
    lp_job_free(&job);
    if (refused) {
        return lp_reg_fail(j->reg, LP_REG_STATE_TRANSITION,
                           "The job is %s; only force deletes it now", job.status);
    }
    lp_reg_err_t rc = lp_job_set_status(j, id, "DELETION_IN_PROGRESS");
    lp_jobs_job_event(j, id, "deletion_in_progress");
    rc = rc == LP_REG_OK ? forget_executions(j, id) : rc;
    rc = rc == LP_REG_OK ? lp_job_set_status(j, id, "DELETED") : rc;
    lp_jobs_job_event(j, id, "deleted");
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        rc = rc == LP_REG_OK ? lp_db_run(j->reg, tables[i], "it", j->scope->id, id) : rc;
    }
    return rc;
}

lp_reg_err_t lp_jobs_delete(const lp_jobs_t *j, const char *id, bool force)
{
    lp_reg_err_t rc = lp_db_begin(j->reg);
    return rc == LP_REG_OK ? lp_db_end(j->reg, delete_in(j, id, force)) : rc;
}

static lp_reg_err_t associate_in(const lp_jobs_t *j, const char *id, const cJSON *request)
{
    lp_job_t job;
    if (!lp_job_load(j, id, &job)) {
        return lp_job_missing(j, id);
    }
    bool fits = job.is_continuous && !job.is_ended && strcmp(job.status, "IN_PROGRESS") == 0;
    lp_job_free(&job);
    if (!fits) {
        return lp_reg_fail(j->reg, LP_REG_INVALID,
                           "Only a CONTINUOUS job that is IN_PROGRESS takes more targets");
    }
    lp_reg_err_t rc = lp_job_add_targets(j, id, lp_jobs_get(request, "targets"));
    rc = rc == LP_REG_OK && lp_jobs_text(request, "comment") != NULL
             ? lp_db_run(j->reg, "UPDATE jobs SET comment=?3 WHERE scope=?1 AND id=?2", "itt",
                         j->scope->id, id, lp_jobs_text(request, "comment"))
             : rc;
    return rc == LP_REG_OK ? lp_job_start(j, id) : rc;
}

lp_reg_err_t lp_jobs_associate(const lp_jobs_t *j, const char *id, const cJSON *request,
                               cJSON **doc)
{
    const char *fault = lp_jobs_text_fault(request);
    if (fault != NULL) {
        return lp_reg_fail(j->reg, LP_REG_INVALID, "%s", fault);
    }
    lp_reg_err_t rc = lp_db_begin(j->reg);
    rc = rc == LP_REG_OK ? lp_db_end(j->reg, associate_in(j, id, request)) : rc;
    if (rc == LP_REG_OK) {
        *doc = lp_job_named(j, id);
    }
    return rc;
}
