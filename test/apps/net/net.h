// SPDX-License-Identifier: Apache-2.0
#ifndef NET_H
#define NET_H

#include "limpet/app.h"

// Test.Http.
void http_start(lp_app_t *app);
// Test.WsOpen, Test.WsSend, Test.WsClose, Test.WsStatus.
void ws_start(lp_app_t *app);

#endif
