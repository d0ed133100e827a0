// SPDX-License-Identifier: Apache-2.0
// Formatting, UTF-8, the ring and SHA-256.
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "limpet/fmt.h"
#include "limpet/hex.h"
#include "limpet/ring.h"
#include "limpet/sha256.h"
#include "limpet/utf8.h"

#define STR(s) lp_span(s, sizeof(s) - 1)

// What libc prints is what lp_fmt must print.
#define SAME_AS_LIBC(...)                                                                          \
    do {                                                                                           \
        char expected[128];                                                                        \
        char got[128];                                                                             \
        snprintf(expected, sizeof expected, __VA_ARGS__);                                          \
        assert_int_equal(lp_fmt_str(got, sizeof got, __VA_ARGS__), LP_OK);                         \
        assert_string_equal(got, expected);                                                        \
    } while (0)

static void fmt_prints_what_libc_prints(void **state)
{
    (void)state;
    SAME_AS_LIBC("plain %% text");
    SAME_AS_LIBC("%d %d %d %i", 0, INT_MAX, INT_MIN, -7);
    SAME_AS_LIBC("%u %x %X", UINT_MAX, 0xdeadbeefu, 0xdeadbeefu);
    SAME_AS_LIBC("%lld %lld %llu", LLONG_MIN, LLONG_MAX, ULLONG_MAX);
    SAME_AS_LIBC("%ld %lu %llx", LONG_MIN, ULONG_MAX, ULLONG_MAX);
    SAME_AS_LIBC("%zu %zu", (size_t)0, SIZE_MAX);
    SAME_AS_LIBC("%zd", (ptrdiff_t)-5);
    SAME_AS_LIBC("%hhu %hu %hhd %hd", 255, 65535, -128, -32768);
    SAME_AS_LIBC("[%5d] [%-5d] [%05d] [%05d] [%2d]", 42, 42, 42, -42, 12345);
    SAME_AS_LIBC("[%02x%02x] [%08X] [%8x]", 1, 254, 0xabcu, 0xabcu);
    SAME_AS_LIBC("[%s] [%10s] [%-10s] [%.2s] [%.*s] [%5.1s]", "abc", "abc", "abc", "abc", 1, "xyz",
                 "q");
    SAME_AS_LIBC("[%*d] [%*d]", 6, 7, -6, 7);
    SAME_AS_LIBC("[%c%c] [%3c]", 'a', 'b', 'c');
    SAME_AS_LIBC("[%.0s] [%.s]", "gone", "gone");
}

static void fmt_of_a_span_needs_no_terminator(void **state)
{
    (void)state;
    char got[16];
    lp_span_t s = lp_span("abcdef", 3);
    assert_int_equal(lp_fmt_str(got, sizeof got, "<%.*s>", LP_FMT_SPAN(s)), LP_OK);
    assert_string_equal(got, "<abc>");
}

static void fmt_cuts_and_says_so(void **state)
{
    (void)state;
    uint8_t mem[6];
    lp_buf_t b = lp_buf(mem, sizeof mem);
    assert_int_equal(lp_fmt(&b, "%d", 123456), LP_OK);
    b.len = 2;
    assert_int_equal(lp_fmt(&b, "%s", "abcde"), LP_E_NOSPACE);
    assert_memory_equal(mem, "12abcd", 6);
    char one[1] = {'x'};
    assert_int_equal(lp_fmt_str(one, 1, "%d", 1), LP_E_NOSPACE);
    assert_int_equal(one[0], '\0');
    assert_int_equal(lp_fmt_str(one, 1, "%s", ""), LP_OK);
    char wide[4];
    assert_int_equal(lp_fmt_str(wide, sizeof wide, "%2000000000d", 1), LP_E_NOSPACE);
    assert_string_equal(wide, "   ");
}

static void fmt_stops_at_what_it_does_not_know(void **state)
{
    (void)state;
    static const char *const bad[] = {"ab%f", "ab%", "ab%n", "ab%+d", "ab%#x", "ab%5"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char got[16];
        const char *volatile fmt = bad[i];
        lp_err_t (*print)(char *, size_t, const char *, ...) = lp_fmt_str;
        assert_int_equal(print(got, sizeof got, fmt, 1), LP_E_FORMAT);
        assert_string_equal(got, "ab");
    }
    char got[16];
    const char *volatile nothing = NULL;
    assert_int_equal(lp_fmt_str(got, sizeof got, "%s", nothing), LP_OK);
    assert_string_equal(got, "(null)");
}

static void utf8_every_code_point_round_trips_and_surrogates_do_not(void **state)
{
    (void)state;
    for (uint32_t cp = 0; cp < 0x120000; cp++) {
        uint8_t b[4];
        size_t len = lp_utf8_put(b, cp);
        bool is_scalar = cp <= 0x10ffff && (cp < 0xd800 || cp > 0xdfff);
        assert_int_equal(len > 0, is_scalar);
        if (is_scalar) {
            uint32_t back = 1;
            assert_int_equal(lp_utf8_next(lp_span(b, len), &back), len);
            assert_int_equal(back, cp);
            assert_int_equal(lp_utf8_next(lp_span(b, len - 1), NULL), 0);
        }
    }
}

