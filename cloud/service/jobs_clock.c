// SPDX-License-Identifier: Apache-2.0
// What happens by itself: schedules, rollouts, timeouts, and things that come and go.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jobs_priv.h"

enum { WINDOW_S = 60, RATE_DEFAULT = 1000 };

// The things that a job is meant for now: those named, and those in the groups and below them.
#define MEMBERS                                                                                    \
    "WITH RECURSIVE below(name) AS (SELECT name FROM job_targets WHERE scope=?1 AND job=?2 AND"    \
    " is_group UNION SELECT g.name FROM below JOIN thing_groups g ON g.scope=?1 AND"               \
    " g.parent=below.name), members(thing) AS (SELECT t.name FROM job_targets t JOIN things x ON"  \
    " x.scope=?1 AND x.name=t.name WHERE t.scope=?1 AND t.job=?2 AND NOT t.is_group UNION"         \
    " SELECT thing FROM group_things WHERE scope=?1 AND grp IN (SELECT name FROM below)) "

// Waiting: members without an execution, or whose execution was REMOVED and who are back.
static lp_reg_err_t fill_waiting(const lp_jobs_t *j, const char *id)
{
    return lp_db_run(j->reg,
                     MEMBERS "INSERT OR IGNORE INTO job_waiting SELECT ?1, ?2, thing FROM members"
                             " WHERE thing NOT IN (SELECT thing FROM job_things WHERE scope=?1 AND"
                             " job=?2 AND status<>'REMOVED')",
                     "it", j->scope->id, id);
}

static cJSON *names(const lp_jobs_t *j, sqlite3_stmt *st)
{
    cJSON *list = cJSON_CreateArray();
    (void)j;
    while (st != NULL && sqlite3_step(st) == SQLITE_ROW) {
        cJSON_AddItemToArray(list, cJSON_CreateString((const char *)sqlite3_column_text(st, 0)));
    }
    sqlite3_finalize(st);
    return list;
}

// --- the rate -----------------------------------------------------------------------------------

static int64_t count(const lp_jobs_t *j, const char *job, const char *sql)
{
    int64_t n = 0;
    lp_db_int(j->reg, &n, sql, "it", j->scope->id, job);
    return n;
}

static double rate(const lp_jobs_t *j, const lp_job_t *job)
{
    const cJSON *rollout = lp_jobs_get(job->config, "jobExecutionsRolloutConfig");
    const cJSON *exponential = lp_jobs_get(rollout, "exponentialRate");
    double maximum = lp_jobs_number(rollout, "maximumPerMinute", RATE_DEFAULT);
    if (exponential == NULL) {
        return maximum;
    }
    const cJSON *criteria = lp_jobs_get(exponential, "rateIncreaseCriteria");
    double notified = lp_jobs_number(criteria, "numberOfNotifiedThings", 0);
    double each = notified > 0 ? notified : lp_jobs_number(criteria, "numberOfSucceededThings", 1);
    int64_t reached =
        count(j, job->id,
              notified > 0 ? "SELECT count(*) FROM job_things WHERE scope=? AND job=?"
                           : "SELECT count(*) FROM job_things WHERE scope=? AND job=? AND"
                             " status='SUCCEEDED'");
    double r =
        lp_jobs_number(exponential, "baseRatePerMinute", 1) *
        pow(lp_jobs_number(exponential, "incrementFactor", 1), floor((double)reached / each));
    return r < maximum ? floor(r) : maximum;
}

static lp_reg_err_t queue_some(const lp_jobs_t *j, lp_job_t *job, int64_t allowed)
{
    lp_reg_err_t rc = LP_REG_OK;
    const cJSON *thing = NULL;
    cJSON *list = names(j, lp_db_query(j->reg,
                                       "SELECT thing FROM job_waiting WHERE scope=? AND job=?"
                                       " ORDER BY thing LIMIT ?",
                                       "iti", j->scope->id, job->id, allowed));
    cJSON_ArrayForEach(thing, list)
    {
        rc = rc == LP_REG_OK ? lp_job_exec_queue(j, job->id, thing->valuestring) : rc;
        rc = rc == LP_REG_OK
                 ? lp_db_run(j->reg, "DELETE FROM job_waiting WHERE scope=? AND job=? AND thing=?",
                             "itt", j->scope->id, job->id, thing->valuestring)
                 : rc;
        job->window_count++;
    }
    cJSON_Delete(list);
    return rc;
}

static double end_time(const lp_job_t *job)
{
    return lp_jobs_time(lp_jobs_text(lp_jobs_get(job->config, "schedulingConfig"), "endTime"));
}

static lp_reg_err_t store_window(const lp_jobs_t *j, const lp_job_t *job)
{
    int64_t waiting = count(j, job->id, "SELECT count(*) FROM job_waiting WHERE scope=? AND job=?");
    double end = job->is_ended ? 0 : end_time(job);
    double next = waiting > 0 ? job->window + WINDOW_S : 0;
    if (end > 0 && (!(next > 0) || end < next)) {
        next = end;
    }
    lp_reg_err_t rc =
        lp_db_run(j->reg, "UPDATE jobs SET window=?3, window_count=?4 WHERE scope=?1 AND id=?2",
                  "itdi", j->scope->id, job->id, job->window, job->window_count);
    return rc == LP_REG_OK ? lp_job_set_next(j, job->id, next) : rc;
}

