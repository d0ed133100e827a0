// SPDX-License-Identifier: Apache-2.0
// Certificate authorities of customers: registered with a proof of the key, then good for their
// devices.
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certs.h"
#include "limpet/pki.h"

enum { CODE_LEN = 64 };

static lp_reg_err_t ca_missing(lp_registry_t *reg)
{
    return lp_reg_fail(reg, LP_REG_NOT_FOUND, "CA certificate not found.");
}

static lp_reg_err_t registration_code(lp_registry_t *reg, const lp_scope_t *scope, char code[65])
{
    char fresh[CODE_LEN + 1];
    lp_reg_err_t rc = LP_REG_OK;
    if (!lp_pki_random_text(fresh, CODE_LEN, "0123456789abcdef")) {
        return lp_reg_fail(reg, LP_REG_INTERNAL, "no random numbers");
    }
    rc = lp_db_run(reg, "UPDATE accounts SET code=? WHERE id=? AND code IS NULL", "tt", fresh,
                   scope->account);
    if (rc == LP_REG_OK &&
        !lp_db_text(reg, code, CODE_LEN + 1, "SELECT code FROM accounts WHERE id=?", "t",
                    scope->account)) {
        return lp_reg_fail(reg, LP_REG_INTERNAL, "the account is not known");
    }
    return rc;
}

lp_reg_err_t lp_reg_ca_code(lp_registry_t *reg, const lp_scope_t *scope, cJSON **doc)
{
    char code[CODE_LEN + 1] = "";
    lp_reg_err_t rc = registration_code(reg, scope, code);
    if (rc == LP_REG_OK) {
        *doc = cJSON_CreateObject();
        cJSON_AddStringToObject(*doc, "registrationCode", code);
    }
    return rc;
}

lp_reg_err_t lp_reg_ca_code_delete(lp_registry_t *reg, const lp_scope_t *scope)
{
    return lp_db_run(reg, "UPDATE accounts SET code=NULL WHERE id=?", "t", scope->account);
}

static bool signed_by(X509 *cert, X509 *ca)
{
    bool ok = X509_NAME_cmp(X509_get_issuer_name(cert), X509_get_subject_name(ca)) == 0 &&
              X509_verify(cert, X509_get0_pubkey(ca)) == 1;
    ERR_clear_error();
    return ok;
}

static bool has_common_name(X509 *cert, const char *expected)
{
    char name[CODE_LEN + 8] = "";
    int n =
        X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, name, sizeof name);
    return n == CODE_LEN && strcmp(name, expected) == 0;
}

// Whoever registers a CA shows that its key is theirs: it signed a certificate for our code.
static lp_reg_err_t check_proof(lp_registry_t *reg, const lp_scope_t *scope, X509 *ca,
                                const char *pem)
{
    char code[CODE_LEN + 1] = "";
    lp_reg_err_t rc = registration_code(reg, scope, code);
    X509 *proof = rc == LP_REG_OK && pem != NULL ? lp_x509_from_pem(pem) : NULL;
    if (rc == LP_REG_OK && proof == NULL) {
        rc = lp_reg_fail(reg, LP_REG_CERT_VALIDATION, "The verification certificate is missing");
    } else if (rc == LP_REG_OK && !signed_by(proof, ca)) {
        rc = lp_reg_fail(reg, LP_REG_CERT_VALIDATION,
                         "The verification certificate is not signed by the CA certificate");
    } else if (rc == LP_REG_OK && !has_common_name(proof, code)) {
        rc = lp_reg_fail(reg, LP_REG_REG_CODE,
                         "The common name of the verification certificate is not the "
                         "registration code");
    }
    X509_free(proof);
    return rc;
}

static lp_reg_err_t check_config(lp_registry_t *reg, const lp_scope_t *scope, X509 *ca,
                                 const lp_ca_config_t *config)
{
    if (X509_check_ca(ca) != 1) {
        return lp_reg_fail(reg, LP_REG_CERT_VALIDATION,
                           "The certificate is not one of a certificate authority (CA:TRUE)");
    }
    if (config->sni_only) {
        return config->verification_pem == NULL
                   ? LP_REG_OK
                   : lp_reg_fail(reg, LP_REG_INVALID,
                                 "verificationCertificate does not go with mode SNI_ONLY");
    }
    return check_proof(reg, scope, ca, config->verification_pem);
}

