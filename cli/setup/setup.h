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
    const char *thing;       // null: the board's id
    const char *policy;      // its name; null: "limpet-device", or the file's
    const char *policy_file; // with a document of the user's own; may be null
    const char *thing_type;  // of a thing that is made; may be null
    const char *attributes;  // "name=value,..." of a thing that is made; may be null
    const char *group;       // that a thing that is made joins; may be null
    long use_slot;
    long connect_s; // how long to wait for the connection
    bool is_dry_run;
    bool is_yes;
    bool is_chip_required;
    bool is_software_key_wanted;
    bool is_bus_clear;
    bool is_new_certificate;
} lp_setup_options_t;

typedef struct lp_setup lp_setup_t;
typedef lp_exit_t lp_setup_act_fn(lp_setup_t *s, lp_fault_t *f);

struct lp_setup {
    const lp_setup_options_t *options;
    lp_aws_config_t aws;
    lp_board_t *board;
    lp_journal_t journal;
    lp_setup_state_t state;
    lp_plan_t plan;
    char *policy_document; // owned; what is in the user's file, or null
    char crc[16];          // of the configuration zone, as the board read it back
    char csr[4096];        // the request that the board made
    // lp_act_connect() has the board try the settings, and confirms them when they are proven: a
    // board that is left alone before goes back. Becomes false with one that cannot try settings.
    bool is_trial;
    // Reads the proof where it was published; null: in AWS IoT.
    lp_exit_t (*read_back)(lp_setup_t *s, const char *topic, const char *nonce, lp_fault_t *f);
    void *owner; // of read_back
};

typedef struct {
    unsigned group; // of the plan
    lp_setup_act_fn *act;
} lp_setup_step_t;

// Does the whole thing; what it says goes to the user.
lp_exit_t lp_setup_run(lp_setup_t *s, lp_fault_t *f);
// Only looks: at the board, the journal, the cloud. Fills s->state.
lp_exit_t lp_setup_look(lp_setup_t *s, lp_fault_t *f);
void lp_setup_deinit(lp_setup_t *s);

// The parts of lp_setup_run(), for setups with something else than AWS at the other end.
lp_exit_t lp_setup_make_wish(lp_setup_t *s, lp_fault_t *f);
lp_exit_t lp_setup_look_at_board(lp_setup_t *s, lp_fault_t *f);
void lp_setup_say_plan(const lp_plan_t *plan, bool is_result);
// Asks for consent; LP_EXIT_OK is consent.
lp_exit_t lp_setup_ask(const lp_setup_t *s);
// Runs those steps that are in the plan; says so when the board restarted in the middle.
lp_exit_t lp_setup_run_steps(lp_setup_t *s, const lp_setup_step_t *steps, size_t n, lp_fault_t *f);
// Whether a message is the one that this run asked for: its nonce, the certificate's id.
bool lp_setup_is_proof(const lp_setup_t *s, const char *payload, const char *nonce);

// The steps of the plan. Each does its bits of s->plan.actions and leaves s->state as it has
// become.
lp_exit_t lp_act_chip_plan(lp_setup_t *s, lp_fault_t *f);
lp_exit_t lp_act_lock(lp_setup_t *s, lp_fault_t *f);
lp_exit_t lp_act_bind(lp_setup_t *s, lp_fault_t *f);
lp_exit_t lp_act_key(lp_setup_t *s, lp_fault_t *f);
lp_exit_t lp_act_cloud(lp_setup_t *s, lp_fault_t *f);
// The board's certificate request, checked, into s->csr.
lp_exit_t lp_act_get_csr(lp_setup_t *s, lp_fault_t *f);
// Takes the cloud out of the board's settings and restarts it.
lp_exit_t lp_act_clear_board(lp_setup_t *s, lp_fault_t *f);
lp_exit_t lp_act_connect(lp_setup_t *s, lp_fault_t *f);
// Whether lp_act_connect() ended because the board was heard and says no: only then it is sent
// back. A cloud or a board that cannot be reached says nothing about the new certificate.
bool lp_act_is_refusal(lp_exit_t rc);
// After that: back to the key and certificate that it had, which are the saved ones still where it
// can try settings. LP_EXIT_OK: proven. *is_back: the board has these settings.
lp_exit_t lp_act_go_back(lp_setup_t *s, const char *old_key, const lp_iot_cert_t *old_cert,
                         bool *is_back, lp_fault_t *f);

// After a lost answer: removes certificates for the board's key that this setup made and does not
// use. Lists may lag behind, so one more look is due in the next run unless this one found
// something or is the last.
lp_exit_t lp_act_remove_doubles(lp_setup_t *s, bool is_last_look, lp_fault_t *f);

// Reads the roots that the board is to trust into s->state.wish.trust_ca.
lp_exit_t lp_setup_load_trust(lp_setup_t *s, lp_fault_t *f);

#endif
