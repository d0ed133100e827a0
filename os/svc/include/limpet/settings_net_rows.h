// SPDX-License-Identifier: Apache-2.0
// Made by tools/gen-settings from os/svc/schema; not to be edited.
// clang-format off
// Settings of images that have more of the network, by their names (lp_config_str() and so on).
#ifndef LIMPET_SETTINGS_NET_ROWS_H
#define LIMPET_SETTINGS_NET_ROWS_H

#include "limpet/config.h"

enum { LP_NET_SETTINGS_COUNT = 21 };

// Rows for the table of such an image.
extern const lp_config_row_t lp_net_settings[LP_NET_SETTINGS_COUNT];

#endif
