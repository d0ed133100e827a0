// SPDX-License-Identifier: Apache-2.0
// Datagrams to a group on a board without an operating system, in virtual time.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake/port.h"
#include "lan.h"
#include "limpet/port/net.h"

enum { PORT = 5353 };

#define STRANGER UINT32_C(0xC0000263) // 192.0.2.99
#define GROUP    UINT32_C(0xE00000FB)

static const uint8_t group4[4] = {224, 0, 0, 251};
static const uint8_t group6[16] = {0xFF, 2, [15] = 0xFB};
static lp_udp_group_t group;
static unsigned arrivals;

static void on_arrival(void *ctx)
{
    (void)ctx;
    arrivals++;
}

static size_t links(lp_net_link_t *link)
{
    return lp_port_udp_links(&group, link, 1);
}

static int setup(void **state)
{
    (void)state;
    world_begin();
    lan_begin();
    arrivals = 0;
    lan.dhcp.is_on = true;
    lp_bare_net_start("lp-4f21c0");
    world_pass(3000);
    assert_int_equal(lp_port_udp_join(&group, group4, group6, PORT, on_arrival, NULL), LP_OK);
    return 0;
}

static void put(const char *text, uint32_t to)
{
    lan_udp4(STRANGER, PORT, to, PORT, (const uint8_t *)text, strlen(text));
    world_pass(10);
}

static lp_err_t take(char *text, size_t cap, lp_udp_from_t *from)
{
    size_t n = 0;
    const lp_err_t err = lp_port_udp_receive(&group, (uint8_t *)text, cap - 1, &n, from);
    text[err == LP_OK ? n : 0] = '\0';
    return err;
}

static void addresses_of_the_card_are_told_and_the_group_is_joined(void **state)
{
    (void)state;
    lp_net_link_t link;
    assert_int_equal(links(&link), 1);
    world_pass(3000);
    assert_int_equal(link.count, 2);
    assert_memory_equal(link.own[0].addr, "\0\0\0\0\0\0\0\0\0\0\xFF\xFF\xC0\x00\x02\x0A", 16);
    assert_int_equal(link.own[0].bits, 96 + 24);
    assert_memory_equal(link.own[1].addr, "\xFE\x80", 2);
    assert_int_equal(link.own[1].bits, 64);
    assert_true(lan.udp.igmp >= 1);
    assert_true(lan.udp.mld >= 1);
    world_has_link = false;
    world_pass(500);
    assert_int_equal(links(&link), 0);
}

static void datagrams_come_with_where_they_are_from(void **state)
{
    (void)state;
    lp_net_link_t link;
    lp_udp_from_t from;
    char text[64];
    (void)links(&link);
    assert_int_equal(take(text, sizeof text, &from), LP_E_AGAIN);
    put("to all", GROUP);
    assert_int_equal(arrivals, 1);
    assert_int_equal(take(text, sizeof text, &from), LP_OK);
    assert_string_equal(text, "to all");
    assert_true(from.is_to_group);
    assert_int_equal(from.link, link.number);
    assert_int_equal(from.peer.port, PORT);
    assert_memory_equal(from.peer.addr + 10, "\xFF\xFF\xC0\x00\x02\x63", 6);
    assert_int_equal(take(text, sizeof text, &from), LP_E_AGAIN);
    put("to it", 0xC000020A);
    assert_int_equal(take(text, 4, &from), LP_OK); // cut
    assert_string_equal(text, "to ");
    assert_false(from.is_to_group);
    static const uint8_t far[16] = {0xFE, 0x80, [15] = 9};
    assert_int_equal(take(text, sizeof text, &from), LP_E_AGAIN);
    lan_udp6(far, PORT, group6, PORT, (const uint8_t *)"six", 3);
    world_pass(10);
    assert_int_equal(take(text, sizeof text, &from), LP_OK);
    assert_string_equal(text, "six");
    assert_memory_equal(from.peer.addr, far, 16);
    assert_true(from.is_to_group);
}

static void arrivals_are_told_once_until_all_is_read(void **state)
{
    (void)state;
    lp_net_link_t link;
    lp_udp_from_t from;
    char text[64];
    (void)links(&link);
    put("one", GROUP);
    put("two", GROUP);
    assert_int_equal(arrivals, 1);
    assert_int_equal(take(text, sizeof text, &from), LP_OK);
    assert_string_equal(text, "one");
    put("three", GROUP);
    assert_int_equal(arrivals, 1);
    assert_int_equal(take(text, sizeof text, &from), LP_OK);
    assert_string_equal(text, "two");
    assert_int_equal(take(text, sizeof text, &from), LP_OK);
    assert_string_equal(text, "three");
    assert_int_equal(take(text, sizeof text, &from), LP_E_AGAIN);
    put("four", GROUP);
    assert_int_equal(arrivals, 2);
}

