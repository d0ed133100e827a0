// SPDX-License-Identifier: Apache-2.0
// limpet/ui.h - how every `limpet` command speaks: errors, progress, JSON, exit codes.
//
// People read stderr (progress, errors) and stdout (results); machines read one JSON object per line on stdout
// with --json. Colour only on a terminal and without NO_COLOR. No secret is ever passed to these functions.
#ifndef LIMPET_UI_H
#define LIMPET_UI_H

#include <stdbool.h>

// Exit codes, the same for every command and listed by `limpet help exit-codes`.
typedef enum {
    LP_EXIT_OK = 0,
    LP_EXIT_FAILED = 1,      // anything without a code of its own
    LP_EXIT_USAGE = 2,       // the command line is wrong
    LP_EXIT_NO_BOARD = 3,    // no board found, or more than one and none named
    LP_EXIT_CHIP = 4,        // the crypto chip: missing, foreign, refused
    LP_EXIT_CLOUD = 5,       // the cloud refused or answered nonsense
    LP_EXIT_CREDENTIALS = 6, // no credentials, wrong, expired
    LP_EXIT_NETWORK = 7,     // the cloud or board could not be reached
    LP_EXIT_DECLINED = 8,    // consent was asked for and not given
    LP_EXIT_CONFLICT = 9,    // something of that name exists and is different
    LP_EXIT_UNPROVEN = 10,   // everything was set, but the proof of connection failed
    LP_EXIT_LOCAL = 11,      // this computer: file, disk, missing program
    LP_EXIT_BOARD = 12,      // the board refused or stopped answering
    LP_EXIT_INTERRUPTED = 130,
} lp_exit_t;

typedef struct {
    bool json;    // one JSON object a line on stdout
    bool quiet;   // results and errors only
    bool verbose; // say each step
    bool color;   // decided by lp_ui_init()
    bool is_tty;  // stderr is a terminal
} lp_ui_t;

// The process's one user interface. Reads NO_COLOR and whether stderr is a terminal.
extern lp_ui_t lp_ui;
void lp_ui_init(void);

// Removes --json, --quiet/-q, --verbose/-v, --no-color from argv; returns the new argc.
int lp_ui_parse(int argc, char **argv);

// error[code]: what / why / -> next, on stderr; as {"error":{...}} on stdout with --json. `code` is a stable
// lower-case word with dashes; why and next may be null. Returns exit_code, so that commands can end with
// `return lp_ui_fail(...)`.
int lp_ui_fail(lp_exit_t exit_code, const char *code, const char *what, const char *why,
               const char *next);

// printf-style helpers for people; silent with --json (info also with --quiet).
void lp_ui_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void lp_ui_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void lp_ui_detail(const char *fmt, ...) __attribute__((format(printf, 1, 2))); // only with --verbose

// One JSON object per call on stdout, only with --json. `object_json` is the finished text.
void lp_ui_json(const char *object_json);

#endif
