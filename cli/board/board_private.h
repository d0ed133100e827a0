// SPDX-License-Identifier: Apache-2.0
// What the files of the RPC client share: the board, its line, and calls. Private to this folder.
#ifndef LP_BOARD_PRIVATE_H
#define LP_BOARD_PRIVATE_H

#include "limpet/board.h"
#include "limpet/rpc_frame.h"
#include "line.h"
#include "login.h"
#include "share.h"
#include "wire.h"

enum {
    LP_BOARD_SLICE_MS = 100, // how soon Ctrl-C is noticed
    LP_BOARD_SEND_MS = 10000,
    LP_BOARD_OPEN_MS = 6000,
    LP_BOARD_LINE_SHOWN = 160,
};

struct lp_board {
    lp_line_t line;
    lp_wire_t *wire; // instead of the line: a way that carries whole frames
    lp_login_t login;
    char wanted[256]; // what was asked for, so that reopen finds the board again
    char where[256];
    long baud;
    int wait_ms;       // for a port that another program has
    bool is_sharing;   // others may come along
    lp_share_t *share; // null: the port is not ours, or is not shared
    uint32_t next_id;
    lp_rpc_reader_t reader;
    uint8_t bytes[1024];
    size_t n_bytes;
    size_t used;
    bool is_gone;        // the line ended
    unsigned n_damaged;  // frames that arrived damaged during this call
    uint64_t n_received; // bytes since it was opened
    char last_log[LP_BOARD_LINE_SHOWN];
    lp_board_log_fn *on_log;
    void *log_ctx;
    lp_board_error_t error;
    const lp_board_console_t *console; // may be null
};

// -- stream.c: bytes and lines

// The next frame until deadline_ms, owned by the caller; log lines are handed out on the way. Null:
// none came.
struct cJSON *lp_board_next_frame(lp_board_t *b, uint64_t deadline_ms);
bool lp_board_send_text(lp_board_t *b, const char *text, size_t len);

// -- board.c

void lp_board_close_line(lp_board_t *b);
lp_exit_t lp_board_open_line(lp_board_t *b, lp_fault_t *f);
// Opens the channel and asks until an answer comes. @source docs/rpc.md
bool lp_board_say_hello(lp_board_t *b, uint64_t deadline_ms);

// -- call.c

// One request, and its answer or null. `params` is borrowed.
struct cJSON *lp_board_try_once(lp_board_t *b, const char *method, const struct cJSON *params,
                                int timeout_ms);

// -- busy.c

// Whether an answer says that the board has no time now, and so did nothing.
bool lp_board_is_busy(const struct cJSON *answer);
// Pauses before the next try. False: it took too long, or Ctrl-C. *until_ms is 0 at first.
bool lp_board_wait_busy(uint64_t *until_ms);
int lp_board_error_code(const struct cJSON *answer);

// -- refusal.c: what went wrong, in words

lp_exit_t lp_board_fail_no_answer(const lp_board_t *b, const char *method, lp_fault_t *f);
lp_exit_t lp_board_fail_silent(const lp_board_t *b, int waited_ms, lp_fault_t *f);
// The board's own error.
lp_exit_t lp_board_take_error(lp_board_t *b, const char *method, const struct cJSON *error,
                              lp_fault_t *f);

#endif
