// SPDX-License-Identifier: Apache-2.0
#include "limpet/svc_trial.h"

#include "limpet/log.h"
#include "limpet/port/clock.h"
#include "limpet/settings.h"

#define LOG_MODULE "config"

static bool is_well(const lp_svc_trial_t *svc)
{
    const lp_svc_cloud_t *cloud = svc->s_.cloud;
    const bool is_connected = cloud != NULL && cloud->state == LP_CLOUD_CONNECTED;
    return is_connected || !lp_setting_cloud_enable(svc->s_.config);
}

static void look(void *ctx)
{
    lp_svc_trial_t *svc = ctx;
    const uint64_t now_ms = lp_port_now_ms();
    if (!svc->s_.config->is_trial) {
        return; // confirmed
    }
    if (is_well(svc)) {
        svc->dark_since_ms_ = now_ms;
    }
    if (now_ms - svc->dark_since_ms_ >= LP_TRIAL_LIMIT_MS) {
        LP_LOGW("no connection for 10 minutes with the settings that are tried: back to the saved "
                "ones");
        lp_svc_sys_reboot(svc->s_.sys, 0);
        return;
    }
    lp_timer_start(svc->s_.loop, &svc->timer_, LP_TRIAL_LOOK_MS);
}

void lp_svc_trial_init(lp_svc_trial_t *svc, const lp_svc_trial_setup_t *setup)
{
    *svc = (lp_svc_trial_t){.s_ = *setup, .dark_since_ms_ = lp_port_now_ms()};
    lp_timer_init(&svc->timer_, look, svc);
    if (setup->config->is_trial) {
        lp_timer_start(setup->loop, &svc->timer_, LP_TRIAL_LOOK_MS);
    }
}
