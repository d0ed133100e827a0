// SPDX-License-Identifier: Apache-2.0
// Between the files that find out which addresses and name servers the board has.
#ifndef BARE_ADDRESSES_H
#define BARE_ADDRESSES_H

#include <stdbool.h>
#include <stdint.h>

#include "lwip/netif.h"

// addresses.c: looks what there is now, and tells TCP and SNTP. `link_ms`: when the cable came.
void lp_bare_addresses_follow(struct netif *n, uint64_t link_ms);
// The same for a cable that went.
void lp_bare_addresses_lost(struct netif *n);

// fallback.c (no_fallback.c: images without): called at each turn with a cable that is in. True: an
// address that the owner has set is in use.
bool lp_bare_fallback(struct netif *n, bool has_lease);
void lp_bare_fallback_stop(struct netif *n);
bool lp_bare_fallback_is_fixed(void);

// servers.c: the name servers of a source; null or any: none. Indices beyond the room are left out.
void lp_bare_server_v4(uint8_t index, const ip4_addr_t *server);
void lp_bare_server_dhcp6(struct netif *n, uint8_t index, const uint8_t *server);
// Whether servers with an address of IPv4 can be asked.
void lp_bare_servers_reach(bool has_ipv4);
// All of them: it may be another network next time.
void lp_bare_servers_forget(void);

// Not on small boards. dhcp6.c: the cable went; offers.c: how many offers of DHCP made no sense.
void lp_bare_dhcp6_stop(void);
uint32_t lp_bare_refused_offers(void);

#endif
