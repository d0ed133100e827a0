// SPDX-License-Identifier: Apache-2.0
#include "certs.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SERIAL_BYTES = 20, RSA_BITS_MIN = 2048 };

// 2049-12-31T23:59:59Z, the end that AWS gives its client certificates.
#define ISSUED_UNTIL 2524607999LL

X509 *lp_x509_from_pem(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *cert = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    ERR_clear_error();
    return cert;
}

static char *bio_text(BIO *bio)
{
    char *data = NULL;
    long len = BIO_get_mem_data(bio, &data);
    char *text = malloc((size_t)len + 1);
    if (text != NULL) {
        memcpy(text, data, (size_t)len);
        text[len] = '\0';
    }
    BIO_free(bio);
    return text;
}

char *lp_x509_pem(X509 *cert)
{
    BIO *bio = BIO_new(BIO_s_mem());
    if (bio == NULL || PEM_write_bio_X509(bio, cert) != 1) {
        BIO_free(bio);
        return NULL;
    }
    return bio_text(bio);
}

char *lp_key_pem(EVP_PKEY *key, bool private_part)
{
    BIO *bio = BIO_new(BIO_s_secmem());
    int ok =
        bio != NULL &&
        (private_part ? PEM_write_bio_PrivateKey_traditional(bio, key, NULL, NULL, 0, NULL, NULL)
                      : PEM_write_bio_PUBKEY(bio, key));
    if (ok != 1) {
        BIO_free(bio);
        return NULL;
    }
    return bio_text(bio);
}

void lp_key_pair_add(cJSON *doc, EVP_PKEY *key)
{
    char *secret = lp_key_pem(key, true);
    char *open = lp_key_pem(key, false);
    cJSON *pair = cJSON_AddObjectToObject(doc, "keyPair");
    if (secret != NULL && open != NULL) {
        cJSON_AddStringToObject(pair, "PublicKey", open);
        cJSON_AddStringToObject(pair, "PrivateKey", secret);
        OPENSSL_cleanse(secret, strlen(secret));
    }
    free(secret);
    free(open);
}

bool lp_x509_id(X509 *cert, char id[LP_REG_ID_SIZE])
{
    unsigned char md[EVP_MAX_MD_SIZE];
    unsigned int len = 0;
    if (X509_digest(cert, EVP_sha256(), md, &len) != 1) {
        return false;
    }
    for (unsigned int i = 0; i < len; i++) {
        snprintf(id + (size_t)2 * i, 3, "%02x", md[i]);
    }
    return true;
}

double lp_x509_time(const ASN1_TIME *t)
{
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days = 0;
    int seconds = 0;
    double result = 0;
    if (epoch != NULL && ASN1_TIME_diff(&days, &seconds, epoch, t) == 1) {
        result = (double)days * 86400.0 + seconds;
    }
    ASN1_TIME_free(epoch);
    return result;
}

bool lp_key_acceptable(EVP_PKEY *key)
{
    if (EVP_PKEY_base_id(key) == EVP_PKEY_RSA) {
        return EVP_PKEY_bits(key) >= RSA_BITS_MIN;
    }
    char group[32] = "";
    size_t len = 0;
    if (EVP_PKEY_base_id(key) != EVP_PKEY_EC ||
        EVP_PKEY_get_group_name(key, group, sizeof group, &len) != 1) {
        return false;
    }
    return strcmp(group, "prime256v1") == 0 || strcmp(group, "secp384r1") == 0 ||
           strcmp(group, "secp521r1") == 0;
}

EVP_PKEY *lp_key_new_p256(void)
{
    return EVP_EC_gen("P-256");
}

EVP_PKEY *lp_key_new_rsa2048(void)
{
    return EVP_RSA_gen(RSA_BITS_MIN);
}

// 160 random bits, positive and not zero.
static bool set_serial(X509 *cert)
{
    unsigned char bytes[SERIAL_BYTES];
    if (RAND_bytes(bytes, sizeof bytes) != 1) {
        return false;
    }
    bytes[0] = (unsigned char)((bytes[0] & 0x7f) | 0x40);
    BIGNUM *bn = BN_bin2bn(bytes, sizeof bytes, NULL);
    bool ok = bn != NULL && BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(cert)) != NULL;
    BN_free(bn);
    return ok;
}

