// SPDX-License-Identifier: Apache-2.0
#include "limpet/loan.h"

#include "limpet/span.h"

void lp_loan_init(lp_loan_t *loan, void *memory, size_t bytes)
{
    *loan = (lp_loan_t){.memory = memory, .bytes = bytes};
    lp_wipe(memory, bytes);
}

uint8_t *lp_loan_take(lp_loan_t *loan, void *holder, lp_loan_recall_fn *recall)
{
    if (loan->holder_ != NULL && loan->holder_ != holder && loan->recall_ != NULL) {
        loan->recall_(loan->holder_);
    }
    if (loan->holder_ != NULL && loan->holder_ != holder) {
        return NULL;
    }
    loan->holder_ = holder;
    loan->recall_ = recall;
    return loan->memory;
}

void lp_loan_give(lp_loan_t *loan, const void *holder)
{
    if (loan->holder_ == holder) {
        lp_wipe(loan->memory, loan->bytes);
        loan->holder_ = NULL;
    }
}
