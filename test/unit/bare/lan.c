// SPDX-License-Identifier: Apache-2.0
#include "lan.h"

#include <string.h>

#include "limpet/endian.h"

enum { ETHER = 14, IP4 = 20, IP6 = 40, UDP = 8, TCP = 20, DHCP_OPTIONS = 240 };

lan_t lan;

static const uint8_t router_mac[6] = {0x52, 0x54, 0, 0x12, 0x35, 2};
static const uint8_t other_mac[6] = {0x52, 0x54, 0, 0x66, 0x66, 0x66};
static const uint8_t router_ip6[16] = {0xFE, 0x80, [15] = 2};

// -- making frames

static uint32_t sum(const uint8_t *p, size_t len, uint32_t so_far)
{
    for (size_t i = 0; i + 1 < len; i += 2) {
        so_far += lp_get_be16(p + i);
    }
    return len % 2 != 0 ? so_far + (uint32_t)p[len - 1] * 256 : so_far;
}

static uint16_t fold(uint32_t number)
{
    while (number >> 16 != 0) {
        number = (number & 0xFFFF) + (number >> 16);
    }
    return (uint16_t)~number;
}

static void put_ether(uint8_t *frame, const uint8_t from[6], uint16_t type)
{
    memcpy(frame, world_mac, 6);
    memcpy(frame + 6, from, 6);
    lp_put_be16(frame + 12, type);
}

static void put_udp(uint8_t *at, uint16_t from, uint16_t to, const uint8_t *data, size_t len)
{
    lp_put_be16(at, from);
    lp_put_be16(at + 2, to);
    lp_put_be16(at + 4, (uint16_t)(UDP + len));
    lp_put_be16(at + 6, 0);
    memcpy(at + UDP, data, len);
}

void lan_udp4(uint32_t from, uint16_t from_port, uint32_t to, uint16_t to_port, const uint8_t *data,
              size_t len)
{
    uint8_t f[WORLD_FRAME_MAX] = {0};
    put_ether(f, router_mac, 0x0800);
    uint8_t *ip = f + ETHER;
    ip[0] = 0x45;
    lp_put_be16(ip + 2, (uint16_t)(IP4 + UDP + len));
    ip[8] = 64;
    ip[9] = 17;
    lp_put_be32(ip + 12, from);
    lp_put_be32(ip + 16, to);
    lp_put_be16(ip + 10, fold(sum(ip, IP4, 0)));
    put_udp(ip + IP4, from_port, to_port, data, len); // without a sum, which IPv4 allows
    world_put(f, ETHER + IP4 + UDP + len);
}

static void put_ip6(const uint8_t from[16], const uint8_t to[16], uint8_t next, uint8_t *f,
                    size_t len, size_t sum_at)
{
    uint8_t *ip = f + ETHER, *body = ip + IP6;
    put_ether(f, router_mac, 0x86DD);
    ip[0] = 0x60;
    lp_put_be16(ip + 4, (uint16_t)len);
    ip[6] = next;
    ip[7] = 255;
    memcpy(ip + 8, from, 16);
    memcpy(ip + 24, to, 16);
    lp_put_be16(body + sum_at, 0);
    lp_put_be16(body + sum_at, fold(sum(body, len, sum(ip + 8, 32, (uint32_t)len + next))));
    world_put(f, ETHER + IP6 + len);
}

void lan_udp6(const uint8_t from[16], uint16_t from_port, const uint8_t to[16], uint16_t to_port,
              const uint8_t *data, size_t len)
{
    uint8_t f[WORLD_FRAME_MAX] = {0};
    put_udp(f + ETHER + IP6, from_port, to_port, data, len);
    put_ip6(from, to, 17, f, UDP + len, 6);
}

static void put_arp(uint16_t kind, const uint8_t mac[6], uint32_t from, uint32_t to)
{
    uint8_t f[60] = {0};
    put_ether(f, mac, 0x0806);
    memcpy(f + ETHER, "\x00\x01\x08\x00\x06\x04", 6);
    lp_put_be16(f + ETHER + 6, kind);
    memcpy(f + ETHER + 8, mac, 6);
    lp_put_be32(f + ETHER + 14, from);
    memcpy(f + ETHER + 18, world_mac, 6);
    lp_put_be32(f + ETHER + 24, to);
    world_put(f, sizeof f);
}

void lan_claim(uint32_t address)
{
    put_arp(2, other_mac, address, address);
}

