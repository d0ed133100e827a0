// SPDX-License-Identifier: Apache-2.0
// Name servers by stateless DHCPv6, when a router says that there are some. In place of lwIP's own
// file of this name, which asks once for each announcement, says too little and checks nothing; the
// two functions that lwIP calls are its interface.
//
// A router's announcement begins an exchange; it is repeated ever more slowly until there is an
// answer, and begins anew when that is out of date. Announcements in between change nothing.
#include "limpet/dhcp6.h"

#include <string.h>

#include "bare_addresses.h"
#include "bare_internal.h"
#include "limpet/log.h"
#include "limpet/port/clock.h"
#include "lwip/dhcp6.h"
#include "lwip/udp.h"

#define LOG_MODULE "net"

enum {
    FIRST_DELAY_MS = 1000, // at random up to, so that a street with its power back is not in step
    FIRST_WAIT_MS = 1000,
    LONGEST_WAIT_S = 3600,
    ANSWER_MAX = 512,
};

static struct udp_pcb *pcb; // null: nothing is asked at present
static struct netif *own;   // whose router said so
static uint64_t due_ms;     // of the next question; 0: none
static uint64_t began_ms;   // this exchange
static uint32_t id;         // of it
static uint32_t wait_ms;    // for the answer to the last question
static uint32_t longest_s = LONGEST_WAIT_S;

static void stop_asking(void)
{
    if (pcb != NULL) {
        udp_remove(pcb);
        pcb = NULL;
    }
}

static void take_servers(const lp_dhcp6_info_t *info)
{
    for (uint8_t i = 0; i < LP_DHCP6_SERVERS; i++) {
        lp_bare_server_dhcp6(own, i, i < info->count ? info->servers[i] : NULL);
    }
    longest_s = info->max_rt_s != 0 ? info->max_rt_s : LONGEST_WAIT_S;
    due_ms = info->refresh_s != UINT32_MAX ? lp_port_now_ms() + info->refresh_s * 1000ULL : 0;
    LP_LOGI("DHCPv6 names %u servers", info->count);
}

static void on_answer(void *arg, struct udp_pcb *from, struct pbuf *p, const ip_addr_t *addr,
                      uint16_t port)
{
    (void)arg;
    (void)from;
    (void)addr;
    (void)port;
    uint8_t packet[ANSWER_MAX];
    lp_dhcp6_info_t info;
    const size_t len = p->tot_len;
    if (len <= sizeof packet) {
        (void)pbuf_copy_partial(p, packet, (uint16_t)len, 0);
    }
    pbuf_free(p);
    if (len > sizeof packet ||
        lp_dhcp6_answer(lp_span(packet, len), id, own->hwaddr, &info) != LP_OK) {
        return; // the right one may still come
    }
    stop_asking();
    take_servers(&info);
}

static bool open_port(void)
{
    if (pcb == NULL) {
        pcb = udp_new_ip_type(IPADDR_TYPE_V6);
        if (pcb != NULL && udp_bind(pcb, IP6_ADDR_ANY, LP_DHCP6_CLIENT_PORT) != ERR_OK) {
            stop_asking();
        }
        if (pcb != NULL) {
            udp_recv(pcb, on_answer, NULL);
            id = lp_bare_rand() & LP_DHCP6_ID_MASK;
            began_ms = lp_port_now_ms();
            wait_ms = FIRST_WAIT_MS / 2;
        }
    }
    return pcb != NULL;
}

static void send_question(void)
{
    static const ip_addr_t servers = IPADDR6_INIT_HOST(0xFF020000, 0, 0, 0x00010002);
    struct pbuf *p = pbuf_alloc(PBUF_TRANSPORT, LP_DHCP6_REQUEST_BYTES, PBUF_RAM);
    if (p != NULL) {
        lp_dhcp6_request(p->payload, id, own->hwaddr, (uint32_t)(lp_port_now_ms() - began_ms));
        (void)udp_sendto_if(pcb, p, &servers, LP_DHCP6_SERVER_PORT, own);
        pbuf_free(p);
    }
}

// Twice as long each time, a tenth more or less.
static void ask(void)
{
    if (open_port()) {
        send_question();
    }
    wait_ms = wait_ms < longest_s * 500 ? wait_ms * 2 : longest_s * 1000;
    due_ms = lp_port_now_ms() + wait_ms - wait_ms / 10 + lp_bare_rand() % (wait_ms / 5 + 1);
}

// lwIP: twice a second.
void dhcp6_tmr(void)
{
    if (due_ms != 0 && lp_port_now_ms() >= due_ms) {
        ask();
    }
}

// lwIP: a router has announced itself. One that gives addresses gives servers, too.
void dhcp6_nd6_ra_trigger(struct netif *n, u8_t has_addresses, u8_t has_more)
{
    if ((has_addresses != 0 || has_more != 0) && own == NULL) {
        own = n;
        due_ms = lp_port_now_ms() + 1 + lp_bare_rand() % FIRST_DELAY_MS;
    }
}

void lp_bare_dhcp6_stop(void)
{
    stop_asking();
    own = NULL;
    due_ms = 0;
    longest_s = LONGEST_WAIT_S;
}
