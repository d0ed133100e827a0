// SPDX-License-Identifier: Apache-2.0
// Datagrams to a multicast group, over the one card that such a board has. lwIP brings them from
// lp_port_wait(); two wait to be read, so that a flood of them leaves memory to everything else.
// One group at a time.
#include <string.h>

#include "bare_internal.h"
#include "limpet/port/net.h"
#include "lwip/igmp.h"
#include "lwip/ip.h"
#include "lwip/mld6.h"
#include "lwip/udp.h"

enum { LINK = 1, HOPS = 255, WAITING = 2, MAPPED_BITS = 96, PREFIX_BITS = 64 };

// An lp_udp_group_t as this port sees it.
typedef struct {
    struct udp_pcb *pcb; // null: it is left
    lp_event_t event;
    lp_udp_arrival_fn *fn;
    void *ctx;
    ip4_addr_t v4;
    ip6_addr_t v6;
    uint16_t port;
    bool is_member;
    bool wants_event;
} group_t;

_Static_assert(sizeof(group_t) <= sizeof(lp_udp_group_t), "lp_udp_group_t.port_ is too small");

static group_t *joined;
static struct {
    struct pbuf *p;
    lp_udp_from_t from;
} waiting[WAITING];
static size_t count;

static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF};

static void put_address(const ip_addr_t *address, uint8_t bytes[16])
{
    if (IP_IS_V6(address)) {
        memcpy(bytes, ip_2_ip6(address)->addr, 16);
    } else {
        memcpy(bytes, mapped, sizeof mapped);
        memcpy(bytes + 12, &ip_2_ip4(address)->addr, 4);
    }
}

static void take_address(const uint8_t bytes[16], ip_addr_t *address)
{
    if (memcmp(bytes, mapped, sizeof mapped) == 0) {
        IP_SET_TYPE(address, IPADDR_TYPE_V4);
        memcpy(&ip_2_ip4(address)->addr, bytes + 12, 4);
    } else {
        IP_SET_TYPE(address, IPADDR_TYPE_V6);
        memcpy(ip_2_ip6(address)->addr, bytes, 16);
        ip6_addr_clear_zone(ip_2_ip6(address));
        ip6_addr_assign_zone(ip_2_ip6(address), IP6_UNICAST, netif_default);
    }
}

static void tell(void *ctx)
{
    const group_t *group = ctx;
    group->fn(group->ctx);
}

static void on_datagram(void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *addr,
                        uint16_t port)
{
    group_t *group = arg;
    (void)pcb;
    if (count == WAITING) {
        pbuf_free(p); // lost, as datagrams are
        return;
    }
    waiting[count].p = p;
    waiting[count].from =
        (lp_udp_from_t){.link = LINK,
                        .is_to_group = ip_addr_ismulticast(ip_current_dest_addr()),
                        .peer.port = port};
    put_address(addr, waiting[count].from.peer.addr);
    count++;
    if (group->wants_event) {
        group->wants_event = false;
        lp_loop_post(lp_bare_loop, &group->event);
    }
}

lp_err_t lp_port_udp_join(lp_udp_group_t *opaque, const uint8_t v4[4], const uint8_t v6[16],
                          uint16_t port, lp_udp_arrival_fn *fn, void *ctx)
{
    group_t *group = (group_t *)(void *)opaque;
    struct udp_pcb *pcb = joined == NULL ? udp_new_ip_type(IPADDR_TYPE_ANY) : NULL;
    *group = (group_t){.fn = fn, .ctx = ctx, .port = port, .wants_event = true};
    if (pcb == NULL) {
        return LP_E_NOSPACE;
    }
    if (udp_bind(pcb, IP_ANY_TYPE, port) != ERR_OK) {
        udp_remove(pcb);
        return LP_E_EXISTS;
    }
    memcpy(&group->v4.addr, v4, 4);
    memcpy(group->v6.addr, v6, 16);
    ip6_addr_clear_zone(&group->v6);
    lp_event_init(&group->event, tell, group);
    pcb->ttl = HOPS;
    udp_set_multicast_ttl(pcb, HOPS);
    udp_recv(pcb, on_datagram, group);
    group->pcb = pcb;
    joined = group;
    return LP_OK;
}

