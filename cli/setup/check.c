// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "limpet/hexline.h"

enum { POINT_LEN = 65, UNCOMPRESSED = 4 };

static bool fail(char *why, size_t cap, const char *text)
{
    ERR_clear_error();
    snprintf(why, cap, "%s", text);
    return false;
}

static void take_key(EVP_PKEY *key, lp_check_t *out)
{
    unsigned char point[POINT_LEN];
    char group[32] = "";
    size_t len = 0;
    out->public_key[0] = '\0';
    if (key == NULL || EVP_PKEY_get_base_id(key) != EVP_PKEY_EC ||
        EVP_PKEY_get_group_name(key, group, sizeof group, NULL) != 1 ||
        strcmp(group, "prime256v1") != 0) {
        return;
    }
    if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &len) ==
            1 &&
        len == POINT_LEN && point[0] == UNCOMPRESSED) {
        lp_hexline(out->public_key, point + 1, POINT_LEN - 1);
    }
}

static void take_name(const X509_NAME *name, lp_check_t *out)
{
    out->common_name[0] = '\0';
    (void)X509_NAME_get_text_by_NID(name, NID_commonName, out->common_name,
                                    (int)sizeof out->common_name);
}

bool lp_check_csr(const char *pem, lp_check_t *out, char *why, size_t cap)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509_REQ *req = bio != NULL ? PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    if (req == NULL) {
        return fail(why, cap, "it is not a certificate request");
    }
    *out = (lp_check_t){.id = ""};
    EVP_PKEY *key = X509_REQ_get0_pubkey(req);
    take_key(key, out);
    take_name(X509_REQ_get_subject_name(req), out);
    bool is_right = key != NULL && X509_REQ_verify(req, key) == 1;
    X509_REQ_free(req);
    if (!is_right) {
        return fail(why, cap, "its signature is not made with the key in it");
    }
    return out->public_key[0] != '\0' || fail(why, cap, "its key is not on P-256");
}

static bool take_cert(X509 *cert, lp_check_t *out)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    *out = (lp_check_t){.id = ""};
    take_key(X509_get0_pubkey(cert), out);
    take_name(X509_get_subject_name(cert), out);
    if (X509_digest(cert, EVP_sha256(), digest, &len) != 1 || len * 2 != LP_CHECK_ID_HEX) {
        return false;
    }
    lp_hexline(out->id, digest, len);
    return true;
}

bool lp_check_cert(const char *pem, lp_check_t *out, char *why, size_t cap)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *cert = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    bool is_taken = cert != NULL && take_cert(cert, out);
    X509_free(cert);
    return is_taken || fail(why, cap, "it is not a certificate");
}

bool lp_check_cert_end(const char *pem, int64_t *end_s)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *cert = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    struct tm tm;
    bool is_read = cert != NULL && ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm) == 1;
    if (is_read) {
        *end_s = (int64_t)timegm(&tm);
    }
    BIO_free(bio);
    X509_free(cert);
    ERR_clear_error();
    return is_read;
}

bool lp_check_roots(const char *pem, char *out, size_t out_cap, size_t *n, char *why, size_t cap)
{
    BIO *in = BIO_new_mem_buf(pem, -1);
    BIO *to = BIO_new(BIO_s_mem());
    size_t count = 0;
    for (X509 *cert;
         in != NULL && to != NULL && (cert = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL;) {
        count += PEM_write_bio_X509(to, cert) == 1 ? 1u : 0u;
        X509_free(cert);
    }
    ERR_clear_error();
    char *text = NULL;
    long len = to != NULL ? BIO_get_mem_data(to, &text) : 0;
    bool fits = len >= 0 && (size_t)len < out_cap;
    if (count > 0 && fits) {
        memcpy(out, text, (size_t)len);
        out[len] = '\0';
        *n = count;
    }
    BIO_free(in);
    BIO_free(to);
    if (count == 0) {
        return fail(why, cap, "there is no PEM certificate in it");
    }
    return fits || fail(why, cap, "its certificates are too many for a board");
}

uint16_t lp_check_chip_crc(const uint8_t *data, size_t len)
{
    uint16_t crc = 0;
    for (size_t i = 0; i < len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            unsigned in = (data[i] >> bit) & 1u;
            unsigned top = crc >> 15;
            crc = (uint16_t)(crc << 1);
            crc ^= in != top ? 0x8005u : 0u;
        }
    }
    return crc;
}
