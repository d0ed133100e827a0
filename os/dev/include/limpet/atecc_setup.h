// SPDX-License-Identifier: Apache-2.0
// limpet/atecc_setup.h - configurations that are not a plan of Limpet's: written, verified, locked.
//
// For owners of chips who know what they want (ATCA.*). The rules and errors of limpet/atecc.h and
// limpet/atecc_plan.h hold.
// @context loop
#ifndef LIMPET_ATECC_SETUP_H
#define LIMPET_ATECC_SETUP_H

#include "limpet/atecc_plan.h"

// Caller-owned workspace; lends until done.
typedef struct {
    lp_atecc_plan_op_t op; // op.id and op.token as in limpet/atecc_plan.h
    const uint8_t *want_;
} lp_atecc_config_op_t;

// Writes the words that differ from `want` (128 bytes, lends until done), reads everything back and
// compares; LP_OK: the token is of exactly that. LP_E_DENIED: a byte that no Write reaches (0-15,
// 84-87) differs; LP_E_STATE: the zone is locked; nothing was written then. LP_E_VERIFY: written,
// but read back different.
// @source DS20005927A 2.2
lp_err_t lp_atecc_config_write(lp_atecc_t *chip, lp_atecc_config_op_t *op, const uint8_t *want,
                               lp_atecc_done_fn *done, void *ctx);

// Locks data zone and OTP for ever without a checksum: of a chip whose slots nobody knows whole.
// LP_E_CHIP_OTHER: not the chip of `serial` (9 bytes, lends until done); LP_E_STATE: the
// configuration is not locked; nothing was done then. LP_OK also if it was locked before.
// @source DS20005927A 9.10
lp_err_t lp_atecc_lock_data_unseen(lp_atecc_t *chip, lp_atecc_config_op_t *op,
                                   const uint8_t *serial, lp_atecc_done_fn *done, void *ctx);

#endif
