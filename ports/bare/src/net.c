// SPDX-License-Identifier: Apache-2.0
// The network interface: frames between the port's card and lwIP, and lwIP's clock.
#include <string.h>

#include "bare_addresses.h"
#include "bare_internal.h"
#include "limpet/log.h"
#include "limpet/port/clock.h"
#include "limpet/port/system.h"
#include "lwip/dhcp.h"
#include "lwip/etharp.h"
#include "lwip/ethip6.h"
#include "lwip/init.h"
#include "lwip/netif.h"
#include "lwip/sys.h"
#include "lwip/timeouts.h"

#define LOG_MODULE "net"

static struct netif netif;
enum { FRAMES_AT_ONCE = 16 };

static bool is_started;
static bool has_more;    // frames may be waiting
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
    n->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_MLD6 |
               NETIF_FLAG_IGMP;
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

// So many at a time: whoever sends faster than the board works through must not have it alone.
static void receive_frames(void)
{
    size_t len = 0;
    unsigned left = FRAMES_AT_ONCE;
    while (left > 0 && (len = lp_hw_eth_receive_begin()) > 0) {
        left--;
        struct pbuf *p = take_frame(len);
        if (p != NULL && netif.input(p, &netif) != ERR_OK) {
            pbuf_free(p);
        }
    }
    has_more = left == 0;
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
        lp_bare_addresses_lost(n);
    }
}

static void follow_link(struct netif *n)
{
    follow_cable(n);
    if (netif_is_link_up(n)) {
        lp_bare_addresses_follow(n, link_ms);
    }
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
    if (has_more) {
        return lp_port_now_ms();
    }
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
