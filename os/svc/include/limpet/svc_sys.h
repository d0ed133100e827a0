// SPDX-License-Identifier: Apache-2.0
// limpet/svc_sys.h - the methods Sys.* and Config.*.
// @context loop
#ifndef LIMPET_SVC_SYS_H
#define LIMPET_SVC_SYS_H

#include "limpet/config.h"
#include "limpet/counters.h"
#include "limpet/rpc.h"

typedef struct {
    lp_loop_t *loop;
    lp_rpc_t *rpc;
    lp_config_t *config;
    const lp_counters_t *counters;
    const char *app;              // name of the image
    const char *fw_version;       // "0.1.0"
    bool is_safe_mode;            // what hangs was not started
    void (*on_config)(void *ctx); // settings changed; may be null
    void (*on_reboot)(void *ctx); // the board restarts in a moment; may be null
    void *ctx;
    // More keys of Sys.GetInfo's object; may be null.
    void (*put_more)(lp_json_writer_t *w);
    // lp_config_save_trial(); null: Config.Save with try_once is refused.
    lp_err_t (*save_trial)(lp_config_t *config);
} lp_svc_sys_setup_t;

typedef struct {
    lp_svc_sys_setup_t s_;
    lp_rpc_set_t set_;
    lp_timer_t reboot_;
    lp_timer_t goodbye_;
} lp_svc_sys_t;

// Lends everything in `setup`.
void lp_svc_sys_init(lp_svc_sys_t *svc, const lp_svc_sys_setup_t *setup);

// Restarts the board after delay_ms, as Sys.Reboot does; a later call counts instead.
void lp_svc_sys_reboot(lp_svc_sys_t *svc, uint32_t delay_ms);

#endif
