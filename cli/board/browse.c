// SPDX-License-Identifier: Apache-2.0
// A one-shot query of multicast DNS (RFC 6762, 5.1): from a port of its own, so that it disturbs no
// other resolver of this computer, and answers come back here alone.
#include "browse.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "limpet/dns.h"
#include "limpet/ui.h"

enum { MDNS_PORT = 5353, PACKET = 9000, TICK_MS = 100, ASK_AGAIN_MS = 400, FAMILIES = 2 };

static void set(int fd, int level, int option, int value)
{
    (void)setsockopt(fd, level, option, &value, sizeof value);
}

static int open_socket(int family)
{
    const int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && family == AF_INET) {
        set(fd, IPPROTO_IP, IP_MULTICAST_TTL, 255);
    } else if (fd >= 0) {
        set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
        set(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 255);
    }
    return fd;
}

static size_t make_query(uint8_t *bytes, size_t cap)
{
    lp_dns_writer_t w;
    lp_dns_name_t type;
    (void)lp_dns_name_of(&type, "_limpet._tcp.local");
    lp_dns_write(&w, bytes, cap, 0, 0);
    (void)lp_dns_put_question(&w, &type, LP_DNS_PTR, LP_DNS_IN | LP_DNS_TOP_BIT);
    return lp_dns_written(&w).len;
}

static void ask_on(const int fds[FAMILIES], unsigned link, int family, const uint8_t *query,
                   size_t len)
{
    if (family == AF_INET) {
        const struct ip_mreqn out = {.imr_ifindex = (int)link};
        struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(MDNS_PORT)};
        (void)inet_pton(AF_INET, "224.0.0.251", &to.sin_addr);
        (void)setsockopt(fds[0], IPPROTO_IP, IP_MULTICAST_IF, &out, sizeof out);
        (void)sendto(fds[0], query, len, 0, (const struct sockaddr *)&to, sizeof to);
    } else {
        struct sockaddr_in6 to = {
            .sin6_family = AF_INET6, .sin6_port = htons(MDNS_PORT), .sin6_scope_id = link};
        (void)inet_pton(AF_INET6, "ff02::fb", &to.sin6_addr);
        (void)sendto(fds[1], query, len, 0, (const struct sockaddr *)&to, sizeof to);
    }
}

// Each link once a family: a card may have several addresses.
static void ask(const int fds[FAMILIES])
{
    uint8_t query[64];
    const size_t len = make_query(query, sizeof query);
    struct ifaddrs *all = NULL;
    unsigned done[FAMILIES] = {0, 0};
    if (getifaddrs(&all) != 0) {
        return;
    }
    for (const struct ifaddrs *ifa = all; ifa != NULL; ifa = ifa->ifa_next) {
        const unsigned wanted = (unsigned)IFF_UP | (unsigned)IFF_MULTICAST;
        if (ifa->ifa_addr == NULL || (ifa->ifa_flags & wanted) != wanted) {
            continue;
        }
        const int family = ifa->ifa_addr->sa_family;
        const unsigned link = if_nametoindex(ifa->ifa_name);
        unsigned *last = &done[family == AF_INET6 ? 1 : 0];
        if ((family == AF_INET || family == AF_INET6) && *last != link) {
            ask_on(fds, link, family, query, len);
            *last = link; // getifaddrs() has them in the order of cards
        }
    }
    freeifaddrs(all);
}

static void take_packets(int fd, lp_board_found_t *found, size_t cap, size_t *n)
{
    static uint8_t packet[PACKET];
    struct sockaddr_storage from = {0};
    socklen_t len = sizeof from;
    ssize_t got;
    while ((got = recvfrom(fd, packet, sizeof packet, 0, (struct sockaddr *)&from, &len)) >= 0) {
        lp_browse_take(lp_span(packet, (size_t)got), &from, found, cap, n);
        len = sizeof from;
    }
}

void lp_browse(int ms, void (*tick)(int over_ms, int all_ms), lp_board_found_t *found, size_t cap,
               size_t *n)
{
    const int fds[FAMILIES] = {open_socket(AF_INET), open_socket(AF_INET6)};
    struct pollfd polls[FAMILIES] = {{.fd = fds[0], .events = POLLIN},
                                     {.fd = fds[1], .events = POLLIN}};
    const uint64_t start_ms = lp_ui_now_ms();
    int over_ms = 0;
    int asked_ms = -ASK_AGAIN_MS;
    *n = 0;
    while ((over_ms = (int)(lp_ui_now_ms() - start_ms)) < ms) {
        if (over_ms - asked_ms >= ASK_AGAIN_MS) {
            ask(fds); // datagrams are lost
            asked_ms = over_ms;
        }
        if (tick != NULL) {
            tick(over_ms, ms);
        }
        const int left_ms = ms - over_ms < TICK_MS ? ms - over_ms : TICK_MS;
        if (poll(polls, FAMILIES, left_ms) < 0 && errno == EINTR) {
            break; // Ctrl-C: what was found so far
        }
        for (int i = 0; i < FAMILIES; i++) {
            if (fds[i] >= 0) {
                take_packets(fds[i], found, cap, n);
            }
        }
    }
    for (int i = 0; i < FAMILIES; i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
    if (tick != NULL) {
        tick(ms, ms);
    }
}
