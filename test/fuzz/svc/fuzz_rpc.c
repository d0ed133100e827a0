// SPDX-License-Identifier: Apache-2.0
// Any bytes on the UART of a device with all its services (no chip, no network).
//
// What must hold: it ends, every line that comes back is empty or one JSON object, and at the end
// the device still answers RPC.Ping.
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "fake/port.h"
#include "fake/stream.h"
#include "limpet/keyflash.h"
#include "limpet/log.h"
#include "limpet/settings.h"
#include "limpet/svc_cloud.h"
#include "limpet/svc_rpc.h"
#include "limpet/svc_sys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// -- there is no network

lp_err_t lp_port_tcp_open(lp_tcp_t *tcp, const char *host, uint16_t port, lp_stream_fn *fn,
                          void *ctx)
{
    (void)tcp, (void)host, (void)port, (void)fn, (void)ctx;
    return LP_E_NET_RESOLVE;
}

lp_err_t lp_tls_open(lp_tls_t *tls, lp_stream_t *lower, const lp_tls_config_t *config,
                     lp_stream_fn *fn, void *ctx)
{
    (void)tls, (void)lower, (void)config, (void)fn, (void)ctx;
    return LP_E_STATE;
}

void lp_tls_forget(void)
{
}

void *lp_tls_borrow(size_t bytes)
{
    (void)bytes;
    return NULL;
}

void lp_tls_give_back(void *memory)
{
    (void)memory;
}

void lp_tls_memory(lp_tls_memory_t *memory)
{
    *memory = (lp_tls_memory_t){0};
}

const lp_tls_report_t *lp_tls_report(const lp_tls_t *tls)
{
    static const lp_tls_report_t none = {.version = ""};
    (void)tls;
    return &none;
}

// -- the device

static struct {
    lp_loop_t loop;
    fake_stream_t line;
    lp_rpc_t rpc;
    lp_rpc_channel_t channel;
    lp_rpc_set_t rpc_set;
    lp_store_t store;
    lp_store_entry_t entries[40];
    lp_config_t config;
    lp_config_value_t values[LP_SETTINGS_COUNT];
    lp_store_item_t items[LP_SETTINGS_COUNT];
    uint8_t arena[LP_SETTINGS_ARENA];
    lp_counters_t counters;
    lp_svc_sys_t sys;
    lp_turn_t turn;
    lp_keystore_t keys;
    lp_svc_chip_t chip;
    lp_svc_identity_t identity;
    lp_svc_cloud_t cloud;
    lp_mqtt_slot_t slots[4];
    uint8_t queue[512];
    uint8_t rx[256];
} d;

static jmp_buf rebooted;

static void on_reboot(void)
{
    longjmp(rebooted, 1);
}

static void poke(void *ctx)
{
    (void)ctx;
    lp_svc_cloud_poke(&d.cloud);
}

static void start_storage(void)
{
    const lp_store_config_t store = {.size_bytes = 16384, .entries = d.entries, .max_entries = 40};
    const lp_config_setup_t config = {.rows = lp_settings,
                                      .count = LP_SETTINGS_COUNT,
                                      .values = d.values,
                                      .items = d.items,
                                      .arena = d.arena,
                                      .arena_bytes = sizeof d.arena,
                                      .store = &d.store};
    if (lp_store_open(&d.store, &store) != LP_OK || lp_config_init(&d.config, &config) != LP_OK) {
        abort();
    }
    lp_config_set_fallback(&d.config, "device.id", "lp-000000");
    lp_config_set_fallback(&d.config, "cloud.client_id", "lp-000000");
    lp_config_load(&d.config, NULL);
    lp_counters_init(&d.counters, &d.store);
}

