// SPDX-License-Identifier: Apache-2.0
// limpet/access.h - who may call a device from afar: accounts, proofs that cannot be replayed, and
// brakes on guessing.
//
// The proof is HTTP Digest with SHA-256 (RFC 7616), the same for all channels: a server's nonce, a
// count that must grow, and a hash over what is asked for. A nonce is good for LP_ACCESS_NONCE_MS
// and one count is good once; after a restart all nonces are stale. Nothing is kept for callers who
// have not proven anything, so nobody can push others' nonces out. ADR 0012 has the why.
//
// A password is never stored. Its verifier is SHA-256(name ":" realm ":" password), where the realm
// has a salt of this device; it is as good as the password towards this device, and for it alone.
// @context loop
// @source RFC 7616
#ifndef LIMPET_ACCESS_H
#define LIMPET_ACCESS_H

#include <stdbool.h>

#include "limpet/sha256.h"
#include "limpet/store.h"

enum {
    LP_ACCESS_USERS_MAX = 4,
    LP_ACCESS_NAME_MAX = 17,  // name of an account, with its terminator
    LP_ACCESS_REALM_MAX = 49, // with its terminator
    LP_ACCESS_NONCE_BYTES = 24,
    LP_ACCESS_NONCE_MAX = 2 * LP_ACCESS_NONCE_BYTES + 1,
    LP_ACCESS_NONCE_MS = 300000,
    LP_ACCESS_NONCES = 16, // that were used and whose count is remembered
    LP_ACCESS_PEERS = 8,   // whose wrong guesses are remembered
    LP_ACCESS_PEER_BYTES = 16,
    LP_ACCESS_FREE_GUESSES = 5, // of one peer, before it has to wait
    LP_ACCESS_WAIT_MAX_MS = 300000,
    LP_ACCESS_GUESSES = 30,    // of all peers together, before all that are not known have to wait
    LP_ACCESS_GUESS_MS = 2000, // after which there is one more
};

typedef enum { LP_ROLE_NONE, LP_ROLE_READER, LP_ROLE_OPERATOR, LP_ROLE_ADMIN } lp_role_t;

// "none", "reader", "operator", "admin". Static.
const char *lp_role_name(lp_role_t role);
// LP_E_NOT_FOUND: none of the last three.
lp_err_t lp_role_parse(const char *name, lp_role_t *role);

typedef struct {
    char name[LP_ACCESS_NAME_MAX];
    lp_role_t role;
    uint8_t verifier[LP_SHA256_LEN];
} lp_access_user_t;

typedef struct {
    uint64_t stamp; // of the nonce; 0: free
    uint32_t count; // highest that was used
    uint8_t wrong;  // proofs with it that were not right
} lp_access_used_t;

typedef struct {
    uint8_t key[LP_ACCESS_PEER_BYTES];
    uint64_t until_ms; // has to wait
    uint64_t last_ms;
    uint32_t wrong;
} lp_access_peer_t;

typedef struct {
    lp_store_t *store_;
    char realm[LP_ACCESS_REALM_MAX];
    lp_access_user_t users[LP_ACCESS_USERS_MAX];
    size_t count;     // of users
    uint32_t refused; // proofs that were not right, since the start
    uint8_t salt_[8];
    bool is_ready_; // there are random numbers
    uint8_t key_[LP_SHA256_LEN];
    uint64_t last_stamp_;
    uint64_t floor_; // nonces up to this one are stale
    lp_access_used_t used_[LP_ACCESS_NONCES];
    lp_access_peer_t peers_[LP_ACCESS_PEERS];
    uint32_t guesses_;
    uint64_t guess_ms_;
} lp_access_t;

// Reads the accounts that are stored; damaged ones are none, with a line in the log: nobody gets in
// then. LP_E_IO: no random numbers; nobody gets in, ever. `store` is lent, `device_id` copied.
lp_err_t lp_access_init(lp_access_t *a, lp_store_t *store, const char *device_id);

// The same without a store: its accounts are what the caller puts into a->users and a->count, and
// its salt is another one each time.
lp_err_t lp_access_init_alone(lp_access_t *a, const char *device_id);

// Makes or changes an account and stores it. LP_E_INVALID: the name is not 1 to 16 letters, digits,
// '-', '_' or '.', or the role is none; LP_E_NOSPACE: there are LP_ACCESS_USERS_MAX; errors of the
// store, and nothing has changed then.
lp_err_t lp_access_put(lp_access_t *a, const char *name, lp_role_t role,
                       const uint8_t verifier[LP_SHA256_LEN]);
// LP_E_NOT_FOUND.
lp_err_t lp_access_remove(lp_access_t *a, const char *name);

// A fresh nonce, as hex digits. LP_E_STATE: there are no random numbers.
lp_err_t lp_access_nonce(lp_access_t *a, char nonce[LP_ACCESS_NONCE_MAX]);

// What a caller says. All borrowed.
typedef struct {
    lp_span_t user, realm, nonce, nc, cnonce, qop, response;
    uint8_t a2[LP_SHA256_LEN]; // SHA-256 of what is asked for, RFC 7616, 3.4.3
} lp_access_proof_t;

// Judges a proof from `peer` (an address, or what stands for one). LP_OK: *user is who it is.
// LP_E_AGAIN: the nonce is not one of ours any more, with a fresh one it may be right.
// LP_E_UNAUTHORIZED: wrong, or its count was used before. LP_E_BUSY: this peer, or everybody who is
// not known yet, has to wait; *wait_ms says how long.
lp_err_t lp_access_check(lp_access_t *a, const uint8_t peer[LP_ACCESS_PEER_BYTES],
                         const lp_access_proof_t *proof, const lp_access_user_t **user,
                         uint32_t *wait_ms);

// SHA-256 of `bytes` as 64 lower-case hex digits, not terminated.
void lp_access_hash_hex(lp_span_t bytes, char hex[2 * LP_SHA256_LEN]);

#endif
