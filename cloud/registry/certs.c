// SPDX-License-Identifier: Apache-2.0
// Certificates: their life from the signing to the deletion.
#include <openssl/crypto.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certs.h"
#include "keypool.h"

static const char *const settable[] = {"ACTIVE", "INACTIVE", "REVOKED"};

bool lp_status_settable(const char *status)
{
    for (size_t i = 0; i < sizeof settable / sizeof settable[0]; i++) {
        if (strcmp(status, settable[i]) == 0) {
            return true;
        }
    }
    return false;
}

static cJSON *named(const lp_scope_t *scope, const char *id)
{
    char arn[LP_REG_ARN_SIZE];
    lp_reg_arn(scope, "cert", id, arn);
    cJSON *doc = cJSON_CreateObject();
    cJSON_AddStringToObject(doc, "certificateArn", arn);
    cJSON_AddStringToObject(doc, "certificateId", id);
    return doc;
}

static lp_reg_err_t exists(lp_registry_t *reg, const lp_scope_t *scope, const char *id)
{
    char arn[LP_REG_ARN_SIZE];
    lp_reg_arn(scope, "cert", id, arn);
    return lp_reg_fail_resource(reg, LP_REG_EXISTS, id, arn,
                                "The certificate is already provisioned or registered");
}

lp_reg_err_t lp_cert_insert(lp_registry_t *reg, const lp_scope_t *scope, X509 *cert,
                            const lp_cert_insert_t *how, cJSON **doc)
{
    char id[LP_REG_ID_SIZE];
    char generation[37];
    int64_t seq = 0;
    lp_db_uuid(generation);
    if (!lp_x509_id(cert, id)) {
        return lp_reg_fail(reg, LP_REG_INTERNAL, "the certificate's hash could not be computed");
    }
    if (lp_db_int(reg, &seq, "SELECT seq FROM certificates WHERE scope=? AND id=?", "it", scope->id,
                  id)) {
        return exists(reg, scope, id);
    }
    char *pem = lp_x509_pem(cert);
    double now = lp_db_now();
    lp_reg_err_t rc = lp_db_run(
        reg,
        "INSERT INTO certificates(scope,id,status,pem,mode,ca,generation,not_before,not_after,"
        "created,modified,version) VALUES(?,?,?,?,?,?,?,?,?,?,?,1)",
        "ittttttdddd", scope->id, id, how->status, pem, how->sni_only ? "SNI_ONLY" : "DEFAULT",
        how->ca_id, generation, lp_x509_time(X509_get0_notBefore(cert)),
        lp_x509_time(X509_get0_notAfter(cert)), now, now);
    if (rc == LP_REG_OK) {
        *doc = named(scope, id);
        if (how->with_pem) {
            cJSON_AddStringToObject(*doc, "certificatePem", pem);
        }
    }
    free(pem);
    return rc;
}

lp_reg_err_t lp_reg_cert_from_csr(lp_registry_t *reg, const lp_scope_t *scope, const char *csr_pem,
                                  bool active, cJSON **doc)
{
    if (csr_pem == NULL || csr_pem[0] == '\0' || strlen(csr_pem) > LP_REG_CSR_MAX) {
        return lp_reg_fail(reg, LP_REG_INVALID,
                           "certificateSigningRequest must have 1 to 4096 characters");
    }
    lp_issuer_t issuer = {0};
    lp_reg_err_t rc = lp_pki_issuer(reg, &issuer);
    if (rc != LP_REG_OK) {
        return rc;
    }
    const char *why = NULL;
    X509 *cert = lp_x509_from_csr(csr_pem, issuer.cert, issuer.key, &why);
    lp_pki_issuer_free(&issuer);
    if (cert == NULL) {
        return lp_reg_fail(reg, LP_REG_INVALID, "%s", why);
    }
    const lp_cert_insert_t how = {.status = active ? "ACTIVE" : "INACTIVE", .with_pem = true};
    rc = lp_cert_insert(reg, scope, cert, &how, doc);
    X509_free(cert);
    return rc;
}

static X509 *sign_own(lp_registry_t *reg, EVP_PKEY *key)
{
    lp_issuer_t issuer = {0};
    if (lp_pki_issuer(reg, &issuer) != LP_REG_OK) {
        return NULL;
    }
    X509_REQ *req = X509_REQ_new();
    X509 *cert = NULL;
    char *pem = NULL;
    const char *why = NULL;
    if (req != NULL &&
        X509_NAME_add_entry_by_NID(X509_REQ_get_subject_name(req), NID_commonName, MBSTRING_UTF8,
                                   (const unsigned char *)"AWS IoT Certificate", -1, -1, 0) == 1 &&
        X509_REQ_set_pubkey(req, key) == 1 && X509_REQ_sign(req, key, EVP_sha256()) > 0) {
        pem = lp_csr_pem(req);
        cert = pem != NULL ? lp_x509_from_csr(pem, issuer.cert, issuer.key, &why) : NULL;
    }
    free(pem);
    X509_REQ_free(req);
    lp_pki_issuer_free(&issuer);
    return cert;
}