static void utf8_malformed_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xe0\x80\x80",
        "\xe0\x9f\xbf",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xf0\x80\x80\x80",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xff",
        "\xfe",
        "\xc2",
        "\xc2\x41",
        "\xe2\x82",
        "\xe2\x82\x41",
        "\xf0\x9f\x98",
        "ok\xc2",
        "\xf8\x88\x80\x80\x80",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(lp_utf8_is_valid(lp_span_str(bad[i])));
    }
    assert_true(lp_utf8_is_valid(STR("")));
    assert_true(lp_utf8_is_valid(STR("a\0b \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80")));
}

static void ring_size_must_be_a_power_of_two(void **state)
{
    (void)state;
    uint8_t mem[8];
    lp_ring_t r;
    assert_int_equal(lp_ring_init(&r, mem, 0), LP_E_INVALID);
    assert_int_equal(lp_ring_init(&r, mem, 6), LP_E_INVALID);
    assert_int_equal(lp_ring_init(&r, mem, 8), LP_OK);
    assert_int_equal(lp_ring_free(&r), 8);
}

// Puts and gets of every pair of sizes, against a running count.
static void ring_keeps_order_across_the_seam(void **state)
{
    (void)state;
    uint8_t mem[8];
    lp_ring_t r;
    assert_int_equal(lp_ring_init(&r, mem, sizeof mem), LP_OK);
    r.head_ = r.tail_ = SIZE_MAX - 20; // the counters wrap during the test
    uint8_t in = 0;
    uint8_t out = 0;
    for (unsigned round = 0; round < 400; round++) {
        uint8_t piece[10];
        size_t want = round % 10 + 1;
        for (size_t i = 0; i < want; i++) {
            piece[i] = (uint8_t)(in + i);
        }
        size_t room = lp_ring_free(&r);
        size_t put = lp_ring_put(&r, lp_span(piece, want));
        assert_int_equal(put, want < room ? want : room);
        in = (uint8_t)(in + put);
        size_t got = lp_ring_get(&r, piece, round % 7 + 1);
        for (size_t i = 0; i < got; i++) {
            assert_int_equal(piece[i], (uint8_t)(out + i));
        }
        out = (uint8_t)(out + got);
        assert_int_equal(lp_ring_used(&r), (uint8_t)(in - out));
    }
    lp_ring_drop(&r, 100);
    assert_int_equal(lp_ring_used(&r), 0);
    assert_int_equal(lp_ring_peek(&r).len, 0);
}

typedef struct {
    const char *text;
    const char *digest;
} sha_vector_t;

// FIPS 180-4 examples as published by NIST.
static const sha_vector_t sha_vectors[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnop"
     "q"
     "rsmnopqrstnopqrstu",
     "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
};

static void assert_digest(const uint8_t digest[32], const char *hex)
{
    uint8_t mem[64];
    lp_buf_t b = lp_buf(mem, sizeof mem);
    assert_int_equal(lp_hex_encode(&b, lp_span(digest, 32)), LP_OK);
    assert_memory_equal(mem, hex, 64);
}

static void sha256_nist_vectors_in_pieces_of_every_size(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sha_vectors / sizeof sha_vectors[0]; i++) {
        size_t len = strlen(sha_vectors[i].text);
        for (size_t step = 1; step <= len + 1; step++) {
            uint8_t digest[32];
            lp_sha256_t h;
            lp_sha256_init(&h);
            for (size_t at = 0; at < len; at += step) {
                size_t n = len - at < step ? len - at : step;
                lp_sha256_update(&h, lp_span(sha_vectors[i].text + at, n));
            }
            lp_sha256_final(&h, digest);
            assert_digest(digest, sha_vectors[i].digest);
        }
        uint8_t digest[32];
        lp_sha256(lp_span_str(sha_vectors[i].text), digest);
        assert_digest(digest, sha_vectors[i].digest);
    }
}

static void sha256_of_a_million_a(void **state)
{
    (void)state;
    uint8_t block[1000];
    uint8_t digest[32];
    memset(block, 'a', sizeof block);
    lp_sha256_t h;
    lp_sha256_init(&h);
    for (int i = 0; i < 1000; i++) {
        lp_sha256_update(&h, lp_span(block, sizeof block));
    }
    lp_sha256_final(&h, digest);
    assert_digest(digest, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    uint8_t zero[sizeof h] = {0};
    assert_memory_equal(&h, zero, sizeof h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fmt_prints_what_libc_prints),
        cmocka_unit_test(fmt_of_a_span_needs_no_terminator),
        cmocka_unit_test(fmt_cuts_and_says_so),
        cmocka_unit_test(fmt_stops_at_what_it_does_not_know),
        cmocka_unit_test(utf8_every_code_point_round_trips_and_surrogates_do_not),
        cmocka_unit_test(utf8_malformed_is_refused),
        cmocka_unit_test(ring_size_must_be_a_power_of_two),
        cmocka_unit_test(ring_keeps_order_across_the_seam),
        cmocka_unit_test(sha256_nist_vectors_in_pieces_of_every_size),
        cmocka_unit_test(sha256_of_a_million_a),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
