// SPDX-License-Identifier: Apache-2.0
// What a profile needs that this tool does not resolve by itself: SSO and roles. Private to this
// folder.
#ifndef LP_LOGIN_H
#define LP_LOGIN_H

#include "limpet/fault.h"

typedef struct {
    char sso_session[256];   // "" for none
    char sso_start_url[512]; // "" for none; older profiles have only this
    char role_arn[256];      // "" for none
} lp_login_t;

// Adds to a fault why there are no credentials in `profile` and what to run. Looks into the cache
// of SSO logins for whether there is one and until when; its token is neither used nor shown.
void lp_login_explain(const lp_login_t *login, const char *profile, lp_fault_t *f);

#endif
