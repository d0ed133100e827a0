// SPDX-License-Identifier: Apache-2.0
// Executions as the control plane sees them.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jobs_priv.h"

#define SUMMARY                                                                                    \
    "json_patch('{}',json_object('status',status,'queuedAt',queued,'startedAt',"                   \
    "nullif(started,0.0),'lastUpdatedAt',updated,'executionNumber',number,'retryAttempt',"         \
    "nullif(retries,0))) AS 'j:jobExecutionSummary'"

static lp_reg_err_t missing(const lp_jobs_t *j, const char *id, const char *thing)
{
    return lp_reg_fail(j->reg, LP_REG_NOT_FOUND, "Job execution of %.64s on %.128s not found", id,
                       thing);
}

static bool find(const lp_jobs_t *j, const char *id, const char *thing, int64_t number,
                 lp_job_exec_t *e)
{
    if (!lp_job_exec_load(j, id, thing, e)) {
        return false;
    }
    bool fits = number == 0 || number == e->number;
    if (!fits) {
        lp_job_exec_free(e);
    }
    return fits;
}

lp_reg_err_t lp_jobs_execution(const lp_jobs_t *j, const char *id, const char *thing,
                               int64_t number, cJSON **doc)
{
    char arn[LP_REG_ARN_SIZE];
    lp_job_exec_t e;
    if (!find(j, id, thing, number, &e)) {
        return missing(j, id, thing);
    }
    *doc = cJSON_CreateObject();
    cJSON *x = cJSON_AddObjectToObject(*doc, "execution");
    lp_reg_arn(j->scope, "thing", thing, arn);
    cJSON_AddStringToObject(x, "jobId", e.job);
    cJSON_AddStringToObject(x, "status", lp_job_state_name(e.state));
    if (e.is_forced) {
        cJSON_AddTrueToObject(x, "forceCanceled");
    }
    cJSON *details = cJSON_AddObjectToObject(x, "statusDetails");
    if (e.details != NULL) {
        cJSON_AddItemToObject(details, "detailsMap", cJSON_Duplicate(e.details, true));
    }
    cJSON_AddStringToObject(x, "thingArn", arn);
    cJSON_AddNumberToObject(x, "queuedAt", e.queued);
    if (e.started > 0) {
        cJSON_AddNumberToObject(x, "startedAt", e.started);
    }
    cJSON_AddNumberToObject(x, "lastUpdatedAt", e.updated);
    cJSON_AddNumberToObject(x, "executionNumber", (double)e.number);
    cJSON_AddNumberToObject(x, "versionNumber", (double)e.version);
    int64_t left = lp_job_exec_left(j, &e);
    if (left >= 0) {
        cJSON_AddNumberToObject(x, "approximateSecondsBeforeTimedOut", (double)left);
    }
    lp_job_exec_free(&e);
    return LP_REG_OK;
}

static lp_reg_err_t check_status(const lp_jobs_t *j, const char *status)
{
    lp_job_state_t state;
    return status == NULL || lp_job_state_of(status, &state)
               ? LP_REG_OK
               : lp_reg_fail(j->reg, LP_REG_INVALID, "No job execution has such a status");
}

lp_reg_err_t lp_jobs_executions(const lp_jobs_t *j, const char *id, const char *status,
                                const lp_page_t *page, cJSON **doc)
{
    const lp_db_list_t names = {.list = "executionSummaries", .next = "nextToken"};
    int64_t one = 0;
    lp_reg_err_t rc = check_status(j, status);
    if (rc != LP_REG_OK) {
        return rc;
    }
    if (!lp_db_int(j->reg, &one, "SELECT 1 FROM jobs WHERE scope=? AND id=?", "it", j->scope->id,
                   id)) {
        return lp_job_missing(j, id);
    }
    return lp_db_page(j->reg, &names, page, doc,
                      "SELECT thing AS _key, 'arn:aws:iot:'||?2||':'||?3||':thing/'||thing AS"
                      " thingArn, " SUMMARY " FROM job_things WHERE scope=?1 AND job=?4 AND"
                      " (?5 IS NULL OR status=?5)",
                      "itttt", j->scope->id, j->scope->region, j->scope->account, id, status);
}

