// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "limpet/dhcp6.h"

enum { ID = 0xA1B2C3, BYTES = 200 };

static const uint8_t mac[6] = {2, 0, 0, 0x4F, 0x21, 0xC0};
static const uint8_t server_1[16] = {0x20, 0x01, 0x0D, 0xB8, [15] = 0x53};
static const uint8_t server_2[16] = {0xFE, 0x80, [15] = 0x02};
static uint8_t bytes[BYTES];
static size_t len;
static lp_dhcp6_info_t info;

static void option(uint16_t code, const void *value, size_t value_len)
{
    assert_true(len + 4 + value_len <= BYTES);
    const uint8_t head[] = {(uint8_t)(code >> 8), (uint8_t)code, (uint8_t)(value_len >> 8),
                            (uint8_t)value_len};
    memcpy(bytes + len, head, sizeof head);
    memcpy(bytes + len + 4, value, value_len);
    len += 4 + value_len;
}

static void ids(void)
{
    option(1, "\x00\x03\x00\x01\x02\x00\x00\x4F\x21\xC0", 10);
    option(2, "\x00\x03\x00\x01router", 10);
}

static void begin(void)
{
    memcpy(bytes, "\x07\xA1\xB2\xC3", 4);
    len = 4;
    memset(&info, 0x77, sizeof info);
}

static int setup(void **state)
{
    (void)state;
    begin();
    ids();
    return 0;
}

static lp_err_t take(void)
{
    return lp_dhcp6_answer(lp_span(bytes, len), ID, mac, &info);
}

// A refusal leaves everything as it was.
static void refused(lp_err_t err)
{
    lp_dhcp6_info_t before;
    memset(&before, 0x77, sizeof before);
    assert_int_equal(take(), err);
    assert_memory_equal(&info, &before, sizeof info);
}

// Byte by byte as in RFC 8415, sections 8, 21.2, 21.7, 21.9.
static void dhcp6_request_is_as_the_standard_has_it(void **state)
{
    (void)state;
    static const uint8_t expected[LP_DHCP6_REQUEST_BYTES] = {
        11, 0xA1, 0xB2, 0xC3,                                            //
        0,  1,    0,    10,   0, 3,    0, 1,  2, 0, 0, 0x4F, 0x21, 0xC0, //
        0,  8,    0,    2,    0, 0x7D,                                   //
        0,  6,    0,    6,    0, 23,   0, 32, 0, 83};
    uint8_t packet[LP_DHCP6_REQUEST_BYTES];
    lp_dhcp6_request(packet, 0x55000000 | ID, mac, 1250);
    assert_memory_equal(packet, expected, sizeof expected);
    lp_dhcp6_request(packet, ID, mac, 3600 * 1000);
    assert_memory_equal(packet + 22, "\xFF\xFF", 2);
}

static void dhcp6_answer_names_the_servers(void **state)
{
    (void)state;
    uint8_t servers[32];
    memcpy(servers, server_1, 16);
    memcpy(servers + 16, server_2, 16);
    option(23, servers, 32);
    option(24, "\x03lan\x00", 5);
    option(32, "\x00\x00\x0E\x10", 4);
    option(83, "\x00\x00\x00\x78", 4);
    assert_int_equal(take(), LP_OK);
    assert_int_equal(info.count, 2);
    assert_memory_equal(info.servers[0], server_1, 16);
    assert_memory_equal(info.servers[1], server_2, 16);
    assert_int_equal(info.refresh_s, 3600);
    assert_int_equal(info.max_rt_s, 120);
}

static void dhcp6_answer_without_servers_is_one(void **state)
{
    (void)state;
    assert_int_equal(take(), LP_OK);
    assert_int_equal(info.count, 0);
    assert_int_equal(info.refresh_s, LP_DHCP6_REFRESH_S);
    assert_int_equal(info.max_rt_s, 0);
}

static void dhcp6_more_servers_than_room_are_left_out(void **state)
{
    (void)state;
    uint8_t servers[5 * 16];
    for (size_t i = 0; i < 5; i++) {
        memcpy(servers + 16 * i, server_1, 16);
        servers[16 * i + 15] = (uint8_t)(0x60 + i);
    }
    option(23, servers, sizeof servers);
    option(23, server_2, 16); // a second one is nobody's
    assert_int_equal(take(), LP_OK);
    assert_int_equal(info.count, 2);
    assert_int_equal(info.servers[1][15], 0x61);
}

