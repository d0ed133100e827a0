// SPDX-License-Identifier: Apache-2.0
#ifndef SVC_REMOTE_INTERNAL_H
#define SVC_REMOTE_INTERNAL_H

#include "limpet/svc_remote.h"

// -- svc_remote_gate.c

bool lp_remote_admit(void *ctx, lp_rpc_req_t *req, const char *name, lp_json_t frame,
                     lp_rpc_level_t *level);
void lp_remote_challenge(void *ctx, lp_buf_t *out);
bool lp_remote_is_host_ours(void *ctx, lp_span_t host);
void lp_remote_name_peer(lp_remote_caller_t *caller, const char *kind, const lp_net_peer_t *peer);

// -- svc_remote_rpc.c

void lp_remote_add_methods(lp_svc_remote_t *svc);

#endif
