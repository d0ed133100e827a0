// SPDX-License-Identifier: Apache-2.0
// Setting a board up with a broker and a CA of one's own: the flow of aws-iot-setup, with the CA's
// register where the cloud would be, and the broker itself as witness of the proof.
#ifndef LP_OWN_H
#define LP_OWN_H

#include "broker.h"
#include "limpet/ca.h"
#include "setup.h"

enum {
    LP_DO_RETIRE = 1 << 16, // revoke former certificates of this board, write the list
    LP_OWN_MAX_FORMER = 32,
    LP_OWN_BOARD_ROOTS = 3072, // PEM bytes that a board has room for
};

typedef struct {
    lp_setup_options_t setup;
    const char *broker; // URL
    const char *ca_dir; // null: the usual folder
    lp_ca_access_t ca_key;
    const char *ca_file; // who signs the broker's certificate; null: this CA
    const char *cert;    // the tool's own, with `key`; null: one is made for the run
    const char *key;
    const char *username;
    const char *password_file;
    long days;       // of a board's certificate
    long renew_days; // a certificate that ends within these is replaced
} lp_own_options_t;

typedef struct {
    lp_setup_t setup; // its owner points back here
    const lp_own_options_t *options;
    lp_broker_t broker;
    lp_broker_probe_t probe;
    lp_ca_t *ca;
    char *broker_roots; // PEM: who signs the broker's certificate
    lp_broker_link_t *link;
    // the tool at the broker
    X509 *cert;
    EVP_PKEY *key;
    char client_id[80];
    char password[256];
    // certificates of this board that are to be revoked
    char former[LP_OWN_MAX_FORMER][LP_CA_SERIAL_HEX + 1];
    size_t n_former;
    bool is_list_behind;
    // of a rotation: where to go back to; key "" otherwise, and when there is no way back
    char old_key[40];
    lp_iot_cert_t old_cert;
} lp_own_t;

// Looks at board, CA and broker; fills in the state. Changes nothing.
lp_exit_t lp_own_look(lp_own_t *o, lp_fault_t *f);
// From what is there to what is to be done.
lp_exit_t lp_own_plan(lp_own_t *o, lp_fault_t *f);
// Consent and the steps of the plan.
lp_exit_t lp_own_do(lp_own_t *o, lp_fault_t *f);
// Does the whole thing; what it says goes to the user.
lp_exit_t lp_own_run(lp_own_t *o, lp_fault_t *f);
// Undoes it: the board's settings, its certificates.
lp_exit_t lp_own_remove(lp_own_t *o, lp_fault_t *f);
// Moves it to another key and certificate. Errors: not-set-up, rotate-slot, rotate-back, and those
// of the steps.
lp_exit_t lp_own_rotate(lp_own_t *o, lp_fault_t *f);
void lp_own_deinit(lp_own_t *o);

// --- the steps

lp_exit_t lp_own_act_issue(lp_setup_t *s, lp_fault_t *f);
lp_exit_t lp_own_act_connect(lp_setup_t *s, lp_fault_t *f);
lp_exit_t lp_own_act_retire(lp_setup_t *s, lp_fault_t *f);

// Connects the tool to the broker and subscribes to the board's proof.
lp_exit_t lp_own_listen(lp_own_t *o, lp_fault_t *f);
// Waits for the proof; lp_setup_t.read_back.
lp_exit_t lp_own_read_back(lp_setup_t *s, const char *topic, const char *nonce, lp_fault_t *f);

// After a switch that the board did not survive: back to the old key and certificate. Returns the
// fault that is to be shown: *f as it is, or rotate-back.
lp_exit_t lp_own_go_back(lp_own_t *o, lp_fault_t *f);

// --- what the register says of a board

// Fills in what the CA knows of the board with the key that is looked at.
void lp_own_take_state(lp_own_t *o);

// The newest certificate for `public_key` and `name`, valid or revoked; null: none.
const lp_ca_record_t *lp_own_find(const lp_ca_t *ca, const char *name, const char *public_key);
// Serials of valid device certificates of that name but `keep` (may be null); at most cap.
size_t lp_own_list_former(const lp_ca_t *ca, const char *name, const char *keep,
                          char (*serials)[LP_CA_SERIAL_HEX + 1], size_t cap);

static inline lp_own_t *lp_own_of(lp_setup_t *s)
{
    return (lp_own_t *)s->owner;
}

#endif
