// SPDX-License-Identifier: Apache-2.0
// Made by tools/gen-settings from os/svc/schema; not to be edited.
// clang-format off
#ifndef LIMPET_SETTINGS_IP_H
#define LIMPET_SETTINGS_IP_H

#include "limpet/settings_about.h"

enum { LP_SETTINGS_IP_COUNT = 4 };

extern const lp_config_row_t lp_settings_ip[LP_SETTINGS_IP_COUNT];
extern const lp_settings_more_t lp_settings_ip_more;

#endif
