// SPDX-License-Identifier: Apache-2.0
// limpet/dhcp6.h - asking a network for its name servers: the two packets of stateless DHCPv6.
//
// The board has its addresses from the router already. Nobody proves who answers: whoever is on the
// link can name any server, as with DHCPv4.
// @source RFC 8415, sections 8, 16.12, 18.2.6, 18.2.10.4 and 21; RFC 3646, section 3
// @context any
#ifndef LIMPET_DHCP6_H
#define LIMPET_DHCP6_H

#include "limpet/err.h"
#include "limpet/span.h"

enum {
    LP_DHCP6_CLIENT_PORT = 546,
    LP_DHCP6_SERVER_PORT = 547,
    LP_DHCP6_REQUEST_BYTES = 34,
    LP_DHCP6_SERVERS = 2,       // more of them are left out
    LP_DHCP6_REFRESH_S = 86400, // when the answer says nothing
    LP_DHCP6_REFRESH_MIN_S = 600,
};

#define LP_DHCP6_ID_MASK UINT32_C(0xFFFFFF) // an exchange has 24 bits

typedef struct {
    uint8_t servers[LP_DHCP6_SERVERS][16];
    uint8_t count;
    uint32_t refresh_s; // ask again then; UINT32_MAX: never
    uint32_t max_rt_s;  // a server's wish for the longest time between two questions; 0: none
} lp_dhcp6_info_t;

// An Information-request for name servers. The client's DUID is `mac`; `elapsed_ms` since the first
// one of this exchange.
void lp_dhcp6_request(uint8_t packet[LP_DHCP6_REQUEST_BYTES], uint32_t id, const uint8_t mac[6],
                      uint32_t elapsed_ms);

// What an answer says. Addresses that cannot be a server's are left out, so `count` may be 0.
// LP_E_FORMAT: no answer to this exchange of this client, or malformed. LP_E_DENIED: the server
// says that it failed. On errors *info is untouched.
lp_err_t lp_dhcp6_answer(lp_span_t packet, uint32_t id, const uint8_t mac[6],
                         lp_dhcp6_info_t *info);

#endif
