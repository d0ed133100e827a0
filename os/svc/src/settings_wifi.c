// SPDX-License-Identifier: Apache-2.0
// Made by tools/gen-settings from os/svc/schema; not to be edited.
// clang-format off
#include "limpet/settings_wifi.h"

#include "settings_checks.h"

const lp_config_row_t lp_settings_wifi[LP_SETTINGS_WIFI_COUNT] = {
    {.key = "wifi.enable", .type = LP_CONFIG_BOOL, .fallback_num = 1},
    {.key = "wifi.sta.ssid", .type = LP_CONFIG_STR, .fallback = "", .max = 32},
    {.key = "wifi.sta.pass", .type = LP_CONFIG_STR, .flags = LP_CONFIG_SECRET, .fallback = "", .max = 160, .check = lp_settings_check_wifi_pass},
    {.key = "wifi.sta1.ssid", .type = LP_CONFIG_STR, .fallback = "", .max = 32},
    {.key = "wifi.sta1.pass", .type = LP_CONFIG_STR, .flags = LP_CONFIG_SECRET, .fallback = "", .max = 160, .check = lp_settings_check_wifi_pass},
    {.key = "wifi.sta2.ssid", .type = LP_CONFIG_STR, .fallback = "", .max = 32},
    {.key = "wifi.sta2.pass", .type = LP_CONFIG_STR, .flags = LP_CONFIG_SECRET, .fallback = "", .max = 160, .check = lp_settings_check_wifi_pass},
    {.key = "wifi.prefer", .type = LP_CONFIG_STR, .fallback = "listed", .max = 6, .choices = "listed|signal"},
    {.key = "wifi.country", .type = LP_CONFIG_STR, .fallback = "00", .max = 2, .check = lp_settings_check_wifi_country},
    {.key = "wifi.backoff_max_s", .type = LP_CONFIG_INT, .fallback_num = 60, .min = 1, .max = 3600},
    {.key = "wifi.ap.mode", .type = LP_CONFIG_STR, .fallback = "auto", .max = 5, .choices = "auto|asked|never"},
    {.key = "wifi.ap.timeout_s", .type = LP_CONFIG_INT, .fallback_num = 900, .min = 30, .max = 86400},
};

static const lp_setting_about_t about[LP_SETTINGS_WIFI_COUNT] = {
    {"Use the radio", "", "", "Without it neither networks are joined nor the set-up network is opened."},
    {"Network", "", "", "The network to join; none, and the board opens its set-up network."},
    {"Password", "", "", "8 to 63 characters; none for an open network. Kept sealed where the board can seal. A network with a password is never joined without."},
    {"Second network", "", "", "Joined when the first cannot be."},
    {"Password of the second network", "", "", "As wifi.sta.pass."},
    {"Third network", "", "", "Joined when the others cannot be."},
    {"Password of the third network", "", "", "As wifi.sta.pass."},
    {"Which network first", "", "", "listed: the first that is there. signal: the strongest that is there."},
    {"Country", "", "", "Where the board is, two capital letters, for the channels that are allowed there; 00: those that are allowed everywhere."},
    {"Longest wait before another try", "s", "", "End of the longest interval that a wait is drawn from."},
    {"Set-up network", "", "", "auto: opened at the start while no network is set, and when the owner asks. asked: only then. never: not at all."},
    {"Set-up network closes after", "s", "", "Counted from its opening, whoever uses it."},
};

const lp_settings_more_t lp_settings_wifi_more = {
    {"wifi", "Wi-Fi"}, lp_settings_wifi, about, LP_SETTINGS_WIFI_COUNT};
