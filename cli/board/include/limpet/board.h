// SPDX-License-Identifier: Apache-2.0
// limpet/board.h - finding boards and calling their methods.
//
// A port is a name: "auto" (the one board that is connected), a device ("/dev/ttyUSB0", a pty), the
// id of a virtual board ("lp-4f21c0"), or "tcp:host:port", "tcp://host:port", "http://host:port",
// "ws://host:port". Over the network the board asks who calls; passwords are in a file or the
// person at the terminal knows one (docs/remote.md). Blocking calls with time-outs; Ctrl-C ends
// them with error[interrupted]. One process owns a serial port at a time, with a lock; it may share
// it (is_sharing), and then the others join it by themselves.
#ifndef LIMPET_BOARD_H
#define LIMPET_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limpet/fault.h"

struct cJSON;

typedef struct {
    char port[256];  // what to give to --port
    char id[64];     // device id of a virtual board, else ""
    char about[160]; // "virtual board", "USB: CP2102 ..."
    bool is_virtual;
    const char *source; // "virtual", "usb", "network". Static
} lp_board_found_t;

// Boards that can be seen, without opening any. *n is how many were found, at most cap are stored.
void lp_board_list(lp_board_found_t *found, size_t cap, size_t *n);

// The folder of virtual boards ($XDG_RUNTIME_DIR/limpet/boards or /tmp/limpet-<uid>/boards).
void lp_board_virtual_folder(char *path, size_t cap);

typedef struct lp_board lp_board_t;

typedef void lp_board_log_fn(void *ctx, const char *line);

typedef struct {
    const char *port; // null means "auto"
    long baud;        // 0 means 115200; real serial ports only
    int open_ms;      // how long to wait for the first answer; 0 means 6000
    int wait_ms;      // how long for a port that another program has; 0 means 5000
    bool is_sharing;  // other commands may use the port at the same time, while one of follow(),
                      // watch(), call() waits. Serial ports only
} lp_board_options_t;

// Opens the port with an exclusive lock, or joins the command that shares it, and makes sure that a
// board answers. Errors: board-none, board-many, port-open, port-busy, board-silent, board-no-rpc.
// *board: owned by the caller.
lp_exit_t lp_board_open(const lp_board_options_t *options, lp_board_t **board, lp_fault_t *f);
// The same without talking: only to listen (console).
lp_exit_t lp_board_listen(const lp_board_options_t *options, lp_board_t **board, lp_fault_t *f);
void lp_board_close(lp_board_t *board); // null is fine

// What it is connected to, for people ("pty /dev/pts/4", "/dev/ttyUSB0"). Lends.
const char *lp_board_where(const lp_board_t *board);

// Log lines that arrive while the tool waits; without a listener they are shown with --verbose.
void lp_board_on_log(lp_board_t *board, lp_board_log_fn *fn, void *ctx);

// The board's own error answer to the last call.
typedef struct {
    int code; // minus a value of limpet/err.h, or 404
    char name[40];
    char message[200];
} lp_board_error_t;

// Calls a method. `params` (owns, may be null). On LP_EXIT_OK *result is owned by the caller (never
// null). LP_EXIT_BOARD with code board-refused: the board answered with an error, see
// lp_board_last_error(). LP_EXIT_BOARD with code board-lost, board-timeout, board-garbled: no
// usable answer. Calls that only read are repeated by themselves when an answer is damaged or late.
// timeout_ms 0 takes the method's usual time.
lp_exit_t lp_board_call(lp_board_t *board, const char *method, struct cJSON *params, int timeout_ms,
                        struct cJSON **result, lp_fault_t *f);
const lp_board_error_t *lp_board_last_error(const lp_board_t *board);

// Closes and opens the same port again and waits until the board answers: after a reboot.
lp_exit_t lp_board_reopen(lp_board_t *board, int timeout_ms, lp_fault_t *f);

// What a console adds while lp_board_follow() waits: another descriptor to read (-1: none), and the
// frames that come; what comes without being asked for is told during calls, too. Either function
// may be null.
typedef struct {
    int input_fd;
    void (*on_input)(void *ctx); // input_fd can be read, or has ended
    void (*on_frame)(void *ctx, const struct cJSON *frame);
    void *ctx;
} lp_board_console_t;
void lp_board_set_console(lp_board_t *board, const lp_board_console_t *console); // lends

// Sends bytes as they are. False: the way is gone.
bool lp_board_send(lp_board_t *board, const char *text, size_t len);
// Opens the same port again to listen, once it is there.
lp_exit_t lp_board_relisten(lp_board_t *board, lp_fault_t *f);
// Whether its way carries whole frames only, and so no log.
bool lp_board_has_no_log(const lp_board_options_t *options);

// Hands out log lines until Ctrl-C or the port is gone.
lp_exit_t lp_board_follow(lp_board_t *board, lp_fault_t *f);
// The same until *is_enough, which the listener sets, or for timeout_ms; both are LP_EXIT_OK.
lp_exit_t lp_board_watch(lp_board_t *board, const bool *is_enough, int timeout_ms, lp_fault_t *f);

#endif
