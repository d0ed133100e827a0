// SPDX-License-Identifier: Apache-2.0
// Looks at what DHCP servers send before lwIP does, which takes any offer, and asks anew at once
// after each refusal: with a server that refuses what it has just offered it would do nothing else.
#include <string.h>

#include "bare_addresses.h"
#include "limpet/dhcp4.h"
#include "limpet/endian.h"
#include "limpet/log.h"
#include "limpet/port/clock.h"
#include "lwip/pbuf.h"

#define LOG_MODULE "net"

enum {
    UDP = 17,
    UDP_HEAD = 8,
    CLIENT_PORT = 68,
    SILENCE_MS = 60000, // between two lines of the log about it
    REFUSAL_MS = 10000, // between two refusals that count
};

static uint32_t refused;
static uint64_t told_ms;
static uint64_t refusal_ms; // 0: there was none

static bool is_for_dhcp(const uint8_t *head, size_t len, size_t ip_bytes)
{
    return len >= ip_bytes + UDP_HEAD && head[9] == UDP &&
           lp_get_be16(head + ip_bytes + 2) == CLIENT_PORT;
}

static void refuse(void)
{
    if (refused++ == 0 || lp_port_now_ms() - told_ms >= SILENCE_MS) {
        told_ms = lp_port_now_ms();
        LP_LOGW("a DHCP server offers what cannot be an address; it is not taken");
    }
}

static bool is_too_soon(void)
{
    const uint64_t now_ms = lp_port_now_ms();
    const bool is_soon = refusal_ms != 0 && now_ms - refusal_ms < REFUSAL_MS;
    if (!is_soon) {
        refusal_ms = now_ms;
    }
    return is_soon;
}

static bool may_be_heard(lp_span_t message)
{
    switch (lp_dhcp4_kind(message)) {
    case LP_DHCP4_GRANT:
        return true;
    case LP_DHCP4_REFUSAL:
        return !is_too_soon();
    case LP_DHCP4_NONSENSE:
        break;
    }
    refuse();
    return false;
}

// Called by lwIP with each packet of IPv4, its header at the front; what is not whole there is
// nothing that DHCP would take. 1: it is gone.
int lp_bare_ip4_input(struct pbuf *p)
{
    const uint8_t *head = p->payload;
    const size_t ip_bytes = p->len > 0 ? (size_t)(head[0] & 15u) * 4 : 0;
    if (!is_for_dhcp(head, p->len, ip_bytes)) {
        return 0;
    }
    const size_t at = ip_bytes + UDP_HEAD;
    if (may_be_heard(lp_span(head + at, p->len - at))) {
        return 0;
    }
    pbuf_free(p);
    return 1;
}

uint32_t lp_bare_refused_offers(void)
{
    return refused;
}
