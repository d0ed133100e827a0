// SPDX-License-Identifier: Apache-2.0
// Names, by the kind of address that this network can reach first.
#ifndef BARE_LOOKUP_H
#define BARE_LOOKUP_H

#include "lwip/dns.h"

// As dns_gethostbyname().
err_t lp_bare_look_up(const char *name, ip_addr_t *address, dns_found_callback fn, void *arg);

// The same for addresses of the kind that is not `tried` (IPADDR_TYPE_V4 or _V6). ERR_RTE: this
// board has no address from which it could reach them.
err_t lp_bare_look_up_other(const char *name, uint8_t tried, ip_addr_t *address,
                            dns_found_callback fn, void *arg);

#endif
