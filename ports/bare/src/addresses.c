// SPDX-License-Identifier: Apache-2.0
// Which addresses the board has: by DHCP and by IPv6's own configuration, and what it does without.
// An address of IPv4 that reaches the link alone (169.254) lets others call the board; for its own
// connections it counts as none, so that they wait for a network instead of failing.
#include "bare_addresses.h"

#include "bare_internal.h"
#include "bare_lookup.h"
#include "bare_tcp.h"
#include "limpet/log.h"
#include "limpet/port/clock.h"
#include "lwip/dhcp.h"
#include "lwip/etharp.h"

#define LOG_MODULE "net"

enum { IPV6_ALONE_MS = 4000 }; // so long DHCP may take before a network without IPv4 is believed

static bool has_network; // connections may begin
static bool has_ipv4;    // by DHCP, or the owner's
static bool had_lease;
static ip4_addr_t told; // of the address that the log has last

// An address that reaches further than the cable; null: none, or not checked yet.
static const ip6_addr_t *global_address(const struct netif *n)
{
    for (int i = 0; netif_is_link_up(n) && i < LWIP_IPV6_NUM_ADDRESSES; i++) {
        const ip6_addr_t *address = netif_ip6_addr(n, i);
        if (ip6_addr_ispreferred(netif_ip6_addr_state(n, i)) && !ip6_addr_islinklocal(address)) {
            return address;
        }
    }
    return NULL;
}

static void follow_lease(bool has_lease)
{
    if (had_lease && !has_lease) {
        LP_LOGW("the address is no longer ours: its lease is over, or DHCP took it back");
    }
    had_lease = has_lease;
}

static void tell_ipv4(struct netif *n)
{
    char text[IP4ADDR_STRLEN_MAX];
    if (has_ipv4 && !ip4_addr_eq(&told, netif_ip4_addr(n))) {
        told = *netif_ip4_addr(n);
        LP_LOGI("address %s", ip4addr_ntoa_r(&told, text, sizeof text));
        (void)etharp_gratuitous(n); // neighbours may remember it at another card
    }
}

static void tell_network(bool is_there, const ip6_addr_t *ipv6)
{
    char text[IP6ADDR_STRLEN_MAX];
    if (has_network != is_there) {
        has_network = is_there;
        if (is_there && !has_ipv4) {
            LP_LOGI("address %s", ip6addr_ntoa_r(ipv6, text, sizeof text));
        }
        lp_bare_tcp_network(is_there);
        lp_bare_sntp_network(is_there);
    }
}

void lp_bare_addresses_follow(struct netif *n, uint64_t link_ms)
{
    const bool has_lease = dhcp_supplied_address(n) != 0;
    follow_lease(has_lease);
    const bool is_fixed = lp_bare_fallback(n, has_lease);
    has_ipv4 = has_lease || is_fixed;
    lp_bare_servers_reach(has_ipv4);
    if (!has_ipv4) {
        ip4_addr_set_zero(&told);
    }
    tell_ipv4(n);
    const ip6_addr_t *ipv6 = global_address(n);
    tell_network(has_ipv4 || (ipv6 != NULL && lp_port_now_ms() - link_ms >= IPV6_ALONE_MS), ipv6);
}

void lp_bare_addresses_lost(struct netif *n)
{
    had_lease = false; // nobody took it; it may be good still
    has_ipv4 = false;
    ip4_addr_set_zero(&told);
    lp_bare_fallback_stop(n);
    lp_bare_servers_forget();
    lp_bare_servers_reach(false);
    tell_network(false, NULL);
}

err_t lp_bare_look_up(const char *name, ip_addr_t *address, dns_found_callback fn, void *arg)
{
    return dns_gethostbyname_addrtype(name, address, fn, arg,
                                      has_ipv4 ? LWIP_DNS_ADDRTYPE_IPV4_IPV6
                                               : LWIP_DNS_ADDRTYPE_IPV6_IPV4);
}

err_t lp_bare_look_up_other(const char *name, uint8_t tried, ip_addr_t *address,
                            dns_found_callback fn, void *arg)
{
    const bool is_v6 = tried == IPADDR_TYPE_V4;
    if (is_v6 ? global_address(netif_default) == NULL : !has_ipv4) {
        return ERR_RTE;
    }
    return dns_gethostbyname_addrtype(name, address, fn, arg,
                                      is_v6 ? LWIP_DNS_ADDRTYPE_IPV6 : LWIP_DNS_ADDRTYPE_IPV4);
}

// Before there is a network nobody knows which ones it will be.
bool lp_bare_may_have(const ip_addr_t *address)
{
    if (!has_network) {
        return true;
    }
    return IP_IS_V6(address) ? netif_get_ip6_addr_match(netif_default, ip_2_ip6(address)) >= 0
                             : ip4_addr_eq(ip_2_ip4(address), netif_ip4_addr(netif_default));
}
