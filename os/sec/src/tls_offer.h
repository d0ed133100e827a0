// SPDX-License-Identifier: Apache-2.0
// What is offered to a server: one of tls_offer.c and tls_offer_small.c, as mbedTLS was built.
#ifndef LP_SEC_TLS_OFFER_H
#define LP_SEC_TLS_OFFER_H

#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>

extern const mbedtls_ssl_protocol_version lp_tls_newest_version;
extern const int lp_tls_suites[];
extern const uint16_t lp_tls_groups[];      // the key exchange is in software
extern const uint16_t lp_tls_groups_auto[]; // in the chip where the server lets it
extern const uint16_t lp_tls_groups_chip[]; // in the chip
extern const uint16_t lp_tls_signatures[];
extern const mbedtls_x509_crt_profile lp_tls_cert_profile;

// 0, or what mbedTLS said.
int lp_tls_offer_short_records(mbedtls_ssl_config *conf);

#endif
