// SPDX-License-Identifier: Apache-2.0
// What a small board offers: one suite, one curve. It is what the chip can do, what AWS IoT takes,
// and the fastest on a core without a long multiplier.
#include "tls_offer.h"

#define P256_ONLY                                                                                  \
    {                                                                                              \
        MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1, MBEDTLS_SSL_IANA_TLS_GROUP_NONE                      \
    }

const mbedtls_ssl_protocol_version lp_tls_newest_version = MBEDTLS_SSL_VERSION_TLS1_2;
const int lp_tls_suites[] = {MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, 0};
const uint16_t lp_tls_groups[] = P256_ONLY;
const uint16_t lp_tls_groups_auto[] = P256_ONLY;
const uint16_t lp_tls_groups_chip[] = P256_ONLY;
const uint16_t lp_tls_signatures[] = {MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256,
                                      MBEDTLS_TLS1_3_SIG_NONE};
const mbedtls_x509_crt_profile lp_tls_cert_profile = {
    .allowed_mds = MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA256),
    .allowed_pks = 0xFFFFFFF,
    .allowed_curves = MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP256R1),
    .rsa_min_bitlen = 2048,
};

int lp_tls_offer_short_records(mbedtls_ssl_config *conf)
{
    (void)conf;
    return 0;
}
