// SPDX-License-Identifier: Apache-2.0
// ECDSA: RFC 6979's own examples, and against the textbook on OpenSSL's numbers.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "limpet/hex.h"
#include "limpet/p256.h"
#include "limpet/sha256.h"
#include "reference.h"

static void hex(uint8_t *out, size_t len, const char *text)
{
    lp_buf_t buf = lp_buf(out, len);
    assert_int_equal(lp_hex_decode(&buf, lp_span_str(text)), LP_OK);
    assert_int_equal(buf.len, len);
}

// @source RFC 6979, A.2.5
static void p256_sign_gives_the_rfcs_signatures(void **state)
{
    (void)state;
    static const struct {
        const char *message, *rs;
    } rows[] = {
        {"sample", "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
                   "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"},
        {"test", "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367"
                 "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083"},
    };
    uint8_t d[32], pub[64], expected_pub[64];
    hex(d, 32, "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721");
    hex(expected_pub, 64,
        "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
        "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299");
    assert_int_equal(lp_p256_public(d, pub), LP_OK);
    assert_memory_equal(pub, expected_pub, sizeof pub);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t digest[32], signature[64], expected[64];
        lp_sha256(lp_span_str(rows[i].message), digest);
        hex(expected, 64, rows[i].rs);
        assert_int_equal(lp_p256_sign(d, digest, NULL, 0, signature), LP_OK);
        assert_memory_equal(signature, expected, sizeof signature);
        assert_int_equal(lp_p256_verify(pub, digest, signature), LP_OK);
    }
}

static void some_key(uint8_t d[32], uint8_t pub[64])
{
    do {
        ref_random(d, 32);
    } while (lp_p256_check_private(d) != LP_OK);
    assert_int_equal(lp_p256_public(d, pub), LP_OK);
}

static void digest_number(uint8_t digest[32], int i)
{
    ref_random(digest, 32);
    if (i < 3) {
        memset(digest, i == 0 ? 0 : i == 1 ? 0xFF : 0x01, 32);
    } else if (i < 6) {
        ref_below(digest, ref_order(), (uint64_t)i - 3);
    }
}

static void p256_sign_is_accepted_by_the_textbook(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        uint8_t d[32], pub[64], digest[32], extra[32], signature[64];
        some_key(d, pub);
        digest_number(digest, i);
        ref_random(extra, sizeof extra);
        assert_int_equal(lp_p256_sign(d, digest, extra, (size_t)i % 33, signature), LP_OK);
        assert_true(ref_verify(pub, digest, signature));
        assert_int_equal(lp_p256_verify(pub, digest, signature), LP_OK);
    }
}

// The digest is public, so two signatures with one nonce would give the key away.
static void p256_sign_never_uses_a_nonce_twice(void **state)
{
    (void)state;
    uint8_t d[32], pub[64], digest[32], extra[32] = {0}, a[64], b[64];
    some_key(d, pub);
    digest_number(digest, 9);
    assert_int_equal(lp_p256_sign(d, digest, NULL, 0, a), LP_OK);
    assert_int_equal(lp_p256_sign(d, digest, extra, sizeof extra, b), LP_OK);
    assert_memory_not_equal(a, b, 32);
    digest[7] ^= 1;
    assert_int_equal(lp_p256_sign(d, digest, NULL, 0, b), LP_OK);
    assert_memory_not_equal(a, b, 32);
    assert_int_equal(lp_p256_sign(d, digest, a, 33, b), LP_E_RANGE);
}

static void p256_verify_accepts_what_the_textbook_signed(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        uint8_t d[32], pub[64], digest[32], k[32], signature[64];
        some_key(d, pub);
        digest_number(digest, i);
        ref_number(k, (uint64_t)i + 1);
        assert_true(ref_sign(d, digest, k, signature));
        assert_int_equal(lp_p256_verify(pub, digest, signature), LP_OK);
    }
}