static void become_member(group_t *group, struct netif *n)
{
    ip6_addr_assign_zone(&group->v6, IP6_MULTICAST, n);
    group->is_member = igmp_joingroup_netif(n, &group->v4) == ERR_OK &&
                       mld6_joingroup_netif(n, &group->v6) == ERR_OK;
}

static void add(lp_net_link_t *link, const ip_addr_t *address, unsigned bits)
{
    put_address(address, link->own[link->count].addr);
    link->own[link->count++].bits = (uint8_t)bits;
}

static unsigned bits_of(const ip4_addr_t *mask)
{
    unsigned bits = 0;
    for (uint32_t m = lwip_ntohl(mask->addr); (m & UINT32_C(0x80000000)) != 0; m <<= 1) {
        bits++;
    }
    return bits;
}

size_t lp_port_udp_links(lp_udp_group_t *opaque, lp_net_link_t *links, size_t cap)
{
    group_t *group = (group_t *)(void *)opaque;
    struct netif *n = netif_default;
    if (group->pcb == NULL || n == NULL || !netif_is_link_up(n) || cap == 0) {
        return 0;
    }
    if (!group->is_member) {
        become_member(group, n);
    }
    links[0] = (lp_net_link_t){.number = LINK};
    if (!ip4_addr_isany(netif_ip4_addr(n))) {
        add(&links[0], netif_ip_addr4(n), MAPPED_BITS + bits_of(netif_ip4_netmask(n)));
    }
    for (int i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++) {
        if (ip6_addr_ispreferred(netif_ip6_addr_state(n, i))) {
            add(&links[0], netif_ip_addr6(n, i), PREFIX_BITS);
        }
    }
    return links[0].count > 0 ? 1 : 0;
}

lp_err_t lp_port_udp_receive(lp_udp_group_t *opaque, uint8_t *buf, size_t cap, size_t *n,
                             lp_udp_from_t *from)
{
    group_t *group = (group_t *)(void *)opaque;
    if (count == 0 || joined != group) {
        group->wants_event = true;
        return LP_E_AGAIN;
    }
    struct pbuf *p = waiting[0].p;
    *n = pbuf_copy_partial(p, buf, (uint16_t)(cap < p->tot_len ? cap : p->tot_len), 0);
    *from = waiting[0].from;
    pbuf_free(p);
    waiting[0] = waiting[1];
    count--;
    return LP_OK;
}

lp_err_t lp_port_udp_send(lp_udp_group_t *opaque, unsigned link, bool is_v6,
                          const lp_net_peer_t *to, lp_span_t data)
{
    const group_t *group = (const group_t *)(const void *)opaque;
    ip_addr_t address;
    if (group->pcb == NULL || link != LINK || data.len > UINT16_MAX) {
        return LP_E_INVALID;
    }
    if (to != NULL) {
        take_address(to->addr, &address);
    } else if (is_v6) {
        ip_addr_copy_from_ip6(address, group->v6);
    } else {
        ip_addr_copy_from_ip4(address, group->v4);
    }
    struct pbuf *p = pbuf_alloc(PBUF_TRANSPORT, (uint16_t)data.len, PBUF_RAM);
    if (p == NULL) {
        return LP_E_AGAIN;
    }
    (void)pbuf_take(p, data.ptr, (uint16_t)data.len);
    const err_t err =
        udp_sendto_if(group->pcb, p, &address, to != NULL ? to->port : group->port, netif_default);
    pbuf_free(p);
    return err == ERR_OK ? LP_OK : err == ERR_RTE ? LP_E_IO : LP_E_AGAIN;
}

void lp_port_udp_leave(lp_udp_group_t *opaque)
{
    group_t *group = (group_t *)(void *)opaque;
    if (group->pcb == NULL) {
        return;
    }
    if (group->is_member) {
        (void)igmp_leavegroup_netif(netif_default, &group->v4);
        (void)mld6_leavegroup_netif(netif_default, &group->v6);
    }
    for (; count > 0; count--) {
        pbuf_free(waiting[count - 1].p);
    }
    lp_loop_unpost(lp_bare_loop, &group->event);
    udp_remove(group->pcb);
    group->pcb = NULL;
    joined = NULL;
}
