// SPDX-License-Identifier: Apache-2.0
// Signatures that were found right before. Whether a signature is right depends on the key, the
// digest and the signature alone, and all three are in the mark: who asks again gets the answer
// that the arithmetic would give again. Dates, names, trust anchors and the way to one are looked
// at each time, by whoever asks. Nothing in it is secret, and only what was computed in software
// gets in.
//
// The marks are in the order of their last use. A handshake asks about each certificate of the
// chain and, last, about something that never comes again: with one mark more than the chain has
// links that is what goes.
// @source ADR 0017
#include <string.h>

#include "limpet/p256.h"
#include "limpet/sha256.h"
#include "tls_internal.h"

// The whole hash, because a server chooses what is marked as well as what is asked: half of it
// would fall to a search for two that are alike, at 2^64 tries.
enum { KNOWN = 3, MARK_BYTES = LP_SHA256_LEN };

static uint8_t known[KNOWN][MARK_BYTES];

static void mark(uint8_t out[MARK_BYTES], const uint8_t pub[LP_KEY_PUBLIC_BYTES],
                 const uint8_t digest[LP_KEY_DIGEST_BYTES],
                 const uint8_t signature[LP_KEY_SIGNATURE_BYTES])
{
    lp_sha256_t h;
    lp_sha256_init(&h);
    lp_sha256_update(&h, lp_span(pub, LP_KEY_PUBLIC_BYTES));
    lp_sha256_update(&h, lp_span(digest, LP_KEY_DIGEST_BYTES));
    lp_sha256_update(&h, lp_span(signature, LP_KEY_SIGNATURE_BYTES));
    lp_sha256_final(&h, out);
}

// Moves those in front of `at` back, which forgets that one, and puts `m` first.
static void put_first(const uint8_t m[MARK_BYTES], size_t at)
{
    memmove(known[1], known[0], at * MARK_BYTES);
    memcpy(known[0], m, MARK_BYTES);
}

lp_err_t lp_tls_p256_verify(const uint8_t pub[LP_KEY_PUBLIC_BYTES],
                            const uint8_t digest[LP_KEY_DIGEST_BYTES],
                            const uint8_t signature[LP_KEY_SIGNATURE_BYTES])
{
    uint8_t m[MARK_BYTES];
    mark(m, pub, digest, signature);
    for (size_t i = 0; i < KNOWN; i++) {
        if (memcmp(known[i], m, MARK_BYTES) == 0) {
            put_first(m, i);
            return LP_OK;
        }
    }
    lp_err_t err = lp_p256_verify(pub, digest, signature);
    if (err == LP_OK) {
        put_first(m, KNOWN - 1);
    }
    return err;
}

void lp_tls_known_forget(void)
{
    memset(known, 0, sizeof known);
}