static lp_reg_err_t insert_ca(lp_registry_t *reg, const lp_scope_t *scope, X509 *ca, const char *id,
                              const lp_ca_config_t *config)
{
    char generation[37];
    char subject[17];
    lp_db_uuid(generation);
    snprintf(subject, sizeof subject, "%08lx", X509_subject_name_hash(ca));
    char *pem = lp_x509_pem(ca);
    char *text = config->registration_config != NULL
                     ? cJSON_PrintUnformatted(config->registration_config)
                     : NULL;
    double now = lp_db_now();
    lp_reg_err_t rc = lp_db_run(
        reg,
        "INSERT INTO ca_certificates(scope,id,status,pem,subject,mode,auto,config,generation,"
        "not_before,not_after,created,modified,version) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,1)",
        "ittttt"
        "itt"
        "dddd",
        scope->id, id, config->active ? "ACTIVE" : "INACTIVE", pem, subject,
        config->sni_only ? "SNI_ONLY" : "DEFAULT", (int64_t)config->auto_registration, text,
        generation, lp_x509_time(X509_get0_notBefore(ca)), lp_x509_time(X509_get0_notAfter(ca)),
        now, now);
    free(pem);
    cJSON_free(text);
    return rc;
}

static void ca_arn(const lp_scope_t *scope, const char *id, char arn[LP_REG_ARN_SIZE])
{
    lp_reg_arn(scope, "cacert", id, arn);
}

static lp_reg_err_t register_in(lp_registry_t *reg, const lp_scope_t *scope, X509 *ca,
                                const lp_ca_config_t *config, const char *id)
{
    int64_t seq = 0;
    char arn[LP_REG_ARN_SIZE];
    ca_arn(scope, id, arn);
    if (lp_db_int(reg, &seq, "SELECT seq FROM ca_certificates WHERE scope=? AND id=?", "it",
                  scope->id, id)) {
        return lp_reg_fail_resource(reg, LP_REG_EXISTS, id, arn,
                                    "The CA certificate is already registered");
    }
    lp_reg_err_t rc = check_config(reg, scope, ca, config);
    rc = rc == LP_REG_OK ? insert_ca(reg, scope, ca, id, config) : rc;
    if (rc == LP_REG_OK && !lp_pki_trust(reg, ca)) {
        rc = lp_reg_fail(reg, LP_REG_UNAVAILABLE, "the broker's trust folder is not writable");
    }
    return rc;
}

lp_reg_err_t lp_reg_ca_register(lp_registry_t *reg, const lp_scope_t *scope,
                                const lp_ca_config_t *config, cJSON **doc)
{
    char id[LP_REG_ID_SIZE];
    char arn[LP_REG_ARN_SIZE];
    X509 *ca = lp_cert_parse(reg, config->ca_pem);
    if (ca == NULL) {
        return reg->error_.code;
    }
    lp_reg_err_t rc = lp_x509_id(ca, id) ? lp_db_begin(reg) : LP_REG_INTERNAL;
    if (rc == LP_REG_OK) {
        rc = lp_db_end(reg, register_in(reg, scope, ca, config, id));
    }
    X509_free(ca);
    if (rc == LP_REG_OK) {
        ca_arn(scope, id, arn);
        *doc = cJSON_CreateObject();
        cJSON_AddStringToObject(*doc, "certificateArn", arn);
        cJSON_AddStringToObject(*doc, "certificateId", id);
    }
    return rc;
}

lp_reg_err_t lp_reg_ca_get(lp_registry_t *reg, const lp_scope_t *scope, const char *id, cJSON **doc)
{
    cJSON *row = lp_db_row(
        reg,
        "SELECT 'arn:aws:iot:'||?2||':'||?3||':cacert/'||id AS certificateArn,"
        " id AS certificateId, status, pem AS certificatePem, ?3 AS ownedBy,"
        " created AS creationDate, CASE auto WHEN 1 THEN 'ENABLE' ELSE 'DISABLE' END AS"
        " autoRegistrationStatus, modified AS lastModifiedDate, version AS customerVersion,"
        " generation AS generationId,"
        " json_object('notBefore',not_before,'notAfter',not_after) AS 'j:validity',"
        " mode AS certificateMode, config AS 'j:registrationConfig'"
        " FROM ca_certificates WHERE scope=?1 AND id=?4",
        "ittt", scope->id, scope->region, scope->account, id);
    if (row == NULL) {
        return ca_missing(reg);
    }
    cJSON *config = cJSON_DetachItemFromObjectCaseSensitive(row, "registrationConfig");
    *doc = cJSON_CreateObject();
    cJSON_AddItemToObject(*doc, "certificateDescription", row);
    if (config != NULL) {
        cJSON_AddItemToObject(*doc, "registrationConfig", config);
    }
    return LP_REG_OK;
}

