// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "mbedtls.h"

static mbed_t *server;
static side_way_t way = TO_CLIENT;

bool server_init(void)
{
    static const mbed_who_t who = {.cert = pki_server,
                                   .cert_len = sizeof pki_server,
                                   .key = pki_server_key,
                                   .key_len = sizeof pki_server_key,
                                   .endpoint = MBEDTLS_SSL_IS_SERVER};
    heap_of(TO_CLIENT);
    server = mbed_open(&who);
    if (server == NULL) {
        return false;
    }
    mbed_wire(server, &way);
    return true;
}

side_state_t server_turn(void)
{
    heap_of(TO_CLIENT);
    return mbed_turn(server);
}

bool server_has(const void *data, size_t len)
{
    unsigned char got[128];
    heap_of(TO_CLIENT);
    return mbedtls_ssl_read(&server->ssl, got, sizeof got) == (int)len &&
           memcmp(got, data, len) == 0 && wire_is_empty(TO_SERVER);
}