void lan_board_ip6(uint8_t address[16])
{
    memset(address, 0, 16);
    memcpy(address, "\xFE\x80", 2);
    memcpy(address + 8, world_mac, 3);
    address[8] ^= 2;
    memcpy(address + 11, "\xFF\xFE", 2);
    memcpy(address + 13, world_mac + 3, 3);
}

// -- DHCP

static uint8_t *put_option(uint8_t *at, uint8_t code, uint32_t value)
{
    at[0] = code;
    at[1] = 4;
    lp_put_be32(at + 2, value);
    return at + 6;
}

static void answer_dhcp(const uint8_t *asked, uint8_t type)
{
    uint8_t m[400] = {2, 1, 6, 0};
    memcpy(m + 4, asked + 4, 4);
    lp_put_be32(m + 16, type != 6 ? lan.dhcp.address : 0);
    memcpy(m + 28, asked + 28, 16);
    lp_put_be32(m + 236, 0x63825363);
    uint8_t *at = m + DHCP_OPTIONS;
    *at++ = 53;
    *at++ = 1;
    *at++ = type;
    at = put_option(at, 54, lan.dhcp.router);
    if (type != 6) {
        at = put_option(at, 51, lan.dhcp.lease_s);
        at = put_option(at, 1, lan.dhcp.mask);
        at = put_option(at, 3, lan.dhcp.router);
    }
    size_t servers = 0;
    while (type != 6 && servers < LAN_SERVERS && lan.dhcp.servers[servers] != 0) {
        lp_put_be32(at + 2 + 4 * servers, lan.dhcp.servers[servers]);
        servers++;
    }
    if (servers > 0) {
        *at++ = 6;
        *at++ = (uint8_t)(4 * servers);
        at += 4 * servers;
    }
    *at++ = 255;
    lan_udp4(lan.dhcp.router, 67, type != 6 ? lan.dhcp.address : UINT32_MAX, 68, m,
             (size_t)(at - m));
}

static void on_dhcp(const uint8_t *m, size_t len)
{
    const uint8_t type = len > DHCP_OPTIONS + 3 ? m[DHCP_OPTIONS + 2] : 0;
    lan.dhcp.discovers += type == 1;
    lan.dhcp.requests += type == 3;
    lan.dhcp.releases += type == 7;
    if (!lan.dhcp.is_on || (type != 1 && type != 3)) {
        return;
    }
    if (type == 1) {
        answer_dhcp(m, 2);
    } else {
        answer_dhcp(m, lan.dhcp.refuses ? 6 : 5);
    }
}

// -- connections that are refused

static void put_refusal(const uint8_t *asked, uint8_t *tcp)
{
    memcpy(tcp, asked + 2, 2);
    memcpy(tcp + 2, asked, 2);
    lp_put_be32(tcp + 8, lp_get_be32(asked + 4) + 1);
    tcp[12] = 0x50;
    tcp[13] = 0x14; // reset, and an acknowledgement
}

static void refuse4(const uint8_t *ip, const uint8_t *asked)
{
    uint8_t f[ETHER + IP4 + TCP] = {0};
    uint8_t *to = f + ETHER, *tcp = to + IP4;
    put_ether(f, router_mac, 0x0800);
    to[0] = 0x45;
    lp_put_be16(to + 2, IP4 + TCP);
    to[8] = 64;
    to[9] = 6;
    memcpy(to + 12, ip + 16, 4);
    memcpy(to + 16, ip + 12, 4);
    lp_put_be16(to + 10, fold(sum(to, IP4, 0)));
    put_refusal(asked, tcp);
    lp_put_be16(tcp + 16, fold(sum(tcp, TCP, sum(to + 12, 8, TCP + 6))));
    world_put(f, sizeof f);
}

static void refuse6(const uint8_t *ip, const uint8_t *asked)
{
    uint8_t f[ETHER + IP6 + TCP] = {0};
    put_refusal(asked, f + ETHER + IP6);
    put_ip6(ip + 24, ip + 8, 6, f, TCP, 16);
}

// -- names: server n has 192.0.2.(53 + n), or 2001:db8::(53 + n); all know 198.51.100.7

static size_t put_name_answer(uint8_t *m, const uint8_t *asked, size_t len, bool fails)
{
    memcpy(m, asked, len);
    m[2] = 0x81;
    m[3] = fails ? 0x82 : 0x80;
    const bool is_a = asked[len - 3] == 1;
    if (fails || (!is_a && !lan.dns.has_v6)) {
        return len;
    }
    m[7] = 1;
    if (!is_a) {
        static const uint8_t v6[16] = {0x20, 0x01, 0x0D, 0xB8, 0, 1, [15] = 7};
        memcpy(m + len, "\xC0\x0C\x00\x1C\x00\x01\x00\x00\x00\x3C\x00\x10", 12);
        memcpy(m + len + 12, v6, sizeof v6);
        return len + 28;
    }
    memcpy(m + len, "\xC0\x0C\x00\x01\x00\x01\x00\x00\x00\x3C\x00\x04\xC6\x33\x64\x07", 16);
    return len + 16;
}

