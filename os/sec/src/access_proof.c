// SPDX-License-Identifier: Apache-2.0
// Nonces and proofs. A nonce is
//   | stamp, 8 bytes, big endian: milliseconds since the start, shifted by 12, made to grow |
//   | HMAC-SHA-256 of the stamp with a key of this start, its first 16 bytes |
// so nothing is kept of a nonce before somebody has proven something with it. Of those that were
// used the highest count is kept; when the table is full the oldest goes, and every nonce up to its
// stamp is stale from then on: forgetting never makes a replay possible.
#include <string.h>

#include "access_internal.h"
#include "limpet/endian.h"
#include "limpet/hex.h"
#include "limpet/hmac.h"
#include "limpet/port/clock.h"

enum { STAMP = 8, MAC = 16, STAMP_SHIFT = 12, NC_LEN = 8, CNONCE_MAX = 64, WRONG_MAX = 3 };

static void seal(const lp_access_t *a, uint8_t nonce[LP_ACCESS_NONCE_BYTES])
{
    uint8_t mac[LP_SHA256_LEN];
    lp_hmac_t m;
    lp_hmac_sha256_init(&m, a->key_);
    lp_hmac_sha256_update(&m, lp_span(nonce, STAMP));
    lp_hmac_sha256_final(&m, mac);
    memcpy(nonce + STAMP, mac, MAC);
}

lp_err_t lp_access_nonce(lp_access_t *a, char nonce[LP_ACCESS_NONCE_MAX])
{
    uint8_t bytes[LP_ACCESS_NONCE_BYTES];
    lp_buf_t out = lp_buf(nonce, LP_ACCESS_NONCE_MAX - 1);
    if (!a->is_ready_) {
        return LP_E_STATE;
    }
    const uint64_t stamp = (lp_port_now_ms() + 1) << STAMP_SHIFT;
    a->last_stamp_ = stamp > a->last_stamp_ ? stamp : a->last_stamp_ + 1;
    lp_put_be64(bytes, a->last_stamp_);
    seal(a, bytes);
    (void)lp_hex_encode(&out, lp_span(bytes, sizeof bytes));
    nonce[out.len] = '\0';
    return LP_OK;
}

// Whether it is one of ours, of this start, and young enough.
static bool read_nonce(const lp_access_t *a, lp_span_t text, uint64_t *stamp)
{
    uint8_t given[LP_ACCESS_NONCE_BYTES];
    uint8_t ours[LP_ACCESS_NONCE_BYTES];
    lp_buf_t out = lp_buf(given, sizeof given);
    if (!a->is_ready_ || text.len != 2 * sizeof given || lp_hex_decode(&out, text) != LP_OK) {
        return false;
    }
    memcpy(ours, given, STAMP);
    seal(a, ours);
    if (!lp_equal_ct(given, ours, sizeof given)) {
        return false;
    }
    *stamp = lp_get_be64(given);
    return *stamp > a->floor_ && lp_port_now_ms() <= (*stamp >> STAMP_SHIFT) + LP_ACCESS_NONCE_MS;
}

static lp_access_used_t *find(lp_access_t *a, uint64_t stamp)
{
    for (size_t i = 0; i < LP_ACCESS_NONCES; i++) {
        if (a->used_[i].stamp == stamp) {
            return &a->used_[i];
        }
    }
    return NULL;
}

static lp_access_used_t *remember(lp_access_t *a, uint64_t stamp)
{
    lp_access_used_t *oldest = &a->used_[0];
    for (size_t i = 1; i < LP_ACCESS_NONCES; i++) {
        if (a->used_[i].stamp < oldest->stamp) { // a free one has 0
            oldest = &a->used_[i];
        }
    }
    a->floor_ = oldest->stamp > a->floor_ ? oldest->stamp : a->floor_;
    *oldest = (lp_access_used_t){.stamp = stamp};
    return oldest;
}

// -- the proof

