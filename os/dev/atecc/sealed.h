// SPDX-License-Identifier: Apache-2.0
// What the sealed operations share. Not for users.
#ifndef ATECC_SEALED_INTERNAL_H
#define ATECC_SEALED_INTERNAL_H

#include "internal.h"
#include "limpet/atecc_sealed.h"

enum { BLOCK = 32, DATA_BLOCK = LP_ATECC_DATA | 0x80, FLAG_ENCRYPTED = 0x40 };

// Starts `step` with op as aux_. *fresh has the operation's own fields.
lp_err_t lp_atecc_sealed_start(lp_atecc_t *chip, lp_atecc_sealed_t *op,
                               const lp_atecc_sealed_t *fresh, lp_atecc_step_fn *step,
                               lp_atecc_done_fn *done, void *ctx);

// Prepares Nonce(random); then, when its answer is there, follows it in op->tk_.
lp_err_t lp_atecc_sealed_nonce(lp_atecc_t *chip, lp_atecc_sealed_t *op);
void lp_atecc_sealed_take_nonce(lp_atecc_t *chip, lp_atecc_sealed_t *op);
// Prepares GenDig with the secret's slot and follows it.
lp_err_t lp_atecc_sealed_gendig(lp_atecc_t *chip, lp_atecc_sealed_t *op);

bool lp_atecc_secret_is_whole(const lp_atecc_secret_t *secret);

#endif
