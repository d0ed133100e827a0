// SPDX-License-Identifier: Apache-2.0
// Which addresses a board gets, from whom, and what it does without: lwIP and the port around it
// against a network of the test's, in virtual time.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake/port.h"
#include "lan.h"
#include "limpet/endian.h"
#include "limpet/port/address.h"
#include "limpet/port/net.h"

#define MINE UINT32_C(0xC000020A)

static lp_net_addresses_t now;
static lp_tcp_t tcp;
static unsigned closed;
static lp_err_t why;

static int setup(void **state)
{
    (void)state;
    world_begin();
    lan_begin();
    closed = 0;
    why = LP_OK;
    return 0;
}

static bool has(lp_net_source_t source, uint32_t address)
{
    lp_port_net_addresses(&now);
    return now.source == source && lp_get_be32(now.address) == address;
}

static bool has_lease(void)
{
    lp_port_net_addresses(&now);
    return now.source == LP_NET_DHCP;
}

static bool has_none(void)
{
    lp_port_net_addresses(&now);
    return now.source == LP_NET_NONE;
}

static bool has_link_local(void)
{
    lp_port_net_addresses(&now);
    return now.source == LP_NET_LINK_LOCAL;
}

static void start(void)
{
    lp_bare_net_start("lp-4f21c0");
}

static void start_with_lease(void)
{
    lan.dhcp.is_on = true;
    start();
    assert_true(world_until(has_lease, 5000));
}

static bool is_server4(size_t i, uint32_t address)
{
    lp_port_net_addresses(&now);
    return i < now.server_count && now.servers[i][10] == 0xFF &&
           lp_get_be32(now.servers[i] + 12) == address;
}

static bool is_server6(size_t i, const uint8_t address[16])
{
    lp_port_net_addresses(&now);
    return i < now.server_count && memcmp(now.servers[i], address, 16) == 0;
}

static void on_tcp(void *ctx, unsigned events, lp_err_t err)
{
    (void)ctx;
    if ((events & LP_STREAM_CLOSED) != 0) {
        closed++;
        why = err;
    }
}

static void call(const char *host)
{
    assert_int_equal(lp_port_tcp_open(&tcp, host, 8883, on_tcp, NULL), LP_OK);
}

// -- DHCP

static void dhcp_gives_an_address(void **state)
{
    (void)state;
    start_with_lease();
    assert_true(has(LP_NET_DHCP, MINE));
    assert_int_equal(now.bits, 24);
    assert_int_equal(lp_get_be32(now.router), 0xC0000201);
    assert_in_range(now.lease_s, 3590, 3600);
    assert_int_equal(lan.announced, MINE);
    assert_true(fake_log_contains("address 192.0.2.10"));
}

static void lease_is_renewed_before_it_ends(void **state)
{
    (void)state;
    start_with_lease();
    const unsigned discovers = lan.dhcp.discovers;
    world_pass(3600 * 1000 * 5);
    assert_true(has(LP_NET_DHCP, MINE));
    assert_int_equal(lan.dhcp.discovers, discovers);
    assert_in_range(lan.dhcp.requests, 6, 20);
}

static void short_lease_is_renewed_in_time(void **state)
{
    (void)state;
    lan.dhcp.lease_s = 30;
    start_with_lease();
    world_pass(600 * 1000);
    assert_true(has_lease());
    assert_false(fake_log_contains("no longer ours"));
}

// Longer than lwIP's counters of minutes once were.
static void lease_of_a_year_lasts_a_year(void **state)
{
    (void)state;
    lan.dhcp.lease_s = 365 * 86400;
    start_with_lease();
    assert_in_range(now.lease_s, 365 * 86400 - 10, 365 * 86400);
    setup(NULL);
    lan.dhcp.lease_s = UINT32_MAX;
    start_with_lease();
    assert_int_equal(now.lease_s, UINT32_MAX);
}

