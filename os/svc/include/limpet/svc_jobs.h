// SPDX-License-Identifier: Apache-2.0
// limpet/svc_jobs.h - jobs: takes the next one, hands its document to the application, says how it
// ended.
//
// One job at a time. A job that was under way when the device restarted is handed out again, so a
// handler must be able to begin anew. Works while cloud.jobs is true.
// Topics: $aws/things/THING/jobs/{notify-next,start-next,JOB/update}[/...].
// @source AWS IoT Core Developer Guide, "Jobs device MQTT API operations"
// @context loop
#ifndef LIMPET_SVC_JOBS_H
#define LIMPET_SVC_JOBS_H

#include "limpet/svc_cloud.h"

enum {
    LP_JOB_ID_MAX = 65,      // with the terminator; AWS: 64 characters
    LP_JOB_REASON_MAX = 129, // of statusDetails.reason, with the terminator
};

// How a job ended. REJECTED: this device does not know what to do with it.
typedef enum { LP_JOB_SUCCEEDED, LP_JOB_FAILED, LP_JOB_REJECTED } lp_job_end_t;

struct lp_svc_jobs;

// A job began; `document` is borrowed until the return. Ends with lp_svc_jobs_end(), now or later.
typedef void lp_job_fn(void *ctx, struct lp_svc_jobs *jobs, lp_json_t document);

typedef struct {
    lp_config_t *config;
    lp_svc_cloud_t *cloud;
    lp_job_fn *handler;
    // The cloud has acknowledged how the job ended; may be null. Time for a restart, for example.
    void (*on_told)(void *ctx);
    void *ctx;
} lp_svc_jobs_setup_t;

typedef struct lp_svc_jobs {
    lp_svc_jobs_setup_t s_;
    lp_thing_t thing_;
    bool is_asking_;          // start-next is out
    char job_[LP_JOB_ID_MAX]; // under way; "": none
    uint32_t started, ended;
} lp_svc_jobs_t;

// Everything in `setup` is lent for good.
void lp_svc_jobs_init(lp_svc_jobs_t *svc, const lp_svc_jobs_setup_t *setup);

// Ends the job under way; `reason` (may be null) is for people, cut at LP_JOB_REASON_MAX. The
// message waits in the queue when there is no connection. LP_E_STATE: there is none, or the cloud
// is off; other errors as lp_mqtt_publish(), and the job is still under way then.
lp_err_t lp_svc_jobs_end(lp_svc_jobs_t *svc, lp_job_end_t end, const char *reason);

// The job under way, "" for none. Borrows until it ends.
const char *lp_svc_jobs_current(const lp_svc_jobs_t *svc);

#endif
