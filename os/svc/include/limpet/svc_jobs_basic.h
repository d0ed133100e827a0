// SPDX-License-Identifier: Apache-2.0
// limpet/svc_jobs_basic.h - jobs that every device can do: {"operation": "ping"} and "reboot".
//
// Anything else goes to the application's own handler, or is REJECTED when there is none.
// @context loop
#ifndef LIMPET_SVC_JOBS_BASIC_H
#define LIMPET_SVC_JOBS_BASIC_H

#include "limpet/svc_jobs.h"

typedef struct {
    lp_loop_t *loop;
    lp_config_t *config;
    lp_svc_cloud_t *cloud;
    void (*on_reboot)(void *ctx); // before the restart; may be null
    lp_job_fn *other;             // or null
    void *ctx;
} lp_svc_jobs_basic_setup_t;

typedef struct {
    lp_svc_jobs_basic_setup_t s_;
    lp_svc_jobs_t jobs;
    lp_timer_t timer_;
    bool is_restarting_;
} lp_svc_jobs_basic_t;

// Everything in `setup` is lent for good.
void lp_svc_jobs_basic_init(lp_svc_jobs_basic_t *svc, const lp_svc_jobs_basic_setup_t *setup);

#endif
