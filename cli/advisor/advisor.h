// SPDX-License-Identifier: Apache-2.0
// Private: the parts of `limpet advisor`.
#ifndef LP_CMD_ADVISOR_PRIVATE_H
#define LP_CMD_ADVISOR_PRIVATE_H

#include <sys/types.h>

#include "limpet/advisor_endpoint.h"
#include "limpet/board.h"
#include "limpet/fault.h"

enum { ADVISOR_CASES_MAX = 64, ADVISOR_POLICIES_MAX = 16, ADVISOR_DIR_MAX = 900 };

// What the command line asks for.
typedef struct {
    const char *cases;   // --case: names or groups, comma-separated; null: the suite
    const char *suite;   // qualification, all
    const char *port;    // --port: a Limpet board
    const char *command; // --device-command
    const char *thing;
    const char *name;
    const char *listen;
    long endpoint_port;
    const char *dir;
    const char *policy; // file names, comma-separated
    const char *junit;
    long timeout_s;
    bool is_fast;
    bool is_stopping_at_failure;
} advisor_options_t;

// --- params.c -----------------------------------------------------------------------------------

typedef struct {
    lp_advisor_params_t values;
    char *documents[ADVISOR_POLICIES_MAX + 1];
} advisor_params_t;

// Takes KEY=VALUE words. LP_OPT_GO_ON, or an exit code after the error was said.
int advisor_params_take(advisor_params_t *p, int count, char **words);
int advisor_params_policies(advisor_params_t *p, const char *files);
void advisor_params_free(advisor_params_t *p);
// Picks the cases. LP_OPT_GO_ON, or an exit code after the error was said.
int advisor_pick(const advisor_options_t *o, const lp_advisor_case_t *picked[ADVISOR_CASES_MAX],
                 size_t *count);

// --- device.c -----------------------------------------------------------------------------------

// The device under test: a command that is started for each case, a Limpet board, or neither (it
// is on its own, and only the log tells).
typedef struct {
    const advisor_options_t *o;
    lp_advisor_endpoint_t *ep;
    char prefix[ADVISOR_DIR_MAX + 16]; // device.pem, device.key
    pid_t pid;
    lp_board_t *board;
    bool is_changed; // the board's settings are not those of its flash
    char board_thing[132];
} advisor_device_t;

lp_exit_t advisor_device_open(advisor_device_t *d, lp_fault_t *f);
lp_exit_t advisor_device_start(advisor_device_t *d, const lp_advisor_case_t *which, lp_fault_t *f);
void advisor_device_stop(advisor_device_t *d);
// Puts everything back as it was. LP_EXIT_OK, or why it could not be.
lp_exit_t advisor_device_close(advisor_device_t *d, lp_fault_t *f);

// --- report.c -----------------------------------------------------------------------------------

typedef struct {
    const lp_advisor_case_t *which;
    lp_advisor_result_t result;
    char *log;
    size_t log_len;
} advisor_report_t;

void advisor_report_log(advisor_report_t *r, const char *line);
// One case, for people or as an event.
void advisor_report_case(const advisor_report_t *r, size_t index, size_t count);
// The end: counts, and the file for CI. Returns the exit code.
int advisor_report_end(const advisor_report_t *reports, size_t count, const char *junit);
void advisor_report_free(advisor_report_t *r);

int advisor_cmd_run(int argc, char **argv);
int advisor_cmd_list(int argc, char **argv);

#endif
