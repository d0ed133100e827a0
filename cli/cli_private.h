// SPDX-License-Identifier: Apache-2.0
// The command table, shared by the files of the tool's own program.
#ifndef LP_CLI_PRIVATE_H
#define LP_CLI_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "limpet/cmd.h"
#include "limpet/opt.h"

typedef struct {
    const char *name;
    const char *summary; // for `limpet help`
    lp_cmd_fn *run;
    bool is_hidden; // an older name of another command
} lp_command_t;

// All commands, in the order in which help shows them; ended by a null name. Static.
extern const lp_command_t lp_commands[];

const lp_command_t *lp_command_find(const char *name);

// Tells `walk` what a command is: its commands where it is a group and `sub` is null, else its
// flags.
void lp_command_walk(const lp_command_t *command, const char *sub, const lp_opt_walk_t *walk);

lp_cmd_fn lp_cmd_help;
lp_cmd_fn lp_cmd_manual;
lp_cmd_fn lp_cmd_version;
lp_cmd_fn lp_cmd_completion;

#endif
