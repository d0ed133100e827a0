// SPDX-License-Identifier: Apache-2.0
// Name servers, by who named them. lwIP has one list, asks in its order, and its parts write over
// each other's entries there: they are built with these functions in place of its own (see
// CMakeLists.txt).
#include <string.h>

#include "bare_addresses.h"
#include "limpet/dhcp4.h"
#include "lwip/dns.h"

enum { V4 = 2, ROUTER = 0, DHCP6 = 1 };

static ip4_addr_t v4[V4]; // DHCP's, or the owner's
static ip_addr_t v6[LP_BARE_V6_SERVERS];
static bool reaches_v4;

static void list(void)
{
    uint8_t count = 0;
    ip_addr_t server;
    for (size_t i = 0; reaches_v4 && i < V4; i++) {
        if (!ip4_addr_isany_val(v4[i])) {
            ip_addr_copy_from_ip4(server, v4[i]);
            dns_setserver(count++, &server);
        }
    }
    for (size_t i = 0; i < LP_BARE_V6_SERVERS; i++) {
        if (!ip_addr_isany_val(v6[i])) {
            dns_setserver(count++, &v6[i]);
        }
    }
    while (count < DNS_MAX_SERVERS) {
        dns_setserver(count++, NULL);
    }
}

void lp_bare_server_v4(uint8_t index, const ip4_addr_t *server)
{
    if (index < V4) {
        const bool is_one = server != NULL && lp_dhcp4_is_host(lwip_ntohl(server->addr));
        v4[index].addr = is_one ? server->addr : 0;
        list();
    }
}

// In place of lwIP's dns_setserver() in its DHCP client.
void lp_bare_dhcp_server(uint8_t index, const ip_addr_t *server);
void lp_bare_dhcp_server(uint8_t index, const ip_addr_t *server)
{
    lp_bare_server_v4(index, ip_2_ip4(server));
}

static void set_v6(size_t place, const ip6_addr_t *server)
{
    const bool is_one = server != NULL && !ip6_addr_ismulticast(server) &&
                        !ip6_addr_isloopback(server) && !ip6_addr_isipv4mappedipv6(server);
    if (place < LP_BARE_V6_SERVERS) {
        ip_addr_copy_from_ip6(v6[place], is_one ? *server : *IP6_ADDR_ANY6);
        list();
    }
}

// In place of dns_setserver() and dns_getserver() where lwIP reads announcements of routers, which
// takes a server back by asking for all and clearing the one that is equal.
void lp_bare_router_server(uint8_t index, const ip_addr_t *server);
void lp_bare_router_server(uint8_t index, const ip_addr_t *server)
{
    if (index == ROUTER) {
        set_v6(ROUTER, server != NULL ? ip_2_ip6(server) : NULL);
    }
}

const ip_addr_t *lp_bare_router_server_is(uint8_t index);
const ip_addr_t *lp_bare_router_server_is(uint8_t index)
{
    return index == ROUTER ? &v6[ROUTER] : IP6_ADDR_ANY;
}

void lp_bare_server_dhcp6(struct netif *n, uint8_t index, const uint8_t *server)
{
    ip6_addr_t address;
    if (server == NULL) {
        set_v6((size_t)DHCP6 + index, NULL);
        return;
    }
    memcpy(address.addr, server, sizeof address.addr);
    ip6_addr_clear_zone(&address);
    ip6_addr_assign_zone(&address, IP6_UNKNOWN, n);
    set_v6((size_t)DHCP6 + index, &address);
}

void lp_bare_servers_reach(bool has_ipv4)
{
    if (reaches_v4 != has_ipv4) {
        reaches_v4 = has_ipv4;
        list();
    }
}

void lp_bare_servers_forget(void)
{
    memset(v4, 0, sizeof v4);
    memset(v6, 0, sizeof v6);
    list();
}
