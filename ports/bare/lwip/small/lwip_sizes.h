// SPDX-License-Identifier: Apache-2.0
// lwIP's pools on a board with 48 KB of RAM: one connection, out, and nobody connects to it.
#ifndef LWIP_SIZES_H
#define LWIP_SIZES_H

#define MEM_SIZE                2560
#define MEMP_NUM_TCP_PCB        3
#define MEMP_NUM_TCP_PCB_LISTEN 0
#define MEMP_NUM_TCP_SEG        10
#define PBUF_POOL_SIZE          3 // a whole frame of Ethernet takes three
#define TCP_WND                 (2 * TCP_MSS)
#define TCP_SND_BUF             (2 * TCP_MSS)
#define MEMP_NUM_UDP_PCB        4
#define MEMP_NUM_SYS_TIMEOUT    7
#define MEMP_NUM_MLD6_GROUP     3 // addresses of one card share theirs
#define DNS_MAX_SERVERS         2
#define DNS_TABLE_SIZE          2
#define LP_BARE_V6_SERVERS      1 // a router's

#define LWIP_HOOK_TCP_ISN(a, ap, b, bp) lp_bare_rand()

#endif
