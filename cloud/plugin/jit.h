// SPDX-License-Identifier: Apache-2.0
// Private: just-in-time registration. The first connection of an unknown certificate of a known CA
// is refused, but the certificate is on record from then on, and who listens may activate it.
#ifndef LP_PLUGIN_JIT_H
#define LP_PLUGIN_JIT_H

#include "limpet/authz.h"
#include "limpet/front_pass.h"

typedef struct {
    lp_registry_t *reg;
    const lp_scope_t *scope;
    // Takes the document over, which is null without memory.
    void (*announce)(void *arg, const char *topic, char *document);
    void *arg;
} lp_jit_t;

// After a session was refused to this certificate: registers or provisions it where a CA wants
// that, and puts what happened into d->reason.
void lp_jit_register(const lp_jit_t *jit, const lp_pass_t *pass, lp_decision_t *d);

#endif
