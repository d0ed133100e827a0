// SPDX-License-Identifier: Apache-2.0
// ECDSA and ECDH: published vectors, and the edges at which implementations go wrong.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include "digest_rig.h"

// ---- published vectors --------------------------------------

// RFC 6979, A.2.5: P-256 with SHA-256, messages "sample" and "test".
static void verify_takes_rfc_6979(void **state)
{
    rig_t *r = *state;
    uint8_t data[128];
    uint8_t digest[32];
    rig_image(r, M508, ALL_LOCKED);
    rig_start(r);
    from_hex("60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
             "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
             data + 64);
    from_hex("efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
             "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
             data);
    host_sha("sample", 6, digest);
    nonce_fixed(r, digest);
    assert_int_equal(st(r, 0x45, 0x02, 4, data, 128), OK);
    from_hex("f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367"
             "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083",
             data);
    nonce_fixed(r, digest);
    assert_int_equal(st(r, 0x45, 0x02, 4, data, 128), MISCOMPARE);
    host_sha("test", 4, digest);
    nonce_fixed(r, digest);
    assert_int_equal(st(r, 0x45, 0x02, 4, data, 128), OK);
}

// NIST CAVP, ECC CDH primitive, P-256, COUNT = 0.
static void ecdh_takes_nist_cavp(void **state)
{
    rig_t *r = *state;
    uint8_t d[32];
    uint8_t peer[64];
    uint8_t want[32];
    from_hex("7d7dc5f71eb29ddaf80d6214632eeae03d9058af1fb6d22ed80badb62bc1a534", d);
    from_hex("700c48f77f56584c5cc632ca65640db91b6bacce3a4df6b42ce7cc838833d287"
             "db71e509e3fd9b060ddb20ba5c51dcc5948d46fbf640dfe0441782cab85fa4ac",
             peer);
    from_hex("46fc62106420ff012e54a434fbdd2d25ccc5852060561e68040dd7778997bd7b", want);
    rig_image(r, M508, ALL_LOCKED);
    rig_slot(r, 2, 0x2087, 0x0033);
    rig_put(r, 2, 4, d, 32);
    rig_start(r);
    reply_t a = cmd(r, 0x43, 0, 2, peer, 64);
    assert_data(&a, want, 32);
}

// Points and scalars at the edges: off the curve, too large, zero, infinity, order.
static void ecc_edges_are_refused(void **state)
{
    rig_t *r = *state;
    uint8_t xy[64];
    uint8_t data[128] = {0};
    rig_image(r, M508, ALL_LOCKED);
    rig_slot(r, 2, 0x2087, 0x0033);
    rig_private(r, 2, 3);
    rig_start(r);
    memset(xy, 0, sizeof xy);
    assert_int_equal(st(r, 0x43, 0, 2, xy, 64), EXEC);
    memset(xy, 0xFF, sizeof xy);
    assert_int_equal(st(r, 0x43, 0, 2, xy, 64), EXEC);
    host_public(key32(9), xy);
    xy[63] ^= 1;
    assert_int_equal(st(r, 0x43, 0, 2, xy, 64), EXEC);
    xy[63] ^= 1;
    assert_int_equal(st(r, 0x43, 0, 2, xy, 64), OK);
    // r = 0, s = 0, r = n, s = n are no signatures.
    uint8_t n[32];
    from_hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", n);
    memcpy(data + 64, xy, 64);
    uint8_t good[64];
    host_sign(key32(9), key32(1), good);
    for (unsigned part = 0; part < 2; part++) {
        for (unsigned zero = 0; zero < 2; zero++) {
            memcpy(data, good, 64);
            zero != 0 ? (void)memset(data + 32 * part, 0, 32)
                      : (void)memcpy(data + 32 * part, n, 32);
            nonce_fixed(r, key32(1));
            assert_int_equal(st(r, 0x45, 0x02, 4, data, 128), MISCOMPARE);
        }
    }
    data[64] ^= 1; // a key that is no point
    nonce_fixed(r, key32(1));
    assert_int_equal(st(r, 0x45, 0x02, 4, data, 128), EXEC);
}

// ---- edges as Wycheproof has them; OpenSSL says what is right ----------------

