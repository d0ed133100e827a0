// SPDX-License-Identifier: Apache-2.0
// Private: how the ways to provision share the work.
#ifndef LP_SERVICE_FLEET_H
#define LP_SERVICE_FLEET_H

#include "../registry/db.h"
#include "limpet/fleet.h"

typedef struct {
    const cJSON *values;     // parameters of the caller, may be null
    const char *certificate; // id of the certificate that the template must be about; null: its own
    bool config;             // DeviceConfiguration is wanted
} lp_provision_t;

// Evaluates and carries out, in one transaction. doc: {thingName, certificatePem, resourceArns,
// deviceConfiguration} as far as there are such.
lp_reg_err_t lp_provision_run(lp_registry_t *reg, const lp_scope_t *scope, const cJSON *template,
                              const lp_provision_t *how, cJSON **doc);

// The default version's body of an enabled template of that type, parsed.
lp_reg_err_t lp_fleet_load(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                           const char *type, cJSON **template);

// What the template's certificate may be, for fleet and just-in-time provisioning.
lp_reg_err_t lp_fleet_check_device_body(lp_registry_t *reg, const cJSON *template);

bool lp_name_is_template(const char *name);

// Lower-case hex of the SHA-256.
void lp_fleet_hash(const char *text, char hex[65]);

// An ownership token for a certificate that `owner` (a certificate id) asked for.
lp_reg_err_t lp_fleet_token_make(lp_registry_t *reg, const lp_scope_t *scope, const char *cert_id,
                                 const char *owner, char token[65]);
// Uses it up; cert_id becomes its certificate. LP_REG_FORBIDDEN: unknown, used, run out, or another
// owner's.
lp_reg_err_t lp_fleet_token_take(lp_registry_t *reg, const lp_scope_t *scope, const char *token,
                                 const char *owner, char cert_id[LP_REG_ID_SIZE]);

#endif
