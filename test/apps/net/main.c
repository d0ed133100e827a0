// SPDX-License-Identifier: Apache-2.0
// An application whose connections are made by whoever calls it: for test/system/network.
#include "net.h"

void lp_app_main(lp_app_t *app)
{
    http_start(app);
    ws_start(app);
}
