// SPDX-License-Identifier: Apache-2.0
// The templates of emulated Trust parts, byte by byte, and the root above them.
// @source docs/chip-emulator.md, "Certificates"; RFC 5280
#include "limpet/atecc_trust.h"

// Places to be filled.
#define ZEROS_4  0, 0, 0, 0
#define ZEROS_13 ZEROS_4, ZEROS_4, ZEROS_4, 0
#define ZEROS_16 ZEROS_4, ZEROS_4, ZEROS_4, ZEROS_4
#define ZEROS_18 ZEROS_16, 0, 0
#define ZEROS_20 ZEROS_16, ZEROS_4
#define ZEROS_64 ZEROS_16, ZEROS_16, ZEROS_16, ZEROS_16

enum { TEMPLATE_DEVICE = 0, TEMPLATE_SIGNER = 1, CHAIN_EMULATED = 15, HEADER = 4, ALGORITHM = 12 };

// clang-format off
// What both have.
// algorithm: ecdsa-with-SHA256
#define ECDSA_SHA256 \
    0x30, 0x0A, \
    0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02
// O: Limpet Chip Emulator
#define ORGANISATION \
    0x31, 0x1D, \
    0x30, 0x1B, \
    0x06, 0x03, 0x55, 0x04, 0x0A, \
    0x0C, 0x14, \
    'L', 'i', 'm', 'p', 'e', 't', ' ', 'C', 'h', 'i', 'p', ' ', 'E', 'm', 'u', 'l', 'a', 't', 'o', 'r'
// CN: Emulated Trust Signer, SIGNER_ID
#define SIGNER_CN \
    0x31, 0x23, \
    0x30, 0x21, \
    0x06, 0x03, 0x55, 0x04, 0x03, \
    0x0C, 0x1A, \
    'E', 'm', 'u', 'l', 'a', 't', 'e', 'd', ' ', 'T', 'r', 'u', 's', 't', ' ', 'S', 'i', 'g', 'n', 'e', 'r', ' ', \
    ZEROS_4
// validity: two UTCTimes, NOT_BEFORE and NOT_AFTER
#define VALIDITY \
    0x30, 0x1E, \
    0x17, 0x0D, \
    ZEROS_13, \
    0x17, 0x0D, \
    ZEROS_13
// subjectPublicKeyInfo: ecPublicKey, prime256v1, PUBLIC_KEY
#define KEY_INFO \
    0x30, 0x59, \
    0x30, 0x13, \
    0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, \
    0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, \
    0x03, 0x42, \
    0x00, 0x04, \
    ZEROS_64
// subjectKeyIdentifier and authorityKeyIdentifier
#define KEY_IDS \
    0x30, 0x1D, \
    0x06, 0x03, 0x55, 0x1D, 0x0E, \
    0x04, 0x16, \
    0x04, 0x14, \
    ZEROS_20, \
    0x30, 0x1F, \
    0x06, 0x03, 0x55, 0x1D, 0x23, \
    0x04, 0x18, \
    0x30, 0x16, \
    0x80, 0x14, \
    ZEROS_20
// version 3, SERIAL
#define VERSION_AND_SERIAL \
    0xA0, 0x03, \
    0x02, 0x01, 0x02, \
    0x02, 0x10, \
    ZEROS_16

static const uint8_t device_prefix[] = {
    0x30, 0x82, 0x00, 0x00, // Certificate; its length comes with the signature
    0x30, 0x82, 0x01, 0x86, // TBSCertificate
    VERSION_AND_SERIAL,
    ECDSA_SHA256,
    0x30, 0x44, // issuer
    ORGANISATION,
    SIGNER_CN,
    VALIDITY,
    0x30, 0x3E, // subject
    ORGANISATION,
    0x31, 0x1D, // CN
    0x30, 0x1B,
    0x06, 0x03, 0x55, 0x04, 0x03,
    0x0C, 0x14,
    's', 'n',
    ZEROS_18, // DEVICE_SERIAL
    KEY_INFO,
    0xA3, 0x60, // extensions
    0x30, 0x5E,
    0x30, 0x0C, // basicConstraints
    0x06, 0x03, 0x55, 0x1D, 0x13,
    0x01, 0x01, 0xFF, // critical
    0x04, 0x02,
    0x30, 0x00, // no CA
    0x30, 0x0E, // keyUsage
    0x06, 0x03, 0x55, 0x1D, 0x0F,
    0x01, 0x01, 0xFF, // critical
    0x04, 0x04,
    0x03, 0x02, 0x03, 0x88, // digitalSignature, keyAgreement
    KEY_IDS,
    ECDSA_SHA256,
};

