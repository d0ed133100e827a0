// SPDX-License-Identifier: Apache-2.0
// A small board without a DHCP server waits for one, or for IPv6.
#include "bare_addresses.h"

bool lp_bare_fallback(struct netif *n, bool has_lease)
{
    (void)n;
    (void)has_lease;
    return false;
}

void lp_bare_fallback_stop(struct netif *n)
{
    (void)n;
}
