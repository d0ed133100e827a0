// SPDX-License-Identifier: Apache-2.0
// Private: the subcommands of `limpet cloud`.
#ifndef LP_CLOUD_COMMANDS_H
#define LP_CLOUD_COMMANDS_H

#include "limpet/opt.h"
#include "place.h"

int cloud_cmd_up(int argc, char **argv);
int cloud_cmd_down(int argc, char **argv);
int cloud_cmd_status(int argc, char **argv);
int cloud_cmd_watch(int argc, char **argv);
int cloud_cmd_env(int argc, char **argv);
int cloud_cmd_reset(int argc, char **argv);
int cloud_cmd_account(int argc, char **argv);
int cloud_cmd_export(int argc, char **argv);
int cloud_cmd_import(int argc, char **argv);
int cloud_cmd_front(int argc, char **argv);
int cloud_cmd_gateway(int argc, char **argv);

// --dir's row in a table of flags.
#define CLOUD_OPT_DIR(variable)                                                                    \
    {                                                                                              \
        "dir", LP_OPT_STR, &(variable), "FOLDER", "where the cloud lives"                          \
    }

// The place for --dir, or an exit code that is not LP_OPT_GO_ON after the error was said.
int cloud_find_place(const char *dir, cloud_place_t *place);

// Stops the cloud of a place; LP_EXIT_OK also when none runs (*was_running tells).
int cloud_stop(const cloud_place_t *place, bool *was_running);

// Deletes what a cloud keeps in its folder; what else is in there stays.
void cloud_forget(const cloud_place_t *place);

#endif
