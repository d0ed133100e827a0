// SPDX-License-Identifier: Apache-2.0
// limpet/jobs.h - AWS IoT Jobs: work for many devices, and what each device made of it.
//
// A job has targets (things and groups). For each thing there is an execution, which is QUEUED when
// the job is rolled out to it and then follows lp_job_step(). Time is an argument, so that hours
// pass in a test at once; lp_jobs_tick() does what is due: rollouts, schedules, timeouts, things
// that came into a group or left it. Notifications and events go into the registry's outbox within
// the same transaction as what they tell of. Functions answer as those of limpet/registry.h do.
// @source AWS IoT Core Developer Guide, "AWS IoT Jobs"; AWS IoT API Reference 2015-05-28; AWS IoT
// Jobs Data API Reference 2017-09-29.
#ifndef LIMPET_JOBS_H
#define LIMPET_JOBS_H

#include "limpet/registry.h"

enum {
    LP_JOBS_ID_MAX = 64,
    LP_JOBS_DOCUMENT_MAX = 32768,
    LP_JOBS_TARGETS_MAX = 100,
    LP_JOBS_DETAILS_MAX = 10,    // names in statusDetails
    LP_JOBS_TOKEN_MAX = 64,      // bytes of a clientToken
    LP_JOBS_MINUTES_MAX = 10080, // of a timer: seven days
    LP_JOBS_NOTIFIED_MAX = 15,   // executions in one notification
};

// --- the life of an execution -------------------------------------------------------------------

// X(name): as AWS writes it. The first two are pending, the others terminal.
#define LP_JOB_STATE_LIST(X)                                                                       \
    X(QUEUED) X(IN_PROGRESS) X(SUCCEEDED) X(FAILED) X(TIMED_OUT) X(REJECTED) X(REMOVED) X(CANCELED)

typedef enum {
#define LP_JOB_STATE_ENUM(name) LP_JOB_##name,
    LP_JOB_STATE_LIST(LP_JOB_STATE_ENUM)
#undef LP_JOB_STATE_ENUM
        LP_JOB_STATES
} lp_job_state_t;

typedef enum {
    LP_JOB_EV_PROGRESS, // the device works on it, or reports progress
    LP_JOB_EV_SUCCEED,  // the device's verdicts
    LP_JOB_EV_FAIL,
    LP_JOB_EV_REJECT,
    LP_JOB_EV_TIMEOUT,
    LP_JOB_EV_CANCEL, // leaves an execution alone that is in progress
    LP_JOB_EV_CANCEL_FORCE,
    LP_JOB_EV_REMOVE, // the thing left the target, or is gone
    LP_JOB_EV_RETRY,
    LP_JOB_EVENTS
} lp_job_event_t;

// False: not possible in this state, which stays.
bool lp_job_step(lp_job_state_t *state, lp_job_event_t event);
const char *lp_job_state_name(lp_job_state_t state);
// False: no such state.
bool lp_job_state_of(const char *name, lp_job_state_t *state);

// --- the control plane --------------------------------------------------------------------------

typedef struct {
    lp_registry_t *reg;
    const lp_scope_t *scope;
    double now; // seconds since 1970
} lp_jobs_t;

lp_jobs_t lp_jobs(lp_registry_t *reg, const lp_scope_t *scope); // now is now

// Does what is due. Cheap where nothing is.
lp_reg_err_t lp_jobs_tick(const lp_jobs_t *j);

// request: the call's body. LP_REG_EXISTS: the id is taken, whatever the configuration.
lp_reg_err_t lp_jobs_create(const lp_jobs_t *j, const char *id, const cJSON *request, cJSON **doc);
lp_reg_err_t lp_jobs_describe(const lp_jobs_t *j, const char *id, cJSON **doc);
lp_reg_err_t lp_jobs_document(const lp_jobs_t *j, const char *id, cJSON **doc);
lp_reg_err_t lp_jobs_update(const lp_jobs_t *j, const char *id, const cJSON *request);
// LP_REG_INVALID: it is over already.
lp_reg_err_t lp_jobs_cancel(const lp_jobs_t *j, const char *id, const cJSON *request, bool force,
                            cJSON **doc);
// LP_REG_STATE_TRANSITION: in progress and not forced.
lp_reg_err_t lp_jobs_delete(const lp_jobs_t *j, const char *id, bool force);
lp_reg_err_t lp_jobs_associate(const lp_jobs_t *j, const char *id, const cJSON *request,
                               cJSON **doc);

