// SPDX-License-Identifier: Apache-2.0
// Between connections and those who listen for them; what knows lwIP's types.
#ifndef BARE_TCP_H
#define BARE_TCP_H

#include "limpet/port/net.h"
#include "lwip/tcp.h"

// tcp.c: a connection that somebody else has made becomes a stream. Data that lwIP keeps for it
// comes right after. `is_over`: the peer will send no more than that.
void lp_bare_tcp_adopt(lp_tcp_t *tcp, struct tcp_pcb *pcb, bool is_over);

// net.c: whether this board has the address, or may still get it.
bool lp_bare_may_have(const ip_addr_t *address);

#endif
