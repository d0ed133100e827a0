// SPDX-License-Identifier: Apache-2.0
// Made by tools/gen-settings from os/svc/schema; not to be edited.
// clang-format off
#include "limpet/settings_remote_rows.h"

static const lp_setting_about_t about[LP_REMOTE_SETTINGS_COUNT] = {
    {"Address to listen on", "", "", "One of the board's own, like 127.0.0.1; empty for all. Like all of rpc.* it counts at once, and only an admin or the UART may change it: see remote."},
    {"Highest role", "", "", "No caller over the network may more, whatever its account says."},
    {"Time for a request", "s", "", "In which it has to be whole, and twice that for a first proof."},
    {"Silent callers leave after", "s", "", "A caller that said nothing for so long is sent away."},
    {"HTTP and WebSocket", "", "", "In clear: answers are neither secret nor protected against change."},
    {"Port of HTTP", "", "", "0: any that is free; Remote.Status says which."},
    {"Name of the board", "", "", "A host name that it is reached by, besides its addresses, localhost, its id and ID.local."},
    {"HTTPS and secure WebSocket", "", "", "With the board's own certificate and key."},
    {"Port of HTTPS", "", "", "0: any that is free."},
    {"TCP", "", "", "Frames on a plain connection, in clear."},
    {"Port of TCP", "", "", "0: any that is free."},
    {"Calls through the broker", "", "", "On the topic ID/rpc. Counts from the next login on, or at once while connected."},
};

const lp_settings_more_t lp_remote_settings_more[LP_REMOTE_SETTINGS_GROUPS] = {
    {{"rpc", "Calls over the network"}, lp_remote_settings + 0, about + 0, 12},
};
