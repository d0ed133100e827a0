// SPDX-License-Identifier: Apache-2.0
// limpet/svc_trial.h - ends a trial of settings that leaves the device without its cloud.
//
// Settings that are tried (limpet/config.h) count for one start, so a restart brings back those
// that were saved. Where nobody is there to restart the device, it does so itself: after
// LP_TRIAL_LIMIT_MS without a connection. While it is connected the trial goes on, confirmed or
// not; with cloud.enable off there is no limit.
//
// @context loop
// @source docs/configuration.md
#ifndef LIMPET_SVC_TRIAL_H
#define LIMPET_SVC_TRIAL_H

#include "limpet/config.h"
#include "limpet/svc_cloud.h"
#include "limpet/svc_sys.h"

enum {
    LP_TRIAL_LIMIT_MS = 10 * 60 * 1000,
    LP_TRIAL_LOOK_MS = 5 * 1000, // between two looks: shorter connections do not count
};

typedef struct {
    lp_loop_t *loop;
    const lp_config_t *config;   // after lp_config_start_trial()
    const lp_svc_cloud_t *cloud; // null: it could not be started
    lp_svc_sys_t *sys;           // restarts the device
} lp_svc_trial_setup_t;

typedef struct {
    lp_svc_trial_setup_t s_;
    lp_timer_t timer_;
    uint64_t dark_since_ms_;
} lp_svc_trial_t;

// Does nothing when no settings are tried at this start. Lends what `setup` points to.
void lp_svc_trial_init(lp_svc_trial_t *svc, const lp_svc_trial_setup_t *setup);

#endif
