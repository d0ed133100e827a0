// SPDX-License-Identifier: Apache-2.0
// Whether a board has started anew.
#ifndef LP_BOARD_BOOTS_H
#define LP_BOARD_BOOTS_H

#include <stdint.h>

#include "limpet/board.h"

// Which start of the board this is; -1: it did not say, and *f has why.
double lp_board_boots(lp_board_t *board, lp_fault_t *f);

// Waits until it counts more than `before`, at most wait_ms. Ctrl-C ends it, as a fault.
lp_exit_t lp_board_wait_boot(lp_board_t *board, double before, uint64_t wait_ms, lp_fault_t *f);

#endif
