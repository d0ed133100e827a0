// SPDX-License-Identifier: Apache-2.0
// A board on a wire.
#include "svc_cloud_internal.h"

bool lp_svc_cloud_has_link(const lp_svc_cloud_t *svc)
{
    (void)svc;
    return true;
}

void lp_svc_cloud_tell_try(const lp_svc_cloud_t *svc, lp_err_t err)
{
    (void)svc;
    (void)err;
}
