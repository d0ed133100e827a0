// SPDX-License-Identifier: Apache-2.0
// limpet/board_cmd.h - what the commands have in common that talk to one board and end.
#ifndef LIMPET_BOARD_CMD_H
#define LIMPET_BOARD_CMD_H

#include "limpet/board.h"
#include "limpet/opt.h"

struct cJSON;

// The rows of a table of flags that say which board. `options` is an lp_board_options_t that lives
// as long as the table.
#define LP_BOARD_FLAGS_NAMED(options, about)                                                       \
    {"port", LP_OPT_STR, &(options).port, "PORT", about},                                          \
    {                                                                                              \
        "baud", LP_OPT_INT, &(options).baud, "RATE", "speed of a real serial port (115200)"        \
    }
#define LP_BOARD_FLAGS(options)                                                                    \
    LP_BOARD_FLAGS_NAMED(options, "auto, a device, a board's id, tcp:host:port")
// For commands with which a board on the network is as usual as one on a cable.
#define LP_BOARD_FLAGS_URL(options)                                                                \
    LP_BOARD_FLAGS_NAMED(options, "auto, a device, an id, or a URL (help call)")

// How such a command can end, for its help. 0-ended, static.
extern const int lp_board_exits[];

// Opens the board, calls one method, closes it. `params` (owns, may be null), timeout_ms, *result
// and the errors are those of lp_board_open() and lp_board_call().
lp_exit_t lp_board_call_once(const lp_board_options_t *options, const char *method,
                             struct cJSON *params, int timeout_ms, struct cJSON **result,
                             lp_fault_t *f);

// Closes the board (null is fine) and returns lp_fault_end().
int lp_board_end(lp_board_t *board, lp_exit_t rc, const lp_fault_t *f);

#endif
