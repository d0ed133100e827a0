// SPDX-License-Identifier: Apache-2.0
// All memory of an image for a board with 256 KB of RAM that is a matter of choice, in one
// table.
#ifndef SIZES_H
#define SIZES_H

#include "limpet/settings.h"
#include "limpet/settings_ip.h"
#include "limpet/settings_net_rows.h"
#include "limpet/svc_remote.h"

// What the image's manifest asks for: "announces", "connects", and of that "mqtt1". It has more
// settings then, and pays with a caller.
#ifndef LP_APP_ANNOUNCES
#define LP_APP_ANNOUNCES 0
#endif
#ifndef LP_APP_CONNECTS
#define LP_APP_CONNECTS 0
#endif
#ifndef LP_APP_MQTT1
#define LP_APP_MQTT1 0
#endif

enum {
    SIZE_SETTINGS = LP_SETTINGS_COUNT + LP_REMOTE_SETTINGS_COUNT + LP_SETTINGS_IP_COUNT +
                    LP_APP_ANNOUNCES * LP_NET_SETTINGS_MDNS + LP_APP_MQTT1 * LP_NET_SETTINGS_MQTT1,
    SIZE_SETTINGS_ARENA = LP_SETTINGS_ARENA + LP_APP_MQTT1 * 1024,
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
    SIZE_REMOTE_CONNS = // two callers over the network or one, and a place that is kept free
    LP_APP_ANNOUNCES || LP_APP_CONNECTS ? 2 : 3,
    SIZE_TELEMETRY_BYTES = 256, // one message
    SIZE_MQTT_LINKS = 1,        // further MQTT connections, where there are any; for each
    SIZE_LINK_SLOTS = 6,
    SIZE_LINK_QUEUE_BYTES = 2048,
    SIZE_LINK_INBOX_BYTES = 1024,
    SIZE_LINK_SCRATCH_BYTES = 4096, // certificates from files: a bundle to trust, and the own
};

#endif
