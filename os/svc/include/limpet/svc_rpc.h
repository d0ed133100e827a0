// SPDX-License-Identifier: Apache-2.0
// limpet/svc_rpc.h - the methods RPC.List, RPC.Ping and RPC.Describe.
// @context loop
#ifndef LIMPET_SVC_RPC_H
#define LIMPET_SVC_RPC_H

#include "limpet/rpc.h"

// Adds the three methods to `rpc`, which they describe. `set` is lent like lp_rpc_add()'s.
void lp_svc_rpc_init(lp_rpc_set_t *set, lp_rpc_t *rpc);

#endif
