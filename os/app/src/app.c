// SPDX-License-Identifier: Apache-2.0
// The platform, wired: storage, settings, RPC, the chip, the cloud, and then the application.
#include <string.h>

#include "app_internal.h"
#include "app_manifest.h"
#include "extras.h"
#include "limpet/app_board.h"
#include "limpet/i2c_share.h"
#include "limpet/keyflash.h"
#include "limpet/log.h"
#include "limpet/port/system.h"
#include "limpet/port/watchdog.h"
#include "limpet/settings.h"
#include "limpet/svc_bus.h"
#include "limpet/svc_cloud.h"
#include "limpet/svc_jobs_basic.h"
#include "limpet/svc_rpc.h"
#include "limpet/svc_shadow.h"
#include "limpet/svc_sys.h"
#include "sizes.h"

#define LOG_MODULE "app"

// The longest computation in one piece takes a tenth of it. An image may say otherwise.
#ifndef LP_WATCHDOG_MS
#define LP_WATCHDOG_MS 10000
#endif
enum {
    SAFE_MODE_STARTS = 3,
    SAFE_MODE_MS = 10 * 60 * 1000,
};

static const char app_name[] = LP_APP_NAME;
static const char fw_version[] = LP_APP_VERSION;

// What the manifest sets for the product, see docs/apps.md; an empty row ends it.
static const lp_config_vendor_t vendor[] = {LP_APP_VENDOR{.key = ""}};

// -- memory

_Static_assert((int)SIZE_SETTINGS <= (int)LP_CONFIG_ROWS_MAX, "more settings than there can be");

static lp_store_entry_t store_entries[SIZE_STORE_ENTRIES];
static lp_config_value_t config_values[SIZE_SETTINGS];
static uint8_t config_arena[SIZE_SETTINGS_ARENA];
static _Alignas(16) uint8_t tls_arena[SIZE_TLS_ARENA_BYTES];
static _Alignas(16) uint8_t tls_stack[SIZE_TLS_STACK_BYTES];
static _Alignas(16) uint8_t tls_session[SIZE_TLS_SESSION_BYTES];
static lp_mqtt_slot_t mqtt_slots[SIZE_MQTT_SLOTS];
static uint8_t mqtt_queue[SIZE_MQTT_QUEUE_BYTES];

_Static_assert(!SIZE_LENDS_TLS_STACK || (int)SIZE_TLS_STACK_BYTES >= (int)LP_RPC_LOAN_MIN,
               "long frames need as much");

// Where a channel has no room for a long frame and no handshake lends any.
enum {
    HAS_LONG_FRAMES =
        (int)LP_RPC_OWN_IN_MAX < (int)LP_RPC_FRAME_MAX && !SIZE_LENDS_TLS_STACK ? 1 : 0
};
static uint8_t long_frames[HAS_LONG_FRAMES ? LP_RPC_LOAN_MIN : 1];

static struct {
    lp_store_t store;
    lp_config_t config;
    lp_counters_t counters;
    lp_rpc_t rpc;
    lp_rpc_channel_t uart;
    lp_loan_t loan; // to long RPC frames
    lp_rpc_set_t rpc_set;
    lp_svc_sys_t sys;
    lp_turn_t turn;
    lp_keystore_t keys;
    lp_keyfile_io_t key_io;
    lp_keyfile_t keyfile;
    lp_svc_chip_t chip;
    lp_svc_identity_t identity;
    lp_svc_cloud_t cloud;
    lp_svc_shadow_t shadow;
    lp_svc_jobs_basic_t jobs;
    lp_app_t handle; // .cloud is null without one
    lp_i2c_share_t i2c;
    lp_i2c_port_t i2c_chip, i2c_app, i2c_extras;
} app;

static lp_svc_bus_t bus_service; // not in `app`: an image without it saves its memory

// -- settings that are too long to stay in memory

// Before TLS has it, its arena is nobody's, and one piece.
static bool is_arena_taken;
static bool has_tls;

static void *take_scratch(void *ctx, size_t bytes)
{
    (void)ctx;
    if (has_tls) {
        return lp_tls_borrow(bytes);
    }
    if (is_arena_taken || bytes > sizeof tls_arena) {
        return NULL;
    }
    is_arena_taken = true;
    return tls_arena;
}

