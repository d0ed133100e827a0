// SPDX-License-Identifier: Apache-2.0
// limpet/dhcp4.h - whether what a DHCP server offers can be a board's address at all.
//
// A client that takes the first offer takes that of whoever is fastest. Nothing proves a server;
// but an offer with which no network could work need not be taken, so that the next one counts.
// @source RFC 2131, sections 2 and 4.3; RFC 2132, sections 2, 3 and 9
// @context any
#ifndef LIMPET_DHCP4_H
#define LIMPET_DHCP4_H

#include <stdbool.h>

#include "limpet/span.h"

enum { LP_DHCP4_MESSAGE_MIN = 240 }; // without options

typedef enum {
    LP_DHCP4_NONSENSE, // nothing for a client to believe
    LP_DHCP4_GRANT,    // an offer or an acknowledgement of an address that a host can have, in a
                       // network that holds it, for longer than no time
    LP_DHCP4_REFUSAL,
} lp_dhcp4_kind_t;

// What a datagram to port 68 is; `message` is its content, or the beginning of that.
lp_dhcp4_kind_t lp_dhcp4_kind(lp_span_t message);

// An address of IPv4 that belongs to one host: not 0.x, 127.x, nor a group's or above.
bool lp_dhcp4_is_host(uint32_t address);

#endif
