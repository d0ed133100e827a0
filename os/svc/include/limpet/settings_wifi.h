// SPDX-License-Identifier: Apache-2.0
// Made by tools/gen-settings from os/svc/schema; not to be edited.
// clang-format off
#ifndef LIMPET_SETTINGS_WIFI_H
#define LIMPET_SETTINGS_WIFI_H

#include "limpet/settings_about.h"

enum { LP_SETTINGS_WIFI_COUNT = 12 };

extern const lp_config_row_t lp_settings_wifi[LP_SETTINGS_WIFI_COUNT];
extern const lp_settings_more_t lp_settings_wifi_more;

#endif
