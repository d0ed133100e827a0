// SPDX-License-Identifier: Apache-2.0
// One of tls_server.c and tls_no_server.c is in a build.
#ifndef LP_SEC_TLS_SERVER_H
#define LP_SEC_TLS_SERVER_H

#include "tls_session.h"

// Makes the session, which is still blank, that of a server. Errors as lp_tls_open().
lp_err_t lp_tls_server_set_up(lp_tls_t *tls, const lp_tls_config_t *config);

// Whether a connection stands beside the one whose session is kept. Never on a board that has one.
bool lp_tls_is_aside(const lp_tls_config_t *config);

// -- tls_config.c

lp_err_t lp_tls_take_identity(lp_tls_t *tls, const lp_tls_config_t *config);
void lp_tls_set_offer(lp_tls_t *tls, const lp_tls_config_t *config);

#endif
