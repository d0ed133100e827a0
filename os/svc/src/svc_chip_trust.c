// SPDX-License-Identifier: Apache-2.0
// The certificates that a Trust&GO or TrustFLEX part brings along.
#include "limpet/pem.h"
#include "svc_chip_internal.h"

static const char label[] = "CERTIFICATE";

static lp_err_t put_pem(lp_json_writer_t *w, const char *name, lp_span_t der)
{
    uint8_t pem[LP_PEM_LEN(LP_ATECC_TRUST_CERT_MAX, sizeof label)];
    lp_buf_t text = lp_buf(pem, sizeof pem);
    const lp_err_t err = lp_pem_encode(&text, label, der);
    if (err == LP_OK) {
        lp_json_put_key(w, name);
        lp_json_put_span(w, lp_buf_span(&text));
    }
    return err;
}

lp_err_t lp_svc_chip_put_certificates(const lp_svc_chip_t *svc, lp_rpc_req_t *req)
{
    uint8_t device_der[LP_ATECC_TRUST_CERT_MAX];
    uint8_t signer_der[LP_ATECC_TRUST_CERT_MAX];
    lp_buf_t device = lp_buf(device_der, sizeof device_der);
    lp_buf_t signer = lp_buf(signer_der, sizeof signer_der);
    lp_err_t err =
        lp_atecc_trust_build(&svc->trust_, &lp_atecc_trust_device, &lp_atecc_trust_signer,
                             lp_atecc_trust_root_pub, &device, &signer);
    if (err != LP_OK) {
        return err;
    }
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_object(w);
    err = put_pem(w, "certificate", lp_buf_span(&device));
    if (err == LP_OK) {
        err = put_pem(w, "signer", lp_buf_span(&signer));
    }
    lp_json_put_object_end(w);
    return err;
}
