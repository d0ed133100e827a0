// SPDX-License-Identifier: Apache-2.0
#include "device.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "limpet/port/clock.h"

enum { FLASH_BYTES = 65536 };

static void note_config(void *ctx)
{
    ((device_t *)ctx)->config_changes++;
}

// Where the settings' memory has no room for certificates, they stay in flash, and nothing is
// tried.
enum { LARGE_BYTES = LP_SETTINGS_ARENA < LP_SETTINGS_CERT_MAX ? 1024 : 0 };

static void *take_scratch(void *ctx, size_t bytes)
{
    device_t *d = ctx;
    assert_in_range(bytes, 1, sizeof d->scratch_bytes);
    assert_false(d->is_scratch_taken);
    d->is_scratch_taken = true;
    return d->scratch_bytes;
}

static void give_scratch(void *ctx, void *memory)
{
    device_t *d = ctx;
    assert_ptr_equal(memory, d->scratch_bytes);
    d->is_scratch_taken = false;
}

static void start_storage(device_t *d)
{
    d->scratch = (lp_config_scratch_t){.take = take_scratch, .give = give_scratch, .ctx = d};
    const lp_store_config_t store = {
        .size_bytes = FLASH_BYTES, .entries = d->entries, .max_entries = 96};
    assert_int_equal(lp_store_open(&d->store, &store), LP_OK);
    const lp_config_setup_t config = {.rows = lp_settings,
                                      .count = LP_SETTINGS_COUNT,
                                      .values = d->values,
                                      .items = d->items,
                                      .arena = d->arena,
                                      .arena_bytes = sizeof d->arena,
                                      .store = &d->store,
                                      .large_bytes = LARGE_BYTES,
                                      .scratch = &d->scratch};
    assert_int_equal(lp_config_init(&d->config, &config), LP_OK);
    lp_config_set_fallback(&d->config, "device.id", "lp-4f21c0");
    lp_config_set_fallback(&d->config, "cloud.client_id", "lp-4f21c0");
    lp_config_load(&d->config, NULL);
    assert_int_equal(lp_config_start_trial(&d->config), LP_OK);
    lp_counters_init(&d->counters, &d->store);
    lp_counters_add(&d->counters, LP_COUNTER_BOOTS);
}

static void start_services(device_t *d, bool has_bus, lp_keyprov_t *files)
{
    const lp_svc_sys_setup_t sys = {.loop = d->loop,
                                    .rpc = &d->rpc,
                                    .config = &d->config,
                                    .counters = &d->counters,
                                    .app = "test",
                                    .fw_version = "1.2.3",
                                    .on_config = note_config,
                                    .ctx = d,
                                    .save_trial = lp_config_save_trial};
    lp_svc_sys_init(&d->sys, &sys);
    lp_svc_config_init(&d->config_service, &d->rpc, &d->config, &d->sys);
    lp_turn_init(&d->turn, d->loop);
    lp_keystore_init(&d->keys, d->loop, NULL, files);
    lp_svc_bus_init(&d->bus, &d->chip, &d->store);
    const lp_svc_chip_setup_t chip = {.loop = d->loop,
                                      .rpc = &d->rpc,
                                      .bus = has_bus ? &d->w->i2c : NULL,
                                      .bus_name = has_bus ? "emulated" : "none",
                                      .keys = &d->keys,
                                      .turn = &d->turn,
                                      .counters = &d->counters,
                                      .plan = &lp_atecc_plan_limpet1,
                                      .guard = &d->bus.guard};
    lp_svc_chip_init(&d->chip, &chip);
    lp_svc_bus_add_methods(&d->bus, &d->rpc);
    lp_svc_atca_init(&d->atca, &d->rpc, &d->chip);
    lp_svc_atca_change_init(&d->atca_change, &d->rpc, &d->chip, &d->config);
    lp_svc_debug_init(&d->debug, &d->rpc);
    const lp_svc_identity_setup_t identity = {.loop = d->loop,
                                              .rpc = &d->rpc,
                                              .config = &d->config,
                                              .store = &d->store,
                                              .keys = &d->keys,
                                              .chip = &d->chip,
                                              .turn = &d->turn};
    lp_svc_identity_init(&d->identity, &identity);
}

