// SPDX-License-Identifier: Apache-2.0
// world.h - the network of a board without an operating system, lwIP included, on this computer in
// virtual time: at the other end of its cable is a network of the test's.
#ifndef WORLD_H
#define WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limpet/bare.h"

enum { WORLD_FRAME_MAX = 1600 };

extern lp_loop_t world_loop;
extern const uint8_t world_mac[6]; // the board's card
extern bool world_has_link;
extern const char *world_words; // as lp_hw_words() has them

// Each frame that the board sends; null: nobody is there.
extern void (*world_on_frame)(const uint8_t *frame, size_t len);

// A board that was just switched on, with no memory of what was before. Then lp_bare_net_start().
void world_begin(void);

// A frame on its way to the board; it is lost when too many are.
void world_put(const uint8_t *frame, size_t len);

// Time passes.
void world_pass(uint64_t ms);

// Until it is true, for so long at most; false: never.
bool world_until(bool (*is_true)(void), uint64_t ms);

#endif