static void on_dns(const uint8_t *ip, bool is_v6, const uint8_t *udp, size_t len)
{
    uint8_t m[400];
    const uint8_t last = is_v6 ? ip[24 + 15] : ip[16 + 3];
    const unsigned n = last - 53u;
    if (n >= 4 || len < 17 || len + 28 > sizeof m) {
        return;
    }
    lan.dns.asked[n]++;
    if (!lan.dns.is_on[n]) {
        return;
    }
    const size_t m_len = put_name_answer(m, udp + UDP, len, lan.dns.fails[n]);
    if (is_v6) {
        lan_udp6(ip + 24, 53, ip + 8, lp_get_be16(udp), m, m_len);
    } else {
        lan_udp4(lp_get_be32(ip + 16), 53, lp_get_be32(ip + 12), lp_get_be16(udp), m, m_len);
    }
}

// -- IPv6

static size_t put_prefix(uint8_t *at, const uint8_t prefix[8])
{
    memset(at, 0, 32);
    memcpy(at, "\x03\x04\x40\xC0", 4); // on the link, for addresses of one's own
    lp_put_be32(at + 4, 7200);
    lp_put_be32(at + 8, 3600);
    memcpy(at + 16, prefix, 8);
    return 32;
}

static size_t put_server(uint8_t *at)
{
    static const uint8_t none[16];
    if (memcmp(lan.router.server, none, sizeof none) == 0) {
        return 0;
    }
    memset(at, 0, 24);
    at[0] = 25;
    at[1] = 3;
    lp_put_be32(at + 4, lan.router.server_life_s);
    memcpy(at + 8, lan.router.server, 16);
    return 24;
}

static void announce(const uint8_t from[16], const uint8_t mac[6], const uint8_t prefix[8])
{
    static const uint8_t all[16] = {0xFF, 2, [15] = 1};
    uint8_t f[WORLD_FRAME_MAX] = {0};
    uint8_t *m = f + ETHER + IP6;
    m[0] = 134;
    m[4] = 64;
    m[5] = lan.router.flags;
    lp_put_be16(m + 6, 1800);
    size_t len = 16;
    memcpy(m + len, "\x01\x01", 2);
    memcpy(m + len + 2, mac, 6);
    len += 8;
    if (prefix != NULL) {
        len += put_prefix(m + len, prefix);
    }
    len += put_server(m + len);
    put_ip6(from, all, 58, f, len, 2);
}

void lan_announce(void)
{
    static const uint8_t prefix[8] = {0x20, 0x01, 0x0D, 0xB8};
    announce(router_ip6, router_mac, lan.router.has_prefix ? prefix : NULL);
}

void lan_announce_as(uint32_t who)
{
    uint8_t from[16] = {0xFE, 0x80, [8] = 1}, mac[6] = {2}, prefix[8] = {0xFD};
    lp_put_be32(from + 12, who);
    lp_put_be32(mac + 2, who);
    lp_put_be32(prefix + 2, who);
    announce(from, mac, prefix);
}

static void answer_neighbour(const uint8_t *ip)
{
    uint8_t f[WORLD_FRAME_MAX] = {0};
    uint8_t *m = f + ETHER + IP6;
    const uint8_t *target = ip + IP6 + 8;
    static const uint8_t nobody[16];
    if (memcmp(ip + 8, nobody, 16) == 0) {
        return; // whether somebody has it: nobody does
    }
    m[0] = 136;
    m[4] = 0xE0;
    memcpy(m + 8, target, 16);
    memcpy(m + 24, "\x02\x01", 2);
    memcpy(m + 26, router_mac, 6);
    put_ip6(target, ip + 8, 58, f, 32, 2);
}

static void on_dhcp6(const uint8_t *ip, const uint8_t *m, size_t len)
{
    uint8_t a[200] = {7, m[1], m[2], m[3]};
    size_t at = 4;
    lan.dhcp6.requests++;
    if (!lan.dhcp6.is_on || len < 18) {
        return;
    }
    memcpy(a + at, m + 4, 14); // its name for itself
    at += 14;
    memcpy(a + at, "\x00\x02\x00\x0A\x00\x03\x00\x01router", 14);
    at += 14;
    lp_put_be16(a + at, 23);
    lp_put_be16(a + at + 2, (uint16_t)(16 * lan.dhcp6.count + (lan.dhcp6.is_malformed ? 160 : 0)));
    memcpy(a + at + 4, lan.dhcp6.servers, 16 * lan.dhcp6.count);
    at += 4 + 16 * lan.dhcp6.count;
    lan_udp6(router_ip6, 547, ip + 8, 546, a, at);
}

