// SPDX-License-Identifier: Apache-2.0
#include "limpet/svc_jobs_basic.h"

#include <string.h>

#include "limpet/log.h"
#include "limpet/port/system.h"

#define LOG_MODULE "jobs"

enum { GOODBYE_MS = 200 };

static void restart(void *ctx)
{
    (void)ctx;
    lp_port_reboot();
}

// Only after the cloud knows that the job is done: else it would hand it out again after every
// restart.
static void on_told(void *ctx)
{
    lp_svc_jobs_basic_t *svc = ctx;
    if (!svc->is_restarting_) {
        return;
    }
    LP_LOGI("restarting, as a job asked for");
    if (svc->s_.on_reboot != NULL) {
        svc->s_.on_reboot(svc->s_.ctx);
    }
    lp_timer_start(svc->s_.loop, &svc->timer_, GOODBYE_MS);
}

static void end(lp_svc_jobs_t *jobs, lp_job_end_t how, const char *reason)
{
    const lp_err_t err = lp_svc_jobs_end(jobs, how, reason);
    if (err != LP_OK) {
        LP_LOGE("the end of a job cannot be told (%s)", lp_err_text(err));
    }
}

static void on_job(void *ctx, lp_svc_jobs_t *jobs, lp_json_t document)
{
    lp_svc_jobs_basic_t *svc = ctx;
    char operation[16] = "";
    lp_json_t value;
    if (lp_json_get(document, "operation", &value) == LP_OK) {
        (void)lp_json_cstr(value, operation, sizeof operation);
    }
    if (strcmp(operation, "ping") == 0) {
        end(jobs, LP_JOB_SUCCEEDED, NULL);
    } else if (strcmp(operation, "reboot") == 0) {
        svc->is_restarting_ = true;
        end(jobs, LP_JOB_SUCCEEDED, NULL);
    } else if (svc->s_.other != NULL) {
        svc->s_.other(svc->s_.ctx, jobs, document);
    } else {
        end(jobs, LP_JOB_REJECTED, "operation: this firmware knows ping and reboot");
    }
}

void lp_svc_jobs_basic_init(lp_svc_jobs_basic_t *svc, const lp_svc_jobs_basic_setup_t *setup)
{
    memset(svc, 0, sizeof *svc);
    svc->s_ = *setup;
    lp_timer_init(&svc->timer_, restart, svc);
    const lp_svc_jobs_setup_t jobs = {.config = setup->config,
                                      .cloud = setup->cloud,
                                      .handler = on_job,
                                      .on_told = on_told,
                                      .ctx = svc};
    lp_svc_jobs_init(&svc->jobs, &jobs);
}
