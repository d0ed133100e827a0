// SPDX-License-Identifier: Apache-2.0
// Orders that destroy something: a board takes them only together with its own id.
#ifndef CONFIRM_H
#define CONFIRM_H

#include <stdbool.h>

#include "limpet/board.h"

typedef struct {
    const char *method;
    const char *question; // the board's id follows
    const char *rest;     // the question behind the id
    bool is_yes;          // --yes: not asked
} confirm_t;

// Asks the person, then calls the method. A no is LP_EXIT_DECLINED and leaves `f` empty: it was
// said already.
lp_exit_t confirm_and_call(lp_board_t *board, const confirm_t *order, lp_fault_t *f);

#endif
