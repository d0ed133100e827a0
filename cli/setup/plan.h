// SPDX-License-Identifier: Apache-2.0
// From what is there to what is to be done: a pure function, so that every case is a line in a
// test.
#ifndef LP_SETUP_PLAN_H
#define LP_SETUP_PLAN_H

#include "state.h"

enum {
    LP_DO_CHIP_PLAN = 1 << 0,   // write the slot plan and read it back
    LP_DO_LOCK_CONFIG = 1 << 1, // irreversible
    LP_DO_LOCK_DATA = 1 << 2,   // irreversible
    LP_DO_KEY = 1 << 3,
    LP_DO_CERT_CREATE = 1 << 4,
    LP_DO_CERT_ACTIVATE = 1 << 5,
    LP_DO_THING = 1 << 6,
    LP_DO_POLICY = 1 << 7,
    LP_DO_ATTACH_POLICY = 1 << 8,
    LP_DO_ATTACH_THING = 1 << 9,
    LP_DO_CONFIG = 1 << 10,         // change the board's settings
    LP_DO_PROVE = 1 << 11,          // restart it, watch it connect, prove it
    LP_DO_BIND = 1 << 12,           // board and chip get a bus key; irreversible
    LP_DO_POLICY_VERSION = 1 << 13, // the policy that is there gets another text
};

enum {
    LP_DO_LOCK = LP_DO_LOCK_CONFIG | LP_DO_LOCK_DATA,
    LP_DO_CLOUD = LP_DO_CERT_CREATE | LP_DO_CERT_ACTIVATE | LP_DO_THING | LP_DO_POLICY |
                  LP_DO_POLICY_VERSION | LP_DO_ATTACH_POLICY | LP_DO_ATTACH_THING,
    LP_DO_CONNECT = LP_DO_CONFIG | LP_DO_PROVE,
    LP_PLAN_MAX_LINES = 8, // six, and what another end of the line adds
};

typedef struct {
    unsigned group; // the LP_DO_ bits of this step
    char text[160];
    char note[64]; // "" for none
} lp_plan_line_t;

typedef struct {
    unsigned actions; // LP_DO_ bits; 0: nothing to do
    lp_plan_line_t lines[LP_PLAN_MAX_LINES];
    int n_lines;
    bool is_irreversible;
    char warnings[4][240];
    int n_warnings;
} lp_plan_t;

// LP_EXIT_OK and *plan, or the reason why nothing can be done.
lp_exit_t lp_plan_make(const lp_setup_state_t *state, lp_plan_t *plan, lp_fault_t *f);

// Whether the board's settings and certificate are the ones that are wished for.
bool lp_setup_is_configured(const lp_setup_state_t *state);

// Whether the board says that it is connected with the certificate that it should have.
bool lp_setup_is_connected(const lp_setup_state_t *state);

// The number under which `action` is in the plan; 0 when it is not.
int lp_plan_number(const lp_plan_t *plan, unsigned action);

#endif
