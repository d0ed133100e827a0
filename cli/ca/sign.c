// SPDX-License-Identifier: Apache-2.0
// Certificates and revocation lists, built field by field and signed by a key that may be in a
// token.
//
// OpenSSL signs only with keys it holds. So a throw-away key of the same kind signs first, which
// puts the algorithm into the part to be signed; that part is then signed by the real key and put
// together again:
//
//   SEQUENCE { part to be signed, algorithm, BIT STRING signature }      RFC 5280, 4.1 and 5.1
//
// What comes out is parsed again and verified with the CA's public key before anybody gets it.
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca_private.h"
#include "limpet/hexline.h"

enum { POINT_LEN = 65, SERIAL_BYTES = LP_CA_SERIAL_HEX / 2, THROW_AWAY_RSA_BITS = 2048 };

static lp_exit_t fail(const char *why, lp_fault_t *f)
{
    char reason[200] = "";
    unsigned long error = ERR_peek_last_error();
    if (error != 0) {
        ERR_error_string_n(error, reason, sizeof reason);
    }
    ERR_clear_error();
    lp_fault_set(f, LP_EXIT_LOCAL, "ca-sign", "the CA could not sign");
    lp_fault_why(f, "%s%s%s", why, reason[0] != '\0' ? ": " : "", reason);
    lp_fault_next(f, "nothing was issued; run the same command again with --verbose");
    return f->exit;
}

void lp_ca_key_hex(EVP_PKEY *key, char out[129])
{
    unsigned char point[POINT_LEN];
    char group[32] = "";
    size_t len = 0;
    out[0] = '\0';
    if (key != NULL && EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
        EVP_PKEY_get_group_name(key, group, sizeof group, NULL) == 1 &&
        strcmp(group, "prime256v1") == 0 &&
        EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &len) ==
            1 &&
        len == POINT_LEN && point[0] == 4) {
        lp_hexline(out, point + 1, POINT_LEN - 1);
    }
}

bool lp_ca_times(X509 *cert, int64_t *from_s, int64_t *to_s)
{
    struct tm from;
    struct tm to;
    if (ASN1_TIME_to_tm(X509_get0_notBefore(cert), &from) != 1 ||
        ASN1_TIME_to_tm(X509_get0_notAfter(cert), &to) != 1) {
        return false;
    }
    *from_s = (int64_t)timegm(&from);
    *to_s = (int64_t)timegm(&to);
    return true;
}

char *lp_ca_to_pem(X509 *cert)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    char *out = NULL;
    if (bio != NULL && PEM_write_bio_X509(bio, cert) == 1) {
        long len = BIO_get_mem_data(bio, &text);
        out = strndup(text, (size_t)len);
    }
    BIO_free(bio);
    return out;
}

// --- the certificate's fields

// 127 random bits and none of them chosen by anybody else; never zero, never negative.
static bool set_serial(X509 *x, char hex[LP_CA_SERIAL_HEX + 1])
{
    unsigned char bytes[SERIAL_BYTES];
    if (RAND_bytes(bytes, sizeof bytes) != 1) {
        return false;
    }
    bytes[0] = (unsigned char)((bytes[0] & 0x7Fu) | 0x40u);
    lp_hexline(hex, bytes, sizeof bytes);
    BIGNUM *n = BN_bin2bn(bytes, sizeof bytes, NULL);
    bool is_set = n != NULL && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) != NULL;
    BN_free(n);
    return is_set;
}

static bool set_names(X509 *x, const lp_ca_form_t *form)
{
    X509_NAME *subject = X509_get_subject_name(x);
    bool has_name = X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
                                               (const unsigned char *)form->name, -1, -1, 0) == 1;
    return has_name &&
           X509_set_issuer_name(x, form->issuer != NULL ? X509_get_subject_name(form->issuer)
                                                        : subject) == 1;
}

