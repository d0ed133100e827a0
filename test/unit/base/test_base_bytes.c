// SPDX-License-Identifier: Apache-2.0
// Errors, spans, hex, checksums, byte order, base64.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "limpet/base64.h"
#include "limpet/crc.h"
#include "limpet/endian.h"
#include "limpet/err.h"
#include "limpet/hex.h"
#include "limpet/span.h"

#define STR(s) lp_span(s, sizeof(s) - 1)

static void err_every_value_has_its_own_name_and_text(void **state)
{
    (void)state;
#define LP_ERR_CHECK(name, value, text)                                                            \
    assert_string_equal(lp_err_name((lp_err_t)(value)), #name);                                    \
    assert_string_equal(lp_err_text(name), text);
    LP_ERR_LIST(LP_ERR_CHECK)
#undef LP_ERR_CHECK
    assert_string_equal(lp_err_name((lp_err_t)254), "LP_E_UNKNOWN");
    assert_string_equal(lp_err_text((lp_err_t)254), "unknown error");
}

static void span_equal_compares_length_and_bytes(void **state)
{
    (void)state;
    assert_true(lp_span_equal(STR("abc"), lp_span_str("abc")));
    assert_false(lp_span_equal(STR("abc"), STR("abd")));
    assert_false(lp_span_equal(STR("abc"), STR("ab")));
    assert_true(lp_span_equal(lp_span(NULL, 0), STR("")));
    assert_true(lp_span_equal_str(STR("x"), "x"));
    assert_false(lp_span_equal_str(STR("x"), "xy"));
}

static void buf_put_when_full_leaves_it_as_it_was(void **state)
{
    (void)state;
    uint8_t mem[4];
    lp_buf_t b = lp_buf(mem, sizeof mem);
    assert_int_equal(lp_buf_put_str(&b, "abc"), LP_OK);
    assert_int_equal(lp_buf_put_str(&b, "de"), LP_E_NOSPACE);
    assert_int_equal(b.len, 3);
    assert_int_equal(lp_buf_put_byte(&b, 'd'), LP_OK);
    assert_int_equal(lp_buf_put_byte(&b, 'e'), LP_E_NOSPACE);
    assert_int_equal(lp_buf_put(&b, lp_span(NULL, 0)), LP_OK);
    assert_true(lp_span_equal_str(lp_buf_span(&b), "abcd"));
}

static void wipe_overwrites_and_equal_ct_sees_every_byte(void **state)
{
    (void)state;
    uint8_t a[16];
    uint8_t zero[16] = {0};
    memset(a, 0xa5, sizeof a);
    for (size_t i = 0; i < sizeof a; i++) {
        uint8_t b[16];
        memcpy(b, a, sizeof b);
        assert_true(lp_equal_ct(a, b, sizeof a));
        b[i] ^= 0x80;
        assert_false(lp_equal_ct(a, b, sizeof a));
    }
    lp_wipe(a, sizeof a);
    assert_memory_equal(a, zero, sizeof a);
}

static void hex_round_trip(void **state)
{
    (void)state;
    uint8_t all[256];
    uint8_t text[512];
    uint8_t back[256];
    for (size_t i = 0; i < sizeof all; i++) {
        all[i] = (uint8_t)i;
    }
    lp_buf_t t = lp_buf(text, sizeof text);
    lp_buf_t b = lp_buf(back, sizeof back);
    assert_int_equal(lp_hex_encode(&t, lp_span(all, sizeof all)), LP_OK);
    assert_memory_equal(text + 0x9f * 2, "9fa0", 4);
    assert_int_equal(lp_hex_decode(&b, lp_buf_span(&t)), LP_OK);
    assert_memory_equal(back, all, sizeof all);
    assert_int_equal(lp_hex_encode(&t, STR("x")), LP_E_NOSPACE);
    assert_int_equal(lp_hex_decode(&b, STR("00")), LP_E_NOSPACE);
}

static void hex_decode_of_bad_text_appends_nothing(void **state)
{
    (void)state;
    static const char *const bad[] = {"0", "0g", "g0", "0x", " 0", "00 1", "123"};
    uint8_t mem[8];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        lp_buf_t b = lp_buf(mem, sizeof mem);
        assert_int_equal(lp_hex_decode(&b, lp_span_str(bad[i])), LP_E_FORMAT);
        assert_int_equal(b.len, 0);
    }
    lp_buf_t b = lp_buf(mem, sizeof mem);
    assert_int_equal(lp_hex_decode(&b, STR("aAfF09")), LP_OK);
    assert_memory_equal(mem, "\xaa\xff\x09", 3);
}

static void crc32_known_answers_and_pieces(void **state)
{
    (void)state;
    assert_int_equal(lp_crc32(0, lp_span(NULL, 0)), 0);
    assert_int_equal(lp_crc32(0, STR("123456789")), 0xcbf43926u);
    assert_int_equal(lp_crc32(lp_crc32(0, STR("1234")), STR("56789")), 0xcbf43926u);
    assert_int_equal(lp_crc32(0, STR("The quick brown fox jumps over the lazy dog")), 0x414fa339u);
}