static void number(const char *hex, uint8_t out[32])
{
    BIGNUM *bn = NULL;
    assert_true(BN_hex2bn(&bn, hex) > 0);
    assert_int_equal(BN_bn2binpad(bn, out, 32), 32);
    BN_free(bn);
}

#define ORDER "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
#define FIELD "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"

static unsigned verify_external(rig_t *r, const uint8_t digest[32], const uint8_t rs[64],
                                const uint8_t xy[64])
{
    uint8_t data[128];
    memcpy(data, rs, 64);
    memcpy(data + 64, xy, 64);
    nonce_fixed(r, digest);
    return st(r, 0x45, 0x02, 4, data, 128);
}

static void verify_agrees_with_openssl_at_the_edges(void **state)
{
    rig_t *r = *state;
    static const char *const keys[] = {
        "1", "2", "3", // n - 1, n - 2: the points -G and -2G
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550",
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc63254f"};
    static const char *const digests[] = {
        "0", "1", ORDER, // n, n + 1, the largest
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632552",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"};
    rig_image(r, M508, ALL_LOCKED);
    rig_start(r);
    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
        for (size_t e = 0; e < sizeof digests / sizeof digests[0]; e++) {
            uint8_t d[32];
            uint8_t digest[32];
            uint8_t xy[64];
            uint8_t rs[64];
            number(keys[k], d);
            number(digests[e], digest);
            host_public(d, xy);
            host_sign(d, digest, rs);
            assert_int_equal(verify_external(r, digest, rs, xy), OK);
            rs[63] ^= 1;
            assert_int_equal(verify_external(r, digest, rs, xy), MISCOMPARE);
        }
    }
}

// (r, s), (r, n - s) and what is the same number but not the same bytes: r + n, s + n where they
// fit, all ones.
static void verify_takes_only_reduced_numbers(void **state)
{
    rig_t *r = *state;
    uint8_t xy[64];
    uint8_t rs[64];
    uint8_t bad[64];
    uint8_t n[32];
    rig_image(r, M508, ALL_LOCKED);
    rig_start(r);
    number(ORDER, n);
    host_public(key32(9), xy);
    host_sign(key32(9), key32(1), rs);
    BIGNUM *order = BN_bin2bn(n, 32, NULL);
    BIGNUM *s = BN_bin2bn(rs + 32, 32, NULL);
    BN_sub(s, order, s);
    memcpy(bad, rs, 64);
    BN_bn2binpad(s, bad + 32, 32);
    assert_int_equal(verify_external(r, key32(1), bad, xy), OK); // the standard has both
    for (unsigned part = 0; part < 2; part++) {
        static const char *const numbers[] = {
            "0", ORDER, FIELD, "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632552",
            "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"};
        for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
            memcpy(bad, rs, 64);
            number(numbers[i], bad + 32 * part);
            assert_int_equal(verify_external(r, key32(1), bad, xy), MISCOMPARE);
        }
    }
    BN_free(order);
    BN_free(s);
}

// R with an x between n and p: r is x - n. Q is made to fit: Q = r^-1 (s R - e G).
static void verify_reduces_the_x_of_r(void **state)
{
    rig_t *r = *state;
    uint8_t xy[65];
    uint8_t rs[64] = {0};
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    EC_POINT *point = EC_POINT_new(group);
    EC_POINT *q = EC_POINT_new(group);
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *x = NULL;
    BIGNUM *e = BN_bin2bn(key32(1), 32, NULL);
    BIGNUM *small = BN_new();
    BIGNUM *u = BN_new();
    const BIGNUM *n = EC_GROUP_get0_order(group);
    BN_hex2bn(&x, ORDER);
    BN_add_word(x, 1);
    while (EC_POINT_set_compressed_coordinates(group, point, x, 0, ctx) != 1) {
        BN_add_word(x, 1);
    }
    BN_sub(small, x, n); // r
    BN_bn2binpad(small, rs, 32);
    rs[63] = 7; // s
    BN_mod_inverse(u, small, n, ctx);
    BIGNUM *s = BN_new();
    BN_set_word(s, 7);
    BN_mod_mul(s, s, u, n, ctx);
    BN_mod_mul(e, e, u, n, ctx);
    BN_sub(e, n, e);
    EC_POINT_mul(group, q, e, point, s, ctx); // e G + s R
    assert_int_equal(EC_POINT_point2oct(group, q, POINT_CONVERSION_UNCOMPRESSED, xy, 65, ctx), 65);
    rig_image(r, M508, ALL_LOCKED);
    rig_start(r);
    assert_true(host_verify(xy + 1, key32(1), rs));
    assert_int_equal(verify_external(r, key32(1), rs, xy + 1), OK);
    BN_bn2binpad(x, rs, 32); // not reduced
    assert_int_equal(verify_external(r, key32(1), rs, xy + 1), MISCOMPARE);
    BN_free(x);
    BN_free(e);
    BN_free(s);
    BN_free(u);
    BN_free(small);
    BN_CTX_free(ctx);
    EC_POINT_free(q);
    EC_POINT_free(point);
    EC_GROUP_free(group);
}