static void give_scratch(void *ctx, void *memory)
{
    (void)ctx;
    if (memory == tls_arena) {
        is_arena_taken = false;
    } else {
        lp_tls_give_back(memory);
    }
}

static const lp_config_scratch_t scratch = {.take = take_scratch, .give = give_scratch};

// -- what is on the flash

static void tell_health(const lp_store_t *store)
{
    switch (store->health) {
    case LP_STORE_FRESH:
        LP_LOGI("the flash is blank: a new board");
        break;
    case LP_STORE_CLEAN:
        break;
    case LP_STORE_TORN:
        LP_LOGW("power failed during the last write to flash; what was there before it counts");
        break;
    case LP_STORE_DAMAGED:
        LP_LOGE("the flash is damaged; what cannot be read is back at its default");
        break;
    }
}

static lp_err_t start_storage(const lp_app_board_t *board)
{
    const lp_store_config_t store = {.offset = 0,
                                     .size_bytes = SIZE_STORE_BYTES,
                                     .entries = store_entries,
                                     .max_entries = SIZE_STORE_ENTRIES};
    lp_err_t err = lp_store_open(&app.store, &store);
    size_t count = 0;
    const lp_config_row_t *rows = lp_app_settings(&count);
    const lp_config_setup_t config = {.rows = rows,
                                      .count = count,
                                      .values = config_values,
                                      .arena = config_arena,
                                      .arena_bytes = sizeof config_arena,
                                      .store = &app.store,
                                      .vendor = vendor,
                                      .vendor_count = sizeof vendor / sizeof vendor[0] - 1,
                                      .large_bytes = SIZE_SETTINGS_LARGE_BYTES,
                                      .scratch = &scratch};
    if (err == LP_OK) {
        tell_health(&app.store);
        err = lp_config_init(&app.config, &config);
    }
    if (err == LP_OK) {
        lp_config_set_fallback(&app.config, "device.id", board->id);
        lp_config_set_fallback(&app.config, "cloud.client_id", board->id);
        lp_buf_t room = lp_buf(config_arena, sizeof config_arena); // empty until then
        lp_app_extras_load(&app.config, &app.store, &room, board->wants_reset);
        lp_counters_init(&app.counters, &app.store);
        lp_counters_add(&app.counters, LP_COUNTER_BOOTS);
    }
    return err;
}

// -- settings that count at once

static bool has_fixed_log_levels;

static void apply_settings(void *ctx)
{
    (void)ctx;
    if (!has_fixed_log_levels) {
        (void)lp_log_set_levels(lp_setting_log_level(&app.config));
    }
    if (app.handle.cloud != NULL) {
        lp_svc_cloud_poke(&app.cloud);
        lp_svc_shadow_poke(&app.shadow);
    }
    lp_app_remote_changed();
    lp_app_wifi_changed();
    lp_app_settings_changed(&app.handle);
    lp_app_events_settings_changed();
}

void lp_app_say_goodbye(const char *how)
{
    lp_app_events_stopping(how);
    if (app.handle.cloud != NULL) {
        lp_svc_cloud_stop(&app.cloud);
    }
    lp_app_net_stop();
}

bool lp_app_is_up(void)
{
    const bool is_cloud_up = app.handle.cloud != NULL && app.cloud.state != LP_CLOUD_OFF;
    return is_cloud_up || lp_app_net_is_up();
}

static void before_reboot(void *ctx)
{
    (void)ctx;
    lp_app_say_goodbye("restart");
}

static void warn_of_software_key(void)
{
    if (strncmp(lp_setting_identity_key(&app.config), "file:", 5) == 0) {
        LP_LOGW("SOFTWARE KEY: the private key is in flash; whoever can read the flash can copy "
                "this device");
        LP_LOGW("SOFTWARE KEY: a crypto chip keeps it safe; set identity.key to atca:0 then");
    }
}

// -- services

// One bus for the chip, the application and whoever else; null where the board has none.
static lp_i2c_bus_t *i2c_port(const lp_app_board_t *board, lp_i2c_port_t *port)
{
    if (board->i2c == NULL) {
        return NULL;
    }
    lp_i2c_port_init(port, &app.i2c);
    return &port->bus;
}

