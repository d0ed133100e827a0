// SPDX-License-Identifier: Apache-2.0
// limpet/loan.h - one piece of memory for several users, one at a time.
//
// A small board has no room for what is never needed at the same time: the stack of a TLS handshake
// and a long RPC frame. Whoever takes it has it until he gives it back; nobody else writes to it.
// Who finds it taken must do without, say "busy", and try again later. A holder that may have gone
// to sleep with it is asked to give it back.
#ifndef LIMPET_LOAN_H
#define LIMPET_LOAN_H

#include <stddef.h>
#include <stdint.h>

// Asks a holder. He may call lp_loan_give() in it, or not.
// @context loop
typedef void lp_loan_recall_fn(void *holder);

typedef struct {
    uint8_t *memory;
    size_t bytes;
    void *holder_; // null: nobody
    lp_loan_recall_fn *recall_;
} lp_loan_t;

// Lends `memory` for good.
void lp_loan_init(lp_loan_t *loan, void *memory, size_t bytes);

// The memory, all zero at first, for `holder`, who may have it already; null: somebody else has it
// and does not give it back. `recall` may be null: it is not given back before the holder is ready.
uint8_t *lp_loan_take(lp_loan_t *loan, void *holder, lp_loan_recall_fn *recall);

// Wipes it, and it is free. Nothing happens if `holder` does not have it.
void lp_loan_give(lp_loan_t *loan, const void *holder);

#endif
