// SPDX-License-Identifier: Apache-2.0
// Made by tools/gen-settings from os/svc/schema; not to be edited.
// clang-format off
#include "limpet/settings_about.h"

const lp_settings_group_t lp_settings_groups[] = {
    {"device", "Device"},
    {"cloud", "Cloud"},
    {"identity", "Identity"},
    {"trust", "Trust"},
    {"telemetry", "Telemetry"},
    {"i2c", "I2C"},
    {"log", "Log"},
};
const size_t lp_settings_group_count = sizeof lp_settings_groups / sizeof lp_settings_groups[0];

const lp_setting_about_t lp_settings_about[LP_SETTINGS_COUNT] = {
    {"Name of the device", "", "", "Made of the hardware's own id; cannot be set."},
    {"Connect to the cloud", "", "", "Counts at once."},
    {"Server", "", "", "A host name or address, or one with a port (host:port, [v6]:port); the port is 8883 when there is none."},
    {"MQTT client id", "", "", "Counts when the cloud is disabled and enabled again, or at the next start."},
    {"Thing", "", "", "Name of the thing in the cloud; topics are made of it."},
    {"Keep-alive", "s", "", "How often something is sent at least. AWS takes less than 30 for 30."},
    {"Time-out", "s", "", "How long CONNACK and PINGRESP are waited for."},
    {"Repeat after", "s", "", "When an unacknowledged message or subscription is sent again on a living MQTT 3.1.1 connection; 0: only after a reconnect. MQTT 5 forbids it."},
    {"Shortest wait before a reconnect", "ms", "", "End of the first interval that a wait is drawn from."},
    {"Longest wait before a reconnect", "s", "", "End of the longest interval that a wait is drawn from."},
    {"Persistent session", "", "", "The broker keeps subscriptions and messages while the device is away."},
    {"Device shadow", "", "", "Reports settings in the classic shadow and takes desired values of those that the application allows. Needs a policy for $aws/things/THING/*."},
    {"Jobs", "", "", "Takes the jobs ping and reboot. Needs a policy for $aws/things/THING/*."},
    {"ALPN name", "", "", "What the TLS handshake asks for."},
    {"MQTT version", "", "", "4 is MQTT 3.1.1, 5 is MQTT 5."},
    {"Highest TLS version", "", "", "1.2 is the lowest in any case."},
    {"Go on with the last TLS session", "", "", "At a reconnect, where the server gives tickets. 1.3: with those of TLS 1.3. always: with those of TLS 1.2, too, see ADR 0015."},
    {"Private key", "", "", "atca:N is a slot of the crypto chip; file:NAME a software key in the board's flash, for boards without a chip only, said loudly at every boot."},
    {"Certificate", "", "pem", "The device's own certificate and its chain, PEM."},
    {"Key exchange", "", "", "Where the key of a session is made. auto: in the chip when the identity key is in one and the server takes P-256, sealed when the bus is, in software when it is broken. chip: in clear. sealed: no connection without."},
    {"Check of the server's signatures", "", "", "See slot-plan before choosing chip."},
    {"Trusted authorities", "", "pem", "Whom the server's certificate must come from, a PEM bundle."},
    {"Check dates of certificates", "", "", "Without it an expired certificate is taken: only for boards that cannot know the time."},
    {"Interval", "s", "", "How often the application publishes."},
    {"Clock", "Hz", "", "Of the bus that the crypto chip is on; counts at the next start."},
    {"Level", "", "", "off, error, warn, info or debug; with modules: info,cloud=debug."},
};
