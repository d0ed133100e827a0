// SPDX-License-Identifier: Apache-2.0
// limpet/ui.h - how every `limpet` command speaks: errors, steps, questions, JSON, exit codes.
//
// People read stderr (progress, questions, errors) and stdout (results); machines read one JSON
// object per line on stdout with --json. Colour only on a terminal and without NO_COLOR. No secret
// is ever passed to these functions. Text may hold what a board or a cloud said: control characters
// are replaced by
// '?', so that nobody's answer can drive the user's terminal.
#ifndef LIMPET_UI_H
#define LIMPET_UI_H

#include <stdbool.h>
#include <stdint.h>

struct cJSON;

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
    LP_EXIT_FINDINGS = 13,   // an audit or a look worked, and found something
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

// Removes --json, --quiet/-q, --verbose/-v, --no-color from argv (up to "--"); returns the new
// argc. LIMPET_JSON, LIMPET_QUIET, LIMPET_VERBOSE (or MOS_...) set to 1/true/yes mean the same.
int lp_ui_parse(int argc, char **argv);

// error[code]: what / why / -> next, on stderr; as {"error":{...}} on stdout with --json. `code` is
// a stable lower-case word with dashes; why and next may be null; why may have several lines.
// Returns exit_code, so that commands can end with `return lp_ui_fail(...)`.
int lp_ui_fail(lp_exit_t exit_code, const char *code, const char *what, const char *why,
               const char *next);

// printf-style helpers for people; silent with --json (info also with --quiet). To stderr.
void lp_ui_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void lp_ui_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void lp_ui_detail(const char *fmt, ...)
    __attribute__((format(printf, 1, 2))); // only with --verbose

// A result for people: a line on stdout; silent with --json.
void lp_ui_out(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

// A result of any length, on stdout: as it is into a file or a pipe, without control characters
// (tabs stay) on a terminal.
void lp_ui_out_long(const char *text);

// "Board    Virtual ESP8266 ...": a short label and what was found. As info.
void lp_ui_label(const char *label, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

// One JSON object per call on stdout, only with --json. `object_json` is the finished text.
void lp_ui_json(const char *object_json);

// The same for a tree; it owns `object` and frees it in any case. Null is ignored.
void lp_ui_json_tree(struct cJSON *object);

// {"event":name, ...fields}: owns `fields` (null: none), which must be an object.
void lp_ui_event(const char *name, struct cJSON *fields);

// A plan, before anything is done: "  2  lock the chip's configuration    cannot be undone".
// `note` may be null. As result (stdout) when is_result, else as info.
void lp_ui_plan_step(int number, const char *text, const char *note, bool is_result);

// Steps while they are done. start shows the step on a terminal until done or failed replaces it;
// done prints "  1  text          0.4 s" with the time since start. With --json both are
// events {"event":"step","step":1,"state":"started"/"done","text":...,"ms":400}. One at a time.
void lp_ui_step_start(int number, const char *text);
void lp_ui_step_done(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
// Clears the line of a step that failed, so that the error starts on a fresh line.
void lp_ui_step_abort(void);

// A counter for long work: a bar with time left on a terminal, a line each 10 % elsewhere, an event
// with --json. `total` 0 means unknown. Call with done == total to finish.
void lp_ui_progress(const char *what, uint64_t done, uint64_t total);

// Asks "question [y/N]" on the terminal. is_yes (--yes) answers at once.
// LP_EXIT_OK: consent. LP_EXIT_DECLINED: no, end of input, or no terminal to ask on (the error
// is printed already, saying that --yes would answer). LP_EXIT_INTERRUPTED: Ctrl-C, said as well.
lp_exit_t lp_ui_ask(const char *question, bool is_yes);

// Milliseconds of a clock that never goes back, for the times shown.
uint64_t lp_ui_now_ms(void);
// The pause between two looks at something that changes by itself; a signal ends it.
// LIMPET_PAUSE_MS makes it shorter, for tests.
void lp_ui_pause(int ms);

// Copies `in` to `out` with control characters and what is not UTF-8 replaced by '?'; newlines and
// tabs stay. Always terminated; needs room for four bytes more than the text.
void lp_ui_clean(char *out, unsigned long cap, const char *in);

#endif
