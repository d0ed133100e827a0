// SPDX-License-Identifier: Apache-2.0
// limpet/fleet.h - provisioning: templates, claims, and what makes a certificate a device.
//
// Three ways lead to the same work: RegisterThing over REST, fleet provisioning over MQTT (with a
// claim certificate and an ownership token), and just-in-time provisioning by a customer's CA.
// Whatever a template does is done whole or not at all.
// @source AWS IoT Core Developer Guide, "Device provisioning"; AWS IoT API Reference.
#ifndef LIMPET_FLEET_H
#define LIMPET_FLEET_H

#include "limpet/registry.h"
#include "limpet/service.h"

enum {
    LP_FLEET_TEMPLATE_NAME_MAX = 36,
    LP_FLEET_VERSIONS_MAX = 5,
    LP_FLEET_TOKEN_SECONDS = 3600, // life of an ownership token
    LP_FLEET_CLAIM_SECONDS = 300,  // life of a temporary claim
};

// --- templates ----------------------------------------------------------------------------------

// Null texts: not given.
typedef struct {
    const char *body;
    const char *description;
    const char *role_arn;
    const char *type;  // FLEET_PROVISIONING (null) or JITP
    const cJSON *hook; // refused: there is no Lambda
    bool enabled;
} lp_template_config_t;

lp_reg_err_t lp_fleet_template_create(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                                      const lp_template_config_t *config, cJSON **doc);
lp_reg_err_t lp_fleet_template_get(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                                   cJSON **doc);

typedef struct {
    const char *description, *role_arn; // null: unchanged
    const cJSON *hook;                  // null: unchanged; else refused
    int enabled;                        // -1: unchanged
    int64_t default_version;            // 0: unchanged
} lp_template_update_t;

lp_reg_err_t lp_fleet_template_update(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                                      const lp_template_update_t *update);
// LP_REG_DELETE_CONFLICT: it has versions besides the default one.
lp_reg_err_t lp_fleet_template_delete(lp_registry_t *reg, const lp_scope_t *scope,
                                      const char *name);
lp_reg_err_t lp_fleet_templates(lp_registry_t *reg, const lp_scope_t *scope, const lp_page_t *page,
                                cJSON **doc);
lp_reg_err_t lp_fleet_version_create(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                                     const char *body, bool set_default, cJSON **doc);
lp_reg_err_t lp_fleet_version_get(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                                  const char *version, cJSON **doc);
lp_reg_err_t lp_fleet_version_delete(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                                     const char *version);
lp_reg_err_t lp_fleet_versions(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                               const lp_page_t *page, cJSON **doc);

// --- claims of trusted users --------------------------------------------------------------------

// A certificate and key that may do nothing but be provisioned by this template, for five minutes.
// It is in no list of certificates and nothing can be attached to it.
lp_reg_err_t lp_fleet_claim_create(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                                   cJSON **doc);

// --- provisioning -------------------------------------------------------------------------------

// RegisterThing: {certificatePem, resourceArns}. `parameters`: an object of texts, may be null.
lp_reg_err_t lp_fleet_register_thing(lp_registry_t *reg, const lp_scope_t *scope, const char *body,
                                     const cJSON *parameters, cJSON **doc);

// After lp_reg_cert_auto_register(): runs the template of the CA's registrationConfig for the
// certificate. LP_REG_NOT_FOUND: the CA has none (just-in-time registration alone).
lp_reg_err_t lp_fleet_just_in_time(lp_registry_t *reg, const lp_scope_t *scope,
                                   const char *certificate_id, const char *ca_id);

// Checks a CA's registrationConfig: {templateBody | templateName, roleArn}; null is fine.
lp_reg_err_t lp_fleet_check_registration(lp_registry_t *reg, const lp_scope_t *scope,
                                         const cJSON *config);

// The service behind $aws/certificates/create..., $aws/provisioning-templates/T/provision/...
void lp_fleet_serve(const lp_service_request_t *request, const lp_service_out_t *out);

// Whether a topic is a request to that service: nobody else may read what is asked there.
bool lp_fleet_is_request(const char *topic);

// Forgets what has run out: claims, tokens and the certificates that nobody provisioned. Call it
// every second or so.
void lp_fleet_sweep(lp_registry_t *reg);

#endif