static void lease_that_ends_is_given_up(void **state)
{
    (void)state;
    lan.dhcp.lease_s = 300;
    start_with_lease();
    lan.dhcp.is_on = false;
    world_pass(290 * 1000);
    assert_true(has_lease());
    world_pass(15 * 1000);
    assert_false(has_lease());
    assert_true(fake_log_contains("no longer ours"));
    lan.dhcp.address = 0xC0000214;
    lan.dhcp.is_on = true;
    assert_true(world_until(has_lease, 35000));
    assert_true(has(LP_NET_DHCP, 0xC0000214));
}

static void refused_lease_is_given_up_at_once(void **state)
{
    (void)state;
    lan.dhcp.lease_s = 600;
    start_with_lease();
    lan.dhcp.refuses = true; // the next renewal
    assert_true(world_until(has_none, 310 * 1000));
    lan.dhcp.refuses = false;
    lan.dhcp.address = 0xC0000215;
    assert_true(world_until(has_lease, 60000));
    assert_true(has(LP_NET_DHCP, 0xC0000215));
}

// A server that refuses whatever it has offered: asked at a decent pace, for ever.
static void server_that_refuses_everything_is_not_flooded(void **state)
{
    (void)state;
    lan.dhcp.is_on = true;
    lan.dhcp.refuses = true;
    start();
    world_pass(60000);
    assert_false(has_lease());
    assert_true(lan.dhcp.discovers < 100);
    lan.dhcp.refuses = false;
    assert_true(world_until(has_lease, 35000));
}

static void other_network_behind_the_same_cable(void **state)
{
    (void)state;
    start_with_lease();
    world_has_link = false;
    world_pass(2000);
    assert_false(has_lease());
    lan.dhcp.address = 0x0A000005;
    lan.dhcp.router = 0x0A000001;
    lan.dhcp.refuses = true; // what it had, which is of the old network
    world_has_link = true;
    world_pass(200);
    lan.dhcp.refuses = false;
    assert_true(world_until(has_lease, 35000));
    assert_true(has(LP_NET_DHCP, 0x0A000005));
}

static void nonsense_is_not_taken_and_the_next_offer_counts(void **state)
{
    (void)state;
    static const struct {
        uint32_t address, mask, router, lease_s;
    } bad[] = {
        {0, 0xFFFFFF00, 0xC0000201, 3600},          {0x7F000001, 0xFF000000, 0xC0000201, 3600},
        {0xE0000001, 0xFFFFFF00, 0xC0000201, 3600}, {0xFFFFFFFF, 0xFFFFFF00, 0xC0000201, 3600},
        {0xC00002FF, 0xFFFFFF00, 0xC0000201, 3600}, {MINE, 0, 0xC0000201, 3600},
        {MINE, 0xFF00FF00, 0xC0000201, 3600},       {MINE, 0xFFFFFF00, MINE, 3600},
        {MINE, 0xFFFFFF00, 0xC0000201, 0},          {0xA9FE0505, 0xFFFF0000, 0xC0000201, 3600}};
    lan.dhcp.is_on = true;
    start();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        lan.dhcp.address = bad[i].address;
        lan.dhcp.mask = bad[i].mask;
        lan.dhcp.router = bad[i].router;
        lan.dhcp.lease_s = bad[i].lease_s;
        world_pass(32000);
        assert_false(has_lease());
    }
    assert_true(now.refused >= 10);
    assert_true(fake_log_contains("cannot be an address"));
    lan_begin();
    lan.dhcp.is_on = true;
    assert_true(world_until(has_lease, 35000));
}

// -- without a DHCP server

static void without_dhcp_the_board_gives_itself_an_address(void **state)
{
    (void)state;
    start();
    world_pass(7000);
    assert_true(has_none());
    assert_true(world_until(has_link_local, 20000));
    assert_int_equal(now.address[0], 169);
    assert_int_equal(now.address[1], 254);
    assert_in_range(now.address[2], 1, 254);
    assert_int_equal(now.bits, 16);
    assert_int_equal(lp_get_be32(now.router), 0);
    assert_int_equal(lan.probes, 3);
    assert_int_equal(lan.announced, lp_get_be32(now.address));
    world_pass(100);
    assert_true(fake_log_contains("for this link alone"));
}

