// SPDX-License-Identifier: Apache-2.0
// A responder and a link full of strangers. The input is datagrams, each with a byte for the time
// that passes and where it comes from, and two for its length. Whatever they are: what is sent can
// be read, goes to the link alone, and there is not much of it.
#include <string.h>

#include "fuzz.h"
#include "limpet/mdns.h"

enum { HEAD = 3, LINK = 2 };

static unsigned sent_in_second;
static uint64_t second;
static uint64_t now_ms;

static void on_send(void *ctx, unsigned link, bool is_v6, const lp_net_peer_t *to, lp_span_t packet)
{
    static lp_dns_record_t record;
    lp_dns_reader_t r;
    lp_err_t err;
    (void)ctx;
    MUST(link == LINK && packet.len <= LP_MDNS_PACKET_MAX);
    MUST(to == NULL || is_v6 || memcmp(to->addr + 12, "\xC0\x00\x02", 3) == 0);
    MUST(lp_dns_read(&r, packet) == LP_OK);
    while ((err = lp_dns_next(&r, &record)) == LP_OK) {
    }
    MUST(err == LP_E_NOT_FOUND);
    if (now_ms / 1000 != second) {
        second = now_ms / 1000;
        sent_in_second = 0;
    }
    // Unicast answers of two windows, probes, announcements, and each of 18 records four times.
    MUST(++sent_in_second < 2 * LP_MDNS_UNICASTS_PER_S + 10 + 4 * 2 * 18);
}

static uint32_t on_random(void *ctx)
{
    uint32_t *state = ctx;
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void start(lp_mdns_t *m, uint32_t *random)
{
    static const lp_net_link_t link = {
        .number = LINK,
        .count = 2,
        .own = {{.addr = {[10] = 0xFF, [11] = 0xFF, 192, 0, 2, 10}, .bits = 120},
                {.addr = {0xFE, 0x80, [15] = 1}, .bits = 64}}};
    lp_mdns_service_t services[2] = {{.type = "_limpet._tcp", .port = 8080},
                                     {.type = "_http._tcp", .port = 8080}};
    const lp_mdns_owner_t owner = {.send = on_send, .random = on_random, .ctx = random};
    (void)lp_mdns_txt(&services[0], "id", "lp-1");
    lp_mdns_init(m, &owner);
    lp_mdns_start(m, now_ms, "lp-1", services, 2, &link, 1);
}

static void where_from(uint8_t how, lp_udp_from_t *from)
{
    static const uint8_t near4[16] = {[10] = 0xFF, [11] = 0xFF, 192, 0, 2, 77};
    static const uint8_t far4[16] = {[10] = 0xFF, [11] = 0xFF, 8, 8, 8, 8};
    static const uint8_t near6[16] = {0xFE, 0x80, [15] = 9};
    static const uint8_t far6[16] = {0x20, 0x01, [15] = 9};
    static const uint8_t *const sources[] = {near4, near4, near6, near6, far4, far6, near4, near6};
    *from = (lp_udp_from_t){.link = LINK, .is_to_group = (how & 8) != 0};
    memcpy(from->peer.addr, sources[how & 7], 16);
    from->peer.port = (how & 16) != 0 ? 40000 : LP_MDNS_PORT;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static lp_mdns_t m;
    uint32_t random = 1;
    now_ms = 5000;
    second = 0;
    start(&m, &random);
    while (size >= HEAD) {
        const size_t wanted = (size_t)data[1] << 8 | data[2];
        const size_t len = wanted < size - HEAD ? wanted : size - HEAD;
        lp_udp_from_t from;
        for (int i = 0; i < 1 << (data[0] >> 5); i++) {
            (void)lp_mdns_turn(&m, now_ms);
            now_ms += 40;
        }
        where_from(data[0], &from);
        lp_mdns_receive(&m, now_ms, &from, lp_span(data + HEAD, len));
        MUST(memchr(m.label, '\0', sizeof m.label) != NULL && m.label[0] == 'l');
        data += HEAD + len;
        size -= HEAD + len;
    }
    lp_mdns_stop(&m);
    return 0;
}