lp_reg_err_t lp_job_roll_out(const lp_jobs_t *j, const char *id)
{
    lp_job_t job;
    lp_reg_err_t rc = LP_REG_OK;
    if (!lp_job_load(j, id, &job)) {
        return lp_job_missing(j, id);
    }
    if (strcmp(job.status, "IN_PROGRESS") == 0) {
        if (j->now >= job.window + WINDOW_S) {
            job.window = j->now;
            job.window_count = 0;
        }
        int64_t allowed = (int64_t)rate(j, &job) - job.window_count;
        rc = allowed > 0 ? queue_some(j, &job, allowed) : LP_REG_OK;
        rc = rc == LP_REG_OK ? store_window(j, &job) : rc;
        rc = rc == LP_REG_OK ? lp_job_settle(j, id) : rc;
    }
    lp_job_free(&job);
    return rc;
}

lp_reg_err_t lp_job_start(const lp_jobs_t *j, const char *id)
{
    lp_reg_err_t rc = lp_job_set_status(j, id, "IN_PROGRESS");
    rc = rc == LP_REG_OK ? fill_waiting(j, id) : rc;
    return rc == LP_REG_OK ? lp_job_roll_out(j, id) : rc;
}

lp_reg_err_t lp_job_settle(const lp_jobs_t *j, const char *id)
{
    lp_job_t job;
    lp_reg_err_t rc = LP_REG_OK;
    if (!lp_job_load(j, id, &job)) {
        return rc;
    }
    bool open = strcmp(job.status, "IN_PROGRESS") != 0 || (job.is_continuous && !job.is_ended) ||
                count(j, id, "SELECT count(*) FROM job_waiting WHERE scope=? AND job=?") > 0 ||
                count(j, id,
                      "SELECT count(*) FROM job_things WHERE scope=? AND job=? AND status IN"
                      " ('QUEUED','IN_PROGRESS')") > 0;
    lp_job_free(&job);
    if (!open) {
        rc = lp_job_set_status(j, id, "COMPLETED");
        rc = rc == LP_REG_OK ? lp_job_set_next(j, id, 0) : rc;
        lp_jobs_job_event(j, id, "completed");
    }
    return rc;
}

// --- what is due --------------------------------------------------------------------------------

static lp_reg_err_t reach_end(const lp_jobs_t *j, const lp_job_t *job)
{
    const char *behavior =
        lp_jobs_text(lp_jobs_get(job->config, "schedulingConfig"), "endBehavior");
    if (behavior != NULL && strcmp(behavior, "STOP_ROLLOUT") != 0) {
        return lp_job_end(j, job->id, strcmp(behavior, "FORCE_CANCEL") == 0);
    }
    lp_reg_err_t rc = lp_db_run(
        j->reg, "UPDATE jobs SET ended=1, next_at=NULL, updated=?3 WHERE scope=?1 AND id=?2", "itd",
        j->scope->id, job->id, j->now);
    rc = rc == LP_REG_OK ? lp_db_run(j->reg, "DELETE FROM job_waiting WHERE scope=? AND job=?",
                                     "it", j->scope->id, job->id)
                         : rc;
    return rc == LP_REG_OK ? lp_job_settle(j, job->id) : rc;
}

static lp_reg_err_t attend(const lp_jobs_t *j, const char *id)
{
    lp_job_t job;
    lp_reg_err_t rc = LP_REG_OK;
    if (!lp_job_load(j, id, &job)) {
        return rc;
    }
    double end = end_time(&job);
    if (strcmp(job.status, "SCHEDULED") == 0) {
        rc = lp_job_start(j, id);
    } else if (end > 0 && end <= j->now && !job.is_ended) {
        rc = reach_end(j, &job);
    } else {
        rc = lp_job_roll_out(j, id);
    }
    lp_job_free(&job);
    return rc;
}

static lp_reg_err_t attend_jobs(const lp_jobs_t *j)
{
    lp_reg_err_t rc = LP_REG_OK;
    const cJSON *id = NULL;
    cJSON *list = names(j, lp_db_query(j->reg, "SELECT id FROM jobs WHERE scope=? AND next_at<=?",
                                       "id", j->scope->id, j->now));
    cJSON_ArrayForEach(id, list)
    {
        rc = rc == LP_REG_OK ? attend(j, id->valuestring) : rc;
    }
    cJSON_Delete(list);
    return rc;
}

