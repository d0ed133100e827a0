// SPDX-License-Identifier: Apache-2.0
// RSA keys that are ready before they are asked for.
#ifndef LP_REG_KEYPOOL_H
#define LP_REG_KEYPOOL_H

#include <openssl/evp.h>
#include <stddef.h>

enum { LP_KEYPOOL_SPARES = 4 };

// A new RSA key of 2,048 bits that nobody else gets; owned by the caller. Null: none could be made.
// Without a spare it is made here and now.
EVP_PKEY *lp_keypool_take(void);

// How many spares there are.
size_t lp_keypool_ready(void);

// Ends the thread and throws the spares away. Closing a registry does it, so that no thread
// outlives the libraries it stands in; whoever takes a key afterwards starts anew. Not by two at a
// time.
void lp_keypool_stop(void);

#endif
