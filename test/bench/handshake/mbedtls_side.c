// SPDX-License-Identifier: Apache-2.0
// What an application does that has mbedTLS alone.
#include "mbedtls.h"

#include <mbedtls/platform.h>

static int numbers(void *ctx, unsigned char *out, size_t len)
{
    (void)ctx;
    wire_numbers(out, len);
    return 0;
}

static int put(void *ctx, const unsigned char *data, size_t len)
{
    const side_way_t *way = ctx;
    size_t n = wire_put(*way, data, len);
    return n > 0 ? (int)n : MBEDTLS_ERR_SSL_WANT_WRITE;
}

static int take(void *ctx, unsigned char *buf, size_t cap)
{
    const side_way_t *way = ctx;
    size_t n = wire_take(*way == TO_SERVER ? TO_CLIENT : TO_SERVER, buf, cap);
    return n > 0 ? (int)n : MBEDTLS_ERR_SSL_WANT_READ;
}

static bool has_identity(mbed_t *side, const mbed_who_t *who)
{
    return mbedtls_x509_crt_parse_der(&side->root, pki_root, sizeof pki_root) == 0 &&
           mbedtls_x509_crt_parse_der(&side->cert, who->cert, who->cert_len) == 0 &&
           mbedtls_pk_parse_key(&side->key, who->key, who->key_len, NULL, 0, numbers, NULL) == 0 &&
           mbedtls_ssl_conf_own_cert(&side->config, &side->cert, &side->key) == 0;
}

mbed_t *mbed_open(const mbed_who_t *who)
{
    mbed_t *side = mbedtls_calloc(1, sizeof *side);
    if (side == NULL) {
        return NULL;
    }
    mbedtls_ssl_init(&side->ssl);
    mbedtls_ssl_config_init(&side->config);
    mbedtls_x509_crt_init(&side->root);
    mbedtls_x509_crt_init(&side->cert);
    mbedtls_pk_init(&side->key);
    bool is_ready =
        mbedtls_ssl_config_defaults(&side->config, who->endpoint, MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) == 0 &&
        has_identity(side, who);
    mbedtls_ssl_conf_authmode(&side->config, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_ca_chain(&side->config, &side->root, NULL);
    mbedtls_ssl_conf_rng(&side->config, numbers, NULL);
    return is_ready && mbedtls_ssl_setup(&side->ssl, &side->config) == 0 ? side : NULL;
}

void mbed_wire(mbed_t *side, side_way_t *way)
{
    mbedtls_ssl_set_bio(&side->ssl, way, put, take, NULL);
}

side_state_t mbed_turn(mbed_t *side)
{
    int rc = mbedtls_ssl_handshake(&side->ssl);
    if (rc == 0) {
        return SIDE_OPEN;
    }
    return rc == MBEDTLS_ERR_SSL_WANT_READ || rc == MBEDTLS_ERR_SSL_WANT_WRITE ? SIDE_GOING
                                                                               : SIDE_FAILED;
}