// Known answers: the chip's replies to a wake-up and to success, and CRC-16/ARC's check value with
// its bits reversed, which is the same function.
static void crc16_of_chip_replies(void **state)
{
    (void)state;
    assert_int_equal(lp_crc16_8005(0, STR("\x04\x11")), 0x4333);
    assert_int_equal(lp_crc16_8005(0, STR("\x04\x00")), 0x4003);
    assert_int_equal(lp_crc16_8005(lp_crc16_8005(0, STR("1234")), STR("56789")), 0xbcdd);
}

static void endian_known_bytes_at_odd_addresses(void **state)
{
    (void)state;
    uint8_t m[9];
    lp_put_be64(m + 1, 0x0102030405060708u);
    assert_memory_equal(m + 1, "\1\2\3\4\5\6\7\10", 8);
    assert_true(lp_get_be64(m + 1) == 0x0102030405060708u);
    assert_true(lp_get_le64(m + 1) == 0x0807060504030201u);
    assert_int_equal(lp_get_be32(m + 1), 0x01020304);
    assert_int_equal(lp_get_le32(m + 1), 0x04030201);
    assert_int_equal(lp_get_be16(m + 1), 0x0102);
    assert_int_equal(lp_get_le16(m + 1), 0x0201);
    lp_put_le64(m + 1, 0xf1f2f3f4f5f6f7f8u);
    assert_memory_equal(m + 1, "\xf8\xf7\xf6\xf5\xf4\xf3\xf2\xf1", 8);
    lp_put_le32(m + 1, 0x01020304);
    assert_memory_equal(m + 1, "\4\3\2\1", 4);
    lp_put_be16(m + 1, 0xfffe);
    assert_memory_equal(m + 1, "\xff\xfe", 2);
}

typedef struct {
    const char *bytes;
    const char *text;
} base64_vector_t;

// RFC 4648, section 10, and the two last characters of the alphabet.
static const base64_vector_t base64_vectors[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"\xfb\xef\xff", "++//"},
};

static void base64_vectors_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof base64_vectors / sizeof base64_vectors[0]; i++) {
        const base64_vector_t *v = &base64_vectors[i];
        uint8_t mem[16];
        lp_buf_t b = lp_buf(mem, sizeof mem);
        assert_int_equal(lp_base64_encode(&b, lp_span_str(v->bytes)), LP_OK);
        assert_true(lp_span_equal_str(lp_buf_span(&b), v->text));
        assert_int_equal(b.len, LP_BASE64_LEN(strlen(v->bytes)));
        b.len = 0;
        assert_int_equal(lp_base64_decode(&b, lp_span_str(v->text)), LP_OK);
        assert_true(lp_span_equal_str(lp_buf_span(&b), v->bytes));
    }
}

static void base64_bad_text_appends_nothing(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "Z",     "Zg",   "Zg=",  "Zh==",       "Zm9=",   "====", "Z===", "Zg==Zg==", "Zg=a",
        "Zm9v=", "Zm 9", "Zm-_", "Zm9vZg==\n", "Zm9v\n", "=m9v", "Z=9v", "Zm9vZm9=",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint8_t mem[16];
        lp_buf_t b = lp_buf(mem, sizeof mem);
        assert_int_equal(lp_base64_decode(&b, lp_span_str(bad[i])), LP_E_FORMAT);
        assert_int_equal(b.len, 0);
    }
}

static void base64_exact_room_is_enough_and_one_less_is_not(void **state)
{
    (void)state;
    uint8_t mem[8];
    lp_buf_t b = lp_buf(mem, 8);
    assert_int_equal(lp_base64_encode(&b, STR("fooba")), LP_OK);
    b = lp_buf(mem, 7);
    assert_int_equal(lp_base64_encode(&b, STR("fooba")), LP_E_NOSPACE);
    assert_int_equal(b.len, 0);
    b = lp_buf(mem, 5);
    assert_int_equal(lp_base64_decode(&b, STR("Zm9vYmE=")), LP_OK);
    b = lp_buf(mem, 4);
    assert_int_equal(lp_base64_decode(&b, STR("Zm9vYmE=")), LP_E_NOSPACE);
    assert_int_equal(b.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(err_every_value_has_its_own_name_and_text),
        cmocka_unit_test(span_equal_compares_length_and_bytes),
        cmocka_unit_test(buf_put_when_full_leaves_it_as_it_was),
        cmocka_unit_test(wipe_overwrites_and_equal_ct_sees_every_byte),
        cmocka_unit_test(hex_round_trip),
        cmocka_unit_test(hex_decode_of_bad_text_appends_nothing),
        cmocka_unit_test(crc32_known_answers_and_pieces),
        cmocka_unit_test(crc16_of_chip_replies),
        cmocka_unit_test(endian_known_bytes_at_odd_addresses),
        cmocka_unit_test(base64_vectors_both_ways),
        cmocka_unit_test(base64_bad_text_appends_nothing),
        cmocka_unit_test(base64_exact_room_is_enough_and_one_less_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
