// SPDX-License-Identifier: Apache-2.0
// Nothing but the platform, with mDNS: test/system/boards/found.
#include "limpet/app.h"

void lp_app_main(lp_app_t *app)
{
    (void)app;
}
