// SPDX-License-Identifier: Apache-2.0
// What a device can do to a run: the first byte picks the case, then come commands: connections,
// handshakes, time, and bytes of MQTT. What is sent back must be valid MQTT.
#include <stdlib.h>
#include <string.h>

#include "limpet/advisor.h"
#include "limpet/mqtt_packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void io_send(void *ctx, unsigned conn, lp_span_t bytes)
{
    lp_mqtt_head_t head;
    (void)ctx;
    if (conn >= LP_ADVISOR_CONNS || bytes.len < 2) {
        abort();
    }
    lp_mqtt_head_init(&head);
    size_t at = 0;
    lp_err_t err = LP_E_AGAIN;
    while (err == LP_E_AGAIN && at < bytes.len) {
        err = lp_mqtt_head_feed(&head, bytes.ptr[at++]);
    }
    if (err != LP_OK || at + head.remaining != bytes.len) {
        abort();
    }
}

static void io_close(void *ctx, unsigned conn)
{
    (void)ctx;
    if (conn >= LP_ADVISOR_CONNS) {
        abort();
    }
}

static void io_log(void *ctx, const char *line)
{
    (void)ctx;
    if (strlen(line) >= 400) {
        abort();
    }
}

static void connection(lp_advisor_t *run, uint8_t how, unsigned conn, uint64_t now_ms)
{
    const uint8_t suites[] = {how, conn > 3 ? 0xc0 : 0x13, how};
    const lp_advisor_event_t ev = {.id = (lp_advisor_event_id_t)(how & 3u),
                                   .conn = conn,
                                   .suites = lp_span(suites, sizeof suites - (how & 4u ? 1 : 0)),
                                   .server_name = how & 8u ? "x" : NULL,
                                   .close = {.has_alert = (how & 16u) != 0, .error = ""}};
    lp_advisor_event(run, &ev, now_ms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const lp_advisor_params_t params = {.thing = "t", .payload_kb = 1, .settle_ms = 100};
    const lp_advisor_io_t io = {.send = io_send, .close = io_close, .log = io_log};
    size_t count = 0;
    const lp_advisor_case_t *cases = lp_advisor_cases(&count);
    uint64_t now_ms = 1000;
    if (size < 1) {
        return 0;
    }
    lp_advisor_t *run = lp_advisor_new(&cases[data[0] % count], &params, &io, now_ms);
    data++;
    size--;
    while (run != NULL && size >= 2) {
        const uint8_t what = data[0];
        size_t len = data[1];
        data += 2;
        size -= 2;
        len = len < size ? len : size;
        if (what < 0x20) {
            connection(run, what, (unsigned)(len & 7u), now_ms);
            continue;
        }
        if (what < 0x40) {
            now_ms += (uint64_t)len * (what & 1u ? 10 : 1000);
            lp_advisor_time(run, now_ms);
            continue;
        }
        lp_advisor_bytes(run, what & 7u, lp_span(data, len), now_ms);
        data += len;
        size -= len;
    }
    lp_advisor_free(run);
    return 0;
}
