// SPDX-License-Identifier: Apache-2.0
// limpet/svc_config.h - Config.Schema, Config.Confirm and Config.Reset: for images with room for
// them; Config.Get, Set and Save are part of limpet/svc_sys.h.
// @context loop
#ifndef LIMPET_SVC_CONFIG_H
#define LIMPET_SVC_CONFIG_H

#include "limpet/settings_about.h"
#include "limpet/svc_sys.h"

enum { LP_SVC_CONFIG_MORE_MAX = 8 };

typedef struct {
    lp_config_t *config;
    lp_svc_sys_t *sys; // restarts the board
    const lp_settings_more_t *more_[LP_SVC_CONFIG_MORE_MAX];
    size_t more_count_;
    lp_rpc_set_t set_;
} lp_svc_config_t;

// Lends all of it.
void lp_svc_config_init(lp_svc_config_t *svc, lp_rpc_t *rpc, lp_config_t *config,
                        lp_svc_sys_t *sys);

// Describes `count` groups that not every image has, too. Lends them. LP_E_NOSPACE: more than
// LP_SVC_CONFIG_MORE_MAX in all, none of these was added.
lp_err_t lp_svc_config_add(lp_svc_config_t *svc, const lp_settings_more_t *more, size_t count);

#endif
