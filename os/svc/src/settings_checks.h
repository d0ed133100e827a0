// SPDX-License-Identifier: Apache-2.0
// Rules of settings, as the schema names them.
#ifndef SETTINGS_CHECKS_H
#define SETTINGS_CHECKS_H

#include "limpet/config.h"

// A build without elliptic curves in software has less to choose from.
#if defined(LP_CHIP_ONLY)
#define LP_SETTINGS_ECDHE          "chip"
#define LP_SETTINGS_ECDHE_CHOICES  "auto|chip|sealed"
#define LP_SETTINGS_VERIFY         "chip"
#define LP_SETTINGS_VERIFY_CHOICES "chip"
#else
#define LP_SETTINGS_ECDHE          "auto"
#define LP_SETTINGS_ECDHE_CHOICES  "auto|chip|sealed|software"
#define LP_SETTINGS_VERIFY         "software"
#define LP_SETTINGS_VERIFY_CHOICES "chip|software"
#endif

lp_config_check_fn lp_settings_check_server;
lp_config_check_fn lp_settings_check_key_id;
lp_config_check_fn lp_settings_check_name;
lp_config_check_fn lp_settings_check_log_level;
lp_config_check_fn lp_settings_check_address; // numeric, or empty
lp_config_check_fn lp_settings_check_bind;    // as address, one of the board's
lp_config_check_fn lp_settings_check_host;
lp_config_check_fn lp_settings_check_certificates;
lp_config_check_fn lp_settings_check_ip_address;
lp_config_check_fn lp_settings_check_ip_host;
lp_config_check_fn lp_settings_check_wifi_pass;
lp_config_check_fn lp_settings_check_wifi_country;

#endif
