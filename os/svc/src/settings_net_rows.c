// SPDX-License-Identifier: Apache-2.0
// Made by tools/gen-settings from os/svc/schema; not to be edited.
// clang-format off
#include "limpet/settings_net_rows.h"
#include "settings_checks.h"

const lp_config_row_t lp_net_settings[LP_NET_SETTINGS_COUNT] = {
    {.key = "mdns.enable", .type = LP_CONFIG_BOOL, .fallback_num = 1},
    {.key = "mqtt1.enable", .type = LP_CONFIG_BOOL, .fallback_num = 0},
    {.key = "mqtt1.server", .type = LP_CONFIG_STR, .fallback = "", .max = 260, .check = lp_settings_check_server},
    {.key = "mqtt1.tls", .type = LP_CONFIG_BOOL, .fallback_num = 1},
    {.key = "mqtt1.trust", .type = LP_CONFIG_STR, .fallback = "", .max = 63},
    {.key = "mqtt1.cert", .type = LP_CONFIG_STR, .fallback = "", .max = 63},
    {.key = "mqtt1.key", .type = LP_CONFIG_STR, .fallback = "", .max = 40},
    {.key = "mqtt1.client_id", .type = LP_CONFIG_STR, .fallback = "", .max = 128, .check = lp_settings_check_name},
    {.key = "mqtt1.user", .type = LP_CONFIG_STR, .fallback = "", .max = 128},
    {.key = "mqtt1.password", .type = LP_CONFIG_STR, .flags = LP_CONFIG_SECRET, .fallback = "", .max = 128},
    {.key = "mqtt1.keep_alive_s", .type = LP_CONFIG_INT, .fallback_num = 60, .min = 5, .max = 1200},
    {.key = "mqtt1.backoff_ms", .type = LP_CONFIG_INT, .fallback_num = 1000, .min = 100, .max = 60000},
    {.key = "mqtt1.backoff_max_s", .type = LP_CONFIG_INT, .fallback_num = 60, .min = 1, .max = 3600},
    {.key = "mqtt1.persistent", .type = LP_CONFIG_BOOL, .fallback_num = 0},
    {.key = "logs.syslog", .type = LP_CONFIG_STR, .fallback = "", .max = 45, .check = lp_settings_check_address},
    {.key = "logs.syslog_port", .type = LP_CONFIG_INT, .fallback_num = 514, .min = 1, .max = 65535},
    {.key = "logs.syslog_level", .type = LP_CONFIG_STR, .fallback = "info", .max = 5, .choices = "off|error|warn|info|debug"},
    {.key = "logs.syslog_without_time", .type = LP_CONFIG_BOOL, .fallback_num = 0},
    {.key = "logs.mqtt_level", .type = LP_CONFIG_STR, .fallback = "off", .max = 5, .choices = "off|error|warn|info"},
    {.key = "logs.file_level", .type = LP_CONFIG_STR, .fallback = "off", .max = 5, .choices = "off|error|warn|info|debug"},
    {.key = "logs.file_kb", .type = LP_CONFIG_INT, .fallback_num = 16, .min = 1, .max = 32},
};
