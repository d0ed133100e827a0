// SPDX-License-Identifier: Apache-2.0
// The network interface: frames between the port's card and lwIP, and lwIP's clock.
#include <string.h>

#include "bare_internal.h"
#include "bare_lookup.h"
#include "bare_tcp.h"
#include "limpet/log.h"
#include "limpet/port/clock.h"
#include "limpet/port/system.h"
#include "lwip/dhcp.h"
#include "lwip/dns.h"
#include "lwip/etharp.h"
#include "lwip/ethip6.h"
#include "lwip/init.h"
#include "lwip/netif.h"
#include "lwip/sys.h"
#include "lwip/timeouts.h"

#define LOG_MODULE "net"

enum { IPV6_ALONE_MS = 4000 }; // so long DHCP may take before a network without IPv4 is believed

static struct netif netif;
static bool is_started;
static bool has_network; // connections may begin
static uint64_t link_ms; // when the cable came

uint32_t sys_now(void)
{
    return (uint32_t)lp_port_now_ms();
}

uint32_t lp_bare_rand(void)
{
    uint32_t number = 0;
    if (lp_port_entropy((uint8_t *)&number, sizeof number) != LP_OK) {
        number = (uint32_t)lp_port_now_us(); // a poor port number is better than no network
    }
    return number;
}

_Noreturn void lp_bare_fail(const char *what)
{
    lp_port_log_line(what, strlen(what));
    lp_port_reboot();
}

static err_t send_frame(struct netif *n, struct pbuf *p)
{
    (void)n;
    if (p->tot_len < ETH_PAD_SIZE || !lp_hw_eth_send_begin(p->tot_len - ETH_PAD_SIZE)) {
        return ERR_BUF;
    }
    size_t skip = ETH_PAD_SIZE;
    for (const struct pbuf *q = p; q != NULL; q = q->next) {
        const size_t cut = skip < q->len ? skip : q->len;
        lp_hw_eth_send_put((const uint8_t *)q->payload + cut, q->len - cut);
        skip -= cut;
    }
    lp_hw_eth_send_end();
    return ERR_OK;
}

static err_t set_up(struct netif *n)
{
    n->name[0] = 'e';
    n->name[1] = 'n';
    n->output = etharp_output;
    n->output_ip6 = ethip6_output;
    n->linkoutput = send_frame;
    n->mtu = 1500;
    n->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_MLD6;
    n->hwaddr_len = 6;
    lp_port_hw_id(n->hwaddr);
    n->hwaddr[0] = (uint8_t)((n->hwaddr[0] & ~1U) | 2U); // an address of one's own, no group
    lp_hw_eth_init(n->hwaddr);
    return ERR_OK;
}

// Null: there is no memory for it, and it is lost; TCP sends it again.
static struct pbuf *take_frame(size_t len)
{
    struct pbuf *p = pbuf_alloc(PBUF_RAW, (uint16_t)(len + ETH_PAD_SIZE), PBUF_POOL);
    size_t skip = ETH_PAD_SIZE;
    for (struct pbuf *q = p; q != NULL; q = q->next) {
        const size_t cut = skip < q->len ? skip : q->len;
        lp_hw_eth_receive_take((uint8_t *)q->payload + cut, q->len - cut);
        skip -= cut;
    }
    lp_hw_eth_receive_end();
    return p;
}

static void receive_frames(void)
{
    size_t len;
    while ((len = lp_hw_eth_receive_begin()) > 0) {
        struct pbuf *p = take_frame(len);
        if (p != NULL && netif.input(p, &netif) != ERR_OK) {
            pbuf_free(p);
        }
    }
}

static void follow_cable(struct netif *n)
{
    const bool has_link = lp_hw_eth_has_link();
    if (has_link && !netif_is_link_up(n)) {
        link_ms = lp_port_now_ms();
        netif_set_link_up(n);
        LP_LOGI("the cable is in");
    } else if (!has_link && netif_is_link_up(n)) {
        netif_set_link_down(n);
        LP_LOGW("the cable is out");
    }
}

