// SPDX-License-Identifier: Apache-2.0
// A network that comes and goes.
#include "svc_cloud_internal.h"

bool lp_svc_cloud_has_link(const lp_svc_cloud_t *svc)
{
    return !svc->is_unplugged_;
}

void lp_svc_cloud_set_link(lp_svc_cloud_t *svc, bool is_up)
{
    svc->is_unplugged_ = !is_up;
    if (is_up && svc->state == LP_CLOUD_BACKOFF) {
        lp_backoff_reset(&svc->backoff_);
        lp_timer_start(svc->s_.loop, &svc->timer_, 0);
    }
}
