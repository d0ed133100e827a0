// SPDX-License-Identifier: Apache-2.0
// Moving a device to a new key and certificate.
//
// There are two identities for a while: the old one works until the new one was proven, and only
// then it is taken away. Where a run stopped shows from the board (which key it uses), the record
// of the rotation and the cloud; each is looked at anew.
#ifndef LP_SETUP_ROTATE_H
#define LP_SETUP_ROTATE_H

#include "setup.h"

typedef struct {
    lp_setup_t setup; // its journal is the rotation's while one is under way
    lp_journal_t record_of_setup;
    lp_iot_cert_t old_cert; // id "": it is gone already
    bool is_switched;       // the board uses the new key
    bool is_key_due;        // a new key is to be made
} lp_rotation_t;

// Does the whole thing; what it says goes to the user. Errors: not-set-up, rotate-slot,
// rotate-back, and those of the steps.
lp_exit_t lp_rotate_run(lp_rotation_t *r, lp_fault_t *f);

// The key id to move to from `key`: slot 1 from slot 0 and back, key2.pem from key.pem and back.
// False: there is no second one for it.
bool lp_rotate_other_key(const char *key, char *out, size_t cap);

// Switches a certificate off, detaches everything from it, deletes it. One that is gone is fine.
// Errors: those of the calls; what was not done yet is done by the next call.
lp_exit_t lp_act_retire(const lp_aws_config_t *aws, const char *cert_id, lp_fault_t *f);

#endif