static lp_reg_err_t check_words(lp_registry_t *reg, const char *status, const char *auto_status)
{
    if (status != NULL && strcmp(status, "ACTIVE") != 0 && strcmp(status, "INACTIVE") != 0) {
        return lp_reg_fail(reg, LP_REG_INVALID, "newStatus must be ACTIVE or INACTIVE");
    }
    if (auto_status != NULL && strcmp(auto_status, "ENABLE") != 0 &&
        strcmp(auto_status, "DISABLE") != 0) {
        return lp_reg_fail(reg, LP_REG_INVALID,
                           "newAutoRegistrationStatus must be ENABLE or DISABLE");
    }
    return LP_REG_OK;
}

lp_reg_err_t lp_reg_ca_update(lp_registry_t *reg, const lp_scope_t *scope, const char *id,
                              const char *status, const char *auto_status)
{
    lp_reg_err_t rc = check_words(reg, status, auto_status);
    if (rc != LP_REG_OK) {
        return rc;
    }
    rc = lp_db_run(reg,
                   "UPDATE ca_certificates SET status=coalesce(?1,status),"
                   " auto=CASE WHEN ?2 IS NULL THEN auto ELSE ?2='ENABLE' END, modified=?3,"
                   " version=version+1 WHERE scope=?4 AND id=?5",
                   "ttdit", status, auto_status, lp_db_now(), scope->id, id);
    return rc == LP_REG_OK && lp_db_changes(reg) == 0 ? ca_missing(reg) : rc;
}

lp_reg_err_t lp_reg_ca_configure(lp_registry_t *reg, const lp_scope_t *scope, const char *id,
                                 const cJSON *config, bool remove)
{
    char *text = config != NULL ? cJSON_PrintUnformatted(config) : NULL;
    lp_reg_err_t rc = lp_db_run(reg,
                                "UPDATE ca_certificates SET config=CASE WHEN ?1 THEN NULL ELSE"
                                " coalesce(?2,config) END, auto=CASE WHEN ?1 THEN 0 ELSE auto END"
                                " WHERE scope=?3 AND id=?4",
                                "itit", (int64_t)remove, text, scope->id, id);
    cJSON_free(text);
    return rc == LP_REG_OK && lp_db_changes(reg) == 0 ? ca_missing(reg) : rc;
}

// Devices that have a certificate of this CA go on as before, so it stays trusted as long as there
// are such.
static void forget_trust(lp_registry_t *reg, const char *id, const char *pem)
{
    int64_t used = 0;
    lp_db_int(reg, &used,
              "SELECT (SELECT count(*) FROM certificates WHERE ca=?1) +"
              " (SELECT count(*) FROM ca_certificates WHERE id=?1)",
              "t", id);
    X509 *ca = used == 0 ? lp_x509_from_pem(pem) : NULL;
    if (ca != NULL) {
        lp_pki_distrust(reg, ca);
    }
    X509_free(ca);
}

lp_reg_err_t lp_reg_ca_delete(lp_registry_t *reg, const lp_scope_t *scope, const char *id)
{
    char pem[8192];
    char status[16];
    if (!lp_db_text(reg, status, sizeof status,
                    "SELECT status FROM ca_certificates WHERE scope=? AND id=?", "it", scope->id,
                    id)) {
        return ca_missing(reg);
    }
    if (strcmp(status, "ACTIVE") == 0) {
        return lp_reg_fail(reg, LP_REG_CERT_STATE, "The CA certificate must be INACTIVE first");
    }
    lp_db_text(reg, pem, sizeof pem, "SELECT pem FROM ca_certificates WHERE scope=? AND id=?", "it",
               scope->id, id);
    lp_reg_err_t rc =
        lp_db_run(reg, "DELETE FROM ca_certificates WHERE scope=? AND id=?", "it", scope->id, id);
    if (rc == LP_REG_OK) {
        forget_trust(reg, id, pem);
    }
    return rc;
}

lp_reg_err_t lp_reg_cas(lp_registry_t *reg, const lp_scope_t *scope, const lp_page_t *page,
                        cJSON **doc)
{
    const lp_db_list_t names = {.list = "certificates", .next = "nextMarker"};
    return lp_db_page(reg, &names, page, doc,
                      "SELECT printf('%020d',seq) AS _key, 'arn:aws:iot:'||?2||':'||?3||"
                      "':cacert/'||id AS certificateArn, id AS certificateId, status,"
                      " created AS creationDate FROM ca_certificates WHERE scope=?1",
                      "itt", scope->id, scope->region, scope->account);
}

// --- certificates of such CAs -------------------------------------------------------------------

// The registered CA that signed `cert`: id, status and whether it registers by itself. How many
// there are.
typedef struct {
    char id[LP_REG_ID_SIZE];
    bool active;
    bool automatic;
    int count;
} issuer_row_t;

