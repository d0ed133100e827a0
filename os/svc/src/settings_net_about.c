// SPDX-License-Identifier: Apache-2.0
// Made by tools/gen-settings from os/svc/schema; not to be edited.
// clang-format off
#include "limpet/settings_net_rows.h"

static const lp_setting_about_t about[LP_NET_SETTINGS_COUNT] = {
    {"Say on the local network that the board is there", "", "", "While a channel of rpc.* is open, and never without one. See network."},
    {"Connect to a second broker", "", "", "Beside the cloud and independent of it. Changes of all mqtt1.* count at once, by a new connection."},
    {"Server", "", "", "A host name or address, or one with a port; the port is 8883 when there is none, 1883 without TLS."},
    {"TLS", "", "", "Without it everybody on the way can read and change everything, the password included; said loudly at each start."},
    {"Trusted authorities", "", "", "Name of a file on the board, in PEM."},
    {"Certificate", "", "", "Name of a file on the board, in PEM, or identity.cert; none: the board shows none."},
    {"Private key", "", "", "The key of that certificate: atca:N or file:NAME."},
    {"MQTT client id", "", "", "By which the broker knows this connection."},
    {"User", "", "", "For brokers that ask for one."},
    {"Password", "", "", "Of that user."},
    {"Keep-alive", "s", "", "How often something is sent at least."},
    {"Shortest wait before a reconnect", "ms", "", "End of the first interval that a wait is drawn from."},
    {"Longest wait before a reconnect", "s", "", "End of the longest interval that a wait is drawn from."},
    {"Persistent session", "", "", "The broker keeps subscriptions and messages while the device is away."},
    {"Address of a syslog server", "", "", "An address like 192.0.2.7, which gets lines as RFC 5424 over UDP, port 514; empty: none. In clear: see logs."},
    {"Port of the syslog server", "", "", "514 is syslog's own."},
    {"Level for the syslog server", "", "", "Lines of this level and above are sent, of those that log.level lets through."},
    {"Send to the syslog server before the time is known", "", "", "Such lines have no time; else they wait."},
    {"Level for MQTT", "", "", "Lines go to limpet/THING/log over the cloud's connection."},
    {"Level for the file", "", "", "Lines go to log.txt, and what was there before to log.1.txt once it is full."},
    {"Longest log file", "KB", "", "Together with the one before it takes twice as much."},
};

const lp_settings_more_t lp_net_settings_more[LP_NET_SETTINGS_GROUPS] = {
    {{"mdns", "mDNS"}, lp_net_settings + 0, about + 0, 1},
    {{"mqtt1", "Second MQTT connection"}, lp_net_settings + 1, about + 1, 13},
    {{"logs", "Where else the log goes"}, lp_net_settings + 14, about + 14, 7},
};
