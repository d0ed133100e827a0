// SPDX-License-Identifier: Apache-2.0
// Between the platform's start and the application's calls.
#ifndef LP_APP_INTERNAL_H
#define LP_APP_INTERNAL_H

#include "limpet/app.h"

// Settings may have changed: periods that come from one are looked at again.
void lp_app_settings_changed(lp_app_t *app);

#endif