static const lp_atecc_cert_place_t device_places[] = {
    {LP_ATECC_CERT_SERIAL, 15, 16},
    {LP_ATECC_CERT_SIGNER_ID, 109, 4},
    {LP_ATECC_CERT_NOT_BEFORE, 117, 13},
    {LP_ATECC_CERT_NOT_AFTER, 132, 13},
    {LP_ATECC_CERT_DEVICE_SERIAL, 191, 18},
    {LP_ATECC_CERT_PUBLIC_KEY, 236, 64},
    {LP_ATECC_CERT_SUBJECT_KEY_ID, 345, 20},
    {LP_ATECC_CERT_AUTHORITY_KEY_ID, 378, 20},
};

static const uint8_t signer_prefix[] = {
    0x30, 0x82, 0x00, 0x00, // Certificate; its length comes with the signature
    0x30, 0x82, 0x01, 0x8B, // TBSCertificate
    VERSION_AND_SERIAL,
    ECDSA_SHA256,
    0x30, 0x3D, // issuer
    ORGANISATION,
    0x31, 0x1C, // CN
    0x30, 0x1A,
    0x06, 0x03, 0x55, 0x04, 0x03,
    0x0C, 0x13,
    'E', 'm', 'u', 'l', 'a', 't', 'e', 'd', ' ', 'T', 'r', 'u', 's', 't', ' ', 'R', 'o', 'o', 't',
    VALIDITY,
    0x30, 0x44, // subject
    ORGANISATION,
    SIGNER_CN,
    KEY_INFO,
    0xA3, 0x66, // extensions
    0x30, 0x64,
    0x30, 0x12, // basicConstraints
    0x06, 0x03, 0x55, 0x1D, 0x13,
    0x01, 0x01, 0xFF, // critical
    0x04, 0x08,
    0x30, 0x06, 0x01, 0x01, 0xFF, 0x02, 0x01, 0x00, // CA, path length 0
    0x30, 0x0E, // keyUsage
    0x06, 0x03, 0x55, 0x1D, 0x0F,
    0x01, 0x01, 0xFF, // critical
    0x04, 0x04,
    0x03, 0x02, 0x01, 0x06, // keyCertSign, cRLSign
    KEY_IDS,
    ECDSA_SHA256,
};

static const lp_atecc_cert_place_t signer_places[] = {
    {LP_ATECC_CERT_SERIAL, 15, 16},
    {LP_ATECC_CERT_NOT_BEFORE, 110, 13},
    {LP_ATECC_CERT_NOT_AFTER, 125, 13},
    {LP_ATECC_CERT_SIGNER_ID, 204, 4},
    {LP_ATECC_CERT_PUBLIC_KEY, 235, 64},
    {LP_ATECC_CERT_SUBJECT_KEY_ID, 350, 20},
    {LP_ATECC_CERT_AUTHORITY_KEY_ID, 383, 20},
};
// clang-format on

const lp_atecc_cert_template_t lp_atecc_trust_device = {
    .prefix = {device_prefix, sizeof device_prefix},
    .tbs_len = sizeof device_prefix - HEADER - ALGORITHM,
    .template_id = TEMPLATE_DEVICE,
    .chain_id = CHAIN_EMULATED,
    .places = device_places,
    .places_len = sizeof device_places / sizeof device_places[0]};

const lp_atecc_cert_template_t lp_atecc_trust_signer = {
    .prefix = {signer_prefix, sizeof signer_prefix},
    .tbs_len = sizeof signer_prefix - HEADER - ALGORITHM,
    .template_id = TEMPLATE_SIGNER,
    .chain_id = CHAIN_EMULATED,
    .places = signer_places,
    .places_len = sizeof signer_places / sizeof signer_places[0]};

const uint8_t lp_atecc_trust_root_pub[64] = {
    0xD1, 0xD9, 0xC4, 0xAB, 0x8B, 0x17, 0x31, 0xC4, 0xA8, 0xB5, 0xB9, 0x2D, 0xF7, 0xC7, 0x0D, 0x12,
    0xB5, 0xE5, 0x2B, 0x52, 0xF6, 0x9A, 0xFF, 0x7B, 0x49, 0x32, 0xC2, 0x82, 0xEF, 0xA1, 0x7C, 0xAA,
    0xF5, 0xFD, 0xAD, 0x00, 0x0F, 0xAD, 0xD6, 0x80, 0xA8, 0x4F, 0x32, 0x2D, 0x53, 0x7F, 0x70, 0x3C,
    0xF2, 0xEB, 0xF1, 0x6D, 0x55, 0x0A, 0x3A, 0xC0, 0x41, 0x40, 0xC3, 0x07, 0xC2, 0x0B, 0x2D, 0x8C};
