// SPDX-License-Identifier: Apache-2.0
// Made by tools/gen-settings from os/svc/schema; not to be edited.
// clang-format off
#include "limpet/settings_net_rows.h"
#include "settings_checks.h"

const lp_config_row_t lp_net_settings[LP_NET_SETTINGS_COUNT] = {
    {.key = "mdns.enable", .type = LP_CONFIG_BOOL, .fallback_num = 1},
};
