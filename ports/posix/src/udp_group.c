// SPDX-License-Identifier: Apache-2.0
// Datagrams to a multicast group: a socket for IPv4 and one for IPv6, either of which may be
// missing. Links are those that are up and can multicast; the loopback is one when it was told so
// (ip link set lo multicast on).
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "posix_internal.h"

enum { HOPS = 255, FAMILIES = 2, V4 = 0, V6 = 1, CONTROL_BYTES = 128, MAPPED_BITS = 96 };

// An lp_udp_group_t as this port sees it.
typedef struct {
    lp_posix_watch_t watch[FAMILIES]; // fd -1: not there
    lp_event_t event;
    lp_udp_arrival_fn *fn;
    void *ctx;
    uint8_t v4[4];
    uint8_t v6[16];
    uint16_t port;
    bool is_joined;
} group_t;

_Static_assert(sizeof(group_t) <= sizeof(lp_udp_group_t), "lp_udp_group_t.port_ is too small");

static void tell(void *ctx)
{
    const group_t *group = ctx;
    group->fn(group->ctx);
}

static void set_interest(group_t *group, short events)
{
    for (int i = 0; i < FAMILIES; i++) {
        group->watch[i].events = events;
    }
}

// Told once; receive() asks poll() for the next when nothing is left.
static void on_poll(void *ctx, short revents)
{
    (void)revents;
    group_t *group = ctx;
    set_interest(group, 0);
    lp_loop_post(lp_posix_loop, &group->event);
}

static void set(int fd, int level, int option, int value)
{
    (void)setsockopt(fd, level, option, &value, sizeof value);
}

static int bind_or_close(int fd, const struct sockaddr *any, socklen_t len)
{
    if (bind(fd, any, len) != 0) {
        const int errnum = errno;
        close(fd);
        errno = errnum;
        return -1;
    }
    return fd;
}

static int open_v4(uint16_t port)
{
    const struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0) {
        return -1;
    }
    lp_posix_prepare_fd(fd);
    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    set(fd, IPPROTO_IP, IP_PKTINFO, 1);
    set(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
    set(fd, IPPROTO_IP, IP_MULTICAST_TTL, HOPS);
    set(fd, IPPROTO_IP, IP_TTL, HOPS);
    return bind_or_close(fd, (const struct sockaddr *)&any, sizeof any);
}

static int open_v6(uint16_t port)
{
    const struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    const int fd = socket(AF_INET6, SOCK_DGRAM, 0);
    if (fd < 0) {
        return -1;
    }
    lp_posix_prepare_fd(fd);
    set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    set(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0);
    set(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, HOPS);
    set(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, HOPS);
    return bind_or_close(fd, (const struct sockaddr *)&any, sizeof any);
}

lp_err_t lp_port_udp_join(lp_udp_group_t *opaque, const uint8_t v4[4], const uint8_t v6[16],
                          uint16_t port, lp_udp_arrival_fn *fn, void *ctx)
{
    group_t *group = (group_t *)(void *)opaque;
    *group = (group_t){.fn = fn, .ctx = ctx, .port = port};
    memcpy(group->v4, v4, sizeof group->v4);
    memcpy(group->v6, v6, sizeof group->v6);
    const int fds[FAMILIES] = {open_v4(port), open_v6(port)};
    if (fds[V4] < 0 && fds[V6] < 0) {
        return errno == EADDRINUSE ? LP_E_EXISTS : lp_posix_err(errno);
    }
    lp_event_init(&group->event, tell, group);
    for (int i = 0; i < FAMILIES; i++) {
        group->watch[i] =
            (lp_posix_watch_t){.fd = fds[i], .events = POLLIN, .fn = on_poll, .ctx = group};
        if (fds[i] >= 0) {
            lp_posix_watch_start(&group->watch[i]);
        }
    }
    group->is_joined = true;
    return LP_OK;
}

// -- links

static uint8_t count_bits(const uint8_t *mask, size_t len)
{
    uint8_t bits = 0;
    for (size_t i = 0; i < 8 * len && (mask[i / 8] & (0x80u >> i % 8)) != 0; i++) {
        bits++;
    }
    return bits;
}

