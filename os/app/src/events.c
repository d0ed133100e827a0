// SPDX-License-Identifier: Apache-2.0
// What the platform says on its bus of events (limpet/events.h).
//
// Who has an event of its own publishes it (mqtt_link.c, wifi.c). The others are watched from here,
// so that an image without events pays nothing for them.
#include <string.h>

#include "app_internal.h"
#include "limpet/crc.h"
#include "limpet/port/clock.h"
#include "limpet/port/net.h"
#include "limpet/port/system.h"
#include "limpet/svc_events.h"
#include "limpet/tls.h"
#include "sizes.h"

enum {
    TIME_POLL_MS = 500,
    UTC_2020_S = 1577836800,
    LOW_PART = 8, // less than such a part of an arena is little
};

static lp_events_item_t items[SIZE_EVENTS];
static lp_events_t bus;
static lp_svc_events_t service;
static lp_app_t *the_app; // null: not begun
static lp_timer_t clock_timer;
static lp_events_sub_t arena_watch;
static const lp_config_row_t *rows;
static size_t row_count;
static uint32_t settings_sums[SIZE_SETTINGS];
static bool was_connected;
static bool was_low;
static bool is_stopping;
static char address[LP_NET_ADDRESS_MAX]; // "": no network
static bool has_network;

lp_events_t *lp_app_events(const lp_app_t *app)
{
    (void)app;
    return the_app != NULL ? &bus : NULL;
}

// -- settings: which key it was, whoever changed it

static uint32_t sum_of(const lp_config_t *c, const lp_config_row_t *row, size_t i)
{
    switch (row->type) {
    case LP_CONFIG_BOOL:
        return lp_config_bool_at(c, i) ? 1 : 0;
    case LP_CONFIG_INT:
        return (uint32_t)lp_config_int_at(c, i);
    case LP_CONFIG_STR:
        return lp_crc32(0, lp_span_str(lp_config_str_at(c, i)));
    }
    return 0;
}

void lp_app_events_settings_changed(void)
{
    for (size_t i = 0; i < row_count; i++) { // none before the begin
        const uint32_t sum = sum_of(the_app->config, &rows[i], i);
        if (sum != settings_sums[i]) {
            settings_sums[i] = sum;
            lp_events_publish(&bus, LP_EV_CONFIG_CHANGED, 0, rows[i].key);
        }
    }
}

static void note_settings(void)
{
    rows = lp_app_settings(&row_count);
    for (size_t i = 0; i < row_count; i++) {
        settings_sums[i] = sum_of(the_app->config, &rows[i], i);
    }
}

// -- the time, which somebody sets at some moment

static void look_at_clock(void *ctx)
{
    (void)ctx;
    int64_t utc_s = 0;
    if (lp_port_utc_s(&utc_s) == LP_OK) {
        lp_events_publish(&bus, LP_EV_TIME_SET, (int32_t)(utc_s - UTC_2020_S), NULL);
    } else {
        lp_timer_start(the_app->loop, &clock_timer, TIME_POLL_MS);
    }
}

// -- the cloud

static void on_cloud(const lp_svc_cloud_t *cloud)
{
    const bool is_connected = cloud->state == LP_CLOUD_CONNECTED;
    if (is_connected && !was_connected) {
        lp_events_publish(&bus, LP_EV_CLOUD_CONNECTED, 0, NULL);
    } else if (!is_connected && was_connected) {
        const lp_err_t err = cloud->state == LP_CLOUD_OFF ? LP_OK : cloud->last_error.err;
        lp_events_publish(&bus, LP_EV_CLOUD_LOST, -(int32_t)err,
                          err != LP_OK ? lp_err_text(err) : "");
    }
    was_connected = is_connected;
}

// -- memory: the arena's high-water mark, looked at when something has happened

static void look_at_arena(void *ctx, const lp_events_item_t *item)
{
    (void)ctx;
    (void)item;
    lp_tls_memory_t memory = {0};
    lp_tls_memory(&memory);
    const size_t left = memory.arena_bytes - memory.arena_peak;
    const bool is_low = memory.arena_bytes > 0 && left < memory.arena_bytes / LOW_PART;
    if (is_low && !was_low) {
        lp_events_publish(&bus, LP_EV_MEMORY_LOW, (int32_t)left, "tls");
    }
    was_low = is_low;
}

// -- the network

void lp_app_events_network(const char *now)
{
    const bool is_up = now != NULL;
    const bool is_other = is_up && strcmp(now, address) != 0;
    if (the_app == NULL) {
        return;
    }
    if (is_up && !has_network) {
        lp_events_publish(&bus, LP_EV_NET_UP, 0, now);
    } else if (!is_up && has_network) {
        lp_events_publish(&bus, LP_EV_NET_DOWN, 0, NULL);
    } else if (is_other) {
        lp_events_publish(&bus, LP_EV_NET_ADDRESS, 0, now);
    }
    has_network = is_up;
    (void)lp_fmt_str(address, sizeof address, "%s", is_up ? now : "");
}

static void on_wire(void *ctx)
{
    (void)ctx;
    char now[LP_NET_ADDRESS_MAX];
    lp_app_events_network(lp_port_net_address(now) ? now : NULL);
}

// -- all of it

void lp_app_events_begin(lp_app_t *app)
{
    the_app = app;
    lp_events_init(&bus, app->loop, items, SIZE_EVENTS);
    lp_svc_events_init(&service, app->loop, app->rpc, &bus, app->counters->value[LP_COUNTER_BOOTS]);
    lp_events_publish(&bus, LP_EV_SYSTEM_STARTED, (int32_t)app->counters->value[LP_COUNTER_BOOTS],
                      lp_port_boot_reason());
    note_settings();
}

void lp_app_events_start(void)
{
    lp_timer_init(&clock_timer, look_at_clock, NULL);
    lp_timer_start(the_app->loop, &clock_timer, 0);
    lp_events_subscribe(&bus, &arena_watch, LP_EVENTS_ANY, look_at_arena, NULL);
    if (the_app->cloud != NULL) {
        the_app->cloud->on_change = on_cloud;
    }
    if (lp_app_wifi_words() == NULL) { // else the radio says it
        lp_port_net_watch(on_wire, NULL);
        on_wire(NULL);
    }
}

void lp_app_events_stopping(const char *how)
{
    if (the_app != NULL && !is_stopping) { // a board is asked again and again whether it is down
        lp_events_publish(&bus, LP_EV_SYSTEM_STOPPING, 0, how);
    }
    is_stopping = true;
}
