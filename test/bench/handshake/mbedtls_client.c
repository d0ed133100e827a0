// SPDX-License-Identifier: Apache-2.0
#include "mbedtls.h"

const char side_library[] = "mbedtls";

static mbed_t *client;
static side_way_t way = TO_SERVER;

bool client_init(void)
{
    static const mbed_who_t who = {.cert = pki_client,
                                   .cert_len = sizeof pki_client,
                                   .key = pki_client_key,
                                   .key_len = sizeof pki_client_key,
                                   .endpoint = MBEDTLS_SSL_IS_CLIENT};
    heap_of(TO_SERVER);
    client = mbed_open(&who);
    if (client == NULL || mbedtls_ssl_set_hostname(&client->ssl, "localhost") != 0) {
        return false;
    }
    mbed_wire(client, &way);
    return true;
}

side_state_t client_turn(void)
{
    heap_of(TO_SERVER);
    return mbed_turn(client);
}

bool client_send(const void *data, size_t len)
{
    heap_of(TO_SERVER);
    return mbedtls_ssl_write(&client->ssl, data, len) == (int)len;
}

size_t client_ram_peak(void)
{
    heap_of(TO_SERVER);
    return heap_peak();
}

size_t client_ram_now(void)
{
    heap_of(TO_SERVER);
    return heap_now();
}
