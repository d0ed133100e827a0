// SPDX-License-Identifier: Apache-2.0
// lwIP's pools on a board that listens: the cloud's connection, three callers, as many that wait,
// four that have not finished connecting, and one that says goodbye.
#ifndef LWIP_SIZES_H
#define LWIP_SIZES_H

// An image that makes connections of its own has two of them more and a caller less, and each may
// be looking for its server's name.
#ifdef LP_BARE_CONNECTS
#define MEM_SIZE         10240
#define MEMP_NUM_TCP_PCB 14
#define MEMP_NUM_TCP_SEG 32
#define PBUF_POOL_SIZE   18
#define DNS_TABLE_SIZE   4
#else
#define MEM_SIZE         8192
#define MEMP_NUM_TCP_PCB 12
#define MEMP_NUM_TCP_SEG 24
#define PBUF_POOL_SIZE   14
#define DNS_TABLE_SIZE   2
#endif
#define MEMP_NUM_TCP_PCB_LISTEN 3 // HTTP, HTTPS, TCP
#define TCP_WND                 (4 * TCP_MSS)
#define TCP_SND_BUF             (4 * TCP_MSS)
#define TCP_LISTEN_BACKLOG      1 // connections that are not whole, or wait, are counted
#define MEMP_NUM_UDP_PCB        6
#define MEMP_NUM_SYS_TIMEOUT    11 // lwIP itself needs ten, and who listens one
#define MEMP_NUM_MLD6_GROUP     4  // addresses of one card share theirs; and that of mDNS
#define MEMP_NUM_IGMP_GROUP     2  // all, and that of mDNS
#define DNS_MAX_SERVERS         4
#define LP_BARE_V6_SERVERS      3 // a router's, and two of DHCPv6
#define SO_REUSE                1 // a port can be listened on again while old connections die

#define LWIP_NETIF_EXT_STATUS_CALLBACK 1 // net_watch.c

#define LWIP_IGMP       1
#define LWIP_AUTOIP     1
#define LWIP_IPV6_DHCP6 1 // dhcp6.c is ours

// Leases in steps of ten seconds, however long or short they are; a server that appears is found
// within half a minute.
#define DHCP_COARSE_TIMER_SECS 10
#define DHCP_TIMEOUT_SIZE_T    u32_t
#define DHCP_DEFINE_CUSTOM_TIMEOUTS
#define LP_DHCP_STEPS(seconds)                                                                     \
    ((seconds) > DHCP_COARSE_TIMER_SECS ? (seconds) / DHCP_COARSE_TIMER_SECS : 1)
#define DHCP_SET_TIMEOUT_FROM_OFFERED_T0_LEASE(res, dhcp)                                          \
    ((res) = LP_DHCP_STEPS((dhcp)->offered_t0_lease))
#define DHCP_SET_TIMEOUT_FROM_OFFERED_T1_RENEW(res, dhcp)                                          \
    ((res) = LP_DHCP_STEPS((dhcp)->offered_t1_renew))
#define DHCP_SET_TIMEOUT_FROM_OFFERED_T2_REBIND(res, dhcp)                                         \
    ((res) = LP_DHCP_STEPS((dhcp)->offered_t2_rebind))
#define DHCP_NEXT_TIMEOUT_THRESHOLD          (60 / DHCP_COARSE_TIMER_SECS)
#define DHCP_REQUEST_BACKOFF_SEQUENCE(tries) (u16_t)(((tries) < 5 ? 1 << (tries) : 30) * 1000)

// Each packet of IPv4, before lwIP looks at it.
#define LWIP_HOOK_IP4_INPUT(p, n) lp_bare_ip4_input(p)

// Called for each connection that begins, before it counts: the moment to look at those before it.
#define LWIP_HOOK_TCP_ISN(a, ap, b, bp) lp_bare_tcp_isn(ap)

#endif
