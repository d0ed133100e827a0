// SPDX-License-Identifier: Apache-2.0
// The parts of the service of sealed files.
#ifndef SVC_SEAL_INTERNAL_H
#define SVC_SEAL_INTERNAL_H

#include "limpet/svc_seal.h"

// Brings the key to svc->slot_[0] and calls lp_svc_seal_has_key(), now or later. Whoever calls it
// has the turn.
void lp_svc_seal_fetch_key(lp_svc_seal_t *svc);

// The key is there, or will not come.
void lp_svc_seal_has_key(lp_svc_seal_t *svc, lp_err_t err);

// Whether something sealed is stored: then a key that is not there must not be made anew.
bool lp_svc_seal_has_files(lp_svc_seal_t *svc);

void lp_svc_seal_add_methods(lp_svc_seal_t *svc);

#endif
