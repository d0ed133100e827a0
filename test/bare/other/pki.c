// SPDX-License-Identifier: Apache-2.0
// test/unit/sec/pki.h with mbedTLS: P-256 alone.
#include "pki.h"

#include <mbedtls/oid.h>
#include <mbedtls/x509_crt.h>
#include <stdlib.h>
#include <string.h>

#include "other.h"

enum { DAYS_TO_1970 = 719468, DAYS_IN_ERA = 146097, SANS_MAX = 8, DATE = 16, LINE = 64 };

static void check(bool is_fine, const char *what)
{
    if (!is_fine) {
        printf("test pki: %s failed\n", what);
        abort();
    }
}

EVP_PKEY *pki_key_ec(const char *group)
{
    EVP_PKEY *key = EVP_EC_gen(group);
    check(key != NULL, "EC key");
    return key;
}

EVP_PKEY *pki_key_p256(void)
{
    return pki_key_ec("P-256");
}

static EVP_PKEY *from_params(OSSL_PARAM_BLD *build)
{
    EVP_PKEY *key = NULL;
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    check(EVP_PKEY_fromdata(NULL, &key, EVP_PKEY_KEYPAIR, params) == 1, "key from bytes");
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    return key;
}

EVP_PKEY *pki_from_public(const uint8_t pub[64])
{
    uint8_t point[65] = {4};
    memcpy(point + 1, pub, 64);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point);
    return from_params(build);
}

EVP_PKEY *pki_key_from_bytes(const uint8_t private_key[32])
{
    BIGNUM *d = BN_bin2bn(private_key, 32, NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, d);
    EVP_PKEY *key = from_params(build);
    check(mbedtls_ecp_mul(&key->group, &key->q, &key->d, &key->group.G, other_rng, NULL) == 0,
          "public key");
    BN_free(d);
    return key;
}

void pki_public(EVP_PKEY *key, uint8_t pub[64])
{
    uint8_t point[65];
    size_t len = 0;
    check(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point,
                                          &len) == 1 &&
              len == sizeof point,
          "public key");
    memcpy(pub, point + 1, 64);
}

void other_pk(mbedtls_pk_context *pk, const EVP_PKEY *key)
{
    mbedtls_pk_init(pk);
    check(mbedtls_pk_setup(pk, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)) == 0, "key");
    mbedtls_ecp_keypair *pair = mbedtls_pk_ec(*pk);
    check(mbedtls_ecp_group_load(&pair->grp, MBEDTLS_ECP_DP_SECP256R1) == 0 &&
              mbedtls_mpi_copy(&pair->d, &key->d) == 0 && mbedtls_ecp_copy(&pair->Q, &key->q) == 0,
          "key");
}

// ---- certificates ------------------------------------------------------------------------------

// Midnight of a day since 1970 as in a certificate.
static void write_day(char text[DATE], long day)
{
    const long z = day + DAYS_TO_1970;
    const long era = z / DAYS_IN_ERA;
    const long doe = z - era * DAYS_IN_ERA;
    const long yoe = (doe - doe / 1460 + doe / 36524 - doe / (DAYS_IN_ERA - 1)) / 365;
    const long doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    const long mp = (5 * doy + 2) / 153;
    const long month = mp < 10 ? mp + 3 : mp - 9;
    snprintf(text, DATE, "%04d%02d%02d000000", (int)(yoe + era * 400 + (month <= 2)), (int)month,
             (int)(doy - (153 * mp + 2) / 5 + 1));
}

static void set_dates(mbedtls_x509write_cert *cert, const pki_spec_t *spec)
{
    const bool is_default = spec->from_day == 0 && spec->to_day == 0;
    const long today = PKI_NOW_S / PKI_DAY_S;
    char from[DATE], to[DATE];
    write_day(from, today + (is_default ? -1 : spec->from_day));
    write_day(to, today + (is_default ? 3650 : spec->to_day));
    check(mbedtls_x509write_crt_set_validity(cert, from, to) == 0, "dates");
}

// "DNS:localhost,IP:127.0.0.1"
static void set_names(mbedtls_x509write_cert *cert, const char *san)
{
    static unsigned char space[SANS_MAX][256];
    mbedtls_x509_san_list list[SANS_MAX];
    size_t n = 0;
    memset(list, 0, sizeof list);
    while (*san != '\0') {
        const size_t len = strcspn(san, ",");
        const bool is_ip = strncmp(san, "IP:", 3) == 0;
        check((is_ip || strncmp(san, "DNS:", 4) == 0) && n < SANS_MAX && len < sizeof space[0],
              "name");
        const size_t skip = is_ip ? 3 : 4;
        char word[256] = {0};
        memcpy(word, san + skip, len - skip);
        memcpy(space[n], word, len - skip);
        mbedtls_x509_subject_alternative_name *name = &list[n].node;
        name->type = is_ip ? MBEDTLS_X509_SAN_IP_ADDRESS : MBEDTLS_X509_SAN_DNS_NAME;
        name->san.unstructured_name.p = space[n];
        name->san.unstructured_name.len =
            is_ip ? mbedtls_x509_crt_parse_cn_inet_pton(word, space[n]) : len - skip;
        if (n > 0) {
            list[n - 1].next = &list[n];
        }
        n++;
        san += len + (san[len] == ',');
    }
    check(mbedtls_x509write_crt_set_subject_alternative_name(cert, list) == 0, "names");
}

