// SPDX-License-Identifier: Apache-2.0
// Rules of settings, as the schema names them.
#ifndef SETTINGS_CHECKS_H
#define SETTINGS_CHECKS_H

#include "limpet/config.h"

lp_config_check_fn lp_settings_check_server;
lp_config_check_fn lp_settings_check_key_id;
lp_config_check_fn lp_settings_check_name;
lp_config_check_fn lp_settings_check_log_level;
lp_config_check_fn lp_settings_check_certificates;

#endif
