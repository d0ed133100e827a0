// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "bearssl.h"

static br_ssl_server_context ssl;
static br_x509_minimal_context chain;
static unsigned char buffers[BR_SSL_BUFSIZE_BIDI];

bool server_init(void)
{
    static const br_x509_certificate own = {.data = pki_server, .data_len = sizeof pki_server};
    static const br_ec_private_key key = {
        .curve = BR_EC_secp256r1, .x = pki_server_scalar, .xlen = sizeof pki_server_scalar};
    br_ssl_server_zero(&ssl);
    bear_engine(&ssl.eng, &chain);
    br_ssl_server_set_single_ec(&ssl, &own, 1, &key, BR_KEYTYPE_SIGN, BR_KEYTYPE_EC,
                                &br_ec_p256_m15, br_ecdsa_i15_sign_asn1);
    br_ssl_server_set_trust_anchor_names_alt(&ssl, &bear_root, 1);
    br_ssl_engine_set_buffer(&ssl.eng, buffers, sizeof buffers, 1);
    return br_ssl_server_reset(&ssl) == 1;
}

side_state_t server_turn(void)
{
    return bear_turn(&ssl.eng, TO_CLIENT);
}

bool server_has(const void *data, size_t len)
{
    size_t got;
    const unsigned char *buf = br_ssl_engine_recvapp_buf(&ssl.eng, &got);
    return buf != NULL && got == len && memcmp(buf, data, len) == 0 && wire_is_empty(TO_SERVER);
}
