// SPDX-License-Identifier: Apache-2.0
// The arithmetic below the curve against OpenSSL's numbers, at the bounds it is built on. Under
// UBSan a column that leaves 32 bits is a failure by itself.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "p256_fe.h"
#include "p256_invert.h"
#include "reference.h"

enum { ROUNDS = 2000 };

// Random numbers, with many near 0, near the modulus and with long runs of one bit.
static void number(uint8_t n[32], int i, const BIGNUM *modulus)
{
    ref_random(n, 32);
    if (i % 4 == 1) {
        ref_number(n, (uint64_t)i / 4 % 50);
    } else if (i % 4 == 2) {
        ref_below(n, modulus, (uint64_t)i / 4 % 50 + 1);
    } else if (i % 4 == 3) {
        memset(n + i % 29, i % 8 < 4 ? 0xFF : 0, (size_t)(32 - i % 29));
    }
}

static void check(const lp_fe_t *a, const uint8_t expected[32])
{
    static const uint8_t zero[32] = {0};
    uint8_t bytes[32];
    lp_fe_to_bytes(bytes, a);
    assert_memory_equal(bytes, expected, 32);
    assert_int_equal(lp_fe_is_zero(a), memcmp(expected, zero, 32) == 0);
}

static void negate(uint8_t out[32], const uint8_t in[32])
{
    uint8_t minus[32];
    ref_below(minus, ref_prime(), 1);
    ref_mod_mul(out, in, minus, ref_prime());
}

static void field_products_are_openssls(void **state)
{
    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        uint8_t x[32], y[32], e[32];
        lp_fe_t a, b, r;
        number(x, i, ref_prime());
        number(y, i / 3, ref_prime());
        lp_fe_from_bytes(&a, x);
        lp_fe_from_bytes(&b, y);
        lp_fe_mul(&r, &a, &b);
        ref_mod_mul(e, x, y, ref_prime());
        check(&r, e);
        lp_fe_sqr(&r, &a);
        ref_mod_mul(e, x, x, ref_prime());
        check(&r, e);
    }
}

// The largest operands that p256_fe.h allows: sums of two on both sides, four on one, and four to
// be subtracted; fed back so that the digits become as large as they can.
static void field_products_of_sums_are_openssls(void **state)
{
    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        uint8_t x[32], y[32], sum[32], diff[32], e[32], four[32], minus[32];
        lp_fe_t a, b, s, d, f, r;
        number(x, i, ref_prime());
        number(y, i / 5, ref_prime());
        lp_fe_from_bytes(&a, x);
        lp_fe_from_bytes(&b, y);
        negate(minus, y);
        ref_mod_add(sum, x, y, ref_prime());
        ref_mod_add(diff, x, minus, ref_prime());
        lp_fe_add(&s, &a, &b);
        lp_fe_sub(&d, &a, &b);
        lp_fe_mul(&r, &s, &d);
        ref_mod_mul(e, sum, diff, ref_prime());
        check(&r, e);
        lp_fe_add(&f, &s, &s);
        ref_mod_add(four, sum, sum, ref_prime());
        lp_fe_mul(&r, &a, &f);
        ref_mod_mul(e, x, four, ref_prime());
        check(&r, e);
        lp_fe_sqr_sub(&r, &d, &f);
        negate(minus, four);
        ref_mod_mul(e, diff, diff, ref_prime());
        ref_mod_add(e, e, minus, ref_prime());
        check(&r, e);
        lp_fe_mul_sub(&r, &s, &s, &f);
        ref_mod_mul(e, sum, sum, ref_prime());
        ref_mod_add(e, e, minus, ref_prime());
        check(&r, e);
        lp_fe_reduce(&f);
        check(&f, four);
    }
}

static void field_chains_stay_in_bounds(void **state)
{
    (void)state;
    uint8_t x[32], e[32], t[32], minus[32];
    lp_fe_t a, s;
    number(x, 0, ref_prime());
    lp_fe_from_bytes(&a, x);
    memcpy(e, x, sizeof e);
    for (int i = 0; i < ROUNDS; i++) {
        lp_fe_add(&s, &a, &a);
        lp_fe_sqr_sub(&a, &s, &s);
        ref_mod_add(t, e, e, ref_prime());
        negate(minus, t);
        ref_mod_mul(e, t, t, ref_prime());
        ref_mod_add(e, e, minus, ref_prime());
        check(&a, e);
    }
}

static void field_selects_and_negates_by_mask(void **state)
{
    (void)state;
    uint8_t x[32], y[32], minus[32];
    lp_fe_t a, b;
    number(x, 0, ref_prime());
    number(y, 4, ref_prime());
    lp_fe_from_bytes(&a, x);
    lp_fe_from_bytes(&b, y);
    ref_mod_add(x, x, (const uint8_t[32]){0}, ref_prime());
    ref_mod_add(y, y, (const uint8_t[32]){0}, ref_prime());
    lp_fe_select(&a, &b, 0);
    check(&a, x);
    lp_fe_negate_if(&a, 0);
    check(&a, x);
    lp_fe_negate_if(&a, ~0U);
    negate(minus, x);
    check(&a, minus);
    lp_fe_select(&a, &b, ~0U);
    check(&a, y);
}

static void field_inverses_are_openssls(void **state)
{
    (void)state;
    for (int i = 0; i < 40; i++) {
        uint8_t x[32], e[32];
        lp_fe_t a;
        number(x, 4 * i + (i % 3), ref_prime());
        if (i == 0) {
            ref_number(x, 1);
        }
        lp_fe_from_bytes(&a, x);
        if (lp_fe_is_zero(&a)) {
            continue;
        }
        lp_fe_invert(&a, &a);
        ref_mod_inverse(e, x, ref_prime());
        check(&a, e);
    }
    lp_fe_t zero;
    lp_fe_from_bytes(&zero, (const uint8_t[32]){0});
    lp_fe_invert(&zero, &zero);
    assert_true(lp_fe_is_zero(&zero));
}

static void scalars_are_openssls(void **state)
{
    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        uint8_t x[32], y[32], e[32], bytes[32];
        lp_sc_t a, b, r;
        number(x, i, ref_order());
        number(y, i / 3, ref_order());
        lp_sc_from_bytes(&a, x);
        lp_sc_from_bytes(&b, y);
        lp_sc_mul(&r, &a, &b);
        lp_sc_add(&r, &r, &a);
        lp_sc_mul(&r, &r, &b);
        lp_sc_to_bytes(bytes, &r);
        ref_mod_mul(e, x, y, ref_order());
        ref_mod_add(e, e, x, ref_order());
        ref_mod_mul(e, e, y, ref_order());
        assert_memory_equal(bytes, e, 32);
        lp_sc_sqr(&r, &a);
        lp_sc_to_bytes(bytes, &r);
        ref_mod_mul(e, x, x, ref_order());
        assert_memory_equal(bytes, e, 32);
        if (i % 50 == 0 && i % 4 == 0) {
            lp_sc_invert(&r, &a);
            lp_sc_to_bytes(bytes, &r);
            ref_mod_inverse(e, x, ref_order());
            assert_memory_equal(bytes, e, 32);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(field_products_are_openssls),
        cmocka_unit_test(field_products_of_sums_are_openssls),
        cmocka_unit_test(field_chains_stay_in_bounds),
        cmocka_unit_test(field_selects_and_negates_by_mask),
        cmocka_unit_test(field_inverses_are_openssls),
        cmocka_unit_test(scalars_are_openssls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
