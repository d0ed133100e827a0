// SPDX-License-Identifier: Apache-2.0
#ifndef SVC_CHIP_INTERNAL_H
#define SVC_CHIP_INTERNAL_H

#include "limpet/svc_chip.h"

// As lp_svc_chip_check(), but always looks at the whole bus; found_ and found_len_ are filled.
lp_err_t lp_svc_chip_scan(lp_svc_chip_t *svc, lp_atecc_done_fn *done, void *ctx);

// Rebuilds what lp_atecc_trust_load() left in trust_ and writes the members "certificate" and
// "signer", PEM. On an error nothing is written.
lp_err_t lp_svc_chip_put_certificates(const lp_svc_chip_t *svc, lp_rpc_req_t *req);

void lp_svc_chip_add_methods(lp_svc_chip_t *svc);

#endif
