// SPDX-License-Identifier: Apache-2.0
// Certificate authorities of customers and the certificates they sign.
#include <string.h>

#include "call.h"
#include "limpet/fleet.h"

static lp_reg_err_t get_code(lp_call_t *c)
{
    return lp_reg_ca_code(c->reg, &c->scope, &c->out);
}

static lp_reg_err_t delete_code(lp_call_t *c)
{
    return lp_reg_ca_code_delete(c->reg, &c->scope);
}

static lp_reg_err_t register_ca(lp_call_t *c)
{
    const char *mode = lp_call_text(c, "certificateMode");
    if (mode != NULL && strcmp(mode, "DEFAULT") != 0 && strcmp(mode, "SNI_ONLY") != 0) {
        return lp_call_fail(c, LP_REG_INVALID, "certificateMode must be DEFAULT or SNI_ONLY");
    }
    const lp_ca_config_t config = {
        .ca_pem = lp_call_text(c, "caCertificate"),
        .verification_pem = lp_call_text(c, "verificationCertificate"),
        .sni_only = mode != NULL && strcmp(mode, "SNI_ONLY") == 0,
        .active = lp_call_flag(c, "setAsActive"),
        .auto_registration = lp_call_flag(c, "allowAutoRegistration"),
        .registration_config = lp_call_item(c, "registrationConfig"),
    };
    lp_reg_err_t rc = lp_call_check_tags(c);
    rc = rc == LP_REG_OK
             ? lp_fleet_check_registration(c->reg, &c->scope, config.registration_config)
             : rc;
    rc = rc == LP_REG_OK ? lp_reg_ca_register(c->reg, &c->scope, &config, &c->out) : rc;
    return lp_call_put_tags(
        c, rc, "cacert",
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(c->out, "certificateId")));
}

static lp_reg_err_t describe(lp_call_t *c)
{
    return lp_reg_ca_get(c->reg, &c->scope, c->param[0], &c->out);
}

static lp_reg_err_t update(lp_call_t *c)
{
    const cJSON *config = lp_call_item(c, "registrationConfig");
    bool remove = cJSON_IsTrue(lp_call_item(c, "removeAutoRegistration"));
    lp_reg_err_t rc = lp_fleet_check_registration(c->reg, &c->scope, config);
    rc = rc == LP_REG_OK
             ? lp_reg_ca_update(c->reg, &c->scope, c->param[0], lp_call_query(c, "newStatus"),
                                lp_call_query(c, "newAutoRegistrationStatus"))
             : rc;
    return rc == LP_REG_OK && (config != NULL || remove)
               ? lp_reg_ca_configure(c->reg, &c->scope, c->param[0], config, remove)
               : rc;
}

static lp_reg_err_t delete_ca(lp_call_t *c)
{
    return lp_reg_ca_delete(c->reg, &c->scope, c->param[0]);
}

static lp_reg_err_t page_of(lp_call_t *c, lp_page_t *page)
{
    *page = (lp_page_t){.descending = !lp_call_flag(c, "isAscendingOrder")};
    return lp_call_page(c, "pageSize", "marker", page);
}

static lp_reg_err_t list(lp_call_t *c)
{
    lp_page_t page;
    lp_reg_err_t rc = page_of(c, &page);
    return rc == LP_REG_OK ? lp_reg_cas(c->reg, &c->scope, &page, &c->out) : rc;
}

static lp_reg_err_t list_certificates(lp_call_t *c)
{
    lp_page_t page;
    lp_reg_err_t rc = page_of(c, &page);
    return rc == LP_REG_OK ? lp_reg_certs(c->reg, &c->scope, c->param[0], &page, &c->out) : rc;
}

static lp_reg_err_t register_certificate(lp_call_t *c)
{
    const char *status = lp_call_text(c, "status");
    if (status == NULL && lp_call_flag(c, "setAsActive")) { // the older way to say it
        status = "ACTIVE";
    }
    return lp_reg_cert_register_ca(c->reg, &c->scope, lp_call_text(c, "certificatePem"),
                                   lp_call_text(c, "caCertificatePem"), status, &c->out);
}

const lp_route_t lp_routes_cas[] = {
    {"GET", "/registrationcode", get_code, "GetRegistrationCode"},
    {"DELETE", "/registrationcode", delete_code, "DeleteRegistrationCode"},
    {"POST", "/cacertificate", register_ca, "RegisterCACertificate"},
    {"GET", "/cacertificate/{caCertificateId}", describe, "DescribeCACertificate"},
    {"PUT", "/cacertificate/{caCertificateId}", update, "UpdateCACertificate"},
    {"DELETE", "/cacertificate/{caCertificateId}", delete_ca, "DeleteCACertificate"},
    {"GET", "/cacertificates", list, "ListCACertificates"},
    {"GET", "/certificates-by-ca/{caCertificateId}", list_certificates, "ListCertificatesByCA"},
    {"POST", "/certificate/register", register_certificate, "RegisterCertificate"},
    {0},
};
