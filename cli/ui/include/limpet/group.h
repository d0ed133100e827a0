// SPDX-License-Identifier: Apache-2.0
// limpet/group.h - a command that is a group of commands: "limpet ca new", "limpet chip serve".
#ifndef LIMPET_GROUP_H
#define LIMPET_GROUP_H

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    const char *name;
    int (*run)(int argc, char **argv); // argv[0] is the command's name
    const char *about;                 // one line; null: a part of another command, not for people
} lp_group_command_t;

typedef struct {
    const char *name;    // "ca"
    const char *intro;   // --help: the text above the commands, with examples
    const char *outro;   // --help: the text below them
    bool is_command_due; // without a command it is an error and not the same as --help
    const lp_group_command_t *commands;
    size_t n;
} lp_group_t;

// Runs the command that argv[1] names, prints the help, or tells the commands to a walk
// (lp_opt_is_listing). Returns the exit code; LP_EXIT_USAGE: there is no such command, which was
// said with the nearest one, or none was named.
int lp_group_run(const lp_group_t *group, int argc, char **argv);

#endif