// Null where the image has no room for it.
static lp_svc_chip_guard_t *make_guard(void)
{
    if (!SIZE_HAS_BUS_KEY) {
        return NULL;
    }
    lp_svc_bus_init(&bus_service, &app.chip, &app.store);
    return &bus_service.guard;
}

static void start_chip(const lp_app_board_t *board)
{
    lp_turn_init(&app.turn, board->loop);
#if defined(LP_CHIP_ONLY)
    lp_keystore_init(&app.keys, board->loop, NULL, NULL);
#else
    lp_keyflash_init(&app.key_io, &app.store);
    lp_keyfile_init(&app.keyfile, board->loop, &app.key_io);
    lp_keystore_init(&app.keys, board->loop, NULL, &app.keyfile.prov);
#endif
    if (board->i2c != NULL) {
        const uint32_t rate_hz = (uint32_t)lp_setting_i2c_rate_hz(&app.config);
        if (lp_i2c_set_rate(board->i2c, rate_hz) == LP_E_UNSUPPORTED) {
            LP_LOGD("the bus keeps its own rate");
        }
    }
    const lp_svc_chip_setup_t chip = {.loop = board->loop,
                                      .rpc = &app.rpc,
                                      .bus = i2c_port(board, &app.i2c_chip),
                                      .bus_name = board->i2c_name,
                                      .keys = &app.keys,
                                      .turn = &app.turn,
                                      .counters = &app.counters,
                                      .plan = &lp_atecc_plan_limpet1,
                                      .guard = make_guard()};
    lp_svc_chip_init(&app.chip, &chip);
    if (SIZE_HAS_BUS_KEY) {
        lp_svc_bus_add_methods(&bus_service, &app.rpc);
    }
    const lp_svc_identity_setup_t identity = {.loop = board->loop,
                                              .rpc = &app.rpc,
                                              .config = &app.config,
                                              .store = &app.store,
                                              .keys = &app.keys,
                                              .chip = &app.chip,
                                              .turn = &app.turn};
    lp_svc_identity_init(&app.identity, &identity);
}

// What the cloud may change, as the manifest has it: nothing that could take the device out of its
// owner's hands.
static const char *const shadow_keys[] = {LP_APP_SHADOW NULL};

static void start_thing(const lp_app_board_t *board)
{
    const lp_svc_shadow_setup_t shadow = {.loop = board->loop,
                                          .config = &app.config,
                                          .cloud = &app.cloud,
                                          .keys = shadow_keys,
                                          .on_change = apply_settings};
    lp_svc_shadow_init(&app.shadow, &shadow);
    const lp_svc_jobs_basic_setup_t jobs = {.loop = board->loop,
                                            .config = &app.config,
                                            .cloud = &app.cloud,
                                            .on_reboot = before_reboot};
    lp_svc_jobs_basic_init(&app.jobs, &jobs);
}

static void start_cloud(const lp_app_board_t *board)
{
    const lp_tls_setup_t tls = {.loop = board->loop,
                                .keys = &app.keys,
                                .arena = tls_arena,
                                .arena_bytes = sizeof tls_arena,
                                .stack = tls_stack,
                                .stack_bytes = sizeof tls_stack,
                                .loan = SIZE_LENDS_TLS_STACK ? &app.loan : NULL,
                                .session = tls_session,
                                .session_bytes = sizeof tls_session,
                                .ticket_bytes = SIZE_TLS_TICKET_BYTES};
    const lp_err_t err = lp_tls_init(&tls);
    if (err != LP_OK) {
        LP_LOGE("no TLS, and so no cloud (%s)", lp_err_text(err));
        return;
    }
    has_tls = true;
    const lp_svc_cloud_setup_t cloud = {
        .loop = board->loop,
        .rpc = &app.rpc,
        .config = &app.config,
        .keys = &app.keys,
        .chip = &app.chip,
        .turn = &app.turn,
        .memory = {.slots = mqtt_slots,
                   .slot_count = SIZE_MQTT_SLOTS,
                   .arena = mqtt_queue,
                   .arena_bytes = sizeof mqtt_queue,
                   .rx_bytes = SIZE_MQTT_RX_BYTES,
                   .inbox_bytes = SIZE_CLOUD_INBOX_BYTES + LP_CLOUD_INCOMING_MAX}};
    lp_svc_cloud_init(&app.cloud, &cloud);
    start_thing(board);
    app.handle.cloud = &app.cloud;
}