static bool add(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    bool is_added = extension != NULL && X509_add_ext(x, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return is_added;
}

// Names go in as values, not as text of a configuration: a comma in one cannot become another.
static bool add_alternative_names(X509 *x, const char *const *names)
{
    GENERAL_NAMES *list = sk_GENERAL_NAME_new_null();
    bool is_right = list != NULL;
    for (; is_right && *names != NULL; names++) {
        GENERAL_NAME *name = GENERAL_NAME_new();
        ASN1_OCTET_STRING *address = a2i_IPADDRESS(*names);
        ERR_clear_error();
        if (name != NULL && address != NULL) {
            GENERAL_NAME_set0_value(name, GEN_IPADD, address);
        } else if (name != NULL) {
            ASN1_IA5STRING *dns = ASN1_IA5STRING_new();
            is_right = dns != NULL && ASN1_STRING_set(dns, *names, -1) == 1;
            GENERAL_NAME_set0_value(name, GEN_DNS, dns);
        }
        is_right = is_right && name != NULL && sk_GENERAL_NAME_push(list, name) > 0;
    }
    is_right = is_right && X509_add1_ext_i2d(x, NID_subject_alt_name, list, 0, 0) == 1;
    GENERAL_NAMES_free(list);
    return is_right;
}

// RFC 5280 4.2.1; the order is the one in which openssl shows them.
static bool add_extensions(X509 *x, const lp_ca_form_t *form)
{
    X509 *issuer = form->issuer != NULL ? form->issuer : x;
    bool is_added =
        add(x, issuer, NID_basic_constraints,
            form->is_root ? "critical,CA:TRUE,pathlen:0" : "critical,CA:FALSE") &&
        add(x, issuer, NID_key_usage,
            form->is_root ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature") &&
        add(x, issuer, NID_subject_key_identifier, "hash");
    if (!is_added || form->is_root) {
        return is_added;
    }
    return add(x, issuer, NID_ext_key_usage,
               form->kind == LP_CA_SERVER ? "serverAuth" : "clientAuth") &&
           add(x, issuer, NID_authority_key_identifier, "keyid:always") &&
           (form->kind != LP_CA_SERVER || add_alternative_names(x, form->names));
}

static bool fill(X509 *x, lp_ca_form_t *form)
{
    return X509_set_version(x, 2) == 1 && set_serial(x, form->serial) && set_names(x, form) &&
           ASN1_TIME_set(X509_getm_notBefore(x), (time_t)form->from_s) != NULL &&
           ASN1_TIME_set(X509_getm_notAfter(x), (time_t)form->to_s) != NULL &&
           X509_set_pubkey(x, form->key) == 1 && add_extensions(x, form);
}

// --- signing

// Made once a signer: RSA takes its time.
static EVP_PKEY *throw_away(lp_ca_signer_t *s)
{
    if (s->throw_away == NULL) {
        s->throw_away = EVP_PKEY_get_base_id(s->public_key) == EVP_PKEY_RSA
                            ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)THROW_AWAY_RSA_BITS)
                            : lp_ca_make_key();
    }
    return s->throw_away;
}

static int put_algorithm(EVP_PKEY *key, unsigned char **out)
{
    bool is_rsa = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
    X509_ALGOR *a = X509_ALGOR_new();
    int len = -1;
    if (a != NULL &&
        X509_ALGOR_set0(a,
                        OBJ_nid2obj(is_rsa ? NID_sha256WithRSAEncryption : NID_ecdsa_with_SHA256),
                        is_rsa ? V_ASN1_NULL : V_ASN1_UNDEF, NULL) == 1) {
        len = i2d_X509_ALGOR(a, out);
    }
    X509_ALGOR_free(a);
    return len;
}

static int put_signature(const uint8_t *sig, size_t len, unsigned char **out)
{
    ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();
    int n = -1;
    if (bits != NULL && ASN1_BIT_STRING_set(bits, (unsigned char *)(uintptr_t)sig, (int)len) == 1) {
        bits->flags &= ~(ASN1_STRING_FLAG_BITS_LEFT | 0x07);
        bits->flags |= ASN1_STRING_FLAG_BITS_LEFT;
        n = i2d_ASN1_BIT_STRING(bits, out);
    }
    ASN1_BIT_STRING_free(bits);
    return n;
}

