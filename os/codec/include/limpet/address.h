// SPDX-License-Identifier: Apache-2.0
// limpet/address.h - IP addresses as people write them.
// @context any
#ifndef LIMPET_ADDRESS_H
#define LIMPET_ADDRESS_H

#include <stdint.h>

#include "limpet/err.h"

// Reads "192.0.2.1" (as ::ffff:192.0.2.1) or "2001:db8::1". LP_E_FORMAT: it is no address.
// @source RFC 4291, 2.2 without the form that ends like an IPv4 address
lp_err_t lp_address_of(const char *text, uint8_t addr[16]);

#endif
