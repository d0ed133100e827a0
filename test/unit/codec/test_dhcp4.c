// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "limpet/dhcp4.h"
#include "limpet/endian.h"

enum { BYTES = 400, OFFER = 2, ACK = 5, NAK = 6 };

#define MASK_24 UINT32_C(0xFFFFFF00)
#define ROUTER  UINT32_C(0xC0000201) // 192.0.2.1
#define MINE    UINT32_C(0xC000020A) // 192.0.2.10

static uint8_t bytes[BYTES];
static size_t len;

static void option32(uint8_t code, uint32_t value)
{
    bytes[len++] = code;
    bytes[len++] = 4;
    lp_put_be32(bytes + len, value);
    len += 4;
}

static void begin(uint8_t type, uint32_t address)
{
    memset(bytes, 0, sizeof bytes);
    bytes[0] = 2;
    lp_put_be32(bytes + 16, address);
    lp_put_be32(bytes + 236, 0x63825363);
    len = 240;
    memcpy(bytes + len, "\x35\x01", 2);
    bytes[len + 2] = type;
    len += 3;
}

static bool is_sane(void)
{
    return lp_dhcp4_kind(lp_span(bytes, len)) == LP_DHCP4_GRANT;
}

static bool offers(uint32_t address, uint32_t mask, uint32_t router, uint32_t lease_s)
{
    begin(OFFER, address);
    option32(1, mask);
    option32(3, router);
    option32(51, lease_s);
    const bool sane = is_sane();
    bytes[242] = ACK;
    assert_int_equal(is_sane(), sane);
    return sane;
}

static void dhcp4_ordinary_offers_are_sane(void **state)
{
    (void)state;
    assert_true(offers(MINE, MASK_24, ROUTER, 3600));
    assert_true(offers(MINE, MASK_24, ROUTER, 1));
    assert_true(offers(MINE, MASK_24, ROUTER, UINT32_MAX));
    assert_true(offers(MINE, UINT32_MAX, ROUTER, 3600)); // a network of one, as some clouds have
    assert_true(offers(MINE, 0xFFFFFFFE, ROUTER, 3600)); // and of two
    assert_true(offers(0x0A000000 | 0xFF, 0xFF000000, 0x0A000001, 3600));
    begin(OFFER, MINE); // no mask, no router, no time
    assert_true(is_sane());
}

static void dhcp4_refusal_is_one(void **state)
{
    (void)state;
    begin(NAK, 0);
    assert_int_equal(lp_dhcp4_kind(lp_span(bytes, len)), LP_DHCP4_REFUSAL);
}

static void dhcp4_addresses_of_nobody_are_refused(void **state)
{
    (void)state;
    static const uint32_t bad[] = {0,          1,          0x7F000001, 0xA9FE0101, 0xE0000001,
                                   0xF0000001, 0xFFFFFFFF, 0xC0000200, 0xC00002FF};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(offers(bad[i], MASK_24, ROUTER, 3600));
    }
}

static void dhcp4_masks_with_holes_are_refused(void **state)
{
    (void)state;
    assert_false(offers(MINE, 0, ROUTER, 3600));
    assert_false(offers(MINE, 0xFF00FF00, ROUTER, 3600));
    assert_false(offers(MINE, 0x00FFFFFF, ROUTER, 3600));
}

static void dhcp4_router_is_a_host_and_not_the_board(void **state)
{
    (void)state;
    assert_false(offers(MINE, MASK_24, 0, 3600));
    assert_false(offers(MINE, MASK_24, MINE, 3600));
    assert_false(offers(MINE, MASK_24, 0x7F000001, 3600));
    assert_false(offers(MINE, MASK_24, 0xE0000001, 3600));
}

static void dhcp4_lease_of_no_time_is_refused(void **state)
{
    (void)state;
    assert_false(offers(MINE, MASK_24, ROUTER, 0));
}

static void dhcp4_what_is_no_reply_is_refused(void **state)
{
    (void)state;
    begin(OFFER, MINE);
    bytes[0] = 1;
    assert_false(is_sane());
    begin(OFFER, MINE);
    bytes[236] ^= 1;
    assert_false(is_sane());
    begin(1, MINE); // a Discover
    assert_false(is_sane());
    begin(OFFER, MINE);
    bytes[241] = 2; // its type has two bytes
    bytes[len++] = 0;
    assert_false(is_sane());
    assert_int_equal(lp_dhcp4_kind(lp_span(bytes, 239)), LP_DHCP4_NONSENSE);
    assert_int_equal(lp_dhcp4_kind(lp_span(bytes, 240)), LP_DHCP4_NONSENSE);
    assert_int_equal(lp_dhcp4_kind(lp_span(NULL, 0)), LP_DHCP4_NONSENSE);
}

// Behind the end of the options, or cut off: not read.
static void dhcp4_options_end_where_they_end(void **state)
{
    (void)state;
    begin(OFFER, MINE);
    bytes[len++] = 0;
    bytes[len++] = 255;
    option32(1, 0);
    assert_true(is_sane());
    begin(OFFER, MINE);
    bytes[len++] = 1;
    bytes[len++] = 200;
    bytes[len++] = 0;
    assert_true(is_sane());
    begin(OFFER, MINE);
    bytes[len++] = 1;
    assert_true(is_sane());
    begin(OFFER, MINE);
    option32(1, MASK_24);
    option32(1, 0); // the first counts
    assert_true(is_sane());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dhcp4_ordinary_offers_are_sane),
        cmocka_unit_test(dhcp4_refusal_is_one),
        cmocka_unit_test(dhcp4_addresses_of_nobody_are_refused),
        cmocka_unit_test(dhcp4_masks_with_holes_are_refused),
        cmocka_unit_test(dhcp4_router_is_a_host_and_not_the_board),
        cmocka_unit_test(dhcp4_lease_of_no_time_is_refused),
        cmocka_unit_test(dhcp4_what_is_no_reply_is_refused),
        cmocka_unit_test(dhcp4_options_end_where_they_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
