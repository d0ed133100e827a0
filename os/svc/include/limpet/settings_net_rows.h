// SPDX-License-Identifier: Apache-2.0
// Made by tools/gen-settings from os/svc/schema; not to be edited.
// clang-format off
// Settings of images that have more of the network, by their names (lp_config_str() and so on).
#ifndef LIMPET_SETTINGS_NET_ROWS_H
#define LIMPET_SETTINGS_NET_ROWS_H

#include "limpet/settings_about.h"

enum { LP_NET_SETTINGS_COUNT = 21, LP_NET_SETTINGS_GROUPS = 3 };
// Of each module, for images that take some of them.
enum { LP_NET_SETTINGS_MDNS = 1, LP_NET_SETTINGS_MQTT1 = 13, LP_NET_SETTINGS_LOGS = 7 };

// Rows for the table of such an image.
extern const lp_config_row_t lp_net_settings[LP_NET_SETTINGS_COUNT];
// What Config.Schema says of them.
extern const lp_settings_more_t lp_net_settings_more[LP_NET_SETTINGS_GROUPS];

#endif