static void p256_verify_notices_changed_bits(void **state)
{
    (void)state;
    uint8_t d[32], pub[64], digest[32], signature[64];
    some_key(d, pub);
    digest_number(digest, 9);
    assert_int_equal(lp_p256_sign(d, digest, NULL, 0, signature), LP_OK);
    for (int bit = 0; bit < 512; bit += 3) {
        signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(lp_p256_verify(pub, digest, signature), LP_E_DENIED);
        signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (int bit = 0; bit < 256; bit += 11) {
        digest[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(lp_p256_verify(pub, digest, signature), LP_E_DENIED);
        digest[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_int_equal(lp_p256_verify(pub, digest, signature), LP_OK);
}

// 0, n and above in either half; among them s = 0 with r = 0, which has fooled libraries.
static void p256_verify_refuses_halves_out_of_range(void **state)
{
    (void)state;
    uint8_t d[32], pub[64], digest[32], good[64], edge[5][32];
    some_key(d, pub);
    digest_number(digest, 9);
    assert_int_equal(lp_p256_sign(d, digest, NULL, 0, good), LP_OK);
    ref_number(edge[0], 0);
    ref_below(edge[1], ref_order(), 0);
    memset(edge[2], 0xFF, 32);
    ref_below(edge[3], ref_prime(), 0);
    memcpy(edge[4], good, 32);
    for (int r = 0; r < 5; r++) {
        for (int s = 0; s < 4; s++) {
            uint8_t bad[64];
            memcpy(bad, edge[r], 32);
            memcpy(bad + 32, edge[s], 32);
            assert_int_equal(lp_p256_verify(pub, digest, bad), LP_E_DENIED);
            memcpy(bad, edge[s], 32);
            memcpy(bad + 32, good + 32, 32);
            assert_int_equal(lp_p256_verify(pub, digest, bad), LP_E_DENIED);
        }
    }
}

// u1 and u2 with Q = G, -G, 2G ...: the sums meet points they already contain.
static void p256_verify_with_keys_near_the_base_point_is_the_textbooks(void **state)
{
    (void)state;
    for (int i = 0; i < 60; i++) {
        uint8_t d[32], pub[64], digest[32], k[32], signature[64];
        i % 2 == 0 ? ref_number(d, (uint64_t)i / 2 + 1)
                   : ref_below(d, ref_order(), (uint64_t)i / 2 + 1);
        assert_int_equal(lp_p256_public(d, pub), LP_OK);
        ref_number(digest, (uint64_t)i);
        ref_number(k, (uint64_t)i % 7 + 1);
        if (!ref_sign(d, digest, k, signature)) {
            continue;
        }
        assert_true(ref_verify(pub, digest, signature));
        assert_int_equal(lp_p256_verify(pub, digest, signature), LP_OK);
        signature[63] ^= 1;
        assert_int_equal(lp_p256_verify(pub, digest, signature), LP_E_DENIED);
    }
}

// digest = -r d makes u1 G + u2 Q infinity, which has no x.
static void p256_verify_refuses_a_sum_at_infinity(void **state)
{
    (void)state;
    uint8_t d[32], pub[64], signature[64], rd[32], digest[32];
    some_key(d, pub);
    ref_number(signature, 77);
    ref_number(signature + 32, 99);
    ref_mod_mul(rd, signature, d, ref_order());
    BIGNUM *n = BN_dup(ref_order());
    BIGNUM *t = BN_bin2bn(rd, 32, NULL);
    BN_sub(n, n, t);
    BN_bn2binpad(n, digest, 32);
    BN_free(n);
    BN_free(t);
    assert_false(ref_verify(pub, digest, signature));
    assert_int_equal(lp_p256_verify(pub, digest, signature), LP_E_DENIED);
}

// R with n <= x < p, so r = x - n: the comparison must try r + n, too. And where r + n is not below
// p it must not.
static void p256_verify_knows_that_x_can_be_above_n(void **state)
{
    (void)state;
    uint8_t point[64], x[32], r[32], s[32], digest[32], inverse[32], t[32], u[32], pub[64];
    uint64_t above = 0;
    do {
        BIGNUM *n = BN_dup(ref_order());
        BN_add_word(n, ++above);
        BN_bn2binpad(n, x, 32);
        BN_free(n);
    } while (!ref_lift(point, x));
    ref_number(r, above);
    ref_random(s, 32);
    ref_random(digest, 32);
    // Q = (s R - e G) / r
    ref_mod_inverse(inverse, r, ref_order());
    ref_mod_mul(t, s, inverse, ref_order());
    ref_mod_mul(u, digest, inverse, ref_order());
    BIGNUM *n = BN_bin2bn(u, 32, NULL);
    BN_sub(n, ref_order(), n);
    BN_bn2binpad(n, u, 32);
    BN_free(n);
    assert_true(ref_mult(pub, u, t, point));
    uint8_t signature[64];
    memcpy(signature, r, 32);
    static const uint8_t one[32] = {[31] = 1};
    ref_mod_mul(signature + 32, s, one, ref_order());
    assert_true(ref_verify(pub, digest, signature));
    assert_int_equal(lp_p256_verify(pub, digest, signature), LP_OK);
    signature[31] ^= 1;
    assert_int_equal(lp_p256_verify(pub, digest, signature), LP_E_DENIED);
}

static void p256_verify_with_no_point_says_so(void **state)
{
    (void)state;
    uint8_t d[32], pub[64], digest[32] = {1}, signature[64];
    some_key(d, pub);
    assert_int_equal(lp_p256_sign(d, digest, NULL, 0, signature), LP_OK);
    pub[40] ^= 4;
    assert_int_equal(lp_p256_verify(pub, digest, signature), LP_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(p256_sign_gives_the_rfcs_signatures),
        cmocka_unit_test(p256_sign_is_accepted_by_the_textbook),
        cmocka_unit_test(p256_sign_never_uses_a_nonce_twice),
        cmocka_unit_test(p256_verify_accepts_what_the_textbook_signed),
        cmocka_unit_test(p256_verify_notices_changed_bits),
        cmocka_unit_test(p256_verify_refuses_halves_out_of_range),
        cmocka_unit_test(p256_verify_with_keys_near_the_base_point_is_the_textbooks),
        cmocka_unit_test(p256_verify_refuses_a_sum_at_infinity),
        cmocka_unit_test(p256_verify_knows_that_x_can_be_above_n),
        cmocka_unit_test(p256_verify_with_no_point_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
