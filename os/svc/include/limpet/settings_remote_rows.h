// SPDX-License-Identifier: Apache-2.0
// Made by tools/gen-settings from os/svc/schema; not to be edited.
// clang-format off
// Settings of images that have more of the network, by their names (lp_config_str() and so on).
#ifndef LIMPET_SETTINGS_REMOTE_ROWS_H
#define LIMPET_SETTINGS_REMOTE_ROWS_H

#include "limpet/settings_about.h"

enum { LP_REMOTE_SETTINGS_COUNT = 12, LP_REMOTE_SETTINGS_GROUPS = 1 };
// Of each module, for images that take some of them.
enum { LP_REMOTE_SETTINGS_RPC = 12 };

// Rows for the table of such an image.
extern const lp_config_row_t lp_remote_settings[LP_REMOTE_SETTINGS_COUNT];
// What Config.Schema says of them.
extern const lp_settings_more_t lp_remote_settings_more[LP_REMOTE_SETTINGS_GROUPS];

#endif
