// SPDX-License-Identifier: Apache-2.0
// limpet/app_board.h - what a board gives to the platform, and how it starts it.
// @context loop
#ifndef LIMPET_APP_BOARD_H
#define LIMPET_APP_BOARD_H

#include <stdbool.h>

#include "limpet/i2c.h"
#include "limpet/loop.h"
#include "limpet/stream.h"

enum { LP_APP_ID_BYTES = 10 }; // "lp-xxxxxx"

// All of it is lent until lp_app_end().
typedef struct {
    lp_loop_t *loop;
    const char *id;            // device id
    lp_stream_t *uart;         // console and RPC
    lp_i2c_bus_t *i2c;         // null: no bus is wired
    const char *i2c_name;      // for people
    bool wants_reset;          // a pin or a flag asks for factory reset
    bool has_fixed_log_levels; // set by whoever started the board; log.level does not count
} lp_app_board_t;

// Whether this is the start after so many hangs in a row that the platform only answers on the
// console: a board leaves its network off then.
bool lp_app_is_in_safe_mode(void);

// Starts the platform and then the application, under the watchdog from here on. LP_E_INVALID,
// LP_E_IO: the flash cannot be used.
lp_err_t lp_app_start(const lp_app_board_t *board);

// Asks everything to come to an end. True: not yet, turn the loop a little and ask again.
bool lp_app_stop(void);

// The last call: the loop turns no more.
void lp_app_end(void);

#endif