static bool read_count(lp_span_t nc, uint32_t *count)
{
    uint8_t bytes[4];
    lp_buf_t out = lp_buf(bytes, sizeof bytes);
    if (nc.len != NC_LEN || lp_hex_decode(&out, nc) != LP_OK) {
        return false;
    }
    *count = lp_get_be32(bytes);
    return *count > 0;
}

static void add(lp_sha256_t *h, lp_span_t bytes)
{
    lp_sha256_update(h, bytes);
    lp_sha256_update(h, lp_span(":", 1));
}

static void hex_of(const uint8_t digest[LP_SHA256_LEN], char hex[2 * LP_SHA256_LEN])
{
    lp_buf_t out = lp_buf(hex, 2 * LP_SHA256_LEN);
    (void)lp_hex_encode(&out, lp_span(digest, LP_SHA256_LEN));
}

// RFC 7616, 3.4.1
static void respond(const uint8_t verifier[LP_SHA256_LEN], const lp_access_proof_t *p,
                    uint8_t response[LP_SHA256_LEN])
{
    char hex[2 * LP_SHA256_LEN];
    lp_sha256_t h;
    lp_sha256_init(&h);
    hex_of(verifier, hex);
    add(&h, lp_span(hex, sizeof hex));
    lp_wipe(hex, sizeof hex);
    add(&h, p->nonce);
    add(&h, p->nc);
    add(&h, p->cnonce);
    add(&h, p->qop);
    hex_of(p->a2, hex);
    lp_sha256_update(&h, lp_span(hex, sizeof hex));
    lp_sha256_final(&h, response);
}

// An account that does not exist takes as long as one that does.
static bool is_right(lp_access_t *a, const lp_access_proof_t *p, const lp_access_user_t **who)
{
    static const uint8_t nobody[LP_SHA256_LEN];
    uint8_t given[LP_SHA256_LEN] = {0};
    uint8_t right[LP_SHA256_LEN];
    lp_buf_t out = lp_buf(given, sizeof given);
    const lp_access_user_t *user = lp_access_find(a, p->user);
    respond(user != NULL ? user->verifier : nobody, p, right);
    const bool is_hex =
        p->response.len == 2 * LP_SHA256_LEN && lp_hex_decode(&out, p->response) == LP_OK;
    const bool is_equal = lp_equal_ct(given, right, sizeof right);
    lp_wipe(right, sizeof right);
    *who = user;
    return is_hex && is_equal && user != NULL && lp_span_equal_str(p->realm, a->realm);
}

static lp_err_t wrong(lp_access_t *a, const uint8_t *peer, lp_access_used_t *used)
{
    lp_access_note_wrong(a, peer);
    if (used != NULL && ++used->wrong >= WRONG_MAX) {
        used->count = UINT32_MAX; // somebody guesses with a nonce that was seen on the way
    }
    return LP_E_UNAUTHORIZED;
}

lp_err_t lp_access_check(lp_access_t *a, const uint8_t peer[LP_ACCESS_PEER_BYTES],
                         const lp_access_proof_t *p, const lp_access_user_t **user,
                         uint32_t *wait_ms)
{
    uint64_t stamp = 0;
    uint32_t count = 0;
    if (!read_nonce(a, p->nonce, &stamp)) {
        return LP_E_AGAIN;
    }
    lp_access_used_t *used = find(a, stamp);
    // Whoever has proven something with this nonce goes on, whatever others do meanwhile.
    if (used == NULL && lp_access_must_wait(a, peer, wait_ms)) {
        return LP_E_BUSY;
    }
    const lp_access_user_t *who = NULL;
    if (used != NULL && used->count == UINT32_MAX) {
        return LP_E_AGAIN;
    }
    if (!read_count(p->nc, &count) || count == UINT32_MAX || p->cnonce.len == 0 ||
        p->cnonce.len > CNONCE_MAX || !is_right(a, p, &who) ||
        (used != NULL && count <= used->count)) {
        return wrong(a, peer, used);
    }
    if (used == NULL) {
        used = remember(a, stamp);
    }
    used->count = count;
    used->wrong = 0;
    lp_access_note_right(a, peer);
    *user = who;
    return LP_OK;
}
