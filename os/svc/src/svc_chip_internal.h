// SPDX-License-Identifier: Apache-2.0
#ifndef SVC_CHIP_INTERNAL_H
#define SVC_CHIP_INTERNAL_H

#include "limpet/svc_chip.h"

// As lp_svc_chip_check(), but always looks at the whole bus; found_ and found_len_ are filled.
lp_err_t lp_svc_chip_scan(lp_svc_chip_t *svc, lp_atecc_done_fn *done, void *ctx);

// Rebuilds what lp_atecc_trust_load() left in trust_ and writes the members "certificate" and
// "signer", PEM. On an error nothing is written.
lp_err_t lp_svc_chip_put_certificates(const lp_svc_chip_t *svc, lp_rpc_req_t *req);

// Takes a method's turn, looks which chip is there, and asks for consent; LP_SVC_CHIP_BIND is the
// guard's.
void lp_svc_chip_start(lp_svc_chip_t *svc, lp_rpc_req_t *req, lp_svc_chip_job_t job);

// The ends of a method: gives the turn back. The request is then to be answered; or is, as failed.
lp_rpc_req_t *lp_svc_chip_finish(lp_svc_chip_t *svc);
void lp_svc_chip_fail(lp_svc_chip_t *svc, lp_err_t err, const char *what);

// The members "bus" and "can_bind".
void lp_svc_chip_put_bus(const lp_svc_chip_t *svc, lp_json_writer_t *w);

void lp_svc_chip_add_methods(lp_svc_chip_t *svc);

#endif
