// SPDX-License-Identifier: Apache-2.0
// The four requests of a device, the same over MQTT and REST.
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jobs_priv.h"

enum { NUMBER_NONE = -2 };

static const struct {
    const char *name;
    lp_reg_err_t rest;
} codes[] = {
#define LP_JOBS_CODE_ROW(name, mqtt, rest) {mqtt, rest},
    LP_JOBS_CODE_LIST(LP_JOBS_CODE_ROW)
#undef LP_JOBS_CODE_ROW
};

const char *lp_jobs_code_name(lp_jobs_code_t code)
{
    return codes[code].name;
}

lp_reg_err_t lp_jobs_code_rest(lp_jobs_code_t code)
{
    return codes[code].rest;
}

typedef struct {
    const lp_jobs_t *j;
    const char *thing;
    const char *job;
    const cJSON *request;
    lp_jobs_answer_t *answer;
} ask_t;

static const char *token_of(const cJSON *request)
{
    const char *token = lp_jobs_text(request, "clientToken");
    return token != NULL && strlen(token) <= LP_JOBS_TOKEN_MAX ? token : NULL;
}

static void add_end(const lp_jobs_t *j, const cJSON *request, cJSON *doc)
{
    const char *token = token_of(request);
    cJSON_AddNumberToObject(doc, "timestamp", floor(j->now));
    if (token != NULL) {
        cJSON_AddStringToObject(doc, "clientToken", token);
    }
}

void lp_jobs_reject(const lp_jobs_t *j, lp_jobs_code_t code, const char *message,
                    const cJSON *request, lp_jobs_answer_t *answer)
{
    cJSON *doc = cJSON_CreateObject();
    cJSON_AddStringToObject(doc, "code", lp_jobs_code_name(code));
    cJSON_AddStringToObject(doc, "message", message);
    add_end(j, request, doc);
    answer->code = code;
    answer->rejected = doc;
}

static void reject(const ask_t *a, lp_jobs_code_t code, const char *message)
{
    lp_jobs_reject(a->j, code, message, a->request, a->answer);
}

static void accept(const ask_t *a, cJSON *doc)
{
    add_end(a->j, a->request, doc);
    a->answer->accepted = doc;
}

static cJSON *state_doc(const lp_job_exec_t *e)
{
    cJSON *doc = cJSON_CreateObject();
    cJSON_AddStringToObject(doc, "status", lp_job_state_name(e->state));
    cJSON_AddItemToObject(doc, "statusDetails",
                          e->details != NULL ? cJSON_Duplicate(e->details, true)
                                             : cJSON_CreateObject());
    cJSON_AddNumberToObject(doc, "versionNumber", (double)e->version);
    return doc;
}

// With the state that the execution really has, so that the device can go on from there.
static void reject_state(const ask_t *a, lp_jobs_code_t code, const char *message,
                         const lp_job_exec_t *e)
{
    reject(a, code, message);
    cJSON_AddItemToObject(a->answer->rejected, "executionState", state_doc(e));
}

static cJSON *execution_doc(const ask_t *a, const lp_job_exec_t *e, bool with_document)
{
    cJSON *doc = lp_job_exec_summary(e);
    cJSON_AddStringToObject(doc, "thingName", e->thing);
    cJSON_AddStringToObject(doc, "status", lp_job_state_name(e->state));
    if (e->details != NULL) {
        cJSON_AddItemToObject(doc, "statusDetails", cJSON_Duplicate(e->details, true));
    }
    int64_t left = lp_job_exec_left(a->j, e);
    if (left >= 0) {
        cJSON_AddNumberToObject(doc, "approximateSecondsBeforeTimedOut", (double)left);
    }
    cJSON *document = with_document ? lp_job_document_for_device(a->j, e->job) : NULL;
    if (document != NULL) {
        cJSON_AddItemToObject(doc, "jobDocument", document);
    }
    return doc;
}

// --- what a request says -------------------------------------------------------------------------

// A whole number, also as a text, as AWS takes it. NUMBER_NONE: not there. False: neither.
static bool number(const ask_t *a, const char *name, double *out)
{
    const cJSON *v = lp_jobs_get(a->request, name);
    char *end = NULL;
    *out = NUMBER_NONE;
    if (v == NULL) {
        return true;
    }
    if (cJSON_IsNumber(v)) {
        *out = v->valuedouble;
    } else if (cJSON_IsString(v) && v->valuestring[0] != '\0') {
        *out = strtod(v->valuestring, &end);
    }
    return (end == NULL ? cJSON_IsNumber(v) : *end == '\0') && *out >= -1 && *out <= 9e15 &&
           !(fabs(*out - floor(*out)) > 0.0);
}

static bool flag(const ask_t *a, const char *name, bool otherwise)
{
    const cJSON *v = lp_jobs_get(a->request, name);
    return v == NULL ? otherwise : cJSON_IsTrue(v);
}

