// SPDX-License-Identifier: Apache-2.0
// Jobs and executions in the registry.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jobs_priv.h"
#include "limpet/presign.h"

enum { PRESIGN_SECONDS = 3600 };

lp_jobs_t lp_jobs(lp_registry_t *reg, const lp_scope_t *scope)
{
    return (lp_jobs_t){.reg = reg, .scope = scope, .now = lp_db_now()};
}

lp_reg_err_t lp_job_missing(const lp_jobs_t *j, const char *id)
{
    return lp_reg_fail(j->reg, LP_REG_NOT_FOUND, "Job %.64s not found", id);
}

static void copy_text(char *out, size_t size, sqlite3_stmt *st, int at)
{
    const char *text = (const char *)sqlite3_column_text(st, at);
    snprintf(out, size, "%s", text != NULL ? text : "");
}

bool lp_job_load(const lp_jobs_t *j, const char *id, lp_job_t *job)
{
    *job = (lp_job_t){0};
    sqlite3_stmt *st = lp_db_query(j->reg,
                                   "SELECT id,status,selection='CONTINUOUS',ended,config,window,"
                                   "window_count FROM jobs WHERE scope=? AND id=?",
                                   "it", j->scope->id, id);
    bool found = st != NULL && sqlite3_step(st) == SQLITE_ROW;
    if (found) {
        copy_text(job->id, sizeof job->id, st, 0);
        copy_text(job->status, sizeof job->status, st, 1);
        job->is_continuous = sqlite3_column_int(st, 2) != 0;
        job->is_ended = sqlite3_column_int(st, 3) != 0;
        job->config = cJSON_Parse((const char *)sqlite3_column_text(st, 4));
        job->window = sqlite3_column_double(st, 5);
        job->window_count = sqlite3_column_int64(st, 6);
    }
    sqlite3_finalize(st);
    return found;
}

void lp_job_free(lp_job_t *job)
{
    cJSON_Delete(job->config);
    job->config = NULL;
}

// AWS's statuses of a job that is over have a time.
lp_reg_err_t lp_job_set_status(const lp_jobs_t *j, const char *id, const char *status)
{
    return lp_db_run(j->reg,
                     "UPDATE jobs SET status=?3, updated=?4, completed=CASE WHEN ?3 IN"
                     " ('COMPLETED','CANCELED') THEN ?4 END WHERE scope=?1 AND id=?2",
                     "ittd", j->scope->id, id, status, j->now);
}

lp_reg_err_t lp_job_set_next(const lp_jobs_t *j, const char *id, double at)
{
    return lp_db_run(j->reg, "UPDATE jobs SET next_at=nullif(?3,0.0) WHERE scope=?1 AND id=?2",
                     "itd", j->scope->id, id, at);
}

char *lp_job_document_text(const lp_jobs_t *j, const char *id)
{
    sqlite3_stmt *st = lp_db_query(j->reg, "SELECT document FROM jobs WHERE scope=? AND id=?", "it",
                                   j->scope->id, id);
    const char *text = st != NULL && sqlite3_step(st) == SQLITE_ROW
                           ? (const char *)sqlite3_column_text(st, 0)
                           : NULL;
    char *copy = text != NULL ? strdup(text) : NULL;
    sqlite3_finalize(st);
    return copy;
}

cJSON *lp_job_document_for_device(const lp_jobs_t *j, const char *id)
{
    lp_job_t job;
    char *text = lp_job_document_text(j, id);
    if (text == NULL || !lp_job_load(j, id, &job)) {
        free(text);
        return NULL;
    }
    double seconds = lp_jobs_number(lp_jobs_get(job.config, "presignedUrlConfig"), "expiresInSec",
                                    PRESIGN_SECONDS);
    char *made = lp_presign_text(j->reg, text, j->now, seconds);
    cJSON *doc = made != NULL ? cJSON_Parse(made) : NULL;
    free(text);
    free(made);
    lp_job_free(&job);
    return doc;
}

cJSON *lp_job_row(const lp_jobs_t *j, const char *id)
{
    cJSON *doc =
        lp_db_row(j->reg,
                  "SELECT 'arn:aws:iot:'||?2||':'||?3||':job/'||id AS jobArn, id AS jobId,"
                  " selection AS targetSelection, status, nullif(forced,0) AS 'b:forceCanceled',"
                  " reason AS reasonCode, comment, targets AS 'j:targets', description,"
                  " created AS createdAt, updated AS lastUpdatedAt, completed AS completedAt,"
                  " config AS 'j:config' FROM jobs WHERE scope=?1 AND id=?4",
                  "ittt", j->scope->id, j->scope->region, j->scope->account, id);
    cJSON *config = cJSON_DetachItemFromObjectCaseSensitive(doc, "config");
    while (config != NULL && config->child != NULL) {
        cJSON *one = cJSON_DetachItemViaPointer(config, config->child);
        cJSON_AddItemToObject(doc, one->string, one);
    }
    cJSON_Delete(config);
    return doc;
}

// --- executions ---------------------------------------------------------------------------------

#define EXEC_COLUMNS                                                                               \
    "SELECT job,thing,status,number,version,retries,forced,queued,started,updated,deadline,"       \
    "step_deadline,details FROM job_things "