static void ecdh_agrees_with_openssl_at_the_edges(void **state)
{
    rig_t *r = *state;
    // x = 0, with y the root of b; G; -G; G's double
    static const char *const points[][2] = {
        {"0", "66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4"},
        {"6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
         "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"},
        {"6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
         "b01cbd1c01e58065711814b583f061e9d431cca994cea1313449bf97c840ae0a"},
        {"7cf27b188d034f7e8a52380304b51ac3c08969e277f21b35a60b48fc47669978",
         "07775510db8ed040293d9ac69f7430dbba7dade63ce982299e04b79d227873d1"}};
    static const char *const keys[] = {
        "1", "2", "3", "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550",
        "7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8"};
    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
        uint8_t d[32];
        number(keys[k], d);
        rig_image(r, M508, ALL_LOCKED);
        rig_slot(r, 2, 0x2087, 0x0033);
        rig_put(r, 2, 4, d, 32);
        rig_start(r);
        for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
            uint8_t xy[64];
            uint8_t want[32];
            number(points[i][0], xy);
            number(points[i][1], xy + 32);
            host_ecdh(d, xy, want);
            reply_t a = cmd(r, 0x43, 0, 2, xy, 64);
            assert_data(&a, want, 32);
            if (i == 0) { // the same point, but x is p and not 0
                number(FIELD, xy);
                assert_int_equal(st(r, 0x43, 0, 2, xy, 64), EXEC);
            }
        }
    }
    // A scalar of 0, of n: no key.
    static const char *const none[] = {"0", ORDER, FIELD};
    for (size_t i = 0; i < 3; i++) {
        uint8_t d[32];
        uint8_t xy[64];
        number(none[i], d);
        host_public(key32(9), xy);
        rig_image(r, M508, ALL_LOCKED);
        rig_slot(r, 2, 0x2087, 0x0033);
        rig_put(r, 2, 4, d, 32);
        rig_start(r);
        assert_int_equal(st(r, 0x43, 0, 2, xy, 64), EXEC);
    }
}

static void sign_is_accepted_and_never_repeats_k(void **state)
{
    rig_t *r = *state;
    uint8_t xy[64];
    uint8_t last[32] = {0};
    rig_image(r, M508, ALL_LOCKED);
    rig_slot(r, 2, 0x2083, 0x0033);
    rig_private(r, 2, 3);
    rig_start(r);
    host_public(key32(3), xy);
    for (unsigned i = 0; i < 20; i++) {
        nonce_fixed(r, key32((uint8_t)i));
        reply_t a = cmd(r, 0x41, 0x80, 2, NULL, 0);
        assert_int_equal(a.len, 64);
        assert_true(host_verify(xy, key32((uint8_t)i), a.data));
        assert_memory_not_equal(a.data, last, 32);
        memcpy(last, a.data, 32);
    }
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(verify_takes_rfc_6979),
        T(ecdh_takes_nist_cavp),
        T(ecc_edges_are_refused),
        T(verify_agrees_with_openssl_at_the_edges),
        T(verify_takes_only_reduced_numbers),
        T(verify_reduces_the_x_of_r),
        T(ecdh_agrees_with_openssl_at_the_edges),
        T(sign_is_accepted_and_never_repeats_k),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