// The step timer in minutes; NUMBER_NONE: not asked for; -1 (updates only): stop it.
static const char *step_fault(const ask_t *a, bool may_stop, double *minutes)
{
    if (!number(a, "stepTimeoutInMinutes", minutes)) {
        return "stepTimeoutInMinutes is a number";
    }
    bool fine = *minutes <= NUMBER_NONE || (may_stop && *minutes < 0) ||
                (*minutes >= 1 && *minutes <= LP_JOBS_MINUTES_MAX);
    return fine ? NULL : "stepTimeoutInMinutes is 1 to 10080";
}

static const char *common_fault(const ask_t *a)
{
    const cJSON *token = lp_jobs_get(a->request, "clientToken");
    if (token != NULL && token_of(a->request) == NULL) {
        return "The clientToken is a text of up to 64 bytes";
    }
    return lp_jobs_details_fault(lp_jobs_get(a->request, "statusDetails"));
}

static void set_step_timer(const ask_t *a, lp_job_exec_t *e, double minutes)
{
    if (minutes > NUMBER_NONE) {
        e->step_deadline = minutes > 0 ? a->j->now + minutes * 60 : 0;
    }
}

// --- the requests --------------------------------------------------------------------------------

static void get_pending(const ask_t *a)
{
    cJSON *doc = cJSON_CreateObject();
    cJSON_AddItemToObject(doc, "inProgressJobs",
                          lp_job_exec_list(a->j, a->thing, LP_JOB_IN_PROGRESS, -1));
    cJSON_AddItemToObject(doc, "queuedJobs", lp_job_exec_list(a->j, a->thing, LP_JOB_QUEUED, -1));
    accept(a, doc);
}

static void accept_execution(const ask_t *a, cJSON *execution)
{
    cJSON *doc = cJSON_CreateObject();
    cJSON_AddItemToObject(doc, "execution", execution);
    accept(a, doc);
}

static void start_next(const ask_t *a)
{
    double minutes = 0;
    lp_job_exec_t e;
    const char *fault = step_fault(a, false, &minutes);
    if (fault != NULL) {
        reject(a, LP_JOBS_INVALID_REQUEST, fault);
        return;
    }
    if (!lp_job_exec_first(a->j, a->thing, &e)) {
        accept_execution(a, cJSON_CreateObject());
        return;
    }
    lp_reg_err_t rc = LP_REG_OK;
    if (e.state == LP_JOB_QUEUED) { // one that is in progress is given out as it is
        rc = lp_job_exec_step(a->j, &e, LP_JOB_EV_PROGRESS,
                              lp_jobs_get(a->request, "statusDetails"));
        set_step_timer(a, &e, minutes);
        rc = rc == LP_REG_OK ? lp_job_exec_save(a->j, &e) : rc;
    }
    if (rc == LP_REG_OK) {
        accept_execution(a, execution_doc(a, &e, true));
    } else {
        reject(a, LP_JOBS_INTERNAL, lp_reg_error(a->j->reg)->message);
    }
    lp_job_exec_free(&e);
}

static bool find(const ask_t *a, lp_job_exec_t *e)
{
    double asked = 0;
    if (!number(a, "executionNumber", &asked)) {
        reject(a, LP_JOBS_INVALID_REQUEST, "executionNumber is a number");
        return false;
    }
    if (lp_job_exec_load(a->j, a->job, a->thing, e)) {
        if (asked < 0 || (int64_t)asked == e->number) {
            return true;
        }
        lp_job_exec_free(e);
    }
    reject(a, LP_JOBS_NOT_FOUND, "The thing has no such job execution");
    return false;
}

static void describe(const ask_t *a)
{
    lp_job_exec_t e;
    bool with_document = flag(a, "includeJobDocument", true);
    if (strcmp(a->job, "$next") == 0) {
        bool found = lp_job_exec_first(a->j, a->thing, &e);
        accept_execution(a, found ? execution_doc(a, &e, with_document) : cJSON_CreateObject());
        if (found) {
            lp_job_exec_free(&e);
        }
        return;
    }
    if (!find(a, &e)) {
        return;
    }
    if (e.state == LP_JOB_QUEUED || e.state == LP_JOB_IN_PROGRESS) {
        accept_execution(a, execution_doc(a, &e, with_document));
    } else {
        reject(a, LP_JOBS_TERMINAL, "The job execution is in a terminal state");
    }
    lp_job_exec_free(&e);
}

static bool event_of(const char *status, lp_job_event_t *event)
{
    static const struct {
        const char *status;
        lp_job_event_t event;
    } may[] = {{"IN_PROGRESS", LP_JOB_EV_PROGRESS},
               {"SUCCEEDED", LP_JOB_EV_SUCCEED},
               {"FAILED", LP_JOB_EV_FAIL},
               {"REJECTED", LP_JOB_EV_REJECT}};
    for (size_t i = 0; i < sizeof may / sizeof may[0]; i++) {
        if (strcmp(may[i].status, status) == 0) {
            *event = may[i].event;
            return true;
        }
    }
    return false;
}

static void accept_update(const ask_t *a, const lp_job_exec_t *shown)
{
    cJSON *doc = cJSON_CreateObject();
    if (flag(a, "includeJobExecutionState", false)) {
        cJSON_AddItemToObject(doc, "executionState", state_doc(shown));
    }
    cJSON *document =
        flag(a, "includeJobDocument", false) ? lp_job_document_for_device(a->j, a->job) : NULL;
    if (document != NULL) {
        cJSON_AddItemToObject(doc, "jobDocument", document);
    }
    accept(a, doc);
}

