// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/hmac.h>

#include "limpet/hmac.h"

// Messages around the block size, in one piece and byte by byte.
static void hmac_of_any_length_is_openssls(void **state)
{
    (void)state;
    uint8_t key[32], message[200];
    for (size_t i = 0; i < sizeof message; i++) {
        message[i] = (uint8_t)(i * 37);
        key[i % sizeof key] = (uint8_t)(i * 11 + 1);
    }
    for (size_t len = 0; len <= sizeof message; len++) {
        uint8_t expected[32], mac[32], pieces[32];
        unsigned got = 0;
        lp_hmac_t m;
        assert_non_null(HMAC(EVP_sha256(), key, sizeof key, message, len, expected, &got));
        lp_hmac_sha256_init(&m, key);
        lp_hmac_sha256_update(&m, lp_span(message, len));
        lp_hmac_sha256_final(&m, mac);
        assert_memory_equal(mac, expected, sizeof mac);
        lp_hmac_sha256_init(&m, key);
        for (size_t i = 0; i < len; i++) {
            lp_hmac_sha256_update(&m, lp_span(message + i, 1));
        }
        lp_hmac_sha256_final(&m, pieces);
        assert_memory_equal(pieces, expected, sizeof pieces);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(hmac_of_any_length_is_openssls)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
