// SPDX-License-Identifier: Apache-2.0
// limpet/svc_net.h - the addresses of a board that brings a network of its own: Net.Status, and
// what its owner has set for a network without a DHCP server (ip.*).
// @context loop
#ifndef LIMPET_SVC_NET_H
#define LIMPET_SVC_NET_H

#include "limpet/config.h"
#include "limpet/port/address.h"
#include "limpet/rpc.h"

typedef struct {
    lp_config_t *config_;
    lp_rpc_set_t set_;
} lp_svc_net_t;

// Lends everything, for good. Adds the method Net.Status, and tells the port what ip.* says.
void lp_svc_net_init(lp_svc_net_t *svc, lp_rpc_t *rpc, lp_config_t *config);

// Settings may have changed.
void lp_svc_net_poke(const lp_svc_net_t *svc);

// Reads "192.0.2.10/24": an address that a host of this network can have. LP_E_FORMAT: it is none.
lp_err_t lp_svc_net_read(const char *text, uint8_t address[4], uint8_t *bits);

// Reads "192.0.2.1". LP_E_FORMAT: no address of one host.
lp_err_t lp_svc_net_read_host(const char *text, uint8_t address[4]);

#endif