// The signed whole of the part `text`; OPENSSL_malloc'd.
static lp_exit_t seal(lp_ca_signer_t *signer, const unsigned char *text, int text_len,
                      unsigned char **out, long *out_len, lp_fault_t *f)
{
    uint8_t sig[LP_CA_MAX_SIG];
    size_t sig_len = sizeof sig;
    lp_exit_t rc = signer->sign(signer, text, (size_t)text_len, sig, &sig_len, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    int alg_len = put_algorithm(signer->public_key, NULL);
    int bits_len = put_signature(sig, sig_len, NULL);
    if (alg_len <= 0 || bits_len <= 0) {
        return fail("encoding", f);
    }
    int inner = text_len + alg_len + bits_len;
    int total = ASN1_object_size(1, inner, V_ASN1_SEQUENCE);
    unsigned char *whole = total > 0 ? OPENSSL_malloc((size_t)total) : NULL;
    if (whole == NULL) {
        return lp_fault_set(f, LP_EXIT_LOCAL, "no-memory", "out of memory");
    }
    unsigned char *p = whole;
    ASN1_put_object(&p, 1, inner, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL);
    memcpy(p, text, (size_t)text_len);
    p += text_len;
    (void)put_algorithm(signer->public_key, &p);
    (void)put_signature(sig, sig_len, &p);
    *out = whole;
    *out_len = total;
    return LP_EXIT_OK;
}

static lp_exit_t finish_cert(X509 *x, lp_ca_signer_t *signer, X509 **out, lp_fault_t *f)
{
    unsigned char *text = NULL;
    unsigned char *whole = NULL;
    long len = 0;
    int text_len = i2d_re_X509_tbs(x, &text);
    lp_exit_t rc =
        text_len > 0 ? seal(signer, text, text_len, &whole, &len, f) : fail("encoding", f);
    const unsigned char *p = whole;
    X509 *made = rc == LP_EXIT_OK ? d2i_X509(NULL, &p, len) : NULL;
    OPENSSL_free(text);
    OPENSSL_free(whole);
    if (rc == LP_EXIT_OK && (made == NULL || X509_verify(made, signer->public_key) != 1)) {
        X509_free(made);
        return fail("the signature that came back is not one of the CA's key", f);
    }
    if (rc == LP_EXIT_OK) {
        *out = made;
    }
    return rc;
}

lp_exit_t lp_ca_sign_cert(lp_ca_form_t *form, lp_ca_signer_t *signer, X509 **out, lp_fault_t *f)
{
    X509 *x = X509_new();
    EVP_PKEY *other = throw_away(signer);
    lp_exit_t rc =
        x != NULL && other != NULL && fill(x, form) && X509_sign(x, other, EVP_sha256()) > 0
            ? LP_EXIT_OK
            : fail("the certificate could not be put together", f);
    if (rc == LP_EXIT_OK) {
        rc = finish_cert(x, signer, out, f);
    }
    X509_free(x);
    return rc;
}

// --- the revocation list

static bool add_revoked(X509_CRL *crl, const lp_ca_record_t *r)
{
    X509_REVOKED *entry = X509_REVOKED_new();
    BIGNUM *n = NULL;
    ASN1_INTEGER *serial = BN_hex2bn(&n, r->serial) > 0 ? BN_to_ASN1_INTEGER(n, NULL) : NULL;
    ASN1_TIME *when = ASN1_TIME_set(NULL, (time_t)r->revoked_s);
    ASN1_ENUMERATED *why = ASN1_ENUMERATED_new();
    static const char *const reasons[] = {"unspecified",  "keyCompromise",
                                          "CACompromise", "affiliationChanged",
                                          "superseded",   "cessationOfOperation"};
    long code = 0;
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        code = strcmp(reasons[i], r->reason) == 0 ? (long)i : code;
    }
    bool is_added =
        entry != NULL && serial != NULL && when != NULL && why != NULL &&
        X509_REVOKED_set_serialNumber(entry, serial) == 1 &&
        X509_REVOKED_set_revocationDate(entry, when) == 1 && ASN1_ENUMERATED_set(why, code) == 1 &&
        // RFC 5280 5.3.1: "unspecified" is said by silence
        (code == 0 || X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, why, 0, 0) == 1) &&
        X509_CRL_add0_revoked(crl, entry) == 1;
    if (!is_added) {
        X509_REVOKED_free(entry);
    }
    ASN1_ENUMERATED_free(why);
    ASN1_TIME_free(when);
    ASN1_INTEGER_free(serial);
    BN_free(n);
    return is_added;
}

