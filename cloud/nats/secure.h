// SPDX-License-Identifier: Apache-2.0
// Private: TLS and identity of the connection to the cluster.
#ifndef LP_NATS_SECURE_H
#define LP_NATS_SECURE_H

#include <nats/nats.h>

#include "limpet/nats_access.h"

// False: `why`.
bool secure_set(natsOptions *opts, const lp_nats_access_t *access, char *why, size_t size);
// Does the cluster let in somebody who has nothing but the CA? Asks it.
bool secure_lets_anybody_in(const lp_nats_access_t *access);

#endif
