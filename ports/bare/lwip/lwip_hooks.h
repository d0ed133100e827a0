// SPDX-License-Identifier: Apache-2.0
#ifndef LWIP_HOOKS_H
#define LWIP_HOOKS_H

#include <stdint.h>

uint32_t lp_bare_rand(void);
// tcp_server.c: a connection begins at this port of ours; its first number.
uint32_t lp_bare_tcp_isn(uint16_t own_port);
// offers.c: 1: the packet was taken away, and is freed.
struct pbuf;
int lp_bare_ip4_input(struct pbuf *p);

#endif