lp_reg_err_t lp_reg_cert_with_keys(lp_registry_t *reg, const lp_scope_t *scope, bool active,
                                   cJSON **doc)
{
    EVP_PKEY *key = lp_keypool_take();
    X509 *cert = key != NULL ? sign_own(reg, key) : NULL;
    lp_reg_err_t rc = LP_REG_INTERNAL;
    if (cert == NULL) {
        lp_reg_fail(reg, LP_REG_INTERNAL, "no key and certificate could be made");
    } else {
        const lp_cert_insert_t how = {.status = active ? "ACTIVE" : "INACTIVE", .with_pem = true};
        rc = lp_cert_insert(reg, scope, cert, &how, doc);
    }
    if (rc == LP_REG_OK) {
        lp_key_pair_add(*doc, key);
    }
    X509_free(cert);
    EVP_PKEY_free(key);
    return rc;
}

// SHA-256, 384 or 512 with RSA, ECDSA or DSA.
static bool signature_acceptable(X509 *cert)
{
    int md = 0;
    if (X509_get_signature_info(cert, &md, NULL, NULL, NULL) != 1) {
        return false;
    }
    return md == NID_sha256 || md == NID_sha384 || md == NID_sha512;
}

X509 *lp_cert_parse(lp_registry_t *reg, const char *pem)
{
    X509 *cert = pem != NULL ? lp_x509_from_pem(pem) : NULL;
    EVP_PKEY *key = cert != NULL ? X509_get0_pubkey(cert) : NULL;
    const char *why = NULL;
    if (key == NULL) {
        why = "The certificate is not PEM of an X.509 certificate";
    } else if (!signature_acceptable(cert) || !lp_key_acceptable(key)) {
        why = "The certificate's key or signature algorithm is not supported";
    } else if (X509_cmp_current_time(X509_get0_notAfter(cert)) < 0) {
        why = "The certificate has expired";
    }
    if (why != NULL) {
        lp_reg_fail(reg, LP_REG_CERT_VALIDATION, "%s", why);
        X509_free(cert);
        return NULL;
    }
    return cert;
}

lp_reg_err_t lp_cert_register_status(lp_registry_t *reg, const char **status)
{
    *status = *status == NULL ? "INACTIVE" : *status;
    if (strcmp(*status, "ACTIVE") != 0 && strcmp(*status, "INACTIVE") != 0) {
        return lp_reg_fail(reg, LP_REG_INVALID, "status must be ACTIVE or INACTIVE");
    }
    return LP_REG_OK;
}

lp_reg_err_t lp_reg_cert_register(lp_registry_t *reg, const lp_scope_t *scope, const char *pem,
                                  const char *status, cJSON **doc)
{
    lp_reg_err_t rc = lp_cert_register_status(reg, &status);
    X509 *cert = rc == LP_REG_OK ? lp_cert_parse(reg, pem) : NULL;
    if (cert == NULL) {
        return reg->error_.code;
    }
    const lp_cert_insert_t how = {.status = status, .sni_only = true};
    rc = lp_db_begin(reg);
    if (rc == LP_REG_OK) {
        rc = lp_cert_insert(reg, scope, cert, &how, doc);
        if (rc == LP_REG_OK && !lp_pki_trust(reg, cert)) {
            rc = lp_reg_fail(reg, LP_REG_UNAVAILABLE, "the broker's trust folder is not writable");
        }
        rc = lp_db_end(reg, rc);
    }
    X509_free(cert);
    return rc;
}

static lp_reg_err_t cert_missing(lp_registry_t *reg)
{
    return lp_reg_fail(reg, LP_REG_NOT_FOUND,
                       "The certificate given in the principal does not exist.");
}

static lp_reg_err_t check_id(lp_registry_t *reg, const char *id)
{
    if (!lp_name_is_cert_id(id)) {
        return lp_reg_fail(reg, LP_REG_INVALID, "certificateId is 64 hexadecimal digits");
    }
    return LP_REG_OK;
}

lp_reg_err_t lp_reg_cert_get(lp_registry_t *reg, const lp_scope_t *scope, const char *id,
                             cJSON **doc)
{
    lp_reg_err_t rc = check_id(reg, id);
    if (rc != LP_REG_OK) {
        return rc;
    }
    cJSON *row = lp_db_row(
        reg,
        "SELECT 'arn:aws:iot:'||?2||':'||?3||':cert/'||id AS certificateArn, id AS certificateId,"
        " ca AS caCertificateId, status, pem AS certificatePem, ?3 AS ownedBy,"
        " created AS creationDate, modified AS lastModifiedDate, version AS customerVersion,"
        " '{}' AS 'j:transferData', generation AS generationId,"
        " json_object('notBefore',not_before,'notAfter',not_after) AS 'j:validity',"
        " mode AS certificateMode FROM certificates WHERE scope=?1 AND id=?4",
        "ittt", scope->id, scope->region, scope->account, id);
    if (row == NULL) {
        return cert_missing(reg);
    }
    *doc = row;
    return LP_REG_OK;
}