static void dhcp_server_that_appears_counts(void **state)
{
    (void)state;
    start();
    assert_true(world_until(has_link_local, 30000));
    lan.dhcp.is_on = true;
    assert_true(world_until(has_lease, 35000));
    assert_true(has(LP_NET_DHCP, MINE));
    lan.dhcp.is_on = false; // and goes again
    world_pass(3600 * 1000 + 20000);
    assert_true(world_until(has_link_local, 30000));
    lan.dhcp.is_on = true;
    assert_true(world_until(has_lease, 35000));
}

static void address_of_somebody_else_is_left_to_him(void **state)
{
    (void)state;
    start();
    assert_true(world_until(has_link_local, 30000));
    const uint32_t first = lp_get_be32(now.address);
    setup(NULL);
    lan.taken = first;
    start();
    assert_true(world_until(has_link_local, 30000));
    assert_int_not_equal(lp_get_be32(now.address), first);
}

static void address_is_defended_once_and_then_given_up(void **state)
{
    (void)state;
    start();
    assert_true(world_until(has_link_local, 30000));
    const uint32_t first = lp_get_be32(now.address);
    lan.announced = 0;
    lan_claim(first);
    world_pass(1000);
    assert_true(has(LP_NET_LINK_LOCAL, first));
    assert_int_equal(lan.announced, first);
    lan_claim(first);
    world_pass(1000);
    assert_false(has(LP_NET_LINK_LOCAL, first));
    assert_true(world_until(has_link_local, 30000));
    assert_int_not_equal(lp_get_be32(now.address), first);
}

// Somebody claims every address that is tried: probes become rare, and stop being answered by more.
static void thief_of_all_addresses_makes_no_flood(void **state)
{
    (void)state;
    start();
    for (unsigned i = 0; i < 3000; i++) {
        world_pass(100);
        lan.taken = 0xA9FE0000 | (lan.taken + 1);
        for (unsigned k = 0; k < 4; k++) {
            lan_claim(0xA9FE0000 + 0x21C0 + 0x100 * k); // near what the board would take
        }
    }
    assert_true(lan.probes < 300);
    lan.dhcp.is_on = true;
    assert_true(world_until(has_lease, 35000));
}

static const lp_net_fixed_t fixed = {
    .address = {192, 0, 2, 77}, .bits = 24, .router = {192, 0, 2, 1}, .servers = {{192, 0, 2, 53}}};

static bool has_fixed(void)
{
    return has(LP_NET_FIXED, 0xC000024D);
}

static void owners_address_counts_when_nobody_answers(void **state)
{
    (void)state;
    lp_port_net_set_fixed(&fixed);
    start();
    world_pass(7000);
    assert_true(has_none());
    assert_true(world_until(has_fixed, 3000));
    assert_int_equal(now.bits, 24);
    assert_int_equal(lp_get_be32(now.router), 0xC0000201);
    assert_true(is_server4(0, 0xC0000235));
    assert_int_equal(now.server_count, 1);
    assert_int_equal(lan.announced, 0xC000024D);
    assert_true(fake_log_contains("address 192.0.2.77"));
    lan.dhcp.is_on = true;
    assert_true(world_until(has_lease, 35000));
    assert_true(has(LP_NET_DHCP, MINE));
}

static void owners_address_connects(void **state)
{
    (void)state;
    lp_port_net_set_fixed(&fixed);
    lan.dns.is_on[0] = true;
    start();
    call("broker.lan");
    assert_true(world_until(has_fixed, 10000));
    world_pass(3000);
    assert_int_equal(lan.syn_to, 0xC6336407);
    assert_int_equal(lan.syn_from, 0xC000024D);
}

static void owners_address_can_be_changed_while_it_counts(void **state)
{
    (void)state;
    start();
    assert_true(world_until(has_link_local, 30000));
    lp_port_net_set_fixed(&fixed);
    assert_true(world_until(has_fixed, 1000));
    lp_port_net_set_fixed(NULL);
    assert_true(world_until(has_link_local, 12000));
    lp_port_net_set_fixed(&fixed);
    assert_true(world_until(has_fixed, 1000));
    world_has_link = false;
    world_pass(500);
    assert_true(has_none());
}

