// SPDX-License-Identifier: Apache-2.0
// limpet/x509.h - reading certificates, and building a certificate request around a key in a chip.
//
// The reader finds what a device must know about its own certificate (is it for my key, how long is
// it good) and what whoever validates a chain needs of each of its certificates.
// @source RFC 5280, section 4.1; RFC 2986, section 4; RFC 5480, section 2
// @context any
#ifndef LIMPET_X509_H
#define LIMPET_X509_H

#include "limpet/err.h"
#include "limpet/span.h"

enum { LP_P256_POINT_LEN = 64 };

// A certificate taken apart; the spans borrow the DER.
typedef struct {
    uint8_t version;     // 1 to 3
    lp_span_t tbs;       // TBSCertificate, tag and length included: what is signed
    lp_span_t algorithm; // of the signature, tag and length included; the same in both places
    lp_span_t serial;    // big-endian, without leading zeros
    lp_span_t issuer;    // Name, tag and length included
    lp_span_t subject;
    lp_span_t spki;       // SubjectPublicKeyInfo, tag and length included
    lp_span_t p256;       // X||Y, 64 bytes; empty when the key is of another kind
    int64_t not_before;   // seconds since 1970 UTC
    int64_t not_after;    // the certificate is good up to and including this second
    lp_span_t extensions; // contents of their SEQUENCE; empty: there are none
    lp_span_t signature;  // contents of the signature's BIT STRING
} lp_x509_t;

// LP_E_FORMAT: not exactly one well-formed certificate.
lp_err_t lp_x509_read(lp_span_t der, lp_x509_t *cert);

// What the extensions say of those that a TLS client must understand.
typedef struct {
    bool has_basic;
    bool is_ca;
    bool has_path_max; // else as many certificates as you like between this one and the last
    uint8_t path_max;
    bool has_usage;
    uint8_t usage;      // of LP_X509_USAGE_*; anything goes when there is none
    lp_span_t purposes; // extended key usage: OIDs; empty: any
    lp_span_t names;    // subject alternative names, for lp_x509_next_name(); empty: none
} lp_x509_ext_t;

enum { LP_X509_USAGE_SIGNATURE = 0x80, LP_X509_USAGE_CERT_SIGN = 0x04 };

// Reads `extensions` of a certificate; the result borrows the DER. LP_E_FORMAT: malformed, or one
// is there twice. LP_E_UNSUPPORTED: a critical one is not understood, name constraints and policies
// among them.
lp_err_t lp_x509_read_extensions(lp_span_t extensions, lp_x509_ext_t *ext);
// Whether the certificate may be used for this purpose, the contents of an OID.
bool lp_x509_is_for(const lp_x509_ext_t *ext, lp_span_t purpose);

typedef struct {
    bool is_ip;
    lp_span_t value; // a DNS name as somebody wrote it; 4 or 16 bytes of an address
} lp_x509_name_t;

// Takes the next DNS name or address off the front of *names; false: there is none left.
bool lp_x509_next_name(lp_span_t *names, lp_x509_name_t *name);
// Whether the certificate is for this host name: by its alternative names, and without any by its
// common name. Case does not count, and "*." stands for one label.
// @source RFC 6125, section 6.4
bool lp_x509_is_host(const lp_x509_t *cert, const lp_x509_ext_t *ext, lp_span_t host);
// The same for the 4 or 16 bytes of an address; a common name is no address.
bool lp_x509_is_address(const lp_x509_ext_t *ext, lp_span_t address);

// The value of the last commonName in a Name (`issuer` or `subject`). LP_E_NOT_FOUND, LP_E_FORMAT.
lp_err_t lp_x509_common_name(lp_span_t name, lp_span_t *cn);

// SubjectPublicKeyInfo for a P-256 key from X||Y. LP_E_NOSPACE: nothing was appended.
enum { LP_P256_SPKI_LEN = 91 };
lp_err_t lp_p256_spki(lp_buf_t *out, const uint8_t point[LP_P256_POINT_LEN]);

// What a certificate request says. Both names: 1..64 characters.
typedef struct {
    lp_span_t common_name;   // UTF-8
    lp_span_t serial_number; // optional (empty); letters, digits and ' ()+,-./:=?
    const uint8_t *point;    // X||Y, 64 bytes
} lp_csr_t;

// Worst cases for 64 characters of four bytes and a serial number of 64.
enum { LP_CSR_TBS_MAX = 512, LP_CSR_MAX = 640 };

// Appends the CertificationRequestInfo, which is what the key must sign (SHA-256 over these bytes).
// LP_E_INVALID: a name is empty, too long or has a forbidden character; LP_E_NOSPACE.
lp_err_t lp_csr_build(lp_buf_t *out, const lp_csr_t *csr);
// Appends the finished request: `info` as built, signature r||s over SHA-256(info).
// LP_E_RANGE: r or s is zero; LP_E_NOSPACE. Nothing was appended then.
lp_err_t lp_csr_finish(lp_buf_t *out, lp_span_t info, const uint8_t signature[64]);

#endif
