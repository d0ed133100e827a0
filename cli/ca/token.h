// SPDX-License-Identifier: Apache-2.0
// A key in a PKCS#11 token.
#ifndef LP_CA_TOKEN_H
#define LP_CA_TOKEN_H

#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>

#include "ca_private.h"

typedef struct {
    P11KitUri *uri;
    CK_FUNCTION_LIST **modules; // all of this computer's, or null
    CK_FUNCTION_LIST *single;   // the one that the URI names, or null
    CK_FUNCTION_LIST *pair[2];  // the same as a list
    CK_FUNCTION_LIST *module;   // of the token
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE key;
} lp_ca_token_t;

lp_exit_t lp_ca_token_fail(const char *doing, unsigned long rv, lp_fault_t *f);

// Whether a PIN may be tried, from CK_TOKEN_INFO.flags. Errors: ca-pin-locked, ca-pin-last.
lp_exit_t lp_ca_token_check_tries(unsigned long flags, bool is_from_file, lp_fault_t *f);

// How many private keys the URI fits; the first becomes t->key.
lp_exit_t lp_ca_token_find_key(lp_ca_token_t *t, CK_ULONG *n, lp_fault_t *f);

// Makes a P-256 key pair with the URI's label and id that cannot be read out.
lp_exit_t lp_ca_token_make_key(lp_ca_token_t *t, lp_fault_t *f);

// The public half of t->key, from the public key object beside it. *out: owned.
lp_exit_t lp_ca_token_public_key(lp_ca_token_t *t, EVP_PKEY **out, lp_fault_t *f);

#endif