// The step may be followed by a retry, which makes *e the new execution: what the device is
// answered is the state that it set.
static void update_found(const ask_t *a, lp_job_exec_t *e, lp_job_event_t event, double minutes)
{
    lp_job_state_t to = e->state;
    if (!lp_job_step(&to, event)) {
        reject_state(a, LP_JOBS_STATE_TRANSITION, "The job execution is in a terminal state", e);
        return;
    }
    const cJSON *details = lp_jobs_get(a->request, "statusDetails");
    lp_job_exec_t shown = *e;
    shown.state = to;
    shown.version = e->version + 1;
    shown.details =
        details != NULL ? cJSON_Duplicate(details, true) : cJSON_Duplicate(e->details, true);
    lp_reg_err_t rc = lp_job_exec_step(a->j, e, event, details);
    if (rc == LP_REG_OK && e->state == LP_JOB_IN_PROGRESS) {
        set_step_timer(a, e, minutes);
        rc = lp_job_exec_save(a->j, e);
    }
    if (rc == LP_REG_OK) {
        accept_update(a, &shown);
    } else {
        reject(a, LP_JOBS_INTERNAL, lp_reg_error(a->j->reg)->message);
    }
    lp_job_exec_free(&shown);
}

static void update(const ask_t *a)
{
    const char *status = lp_jobs_text(a->request, "status");
    double minutes = 0;
    double expected = 0;
    lp_job_state_t known;
    lp_job_event_t event;
    lp_job_exec_t e;
    const char *fault = step_fault(a, true, &minutes);
    if (!lp_job_state_of(status, &known)) {
        fault = "The status is missing or unknown";
    } else if (!number(a, "expectedVersion", &expected)) {
        fault = "expectedVersion is a number";
    }
    if (fault != NULL) {
        reject(a, LP_JOBS_INVALID_REQUEST, fault);
        return;
    }
    if (!find(a, &e)) {
        return;
    }
    if (expected > NUMBER_NONE && (int64_t)expected != e.version) {
        reject_state(a, LP_JOBS_VERSION_MISMATCH, "The job execution has another version", &e);
    } else if (!event_of(status, &event)) {
        reject_state(a, LP_JOBS_STATE_TRANSITION, "A device cannot set this status", &e);
    } else {
        update_found(a, &e, event, minutes);
    }
    lp_job_exec_free(&e);
}

static void dispatch(const ask_t *a, lp_jobs_op_t op)
{
    int64_t one = 0;
    bool needs_job = op == LP_JOBS_DESCRIBE || op == LP_JOBS_UPDATE;
    bool next = needs_job && op == LP_JOBS_DESCRIBE && strcmp(a->job, "$next") == 0;
    const char *fault = common_fault(a);
    if (needs_job && !next && !lp_jobs_id_ok(a->job)) {
        fault = "This is no jobId";
    }
    if (fault != NULL) {
        reject(a, LP_JOBS_INVALID_REQUEST, fault);
        return;
    }
    if (!lp_db_int(a->j->reg, &one, "SELECT 1 FROM things WHERE scope=? AND name=?", "it",
                   a->j->scope->id, a->thing)) {
        reject(a, LP_JOBS_NOT_FOUND, "There is no such thing");
        return;
    }
    switch (op) {
    case LP_JOBS_GET_PENDING:
        get_pending(a);
        break;
    case LP_JOBS_START_NEXT:
        start_next(a);
        break;
    case LP_JOBS_DESCRIBE:
        describe(a);
        break;
    case LP_JOBS_UPDATE:
        update(a);
        break;
    }
}

void lp_jobs_request(const lp_jobs_t *j, lp_jobs_op_t op, const char *thing, const char *job,
                     const cJSON *request, lp_jobs_answer_t *answer)
{
    const ask_t a = {.j = j, .thing = thing, .job = job, .request = request, .answer = answer};
    *answer = (lp_jobs_answer_t){0};
    // Whatever is due comes first: a device must not update what timed out a moment ago.
    if (lp_jobs_tick(j) != LP_REG_OK || lp_db_begin(j->reg) != LP_REG_OK) {
        reject(&a, LP_JOBS_INTERNAL, lp_reg_error(j->reg)->message);
        return;
    }
    dispatch(&a, op);
    bool ok = answer->code == LP_JOBS_OK;
    lp_reg_err_t rc = lp_db_end(j->reg, ok ? LP_REG_OK : LP_REG_INVALID);
    if (ok && rc != LP_REG_OK) { // the commit failed: nothing was accepted
        lp_jobs_answer_free(answer);
        reject(&a, LP_JOBS_INTERNAL, lp_reg_error(j->reg)->message);
    }
}

void lp_jobs_answer_free(lp_jobs_answer_t *answer)
{
    cJSON_Delete(answer->accepted);
    cJSON_Delete(answer->rejected);
    *answer = (lp_jobs_answer_t){0};
}