static bool add_crl_extensions(X509_CRL *crl, X509 *root, int64_t number)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, root, NULL, NULL, crl, 0);
    X509_EXTENSION *keyid =
        X509V3_EXT_conf_nid(NULL, &ctx, NID_authority_key_identifier, "keyid:always");
    ASN1_INTEGER *n = ASN1_INTEGER_new();
    bool is_added = keyid != NULL && n != NULL && X509_CRL_add_ext(crl, keyid, -1) == 1 &&
                    ASN1_INTEGER_set_int64(n, number) == 1 &&
                    X509_CRL_add1_ext_i2d(crl, NID_crl_number, n, 0, 0) == 1;
    X509_EXTENSION_free(keyid);
    ASN1_INTEGER_free(n);
    return is_added;
}

static bool fill_crl(X509_CRL *crl, X509 *root, const lp_ca_record_t *records, size_t n,
                     int64_t number, int64_t update_s)
{
    ASN1_TIME *last = ASN1_TIME_set(NULL, (time_t)update_s);
    bool is_filled = last != NULL && X509_CRL_set_version(crl, 1) == 1 &&
                     X509_CRL_set_issuer_name(crl, X509_get_subject_name(root)) == 1 &&
                     X509_CRL_set1_lastUpdate(crl, last) == 1 &&
                     // A list that ends would make the broker refuse everybody, revoked or not.
                     X509_CRL_set1_nextUpdate(crl, X509_get0_notAfter(root)) == 1;
    for (size_t i = 0; i < n && is_filled; i++) {
        is_filled = records[i].revoked_s == 0 || add_revoked(crl, &records[i]);
    }
    ASN1_TIME_free(last);
    return is_filled && add_crl_extensions(crl, root, number) && X509_CRL_sort(crl) == 1;
}

static lp_exit_t finish_crl(X509_CRL *crl, lp_ca_signer_t *signer, char **pem, lp_fault_t *f)
{
    unsigned char *text = NULL;
    unsigned char *whole = NULL;
    char *data = NULL;
    long len = 0;
    int text_len = i2d_re_X509_CRL_tbs(crl, &text);
    lp_exit_t rc =
        text_len > 0 ? seal(signer, text, text_len, &whole, &len, f) : fail("encoding", f);
    const unsigned char *p = whole;
    X509_CRL *made = rc == LP_EXIT_OK ? d2i_X509_CRL(NULL, &p, len) : NULL;
    BIO *bio = BIO_new(BIO_s_mem());
    if (rc == LP_EXIT_OK) {
        bool is_right = made != NULL && X509_CRL_verify(made, signer->public_key) == 1 &&
                        bio != NULL && PEM_write_bio_X509_CRL(bio, made) == 1;
        long n = is_right ? BIO_get_mem_data(bio, &data) : 0;
        char *copy = is_right ? strndup(data, (size_t)n) : NULL;
        rc = copy != NULL ? LP_EXIT_OK
                          : fail("the signature that came back is not one of the CA's key", f);
        *pem = copy;
    }
    BIO_free(bio);
    X509_CRL_free(made);
    OPENSSL_free(text);
    OPENSSL_free(whole);
    return rc;
}

lp_exit_t lp_ca_sign_crl(X509 *root, const lp_ca_record_t *records, size_t n, int64_t number,
                         int64_t update_s, lp_ca_signer_t *signer, char **pem, lp_fault_t *f)
{
    X509_CRL *crl = X509_CRL_new();
    EVP_PKEY *other = throw_away(signer);
    bool is_filled = crl != NULL && other != NULL &&
                     fill_crl(crl, root, records, n, number, update_s) &&
                     X509_CRL_sign(crl, other, EVP_sha256()) > 0;
    lp_exit_t rc = is_filled ? finish_crl(crl, signer, pem, f)
                             : fail("the revocation list could not be put together", f);
    X509_CRL_free(crl);
    return rc;
}
