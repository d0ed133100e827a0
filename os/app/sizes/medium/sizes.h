// SPDX-License-Identifier: Apache-2.0
// All memory of an image for a board with 256 KB of RAM that is a matter of choice, in one
// table.
#ifndef SIZES_H
#define SIZES_H

#include "limpet/settings.h"
#include "limpet/settings_ip.h"
#include "limpet/svc_remote.h"

// An image that announces itself ("announces" of its manifest) has a setting more, and pays for it
// with a caller.
#ifndef LP_APP_ANNOUNCES
#define LP_APP_ANNOUNCES 0
#endif

enum {
    SIZE_SETTINGS =
        LP_SETTINGS_COUNT + LP_REMOTE_SETTINGS_COUNT + LP_SETTINGS_IP_COUNT + LP_APP_ANNOUNCES,
    SIZE_SETTINGS_ARENA = LP_SETTINGS_ARENA,
    SIZE_SETTINGS_LARGE_BYTES = 0, // all of them are in memory
    SIZE_EVENTS = 12,              // that wait, and that can be read afterwards
    SIZE_HAS_BUS_KEY = 1,          // limpet/svc_bus.h
    SIZE_STORE_BYTES = 64 * 1024,  // of flash, at its beginning: two banks
    SIZE_FILE_BYTES = 96 * 1024,   // the longest file
    SIZE_FILES = 48,               // files; FS.ListExt of them all fits a frame
    SIZE_STORE_ENTRIES = 160,      // settings, twice while some are tried; keys, counters, accounts
    SIZE_TLS_ARENA_BYTES =
        76 * 1024, // certificates of three kinds, record buffers of the cloud and a caller
    SIZE_TLS_STACK_BYTES = 10 * 1024,
    SIZE_LENDS_TLS_STACK = 0,
    SIZE_TLS_SESSION_BYTES =
        2048,                  // to go on with a TLS session: what it takes, and a ticket of 1 KB
    SIZE_TLS_TICKET_BYTES = 0, // in those
    SIZE_MQTT_SLOTS = 8,       // messages under way
    SIZE_MQTT_QUEUE_BYTES = 4096,
    SIZE_MQTT_RX_BYTES = 1024,
    SIZE_CLOUD_INBOX_BYTES = 2048, // a shadow or job document
    SIZE_REMOTE_CONNS =
        3 - LP_APP_ANNOUNCES,   // two callers over the network, and a place that is kept free
    SIZE_TELEMETRY_BYTES = 256, // one message
};

#endif