static void start_services(void)
{
    const lp_svc_sys_setup_t sys = {.loop = &d.loop,
                                    .rpc = &d.rpc,
                                    .config = &d.config,
                                    .counters = &d.counters,
                                    .app = "fuzz",
                                    .fw_version = "0",
                                    .on_config = poke};
    const lp_svc_chip_setup_t chip = {.loop = &d.loop,
                                      .rpc = &d.rpc,
                                      .bus_name = "none",
                                      .keys = &d.keys,
                                      .turn = &d.turn,
                                      .counters = &d.counters,
                                      .plan = &lp_atecc_plan_limpet1};
    const lp_svc_identity_setup_t identity = {.loop = &d.loop,
                                              .rpc = &d.rpc,
                                              .config = &d.config,
                                              .store = &d.store,
                                              .keys = &d.keys,
                                              .chip = &d.chip,
                                              .turn = &d.turn};
    const lp_svc_cloud_setup_t cloud = {.loop = &d.loop,
                                        .rpc = &d.rpc,
                                        .config = &d.config,
                                        .keys = &d.keys,
                                        .chip = &d.chip,
                                        .turn = &d.turn,
                                        .memory = {.slots = d.slots,
                                                   .slot_count = 4,
                                                   .arena = d.queue,
                                                   .arena_bytes = sizeof d.queue,
                                                   .rx = d.rx,
                                                   .rx_bytes = sizeof d.rx}};
    lp_rpc_init(&d.rpc);
    lp_svc_rpc_init(&d.rpc_set, &d.rpc);
    lp_svc_sys_init(&d.sys, &sys);
    lp_turn_init(&d.turn, &d.loop);
    lp_keystore_init(&d.keys, &d.loop, NULL, NULL);
    lp_svc_chip_init(&d.chip, &chip);
    lp_svc_identity_init(&d.identity, &identity);
    lp_svc_cloud_init(&d.cloud, &cloud);
}

static void start(void)
{
    memset(&d, 0, sizeof d);
    fake_clock_reset();
    fake_clock_set_utc_s(1800000000);
    fake_system_reset();
    fake_flash_reset(
        (lp_flash_geometry_t){.size_bytes = 16384, .sector_bytes = 1024, .page_bytes = 4});
    fake_on_reboot = on_reboot;
    (void)lp_log_set_levels("error");
    lp_loop_init(&d.loop);
    fake_stream_init(&d.line, &d.loop);
    start_storage();
    start_services();
    lp_rpc_open(&d.channel, &d.rpc, &d.line.stream, LP_RPC_CHIP);
}

// Checks what came back, line by line.
static void check_lines(const char *text)
{
    while (*text != '\0') {
        const size_t len = strcspn(text, "\r\n");
        lp_json_t frame;
        lp_span_t rest;
        if (len > 0 &&
            (lp_json_parse_prefix(lp_span(text, len), &frame, &rest) != LP_OK ||
             lp_json_type(frame) != LP_JSON_OBJECT || (rest.len != 0 && rest.len != 8))) {
            abort();
        }
        text += len;
        text += *text != '\0' ? 1 : 0;
    }
}

static void turn(unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        lp_loop_turn(&d.loop, 100);
        if (d.line.out_len > FAKE_STREAM_BYTES / 2) {
            check_lines(fake_stream_take(&d.line));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    start();
    if (setjmp(rebooted) == 0) {
        // In pieces whose sizes come from the data, so that frames are cut everywhere.
        size_t at = 0;
        while (at < size) {
            const size_t piece = 1 + data[at] % 97u * 8u;
            const size_t n = piece < size - at ? piece : size - at;
            fake_stream_feed(&d.line, data + at, n);
            at += n;
            turn(2);
        }
        turn(20);
    }
    check_lines(fake_stream_take(&d.line));
    if (fake_reboots == 0) {
        fake_stream_feed_str(&d.line, "\n\x04\n{\"id\":77,\"method\":\"RPC.Ping\"}\n");
        turn(20);
        if (fake_reboots == 0 && strstr(fake_stream_take(&d.line), "{\"id\":77,") == NULL) {
            abort();
        }
    }
    return 0;
}
