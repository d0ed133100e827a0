// SPDX-License-Identifier: Apache-2.0
// The board's addresses, for whoever asks.
#include "limpet/port/address.h"

#include <string.h>

#include "bare_addresses.h"
#include "lwip/autoip.h"
#include "lwip/dhcp.h"
#include "lwip/dns.h"

_Static_assert((int)LP_NET_IPV6_ADDRESSES >= LWIP_IPV6_NUM_ADDRESSES, "addresses are left out");
_Static_assert((int)LP_NET_NAME_SERVERS >= DNS_MAX_SERVERS, "name servers are left out");

static lp_net_source_t source_of(struct netif *n)
{
    if (!netif_is_link_up(n)) {
        return LP_NET_NONE;
    }
    if (dhcp_supplied_address(n)) {
        return LP_NET_DHCP;
    }
    if (autoip_supplied_address(n)) {
        return LP_NET_LINK_LOCAL;
    }
    return lp_bare_fallback_is_fixed() ? LP_NET_FIXED : LP_NET_NONE;
}

static uint32_t lease_s(const struct netif *n)
{
    const struct dhcp *dhcp = netif_dhcp_data(n);
    return dhcp->t0_timeout == 0 ? UINT32_MAX
                                 : (dhcp->t0_timeout - dhcp->lease_used) * DHCP_COARSE_TIMER_SECS;
}

static uint8_t bits_of(uint32_t mask)
{
    uint8_t bits = 0;
    for (; (mask & UINT32_C(0x80000000)) != 0; mask <<= 1) {
        bits++;
    }
    return bits;
}

static void put_ipv4(lp_net_addresses_t *a, struct netif *n)
{
    a->source = source_of(n);
    if (a->source != LP_NET_NONE) {
        memcpy(a->address, &netif_ip4_addr(n)->addr, sizeof a->address);
        memcpy(a->router, &netif_ip4_gw(n)->addr, sizeof a->router);
        a->bits = bits_of(lwip_ntohl(netif_ip4_netmask(n)->addr));
        a->lease_s = a->source == LP_NET_DHCP ? lease_s(n) : 0;
    }
}

static void put_ipv6(lp_net_addresses_t *a, const struct netif *n)
{
    for (int i = 0; netif_is_link_up(n) && i < LWIP_IPV6_NUM_ADDRESSES; i++) {
        if (ip6_addr_isvalid(netif_ip6_addr_state(n, i))) {
            memcpy(a->ipv6[a->ipv6_count++], netif_ip6_addr(n, i)->addr, sizeof a->ipv6[0]);
        }
    }
}

static void put_servers(lp_net_addresses_t *a)
{
    for (uint8_t i = 0; i < DNS_MAX_SERVERS; i++) {
        const ip_addr_t *server = dns_getserver(i);
        if (ip_addr_isany(server)) {
            continue;
        }
        uint8_t *to = a->servers[a->server_count++];
        if (IP_IS_V6(server)) {
            memcpy(to, ip_2_ip6(server)->addr, 16);
        } else {
            memset(to + 10, 0xFF, 2);
            memcpy(to + 12, &ip_2_ip4(server)->addr, 4);
        }
    }
}

void lp_port_net_addresses(lp_net_addresses_t *addresses)
{
    memset(addresses, 0, sizeof *addresses);
    addresses->refused = lp_bare_refused_offers();
    if (netif_default != NULL) { // else the network was not started: safe mode
        put_ipv4(addresses, netif_default);
        put_ipv6(addresses, netif_default);
        put_servers(addresses);
    }
}
