// SPDX-License-Identifier: Apache-2.0
// No DHCP server answers: after some seconds the board takes the address that its owner has set, or
// makes one of the link's own (169.254, RFC 3927), which it probes and defends. DHCP goes on
// asking, and what it gets counts at once.
//
// NONE -> WAITS -> FIXED or LINK_LOCAL; a lease, or the end of the cable, leads back to NONE.
#include <string.h>

#include "bare_addresses.h"
#include "limpet/log.h"
#include "limpet/port/address.h"
#include "limpet/port/clock.h"
#include "lwip/autoip.h"

#define LOG_MODULE "net"

enum { PATIENCE_MS = 8000 }; // three questions of DHCP

static enum { NONE, WAITS, FIXED, LINK_LOCAL } state;
static uint64_t since_ms;
static lp_net_fixed_t fixed;
static struct autoip autoip;
static ip4_addr_t told; // the address of the link that the log has

static ip4_addr_t address_of(const uint8_t bytes[4])
{
    ip4_addr_t address;
    memcpy(&address.addr, bytes, sizeof address.addr);
    return address;
}

static void take_fixed(struct netif *n)
{
    const ip4_addr_t address = address_of(fixed.address), router = address_of(fixed.router);
    const ip4_addr_t mask = {.addr = lwip_htonl(~(UINT32_MAX >> fixed.bits))};
    LP_LOGW("no DHCP server answers: the board takes the address of its settings");
    netif_set_addr(n, &address, &mask, &router);
    for (uint8_t i = 0; i < LP_NET_FIXED_SERVERS; i++) {
        const ip4_addr_t server = address_of(fixed.servers[i]);
        lp_bare_server_v4(i, &server);
    }
}

// lwIP's part stays bound while there is a lease, for connections that began before it; then it
// would not start again.
static void make_one(struct netif *n)
{
    if (netif_autoip_data(n) == NULL) {
        autoip_set_struct(n, &autoip);
    }
    (void)autoip_stop(n);
    netif_set_addr(n, IP4_ADDR_ANY4, IP4_ADDR_ANY4, IP4_ADDR_ANY4);
    (void)autoip_start(n);
}

static void begin(struct netif *n)
{
    if (fixed.bits != 0) {
        state = FIXED;
        take_fixed(n);
    } else {
        state = LINK_LOCAL;
        ip4_addr_set_zero(&told);
        make_one(n);
    }
}

// It may change: somebody else has it.
static void tell_link_local(struct netif *n)
{
    char text[IP4ADDR_STRLEN_MAX];
    if (autoip_supplied_address(n) && !ip4_addr_eq(&told, netif_ip4_addr(n))) {
        told = *netif_ip4_addr(n);
        LP_LOGW("no DHCP server answers: the board has given itself %s, for this link alone",
                ip4addr_ntoa_r(&told, text, sizeof text));
    }
}

bool lp_bare_fallback(struct netif *n, bool has_lease)
{
    if (has_lease) {
        state = NONE;
    } else if (state == NONE) {
        state = WAITS;
        since_ms = lp_port_now_ms();
    } else if (state == WAITS && lp_port_now_ms() - since_ms >= PATIENCE_MS) {
        begin(n);
    } else if (state == LINK_LOCAL) {
        tell_link_local(n);
    }
    return state == FIXED;
}

bool lp_bare_fallback_is_fixed(void)
{
    return state == FIXED;
}

void lp_bare_fallback_stop(struct netif *n)
{
    lp_bare_dhcp6_stop();
    if (netif_autoip_data(n) != NULL) {
        (void)autoip_stop(n);
    }
    if (state == FIXED) {
        netif_set_addr(n, IP4_ADDR_ANY4, IP4_ADDR_ANY4, IP4_ADDR_ANY4);
    }
    state = NONE;
}

void lp_port_net_set_fixed(const lp_net_fixed_t *wish)
{
    const lp_net_fixed_t next = wish != NULL ? *wish : (lp_net_fixed_t){.bits = 0};
    if (memcmp(&next, &fixed, sizeof fixed) == 0) {
        return;
    }
    fixed = next;
    if (state == FIXED || state == LINK_LOCAL) {
        state = WAITS;
        since_ms = 0; // it has waited already
    }
}