// A connection waits for a network that it can use, and does not fail for want of one.
static void link_local_address_is_no_way_out(void **state)
{
    (void)state;
    start();
    call("198.51.100.7");
    assert_true(world_until(has_link_local, 30000));
    world_pass(60000);
    assert_int_equal(closed, 0);
    assert_int_equal(lan.syns, 0);
    lan.dhcp.is_on = true;
    assert_true(world_until(has_lease, 35000));
    world_pass(1000);
    assert_int_equal(lan.syn_to, 0xC6336407);
    assert_int_equal(lan.syn_from, MINE);
}

// -- IPv6

static const uint8_t router_server[16] = {0x20, 0x01, 0x0D, 0xB8, [15] = 54};
static const uint8_t dhcp6_server[16] = {0x20, 0x01, 0x0D, 0xB8, [15] = 55};

static bool has_dhcp6_server(void)
{
    return is_server6(0, dhcp6_server) || is_server6(1, dhcp6_server) ||
           is_server6(2, dhcp6_server);
}

static bool has_global(void)
{
    lp_port_net_addresses(&now);
    return now.ipv6_count >= 2;
}

static void router_gives_a_prefix_and_a_name_server(void **state)
{
    (void)state;
    lan.router.is_on = true;
    lan.router.has_prefix = true;
    memcpy(lan.router.server, router_server, 16);
    lan.router.server_life_s = 600;
    start();
    assert_true(world_until(has_global, 8000));
    uint8_t expected[16];
    lan_board_ip6(expected);
    assert_memory_equal(now.ipv6[0], expected, 16);
    memcpy(expected, "\x20\x01\x0D\xB8\x00\x00\x00\x00", 8);
    assert_memory_equal(now.ipv6[1], expected, 16);
    assert_true(is_server6(0, router_server));
    lan.router.server_life_s = 0; // it takes it back
    lan_announce();
    world_pass(100);
    assert_false(is_server6(0, router_server));
}

static void start_with_dhcp6(uint8_t flags)
{
    lan.router.is_on = true;
    lan.router.has_prefix = true;
    lan.router.flags = flags;
    lan.dhcp6.is_on = true;
    lan.dhcp6.count = 1;
    memcpy(lan.dhcp6.servers[0], dhcp6_server, 16);
    start();
}

static void dhcp6_names_servers_when_the_router_says_so(void **state)
{
    (void)state;
    start_with_dhcp6(0x40);
    assert_true(world_until(has_dhcp6_server, 8000));
    assert_int_equal(lan.dhcp6.requests, 1);
    assert_true(fake_log_contains("DHCPv6 names 1 servers"));
    setup(NULL);
    start_with_dhcp6(0x80);
    assert_true(world_until(has_dhcp6_server, 8000));
    setup(NULL);
    start_with_dhcp6(0);
    world_pass(20000);
    assert_int_equal(lan.dhcp6.requests, 0);
}

static void dhcp6_asks_ever_more_slowly(void **state)
{
    (void)state;
    start_with_dhcp6(0x40);
    lan.dhcp6.is_on = false;
    world_pass(3600 * 1000);
    assert_in_range(lan.dhcp6.requests, 9, 13);
    lan.dhcp6.is_on = true;
    assert_true(world_until(has_dhcp6_server, 3600 * 1000));
    const unsigned requests = lan.dhcp6.requests;
    world_pass(23 * 3600 * 1000ULL);
    assert_int_equal(lan.dhcp6.requests, requests);
    world_pass(2 * 3600 * 1000ULL);
    assert_int_equal(lan.dhcp6.requests, requests + 1); // a day later, anew
}

static void dhcp6_malformed_answers_change_nothing(void **state)
{
    (void)state;
    start_with_dhcp6(0x40);
    lan.dhcp6.is_malformed = true;
    world_pass(20000);
    assert_false(has_dhcp6_server());
    assert_true(lan.dhcp6.requests >= 3);
    lan.dhcp6.is_malformed = false;
    assert_true(world_until(has_dhcp6_server, 40000));
}

