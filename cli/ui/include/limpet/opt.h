// SPDX-License-Identifier: Apache-2.0
// limpet/opt.h - flags of a command: one table gives the parser, --help, completion and
// environment.
//
// Each flag --some-flag is also LIMPET_SOME_FLAG and MOS_SOME_FLAG in the environment; the command
// line wins.
// "--flag value" and "--flag=value" are the same; "--" ends the flags; a bool takes =true/=false
// too.
#ifndef LIMPET_OPT_H
#define LIMPET_OPT_H

#include <stdbool.h>
#include <stddef.h>

typedef enum {
    LP_OPT_BOOL, // bool *
    LP_OPT_STR,  // const char ** (borrows argv or the environment)
    LP_OPT_INT,  // long *
} lp_opt_kind_t;

typedef struct {
    const char *name; // without the dashes
    lp_opt_kind_t kind;
    void *value;         // where it goes; keeps what is there (the default) when not given
    const char *metavar; // "URL"; null for a bool
    const char *help;    // one line
} lp_opt_t;

// What --help shows, and what the website and man pages are made from.
typedef struct {
    const char *name;        // "aws-iot-setup" or "chip serve"
    const char *args;        // "[METHOD] [PARAMS]", "" for none
    const char *summary;     // one sentence
    const char *examples[4]; // the commonest first, null-ended
    const char *notes;       // may be null: text below the flags
    const int *exit_codes;   // 0-ended list beyond 0, 1 and 2; may be null
    int max_args;            // how many positional arguments are accepted; -1 for any number
} lp_help_t;

#define LP_OPT_GO_ON (-1)

// Fills the values from the environment and argv and moves the positional arguments to
// argv[1..*n_args]. argv[0] is the command's name.
// LP_OPT_GO_ON: run the command. Otherwise return it: 0 after --help, LP_EXIT_USAGE after an error
// that was printed (unknown flag with a suggestion, missing value, not a number, too many
// arguments).
int lp_opt_parse(const lp_help_t *help, const lp_opt_t *opts, size_t n_opts, int argc, char **argv,
                 int *n_args);

// For a flag that may come more than once: moves every "--name VALUE" and "--name=VALUE" out of
// argv into list[*n]. The flag stands in the command's table, too, for --help and the environment.
// False: there are more than `cap`.
bool lp_opt_take_list(int *argc, char **argv, const char *name, const char **list, size_t cap,
                      size_t *n);

// Prints the help text to stdout.
void lp_opt_help(const lp_help_t *help, const lp_opt_t *opts, size_t n_opts);

// When set, parsing prints "name\tmetavar\thelp" of each flag instead and returns 0: how shell
// completion learns the flags of a command without running it.
extern bool lp_opt_is_listing;

// The nearest of `words` (null-ended) to `word`, or null when none is near: for "did you mean".
const char *lp_opt_nearest(const char *word, const char *const *words);

// What an exit code means, or null. Static.
const char *lp_exit_text(int exit_code);

#endif
