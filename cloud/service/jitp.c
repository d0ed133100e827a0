// SPDX-License-Identifier: Apache-2.0
// RegisterThing, and just-in-time provisioning: a template run for a certificate that a customer's
// CA signed.
#include <stdio.h>
#include <string.h>

#include "../registry/certvars.h"
#include "../registry/x509.h"
#include "fleet.h"
#include "limpet/template.h"

enum { WHY = 240, VALUE = 512 };

static const cJSON *get(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static lp_reg_err_t parse(lp_registry_t *reg, const char *body, cJSON **template)
{
    char why[WHY];
    return lp_template_parse(body, template, why, sizeof why)
               ? LP_REG_OK
               : lp_reg_fail(reg, LP_REG_INVALID, "%s", why);
}

static lp_reg_err_t check_values(lp_registry_t *reg, const cJSON *parameters)
{
    const cJSON *p = NULL;
    if (parameters != NULL && !cJSON_IsObject(parameters)) {
        return lp_reg_fail(reg, LP_REG_INVALID, "parameters must be an object of texts");
    }
    cJSON_ArrayForEach(p, parameters)
    {
        if (!cJSON_IsString(p)) {
            return lp_reg_fail(reg, LP_REG_INVALID, "The parameter %.100s is not a text",
                               p->string);
        }
    }
    return LP_REG_OK;
}

lp_reg_err_t lp_fleet_register_thing(lp_registry_t *reg, const lp_scope_t *scope, const char *body,
                                     const cJSON *parameters, cJSON **doc)
{
    cJSON *template = NULL;
    lp_reg_err_t rc = check_values(reg, parameters);
    rc = rc == LP_REG_OK ? parse(reg, body, &template) : rc;
    if (rc == LP_REG_OK) {
        const lp_provision_t how = {.values = parameters};
        rc = lp_provision_run(reg, scope, template, &how, doc);
    }
    if (rc == LP_REG_OK) {
        cJSON_DeleteItemFromObjectCaseSensitive(*doc, "thingName");
    }
    cJSON_Delete(template);
    return rc;
}

// --- just in time -------------------------------------------------------------------------------

static const struct {
    const char *parameter, *variable;
} subject_values[] = {
    {LP_TEMPLATE_CERT "Country", "Subject.Country"},
    {LP_TEMPLATE_CERT "Organization", "Subject.Organization"},
    {LP_TEMPLATE_CERT "OrganizationalUnit", "Subject.OrganizationalUnit"},
    {LP_TEMPLATE_CERT "DistinguishedNameQualifier", "Subject.DistinguishedNameQualifier"},
    {LP_TEMPLATE_CERT "StateName", "Subject.State"},
    {LP_TEMPLATE_CERT "CommonName", "Subject.CommonName"},
    {LP_TEMPLATE_CERT "SerialNumber", "Subject.SerialNumber"},
};

// What the subject says; a parameter that it does not have makes the evaluation fail, as AWS has
// it.
static cJSON *subject_of(X509 *cert)
{
    char value[VALUE];
    cJSON *values = cJSON_CreateObject();
    for (size_t i = 0; i < sizeof subject_values / sizeof subject_values[0]; i++) {
        if (lp_certvar(cert, subject_values[i].variable, value, sizeof value)) {
            cJSON_AddStringToObject(values, subject_values[i].parameter, value);
        }
    }
    return values;
}

static lp_reg_err_t load_config(lp_registry_t *reg, const lp_scope_t *scope, const cJSON *config,
                                cJSON **template)
{
    const char *name = cJSON_GetStringValue(get(config, "templateName"));
    const char *body = cJSON_GetStringValue(get(config, "templateBody"));
    if (name != NULL) {
        return lp_fleet_load(reg, scope, name, "JITP", template);
    }
    return body != NULL ? parse(reg, body, template)
                        : lp_reg_fail(reg, LP_REG_NOT_FOUND, "the CA has no template");
}

static bool is_automatic(const cJSON *ca)
{
    const cJSON *about = get(ca, "certificateDescription");
    const char *status = cJSON_GetStringValue(get(about, "status"));
    const char *automatic = cJSON_GetStringValue(get(about, "autoRegistrationStatus"));
    return status != NULL && automatic != NULL && strcmp(status, "ACTIVE") == 0 &&
           strcmp(automatic, "ENABLE") == 0;
}

static lp_reg_err_t ca_template(lp_registry_t *reg, const lp_scope_t *scope, const char *ca_id,
                                cJSON **template)
{
    cJSON *ca = NULL;
    lp_reg_err_t rc = lp_reg_ca_get(reg, scope, ca_id, &ca);
    const cJSON *config =
        rc == LP_REG_OK && is_automatic(ca) ? get(ca, "registrationConfig") : NULL;
    if (rc == LP_REG_OK && config == NULL) {
        rc = lp_reg_fail(reg, LP_REG_NOT_FOUND, "the CA has no template");
    }
    rc = rc == LP_REG_OK ? load_config(reg, scope, config, template) : rc;
    cJSON_Delete(ca);
    return rc;
}

static X509 *stored_cert(lp_registry_t *reg, const lp_scope_t *scope, const char *id)
{
    cJSON *known = NULL;
    const char *pem = NULL;
    if (lp_reg_cert_get(reg, scope, id, &known) == LP_REG_OK) {
        pem = cJSON_GetStringValue(get(known, "certificatePem"));
    }
    X509 *cert = pem != NULL ? lp_x509_from_pem(pem) : NULL;
    cJSON_Delete(known);
    return cert;
}

lp_reg_err_t lp_fleet_just_in_time(lp_registry_t *reg, const lp_scope_t *scope,
                                   const char *certificate_id, const char *ca_id)
{
    cJSON *template = NULL;
    cJSON *doc = NULL;
    lp_reg_err_t rc = ca_template(reg, scope, ca_id, &template);
    X509 *cert = rc == LP_REG_OK ? stored_cert(reg, scope, certificate_id) : NULL;
    if (rc == LP_REG_OK && cert == NULL) {
        rc = lp_reg_fail(reg, LP_REG_INTERNAL, "the certificate is not there");
    }
    if (rc == LP_REG_OK) {
        cJSON *values = subject_of(cert);
        const lp_provision_t how = {.values = values, .certificate = certificate_id};
        rc = lp_provision_run(reg, scope, template, &how, &doc);
        cJSON_Delete(values);
    }
    X509_free(cert);
    cJSON_Delete(template);
    cJSON_Delete(doc);
    return rc;
}

lp_reg_err_t lp_fleet_check_registration(lp_registry_t *reg, const lp_scope_t *scope,
                                         const cJSON *config)
{
    cJSON *template = NULL;
    if (config == NULL) {
        return LP_REG_OK;
    }
    const char *name = cJSON_GetStringValue(get(config, "templateName"));
    const char *body = cJSON_GetStringValue(get(config, "templateBody"));
    if (!cJSON_IsObject(config) || (name != NULL) == (body != NULL)) {
        return lp_reg_fail(reg, LP_REG_INVALID,
                           "registrationConfig has either templateBody or templateName");
    }
    lp_reg_err_t rc = load_config(reg, scope, config, &template);
    rc = rc == LP_REG_OK ? lp_fleet_check_device_body(reg, template) : rc;
    cJSON_Delete(template);
    return rc;
}