static void set_extensions(mbedtls_x509write_cert *cert, const pki_spec_t *spec)
{
    check(mbedtls_x509write_crt_set_basic_constraints(cert, spec->is_ca, -1) == 0, "CA");
    if (spec->is_ca) {
        check(mbedtls_x509write_crt_set_key_usage(cert, MBEDTLS_X509_KU_KEY_CERT_SIGN |
                                                            MBEDTLS_X509_KU_CRL_SIGN) == 0,
              "usage");
    }
    if (spec->san != NULL) {
        set_names(cert, spec->san);
    }
    if (spec->eku != NULL) {
        const bool is_server = strcmp(spec->eku, "serverAuth") == 0;
        check(is_server || strcmp(spec->eku, "clientAuth") == 0, spec->eku);
        const char *oid = is_server ? MBEDTLS_OID_SERVER_AUTH : MBEDTLS_OID_CLIENT_AUTH;
        const mbedtls_asn1_sequence usage = {.buf = {.tag = MBEDTLS_ASN1_OID,
                                                     .len = strlen(oid),
                                                     .p = (unsigned char *)(uintptr_t)oid}};
        check(mbedtls_x509write_crt_set_ext_key_usage(cert, &usage) == 0, "extended usage");
    }
}

pki_id_t pki_issue(EVP_PKEY *key, const pki_spec_t *spec, const pki_id_t *issuer)
{
    static unsigned char serial;
    mbedtls_x509write_cert cert;
    mbedtls_pk_context own, signer;
    X509 *made = other_new(sizeof *made);
    snprintf(made->name, sizeof made->name, "CN=%s", spec->cn);
    check(spec->digest == NULL || strcmp(spec->digest, "SHA256") == 0, "digest");
    other_pk(&own, key);
    other_pk(&signer, issuer != NULL ? issuer->key : key);
    mbedtls_x509write_crt_init(&cert);
    mbedtls_x509write_crt_set_version(&cert, MBEDTLS_X509_CRT_VERSION_3);
    mbedtls_x509write_crt_set_md_alg(&cert, MBEDTLS_MD_SHA256);
    mbedtls_x509write_crt_set_subject_key(&cert, &own);
    mbedtls_x509write_crt_set_issuer_key(&cert, &signer);
    serial = (unsigned char)(serial % 127 + 1);
    check(mbedtls_x509write_crt_set_serial_raw(&cert, &serial, 1) == 0 &&
              mbedtls_x509write_crt_set_subject_name(&cert, made->name) == 0 &&
              mbedtls_x509write_crt_set_issuer_name(&cert, issuer != NULL ? issuer->cert->name
                                                                          : made->name) == 0,
          "names");
    set_dates(&cert, spec);
    set_extensions(&cert, spec);
    const int len =
        mbedtls_x509write_crt_der(&cert, made->bytes, sizeof made->bytes, other_rng, NULL);
    check(len > 0, "signing");
    memmove(made->bytes, made->bytes + sizeof made->bytes - len, (size_t)len);
    made->len = (size_t)len;
    mbedtls_x509write_crt_free(&cert);
    mbedtls_pk_free(&own);
    mbedtls_pk_free(&signer);
    return (pki_id_t){.key = key, .cert = made};
}

void X509_free(X509 *cert)
{
    free(cert);
}

void pki_free(pki_id_t *id)
{
    EVP_PKEY_free(id->key);
    X509_free(id->cert);
    *id = (pki_id_t){0};
}

void pki_pem(const pki_id_t *id, char *text, size_t cap)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *at = id->cert->bytes;
    size_t used = strlen(text);
    check(used + id->cert->len * 3 / 2 + LINE < cap, "room for PEM");
    char *out = text + used;
    out += snprintf(out, LINE, "-----BEGIN CERTIFICATE-----\n");
    for (size_t i = 0; i < id->cert->len; i += 3) {
        const size_t n = id->cert->len - i < 3 ? id->cert->len - i : 3;
        const unsigned long three = (unsigned long)at[i] << 16 |
                                    (n > 1 ? (unsigned long)at[i + 1] << 8 : 0) |
                                    (n > 2 ? at[i + 2] : 0);
        *out++ = digits[three >> 18];
        *out++ = digits[three >> 12 & 63];
        *out++ = n > 1 ? digits[three >> 6 & 63] : '=';
        *out++ = n > 2 ? digits[three & 63] : '=';
        if (i % 48 == 45 || n < 3 || i + 3 >= id->cert->len) {
            *out++ = '\n';
        }
    }
    snprintf(out, LINE, "-----END CERTIFICATE-----\n");
}
