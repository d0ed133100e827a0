// SPDX-License-Identifier: Apache-2.0
// The sensor application: everything Limpet offers, wired to one board. No port is named here.
#ifndef APP_H
#define APP_H

#include "limpet/loop.h"
#include "limpet/stream.h"

enum { LP_APP_ID_BYTES = 10 }; // "lp-xxxxxx"

// What a board gives to the application. All of it is lent until lp_app_stop().
typedef struct {
    lp_loop_t *loop;
    const char *id;    // device id
    lp_stream_t *uart; // console and RPC
} lp_app_board_t;

lp_err_t lp_app_start(const lp_app_board_t *board);
void lp_app_stop(void);

#endif
