// SPDX-License-Identifier: Apache-2.0
// A board that calls and is not called.
#include "tls_server.h"

lp_err_t lp_tls_server_set_up(lp_tls_t *tls, const lp_tls_config_t *config)
{
    (void)tls;
    (void)config;
    return LP_E_UNSUPPORTED;
}

bool lp_tls_is_aside(const lp_tls_config_t *config)
{
    (void)config;
    return false;
}
