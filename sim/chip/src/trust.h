// SPDX-License-Identifier: Apache-2.0
// Inside: X.509 certificates of Trust parts. variant.c issues, trust.c keeps and rebuilds,
// trust_x509.c knows what is in them.
#ifndef LP_CHIPSIM_TRUST_INTERNAL_H
#define LP_CHIPSIM_TRUST_INTERNAL_H

#include "internal.h"
#include "limpet/chipsim_trust.h"

typedef struct {
    uint8_t bytes[LP_CHIPSIM_CERT_MAX];
    size_t len;
} lp_cs_der_t;

// Everything that differs from one certificate to the next.
typedef struct {
    lp_chipsim_cert_t kind;
    uint8_t dates[3];      // packed
    uint8_t signer_id[2];  // device: of who signed it; signer: its own
    uint8_t serial[9];     // of the chip
    uint8_t pub[64];       // the subject's
    uint8_t authority[64]; // the issuer's
} lp_cs_cert_t;

// What is to be signed, as DER.
void lp_cs_cert_tbs(const lp_cs_cert_t *cert, lp_cs_der_t *out);
// With the signature behind it.
void lp_cs_cert_whole(const lp_cs_cert_t *cert, const uint8_t rs[64], lp_cs_der_t *out);

// Signs for the private keys of slots 0 and `signer`, whose scalar goes nowhere else, and fills
// slots 10 to 12. False: a key is no key.
bool lp_cs_trust_issue(lp_chipsim_image_t *image, const uint8_t signer[32]);

#endif
