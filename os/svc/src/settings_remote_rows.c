// SPDX-License-Identifier: Apache-2.0
// Made by tools/gen-settings from os/svc/schema; not to be edited.
// clang-format off
#include "limpet/settings_remote_rows.h"
#include "settings_checks.h"

const lp_config_row_t lp_remote_settings[LP_REMOTE_SETTINGS_COUNT] = {
    {.key = "rpc.bind", .type = LP_CONFIG_STR, .fallback = "", .max = 45, .check = lp_settings_check_bind},
    {.key = "rpc.role_max", .type = LP_CONFIG_STR, .fallback = "operator", .max = 8, .choices = "reader|operator|admin"},
    {.key = "rpc.timeout_s", .type = LP_CONFIG_INT, .fallback_num = 10, .min = 1, .max = 120},
    {.key = "rpc.idle_s", .type = LP_CONFIG_INT, .fallback_num = 120, .min = 1, .max = 3600},
    {.key = "rpc.http.enable", .type = LP_CONFIG_BOOL, .fallback_num = 0},
    {.key = "rpc.http.port", .type = LP_CONFIG_INT, .fallback_num = 8080, .min = 0, .max = 65535},
    {.key = "rpc.http.host", .type = LP_CONFIG_STR, .fallback = "", .max = 120, .check = lp_settings_check_host},
    {.key = "rpc.https.enable", .type = LP_CONFIG_BOOL, .fallback_num = 0},
    {.key = "rpc.https.port", .type = LP_CONFIG_INT, .fallback_num = 8443, .min = 0, .max = 65535},
    {.key = "rpc.tcp.enable", .type = LP_CONFIG_BOOL, .fallback_num = 0},
    {.key = "rpc.tcp.port", .type = LP_CONFIG_INT, .fallback_num = 8081, .min = 0, .max = 65535},
    {.key = "rpc.mqtt.enable", .type = LP_CONFIG_BOOL, .fallback_num = 0},
};
