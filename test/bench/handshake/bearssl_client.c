// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "bearssl.h"

enum { IN_BYTES = 4096, OUT_BYTES = 2048 };

const char side_library[] = "bearssl";

static struct {
    br_ssl_client_context ssl;
    br_x509_minimal_context chain;
    // What a record has besides its content: BR_SSL_BUFSIZE_INPUT, BR_SSL_BUFSIZE_OUTPUT.
    unsigned char in[IN_BYTES + BR_SSL_BUFSIZE_INPUT - 16384];
    unsigned char out[OUT_BYTES + BR_SSL_BUFSIZE_OUTPUT - 16384];
} client;

bool client_init(void)
{
    static const br_x509_certificate own = {.data = pki_client, .data_len = sizeof pki_client};
    static const br_ec_private_key key = {
        .curve = BR_EC_secp256r1, .x = pki_client_scalar, .xlen = sizeof pki_client_scalar};
    br_ssl_client_zero(&client.ssl);
    bear_engine(&client.ssl.eng, &client.chain);
    br_ssl_client_set_single_ec(&client.ssl, &own, 1, &key, BR_KEYTYPE_SIGN, BR_KEYTYPE_EC,
                                &br_ec_p256_m15, br_ecdsa_i15_sign_asn1);
    br_ssl_engine_set_buffers_bidi(&client.ssl.eng, client.in, sizeof client.in, client.out,
                                   sizeof client.out);
    return br_ssl_client_reset(&client.ssl, "localhost", 0) == 1;
}

side_state_t client_turn(void)
{
    return bear_turn(&client.ssl.eng, TO_SERVER);
}

bool client_send(const void *data, size_t len)
{
    size_t room;
    unsigned char *buf = br_ssl_engine_sendapp_buf(&client.ssl.eng, &room);
    if (buf == NULL || room < len) {
        return false;
    }
    memcpy(buf, data, len);
    br_ssl_engine_sendapp_ack(&client.ssl.eng, len);
    br_ssl_engine_flush(&client.ssl.eng, 0);
    return client_turn() == SIDE_OPEN;
}

size_t client_ram_peak(void)
{
    return sizeof client;
}

size_t client_ram_now(void)
{
    return sizeof client;
}
