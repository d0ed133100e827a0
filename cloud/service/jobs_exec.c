// SPDX-License-Identifier: Apache-2.0
// An execution takes a step, and what follows from it.
#include <stdlib.h>
#include <string.h>

#include "jobs_priv.h"

lp_reg_err_t lp_job_exec_queue(const lp_jobs_t *j, const char *job, const char *thing)
{
    lp_jobs_watch_t w;
    lp_job_exec_t old = {0};
    lp_jobs_watch(j, thing, &w);
    bool again = lp_job_exec_load(j, job, thing, &old);
    lp_job_exec_t e = {.state = LP_JOB_QUEUED,
                       .number = again ? old.number + 1 : 1,
                       .version = 1,
                       .queued = j->now,
                       .updated = j->now};
    lp_job_exec_free(&old);
    strncpy(e.job, job, sizeof e.job - 1);
    strncpy(e.thing, thing, sizeof e.thing - 1);
    lp_reg_err_t rc = lp_job_exec_save(j, &e);
    if (rc == LP_REG_OK) {
        lp_jobs_watched(j, &w);
    }
    return rc;
}

// --- a failure: once more, or too many of them
// ----------------------------------------------------

static bool criterion_fits(const cJSON *criterion, lp_job_state_t state)
{
    const char *type = lp_jobs_text(criterion, "failureType");
    bool failed = state == LP_JOB_FAILED || state == LP_JOB_REJECTED || state == LP_JOB_TIMED_OUT;
    return failed && type != NULL &&
           (strcmp(type, "ALL") == 0 || strcmp(type, lp_job_state_name(state)) == 0);
}

static bool may_retry(const lp_job_t *job, const lp_job_exec_t *e)
{
    const cJSON *list =
        lp_jobs_get(lp_jobs_get(job->config, "jobExecutionsRetryConfig"), "criteriaList");
    const cJSON *c = NULL;
    if (strcmp(job->status, "IN_PROGRESS") != 0) {
        return false;
    }
    cJSON_ArrayForEach(c, list)
    {
        if (criterion_fits(c, e->state) &&
            (double)e->retries < lp_jobs_number(c, "numberOfRetries", 0)) {
            return true;
        }
    }
    return false;
}

// A retry is a new execution with the next number in the old one's place in line.
static lp_reg_err_t retry(const lp_jobs_t *j, lp_job_exec_t *e)
{
    if (!lp_job_step(&e->state, LP_JOB_EV_RETRY)) {
        return LP_REG_OK;
    }
    e->number++;
    e->retries++;
    e->version = 1;
    e->queued = j->now;
    e->updated = j->now;
    e->started = 0;
    e->deadline = 0;
    e->step_deadline = 0;
    lp_job_exec_free(e);
    return lp_job_exec_save(j, e);
}

static bool criterion_met(const lp_jobs_t *j, const char *job, const cJSON *c)
{
    int64_t executed = 0;
    int64_t failed = 0;
    const char *type = lp_jobs_text(c, "failureType");
    lp_db_int(j->reg, &executed, "SELECT count(*) FROM job_things WHERE scope=? AND job=?", "it",
              j->scope->id, job);
    lp_db_int(j->reg, &failed,
              "SELECT count(*) FROM job_things WHERE scope=?1 AND job=?2 AND (status=?3 OR"
              " (?3='ALL' AND status IN ('FAILED','REJECTED','TIMED_OUT')))",
              "itt", j->scope->id, job, type);
    return failed > 0 && (double)executed >= lp_jobs_number(c, "minNumberOfExecutedThings", 1) &&
           (double)failed * 100 >= lp_jobs_number(c, "thresholdPercentage", 100) * (double)executed;
}

static bool must_abort(const lp_jobs_t *j, const lp_job_t *job)
{
    const cJSON *list = lp_jobs_get(lp_jobs_get(job->config, "abortConfig"), "criteriaList");
    const cJSON *c = NULL;
    if (strcmp(job->status, "IN_PROGRESS") != 0) {
        return false;
    }
    cJSON_ArrayForEach(c, list)
    {
        if (criterion_met(j, job->id, c)) {
            return true;
        }
    }
    return false;
}

