// SPDX-License-Identifier: Apache-2.0
// Private: TLS and identity of the connection to the cluster.
#ifndef LP_NATS_SECURE_H
#define LP_NATS_SECURE_H

#include <nats/nats.h>

#include "limpet/nats_access.h"

// Of one connection; lives as long as `opts`.
typedef struct {
    const char *creds; // borrowed
} secure_t;

// False: `why`.
bool secure_set(secure_t *own, natsOptions *opts, const lp_nats_access_t *access, char *why,
                size_t size);
// Does the cluster let in somebody who has nothing but the CA? Asks it.
bool secure_lets_anybody_in(const lp_nats_access_t *access);

#endif
