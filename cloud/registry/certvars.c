// SPDX-License-Identifier: Apache-2.0
// @source AWS IoT Core Developer Guide, "X.509 certificate AWS IoT Core policy variables".
#include "certvars.h"

#include <openssl/obj_mac.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *name;
    int nid;
} name_fields[] = {
    {"DistinguishedNameQualifier", NID_dnQualifier},
    {"Country", NID_countryName},
    {"Organization", NID_organizationName},
    {"OrganizationalUnit", NID_organizationalUnitName},
    {"State", NID_stateOrProvinceName},
    {"CommonName", NID_commonName},
    {"SerialNumber", NID_serialNumber},
    {"Title", NID_title},
    {"Surname", NID_surname},
    {"GivenName", NID_givenName},
    {"Initials", NID_initials},
    {"Pseudonym", NID_pseudonym},
    {"GenerationQualifier", NID_generationQualifier},
};

static bool copy_text(const ASN1_STRING *s, char *out, size_t size)
{
    unsigned char *utf8 = NULL;
    int len = s != NULL ? ASN1_STRING_to_UTF8(&utf8, s) : -1;
    bool ok = len >= 0 && (size_t)len < size && memchr(utf8, 0, (size_t)len) == NULL;
    if (ok) {
        memcpy(out, utf8, (size_t)len);
        out[len] = '\0';
    }
    OPENSSL_free(utf8);
    return ok;
}

// The n-th entry of a kind.
static bool name_entry(const X509_NAME *name, int nid, int n, char *out, size_t size)
{
    int at = -1;
    do {
        at = X509_NAME_get_index_by_NID(name, nid, at);
    } while (at >= 0 && n-- > 0);
    if (at < 0) {
        return false;
    }
    return copy_text(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)), out, size);
}

// "CommonName" or "CommonName.1".
static bool name_var(const X509_NAME *name, const char *key, char *out, size_t size)
{
    const char *dot = strchr(key, '.');
    size_t len = dot != NULL ? (size_t)(dot - key) : strlen(key);
    char *end = NULL;
    long n = dot != NULL ? strtol(dot + 1, &end, 10) : 0;
    if (n < 0 || n > 100 || (end != NULL && (*end != '\0' || end == dot + 1))) {
        return false;
    }
    for (size_t i = 0; i < sizeof name_fields / sizeof name_fields[0]; i++) {
        if (strlen(name_fields[i].name) == len && strncasecmp(name_fields[i].name, key, len) == 0) {
            return name_entry(name, name_fields[i].nid, (int)n, out, size);
        }
    }
    return false;
}

static bool serial_var(X509 *cert, char *out, size_t size)
{
    BIGNUM *bn = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
    char *hex = bn != NULL ? BN_bn2hex(bn) : NULL;
    bool ok = hex != NULL && strlen(hex) < size;
    if (ok) {
        snprintf(out, size, "%s", hex);
    }
    OPENSSL_free(hex);
    BN_free(bn);
    return ok;
}

static bool alt_var(X509 *cert, const char *key, char *out, size_t size)
{
    int type = strcasecmp(key, "RFC822Name") == 0                  ? GEN_EMAIL
               : strcasecmp(key, "DNSName") == 0                   ? GEN_DNS
               : strcasecmp(key, "UniformResourceIdentifier") == 0 ? GEN_URI
                                                                   : -1;
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    bool ok = false;
    for (int i = 0; !ok && type >= 0 && i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        ok = name->type == type && copy_text(name->d.ia5, out, size);
    }
    GENERAL_NAMES_free(names);
    return ok;
}

bool lp_certvar(X509 *cert, const char *key, char *out, size_t size)
{
    if (strncasecmp(key, "Subject.AlternativeName.", 24) == 0) {
        return alt_var(cert, key + 24, out, size);
    }
    if (strncasecmp(key, "Subject.", 8) == 0) {
        return name_var(X509_get_subject_name(cert), key + 8, out, size);
    }
    if (strncasecmp(key, "Issuer.", 7) == 0) {
        return name_var(X509_get_issuer_name(cert), key + 7, out, size);
    }
    return strcasecmp(key, "SerialNumber") == 0 && serial_var(cert, out, size);
}
