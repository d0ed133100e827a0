// SPDX-License-Identifier: Apache-2.0
// The time from the network, for a board whose clock stops with its power: asked for until it is
// there, then once a day. Only the server that was asked may answer, with the bytes of the request.
#include "limpet/sntp.h"

#include <string.h>

#include "bare_internal.h"
#include "bare_lookup.h"
#include "limpet/log.h"
#include "limpet/port/system.h"
#include "lwip/udp.h"

#define LOG_MODULE "sntp"

enum {
    HOST_MAX = 128,
    ADDRESS_MAX = 46,
    FIRST_WAIT_MS = 3000,
    LONGEST_WAIT_MS = 15 * 60 * 1000,
    AGAIN_MS = 24 * 60 * 60 * 1000,
};

static struct udp_pcb *pcb; // null: nothing is asked at present
static lp_timer_t timer;
static uint32_t wait_ms = FIRST_WAIT_MS;
static uint8_t nonce[LP_SNTP_NONCE_BYTES];
static bool is_looking_up;

static void stop_asking(void)
{
    if (pcb != NULL) {
        udp_remove(pcb);
        pcb = NULL;
    }
}

static void on_answer(void *arg, struct udp_pcb *from, struct pbuf *p, const ip_addr_t *addr,
                      uint16_t port)
{
    (void)arg;
    (void)from;
    (void)addr;
    (void)port;
    uint8_t packet[LP_SNTP_BYTES];
    int64_t utc_s = 0;
    const uint16_t len = pbuf_copy_partial(p, packet, sizeof packet, 0);
    pbuf_free(p);
    const lp_err_t err = lp_sntp_answer(lp_span(packet, len), nonce, &utc_s);
    if (err == LP_E_FORMAT) {
        return; // not for us; the right one may still come
    }
    stop_asking();
    if (err != LP_OK) {
        LP_LOGW("the time server gives no time (%s)", lp_err_text(err));
        return; // the timer tries again, ever more slowly
    }
    lp_bare_set_utc(utc_s);
    LP_LOGI("the time server was asked");
    wait_ms = FIRST_WAIT_MS;
    lp_timer_start(lp_bare_loop, &timer, AGAIN_MS);
}

static bool send_request(void)
{
    uint8_t packet[LP_SNTP_BYTES];
    if (lp_port_entropy(nonce, sizeof nonce) != LP_OK) {
        return false;
    }
    lp_sntp_request(packet, nonce);
    struct pbuf *p = pbuf_alloc(PBUF_TRANSPORT, sizeof packet, PBUF_RAM);
    if (p == NULL) {
        return false;
    }
    const bool is_sent =
        pbuf_take(p, packet, sizeof packet) == ERR_OK && udp_send(pcb, p) == ERR_OK;
    pbuf_free(p);
    return is_sent;
}

// 0: it is none.
static uint16_t read_port(const char *text)
{
    uint32_t port = 0;
    for (; *text >= '0' && *text <= '9' && port <= UINT16_MAX; text++) {
        port = port * 10 + (uint32_t)(*text - '0');
    }
    return *text == '\0' && port <= UINT16_MAX ? (uint16_t)port : 0;
}

// "HOST" or "HOST:PORT"; the port, 0 when it is neither.
static uint16_t split(const char *server, char host[HOST_MAX])
{
    const char *colon = strchr(server, ':');
    const size_t len = colon != NULL ? (size_t)(colon - server) : strlen(server);
    if (len == 0 || len >= HOST_MAX) {
        return 0;
    }
    memcpy(host, server, len);
    host[len] = '\0';
    return colon != NULL ? read_port(colon + 1) : LP_SNTP_PORT;
}

static void ask_at(const ip_addr_t *address)
{
    char host[HOST_MAX];
    stop_asking();
    pcb = udp_new_ip_type(IP_GET_TYPE(address));
    if (pcb != NULL) {
        udp_recv(pcb, on_answer, NULL);
        if (udp_connect(pcb, address, split(lp_bare_word("sntp"), host)) != ERR_OK ||
            !send_request()) {
            stop_asking();
        }
    }
}

static void on_found(const char *name, const ip_addr_t *address, void *arg)
{
    (void)name;
    (void)arg;
    is_looking_up = false;
    if (address != NULL) {
        ask_at(address);
    }
}

static void ask(void *ctx)
{
    (void)ctx;
    char host[HOST_MAX], known[ADDRESS_MAX];
    ip_addr_t address;
    lp_timer_start(lp_bare_loop, &timer, wait_ms);
    wait_ms = wait_ms < LONGEST_WAIT_MS / 2 ? wait_ms * 2 : LONGEST_WAIT_MS;
    if (is_looking_up || split(lp_bare_word("sntp"), host) == 0) {
        return;
    }
    const char *name = lp_bare_host(host, known, sizeof known) ? known : host;
    const err_t err = lp_bare_look_up(name, &address, on_found, NULL);
    is_looking_up = err == ERR_INPROGRESS;
    if (err == ERR_OK) {
        ask_at(&address);
    }
}

void lp_bare_sntp_network(bool is_up)
{
    if (lp_bare_word("sntp") == NULL) {
        return;
    }
    stop_asking();
    lp_timer_stop(lp_bare_loop, &timer);
    if (is_up) {
        lp_timer_init(&timer, ask, NULL);
        lp_timer_start(lp_bare_loop, &timer, 0);
    }
}
