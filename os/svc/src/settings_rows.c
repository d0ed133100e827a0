// SPDX-License-Identifier: Apache-2.0
// Made by tools/gen-settings from os/svc/schema; not to be edited.
// clang-format off
#include "limpet/settings.h"
#include "settings_checks.h"

const lp_config_row_t lp_settings[LP_SETTINGS_COUNT] = {
    {.key = "device.id", .type = LP_CONFIG_STR, .flags = LP_CONFIG_READONLY, .fallback = ""},
    {.key = "cloud.enable", .type = LP_CONFIG_BOOL, .fallback_num = 0},
    {.key = "cloud.server", .type = LP_CONFIG_STR, .fallback = "", .max = 260, .check = lp_settings_check_server},
    {.key = "cloud.client_id", .type = LP_CONFIG_STR, .fallback = "", .max = 128, .check = lp_settings_check_name},
    {.key = "cloud.thing", .type = LP_CONFIG_STR, .fallback = "", .max = 128, .check = lp_settings_check_name},
    {.key = "cloud.keep_alive_s", .type = LP_CONFIG_INT, .fallback_num = 60, .min = 5, .max = 1200},
    {.key = "cloud.timeout_s", .type = LP_CONFIG_INT, .fallback_num = 10, .min = 1, .max = 120},
    {.key = "cloud.retry_s", .type = LP_CONFIG_INT, .fallback_num = 15, .min = 0, .max = 600},
    {.key = "cloud.backoff_ms", .type = LP_CONFIG_INT, .fallback_num = 1000, .min = 100, .max = 60000},
    {.key = "cloud.backoff_max_s", .type = LP_CONFIG_INT, .fallback_num = 60, .min = 1, .max = 3600},
    {.key = "cloud.persistent", .type = LP_CONFIG_BOOL, .fallback_num = 0},
    {.key = "cloud.shadow", .type = LP_CONFIG_BOOL, .fallback_num = 0},
    {.key = "cloud.jobs", .type = LP_CONFIG_BOOL, .fallback_num = 0},
    {.key = "cloud.alpn", .type = LP_CONFIG_STR, .fallback = "", .max = 31},
    {.key = "cloud.mqtt_version", .type = LP_CONFIG_INT, .fallback_num = 4, .min = 4, .max = 5},
    {.key = "cloud.tls_max", .type = LP_CONFIG_STR, .fallback = "1.3", .max = 3, .choices = "1.2|1.3"},
    {.key = "cloud.resume", .type = LP_CONFIG_STR, .fallback = "1.3", .max = 6, .choices = "never|1.3|always"},
    {.key = "identity.key", .type = LP_CONFIG_STR, .fallback = "atca:0", .max = 40, .check = lp_settings_check_key_id},
    {.key = "identity.cert", .type = LP_CONFIG_STR, .fallback = "", .max = LP_SETTINGS_CERT_MAX, .check = lp_settings_check_certificates},
    {.key = "identity.ecdhe", .type = LP_CONFIG_STR, .fallback = LP_SETTINGS_ECDHE, .max = 8, .choices = LP_SETTINGS_ECDHE_CHOICES},
    {.key = "identity.verify", .type = LP_CONFIG_STR, .fallback = LP_SETTINGS_VERIFY, .max = 8, .choices = LP_SETTINGS_VERIFY_CHOICES},
    {.key = "trust.ca", .type = LP_CONFIG_STR, .fallback = "", .max = LP_SETTINGS_CA_MAX, .check = lp_settings_check_certificates},
    {.key = "trust.check_dates", .type = LP_CONFIG_BOOL, .fallback_num = 1},
    {.key = "telemetry.interval_s", .type = LP_CONFIG_INT, .fallback_num = 10, .min = 1, .max = 86400},
    {.key = "i2c.rate_hz", .type = LP_CONFIG_INT, .fallback_num = 100000, .min = 10000, .max = 1000000},
    {.key = "log.level", .type = LP_CONFIG_STR, .fallback = "info", .max = 120, .check = lp_settings_check_log_level},
};

const lp_config_move_t *const lp_settings_moves = NULL;
const size_t lp_settings_move_count = 0;
