// SPDX-License-Identifier: Apache-2.0
// The steps of a setup, and what they share.
#ifndef LP_SETUP_H
#define LP_SETUP_H

#include "journal.h"
#include "limpet/aws.h"
#include "limpet/board.h"
#include "plan.h"
#include "state.h"

typedef struct {
    const char *port;
    long baud;
    lp_aws_flags_t aws;
    const char *broker_ca;
    const char *thing;      // null: the board's id
    const char *policy;     // null: "limpet-device"
    const char *thing_type; // of a thing that is made; may be null
    const char *attributes; // "name=value,..." of a thing that is made; may be null
    const char *group;      // that a thing that is made joins; may be null
    long use_slot;
    long connect_s; // how long to wait for the connection
    bool is_dry_run;
    bool is_yes;
    bool is_chip_required;
    bool is_software_key_wanted;
    bool is_bus_clear;
    bool is_new_certificate;
} lp_setup_options_t;

typedef struct {
    const lp_setup_options_t *options;
    lp_aws_config_t aws;
    lp_board_t *board;
    lp_journal_t journal;
    lp_setup_state_t state;
    lp_plan_t plan;
    char crc[16];   // of the configuration zone, as the board read it back
    char csr[4096]; // the request that the board made
} lp_setup_t;

// Does the whole thing; what it says goes to the user.
lp_exit_t lp_setup_run(lp_setup_t *s, lp_fault_t *f);
// Only looks: at the board, the journal, the cloud. Fills s->state.
lp_exit_t lp_setup_look(lp_setup_t *s, lp_fault_t *f);
void lp_setup_deinit(lp_setup_t *s);

// The steps of the plan. Each does its bits of s->plan.actions and leaves s->state as it has
// become.
lp_exit_t lp_act_chip_plan(lp_setup_t *s, lp_fault_t *f);
lp_exit_t lp_act_lock(lp_setup_t *s, lp_fault_t *f);
lp_exit_t lp_act_bind(lp_setup_t *s, lp_fault_t *f);
lp_exit_t lp_act_key(lp_setup_t *s, lp_fault_t *f);
lp_exit_t lp_act_cloud(lp_setup_t *s, lp_fault_t *f);
lp_exit_t lp_act_connect(lp_setup_t *s, lp_fault_t *f);

// After a lost answer: removes certificates for the board's key that this setup made and does not
// use. Lists may lag behind, so one more look is due in the next run unless this one found
// something or is the last.
lp_exit_t lp_act_remove_doubles(lp_setup_t *s, bool is_last_look, lp_fault_t *f);

// Reads the roots that the board is to trust into s->state.wish.trust_ca.
lp_exit_t lp_setup_load_trust(lp_setup_t *s, lp_fault_t *f);

#endif
