// SPDX-License-Identifier: Apache-2.0
// What an image has beside the platform: the folder of its sizes brings extras.c, where there is
// room more of it.
#ifndef LP_APP_EXTRAS_H
#define LP_APP_EXTRAS_H

#include "limpet/app.h"
#include "limpet/log_ring.h"
#include "limpet/svc_sys.h"

// Before anything is logged.
void lp_app_extras_begin(void);

// The log's ring, in an image that keeps one.
const lp_log_ring_t *lp_app_extras_log_ring(void);

// Takes the stored settings into `config`, from `store`; `scratch` has room for one value. With
// `wants_reset` they are removed first.
void lp_app_extras_load(lp_config_t *config, lp_store_t *store, lp_buf_t *scratch,
                        bool wants_reset);

// More of Sys.GetInfo.
void lp_app_extras_put_info(lp_json_writer_t *w);

// Config.Save with try_once.
lp_err_t lp_app_extras_save_trial(lp_config_t *config);

typedef struct {
    lp_app_t *app;
    lp_store_t *store;
    lp_svc_sys_t *sys;
    lp_turn_t *turn;
    lp_i2c_bus_t *bus; // a port of the board's I2C bus that nobody else uses; null: no bus is wired
} lp_app_extras_t;

// Those that a board in safe mode has, too: only `app` with its loop, settings and RPC, and `store`
// are there.
void lp_app_extras_start_safe(const lp_app_extras_t *parts);

// Starts the others. Lends what `parts` points to.
void lp_app_extras_start(const lp_app_extras_t *parts);

#endif
