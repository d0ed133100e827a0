// SPDX-License-Identifier: Apache-2.0
// All memory of an image for a small board that is a matter of choice, in one table.
#ifndef SIZES_H
#define SIZES_H

#include "limpet/settings.h"

enum {
    SIZE_SETTINGS = LP_SETTINGS_COUNT,
    SIZE_SETTINGS_ARENA = LP_SETTINGS_ARENA,
    SIZE_STORE_BYTES = 64 * 1024,     // of flash, at its beginning: two banks
    SIZE_STORE_ENTRIES = 48,          // settings, keys, counters
    SIZE_TLS_ARENA_BYTES = 13 * 1024, // docs/memory.md
    SIZE_TLS_STACK_BYTES = 5 * 1024,
    SIZE_TLS_SESSION_BYTES = 1152, // to go on with a TLS session; with a ticket of 850
    SIZE_MQTT_SLOTS = 8,           // messages under way
    SIZE_MQTT_RX_BYTES = 1024,
    SIZE_TELEMETRY_BYTES = 256, // one message
// limpet/svc_bus.h: there is no room for a bus key, unless these two give it (./dev bench).
#ifdef LP_SMALL_BUS_KEY
    SIZE_HAS_BUS_KEY = 1,
    SIZE_MQTT_QUEUE_BYTES = 512,
    SIZE_CLOUD_INBOX_BYTES = 512, // a shadow or job document
#else
    SIZE_HAS_BUS_KEY = 0,
    SIZE_MQTT_QUEUE_BYTES = 1792,
    SIZE_CLOUD_INBOX_BYTES = 1024,
#endif
};

#endif
