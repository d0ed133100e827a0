// SPDX-License-Identifier: Apache-2.0
// A one-shot query of multicast DNS (RFC 6762, 5.1): from a port of its own, so that it disturbs no
// other resolver of this computer, and answers come back here alone. Whoever is on the link may
// answer: what they say is shown, cleaned, and nothing is done with it.
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

// What an answer says about one board.
typedef struct {
    char id[64];
    char app[64];
    char version[32];
    char rpc[64];
    char addr[INET6_ADDRSTRLEN + 16];
} seen_t;

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

// -- answers

static void take_text(const char *key, lp_span_t string, char *out, size_t cap)
{
    const size_t key_len = strlen(key);
    char text[256];
    char clean[264];
    if (string.len <= key_len || memcmp(string.ptr, key, key_len) != 0 ||
        string.ptr[key_len] != '=') {
        return;
    }
    const size_t len = string.len - key_len - 1;
    memcpy(text, string.ptr + key_len + 1, len);
    text[len] = '\0';
    lp_ui_clean(clean, sizeof clean, text);
    for (char *p = clean; *p != '\0'; p++) {
        *p = *p == '\n' || *p == '\t' ? '?' : *p;
    }
    snprintf(out, cap, "%s", clean);
}

static void take_txt(lp_span_t data, seen_t *seen)
{
    lp_span_t string;
    while (lp_dns_txt_next(&data, &string) == LP_OK) {
        take_text("id", string, seen->id, sizeof seen->id);
        take_text("app", string, seen->app, sizeof seen->app);
        take_text("version", string, seen->version, sizeof seen->version);
        take_text("rpc", string, seen->rpc, sizeof seen->rpc);
    }
}

// False: it is not an answer, or not one about a board.
static bool read_answer(lp_span_t packet, seen_t *seen)
{
    lp_dns_reader_t r;
    lp_dns_record_t record;
    lp_dns_name_t type;
    lp_err_t err;
    bool has_txt = false;
    (void)lp_dns_name_of(&type, "_limpet._tcp.local");
    if (lp_dns_read(&r, packet) != LP_OK || (r.flags & LP_DNS_RESPONSE) == 0) {
        return false;
    }
    while ((err = lp_dns_next(&r, &record)) == LP_OK) {
        if (record.part != LP_DNS_QUESTION && record.type == LP_DNS_TXT && !has_txt &&
            lp_dns_name_is_child(&record.name, &type)) {
            take_txt(record.data, seen);
            has_txt = true;
        }
    }
    return err == LP_E_NOT_FOUND && has_txt && seen->rpc[0] != '\0';
}

// Where the answer comes from is where the board is.
static void take_address(const struct sockaddr_storage *from, seen_t *seen)
{
    char text[INET6_ADDRSTRLEN] = "";
    if (from->ss_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, from, sizeof v4);
        (void)inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
        snprintf(seen->addr, sizeof seen->addr, "%s", text);
    } else {
        struct sockaddr_in6 v6;
        char name[IF_NAMESIZE] = "";
        memcpy(&v6, from, sizeof v6);
        (void)inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
        const bool has_zone =
            IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr) && if_indextoname(v6.sin6_scope_id, name) != NULL;
        snprintf(seen->addr, sizeof seen->addr, "[%.40s%s%.8s]", text, has_zone ? "%25" : "",
                 has_zone ? name : "");
    }
}

// The first channel, "http:8080", as a port for --port.
static bool make_port(const seen_t *seen, lp_board_found_t *found)
{
    char kind[8];
    unsigned number = 0;
    if (sscanf(seen->rpc, "%7[a-z]:%5u", kind, &number) != 2 || number == 0 || number > 65535 ||
        (strcmp(kind, "http") != 0 && strcmp(kind, "https") != 0 && strcmp(kind, "tcp") != 0)) {
        return false;
    }
    snprintf(found->port, sizeof found->port, "%s://%s:%u", kind, seen->addr, number);
    snprintf(found->id, sizeof found->id, "%s", seen->id);
    snprintf(found->about, sizeof found->about, "network: %.60s %.30s, %.60s", seen->app,
             seen->version, seen->rpc);
    return true;
}

// A board answers over IPv4 and IPv6, and on each link that it shares with this computer: once is
// enough. One without an id is told apart by its address.
static void add(lp_board_found_t *found, size_t cap, size_t *n, const lp_board_found_t *one)
{
    for (size_t i = 0; i < *n && i < cap; i++) {
        const char *a = one->id[0] != '\0' ? one->id : one->port;
        const char *b = one->id[0] != '\0' ? found[i].id : found[i].port;
        if (strcmp(a, b) == 0) {
            const bool is_better = strchr(found[i].port, '[') != NULL && one->port[0] != '\0' &&
                                   strchr(one->port, '[') == NULL;
            found[i] = is_better ? *one : found[i];
            return;
        }
    }
    if (*n < cap) {
        found[*n] = *one;
    }
    (*n)++;
}

static void take_packets(int fd, lp_board_found_t *found, size_t cap, size_t *n)
{
    static uint8_t packet[PACKET];
    struct sockaddr_storage from = {0};
    socklen_t len = sizeof from;
    ssize_t got;
    while ((got = recvfrom(fd, packet, sizeof packet, 0, (struct sockaddr *)&from, &len)) >= 0) {
        seen_t seen = {.id = ""};
        lp_board_found_t one = {.source = "network"};
        if (read_answer(lp_span(packet, (size_t)got), &seen)) {
            take_address(&from, &seen);
            if (make_port(&seen, &one)) {
                add(found, cap, n, &one);
            }
        }
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