static bool address_of(const struct ifaddrs *ifa, uint8_t addr[16], uint8_t *bits)
{
    if (ifa->ifa_addr == NULL || ifa->ifa_netmask == NULL) {
        return false;
    }
    if (ifa->ifa_addr->sa_family == AF_INET) {
        struct sockaddr_in v4;
        struct sockaddr_in mask;
        memcpy(&v4, ifa->ifa_addr, sizeof v4);
        memcpy(&mask, ifa->ifa_netmask, sizeof mask);
        memset(addr, 0, 10);
        addr[10] = addr[11] = 0xFF;
        memcpy(addr + 12, &v4.sin_addr, 4);
        *bits = (uint8_t)(MAPPED_BITS + count_bits((const uint8_t *)&mask.sin_addr, 4));
        return true;
    }
    if (ifa->ifa_addr->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        struct sockaddr_in6 mask;
        memcpy(&v6, ifa->ifa_addr, sizeof v6);
        memcpy(&mask, ifa->ifa_netmask, sizeof mask);
        memcpy(addr, &v6.sin6_addr, 16);
        *bits = count_bits((const uint8_t *)&mask.sin6_addr, 16);
        return true;
    }
    return false;
}

// To be in it already is no error.
static void join_on(const group_t *group, unsigned number)
{
    struct ip_mreqn v4 = {.imr_ifindex = (int)number};
    struct ipv6_mreq v6 = {.ipv6mr_interface = number};
    memcpy(&v4.imr_multiaddr, group->v4, 4);
    memcpy(&v6.ipv6mr_multiaddr, group->v6, 16);
    (void)setsockopt(group->watch[V4].fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &v4, sizeof v4);
    (void)setsockopt(group->watch[V6].fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &v6, sizeof v6);
}

static lp_net_link_t *find_link(lp_net_link_t *links, size_t cap, size_t *n, unsigned number)
{
    for (size_t i = 0; i < *n; i++) {
        if (links[i].number == number) {
            return &links[i];
        }
    }
    if (*n == cap) {
        return NULL;
    }
    links[*n] = (lp_net_link_t){.number = number};
    return &links[(*n)++];
}

size_t lp_port_udp_links(lp_udp_group_t *opaque, lp_net_link_t *links, size_t cap)
{
    const group_t *group = (const group_t *)(const void *)opaque;
    struct ifaddrs *all = NULL;
    uint16_t portal;
    size_t n = 0;
    if (!group->is_joined || !lp_posix_net_is_up(&portal) || getifaddrs(&all) != 0) {
        return 0;
    }
    for (const struct ifaddrs *ifa = all; ifa != NULL; ifa = ifa->ifa_next) {
        uint8_t addr[16];
        uint8_t bits = 0;
        const bool is_usable =
            (ifa->ifa_flags & (IFF_UP | IFF_MULTICAST)) == (unsigned)(IFF_UP | IFF_MULTICAST);
        if (!is_usable || !address_of(ifa, addr, &bits)) {
            continue;
        }
        lp_net_link_t *link = find_link(links, cap, &n, if_nametoindex(ifa->ifa_name));
        if (link != NULL && link->number != 0 && link->count < LP_NET_LINK_ADDRS) {
            memcpy(link->own[link->count].addr, addr, sizeof addr);
            link->own[link->count++].bits = bits;
        }
    }
    freeifaddrs(all);
    for (size_t i = 0; i < n; i++) {
        join_on(group, links[i].number);
    }
    return n;
}

// -- datagrams

static void take_v4(const struct cmsghdr *c, lp_udp_from_t *from)
{
    struct in_pktinfo info;
    memcpy(&info, CMSG_DATA(c), sizeof info);
    from->link = (unsigned)info.ipi_ifindex;
    from->is_to_group = IN_MULTICAST(ntohl(info.ipi_addr.s_addr));
}

static void take_v6(const struct cmsghdr *c, lp_udp_from_t *from)
{
    struct in6_pktinfo info;
    memcpy(&info, CMSG_DATA(c), sizeof info);
    from->link = info.ipi6_ifindex;
    from->is_to_group = info.ipi6_addr.s6_addr[0] == 0xFF;
}

