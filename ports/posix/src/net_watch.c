// SPDX-License-Identifier: Apache-2.0
// The address of this computer, which is the board's. The kernel says when one comes or goes.
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "posix_internal.h"

enum { NEWS_BYTES = 4096 };

static struct {
    lp_posix_watch_t watch;
    lp_event_t event;
    void (*fn)(void *ctx);
    void *ctx;
} news = {.watch = {.fd = -1}};

// How good an address is: IPv4 before IPv6, the loopback's is the last. 0: of no use.
static int rank_of(const struct ifaddrs *i)
{
    if (i->ifa_addr == NULL || (i->ifa_flags & IFF_UP) == 0 || (i->ifa_flags & IFF_RUNNING) == 0) {
        return 0;
    }
    const bool is_loopback = (i->ifa_flags & IFF_LOOPBACK) != 0;
    if (i->ifa_addr->sa_family == AF_INET) {
        return is_loopback ? 2 : 4;
    }
    if (i->ifa_addr->sa_family != AF_INET6) {
        return 0;
    }
    const struct sockaddr_in6 *v6 = (const void *)i->ifa_addr;
    if (IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr)) {
        return 0;
    }
    return is_loopback ? 1 : 3;
}

static void write_address(const struct ifaddrs *i, char text[LP_NET_ADDRESS_MAX])
{
    if (i->ifa_addr->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)i->ifa_addr;
        (void)inet_ntop(AF_INET, &v4->sin_addr, text, LP_NET_ADDRESS_MAX);
    } else {
        const struct sockaddr_in6 *v6 = (const void *)i->ifa_addr;
        (void)inet_ntop(AF_INET6, &v6->sin6_addr, text, LP_NET_ADDRESS_MAX);
    }
}

bool lp_port_net_address(char text[LP_NET_ADDRESS_MAX])
{
    struct ifaddrs *all = NULL;
    const struct ifaddrs *best = NULL;
    uint16_t portal;
    if (!lp_posix_net_is_up(&portal) || getifaddrs(&all) != 0) {
        return false;
    }
    for (const struct ifaddrs *i = all; i != NULL; i = i->ifa_next) {
        if (rank_of(i) > (best != NULL ? rank_of(best) : 0)) {
            best = i;
        }
    }
    if (best != NULL) {
        write_address(best, text);
    }
    freeifaddrs(all);
    return best != NULL;
}

static void tell(void *ctx)
{
    (void)ctx;
    news.fn(news.ctx);
}

// What the kernel says is not read: one look at all addresses is as good. An overrun is news, too.
static void on_news(void *ctx, short revents)
{
    (void)ctx;
    (void)revents;
    char bytes[NEWS_BYTES];
    if (recv(news.watch.fd, bytes, sizeof bytes, 0) == 0) {
        lp_posix_watch_stop(&news.watch);
    }
    lp_loop_post(lp_posix_loop, &news.event);
}

void lp_port_net_watch(void (*fn)(void *ctx), void *ctx)
{
    const struct sockaddr_nl groups = {.nl_family = AF_NETLINK,
                                       .nl_groups =
                                           RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR};
    const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    news.fn = fn;
    news.ctx = ctx;
    lp_event_init(&news.event, tell, NULL);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&groups, sizeof groups) != 0) {
        if (fd >= 0) {
            close(fd);
        }
        return; // a sandbox without netlink: the address of the start counts
    }
    news.watch = (lp_posix_watch_t){.fd = fd, .events = POLLIN, .fn = on_news};
    lp_posix_watch_start(&news.watch);
}
