// SPDX-License-Identifier: Apache-2.0
// limpet/opt.h - flags of a command: one table gives the parser, --help, completion and
// environment.
//
// Each flag --some-flag is also LIMPET_SOME_FLAG in the environment and "some-flag = value" in
// $XDG_CONFIG_HOME/limpet/config (~/.config/limpet/config); the command line counts before the
// environment, that before MOS_SOME_FLAG, and that before the file. A MOS_... that cannot be meant
// for this tool (another kind of value) is passed over. Consent (--yes) is not taken from the file.
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

// A walk over the commands instead of running them: how completion, man pages and the reference
// learn what there is. While lp_opt_is_listing is set, lp_opt_parse() tells `help` and returns 0; a
// group that is called without one of its commands tells each with lp_opt_list_command().
typedef struct {
    void (*command)(void *ctx, const char *name, const char *about);
    void (*help)(void *ctx, const lp_help_t *help, const lp_opt_t *opts, size_t n_opts);
    void *ctx;
} lp_opt_walk_t;

extern bool lp_opt_is_listing;
extern const lp_opt_walk_t *lp_opt_walk;
void lp_opt_list_command(const char *name, const char *about);

// What the tool's own file says of a flag, or null. Static until the next call with another
// environment. Internal to the parser and its tests.
const char *lp_opt_from_file(const char *name);

// The nearest of `words` (null-ended) to `word`, or null when none is near: for "did you mean".
const char *lp_opt_nearest(const char *word, const char *const *words);

// What an exit code means, or null. Static.
const char *lp_exit_text(int exit_code);

#endif