// Anything that is neither for DHCP nor for a name server.
static void on_udp(bool is_v6, const uint8_t *to, uint8_t hops, const uint8_t *udp)
{
    lan.udp.v4 += !is_v6;
    lan.udp.v6 += is_v6;
    lan.udp.hops = hops;
    memset(lan.udp.to, 0, sizeof lan.udp.to);
    memcpy(lan.udp.to, to, is_v6 ? 16 : 4);
    lan.udp.port = lp_get_be16(udp + 2);
    lan.udp.len = lp_get_be16(udp + 4) - (size_t)UDP;
    memcpy(lan.udp.data, udp + UDP, lan.udp.len < 64 ? lan.udp.len : 64);
}

static void on_udp6(const uint8_t *ip, const uint8_t *udp, size_t len)
{
    switch (lp_get_be16(udp + 2)) {
    case 547:
        on_dhcp6(ip, udp + UDP, len - UDP);
        break;
    case 53:
        on_dns(ip, true, udp, len - UDP);
        break;
    default:
        on_udp(true, ip + 24, ip[7], udp);
        break;
    }
}

static void on_ip6(const uint8_t *ip, size_t len)
{
    const uint8_t *body = ip + IP6;
    if (len < IP6 + 8) {
        return;
    }
    const size_t body_len = len - IP6;
    if (ip[6] == 58 && body[0] == 133 && lan.router.is_on) {
        lan_announce();
    } else if (ip[6] == 58 && body[0] == 135) {
        answer_neighbour(ip);
    } else if (ip[6] == 17) {
        on_udp6(ip, body, body_len);
    } else if (ip[6] == 6) {
        lan.syns++;
        lan.syn_to = lan.syn_from = 0;
        if (lan.refuses6) {
            refuse6(ip, body);
        }
    } else if (ip[6] == 0 && body_len >= 16 && body[8] == 131) {
        lan.udp.mld++; // behind its hop-by-hop header
    }
}

// -- what the board sends

static void on_arp(const uint8_t *m)
{
    const uint32_t from = lp_get_be32(m + 14), to = lp_get_be32(m + 24);
    if (from == 0) {
        lan.probes++;
    } else if (from == to) {
        lan.announced = from;
    }
    if (to == lan.taken && from == 0) {
        lan_claim(to);
    } else if (lp_get_be16(m + 6) == 1 && from != 0 && from != to && to != lan.taken) {
        put_arp(2, router_mac, to, from);
    }
}

static void on_ip4(const uint8_t *ip, size_t len)
{
    const uint8_t *udp = ip + IP4;
    if (len < IP4 + UDP) {
        return;
    }
    if (ip[9] == 17 && lp_get_be16(udp + 2) == 67) {
        on_dhcp(udp + UDP, len - IP4 - UDP);
    } else if (ip[9] == 17 && lp_get_be16(udp + 2) == 53) {
        on_dns(ip, false, udp, lp_get_be16(udp + 4) - (size_t)UDP);
    } else if (ip[9] == 6) {
        lan.syns++;
        lan.syn_from = lp_get_be32(ip + 12);
        lan.syn_to = lp_get_be32(ip + 16);
        if (lan.refuses4) {
            refuse4(ip, udp);
        }
    } else if (ip[9] == 17) {
        on_udp(false, ip + 16, ip[8], udp);
    } else if (ip[9] == 2) {
        lan.udp.igmp++;
    }
}

static void on_frame(const uint8_t *frame, size_t len)
{
    lan.sent++;
    switch (lp_get_be16(frame + 12)) {
    case 0x0806:
        on_arp(frame + ETHER);
        break;
    case 0x0800:
        on_ip4(frame + ETHER, len - ETHER);
        break;
    case 0x86DD:
        on_ip6(frame + ETHER, len - ETHER);
        break;
    default:
        break;
    }
}

void lan_begin(void)
{
    memset(&lan, 0, sizeof lan);
    lan.dhcp.address = 0xC000020A;
    lan.dhcp.mask = 0xFFFFFF00;
    lan.dhcp.router = 0xC0000201;
    lan.dhcp.lease_s = 3600;
    world_on_frame = on_frame;
}
