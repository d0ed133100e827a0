// SPDX-License-Identifier: Apache-2.0
#ifndef SVC_ATCA_INTERNAL_H
#define SVC_ATCA_INTERNAL_H

#include "limpet/svc_atca_change.h"

// What a request asks for; *why gets a sentence. Secrets of the request are copied to change only.
lp_err_t lp_atca_read_config(lp_rpc_req_t *req, lp_atca_change_t *change, const char **why);
lp_err_t lp_atca_read_lock(lp_rpc_req_t *req, lp_atca_change_t *change, const char **why);
lp_err_t lp_atca_read_key(lp_rpc_req_t *req, lp_atca_change_t *change, const char **why);
lp_err_t lp_atca_read_slot(lp_rpc_req_t *req, lp_atca_change_t *change, const char **why);

// The slot's content as the chip keeps it: a public key gets its padding. Writes to change->bytes.
void lp_atca_pad_public(lp_atca_change_t *change);

// Starts the change; `done` comes once, with what came of it, the read-back included.
void lp_atca_act(lp_svc_atca_change_t *svc, lp_atecc_done_fn *done);

#endif