lp_reg_err_t lp_jobs_of_thing(const lp_jobs_t *j, const char *thing, const char *id,
                              const char *status, const lp_page_t *page, cJSON **doc)
{
    const lp_db_list_t names = {.list = "executionSummaries", .next = "nextToken"};
    int64_t one = 0;
    lp_reg_err_t rc = check_status(j, status);
    if (rc != LP_REG_OK) {
        return rc;
    }
    if (!lp_db_int(j->reg, &one, "SELECT 1 FROM things WHERE scope=? AND name=?", "it",
                   j->scope->id, thing)) {
        return lp_reg_fail(j->reg, LP_REG_NOT_FOUND, "Thing %.128s not found.", thing);
    }
    return lp_db_page(j->reg, &names, page, doc,
                      "SELECT job AS _key, job AS jobId, " SUMMARY " FROM job_things WHERE"
                      " scope=?1 AND thing=?2 AND (?3 IS NULL OR job=?3) AND (?4 IS NULL OR"
                      " status=?4)",
                      "ittt", j->scope->id, thing, id, status);
}

static lp_reg_err_t cancel_in(const lp_jobs_t *j, const char *id, const char *thing,
                              const cJSON *request, bool force)
{
    lp_job_exec_t e;
    const cJSON *expected = lp_jobs_get(request, "expectedVersion");
    if (!find(j, id, thing, 0, &e)) {
        return missing(j, id, thing);
    }
    lp_reg_err_t rc = LP_REG_OK;
    if (expected != NULL &&
        (!cJSON_IsNumber(expected) || (int64_t)expected->valuedouble != e.version)) {
        rc = lp_reg_fail(j->reg, LP_REG_VERSION_CONFLICT, "The job execution has version %lld",
                         (long long)e.version);
    } else {
        rc = lp_job_exec_step(j, &e, force ? LP_JOB_EV_CANCEL_FORCE : LP_JOB_EV_CANCEL,
                              lp_jobs_get(request, "statusDetails"));
    }
    lp_job_exec_free(&e);
    return rc;
}

lp_reg_err_t lp_jobs_execution_cancel(const lp_jobs_t *j, const char *id, const char *thing,
                                      const cJSON *request, bool force)
{
    const char *fault = lp_jobs_details_fault(lp_jobs_get(request, "statusDetails"));
    if (fault != NULL) {
        return lp_reg_fail(j->reg, LP_REG_INVALID, "%s", fault);
    }
    lp_reg_err_t rc = lp_db_begin(j->reg);
    return rc == LP_REG_OK ? lp_db_end(j->reg, cancel_in(j, id, thing, request, force)) : rc;
}

static lp_reg_err_t delete_in(const lp_jobs_t *j, const char *id, const char *thing, int64_t number,
                              bool force)
{
    lp_job_exec_t e;
    lp_jobs_watch_t w;
    if (!find(j, id, thing, number, &e)) {
        return missing(j, id, thing);
    }
    bool pending = e.state == LP_JOB_QUEUED || e.state == LP_JOB_IN_PROGRESS;
    lp_reg_err_t rc = LP_REG_OK;
    if (pending && !force) {
        rc = lp_reg_fail(j->reg, LP_REG_STATE_TRANSITION,
                         "The job execution is %s; only force deletes it now",
                         lp_job_state_name(e.state));
    } else {
        lp_jobs_watch(j, thing, &w);
        rc = lp_db_run(j->reg, "DELETE FROM job_things WHERE scope=? AND job=? AND thing=?", "itt",
                       j->scope->id, id, thing);
        lp_jobs_exec_event(j, &e, "deleted");
        if (pending) {
            lp_jobs_watched(j, &w);
        }
        rc = rc == LP_REG_OK ? lp_job_settle(j, id) : rc;
    }
    lp_job_exec_free(&e);
    return rc;
}

lp_reg_err_t lp_jobs_execution_delete(const lp_jobs_t *j, const char *id, const char *thing,
                                      int64_t number, bool force)
{
    lp_reg_err_t rc = lp_db_begin(j->reg);
    return rc == LP_REG_OK ? lp_db_end(j->reg, delete_in(j, id, thing, number, force)) : rc;
}
