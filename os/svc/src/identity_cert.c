// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "limpet/hex.h"
#include "limpet/settings.h"
#include "limpet/sha256.h"
#include "limpet/svc_identity.h"

// The certificate decoded over its text, which is longer. False: there is none that can be read.
static bool read_der(const lp_config_t *config, uint8_t der[LP_SETTINGS_CERT_MAX], lp_buf_t *out)
{
    lp_span_t text = lp_span(der, lp_config_len(config, "identity.cert"));
    return text.len <= LP_SETTINGS_CERT_MAX &&
           lp_config_read(config, "identity.cert", 0, der, text.len) == LP_OK &&
           lp_pem_decode(&text, "CERTIFICATE", out) == LP_OK;
}

void lp_identity_cert_id(const uint8_t digest[LP_SHA256_LEN], char id[LP_CERT_ID_BYTES])
{
    lp_buf_t out = lp_buf(id, LP_CERT_ID_BYTES - 1);
    (void)lp_hex_encode(&out, lp_span(digest, LP_SHA256_LEN));
    id[LP_CERT_ID_BYTES - 1] = '\0';
}

void lp_identity_hash_cert(const lp_config_t *config, uint8_t digest[LP_SHA256_LEN])
{
    uint8_t der[LP_SETTINGS_CERT_MAX];
    lp_buf_t out = lp_buf(der, sizeof der);
    memset(digest, 0, LP_SHA256_LEN);
    if (read_der(config, der, &out)) {
        lp_sha256(lp_buf_span(&out), digest);
    }
}

void lp_identity_read_cert(const lp_config_t *config, lp_identity_cert_t *cert)
{
    uint8_t der[LP_SETTINGS_CERT_MAX];
    uint8_t digest[LP_SHA256_LEN];
    lp_buf_t out = lp_buf(der, sizeof der);
    lp_x509_t x509;
    *cert = (lp_identity_cert_t){0};
    if (!read_der(config, der, &out) || lp_x509_read(lp_buf_span(&out), &x509) != LP_OK) {
        return;
    }
    lp_sha256(lp_buf_span(&out), digest);
    lp_identity_cert_id(digest, cert->id);
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
