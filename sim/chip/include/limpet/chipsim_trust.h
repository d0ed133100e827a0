// SPDX-License-Identifier: Apache-2.0
// limpet/chipsim_trust.h - the certificates of an emulated Trust&GO or TrustFLEX part.
//
//   slot 10  the device's certificate, compressed to 72 bytes      signed by the signer
//   slot 11  the signer's public key
//   slot 12  the signer's certificate, compressed                  signed by the emulated root
//
// Compressed as the public note says. What a compressed certificate leaves out is a template, and
// that of Microchip's parts is not public: the names and extensions here are the emulator's own
// (docs/chip-emulator.md, "Parts that come locked"). The root's private key is the same in every
// copy of this program, so its signature proves nothing: never trust it outside of tests.
//
// @source DS20006367A, sections 2 and 3; DS40002112B, section 2.2.1.2
#ifndef LIMPET_CHIPSIM_TRUST_H
#define LIMPET_CHIPSIM_TRUST_H

#include "limpet/chipsim.h"

typedef enum {
    LP_CHIPSIM_CERT_DEVICE, // of the private key in slot 0
    LP_CHIPSIM_CERT_SIGNER,
    LP_CHIPSIM_CERT_ROOT, // the same for every part
    LP_CHIPSIM_CERTS,
} lp_chipsim_cert_t;

enum { LP_CHIPSIM_CERT_MAX = 640 }; // bytes of DER, the longest

// The whole X.509 certificate, rebuilt from the slots, as DER. `der` has room for
// LP_CHIPSIM_CERT_MAX bytes; *len gets how many there are.
// LP_E_NOT_FOUND: not a part with such certificates. LP_E_FORMAT: the slots hold something else
// than what was put there: the signature is not that of the next certificate up.
lp_err_t lp_chipsim_certificate(const lp_chipsim_image_t *image, lp_chipsim_cert_t which,
                                uint8_t *der, size_t *len);

#endif