static bool cert_status(lp_registry_t *reg, const lp_scope_t *scope, const char *id,
                        char status[32])
{
    return lp_db_text(reg, status, 32, "SELECT status FROM certificates WHERE scope=? AND id=?",
                      "it", scope->id, id);
}

lp_reg_err_t lp_reg_cert_set_status(lp_registry_t *reg, const lp_scope_t *scope, const char *id,
                                    const char *status)
{
    char old[32];
    lp_reg_err_t rc = check_id(reg, id);
    if (rc != LP_REG_OK) {
        return rc;
    }
    if (status == NULL || !lp_status_settable(status)) {
        return lp_reg_fail(reg, LP_REG_INVALID, "newStatus must be ACTIVE, INACTIVE or REVOKED");
    }
    if (!cert_status(reg, scope, id, old)) {
        return cert_missing(reg);
    }
    if (strcmp(old, "PENDING_TRANSFER") == 0) {
        return lp_reg_fail(reg, LP_REG_CERT_STATE, "The certificate is being transferred");
    }
    return lp_db_run(reg,
                     "UPDATE certificates SET status=?, modified=?, version=version+1"
                     " WHERE scope=? AND id=? AND status<>?1",
                     "tdit", status, lp_db_now(), scope->id, id);
}

static lp_reg_err_t delete_conflict(lp_registry_t *reg, const lp_scope_t *scope, const char *arn,
                                    bool force)
{
    int64_t things = 0;
    int64_t policies = 0;
    lp_db_int(reg, &things, "SELECT count(*) FROM thing_principals WHERE scope=? AND principal=?",
              "it", scope->id, arn);
    lp_db_int(reg, &policies, "SELECT count(*) FROM policy_targets WHERE scope=? AND target=?",
              "it", scope->id, arn);
    if (things > 0) {
        return lp_reg_fail(reg, LP_REG_DELETE_CONFLICT,
                           "Things must be detached before deletion (arn: %s)", arn);
    }
    if (policies > 0 && !force) {
        return lp_reg_fail(reg, LP_REG_DELETE_CONFLICT,
                           "Certificate policies must be detached before deletion (arn: %s)", arn);
    }
    return LP_REG_OK;
}

static void distrust(lp_registry_t *reg, const lp_scope_t *scope, const char *id)
{
    char pem[8192];
    int64_t others = 0;
    if (!lp_db_text(reg, pem, sizeof pem,
                    "SELECT pem FROM certificates WHERE scope=? AND id=? AND ca IS NULL", "it",
                    scope->id, id)) {
        return;
    }
    lp_db_int(reg, &others, "SELECT count(*) FROM certificates WHERE id=? AND scope<>?", "ti", id,
              scope->id);
    X509 *cert = others == 0 ? lp_x509_from_pem(pem) : NULL;
    if (cert != NULL) {
        lp_pki_distrust(reg, cert);
    }
    X509_free(cert);
}

static lp_reg_err_t delete_in(lp_registry_t *reg, const lp_scope_t *scope, const char *id,
                              bool force)
{
    char status[32];
    char arn[LP_REG_ARN_SIZE];
    lp_reg_arn(scope, "cert", id, arn);
    if (!cert_status(reg, scope, id, status)) {
        return cert_missing(reg);
    }
    if (strcmp(status, "ACTIVE") == 0) {
        return lp_reg_fail(reg, LP_REG_CERT_STATE,
                           "Certificate must be deactivated (not ACTIVE) before deletion (id: %s)",
                           id);
    }
    lp_reg_err_t rc = delete_conflict(reg, scope, arn, force);
    if (rc != LP_REG_OK) {
        return rc;
    }
    distrust(reg, scope, id);
    rc = lp_db_run(reg, "DELETE FROM policy_targets WHERE scope=? AND target=?", "it", scope->id,
                   arn);
    return rc == LP_REG_OK ? lp_db_run(reg, "DELETE FROM certificates WHERE scope=? AND id=?", "it",
                                       scope->id, id)
                           : rc;
}

lp_reg_err_t lp_reg_cert_delete(lp_registry_t *reg, const lp_scope_t *scope, const char *id,
                                bool force)
{
    lp_reg_err_t rc = check_id(reg, id);
    rc = rc == LP_REG_OK ? lp_db_begin(reg) : rc;
    return rc == LP_REG_OK ? lp_db_end(reg, delete_in(reg, scope, id, force)) : rc;
}

lp_reg_err_t lp_reg_certs(lp_registry_t *reg, const lp_scope_t *scope, const char *ca_id,
                          const lp_page_t *page, cJSON **doc)
{
    const lp_db_list_t names = {.list = "certificates", .next = "nextMarker"};
    return lp_db_page(reg, &names, page, doc,
                      "SELECT printf('%020d',seq) AS _key, 'arn:aws:iot:'||?2||':'||?3||':cert/'"
                      "||id AS certificateArn, id AS certificateId, status,"
                      " mode AS certificateMode, created AS creationDate FROM certificates"
                      " WHERE scope=?1 AND (?4 IS NULL OR ca=?4)",
                      "ittt", scope->id, scope->region, scope->account, ca_id);
}