static void dhcp6_answers_nobody_asked_for_change_nothing(void **state)
{
    (void)state;
    static const uint8_t from[16] = {0xFE, 0x80, [15] = 9};
    uint8_t to[16], packet[200] = {7};
    lan_board_ip6(to);
    start_with_dhcp6(0);
    world_pass(5000);
    for (size_t len = 0; len < sizeof packet; len += 7) {
        lan_udp6(from, 547, to, 546, packet, len);
        world_pass(10);
    }
    assert_false(has_dhcp6_server());
    assert_int_equal(fake_reboots, 0);
}

static void cable_that_went_takes_the_servers_along(void **state)
{
    (void)state;
    lan.dhcp.is_on = true;
    lan.dhcp.servers[0] = 0xC0000235;
    start_with_dhcp6(0x40);
    assert_true(world_until(has_dhcp6_server, 8000));
    assert_true(is_server4(0, 0xC0000235));
    world_has_link = false;
    world_pass(500);
    lp_port_net_addresses(&now);
    assert_int_equal(now.server_count, 0);
    world_has_link = true;
    assert_true(world_until(has_dhcp6_server, 8000));
    assert_true(is_server4(0, 0xC0000235));
}

// Thousands of routers, each with a prefix and a server: the lease, its connection and the memory
// stay, and the board says hardly more than without.
static void flood_of_announcements_is_survived(void **state)
{
    (void)state;
    start_with_lease();
    lan.router.flags = 0x40;
    const unsigned before = lan.sent;
    for (uint32_t i = 0; i < 5000; i++) {
        lan_announce_as(i);
        if (i % 8 == 0) {
            world_pass(10);
        }
    }
    world_pass(1000);
    assert_true(has(LP_NET_DHCP, MINE));
    assert_true(lan.sent - before < 6000); // a question to each new neighbour at most
    assert_true(lan.dhcp6.requests <= 3);
    call("198.51.100.7");
    world_pass(1000);
    assert_int_equal(lan.syn_to, 0xC6336407);
    // When they are silent, their time runs out, and a true router is heard.
    lan_begin();
    lan.dhcp.is_on = true;
    lan.router.is_on = true;
    lan.router.has_prefix = true;
    world_pass(3 * 3600 * 1000);
    lan_announce();
    world_pass(5000);
    uint8_t expected[16];
    lan_board_ip6(expected);
    memcpy(expected, "\x20\x01\x0D\xB8\x00\x00\x00\x00", 8);
    lp_port_net_addresses(&now);
    bool is_there = false;
    for (size_t i = 0; i < now.ipv6_count; i++) {
        is_there |= memcmp(now.ipv6[i], expected, 16) == 0;
    }
    assert_true(is_there);
}

// -- names

static void start_with_names(void)
{
    lan.dhcp.servers[0] = 0xC0000235;
    lan.dhcp.servers[1] = 0xC0000236;
    start_with_lease();
}

static void second_name_server_is_asked_when_the_first_is_silent(void **state)
{
    (void)state;
    lan.dns.is_on[1] = true;
    start_with_names();
    call("broker.example");
    world_pass(6000);
    assert_true(lan.dns.asked[0] >= 2);
    assert_int_equal(lan.syn_to, 0xC6336407);
}

static void second_name_server_is_asked_when_the_first_fails(void **state)
{
    (void)state;
    lan.dns.is_on[0] = lan.dns.is_on[1] = true;
    lan.dns.fails[0] = true;
    start_with_names();
    call("broker.example");
    world_pass(500);
    assert_int_equal(lan.dns.asked[0], 1);
    assert_int_equal(lan.syn_to, 0xC6336407);
}

static void silence_of_all_name_servers_is_told(void **state)
{
    (void)state;
    start_with_names();
    call("broker.example");
    world_pass(12000);
    assert_int_equal(closed, 1);
    assert_int_equal(why, LP_E_NET_RESOLVE);
    assert_true(lan.dns.asked[0] >= 2 && lan.dns.asked[1] >= 2);
}

