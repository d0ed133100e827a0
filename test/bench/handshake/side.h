// SPDX-License-Identifier: Apache-2.0
// A handshake over memory: what each library brings for the client, which is measured, and for the
// server, which is not.
#ifndef SIDE_H
#define SIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum { SIDE_GOING, SIDE_OPEN, SIDE_FAILED } side_state_t;
typedef enum { TO_SERVER, TO_CLIENT } side_way_t;

// ---- wire.c

// How many of the bytes found room.
size_t wire_put(side_way_t way, const void *data, size_t len);
// How many there were, 0 for none.
size_t wire_take(side_way_t way, void *buf, size_t cap);
bool wire_is_empty(side_way_t way);

// Not random, so that a run is like the other.
void wire_numbers(void *out, size_t len);

// ---- of each library

extern const char side_library[];

bool client_init(void);
// Goes on as far as what came in allows.
side_state_t client_turn(void);
// One message, once both sides are open.
bool client_send(const void *data, size_t len);
// What the client has of memory: at most so far, and now; contexts and buffers included.
size_t client_ram_peak(void);
size_t client_ram_now(void);

bool server_init(void);
side_state_t server_turn(void);
// Whether exactly these bytes have come.
bool server_has(const void *data, size_t len);

#endif
