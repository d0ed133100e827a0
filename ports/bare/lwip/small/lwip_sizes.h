// SPDX-License-Identifier: Apache-2.0
// lwIP's pools on a board with 80 KB of RAM: one connection, out, and nobody connects to it.
#ifndef LWIP_SIZES_H
#define LWIP_SIZES_H

#define MEM_SIZE                4096
#define MEMP_NUM_TCP_PCB        4
#define MEMP_NUM_TCP_PCB_LISTEN 0
#define MEMP_NUM_TCP_SEG        10
#define PBUF_POOL_SIZE          6

#define LWIP_HOOK_TCP_ISN(a, ap, b, bp) lp_bare_rand()

#endif
