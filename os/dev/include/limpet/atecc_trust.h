// SPDX-License-Identifier: Apache-2.0
// limpet/atecc_trust.h - the certificates that a Trust&GO or TrustFLEX part brings along: read
// from the chip alone and made whole.
//
//   slot 0   private key        slot 10  its certificate, compressed, by the signer
//   slot 11  signer's key       slot 12  the signer's certificate, compressed, by the root
//
// What belongs around the compressed bytes is a template, chosen by template and chain number in
// them. Those of Microchip's chains are not public; whoever has them gives them to
// lp_atecc_trust_build(). The ones here are of the parts that Limpet's chip emulator makes.
//
// @source DS40002112B, 2.2.1.2 and 2.2.3; DS20006367A; docs/chip-emulator.md
#ifndef LIMPET_ATECC_TRUST_H
#define LIMPET_ATECC_TRUST_H

#include "limpet/atecc_cert.h"

// What is in the chip. Nothing secret.
typedef struct {
    uint8_t serial[LP_ATECC_SERIAL_LEN];
    uint8_t device[LP_ATECC_CERT_LEN]; // slot 10
    uint8_t signer[LP_ATECC_CERT_LEN]; // slot 12
    uint8_t pub[64];                   // of slot 0
    uint8_t signer_pub[64];            // of slot 11
} lp_atecc_trust_t;

// Reads it: eleven commands. `out` lends until `done`; on an error its content means nothing.
// LP_E_CHIP_EXEC: no part of that kind, or not locked. @context loop
lp_err_t lp_atecc_trust_load(lp_atecc_t *chip, lp_atecc_req_t *req, lp_atecc_trust_t *out,
                             lp_atecc_done_fn *done, void *ctx);

// The device's certificate and its signer's, appended to `device` and `signer` as DER. `root_pub`
// is the key above the signer, 64 bytes. Errors as of lp_atecc_cert_build(), with nothing appended;
// LP_E_NOT_FOUND: a chain of which these templates are not; LP_E_INVALID: a serial number that is
// stored elsewhere. Signatures are not verified here.
lp_err_t lp_atecc_trust_build(const lp_atecc_trust_t *trust,
                              const lp_atecc_cert_template_t *device_template,
                              const lp_atecc_cert_template_t *signer_template,
                              const uint8_t root_pub[64], lp_buf_t *device, lp_buf_t *signer);

enum { LP_ATECC_TRUST_CERT_MAX = 500 }; // of the templates below, whole

// Parts made by `limpet chip new --variant tngtls` and `tflxtls`. Everybody can sign as this root:
// a certificate under it says nothing about a device.
extern const lp_atecc_cert_template_t lp_atecc_trust_device;
extern const lp_atecc_cert_template_t lp_atecc_trust_signer;
extern const uint8_t lp_atecc_trust_root_pub[64];

#endif
