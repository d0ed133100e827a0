// SPDX-License-Identifier: Apache-2.0
// All memory of an image for a small board that is a matter of choice, in one table.
#ifndef SIZES_H
#define SIZES_H

#include "limpet/settings.h"

enum {
    SIZE_SETTINGS = LP_SETTINGS_COUNT,
    SIZE_SETTINGS_ARENA = LP_SETTINGS_ARENA,
    SIZE_SETTINGS_LARGE_BYTES = 1024, // certificates stay in flash
    SIZE_STORE_BYTES = 64 * 1024,     // of flash, at its beginning: two banks
    SIZE_STORE_ENTRIES = 40,          // settings, keys, counters
// docs/memory.md
#ifdef LP_CHIP_ONLY
    SIZE_TLS_ARENA_BYTES = 11 * 1024,
#else
    SIZE_TLS_ARENA_BYTES = 13 * 1024,
#endif
    SIZE_TLS_STACK_BYTES = 5 * 1024,
    SIZE_LENDS_TLS_STACK = 1,     // to long RPC frames, between handshakes
    SIZE_TLS_SESSION_BYTES = 304, // to go on with a TLS session; its ticket is in the arena
    SIZE_TLS_TICKET_BYTES = 850,
    SIZE_MQTT_SLOTS = 8, // messages under way
    SIZE_MQTT_RX_BYTES = 1024,
    SIZE_TELEMETRY_BYTES = 256, // one message
// limpet/svc_crash.h, and what the port needs for it: 5 KB of RAM.
#ifdef LP_SMALL_CRASHES
    SIZE_KEEPS_CRASHES = 1,
#else
    SIZE_KEEPS_CRASHES = 0,
#endif
// limpet/svc_bus.h: there is no room for a bus key, unless these two give it (./dev bench).
#ifdef LP_SMALL_BUS_KEY
    SIZE_HAS_BUS_KEY = 1,
    SIZE_MQTT_QUEUE_BYTES = 512,
    SIZE_CLOUD_INBOX_BYTES = 512, // a shadow or job document
#else
    SIZE_HAS_BUS_KEY = 0,
    SIZE_MQTT_QUEUE_BYTES = 1744,
    SIZE_CLOUD_INBOX_BYTES = 1024,
#endif
};

#endif
