// SPDX-License-Identifier: Apache-2.0
// Private: what the files of the jobs service share.
#ifndef LP_SERVICE_JOBS_PRIV_H
#define LP_SERVICE_JOBS_PRIV_H

#include "../registry/db.h"
#include "limpet/jobs.h"

// An execution as it is stored. details are owned: lp_job_exec_free().
typedef struct {
    char job[LP_JOBS_ID_MAX + 1];
    char thing[LP_REG_NAME_MAX + 1];
    lp_job_state_t state;
    int64_t number;  // of this thing's executions of this job
    int64_t version; // moves with every change
    int64_t retries;
    bool is_forced;
    double queued, started, updated;
    double deadline, step_deadline; // 0: none
    cJSON *details;                 // object of texts, or null
} lp_job_exec_t;

// The parts of a job that decide. config and owned texts: lp_job_free().
typedef struct {
    char id[LP_JOBS_ID_MAX + 1];
    char status[32];
    bool is_continuous;
    bool is_ended; // nothing is rolled out any more
    cJSON *config; // the configurations of CreateJob, by their names
    double window; // when the present minute of the rollout began
    int64_t window_count;
} lp_job_t;

const cJSON *lp_jobs_get(const cJSON *object, const char *name);
const char *lp_jobs_text(const cJSON *object, const char *name);
// A number of a nested configuration: "timeoutConfig", "inProgressTimeoutInMinutes"; otherwise
// `none`.
double lp_jobs_number(const cJSON *object, const char *name, double none);

// jobs_config.c: null is fine, else what is wrong in words. Static.
const char *lp_jobs_config_fault(const cJSON *request, double now);
const char *lp_jobs_details_fault(const cJSON *details);
const char *lp_jobs_text_fault(const cJSON *request);
bool lp_jobs_id_ok(const char *id);
// The configurations that a request has, as one new object.
cJSON *lp_jobs_config_of(const cJSON *request);
// "2030-01-31 23:59" or "2030-01-31T23:59[:59][Z]", in UTC, as seconds since 1970; 0: it is none.
double lp_jobs_time(const char *text);

// jobs_store.c
bool lp_job_load(const lp_jobs_t *j, const char *id, lp_job_t *job);
void lp_job_free(lp_job_t *job);
lp_reg_err_t lp_job_missing(const lp_jobs_t *j, const char *id);
lp_reg_err_t lp_job_set_status(const lp_jobs_t *j, const char *id, const char *status);
// Seconds since 1970 at which the job wants attention; 0: never.
lp_reg_err_t lp_job_set_next(const lp_jobs_t *j, const char *id, double at);
cJSON *lp_job_row(const lp_jobs_t *j, const char *id);
char *lp_job_document_text(const lp_jobs_t *j, const char *id); // owned; null: none
// The document as a device gets it, its presigned addresses made now; owned; null: none.
cJSON *lp_job_document_for_device(const lp_jobs_t *j, const char *id);

bool lp_job_exec_load(const lp_jobs_t *j, const char *job, const char *thing, lp_job_exec_t *e);
// The first pending execution of a thing; false: there is none.
bool lp_job_exec_first(const lp_jobs_t *j, const char *thing, lp_job_exec_t *e);
lp_reg_err_t lp_job_exec_save(const lp_jobs_t *j, const lp_job_exec_t *e);
void lp_job_exec_free(lp_job_exec_t *e);
// Seconds until the nearer timer, or -1.
int64_t lp_job_exec_left(const lp_jobs_t *j, const lp_job_exec_t *e);
cJSON *lp_job_exec_summary(const lp_job_exec_t *e);
// The summaries of a thing's executions in one state, oldest first.
cJSON *lp_job_exec_list(const lp_jobs_t *j, const char *thing, lp_job_state_t state, int limit);

// jobs_notify.c
typedef struct {
    char thing[LP_REG_NAME_MAX + 1];
    char first[LP_JOBS_ID_MAX + 24]; // the first pending execution, by name
} lp_jobs_watch_t;
// Around every change to a thing's executions: the second one tells the thing.
void lp_jobs_watch(const lp_jobs_t *j, const char *thing, lp_jobs_watch_t *w);
void lp_jobs_watched(const lp_jobs_t *j, const lp_jobs_watch_t *w);
void lp_jobs_job_event(const lp_jobs_t *j, const char *id, const char *operation);
void lp_jobs_exec_event(const lp_jobs_t *j, const lp_job_exec_t *e, const char *operation);

// jobs_exec.c
// Makes the execution of a thing (again, where the last one was REMOVED) and tells the thing.
lp_reg_err_t lp_job_exec_queue(const lp_jobs_t *j, const char *job, const char *thing);
// One step, stored, told, and with what follows from it: a retry, the end or abort of the job.
// details null: unchanged. LP_REG_STATE_TRANSITION: not possible.
lp_reg_err_t lp_job_exec_step(const lp_jobs_t *j, lp_job_exec_t *e, lp_job_event_t event,
                              const cJSON *details);
// Takes the same step with all executions of a job for which it is possible.
lp_reg_err_t lp_job_exec_step_all(const lp_jobs_t *j, const char *job, lp_job_event_t event);

// jobs_clock.c
// Fills the waiting list from the targets, and rolls out what the rate allows.
lp_reg_err_t lp_job_start(const lp_jobs_t *j, const char *id);
lp_reg_err_t lp_job_roll_out(const lp_jobs_t *j, const char *id);
// COMPLETED where nothing is left to do.
lp_reg_err_t lp_job_settle(const lp_jobs_t *j, const char *id);

// jobs_control.c
lp_reg_err_t lp_job_end(const lp_jobs_t *j, const char *id, bool force);
// jobs_source.c: the text that a documentSource means. *text is owned.
lp_reg_err_t lp_job_source(const lp_jobs_t *j, const char *source, char **text);

#endif
