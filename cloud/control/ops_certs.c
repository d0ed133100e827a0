// SPDX-License-Identifier: Apache-2.0
// Certificates.
#include <string.h>

#include "call.h"

static lp_reg_err_t create_keys(lp_call_t *c)
{
    return lp_reg_cert_with_keys(c->reg, &c->scope, lp_call_flag(c, "setAsActive"), &c->out);
}

static lp_reg_err_t create_from_csr(lp_call_t *c)
{
    return lp_reg_cert_from_csr(c->reg, &c->scope, lp_call_text(c, "certificateSigningRequest"),
                                lp_call_flag(c, "setAsActive"), &c->out);
}

static lp_reg_err_t register_no_ca(lp_call_t *c)
{
    return lp_reg_cert_register(c->reg, &c->scope, lp_call_text(c, "certificatePem"),
                                lp_call_text(c, "status"), &c->out);
}

static lp_reg_err_t describe(lp_call_t *c)
{
    cJSON *row = NULL;
    lp_reg_err_t rc = lp_reg_cert_get(c->reg, &c->scope, c->param[0], &row);
    if (rc == LP_REG_OK) {
        c->out = cJSON_CreateObject();
        cJSON_AddItemToObject(c->out, "certificateDescription", row);
    }
    return rc;
}

static lp_reg_err_t update(lp_call_t *c)
{
    return lp_reg_cert_set_status(c->reg, &c->scope, c->param[0], lp_call_query(c, "newStatus"));
}

static lp_reg_err_t delete_cert(lp_call_t *c)
{
    return lp_reg_cert_delete(c->reg, &c->scope, c->param[0], lp_call_flag(c, "forceDelete"));
}

static lp_reg_err_t list(lp_call_t *c)
{
    lp_page_t page = {0};
    lp_reg_err_t rc = lp_call_page(c, "pageSize", "marker", &page);
    page.descending = !lp_call_flag(c, "isAscendingOrder"); // newest first unless asked
    return rc == LP_REG_OK ? lp_reg_certs(c->reg, &c->scope, NULL, &page, &c->out) : rc;
}

const lp_route_t lp_routes_certificates[] = {
    {"POST", "/keys-and-certificate", create_keys, "CreateKeysAndCertificate"},
    {"POST", "/certificates", create_from_csr, "CreateCertificateFromCsr"},
    {"POST", "/certificate/register-no-ca", register_no_ca, "RegisterCertificateWithoutCA"},
    {"GET", "/certificates/{certificateId}", describe, "DescribeCertificate"},
    {"PUT", "/certificates/{certificateId}", update, "UpdateCertificate"},
    {"DELETE", "/certificates/{certificateId}", delete_cert, "DeleteCertificate"},
    {"GET", "/certificates", list, "ListCertificates"},
    {0},
};