typedef struct {
    const char *status, *selection, *group, *group_id, *name_space; // null: any
} lp_jobs_filter_t;

lp_reg_err_t lp_jobs_list(const lp_jobs_t *j, const lp_jobs_filter_t *filter, const lp_page_t *page,
                          cJSON **doc);

// number 0: whichever there is.
lp_reg_err_t lp_jobs_execution(const lp_jobs_t *j, const char *id, const char *thing,
                               int64_t number, cJSON **doc);
lp_reg_err_t lp_jobs_executions(const lp_jobs_t *j, const char *id, const char *status,
                                const lp_page_t *page, cJSON **doc);
// id null: of all jobs.
lp_reg_err_t lp_jobs_of_thing(const lp_jobs_t *j, const char *thing, const char *id,
                              const char *status, const lp_page_t *page, cJSON **doc);
lp_reg_err_t lp_jobs_execution_cancel(const lp_jobs_t *j, const char *id, const char *thing,
                                      const cJSON *request, bool force);
lp_reg_err_t lp_jobs_execution_delete(const lp_jobs_t *j, const char *id, const char *thing,
                                      int64_t number, bool force);

lp_reg_err_t lp_jobs_template_create(const lp_jobs_t *j, const char *id, const cJSON *request,
                                     cJSON **doc);
lp_reg_err_t lp_jobs_template_describe(const lp_jobs_t *j, const char *id, cJSON **doc);
lp_reg_err_t lp_jobs_template_delete(const lp_jobs_t *j, const char *id);
lp_reg_err_t lp_jobs_templates(const lp_jobs_t *j, const lp_page_t *page, cJSON **doc);

// --- the device's side --------------------------------------------------------------------------

// X(name, AWS's code over MQTT, the error over REST)
// clang-format off
#define LP_JOBS_CODE_LIST(X)                                                        \
    X(LP_JOBS_OK,               "",                       LP_REG_OK)                \
    X(LP_JOBS_INVALID_TOPIC,    "InvalidTopic",           LP_REG_INVALID)           \
    X(LP_JOBS_INVALID_JSON,     "InvalidJson",            LP_REG_INVALID)           \
    X(LP_JOBS_INVALID_REQUEST,  "InvalidRequest",         LP_REG_INVALID)           \
    X(LP_JOBS_STATE_TRANSITION, "InvalidStateTransition", LP_REG_STATE_TRANSITION)  \
    X(LP_JOBS_NOT_FOUND,        "ResourceNotFound",       LP_REG_NOT_FOUND)         \
    X(LP_JOBS_VERSION_MISMATCH, "VersionMismatch",        LP_REG_VERSION_CONFLICT)  \
    X(LP_JOBS_INTERNAL,         "InternalError",          LP_REG_INTERNAL)          \
    X(LP_JOBS_THROTTLED,        "RequestThrottled",       LP_REG_THROTTLED)         \
    X(LP_JOBS_TERMINAL,         "TerminalStateReached",   LP_REG_TERMINAL)
// clang-format on

typedef enum {
#define LP_JOBS_CODE_ENUM(name, mqtt, rest) name,
    LP_JOBS_CODE_LIST(LP_JOBS_CODE_ENUM)
#undef LP_JOBS_CODE_ENUM
} lp_jobs_code_t;

const char *lp_jobs_code_name(lp_jobs_code_t code);
lp_reg_err_t lp_jobs_code_rest(lp_jobs_code_t code);

typedef enum {
    LP_JOBS_GET_PENDING,
    LP_JOBS_START_NEXT,
    LP_JOBS_DESCRIBE, // job "$next": the one that start-next would take
    LP_JOBS_UPDATE,
} lp_jobs_op_t;

// One of the two documents, the caller's: accepted as AWS sends it (with timestamp and
// clientToken), or rejected {code, message, timestamp, clientToken, executionState}.
typedef struct {
    lp_jobs_code_t code;
    cJSON *accepted, *rejected;
} lp_jobs_answer_t;

// request: an object. job is looked at where the operation needs one.
void lp_jobs_request(const lp_jobs_t *j, lp_jobs_op_t op, const char *thing, const char *job,
                     const cJSON *request, lp_jobs_answer_t *answer);
void lp_jobs_answer_free(lp_jobs_answer_t *answer);

// The rejection of what cannot even be read.
void lp_jobs_reject(const lp_jobs_t *j, lp_jobs_code_t code, const char *message,
                    const cJSON *request, lp_jobs_answer_t *answer);

#endif
