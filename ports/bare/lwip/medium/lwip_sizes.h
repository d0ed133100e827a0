// SPDX-License-Identifier: Apache-2.0
// lwIP's pools on a board that listens: the cloud's connection, three callers, as many that wait,
// four that have not finished connecting, and one that says goodbye.
#ifndef LWIP_SIZES_H
#define LWIP_SIZES_H

#define MEM_SIZE                8192
#define MEMP_NUM_TCP_PCB        12
#define MEMP_NUM_TCP_PCB_LISTEN 3 // HTTP, HTTPS, TCP
#define MEMP_NUM_TCP_SEG        24
#define PBUF_POOL_SIZE          14
#define TCP_WND                 (4 * TCP_MSS)
#define TCP_SND_BUF             (4 * TCP_MSS)
#define TCP_LISTEN_BACKLOG      1 // connections that are not whole, or wait, are counted
#define SO_REUSE                1 // a port can be listened on again while old connections die

#define LWIP_NETIF_EXT_STATUS_CALLBACK 1 // net_watch.c

// Called for each connection that begins, before it counts: the moment to look at those before it.
#define LWIP_HOOK_TCP_ISN(a, ap, b, bp) lp_bare_tcp_isn(ap)

#endif
