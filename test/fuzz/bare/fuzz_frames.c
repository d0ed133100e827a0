// SPDX-License-Identifier: Apache-2.0
// Everything that the network of a bare-metal board reads: lwIP, the port around it, and the
// clients for addresses and names, from the first frame after power-on. The input is frames, each
// with a byte for the time that passes before it, one for what is mended in it (checksums, and the
// numbers that only somebody on the link would know), and two for its length. Whatever they are:
// the board neither stops nor restarts, and gets its address once the cable was out and in again.
#include <string.h>

#include "fuzz.h"
#include "lan.h"
#include "limpet/endian.h"
#include "limpet/port/address.h"
#include "limpet/port/net.h"

enum { HEAD = 4, ETHER = 14, MEND = 1, FRAMES_MAX = 48 };

// What the board has asked last.
static uint8_t dhcp_id[4], dhcp6_id[3], dns_id[2], dns_port[2];
static void (*lan_frame)(const uint8_t *frame, size_t len);

static void watch(const uint8_t *frame, size_t len)
{
    if (len >= ETHER + 36 && frame[12] == 8 && frame[13] == 0 && frame[23] == 17) {
        const uint8_t *udp = frame + ETHER + 20;
        if (lp_get_be16(udp + 2) == 67) {
            memcpy(dhcp_id, udp + 8 + 4, 4);
        } else if (lp_get_be16(udp + 2) == 53) {
            memcpy(dns_port, udp, 2);
            memcpy(dns_id, udp + 8, 2);
        }
    } else if (len >= ETHER + 52 && frame[12] == 0x86 && frame[20] == 17 &&
               lp_get_be16(frame + ETHER + 42) == 547) {
        memcpy(dhcp6_id, frame + ETHER + 49, 3);
    }
    lan_frame(frame, len);
}

static uint32_t sum(const uint8_t *p, size_t len, uint32_t so_far)
{
    for (size_t i = 0; i + 1 < len; i += 2) {
        so_far += lp_get_be16(p + i);
    }
    return len % 2 != 0 ? so_far + (uint32_t)p[len - 1] * 256 : so_far;
}

static void put_sum(uint8_t *at, uint32_t number)
{
    while (number >> 16 != 0) {
        number = (number & 0xFFFF) + (number >> 16);
    }
    lp_put_be16(at, (uint16_t)~number);
}

static void mend_udp(uint8_t *udp, size_t len)
{
    uint8_t *data = udp + 8;
    const uint16_t from = lp_get_be16(udp), to = lp_get_be16(udp + 2);
    if (to == 68 && len >= 8 + 240) {
        memcpy(data + 4, dhcp_id, 4);
        memcpy(data + 28, world_mac, 6);
        lp_put_be32(data + 236, 0x63825363);
    } else if (to == 546 && len >= 12) {
        memcpy(data + 1, dhcp6_id, 3);
    } else if (from == 53 && len >= 10) {
        memcpy(udp + 2, dns_port, 2);
        memcpy(data, dns_id, 2);
    }
}

// lwIP drops what has a wrong sum, and would learn nothing from the rest.
static void mend4(uint8_t *ip, size_t len)
{
    const size_t head = (size_t)(ip[0] & 15u) * 4;
    if (head < 20 || head + 8 > len) {
        return;
    }
    if (ip[9] == 17) {
        mend_udp(ip + head, len - head);
        lp_put_be16(ip + head + 6, 0);
    } else if (ip[9] == 6 && len >= head + 20) {
        lp_put_be16(ip + head + 16, 0);
        put_sum(ip + head + 16,
                sum(ip + head, len - head, sum(ip + 12, 8, (uint32_t)(len - head) + 6)));
    } else if (ip[9] == 1) {
        lp_put_be16(ip + head + 2, 0);
        put_sum(ip + head + 2, sum(ip + head, len - head, 0));
    }
    lp_put_be16(ip + 10, 0);
    put_sum(ip + 10, sum(ip, head, 0));
}

