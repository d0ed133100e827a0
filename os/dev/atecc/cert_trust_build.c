// SPDX-License-Identifier: Apache-2.0
// What was read from a Trust part, and its templates: two certificates.
#include "limpet/atecc_trust.h"

lp_err_t lp_atecc_trust_build(const lp_atecc_trust_t *trust,
                              const lp_atecc_cert_template_t *device_template,
                              const lp_atecc_cert_template_t *signer_template,
                              const uint8_t root_pub[64], lp_buf_t *device, lp_buf_t *signer)
{
    const size_t start = device->len;
    const lp_atecc_cert_inputs_t of_device = {
        .pub = trust->pub, .authority_pub = trust->signer_pub, .device_serial = trust->serial};
    const lp_atecc_cert_inputs_t of_signer = {.pub = trust->signer_pub, .authority_pub = root_pub};
    lp_err_t err = lp_atecc_cert_build(device_template, trust->device, &of_device, device);
    if (err == LP_OK) {
        err = lp_atecc_cert_build(signer_template, trust->signer, &of_signer, signer);
        device->len = err == LP_OK ? device->len : start;
    }
    return err;
}
