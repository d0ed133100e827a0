// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "limpet/hex.h"
#include "limpet/settings.h"
#include "limpet/sha256.h"
#include "limpet/svc_identity.h"

void lp_identity_read_cert(const lp_config_t *config, lp_identity_cert_t *cert)
{
    uint8_t der[LP_SETTINGS_CERT_MAX]; // decoded over its text, which is longer
    uint8_t digest[LP_SHA256_LEN];
    lp_buf_t out = lp_buf(der, sizeof der);
    lp_span_t text = lp_span(der, lp_config_len(config, "identity.cert"));
    lp_x509_t x509;
    *cert = (lp_identity_cert_t){0};
    if (text.len > sizeof der ||
        lp_config_read(config, "identity.cert", 0, der, text.len) != LP_OK ||
        lp_pem_decode(&text, "CERTIFICATE", &out) != LP_OK ||
        lp_x509_read(lp_buf_span(&out), &x509) != LP_OK) {
        return;
    }
    lp_sha256(lp_buf_span(&out), digest);
    lp_buf_t id = lp_buf(cert->id, LP_CERT_ID_BYTES - 1);
    (void)lp_hex_encode(&id, lp_span(digest, sizeof digest));
    cert->exists = true;
    cert->has_p256 = x509.p256.len == sizeof cert->public_key;
    if (cert->has_p256) {
        memcpy(cert->public_key, x509.p256.ptr, sizeof cert->public_key);
    }
}

bool lp_identity_is_match(const lp_identity_cert_t *cert, const uint8_t key[LP_KEY_PUBLIC_BYTES])
{
    return cert->has_p256 && memcmp(cert->public_key, key, LP_KEY_PUBLIC_BYTES) == 0;
}