static void read_exec(sqlite3_stmt *st, lp_job_exec_t *e)
{
    *e = (lp_job_exec_t){0};
    copy_text(e->job, sizeof e->job, st, 0);
    copy_text(e->thing, sizeof e->thing, st, 1);
    lp_job_state_of((const char *)sqlite3_column_text(st, 2), &e->state);
    e->number = sqlite3_column_int64(st, 3);
    e->version = sqlite3_column_int64(st, 4);
    e->retries = sqlite3_column_int64(st, 5);
    e->is_forced = sqlite3_column_int(st, 6) != 0;
    e->queued = sqlite3_column_double(st, 7);
    e->started = sqlite3_column_double(st, 8);
    e->updated = sqlite3_column_double(st, 9);
    e->deadline = sqlite3_column_double(st, 10);
    e->step_deadline = sqlite3_column_double(st, 11);
    const char *details = (const char *)sqlite3_column_text(st, 12);
    e->details = details != NULL ? cJSON_Parse(details) : NULL;
}

static bool take_exec(sqlite3_stmt *st, lp_job_exec_t *e)
{
    bool found = st != NULL && sqlite3_step(st) == SQLITE_ROW;
    if (found) {
        read_exec(st, e);
    }
    sqlite3_finalize(st);
    return found;
}

bool lp_job_exec_load(const lp_jobs_t *j, const char *job, const char *thing, lp_job_exec_t *e)
{
    return take_exec(lp_db_query(j->reg,
                                 EXEC_COLUMNS "WHERE scope=? AND job=? AND thing=?"
                                              " AND status IS NOT NULL",
                                 "itt", j->scope->id, job, thing),
                     e);
}

bool lp_job_exec_first(const lp_jobs_t *j, const char *thing, lp_job_exec_t *e)
{
    return take_exec(lp_db_query(j->reg,
                                 EXEC_COLUMNS
                                 "WHERE scope=? AND thing=? AND status IN ('QUEUED','IN_PROGRESS')"
                                 " ORDER BY status='QUEUED', queued, seq LIMIT 1",
                                 "it", j->scope->id, thing),
                     e);
}

void lp_job_exec_free(lp_job_exec_t *e)
{
    cJSON_Delete(e->details);
    e->details = NULL;
}

lp_reg_err_t lp_job_exec_save(const lp_jobs_t *j, const lp_job_exec_t *e)
{
    char *details = e->details != NULL ? cJSON_PrintUnformatted(e->details) : NULL;
    lp_reg_err_t rc = lp_db_run(
        j->reg,
        "INSERT INTO job_things(scope,job,thing,status,number,version,retries,forced,queued,"
        "started,updated,deadline,step_deadline,details) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
        " ON CONFLICT(scope,job,thing) DO UPDATE SET status=excluded.status,"
        "number=excluded.number,version=excluded.version,retries=excluded.retries,"
        "forced=excluded.forced,queued=excluded.queued,started=excluded.started,"
        "updated=excluded.updated,deadline=excluded.deadline,"
        "step_deadline=excluded.step_deadline,details=excluded.details",
        "ittt"
        "iiii"
        "ddddd"
        "t",
        j->scope->id, e->job, e->thing, lp_job_state_name(e->state), e->number, e->version,
        e->retries, (int64_t)e->is_forced, e->queued, e->started, e->updated, e->deadline,
        e->step_deadline, details);
    cJSON_free(details);
    return rc;
}

int64_t lp_job_exec_left(const lp_jobs_t *j, const lp_job_exec_t *e)
{
    double at = e->deadline;
    if (e->step_deadline > 0 && (!(at > 0) || e->step_deadline < at)) {
        at = e->step_deadline;
    }
    if (e->state != LP_JOB_IN_PROGRESS || !(at > 0)) {
        return -1;
    }
    return at > j->now ? (int64_t)ceil(at - j->now) : 0;
}

cJSON *lp_job_exec_summary(const lp_job_exec_t *e)
{
    cJSON *doc = cJSON_CreateObject();
    cJSON_AddStringToObject(doc, "jobId", e->job);
    cJSON_AddNumberToObject(doc, "queuedAt", floor(e->queued));
    if (e->started > 0) {
        cJSON_AddNumberToObject(doc, "startedAt", floor(e->started));
    }
    cJSON_AddNumberToObject(doc, "lastUpdatedAt", floor(e->updated));
    cJSON_AddNumberToObject(doc, "executionNumber", (double)e->number);
    cJSON_AddNumberToObject(doc, "versionNumber", (double)e->version);
    return doc;
}

cJSON *lp_job_exec_list(const lp_jobs_t *j, const char *thing, lp_job_state_t state, int limit)
{
    cJSON *list = cJSON_CreateArray();
    sqlite3_stmt *st =
        lp_db_query(j->reg,
                    EXEC_COLUMNS "WHERE scope=? AND thing=? AND status=? ORDER BY queued, seq"
                                 " LIMIT ?",
                    "itti", j->scope->id, thing, lp_job_state_name(state), (int64_t)limit);
    while (st != NULL && sqlite3_step(st) == SQLITE_ROW) {
        lp_job_exec_t e;
        read_exec(st, &e);
        cJSON_AddItemToArray(list, lp_job_exec_summary(&e));
        lp_job_exec_free(&e);
    }
    sqlite3_finalize(st);
    return list;
}
