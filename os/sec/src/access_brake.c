// SPDX-License-Identifier: Apache-2.0
// Wrong guesses cost time: each peer has a few for free and then waits, twice as long each time;
// all peers together have a bucket, because whoever has one IPv6 network has many addresses.
#include <string.h>

#include "access_internal.h"
#include "limpet/port/clock.h"

enum { FIRST_WAIT_MS = 1000, DOUBLINGS_MAX = 9 };

static lp_access_peer_t *find(lp_access_t *a, const uint8_t key[LP_ACCESS_PEER_BYTES])
{
    for (size_t i = 0; i < LP_ACCESS_PEERS; i++) {
        if (a->peers_[i].wrong > 0 && memcmp(a->peers_[i].key, key, LP_ACCESS_PEER_BYTES) == 0) {
            return &a->peers_[i];
        }
    }
    return NULL;
}

// The one that was wrong the longest time ago makes room.
static lp_access_peer_t *take(lp_access_t *a, const uint8_t key[LP_ACCESS_PEER_BYTES])
{
    lp_access_peer_t *oldest = &a->peers_[0];
    for (size_t i = 1; i < LP_ACCESS_PEERS; i++) {
        if (a->peers_[i].last_ms < oldest->last_ms) {
            oldest = &a->peers_[i];
        }
    }
    *oldest = (lp_access_peer_t){.wrong = 0};
    memcpy(oldest->key, key, LP_ACCESS_PEER_BYTES);
    return oldest;
}

static void refill(lp_access_t *a, uint64_t now)
{
    const uint64_t more = (now - a->guess_ms_) / LP_ACCESS_GUESS_MS;
    if (a->guesses_ + more >= LP_ACCESS_GUESSES) {
        a->guesses_ = LP_ACCESS_GUESSES;
        a->guess_ms_ = now;
    } else {
        a->guesses_ += (uint32_t)more;
        a->guess_ms_ += more * LP_ACCESS_GUESS_MS;
    }
}

bool lp_access_must_wait(lp_access_t *a, const uint8_t key[LP_ACCESS_PEER_BYTES], uint32_t *wait_ms)
{
    const uint64_t now = lp_port_now_ms();
    const lp_access_peer_t *peer = find(a, key);
    refill(a, now);
    if (peer != NULL && peer->until_ms > now) {
        *wait_ms = (uint32_t)(peer->until_ms - now);
        return true;
    }
    if (a->guesses_ == 0) {
        *wait_ms = LP_ACCESS_GUESS_MS;
        return true;
    }
    return false;
}

void lp_access_note_wrong(lp_access_t *a, const uint8_t key[LP_ACCESS_PEER_BYTES])
{
    const uint64_t now = lp_port_now_ms();
    lp_access_peer_t *peer = find(a, key);
    if (peer == NULL) {
        peer = take(a, key);
    }
    a->refused++;
    a->guesses_ -= a->guesses_ > 0 ? 1 : 0;
    peer->last_ms = now;
    peer->wrong += peer->wrong < UINT32_MAX ? 1 : 0;
    if (peer->wrong >= LP_ACCESS_FREE_GUESSES) {
        const uint32_t over = peer->wrong - LP_ACCESS_FREE_GUESSES;
        const uint32_t wait = FIRST_WAIT_MS << (over < DOUBLINGS_MAX ? over : DOUBLINGS_MAX);
        peer->until_ms = now + (wait < LP_ACCESS_WAIT_MAX_MS ? wait : LP_ACCESS_WAIT_MAX_MS);
    }
}

void lp_access_note_right(lp_access_t *a, const uint8_t key[LP_ACCESS_PEER_BYTES])
{
    lp_access_peer_t *peer = find(a, key);
    if (peer != NULL) {
        *peer = (lp_access_peer_t){.wrong = 0};
    }
}
