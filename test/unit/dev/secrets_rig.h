// SPDX-License-Identifier: Apache-2.0
// Chips with two secrets that the host knows, too.
#ifndef SECRETS_RIG_H
#define SECRETS_RIG_H

#include "emulated.h"
#include "limpet/atecc_calc.h"
#include "limpet/atecc_raw.h"

extern uint8_t secret[32], other_secret[32];
extern uint8_t num_in[20]; // the host's share of a random nonce

// For world_crafted: slot 7 holds `secret`, 6 `other_secret`; 5 and 15 are for the test to bend.
void with_secrets(lp_chipsim_image_t *image);

// Runs fn on a chip of each model, arranged by craft.
void each_model(void (*craft)(lp_chipsim_image_t *), void (*fn)(world_t *w));

bool is_508(const world_t *w);

// Starts the chip's and the host's TempKey with the same random nonce.
void begin_random(world_t *w, lp_atecc_tempkey_t *tk);

#endif
