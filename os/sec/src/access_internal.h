// SPDX-License-Identifier: Apache-2.0
#ifndef ACCESS_INTERNAL_H
#define ACCESS_INTERNAL_H

#include "limpet/access.h"

// Null: there is none of that name.
lp_access_user_t *lp_access_find(lp_access_t *a, lp_span_t name);

// Whether `peer` has to wait before it may try, and how long.
bool lp_access_must_wait(lp_access_t *a, const uint8_t peer[LP_ACCESS_PEER_BYTES],
                         uint32_t *wait_ms);
void lp_access_note_wrong(lp_access_t *a, const uint8_t peer[LP_ACCESS_PEER_BYTES]);
void lp_access_note_right(lp_access_t *a, const uint8_t peer[LP_ACCESS_PEER_BYTES]);

#endif