// Steps the executions whose job and thing the statement names.
static lp_reg_err_t step_each(const lp_jobs_t *j, sqlite3_stmt *st, lp_job_event_t event)
{
    lp_reg_err_t rc = LP_REG_OK;
    cJSON *list = cJSON_CreateArray();
    while (st != NULL && sqlite3_step(st) == SQLITE_ROW) {
        for (int i = 0; i < 2; i++) {
            cJSON_AddItemToArray(list,
                                 cJSON_CreateString((const char *)sqlite3_column_text(st, i)));
        }
    }
    sqlite3_finalize(st);
    for (const cJSON *job = list->child; job != NULL && rc == LP_REG_OK; job = job->next->next) {
        lp_job_exec_t e;
        if (lp_job_exec_load(j, job->valuestring, job->next->valuestring, &e)) {
            rc = lp_job_exec_step(j, &e, event, NULL);
            lp_job_exec_free(&e);
        }
    }
    cJSON_Delete(list);
    return rc;
}

#define TIMED_OUT_WHERE                                                                            \
    " FROM job_things WHERE scope=? AND status='IN_PROGRESS' AND min(CASE WHEN deadline>0 THEN"    \
    " deadline ELSE 9e15 END, CASE WHEN step_deadline>0 THEN step_deadline ELSE 9e15 END)<=?"

static lp_reg_err_t time_out(const lp_jobs_t *j)
{
    return step_each(
        j, lp_db_query(j->reg, "SELECT job,thing" TIMED_OUT_WHERE, "id", j->scope->id, j->now),
        LP_JOB_EV_TIMEOUT);
}

// Things that left the target of a continuous job.
static lp_reg_err_t remove_leavers(const lp_jobs_t *j, const char *id)
{
    return step_each(j,
                     lp_db_query(j->reg,
                                 MEMBERS "SELECT job,thing FROM job_things WHERE scope=?1 AND"
                                         " job=?2 AND status IN ('QUEUED','IN_PROGRESS') AND"
                                         " thing NOT IN (SELECT thing FROM members)",
                                 "it", j->scope->id, id),
                     LP_JOB_EV_REMOVE);
}

static lp_reg_err_t reconcile(const lp_jobs_t *j)
{
    const cJSON *id = NULL;
    lp_reg_err_t rc = step_each(
        j,
        lp_db_query(j->reg,
                    "SELECT job,thing FROM job_things WHERE scope=?1 AND status IN"
                    " ('QUEUED','IN_PROGRESS') AND thing NOT IN (SELECT name FROM things WHERE"
                    " scope=?1)",
                    "i", j->scope->id),
        LP_JOB_EV_REMOVE);
    cJSON *list = names(j, lp_db_query(j->reg,
                                       "SELECT id FROM jobs WHERE scope=? AND NOT ended AND"
                                       " selection='CONTINUOUS' AND status='IN_PROGRESS'",
                                       "i", j->scope->id));
    cJSON_ArrayForEach(id, list)
    {
        rc = rc == LP_REG_OK ? remove_leavers(j, id->valuestring) : rc;
        rc = rc == LP_REG_OK ? fill_waiting(j, id->valuestring) : rc;
        rc = rc == LP_REG_OK ? lp_job_roll_out(j, id->valuestring) : rc;
    }
    cJSON_Delete(list);
    return rc;
}

static void change_key(const lp_jobs_t *j, char key[40])
{
    snprintf(key, 40, "jobs:%lld", (long long)j->scope->id);
}

static bool members_moved(const lp_jobs_t *j)
{
    char key[40];
    int64_t seen = 0;
    change_key(j, key);
    lp_db_int(j->reg, &seen, "SELECT value FROM meta WHERE key=?", "t", key);
    return seen != lp_registry_change(j->reg);
}

static bool is_due(const lp_jobs_t *j)
{
    int64_t one = 0;
    return lp_db_int(j->reg, &one, "SELECT 1 FROM jobs WHERE scope=? AND next_at<=? LIMIT 1", "id",
                     j->scope->id, j->now) ||
           lp_db_int(j->reg, &one, "SELECT 1" TIMED_OUT_WHERE " LIMIT 1", "id", j->scope->id,
                     j->now);
}

static lp_reg_err_t do_due(const lp_jobs_t *j, bool moved)
{
    char key[40];
    lp_reg_err_t rc = LP_REG_OK;
    if (moved) {
        change_key(j, key);
        rc = lp_db_run(j->reg,
                       "INSERT OR REPLACE INTO meta SELECT ?, value FROM meta WHERE key='change'",
                       "t", key);
        rc = rc == LP_REG_OK ? reconcile(j) : rc;
    }
    rc = rc == LP_REG_OK ? time_out(j) : rc;
    return rc == LP_REG_OK ? attend_jobs(j) : rc;
}

lp_reg_err_t lp_jobs_tick(const lp_jobs_t *j)
{
    int64_t one = 0;
    if (!lp_db_int(j->reg, &one, "SELECT 1 FROM jobs WHERE scope=? LIMIT 1", "i", j->scope->id)) {
        return LP_REG_OK;
    }
    bool moved = members_moved(j);
    if (!moved && !is_due(j)) {
        return LP_REG_OK;
    }
    lp_reg_err_t rc = lp_db_begin(j->reg);
    return rc == LP_REG_OK ? lp_db_end(j->reg, do_due(j, moved)) : rc;
}
