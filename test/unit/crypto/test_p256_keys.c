// SPDX-License-Identifier: Apache-2.0
// Public keys and ECDH against OpenSSL, with the scalars and points at which such code breaks.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "limpet/p256.h"
#include "reference.h"

enum { SMALL = 70, POWERS = 64, RANDOM = 60 };

// 1, 2 ... and n-1, n-2 ...: among them all digits of the tables, and n-2, for which the last
// addition is a doubling. Then powers of two, which are runs of one sign, and random ones.
static void scalar(uint8_t d[32], int i)
{
    if (i < SMALL) {
        ref_number(d, (uint64_t)i + 1);
    } else if (i < 2 * SMALL) {
        ref_below(d, ref_order(), (uint64_t)(i - SMALL) + 1);
    } else if (i < 2 * SMALL + POWERS) {
        int bit = 4 * (i - 2 * SMALL) + i % 4;
        memset(d, 0, 32);
        d[31 - bit / 8] = (uint8_t)(1 << bit % 8);
        if (bit >= 255) {
            ref_below(d, ref_order(), 1000);
        }
    } else {
        do {
            ref_random(d, 32);
        } while (lp_p256_check_private(d) != LP_OK);
    }
}

enum { SCALARS = 2 * SMALL + POWERS + RANDOM };

static void p256_public_of_any_scalar_is_openssls(void **state)
{
    (void)state;
    for (int i = 0; i < SCALARS; i++) {
        uint8_t d[32], pub[64], expected[64];
        scalar(d, i);
        assert_true(ref_mult(expected, d, NULL, NULL));
        assert_int_equal(lp_p256_public(d, pub), LP_OK);
        assert_memory_equal(pub, expected, sizeof pub);
    }
}

static void p256_ecdh_with_any_scalar_is_openssls(void **state)
{
    (void)state;
    static const uint8_t zero[32] = {0};
    for (int i = 0; i < SCALARS; i += 2) {
        uint8_t d[32], e[32], peer[64], secret[32], expected[64];
        scalar(d, i);
        scalar(e, (i * 7 + 3) % SCALARS);
        assert_true(ref_mult(peer, e, NULL, NULL));
        assert_true(ref_mult(expected, zero, d, peer));
        assert_int_equal(lp_p256_ecdh(d, peer, secret), LP_OK);
        assert_memory_equal(secret, expected, sizeof secret);
    }
}

// Coordinates near 0 and near p, where carries and the last subtraction show.
static void p256_ecdh_with_points_at_the_edges_is_openssls(void **state)
{
    (void)state;
    static const uint8_t zero[32] = {0};
    int found = 0;
    for (uint64_t i = 0; i < 80; i++) {
        uint8_t x[32], d[32], peer[64], secret[32], expected[64];
        i % 2 == 0 ? ref_number(x, i / 2) : ref_below(x, ref_prime(), i / 2 + 1);
        if (!ref_lift(peer, x)) {
            continue;
        }
        found++;
        scalar(d, SCALARS - 1);
        assert_true(ref_mult(expected, zero, d, peer));
        assert_int_equal(lp_p256_check_public(peer), LP_OK);
        assert_int_equal(lp_p256_ecdh(d, peer, secret), LP_OK);
        assert_memory_equal(secret, expected, sizeof secret);
    }
    assert_true(found > 20);
}

static void p256_ecdh_both_sides_agree(void **state)
{
    (void)state;
    uint8_t a[32], b[32], pub_a[64], pub_b[64], secret_a[32], secret_b[32];
    scalar(a, SCALARS);
    scalar(b, SCALARS);
    assert_int_equal(lp_p256_public(a, pub_a), LP_OK);
    assert_int_equal(lp_p256_public(b, pub_b), LP_OK);
    assert_int_equal(lp_p256_ecdh(a, pub_b, secret_a), LP_OK);
    assert_int_equal(lp_p256_ecdh(b, pub_a, secret_b), LP_OK);
    assert_memory_equal(secret_a, secret_b, sizeof secret_a);
}

static void p256_private_out_of_range_is_refused(void **state)
{
    (void)state;
    uint8_t good[32], pub[64], out[64], before[64];
    memset(out, 0xA5, sizeof out);
    memcpy(before, out, sizeof out);
    scalar(good, 5);
    assert_int_equal(lp_p256_public(good, pub), LP_OK);
    for (int i = 0; i < 5; i++) {
        uint8_t d[32];
        memset(d, i == 0 ? 0 : 0xFF, sizeof d);
        if (i >= 2) {
            BIGNUM *n = BN_dup(ref_order());
            BN_add_word(n, (BN_ULONG)i - 2);
            BN_bn2binpad(n, d, sizeof d);
            BN_free(n);
        }
        assert_int_equal(lp_p256_check_private(d), LP_E_RANGE);
        assert_int_equal(lp_p256_public(d, out), LP_E_RANGE);
        assert_int_equal(lp_p256_ecdh(d, pub, out), LP_E_RANGE);
        assert_int_equal(lp_p256_sign(d, good, NULL, 0, out), LP_E_RANGE);
        assert_memory_equal(out, before, sizeof out);
    }
}

// The attack with a point of another curve, and coordinates that are the same number plus p.
static void p256_point_off_the_curve_is_refused(void **state)
{
    (void)state;
    uint8_t d[32], pub[64], bad[64], out[32], before[32];
    memset(out, 0xA5, sizeof out);
    memcpy(before, out, sizeof out);
    scalar(d, 9);
    assert_int_equal(lp_p256_public(d, pub), LP_OK);
    for (int bit = 0; bit < 512; bit++) {
        memcpy(bad, pub, sizeof bad);
        bad[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(lp_p256_check_public(bad), LP_E_INVALID);
        assert_int_equal(lp_p256_ecdh(d, bad, out), LP_E_INVALID);
    }
    memset(bad, 0, sizeof bad);
    assert_int_equal(lp_p256_check_public(bad), LP_E_INVALID);
    memset(bad, 0xFF, sizeof bad);
    assert_int_equal(lp_p256_check_public(bad), LP_E_INVALID);
    assert_memory_equal(out, before, sizeof out);
}

static void p256_coordinate_above_p_is_refused(void **state)
{
    (void)state;
    int found = 0;
    for (uint64_t i = 0; i < 40; i++) {
        uint8_t x[32], point[64], same[64];
        ref_number(x, i);
        if (!ref_lift(point, x)) {
            continue;
        }
        found++;
        memcpy(same, point, sizeof same);
        BIGNUM *n = BN_dup(ref_prime());
        BN_add_word(n, i);
        BN_bn2binpad(n, same, 32);
        BN_free(n);
        assert_int_equal(lp_p256_check_public(point), LP_OK);
        assert_int_equal(lp_p256_check_public(same), LP_E_INVALID);
    }
    assert_true(found > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(p256_public_of_any_scalar_is_openssls),
        cmocka_unit_test(p256_ecdh_with_any_scalar_is_openssls),
        cmocka_unit_test(p256_ecdh_with_points_at_the_edges_is_openssls),
        cmocka_unit_test(p256_ecdh_both_sides_agree),
        cmocka_unit_test(p256_private_out_of_range_is_refused),
        cmocka_unit_test(p256_point_off_the_curve_is_refused),
        cmocka_unit_test(p256_coordinate_above_p_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
