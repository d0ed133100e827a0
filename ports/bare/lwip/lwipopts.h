// SPDX-License-Identifier: Apache-2.0
// lwIP for a board with one loop: the raw interface, no heap but these pools, IPv4 and IPv6.
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

#include "lwip_sizes.h"

#define NO_SYS               1
#define SYS_LIGHTWEIGHT_PROT 0 // interrupts do not touch it
#define LWIP_SOCKET          0
#define LWIP_NETCONN         0
#define LWIP_IPV4            1
#define LWIP_IPV6            1
#define LWIP_DHCP            1
#define LWIP_DHCP_DOES_ACD_CHECK                                                                   \
    0 // asking whether somebody has the address takes seconds at each boot
#define LWIP_DNS                   1
#define LWIP_UDP                   1
#define LWIP_TCP                   1
#define LWIP_RAW                   0
#define LWIP_ICMP                  1
#define LWIP_IPV6_AUTOCONFIG       1
#define LWIP_ND6_ALLOW_RA_UPDATES  0 // a stranger's announcement sets no times of ours
#define LWIP_IPV6_NUM_ADDRESSES    3
#define IP_REASSEMBLY              0
#define IP_FRAG                    0
#define LWIP_IPV6_REASS            0
#define LWIP_IPV6_FRAG             0
#define LWIP_STATS                 0
#define LWIP_NETIF_HOSTNAME        1
#define LWIP_NETIF_LINK_CALLBACK   0
#define LWIP_NETIF_STATUS_CALLBACK 0
#define LWIP_TCP_KEEPALIVE         1

// Everything comes from pools whose sizes are these and lwip_sizes.h's; mem_malloc() is made of
// pools, too.
#define MEM_ALIGNMENT                  __SIZEOF_POINTER__
#define MEMP_MEM_MALLOC                0
#define LWIP_ND6_NUM_NEIGHBORS         4
#define LWIP_ND6_NUM_DESTINATIONS      4
#define LWIP_ND6_RDNSS_MAX_DNS_SERVERS 1 // from a router's announcement
#define MEMP_NUM_PBUF                  4
#define PBUF_POOL_BUFSIZE              612
#define TCP_MSS                        536
#define TCP_SND_QUEUELEN               9
#define TCP_QUEUE_OOSEQ                0
#define DNS_MAX_RETRIES                3 // four seconds, then the next server is asked
#define LWIP_DHCP_MAX_DNS_SERVERS      2
#define DNS_MAX_NAME_LENGTH            254
#define ETH_PAD_SIZE                   2 // so that the header of IP is aligned
#define LWIP_ND6_QUEUEING              0
#define ARP_QUEUEING                   0
#define MEMP_NUM_ND6_QUEUE             1
#define LWIP_IPV6_MLD                  1

// Ports and sequence numbers that cannot be guessed.
#define LWIP_RAND()        lp_bare_rand()
#define LWIP_HOOK_FILENAME "lwip_hooks.h" // the numbers of sequences come from lwip_sizes.h
#define LWIP_DNS_SECURE    7

#define LWIP_DBG_MIN_LEVEL 0
#define LWIP_DEBUG         0

#endif