static bool add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    if (value == NULL) {
        return true;
    }
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    bool ok = ext != NULL && X509_add_ext(cert, ext, -1) == 1;
    X509_EXTENSION_free(ext);
    return ok;
}

static bool set_subject(X509 *cert, const lp_x509_config_t *config)
{
    if (config->common_name == NULL) {
        return X509_set_subject_name(cert, config->subject) == 1;
    }
    X509_NAME *name = X509_get_subject_name(cert);
    bool ok =
        config->organization == NULL ||
        X509_NAME_add_entry_by_NID(name, NID_organizationName, MBSTRING_UTF8,
                                   (const unsigned char *)config->organization, -1, -1, 0) == 1;
    return ok &&
           X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                      (const unsigned char *)config->common_name, -1, -1, 0) == 1;
}

static bool set_extensions(X509 *cert, X509 *issuer, const lp_x509_config_t *config)
{
    const char *basic = config->is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE";
    const char *usage =
        config->is_ca ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature";
    return add_extension(cert, issuer, NID_basic_constraints, basic) &&
           add_extension(cert, issuer, NID_key_usage, usage) &&
           add_extension(cert, issuer, NID_ext_key_usage, config->usage) &&
           add_extension(cert, issuer, NID_subject_alt_name, config->alt_names) &&
           add_extension(cert, issuer, NID_subject_key_identifier, "hash") &&
           (issuer == cert || add_extension(cert, issuer, NID_authority_key_identifier, "keyid"));
}

X509 *lp_x509_make(const lp_x509_config_t *config, EVP_PKEY *key, X509 *issuer,
                   EVP_PKEY *issuer_key)
{
    X509 *cert = X509_new();
    bool ok = cert != NULL && X509_set_version(cert, X509_VERSION_3) == 1 && set_serial(cert) &&
              ASN1_TIME_set(X509_getm_notBefore(cert), config->not_before) != NULL &&
              ASN1_TIME_set(X509_getm_notAfter(cert), config->not_after) != NULL &&
              set_subject(cert, config) && X509_set_pubkey(cert, key) == 1;
    X509 *by = issuer != NULL ? issuer : cert;
    ok = ok && X509_set_issuer_name(cert, X509_get_subject_name(by)) == 1 &&
         set_extensions(cert, by, config) &&
         X509_sign(cert, issuer != NULL ? issuer_key : key, EVP_sha256()) > 0;
    ERR_clear_error();
    if (!ok) {
        X509_free(cert);
        return NULL;
    }
    return cert;
}

static X509_REQ *read_csr(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509_REQ *req = bio != NULL ? PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    ERR_clear_error();
    return req;
}

static const char *csr_fault(X509_REQ *req, EVP_PKEY *key)
{
    if (req == NULL || key == NULL) {
        return "The certificate signing request is not PEM of a PKCS#10 request";
    }
    if (!lp_key_acceptable(key)) {
        return "The key of the certificate signing request is neither RSA of 2048 bits or more nor "
               "P-256, "
               "P-384 or P-521";
    }
    if (X509_REQ_verify(req, key) != 1) {
        ERR_clear_error();
        return "The signature of the certificate signing request is not by its own key";
    }
    return NULL;
}

X509 *lp_x509_from_csr(const char *csr_pem, X509 *issuer, EVP_PKEY *issuer_key, const char **why)
{
    X509_REQ *req = read_csr(csr_pem);
    EVP_PKEY *key = req != NULL ? X509_REQ_get0_pubkey(req) : NULL;
    X509 *cert = NULL;
    *why = csr_fault(req, key);
    if (*why == NULL) {
        const lp_x509_config_t config = {
            .subject = X509_REQ_get_subject_name(req),
            .not_before = (long long)time(NULL) - 120,
            .not_after = ISSUED_UNTIL,
        };
        cert = lp_x509_make(&config, key, issuer, issuer_key);
        *why = cert == NULL ? "The certificate could not be signed" : NULL;
    }
    X509_REQ_free(req);
    return cert;
}

char *lp_csr_pem(X509_REQ *req)
{
    BIO *bio = BIO_new(BIO_s_mem());
    if (bio == NULL || PEM_write_bio_X509_REQ(bio, req) != 1) {
        BIO_free(bio);
        return NULL;
    }
    return bio_text(bio);
}
