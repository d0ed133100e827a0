// SPDX-License-Identifier: Apache-2.0
// All memory of this image that is a matter of choice, in one table.
#ifndef SIZES_H
#define SIZES_H

#include "limpet/settings.h"
#include "limpet/settings_net_rows.h"
#include "limpet/settings_wifi.h"
#include "limpet/svc_remote.h"

enum {
    SIZE_SETTINGS = LP_SETTINGS_COUNT + LP_REMOTE_SETTINGS_COUNT + LP_NET_SETTINGS_COUNT +
                    LP_SETTINGS_WIFI_COUNT,
    SIZE_SETTINGS_ARENA = LP_SETTINGS_ARENA + 2048,
    SIZE_SETTINGS_LARGE_BYTES = 0, // all of them are in memory
    SIZE_STORE_BYTES = 64 * 1024,  // of flash, at its beginning: two banks
    SIZE_FILE_BYTES = 96 * 1024,   // the longest file
    SIZE_FILES = 48,               // files; FS.ListExt of them all fits a frame
    SIZE_STORE_ENTRIES = 160,      // settings, twice while some are tried; keys, counters, accounts
    SIZE_TLS_ARENA_BYTES = 384 * 1024, // the cloud's connection, and some callers'
    SIZE_EVENTS = 32,                  // that wait, and that can be read afterwards
    SIZE_HAS_BUS_KEY = 1,              // limpet/svc_bus.h
#if defined(__SANITIZE_ADDRESS__)
    SIZE_TLS_STACK_BYTES = 512 * 1024,
#else
    SIZE_TLS_STACK_BYTES = 64 * 1024,
#endif
    SIZE_LENDS_TLS_STACK = 0,
    SIZE_TLS_SESSION_BYTES =
        4096,                  // to go on with a TLS session: what it takes, and a ticket of 3 KB
    SIZE_TLS_TICKET_BYTES = 0, // in those
    SIZE_MQTT_SLOTS = 16,      // messages under way
    SIZE_MQTT_QUEUE_BYTES = 4096,
    SIZE_MQTT_RX_BYTES = 1024,
    SIZE_CLOUD_INBOX_BYTES = 2048, // a shadow or job document
    SIZE_REMOTE_CONNS = 9,         // callers over the network, and one place that is kept free
    SIZE_TELEMETRY_BYTES = 256,    // one message
    SIZE_MQTT_LINKS = 1,           // further MQTT connections; for each
    SIZE_LINK_SLOTS = SIZE_MQTT_SLOTS,
    SIZE_LINK_QUEUE_BYTES = SIZE_MQTT_QUEUE_BYTES,
    SIZE_LINK_INBOX_BYTES = 2048,
    SIZE_LINK_SCRATCH_BYTES = 8192, // certificates from files: a bundle to trust, and the own
};

#endif
