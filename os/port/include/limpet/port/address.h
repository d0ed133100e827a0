// SPDX-License-Identifier: Apache-2.0
// limpet/port/address.h - which addresses the board has, and which one it takes when nobody gives
// it any. A port whose network is the computer's leaves it out.
//
// @context loop
#ifndef LIMPET_PORT_ADDRESS_H
#define LIMPET_PORT_ADDRESS_H

#include <stdint.h>

enum {
    LP_NET_IPV6_ADDRESSES = 3,
    LP_NET_NAME_SERVERS = 4,
    LP_NET_FIXED_SERVERS = 2,
};

// An address of IPv4 and what belongs to it; zeros: none.
typedef struct {
    uint8_t address[4];
    uint8_t bits; // of its network
    uint8_t router[4];
    uint8_t servers[LP_NET_FIXED_SERVERS][4];
} lp_net_fixed_t;

// Where the address of IPv4 comes from.
typedef enum {
    LP_NET_NONE,
    LP_NET_DHCP,
    LP_NET_FIXED,
    LP_NET_LINK_LOCAL, // from 169.254, by the board itself
} lp_net_source_t;

typedef struct {
    lp_net_source_t source;
    uint8_t address[4];
    uint8_t bits;
    uint8_t router[4];
    uint32_t lease_s; // that are left of a lease; UINT32_MAX: it does not end; 0: there is none
    uint8_t ipv6_count;
    uint8_t ipv6[LP_NET_IPV6_ADDRESSES][16];
    uint8_t server_count;                     // name servers, in the order in which they are asked
    uint8_t servers[LP_NET_NAME_SERVERS][16]; // IPv4 as ::ffff:a.b.c.d
    uint32_t refused;                         // offers of DHCP that made no sense
} lp_net_addresses_t;

// What the board takes while no DHCP server answers; copies. Null: an address of the link's own,
// which reaches nobody beyond it. Counts at once.
void lp_port_net_set_fixed(const lp_net_fixed_t *fixed);

void lp_port_net_addresses(lp_net_addresses_t *addresses);

#endif