static void take_source(const struct msghdr *msg, const struct sockaddr_storage *addr,
                        lp_udp_from_t *from)
{
    lp_posix_take_peer(addr, &from->peer);
    // CMSG_NXTHDR() of glibc compares lengths of two kinds.
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL;
         c = CMSG_NXTHDR((struct msghdr *)(uintptr_t)msg, c)) {
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            take_v4(c, from);
        } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            take_v6(c, from);
        }
    }
}

static bool receive_on(int fd, uint8_t *buf, size_t cap, size_t *n, lp_udp_from_t *from)
{
    struct sockaddr_storage addr = {0};
    _Alignas(struct cmsghdr) uint8_t control[CONTROL_BYTES];
    struct iovec part = {.iov_base = buf, .iov_len = cap};
    struct msghdr msg = {.msg_name = &addr,
                         .msg_namelen = sizeof addr,
                         .msg_iov = &part,
                         .msg_iovlen = 1,
                         .msg_control = control,
                         .msg_controllen = sizeof control};
    const ssize_t got = fd >= 0 ? recvmsg(fd, &msg, 0) : -1;
    if (got < 0) {
        return false;
    }
    *n = (size_t)got;
    *from = (lp_udp_from_t){.link = 0};
    take_source(&msg, &addr, from);
    return true;
}

lp_err_t lp_port_udp_receive(lp_udp_group_t *opaque, uint8_t *buf, size_t cap, size_t *n,
                             lp_udp_from_t *from)
{
    group_t *group = (group_t *)(void *)opaque;
    if (!group->is_joined) {
        return LP_E_AGAIN;
    }
    for (int i = 0; i < FAMILIES; i++) {
        uint16_t portal;
        while (receive_on(group->watch[i].fd, buf, cap, n, from)) {
            if (lp_posix_net_is_up(&portal)) { // else it never came over our radio
                return LP_OK;
            }
        }
    }
    set_interest(group, POLLIN);
    return LP_E_AGAIN;
}

static socklen_t destination(const group_t *group, unsigned link, bool is_v6,
                             const lp_net_peer_t *to, struct sockaddr_storage *addr)
{
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
                              .sin6_port = htons(to != NULL ? to->port : group->port),
                              .sin6_scope_id = link};
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = v6.sin6_port};
    memset(addr, 0, sizeof *addr);
    if (is_v6) {
        memcpy(&v6.sin6_addr, to != NULL ? to->addr : group->v6, 16);
        memcpy(addr, &v6, sizeof v6);
        return sizeof v6;
    }
    memcpy(&v4.sin_addr, to != NULL ? to->addr + 12 : group->v4, 4);
    memcpy(addr, &v4, sizeof v4);
    return sizeof v4;
}

lp_err_t lp_port_udp_send(lp_udp_group_t *opaque, unsigned link, bool is_v6,
                          const lp_net_peer_t *to, lp_span_t data)
{
    const group_t *group = (const group_t *)(const void *)opaque;
    const int fd = group->is_joined ? group->watch[is_v6 ? V6 : V4].fd : -1;
    struct sockaddr_storage addr;
    const socklen_t len = destination(group, link, is_v6, to, &addr);
    if (fd < 0) {
        return LP_E_UNSUPPORTED;
    }
    if (is_v6) {
        set(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, (int)link);
    } else {
        const struct ip_mreqn out = {.imr_ifindex = (int)link};
        (void)setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &out, sizeof out);
    }
    if (sendto(fd, data.ptr, data.len, 0, (const struct sockaddr *)&addr, len) < 0) {
        return errno == EAGAIN || errno == ENOBUFS ? LP_E_AGAIN : lp_posix_err(errno);
    }
    return LP_OK;
}

void lp_port_udp_leave(lp_udp_group_t *opaque)
{
    group_t *group = (group_t *)(void *)opaque;
    if (!group->is_joined) {
        return;
    }
    group->is_joined = false;
    lp_loop_unpost(lp_posix_loop, &group->event);
    for (int i = 0; i < FAMILIES; i++) {
        if (group->watch[i].fd >= 0) {
            lp_posix_watch_stop(&group->watch[i]);
            close(group->watch[i].fd);
            group->watch[i].fd = -1;
        }
    }
}
