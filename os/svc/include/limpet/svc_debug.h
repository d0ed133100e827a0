// SPDX-License-Identifier: Apache-2.0
// limpet/svc_debug.h - the method Sys.SetDebug: log levels for now, not for ever.
// @context loop
#ifndef LIMPET_SVC_DEBUG_H
#define LIMPET_SVC_DEBUG_H

#include "limpet/rpc.h"

// `set` is lent like lp_rpc_add()'s.
void lp_svc_debug_init(lp_rpc_set_t *set, lp_rpc_t *rpc);

#endif
