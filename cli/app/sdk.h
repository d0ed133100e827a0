// SPDX-License-Identifier: Apache-2.0
// Where Limpet's own sources are, and programs that run from there.
#ifndef LP_CLI_SDK_H
#define LP_CLI_SDK_H

#include <sys/types.h>

#include "manifest.h"

typedef struct {
    const char *name;   // "qemu-mps2"
    const char *preset; // of the build
    const char *suffix; // of the image
    const char *chip;   // how its chip is reached: "unix" or "pty"
    bool is_small;      // no room for connections of the application's own
} app_board_t;

// The board `name`. Null: there is none; the fault lists them.
const app_board_t *app_board_find(const char *name, lp_fault_t *f);

// The checkout to build with: `wish` (--sdk), or the one this tool was built in. LP_EXIT_LOCAL: it
// is not there.
lp_exit_t app_sdk_find(const char *wish, char path[APP_PATH], lp_fault_t *f);

// Starts `argv` in a process group of its own, with its output on stderr. -1: it cannot be started,
// errno says why.
pid_t app_spawn(char *const argv[]);

// Builds the application for the board; `image` gets the path of what came out.
lp_exit_t app_build(const app_manifest_t *m, const app_board_t *board, const char *sdk,
                    char image[APP_PATH], lp_fault_t *f);

#endif
