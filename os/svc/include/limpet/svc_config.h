// SPDX-License-Identifier: Apache-2.0
// limpet/svc_config.h - Config.Schema, Config.Confirm and Config.Reset: for images with room for
// them; Config.Get, Set and Save are part of limpet/svc_sys.h.
#ifndef LIMPET_SVC_CONFIG_H
#define LIMPET_SVC_CONFIG_H

#include "limpet/settings_about.h"
#include "limpet/svc_sys.h"

typedef struct {
    lp_config_t *config;
    lp_svc_sys_t *sys;              // restarts the board
    const lp_settings_more_t *more; // a group that only this image has; null: none
    lp_rpc_set_t set_;
} lp_svc_config_t;

// Lends all of it.
void lp_svc_config_init(lp_svc_config_t *svc, lp_rpc_t *rpc, lp_config_t *config,
                        lp_svc_sys_t *sys);

#endif
