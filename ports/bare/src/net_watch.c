// SPDX-License-Identifier: Apache-2.0
// The board's address, as lwIP has it, and when it changes.
#include "bare_addresses.h"
#include "bare_internal.h"
#include "limpet/port/net.h"
#include "lwip/dhcp.h"
#include "lwip/netif.h"

static lp_event_t event;
static void (*listener)(void *ctx);
static void *listener_ctx;

static const ip6_addr_t *global_address(const struct netif *n)
{
    for (int i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++) {
        const ip6_addr_t *address = netif_ip6_addr(n, i);
        if (ip6_addr_ispreferred(netif_ip6_addr_state(n, i)) && !ip6_addr_islinklocal(address)) {
            return address;
        }
    }
    return NULL;
}

bool lp_port_net_address(char text[LP_NET_ADDRESS_MAX])
{
    const struct netif *n = netif_default;
    if (n == NULL || !netif_is_link_up(n)) {
        return false;
    }
    if (dhcp_supplied_address(n) != 0 || lp_bare_fallback_is_fixed()) {
        return ip4addr_ntoa_r(netif_ip4_addr(n), text, LP_NET_ADDRESS_MAX) != NULL;
    }
    const ip6_addr_t *ipv6 = global_address(n);
    return ipv6 != NULL && ip6addr_ntoa_r(ipv6, text, LP_NET_ADDRESS_MAX) != NULL;
}

static void tell(void *ctx)
{
    (void)ctx;
    listener(listener_ctx);
}

static void on_netif(struct netif *n, netif_nsc_reason_t reason,
                     const netif_ext_callback_args_t *args)
{
    (void)n;
    (void)reason;
    (void)args;
    lp_loop_post(lp_bare_loop, &event);
}

void lp_port_net_watch(void (*fn)(void *ctx), void *ctx)
{
    static netif_ext_callback_t callback;
    listener = fn;
    listener_ctx = ctx;
    lp_event_init(&event, tell, NULL);
    netif_add_ext_callback(&callback, on_netif);
}
