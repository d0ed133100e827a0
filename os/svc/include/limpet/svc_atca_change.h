// SPDX-License-Identifier: Apache-2.0
// limpet/svc_atca_change.h - ATCA.SetConfig, LockZone, SetKey and GenKey: mos' names for changing
// the chip, in two calls.
//
// The first call changes nothing: it says whether the change would be allowed and brings a token.
// The second one repeats it with the token, which is good once, for five minutes, for exactly this
// change and for this chip as it was (its serial number and configuration). Only over the board's
// own serial port; what is locked, what the slot plan keeps for the board itself and what would
// make a certificate useless is refused. Secrets are wiped as soon as they were used.
// @source docs/rpc.md
// @context loop
#ifndef LIMPET_SVC_ATCA_CHANGE_H
#define LIMPET_SVC_ATCA_CHANGE_H

#include "limpet/atecc_sealed.h"
#include "limpet/atecc_setup.h"
#include "limpet/config.h"
#include "limpet/rpc.h"
#include "limpet/svc_chip.h"

enum {
    LP_ATCA_TOKEN_BYTES = 16,
    LP_ATCA_TOKEN_MS = 5 * 60 * 1000,
    LP_ATCA_KEY_BYTES = 32,
    LP_ATCA_SLOT_BYTES = 72, // the longest key: a public one with its padding
};

typedef enum {
    LP_ATCA_SET_CONFIG,
    LP_ATCA_LOCK_CONFIG,
    LP_ATCA_LOCK_DATA,
    LP_ATCA_LOCK_SLOT,
    LP_ATCA_SET_KEY,
    LP_ATCA_GEN_KEY,
} lp_atca_kind_t;

// What is asked for.
typedef struct {
    lp_atca_kind_t kind;
    uint8_t slot;
    bool is_private;       // the key is a private one
    bool has_write_key;    // to be written encrypted
    bool takes_other_plan; // a chip that is not limpet-1 is what the caller wants
    uint8_t write_slot;
    uint8_t len;
    uint8_t bytes[LP_ATECC_CONFIG_LEN]; // configuration or key; wipe it
    uint8_t write_key[LP_ATCA_KEY_BYTES];
} lp_atca_change_t;

// What counts in judging it.
typedef struct {
    const lp_atecc_plan_t *plan;
    const lp_atecc_id_t *id; // the chip as it was just read
    int certified_slot;      // whose key has a certificate in the settings; -1: none
} lp_atca_facts_t;

// LP_OK, or why not: LP_E_STATE (locks), LP_E_DENIED (kept by the plan), LP_E_EXISTS (a certificate
// would be useless), LP_E_INVALID. *why gets a sentence, static. Pure.
lp_err_t lp_atca_judge(const lp_atca_change_t *change, const lp_atca_facts_t *facts,
                       const char **why);

typedef struct {
    lp_svc_chip_t *chip_;
    const lp_config_t *config_;
    lp_loop_t *loop_;
    lp_rpc_set_t set_;
    lp_turn_ticket_t ticket_;
    lp_rpc_req_t *req_; // under way; null: none
    lp_timer_t expiry_;
    uint8_t nonce_[LP_ATCA_TOKEN_BYTES]; // of the token that is out
    bool has_token_;
    bool is_new_;
    lp_err_t err_;
    lp_atecc_done_fn *done_;
    const char *checked_; // how what was written was looked at again
    char token_[2 * LP_ATCA_TOKEN_BYTES + 1];
    lp_atca_change_t change_;
    uint8_t num_in_[20];
    uint8_t back_[LP_ATCA_SLOT_BYTES];
    lp_atecc_secret_t secret_;
    union { // one operation at a time
        lp_atecc_config_op_t config_op_;
        lp_atecc_sealed_t sealed_;
        lp_atecc_req_t one_;
    };
} lp_svc_atca_change_t;

// Lends everything for good.
void lp_svc_atca_change_init(lp_svc_atca_change_t *svc, lp_rpc_t *rpc, lp_svc_chip_t *chip,
                             const lp_config_t *config);

#endif
