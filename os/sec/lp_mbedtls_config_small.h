// SPDX-License-Identifier: Apache-2.0
// How mbedTLS is built for boards with some tens of KB of RAM: TLS 1.2 with
// ECDHE-ECDSA-AES128-GCM-SHA256 on P-256, which AWS IoT and every broker with an ECDSA certificate
// speak, and nothing else. No RSA, so no big numbers; the curve is os/crypto's.
//
// A record of the server may have 4 KB; a longer one ends the connection (record_overflow).
// docs/memory.md says which chains and messages that is enough for.
#ifndef LP_MBEDTLS_CONFIG_SMALL_H
#define LP_MBEDTLS_CONFIG_SMALL_H

#include "lp_mbedtls_common.h"

// PSA decides what is built in: lp_psa_config_small.h.
#define MBEDTLS_PSA_CRYPTO_C
#define MBEDTLS_PSA_CRYPTO_CONFIG
#define MBEDTLS_PSA_CRYPTO_CONFIG_FILE   "lp_psa_config_small.h"
#define MBEDTLS_PSA_P256M_DRIVER_ENABLED // the functions are ours: tls_p256.c
#define MBEDTLS_USE_PSA_CRYPTO
#define MBEDTLS_PSA_KEY_SLOT_COUNT 10

#define MBEDTLS_AES_C
#define MBEDTLS_AES_ROM_TABLES
#define MBEDTLS_AES_FEWER_TABLES
#define MBEDTLS_AES_ONLY_128_BIT_KEY_LENGTH
#define MBEDTLS_BLOCK_CIPHER_NO_DECRYPT
#define MBEDTLS_MD_C
#define MBEDTLS_PK_C
#define MBEDTLS_PK_PARSE_C

#define MBEDTLS_ASN1_PARSE_C
#define MBEDTLS_ASN1_WRITE_C
#define MBEDTLS_OID_C
#define MBEDTLS_X509_USE_C
#define MBEDTLS_X509_CRT_PARSE_C
#define MBEDTLS_X509_REMOVE_INFO

#define MBEDTLS_SSL_TLS_C
#define MBEDTLS_SSL_CLI_C
#define MBEDTLS_SSL_PROTO_TLS1_2
#define MBEDTLS_KEY_EXCHANGE_ECDHE_ECDSA_ENABLED
#define MBEDTLS_SSL_TLS1_2_SOME_ECC // 3.6 derives it from its own ECDH, which is not built
#define MBEDTLS_SSL_EXTENDED_MASTER_SECRET
#define MBEDTLS_SSL_SERVER_NAME_INDICATION
#define MBEDTLS_SSL_ALPN
#define MBEDTLS_SSL_SESSION_TICKETS
#define MBEDTLS_SSL_KEEP_PEER_CERTIFICATE
#if !defined(LP_TLS_IN_BYTES) // tools/bench-records tries others
#define LP_TLS_IN_BYTES 4096
#endif
#define MBEDTLS_SSL_IN_CONTENT_LEN  LP_TLS_IN_BYTES
#define MBEDTLS_SSL_OUT_CONTENT_LEN 1024 // longer writes are several records

#endif