// Nobody reads: the card, and with it DHCP and TCP, has its memory all the same, and nothing leaks.
static void flood_takes_no_more_than_its_own(void **state)
{
    (void)state;
    lp_net_link_t link;
    uint8_t junk[1400] = {0};
    (void)links(&link);
    for (unsigned i = 0; i < 2000; i++) {
        lan_udp4(STRANGER, PORT, GROUP, PORT, junk, sizeof junk);
        world_pass(1);
    }
    world_has_link = false;
    world_pass(1000);
    world_has_link = true;
    world_pass(3000);
    assert_int_equal(links(&link), 1);
    assert_int_equal(link.count, 2);
    lp_port_udp_leave(&group);
    for (unsigned i = 0; i < 50; i++) {
        assert_int_equal(lp_port_udp_join(&group, group4, group6, PORT, on_arrival, NULL), LP_OK);
        assert_int_equal(links(&link), 1);
        lan_udp4(STRANGER, PORT, GROUP, PORT, junk, sizeof junk);
        world_pass(50);
        lp_port_udp_leave(&group);
    }
    assert_int_equal(fake_reboots, 0);
}

static void sends_to_the_group_and_to_one(void **state)
{
    (void)state;
    lp_net_link_t link;
    (void)links(&link);
    const lp_net_peer_t one = {.addr = {[10] = 0xFF, [11] = 0xFF, 192, 0, 2, 99}, .port = 4000};
    assert_int_equal(lp_port_udp_send(&group, link.number, false, NULL, lp_span_str("hello")),
                     LP_OK);
    assert_int_equal(lan.udp.v4, 1);
    assert_memory_equal(lan.udp.to, group4, 4);
    assert_int_equal(lan.udp.hops, 255);
    assert_int_equal(lan.udp.port, PORT);
    assert_int_equal(lan.udp.len, 5);
    assert_memory_equal(lan.udp.data, "hello", 5);
    assert_int_equal(lp_port_udp_send(&group, link.number, true, NULL, lp_span_str("six")), LP_OK);
    assert_int_equal(lan.udp.v6, 1);
    assert_memory_equal(lan.udp.to, group6, 16);
    assert_int_equal(lan.udp.hops, 255);
    assert_int_equal(lp_port_udp_send(&group, link.number, false, &one, lp_span_str("one")), LP_OK);
    world_pass(100); // its card is asked for first
    assert_memory_equal(lan.udp.to, "\xC0\x00\x02\x63", 4);
    assert_int_equal(lan.udp.port, 4000);
    assert_int_equal(lp_port_udp_send(&group, link.number + 1, false, NULL, lp_span_str("x")),
                     LP_E_INVALID);
}

static void one_group_at_a_time_and_none_after_leaving(void **state)
{
    (void)state;
    lp_net_link_t link;
    lp_udp_group_t other;
    assert_int_equal(lp_port_udp_join(&other, group4, group6, 5000, on_arrival, NULL),
                     LP_E_NOSPACE);
    (void)links(&link);
    put("waits", GROUP);
    lp_port_udp_leave(&group);
    lp_port_udp_leave(&group);
    const unsigned before = arrivals;
    put("late", GROUP);
    assert_int_equal(arrivals, before);
    assert_int_equal(links(&link), 0);
    assert_int_equal(lp_port_udp_send(&group, 1, false, NULL, lp_span_str("x")), LP_E_INVALID);
    assert_int_equal(lp_port_udp_join(&other, group4, group6, PORT, on_arrival, NULL), LP_OK);
    lp_port_udp_leave(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(addresses_of_the_card_are_told_and_the_group_is_joined, setup),
        cmocka_unit_test_setup(datagrams_come_with_where_they_are_from, setup),
        cmocka_unit_test_setup(arrivals_are_told_once_until_all_is_read, setup),
        cmocka_unit_test_setup(flood_takes_no_more_than_its_own, setup),
        cmocka_unit_test_setup(sends_to_the_group_and_to_one, setup),
        cmocka_unit_test_setup(one_group_at_a_time_and_none_after_leaving, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
