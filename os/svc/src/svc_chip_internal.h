// SPDX-License-Identifier: Apache-2.0
#ifndef SVC_CHIP_INTERNAL_H
#define SVC_CHIP_INTERNAL_H

#include "limpet/svc_chip.h"

// As lp_svc_chip_check(), but always looks at the whole bus; found_ and found_len_ are filled.
lp_err_t lp_svc_chip_scan(lp_svc_chip_t *svc, lp_atecc_done_fn *done, void *ctx);

void lp_svc_chip_add_methods(lp_svc_chip_t *svc);

#endif
