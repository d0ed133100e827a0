// SPDX-License-Identifier: Apache-2.0
// What a setup has done so far, so that the next run takes it up: one small JSON file per board,
// written before and after each step that cannot be seen from outside. No secrets.
#ifndef LP_SETUP_JOURNAL_H
#define LP_SETUP_JOURNAL_H

#include <stdbool.h>

#include "limpet/fault.h"

typedef struct {
    char path[512]; // "" when nothing is to be written
    char device[64];
    char endpoint[256]; // control plane
    char thing[129];
    char policy[129];
    char public_key[129];
    bool is_cert_asked; // a certificate was asked for, and the answer may have been lost
    double asked_utc_s;
    bool is_double_possible; // an answer was lost and nothing was found: two may have been made
    char cert_id[65];
    bool made_thing;
    bool made_policy;
    bool is_proven;
    double proven_utc_s;
    // of a rotation; "" otherwise
    char old_cert_id[65];
    char old_key[40];
    char new_key[40];
} lp_journal_t;

// Reads $XDG_STATE_HOME/limpet/setup/<device>.json (~/.local/state/...). Absent, damaged or about
// another cloud: an empty journal. Fails only when there is no place to write to.
lp_exit_t lp_journal_open(const char *device, const char *endpoint, lp_journal_t *j, lp_fault_t *f);

// The record of a key rotation, which has a file of its own: .../limpet/rotate/<device>.json.
lp_exit_t lp_journal_open_rotation(const char *device, const char *endpoint, lp_journal_t *j,
                                   lp_fault_t *f);

// The record of a setup with a broker of one's own: .../limpet/broker/<device>.json.
lp_exit_t lp_journal_open_broker(const char *device, const char *endpoint, lp_journal_t *j,
                                 lp_fault_t *f);

// Writes it atomically: temporary file, fsync, rename. Errors: journal (disk full, not allowed).
lp_exit_t lp_journal_save(const lp_journal_t *j, lp_fault_t *f);

// Removes the file.
void lp_journal_remove(const lp_journal_t *j);

#endif