world_t *device_world(lp_chipsim_model_t model)
{
    fake_system_reset();
    fake_flash_reset(
        (lp_flash_geometry_t){.size_bytes = FLASH_BYTES, .sector_bytes = 4096, .page_bytes = 4});
    return world_new(model);
}

void device_start(device_t *d, world_t *w, bool has_bus, lp_keyprov_t *files)
{
    memset(d, 0, sizeof *d);
    d->w = w;
    d->loop = &w->loop;
    lp_loop_init(d->loop); // a restart: what was going on before is forgotten
    w->xfer = NULL;
    w->timer.is_running = false;
    fake_stream_init(&d->line, d->loop);
    start_storage(d);
    lp_rpc_init(&d->rpc);
    lp_loan_init(&d->loan, d->lent, sizeof d->lent);
    d->rpc.loan = &d->loan;
    lp_svc_rpc_init(&d->rpc_set, &d->rpc);
    start_services(d, has_bus, files);
    lp_rpc_open(&d->channel, &d->rpc, &d->line.stream, LP_RPC_CHIP);
}

lp_svc_cloud_setup_t device_cloud_setup(device_t *d)
{
    static lp_mqtt_slot_t slots[8];
    static uint8_t queue[2048], rx[512], inbox[1000 + sizeof "a/c"]; // with its topic
    return (lp_svc_cloud_setup_t){.loop = d->loop,
                                  .rpc = &d->rpc,
                                  .config = &d->config,
                                  .keys = &d->keys,
                                  .chip = &d->chip,
                                  .turn = &d->turn,
                                  .memory = {.slots = slots,
                                             .slot_count = sizeof slots / sizeof slots[0],
                                             .arena = queue,
                                             .arena_bytes = sizeof queue,
                                             .rx = rx,
                                             .rx_bytes = sizeof rx,
                                             .inbox = inbox,
                                             .inbox_bytes = sizeof inbox}};
}

const char *device_call(device_t *d, const char *method, const char *params)
{
    static char text[8192];
    snprintf(text, sizeof text, "{\"id\":1,\"method\":\"%s\",\"params\":%s}\n", method, params);
    fake_stream_feed_str(&d->line, text);
    const uint64_t end_ms = lp_port_now_ms() + 60000;
    while (d->line.out_len == 0 && lp_port_now_ms() < end_ms) {
        lp_loop_turn(d->loop, 100);
    }
    const char *answer = fake_stream_take(&d->line);
    snprintf(text, sizeof text, "%.*s", (int)strcspn(answer, "\r"), answer);
    return text;
}

const char *device_get(const char *answer, const char *path)
{
    static char value[8192];
    char full[128];
    lp_json_t frame;
    lp_json_t found;
    snprintf(full, sizeof full, "result%s%s", path[0] != '\0' ? "." : "", path);
    if (lp_json_parse(lp_span_str(answer), &frame) != LP_OK ||
        lp_json_find(frame, full, &found) != LP_OK) {
        return "";
    }
    snprintf(value, sizeof value, "%.*s", LP_FMT_SPAN(found.raw));
    return value;
}

const char *device_error(const char *answer)
{
    static char name[64];
    lp_json_t frame;
    lp_json_t found;
    if (lp_json_parse(lp_span_str(answer), &frame) != LP_OK ||
        lp_json_find(frame, "error.name", &found) != LP_OK ||
        lp_json_cstr(found, name, sizeof name) != LP_OK) {
        return "";
    }
    return name;
}

void device_run(device_t *d, uint32_t ms)
{
    const uint64_t end_ms = lp_port_now_ms() + ms;
    for (uint64_t now; (now = lp_port_now_ms()) < end_ms;) {
        lp_loop_turn(d->loop, (uint32_t)(end_ms - now));
    }
}