// -- a board that hangs again and again

bool lp_app_is_in_safe_mode(void)
{
    return lp_port_watchdog_starts() >= SAFE_MODE_STARTS;
}

// Whatever hangs is not started, so that the owner can look and change settings; a device that
// nobody looks after tries again by itself.
static void enter_safe_mode(void)
{
    LP_LOGE("SAFE MODE: the board hung %u times in a row; network, chip and application are off",
            (unsigned)lp_port_watchdog_starts());
    LP_LOGE("SAFE MODE: the console answers; Sys.Reboot tries again, or 10 minutes from now");
    lp_svc_sys_reboot(&app.sys, SAFE_MODE_MS);
}

static void lend_memory(void)
{
    if (SIZE_LENDS_TLS_STACK) {
        lp_loan_init(&app.loan, tls_stack, sizeof tls_stack);
        app.rpc.loan = &app.loan;
    } else if (HAS_LONG_FRAMES) {
        lp_loan_init(&app.loan, long_frames, sizeof long_frames);
        app.rpc.loan = &app.loan;
    }
}

static void start_services(const lp_app_board_t *board)
{
    lp_rpc_init(&app.rpc);
    lend_memory();
    lp_svc_rpc_init(&app.rpc_set, &app.rpc);
    const lp_svc_sys_setup_t sys = {.loop = board->loop,
                                    .rpc = &app.rpc,
                                    .config = &app.config,
                                    .counters = &app.counters,
                                    .app = app_name,
                                    .fw_version = fw_version,
                                    .is_safe_mode = lp_app_is_in_safe_mode(),
                                    .on_config = apply_settings,
                                    .on_reboot = before_reboot,
                                    .put_more = lp_app_extras_put_info,
                                    .save_trial = lp_app_extras_save_trial};
    lp_svc_sys_init(&app.sys, &sys);
    lp_app_extras_t extras = {
        .app = &app.handle, .store = &app.store, .sys = &app.sys, .turn = &app.turn};
    lp_app_extras_start_safe(&extras);
    if (lp_app_is_in_safe_mode()) {
        enter_safe_mode();
        return;
    }
    warn_of_software_key();
    start_chip(board);
    start_cloud(board);
    extras.bus = i2c_port(board, &app.i2c_extras);
    lp_app_extras_start(&extras);
    lp_app_remote_start(&app.handle, &app.store, &app.turn);
    lp_app_wifi_start(&app.handle, &app.store, apply_settings);
    lp_app_main(&app.handle);
}

lp_err_t lp_app_start(const lp_app_board_t *board)
{
    lp_app_extras_begin();
    lp_loop_guard(board->loop, LP_WATCHDOG_MS);
    LP_LOGI("%s %s, board %s on port %s, started by %s", app_name, fw_version, board->id,
            lp_port_name(), lp_port_boot_reason());
    const lp_err_t err = start_storage(board);
    if (err != LP_OK) {
        return err;
    }
    lp_i2c_share_init(&app.i2c, board->i2c);
    app.handle = (lp_app_t){.loop = board->loop,
                            .config = &app.config,
                            .rpc = &app.rpc,
                            .counters = &app.counters,
                            .chip = &app.chip,
                            .i2c = i2c_port(board, &app.i2c_app)};
    has_fixed_log_levels = board->has_fixed_log_levels;
    apply_settings(NULL);
    start_services(board);
    lp_rpc_open(&app.uart, &app.rpc, board->uart, LP_RPC_CHIP);
    return LP_OK;
}

bool lp_app_stop(void)
{
    lp_app_say_goodbye("off");
    return lp_app_is_up();
}

void lp_app_end(void)
{
    lp_app_remote_stop();
    lp_rpc_close(&app.uart);
    LP_LOGI("switched off");
}
