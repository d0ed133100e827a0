// SPDX-License-Identifier: Apache-2.0
// A network that comes and goes.
#include "svc_cloud_internal.h"

static lp_cloud_try_fn *on_try;
static void *try_ctx;

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

void lp_svc_cloud_on_try(lp_cloud_try_fn *fn, void *ctx)
{
    on_try = fn;
    try_ctx = ctx;
}

// What a network, or whoever sits in it, can do to a connection; the rest is the board's own.
static bool is_of_the_network(lp_cloud_state_t state, lp_err_t err)
{
    return err == LP_E_TIMEOUT || err == LP_E_CLOSED ||
           (err >= LP_E_NET_RESOLVE && err <= LP_E_NET_RESET) ||
           (state == LP_CLOUD_HANDSHAKE && err >= LP_E_TLS_CERT && err <= LP_E_TLS_PROTOCOL);
}

void lp_svc_cloud_tell_try(const lp_svc_cloud_t *svc, lp_err_t err)
{
    // Only the broker gets this far: TLS has checked who it is.
    const bool is_reached = svc->state == LP_CLOUD_LOGIN || svc->state == LP_CLOUD_CONNECTED;
    if (on_try != NULL && (is_reached || is_of_the_network(svc->state, err))) {
        on_try(try_ctx, is_reached);
    }
}
