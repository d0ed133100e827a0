// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "limpet/sntp.h"

static const uint8_t nonce[LP_SNTP_NONCE_BYTES] = {1, 2, 3, 4, 5, 6, 7, 8};
static uint8_t answer[LP_SNTP_BYTES];
static int64_t utc_s;

// 2026-03-01T00:00:00Z is 1772323200 and, from 1900, 3981312000 = 0xED4E0000.
static int setup(void **state)
{
    (void)state;
    memset(answer, 0, sizeof answer);
    answer[0] = 4 << 3 | 4;
    answer[1] = 2;
    memcpy(answer + 24, nonce, sizeof nonce);
    memcpy(answer + 40, "\xED\x4E\x00\x00\x80\x00\x00\x00", 8);
    utc_s = -7;
    return 0;
}

static lp_err_t take(void)
{
    return lp_sntp_answer(lp_span(answer, sizeof answer), nonce, &utc_s);
}

static void sntp_request_is_a_client_of_version_4(void **state)
{
    (void)state;
    uint8_t packet[LP_SNTP_BYTES];
    memset(packet, 0xEE, sizeof packet);
    lp_sntp_request(packet, nonce);
    assert_int_equal(packet[0], 0x23);
    for (size_t i = 1; i < 40; i++) {
        assert_int_equal(packet[i], 0);
    }
    assert_memory_equal(packet + 40, nonce, sizeof nonce);
}

static void sntp_answer_tells_the_time(void **state)
{
    (void)state;
    assert_int_equal(take(), LP_OK);
    assert_int_equal(utc_s, 1772323200);
    answer[0] = 3 << 3 | 4; // older servers
    assert_int_equal(take(), LP_OK);
}

static void sntp_era_of_2036_is_understood(void **state)
{
    (void)state;
    memcpy(answer + 40, "\x00\x00\x00\x10", 4);
    assert_int_equal(take(), LP_OK);
    assert_int_equal(utc_s, INT64_C(2085978496) + 16); // 2036-02-07T06:28:16Z and 16 s
}

static void sntp_stranger_is_not_believed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof nonce; i++) {
        answer[24 + i] ^= 1;
        assert_int_equal(take(), LP_E_FORMAT);
        answer[24 + i] ^= 1;
    }
    for (unsigned mode = 0; mode < 8; mode++) {
        answer[0] = (uint8_t)(4 << 3 | mode);
        assert_int_equal(take(), mode == 4 ? LP_OK : LP_E_FORMAT);
    }
    for (unsigned version = 0; version < 8; version++) {
        answer[0] = (uint8_t)(version << 3 | 4);
        assert_int_equal(take(), version >= 1 && version <= 4 ? LP_OK : LP_E_FORMAT);
    }
}

static void sntp_short_answer_is_none(void **state)
{
    (void)state;
    for (size_t len = 0; len < sizeof answer; len++) {
        assert_int_equal(lp_sntp_answer(lp_span(answer, len), nonce, &utc_s), LP_E_FORMAT);
    }
    assert_int_equal(utc_s, -7);
}

static void sntp_server_without_the_time_is_told_apart(void **state)
{
    (void)state;
    answer[0] |= 3 << 6;
    assert_int_equal(take(), LP_E_CLOCK);
    setup(NULL);
    answer[1] = 16;
    assert_int_equal(take(), LP_E_CLOCK);
    answer[1] = 0; // kiss of death
    assert_int_equal(take(), LP_E_DENIED);
    setup(NULL);
    memset(answer + 40, 0, 8);
    assert_int_equal(take(), LP_E_CLOCK);
    memcpy(answer + 40, "\xD0\x00\x00\x00", 4); // 2010
    assert_int_equal(take(), LP_E_CLOCK);
    assert_int_equal(utc_s, -7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(sntp_request_is_a_client_of_version_4, setup),
        cmocka_unit_test_setup(sntp_answer_tells_the_time, setup),
        cmocka_unit_test_setup(sntp_era_of_2036_is_understood, setup),
        cmocka_unit_test_setup(sntp_stranger_is_not_believed, setup),
        cmocka_unit_test_setup(sntp_short_answer_is_none, setup),
        cmocka_unit_test_setup(sntp_server_without_the_time_is_told_apart, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