static void dhcp6_addresses_that_are_no_servers_are_left_out(void **state)
{
    (void)state;
    uint8_t servers[5 * 16] = {0};      // nobody's,
    servers[16 + 15] = 1;               // the board's own,
    memset(servers + 32, 0xFF, 2);      // a group's,
    memset(servers + 48 + 10, 0xFF, 6); // IPv4's
    memcpy(servers + 64, server_1, 16);
    option(23, servers, sizeof servers);
    assert_int_equal(take(), LP_OK);
    assert_int_equal(info.count, 1);
    assert_memory_equal(info.servers[0], server_1, 16);
}

static void dhcp6_times_stay_within_reason(void **state)
{
    (void)state;
    option(32, "\x00\x00\x00\x01", 4);
    option(83, "\x00\x00\x00\x01", 4);
    assert_int_equal(take(), LP_OK);
    assert_int_equal(info.refresh_s, LP_DHCP6_REFRESH_MIN_S);
    assert_int_equal(info.max_rt_s, 0);
    option(83, "\xFF\xFF\xFF\xFF", 4);
    option(32, "\xFF\xFF\xFF\xFF", 4);
    assert_int_equal(take(), LP_OK);
    assert_int_equal(info.refresh_s, UINT32_MAX);
    assert_int_equal(info.max_rt_s, 0);
}

static void dhcp6_somebody_elses_answer_is_none(void **state)
{
    (void)state;
    bytes[3] ^= 1;
    refused(LP_E_FORMAT);
    bytes[3] ^= 1;
    bytes[0] = 2; // an Advertise
    refused(LP_E_FORMAT);
    bytes[0] = 7;
    bytes[4 + 4 + 9] ^= 1; // another client
    refused(LP_E_FORMAT);
    bytes[4 + 4 + 9] ^= 1;
    assert_int_equal(take(), LP_OK);
}

static void dhcp6_answer_needs_both_names(void **state)
{
    (void)state;
    begin();
    option(2, "\x00\x03\x00\x01router", 10);
    refused(LP_E_FORMAT);
    begin();
    option(1, "\x00\x03\x00\x01\x02\x00\x00\x4F\x21\xC0", 10);
    refused(LP_E_FORMAT);
    option(2, "\x00\x03", 2);
    refused(LP_E_FORMAT);
}

static void dhcp6_failed_server_is_told_apart(void **state)
{
    (void)state;
    option(13,
           "\x00\x00"
           "fine",
           6);
    assert_int_equal(take(), LP_OK);
    begin();
    ids();
    option(23, server_1, 16);
    option(13, "\x00\x01no", 4);
    refused(LP_E_DENIED);
}

static void dhcp6_malformed_options_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint16_t code;
        size_t len;
    } bad[] = {{23, 0}, {23, 15}, {23, 17}, {32, 3}, {32, 5}, {83, 0}, {13, 1}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        begin();
        ids();
        option(bad[i].code, "\x20\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
               bad[i].len);
        refused(LP_E_FORMAT);
    }
}

// Cut anywhere, and with any length field too long: never read behind the end (ASan watches).
static void dhcp6_cut_answers_are_refused_or_shorter(void **state)
{
    (void)state;
    option(23, server_1, 16);
    const size_t whole = len;
    for (len = 0; len < whole; len++) {
        uint8_t exact[BYTES];
        memcpy(exact, bytes, len);
        const lp_err_t err = lp_dhcp6_answer(lp_span(exact, len), ID, mac, &info);
        assert_int_equal(err, len == whole - 20 ? LP_OK : LP_E_FORMAT); // right before the servers
    }
    len = whole;
    bytes[whole - 17] = 17;
    assert_int_equal(take(), LP_E_FORMAT);
    bytes[whole - 18] = 0xFF;
    assert_int_equal(take(), LP_E_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(dhcp6_request_is_as_the_standard_has_it, setup),
        cmocka_unit_test_setup(dhcp6_answer_names_the_servers, setup),
        cmocka_unit_test_setup(dhcp6_answer_without_servers_is_one, setup),
        cmocka_unit_test_setup(dhcp6_more_servers_than_room_are_left_out, setup),
        cmocka_unit_test_setup(dhcp6_addresses_that_are_no_servers_are_left_out, setup),
        cmocka_unit_test_setup(dhcp6_times_stay_within_reason, setup),
        cmocka_unit_test_setup(dhcp6_somebody_elses_answer_is_none, setup),
        cmocka_unit_test_setup(dhcp6_answer_needs_both_names, setup),
        cmocka_unit_test_setup(dhcp6_failed_server_is_told_apart, setup),
        cmocka_unit_test_setup(dhcp6_malformed_options_are_refused, setup),
        cmocka_unit_test_setup(dhcp6_cut_answers_are_refused_or_shorter, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
