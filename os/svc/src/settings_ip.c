// SPDX-License-Identifier: Apache-2.0
// Made by tools/gen-settings from os/svc/schema; not to be edited.
// clang-format off
#include "limpet/settings_ip.h"

#include "settings_checks.h"

const lp_config_row_t lp_settings_ip[LP_SETTINGS_IP_COUNT] = {
    {.key = "ip.address", .type = LP_CONFIG_STR, .fallback = "", .max = 18, .check = lp_settings_check_ip_address},
    {.key = "ip.router", .type = LP_CONFIG_STR, .fallback = "", .max = 15, .check = lp_settings_check_ip_host},
    {.key = "ip.dns", .type = LP_CONFIG_STR, .fallback = "", .max = 15, .check = lp_settings_check_ip_host},
    {.key = "ip.dns2", .type = LP_CONFIG_STR, .fallback = "", .max = 15, .check = lp_settings_check_ip_host},
};

static const lp_setting_about_t about[LP_SETTINGS_IP_COUNT] = {
    {"Address while no DHCP server answers", "", "", "With the bits of its network, like 192.0.2.10/24. None, and the board gives itself one that is for its link alone. See network."},
    {"Router", "", "", "Of that network; none, and the board reaches nobody beyond it."},
    {"Name server", "", "", "Of that network."},
    {"Second name server", "", "", "Asked when the first is silent or fails."},
};

const lp_settings_more_t lp_settings_ip_more = {
    {"ip", "IP address"}, lp_settings_ip, about, LP_SETTINGS_IP_COUNT};
