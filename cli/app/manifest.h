// SPDX-License-Identifier: Apache-2.0
// limpet.json, the manifest of an application: its name, its sources, what its shadow may change.
#ifndef LP_CLI_MANIFEST_H
#define LP_CLI_MANIFEST_H

#include "limpet/fault.h"

enum { APP_NAME_MAX = 32, APP_PATH = 4096 };

typedef struct {
    char folder[APP_PATH]; // absolute
    char name[APP_NAME_MAX + 1];
    bool connects; // beside the cloud
} app_manifest_t;

// Reads and checks FOLDER/limpet.json. LP_EXIT_LOCAL: it cannot be read; LP_EXIT_USAGE: it is
// wrong, and the fault says where and what it should be.
lp_exit_t app_manifest_load(app_manifest_t *m, const char *folder, lp_fault_t *f);

// Whether an application may be called that: a lower-case letter, then letters, digits and dashes.
bool app_name_is_good(const char *name);

#endif
