// SPDX-License-Identifier: Apache-2.0
// Names, by the kind of address that this network can reach first.
#ifndef BARE_LOOKUP_H
#define BARE_LOOKUP_H

#include "lwip/dns.h"

// As dns_gethostbyname().
err_t lp_bare_look_up(const char *name, ip_addr_t *address, dns_found_callback fn, void *arg);

#endif