// An address that reaches further than the cable; null: none, or not checked yet.
static const ip6_addr_t *global_address(const struct netif *n)
{
    for (int i = 0; netif_is_link_up(n) && i < LWIP_IPV6_NUM_ADDRESSES; i++) {
        const ip6_addr_t *address = netif_ip6_addr(n, i);
        if (ip6_addr_ispreferred(netif_ip6_addr_state(n, i)) && !ip6_addr_islinklocal(address)) {
            return address;
        }
    }
    return NULL;
}

// A router that names a server by IPv6 takes the first place in lwIP's list; where there is IPv4,
// that of DHCP comes first.
static void order_name_servers(bool has_ipv4)
{
    static ip_addr_t by_dhcp;
    const ip_addr_t first = *dns_getserver(0);
    if (IP_IS_V4(&first)) {
        by_dhcp = first;
    } else if (has_ipv4 && !ip_addr_isany(&by_dhcp)) {
        dns_setserver(0, &by_dhcp);
        dns_setserver(1, &first);
    }
}

static void follow_link(struct netif *n)
{
    follow_cable(n);
    const bool has_ipv4 = dhcp_supplied_address(n) != 0;
    const ip6_addr_t *ipv6 = global_address(n);
    const bool is_ipv6_alone =
        !has_ipv4 && ipv6 != NULL && lp_port_now_ms() - link_ms >= IPV6_ALONE_MS;
    order_name_servers(has_ipv4);
    if (has_network != (has_ipv4 || is_ipv6_alone)) {
        has_network = !has_network;
        if (has_network) {
            char text[IP6ADDR_STRLEN_MAX];
            LP_LOGI("address %s", has_ipv4 ? ip4addr_ntoa_r(netif_ip4_addr(n), text, sizeof text)
                                           : ip6addr_ntoa_r(ipv6, text, sizeof text));
        }
        lp_bare_tcp_network(has_network);
        lp_bare_sntp_network(has_network);
    }
}

err_t lp_bare_look_up(const char *name, ip_addr_t *address, dns_found_callback fn, void *arg)
{
    return dns_gethostbyname_addrtype(name, address, fn, arg,
                                      dhcp_supplied_address(&netif) != 0
                                          ? LWIP_DNS_ADDRTYPE_IPV4_IPV6
                                          : LWIP_DNS_ADDRTYPE_IPV6_IPV4);
}

// Before there is a network nobody knows which ones it will be.
bool lp_bare_may_have(const ip_addr_t *address)
{
    if (!has_network) {
        return true;
    }
    return IP_IS_V6(address) ? netif_get_ip6_addr_match(&netif, ip_2_ip6(address)) >= 0
                             : ip4_addr_eq(ip_2_ip4(address), netif_ip4_addr(&netif));
}

void lp_bare_net_poll(void)
{
    if (is_started) {
        follow_link(&netif);
        receive_frames();
        sys_check_timeouts();
    }
}

uint64_t lp_bare_net_due_ms(void)
{
    uint32_t sleep_ms = is_started ? sys_timeouts_sleeptime() : SYS_TIMEOUTS_SLEEPTIME_INFINITE;
    return sleep_ms != SYS_TIMEOUTS_SLEEPTIME_INFINITE ? lp_port_now_ms() + sleep_ms : UINT64_MAX;
}

void lp_bare_net_start(const char *name)
{
    lwip_init();
    (void)netif_add(&netif, NULL, NULL, NULL, NULL, set_up, netif_input);
    netif_set_default(&netif);
    netif.hostname = name;
    netif_create_ip6_linklocal_address(&netif, 1);
    netif.ip6_autoconfig_enabled = 1;
    netif_set_up(&netif);
    (void)dhcp_start(&netif);
    is_started = true;
    follow_link(&netif);
}
