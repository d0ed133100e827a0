// SPDX-License-Identifier: Apache-2.0
// Settings of a board, as several commands change them.
#ifndef BOARD_CONFIG_H
#define BOARD_CONFIG_H

#include <stdbool.h>

#include "limpet/board.h"

struct cJSON;

typedef struct {
    bool is_reboot;
    bool is_trial; // for the next start only, which comes at once
} lp_save_t;

// Sets what is in `tree` (owns), all of it or nothing, and saves it.
lp_exit_t lp_board_config_set(lp_board_t *board, struct cJSON *tree, const lp_save_t *save,
                              lp_fault_t *f);

// Says what lp_board_config_set() did.
void lp_board_config_told(const lp_save_t *save);

#endif
