// SPDX-License-Identifier: Apache-2.0
// limpet/nats_key.h - what a file of a NATS user's credentials has, the public key of its seed, and
// signatures by it. Pure.
//
//   seed    base32 of  0x95 0x00  32 bytes of an Ed25519 seed  CRC-16 (low byte first)   58 letters
//   public  base32 of  0xa0       32 bytes of its public key   CRC-16 (low byte first)   56 letters
//
// @source NATS documentation, "NKeys"; RFC 4648, 6; CRC-16/XMODEM.
#ifndef LIMPET_NATS_KEY_H
#define LIMPET_NATS_KEY_H

#include <stdbool.h>

#include "limpet/span.h"

enum { LP_NATS_KEY_SIZE = 57, /* with its zero byte */ LP_NATS_SIGNATURE_SIZE = 64 };

// The first line of `text` that is a user's seed ("SU..."); an empty span when there is none.
lp_span_t lp_nats_seed_find(lp_span_t text);
// False: no seed of a user, or its sum is wrong; `out` is "" then. Wipes what it made of the seed.
bool lp_nats_key_public(lp_span_t seed, char out[LP_NATS_KEY_SIZE]);
// The Ed25519 signature of `message`. False: no seed of a user; `out` is untouched then.
bool lp_nats_key_sign(lp_span_t seed, lp_span_t message, uint8_t out[LP_NATS_SIGNATURE_SIZE]);
// The JWT between the lines of a user's credentials ("-----BEGIN NATS USER JWT-----"); an empty
// span when there is none.
lp_span_t lp_nats_jwt_find(lp_span_t text);

#endif
