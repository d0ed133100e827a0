// SPDX-License-Identifier: Apache-2.0
// A policy document of the user's own: read and checked before anything is done, compared with what
// the cloud has.
#ifndef LP_SETUP_POLICY_FILE_H
#define LP_SETUP_POLICY_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "limpet/fault.h"

enum { LP_POLICY_MAX_CHARS = 2048 }; // without white space; AWS's limit

// Reads and checks a document: *document is owned by the caller (free). policy-file: it cannot be
// read, is too long, or AWS would refuse it; the reason says where.
lp_exit_t lp_policy_file_read(const char *path, char **document, lp_fault_t *f);

// The name that a file's policy gets without --policy-name: "fleet" of "dir/fleet.json". False: it
// is none that AWS allows.
bool lp_policy_file_name(const char *path, char *out, size_t cap);

// Whether two documents say the same, whatever the order of their members and the white space.
bool lp_policy_is_same(const char *a, const char *b);

// Shows which statements go and which come.
void lp_policy_say_diff(const char *name, const char *before, const char *after, bool is_result);

#endif