static void name_servers_of_ipv6_help_out(void **state)
{
    (void)state;
    lan.router.is_on = true;
    lan.router.has_prefix = true;
    lan.router.server_life_s = 600;
    memcpy(lan.router.server, router_server, 16);
    lan.dns.is_on[1] = true; // 2001:db8::54, and 192.0.2.54, which nobody named
    lan.dhcp.servers[0] = 0xC0000235;
    start_with_lease();
    assert_true(world_until(has_global, 8000));
    assert_true(is_server4(0, 0xC0000235));
    assert_true(is_server6(1, router_server));
    call("broker.example");
    world_pass(6000);
    assert_int_equal(lan.syn_to, 0xC6336407);
}

// -- a name with both kinds of address

static void give_ipv6(void)
{
    lan.router.is_on = true;
    lan.router.has_prefix = true;
    lan.router.server_life_s = 600;
    lan.dns.is_on[0] = lan.dns.is_on[1] = true;
    lan.dns.has_v6 = true;
    memcpy(lan.router.server, router_server, 16);
}

static void start_with_both(void)
{
    give_ipv6();
    lan.dhcp.servers[0] = 0xC0000235;
    start_with_lease();
    assert_true(world_until(has_global, 8000));
}

static bool asks_for_ipv6(void)
{
    return lan.syns > 0 && lan.syn_to == 0;
}

static bool is_closed(void)
{
    return closed > 0;
}

static void ipv6_is_tried_when_ipv4_is_refused(void **state)
{
    (void)state;
    start_with_both();
    lan.refuses4 = true;
    call("broker.example");
    assert_true(world_until(asks_for_ipv6, 5000));
    assert_int_equal(closed, 0);
    lan.refuses6 = true; // and then the try is over; what became of the first address is told
    assert_true(world_until(is_closed, 20000));
    assert_int_equal(why, LP_E_NET_REFUSED);
    const unsigned syns = lan.syns;
    world_pass(60000);
    assert_int_equal(lan.syns, syns);
    assert_int_equal(closed, 1);
}

static void ipv6_is_tried_when_ipv4_is_silent(void **state)
{
    (void)state;
    start_with_both();
    call("broker.example");
    world_pass(1000);
    assert_int_equal(lan.syn_to, 0xC6336407);
    assert_true(world_until(asks_for_ipv6, 200000));
    assert_int_equal(closed, 0);
}

static void start_with_ipv6_alone(void)
{
    give_ipv6();
    start();
    assert_true(world_until(has_global, 8000));
    world_pass(5000);
}

static void without_ipv4_there_is_no_second_try(void **state)
{
    (void)state;
    lan.refuses6 = true;
    start_with_ipv6_alone();
    call("broker.example");
    assert_true(world_until(is_closed, 20000));
    assert_int_equal(why, LP_E_NET_REFUSED);
    assert_int_equal(lan.syn_to, 0);
}

static bool asks_for_ipv4(void)
{
    return lan.syn_to == 0xC6336407;
}

// The network of IPv6 gets a DHCP server while the connection by IPv6 is being tried.
static void ipv4_is_tried_when_ipv6_is_silent(void **state)
{
    (void)state;
    start_with_ipv6_alone();
    call("broker.example");
    assert_true(world_until(asks_for_ipv6, 5000));
    lan.dhcp.is_on = true;
    assert_true(world_until(has_lease, 70000));
    assert_false(asks_for_ipv4());
    assert_true(world_until(asks_for_ipv4, 300000));
    assert_int_equal(closed, 0);
}

static void number_and_name_without_ipv6_end_with_the_first_refusal(void **state)
{
    (void)state;
    static const char *const hosts[] = {"198.51.100.7", "broker.example"};
    start_with_both();
    lan.dns.has_v6 = false;
    lan.refuses4 = true;
    for (unsigned i = 0; i < 2; i++) {
        call(hosts[i]);
        assert_true(world_until(is_closed, 5000));
        assert_int_equal(why, LP_E_NET_REFUSED);
        assert_false(asks_for_ipv6());
        lp_stream_close(&tcp.stream);
        closed = 0;
    }
}

