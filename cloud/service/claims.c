// SPDX-License-Identifier: Apache-2.0
// Claims of trusted users, ownership tokens, and their end.
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../registry/certs.h"
#include "../registry/keypool.h"
#include "fleet.h"
#include "limpet/pki.h"

enum { TOKEN_LEN = 64 };

void lp_fleet_hash(const char *text, char hex[65])
{
    unsigned char md[EVP_MAX_MD_SIZE] = {0};
    unsigned int len = 0;
    EVP_Digest(text, strlen(text), md, &len, EVP_sha256(), NULL);
    for (int i = 0; i < 32; i++) {
        snprintf(hex + (ptrdiff_t)2 * i, 3, "%02x", md[i]);
    }
}

// --- claims -------------------------------------------------------------------------------------

static X509 *sign_claim(lp_registry_t *reg, EVP_PKEY *key, double expires)
{
    lp_issuer_t issuer = {0};
    if (lp_pki_issuer(reg, &issuer) != LP_REG_OK) {
        return NULL;
    }
    const lp_x509_config_t config = {
        .common_name = "AWS IoT Provisioning Claim",
        .not_before = (long long)expires - LP_FLEET_CLAIM_SECONDS - 60,
        .not_after = (long long)expires,
    };
    X509 *cert = lp_x509_make(&config, key, issuer.cert, issuer.key);
    lp_pki_issuer_free(&issuer);
    return cert;
}

static lp_reg_err_t keep_claim(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                               X509 *cert, double expires, cJSON **doc)
{
    char id[LP_REG_ID_SIZE] = "";
    char *pem = lp_x509_pem(cert);
    lp_reg_err_t rc = LP_REG_INTERNAL;
    if (pem != NULL && lp_x509_id(cert, id)) {
        rc = lp_db_run(reg, "INSERT INTO claims VALUES(?,?,?,?,?)", "itttd", scope->id, id, name,
                       pem, expires);
    }
    if (rc == LP_REG_OK) {
        *doc = cJSON_CreateObject();
        cJSON_AddStringToObject(*doc, "certificateId", id);
        cJSON_AddStringToObject(*doc, "certificatePem", pem);
        cJSON_AddNumberToObject(*doc, "expiration", expires);
    }
    free(pem);
    return rc;
}

lp_reg_err_t lp_fleet_claim_create(lp_registry_t *reg, const lp_scope_t *scope, const char *name,
                                   cJSON **doc)
{
    cJSON *template = NULL;
    double expires = (double)(long long)lp_db_now() + LP_FLEET_CLAIM_SECONDS;
    lp_reg_err_t rc = lp_fleet_load(reg, scope, name, "FLEET_PROVISIONING", &template);
    cJSON_Delete(template);
    if (rc != LP_REG_OK) {
        return rc;
    }
    EVP_PKEY *key = lp_keypool_take();
    X509 *cert = key != NULL ? sign_claim(reg, key, expires) : NULL;
    rc = cert != NULL ? keep_claim(reg, scope, name, cert, expires, doc)
                      : lp_reg_fail(reg, LP_REG_INTERNAL, "no key and certificate could be made");
    if (rc == LP_REG_OK) {
        lp_key_pair_add(*doc, key);
    }
    X509_free(cert);
    EVP_PKEY_free(key);
    return rc;
}

// --- ownership tokens ---------------------------------------------------------------------------

// Only the hash is kept: who reads the registry cannot provision with it.
lp_reg_err_t lp_fleet_token_make(lp_registry_t *reg, const lp_scope_t *scope, const char *cert_id,
                                 const char *owner, char token[65])
{
    char hash[65];
    if (!lp_pki_random_text(token, TOKEN_LEN,
                            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")) {
        return lp_reg_fail(reg, LP_REG_INTERNAL, "no random numbers");
    }
    lp_fleet_hash(token, hash);
    return lp_db_run(reg, "INSERT INTO ownership_tokens VALUES(?,?,?,?,?)",
                     "titt"
                     "d",
                     hash, scope->id, cert_id, owner, lp_db_now() + LP_FLEET_TOKEN_SECONDS);
}

lp_reg_err_t lp_fleet_token_take(lp_registry_t *reg, const lp_scope_t *scope, const char *token,
                                 const char *owner, char cert_id[LP_REG_ID_SIZE])
{
    char hash[65];
    lp_fleet_hash(token, hash);
    bool known = lp_db_text(reg, cert_id, LP_REG_ID_SIZE,
                            "SELECT certificate FROM ownership_tokens WHERE hash=? AND scope=?"
                            " AND owner=? AND expires>?",
                            "titd", hash, scope->id, owner, lp_db_now());
    if (!known) {
        return lp_reg_fail(reg, LP_REG_FORBIDDEN, "Certificate ownership token is not valid.");
    }
    return lp_db_run(reg, "DELETE FROM ownership_tokens WHERE hash=?", "t", hash);
}

// --- the end ------------------------------------------------------------------------------------

// Certificates that were made for a device and then neither activated nor attached.
#define ORPHANS                                                                                    \
    "SELECT c.seq FROM ownership_tokens o JOIN certificates c ON c.scope=o.scope"                  \
    " AND c.id=o.certificate JOIN scopes s ON s.id=c.scope WHERE o.expires<=?1"                    \
    " AND c.status='PENDING_ACTIVATION' AND NOT EXISTS(SELECT 1 FROM policy_targets p"             \
    " WHERE p.scope=c.scope AND "                                                                  \
    "p.target='arn:aws:iot:'||s.region||':'||s.account||':cert/'||c.id)"                           \
    " AND NOT EXISTS(SELECT 1 FROM thing_principals p WHERE p.scope=c.scope AND"                   \
    " p.principal='arn:aws:iot:'||s.region||':'||s.account||':cert/'||c.id)"

void lp_fleet_sweep(lp_registry_t *reg)
{
    int64_t due = 0;
    double now = lp_db_now();
    if (!lp_db_int(reg, &due,
                   "SELECT 1 WHERE EXISTS(SELECT 1 FROM claims WHERE expires<=?1) OR"
                   " EXISTS(SELECT 1 FROM ownership_tokens WHERE expires<=?1)",
                   "d", now) ||
        lp_db_begin(reg) != LP_REG_OK) {
        return;
    }
    lp_reg_err_t rc =
        lp_db_run(reg, "DELETE FROM certificates WHERE seq IN (" ORPHANS ")", "d", now);
    rc = rc == LP_REG_OK ? lp_db_run(reg, "DELETE FROM ownership_tokens WHERE expires<=?", "d", now)
                         : rc;
    rc = rc == LP_REG_OK ? lp_db_run(reg, "DELETE FROM claims WHERE expires<=?", "d", now) : rc;
    lp_db_end(reg, rc);
}