static void find_issuer(lp_registry_t *reg, const lp_scope_t *scope, X509 *cert,
                        const char *only_id, issuer_row_t *out)
{
    char subject[17];
    snprintf(subject, sizeof subject, "%08lx", X509_issuer_name_hash(cert));
    *out = (issuer_row_t){0};
    sqlite3_stmt *st = lp_db_query(
        reg,
        "SELECT id,pem,status='ACTIVE',auto FROM ca_certificates WHERE scope=?1 AND subject=?2"
        " AND (?3 IS NULL OR id=?3)",
        "itt", scope->id, subject, only_id);
    while (st != NULL && sqlite3_step(st) == SQLITE_ROW) {
        X509 *ca = lp_x509_from_pem((const char *)sqlite3_column_text(st, 1));
        if (ca != NULL && signed_by(cert, ca)) {
            out->count++;
            snprintf(out->id, sizeof out->id, "%s", (const char *)sqlite3_column_text(st, 0));
            out->active = sqlite3_column_int(st, 2) != 0;
            out->automatic = sqlite3_column_int(st, 3) != 0;
        }
        X509_free(ca);
    }
    sqlite3_finalize(st);
}

static lp_reg_err_t check_issuer(lp_registry_t *reg, const issuer_row_t *issuer)
{
    if (issuer->count == 0) {
        return lp_reg_fail(reg, LP_REG_CERT_VALIDATION,
                           "The certificate is not signed by a CA that is registered in this "
                           "account and region");
    }
    if (issuer->count > 1) {
        return lp_reg_fail(reg, LP_REG_CERT_CONFLICT,
                           "Several registered CAs could have signed the certificate: name one "
                           "in caCertificatePem");
    }
    return issuer->active ? LP_REG_OK
                          : lp_reg_fail(reg, LP_REG_CERT_STATE, "The CA certificate is INACTIVE");
}

static bool pem_id(const char *pem, char id[LP_REG_ID_SIZE])
{
    X509 *cert = lp_x509_from_pem(pem);
    bool ok = cert != NULL && lp_x509_id(cert, id);
    X509_free(cert);
    return ok;
}

lp_reg_err_t lp_reg_cert_register_ca(lp_registry_t *reg, const lp_scope_t *scope, const char *pem,
                                     const char *ca_pem, const char *status, cJSON **doc)
{
    char ca_id[LP_REG_ID_SIZE] = "";
    issuer_row_t issuer;
    lp_reg_err_t rc = lp_cert_register_status(reg, &status);
    X509 *cert = rc == LP_REG_OK ? lp_cert_parse(reg, pem) : NULL;
    if (cert == NULL) {
        return reg->error_.code;
    }
    if (ca_pem != NULL && !pem_id(ca_pem, ca_id)) {
        rc = lp_reg_fail(reg, LP_REG_CERT_VALIDATION, "caCertificatePem is no certificate");
    }
    if (rc == LP_REG_OK) {
        find_issuer(reg, scope, cert, ca_pem != NULL ? ca_id : NULL, &issuer);
        rc = check_issuer(reg, &issuer);
    }
    rc = rc == LP_REG_OK ? lp_db_begin(reg) : rc;
    if (rc == LP_REG_OK) {
        const lp_cert_insert_t how = {.status = status, .ca_id = issuer.id};
        rc = lp_db_end(reg, lp_cert_insert(reg, scope, cert, &how, doc));
    }
    X509_free(cert);
    return rc;
}

lp_reg_err_t lp_reg_cert_auto_register(lp_registry_t *reg, const lp_scope_t *scope, const char *pem,
                                       char ca_id[LP_REG_ID_SIZE])
{
    issuer_row_t issuer;
    cJSON *doc = NULL;
    X509 *cert = lp_cert_parse(reg, pem);
    if (cert == NULL) {
        return reg->error_.code;
    }
    find_issuer(reg, scope, cert, NULL, &issuer);
    lp_reg_err_t rc = check_issuer(reg, &issuer);
    if (rc == LP_REG_OK && !issuer.automatic) {
        rc = lp_reg_fail(reg, LP_REG_NOT_FOUND, "the CA does not register by itself");
    }
    if (rc == LP_REG_OK) {
        const lp_cert_insert_t how = {.status = "PENDING_ACTIVATION", .ca_id = issuer.id};
        rc = lp_cert_insert(reg, scope, cert, &how, &doc);
    }
    if (rc == LP_REG_OK) {
        snprintf(ca_id, LP_REG_ID_SIZE, "%s", issuer.id);
    }
    cJSON_Delete(doc);
    X509_free(cert);
    return rc;
}
