// SPDX-License-Identifier: Apache-2.0
// Spare RSA keys: each is used once, and the pool fills up, ends and starts again.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "../../../cloud/registry/keypool.h"

enum { MANY = 3 * LP_KEYPOOL_SPARES, WAIT_S = 300 };

static void wait_until_full(void)
{
    time_t end = time(NULL) + WAIT_S;
    while (lp_keypool_ready() < LP_KEYPOOL_SPARES) {
        assert_true(time(NULL) < end);
        struct timespec t = {.tv_nsec = 5000000};
        nanosleep(&t, NULL);
    }
}

static EVP_PKEY *take(void)
{
    EVP_PKEY *key = lp_keypool_take();
    assert_non_null(key);
    assert_int_equal(EVP_PKEY_base_id(key), EVP_PKEY_RSA);
    assert_int_equal(EVP_PKEY_bits(key), 2048);
    return key;
}

static void keys_are_ready_and_used_once(void **state)
{
    (void)state;
    EVP_PKEY *keys[MANY];
    assert_int_equal(lp_keypool_ready(), 0); // who asks for none pays nothing
    keys[0] = take();
    wait_until_full();
    for (size_t i = 1; i < MANY; i++) { // more than there are: the rest is made on the spot
        keys[i] = take();
    }
    for (size_t i = 0; i < MANY; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(EVP_PKEY_eq(keys[i], keys[j]), 1);
        }
    }
    for (size_t i = 0; i < MANY; i++) {
        EVP_PKEY_free(keys[i]);
    }
    wait_until_full();
    lp_keypool_stop();
}

static void a_pool_ends_and_starts_again(void **state)
{
    (void)state;
    lp_keypool_stop(); // none is running
    for (int i = 0; i < 3; i++) {
        EVP_PKEY_free(take());
        lp_keypool_stop(); // in the middle of the next key
        assert_int_equal(lp_keypool_ready(), 0);
    }
    EVP_PKEY_free(take());
    wait_until_full();
    lp_keypool_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_ready_and_used_once),
        cmocka_unit_test(a_pool_ends_and_starts_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