// Whoever hangs up between the two tries is called by nobody, and leaves room.
static void hanging_up_between_the_kinds_leaves_nothing(void **state)
{
    (void)state;
    start_with_both();
    lan.refuses4 = true;
    for (unsigned ms = 0; ms < 40; ms++) {
        call("broker.example");
        world_pass(ms);
        lp_stream_close(&tcp.stream);
        world_pass(10);
    }
    assert_int_equal(closed, 0);
    call("broker.example");
    assert_true(world_until(asks_for_ipv6, 5000));
}

static void name_servers_that_cannot_be_are_left_out(void **state)
{
    (void)state;
    lan.dhcp.servers[0] = 0x7F000001;
    lan.dhcp.servers[1] = 0xC0000236;
    start_with_lease();
    assert_true(is_server4(0, 0xC0000236));
    assert_int_equal(now.server_count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(dhcp_gives_an_address, setup),
        cmocka_unit_test_setup(lease_is_renewed_before_it_ends, setup),
        cmocka_unit_test_setup(short_lease_is_renewed_in_time, setup),
        cmocka_unit_test_setup(lease_of_a_year_lasts_a_year, setup),
        cmocka_unit_test_setup(lease_that_ends_is_given_up, setup),
        cmocka_unit_test_setup(refused_lease_is_given_up_at_once, setup),
        cmocka_unit_test_setup(server_that_refuses_everything_is_not_flooded, setup),
        cmocka_unit_test_setup(other_network_behind_the_same_cable, setup),
        cmocka_unit_test_setup(nonsense_is_not_taken_and_the_next_offer_counts, setup),
        cmocka_unit_test_setup(without_dhcp_the_board_gives_itself_an_address, setup),
        cmocka_unit_test_setup(dhcp_server_that_appears_counts, setup),
        cmocka_unit_test_setup(address_of_somebody_else_is_left_to_him, setup),
        cmocka_unit_test_setup(address_is_defended_once_and_then_given_up, setup),
        cmocka_unit_test_setup(thief_of_all_addresses_makes_no_flood, setup),
        cmocka_unit_test_setup(owners_address_counts_when_nobody_answers, setup),
        cmocka_unit_test_setup(owners_address_connects, setup),
        cmocka_unit_test_setup(owners_address_can_be_changed_while_it_counts, setup),
        cmocka_unit_test_setup(link_local_address_is_no_way_out, setup),
        cmocka_unit_test_setup(router_gives_a_prefix_and_a_name_server, setup),
        cmocka_unit_test_setup(dhcp6_names_servers_when_the_router_says_so, setup),
        cmocka_unit_test_setup(dhcp6_asks_ever_more_slowly, setup),
        cmocka_unit_test_setup(dhcp6_malformed_answers_change_nothing, setup),
        cmocka_unit_test_setup(dhcp6_answers_nobody_asked_for_change_nothing, setup),
        cmocka_unit_test_setup(cable_that_went_takes_the_servers_along, setup),
        cmocka_unit_test_setup(flood_of_announcements_is_survived, setup),
        cmocka_unit_test_setup(second_name_server_is_asked_when_the_first_is_silent, setup),
        cmocka_unit_test_setup(second_name_server_is_asked_when_the_first_fails, setup),
        cmocka_unit_test_setup(silence_of_all_name_servers_is_told, setup),
        cmocka_unit_test_setup(name_servers_of_ipv6_help_out, setup),
        cmocka_unit_test_setup(ipv6_is_tried_when_ipv4_is_refused, setup),
        cmocka_unit_test_setup(ipv6_is_tried_when_ipv4_is_silent, setup),
        cmocka_unit_test_setup(without_ipv4_there_is_no_second_try, setup),
        cmocka_unit_test_setup(ipv4_is_tried_when_ipv6_is_silent, setup),
        cmocka_unit_test_setup(number_and_name_without_ipv6_end_with_the_first_refusal, setup),
        cmocka_unit_test_setup(hanging_up_between_the_kinds_leaves_nothing, setup),
        cmocka_unit_test_setup(name_servers_that_cannot_be_are_left_out, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