static void mend6(uint8_t *ip, size_t len)
{
    const size_t body = len - 40;
    const size_t at = ip[6] == 58 ? 2 : ip[6] == 17 ? 6 : 16;
    if ((ip[6] != 58 && ip[6] != 17 && ip[6] != 6) || body < at + 4) {
        return;
    }
    if (ip[6] == 17) {
        mend_udp(ip + 40, body);
    }
    lp_put_be16(ip + 40 + at, 0);
    put_sum(ip + 40 + at, sum(ip + 40, body, sum(ip + 8, 32, (uint32_t)body + ip[6])));
}

static void mend(uint8_t *frame, size_t len)
{
    if (len < ETHER + 28) {
        return;
    }
    memcpy(frame, world_mac, 6);
    if (frame[12] == 8 && frame[13] == 0) {
        mend4(frame + ETHER, len - ETHER);
    } else if (frame[12] == 0x86 && len >= ETHER + 40) {
        mend6(frame + ETHER, len - ETHER);
    }
}

static bool has_lease(void)
{
    lp_net_addresses_t now;
    lp_port_net_addresses(&now);
    return now.source == LP_NET_DHCP && lp_get_be32(now.address) == 0xC000020A;
}

static void on_tcp(void *ctx, unsigned events, lp_err_t err)
{
    (void)ctx;
    (void)events;
    (void)err;
}

static lp_udp_group_t group;
static lp_net_link_t link;

static void on_datagram(void *ctx)
{
    uint8_t buf[100];
    size_t n = 0;
    lp_udp_from_t from;
    (void)ctx;
    while (lp_port_udp_receive(&group, buf, sizeof buf, &n, &from) == LP_OK) {
        MUST(n <= sizeof buf && from.link == link.number);
        (void)lp_port_udp_send(&group, from.link, false, &from.peer, lp_span(buf, n));
    }
}

static void attack(const uint8_t *data, size_t size)
{
    uint8_t frame[WORLD_FRAME_MAX];
    for (unsigned n = 0; n < FRAMES_MAX && size >= HEAD; n++) {
        size_t len = lp_get_be16(data + 2) % WORLD_FRAME_MAX;
        len = len < size - HEAD ? len : size - HEAD;
        memcpy(frame, data + HEAD, len);
        if ((data[1] & MEND) != 0) {
            mend(frame, len);
        }
        world_put(frame, len);
        world_pass((uint64_t)data[0] * 16);
        data += HEAD + len;
        size -= HEAD + len;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static lp_tcp_t tcp;
    if (size < 1) {
        return 0;
    }
    world_begin();
    lan_begin();
    lan_frame = world_on_frame;
    world_on_frame = watch;
    lan.dhcp.is_on = (data[0] & 1) != 0;
    lan.router.is_on = (data[0] & 2) != 0;
    lan.router.has_prefix = lan.router.is_on;
    lan.router.flags = (data[0] & 4) != 0 ? 0x40 : 0;
    lan.dhcp6.is_on = (data[0] & 8) != 0;
    lan.dhcp.servers[0] = 0xC0000235;
    lp_bare_net_start("lp-4f21c0");
    (void)lp_port_tcp_open(&tcp, "broker.example", 8883, on_tcp, NULL);
    static const uint8_t v6[16] = {0xFF, 2, [15] = 0xFB};
    MUST(lp_port_udp_join(&group, (const uint8_t[4]){224, 0, 0, 251}, v6, 5353, on_datagram,
                          NULL) == LP_OK);
    world_pass(100);
    (void)lp_port_udp_links(&group, &link, 1);
    attack(data + 1, size - 1);
    tcp.stream.ops->close(&tcp.stream);
    lp_port_udp_leave(&group);
    lan_begin();
    lan.dhcp.is_on = true;
    world_has_link = false;
    world_pass(1000);
    world_has_link = true;
    MUST(world_until(has_lease, 60000));
    return 0;
}