static lp_reg_err_t follow_up(const lp_jobs_t *j, lp_job_exec_t *e)
{
    lp_job_t job;
    lp_reg_err_t rc = LP_REG_OK;
    if (!lp_job_load(j, e->job, &job)) {
        return rc;
    }
    if (may_retry(&job, e)) {
        rc = retry(j, e);
    } else if (must_abort(j, &job)) {
        rc = lp_job_end(j, e->job, false);
    }
    lp_job_free(&job);
    return rc;
}

// --- the step -----------------------------------------------------------------------------------

static const char *event_name(lp_job_state_t state)
{
    switch (state) {
    case LP_JOB_SUCCEEDED:
        return "succeeded";
    case LP_JOB_FAILED:
        return "failed";
    case LP_JOB_TIMED_OUT:
        return "timed_out";
    case LP_JOB_REJECTED:
        return "rejected";
    case LP_JOB_REMOVED:
        return "removed";
    case LP_JOB_CANCELED:
        return "canceled";
    case LP_JOB_QUEUED:
    case LP_JOB_IN_PROGRESS:
    case LP_JOB_STATES:
        break;
    }
    return NULL;
}

static void start_timer(const lp_jobs_t *j, lp_job_exec_t *e)
{
    lp_job_t job;
    e->started = j->now;
    if (lp_job_load(j, e->job, &job)) {
        double minutes = lp_jobs_number(lp_jobs_get(job.config, "timeoutConfig"),
                                        "inProgressTimeoutInMinutes", 0);
        e->deadline = minutes > 0 ? j->now + minutes * 60 : 0;
    }
    lp_job_free(&job);
}

lp_reg_err_t lp_job_exec_step(const lp_jobs_t *j, lp_job_exec_t *e, lp_job_event_t ev,
                              const cJSON *details)
{
    lp_jobs_watch_t w;
    lp_job_state_t before = e->state;
    lp_jobs_watch(j, e->thing, &w);
    if (!lp_job_step(&e->state, ev)) {
        return lp_reg_fail(j->reg, LP_REG_STATE_TRANSITION, "The job execution is %s",
                           lp_job_state_name(e->state));
    }
    if (details != NULL) {
        cJSON_Delete(e->details);
        e->details = cJSON_Duplicate(details, true);
    }
    e->version++;
    e->updated = j->now;
    e->is_forced = ev == LP_JOB_EV_CANCEL_FORCE;
    if (before == LP_JOB_QUEUED && e->state == LP_JOB_IN_PROGRESS) {
        start_timer(j, e);
    }
    lp_reg_err_t rc = lp_job_exec_save(j, e);
    if (rc != LP_REG_OK || e->state == before) {
        return rc;
    }
    const char *told = event_name(e->state);
    if (told != NULL) {
        lp_jobs_exec_event(j, e, told);
        rc = follow_up(j, e);
    }
    lp_jobs_watched(j, &w);
    return rc == LP_REG_OK && told != NULL ? lp_job_settle(j, e->job) : rc;
}

lp_reg_err_t lp_job_exec_step_all(const lp_jobs_t *j, const char *job, lp_job_event_t event)
{
    lp_reg_err_t rc = LP_REG_OK;
    // A list first: what is stepped changes the table that is walked.
    cJSON *things = cJSON_CreateArray();
    sqlite3_stmt *st = lp_db_query(j->reg,
                                   "SELECT thing FROM job_things WHERE scope=? AND job=? AND"
                                   " status IN ('QUEUED','IN_PROGRESS') ORDER BY seq",
                                   "it", j->scope->id, job);
    while (st != NULL && sqlite3_step(st) == SQLITE_ROW) {
        cJSON_AddItemToArray(things, cJSON_CreateString((const char *)sqlite3_column_text(st, 0)));
    }
    sqlite3_finalize(st);
    const cJSON *thing = NULL;
    cJSON_ArrayForEach(thing, things)
    {
        lp_job_exec_t e;
        if (rc == LP_REG_OK && lp_job_exec_load(j, job, thing->valuestring, &e)) {
            lp_job_state_t to = e.state;
            rc = lp_job_step(&to, event) ? lp_job_exec_step(j, &e, event, NULL) : LP_REG_OK;
            lp_job_exec_free(&e);
        }
    }
    cJSON_Delete(things);
    return rc;
}
