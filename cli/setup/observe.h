// SPDX-License-Identifier: Apache-2.0
// Looking at the board and the cloud without changing either.
#ifndef LP_SETUP_OBSERVE_H
#define LP_SETUP_OBSERVE_H

#include "journal.h"
#include "limpet/board.h"
#include "state.h"

// Also fills in wish->key, from what the board lives with.
lp_exit_t lp_observe_board(lp_board_t *board, lp_setup_wish_t *wish, lp_setup_board_t *out,
                           lp_fault_t *f);
void lp_setup_board_deinit(lp_setup_board_t *b);

lp_exit_t lp_observe_info(lp_board_t *board, lp_setup_board_t *out, lp_fault_t *f);
lp_exit_t lp_observe_chip(lp_board_t *board, lp_setup_chip_t *chip, lp_fault_t *f);
lp_exit_t lp_observe_identity(lp_board_t *board, const char *key_id, lp_setup_identity_t *out,
                              lp_fault_t *f);
// Identity and configuration anew, for the key that is in use.
lp_exit_t lp_observe_settings(lp_board_t *board, lp_setup_state_t *s, lp_fault_t *f);
lp_exit_t lp_observe_status(lp_board_t *board, lp_setup_status_t *out, lp_fault_t *f);

// Needs the observed board and the wish in *s. The journal says where to look for what an earlier
// run made.
// Fills in the data endpoint of *aws.
lp_exit_t lp_observe_cloud(lp_aws_config_t *aws, const lp_journal_t *journal, lp_setup_state_t *s,
                           lp_fault_t *f);

// The newest ACTIVE certificate for `public_key` that was made at since_s or later. *cert is
// untouched when there is none; *is_found says so. `extras` (may be null) gets the ids of further
// ones.
lp_exit_t lp_observe_find_cert(const lp_aws_config_t *aws, const char *public_key, double since_s,
                               lp_iot_cert_t *cert, bool *is_found,
                               char extras[LP_IOT_MAX_LISTED][LP_IOT_ID_LEN + 1], size_t *n_extras,
                               lp_fault_t *f);

// The least-privilege policy for devices of the account that `arn` names (any ARN of it). malloc'd.
char *lp_setup_policy_document(const char *arn);

#endif
