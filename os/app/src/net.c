// SPDX-License-Identifier: Apache-2.0
// An image with connections of the application's own.
#include <string.h>

#include "app_internal.h"
#include "limpet/mqtt_link.h"
#include "sizes.h"

static uint8_t scratch[SIZE_LINK_SCRATCH_BYTES];
static lp_link_base_t base;
static lp_mqtt_link_t mqtt[SIZE_MQTT_LINKS];
static lp_mqtt_links_t mqtt_links = {.links = mqtt, .count = SIZE_MQTT_LINKS};
static struct {
    lp_mqtt_slot_t slots[SIZE_MQTT_SLOTS];
    uint8_t queue[SIZE_MQTT_QUEUE_BYTES];
    uint8_t rx[SIZE_MQTT_RX_BYTES];
    uint8_t inbox[SIZE_CLOUD_INBOX_BYTES + LP_MQTT_INBOX_TOPIC_MAX];
} mqtt_memory[SIZE_MQTT_LINKS];
static const char *const mqtt_names[SIZE_MQTT_LINKS] = {"mqtt1"};

const lp_link_base_t *lp_app_net(const lp_app_t *app)
{
    base.files = app->files;
    return base.loop != NULL ? &base : NULL;
}

static void start_mqtt(const lp_app_t *app)
{
    for (size_t i = 0; i < SIZE_MQTT_LINKS; i++) {
        const lp_mqtt_link_setup_t setup = {.base = &base,
                                            .name = mqtt_names[i],
                                            .slots = mqtt_memory[i].slots,
                                            .slot_count = SIZE_MQTT_SLOTS,
                                            .queue = mqtt_memory[i].queue,
                                            .queue_bytes = SIZE_MQTT_QUEUE_BYTES,
                                            .rx = mqtt_memory[i].rx,
                                            .rx_bytes = SIZE_MQTT_RX_BYTES,
                                            .inbox = mqtt_memory[i].inbox,
                                            .inbox_bytes = sizeof mqtt_memory[i].inbox};
        lp_mqtt_link_init(&mqtt[i], &setup);
    }
    lp_mqtt_links_add_methods(&mqtt_links, app->rpc);
}

void lp_app_net_start(const lp_app_t *app, lp_turn_t *turn)
{
    base = (lp_link_base_t){.loop = app->loop,
                            .turn = app->cloud != NULL ? turn : NULL, // and so TLS
                            .config = app->config,
                            .files = app->files,
                            .scratch = scratch,
                            .scratch_bytes = sizeof scratch,
                            .events = lp_app_events(app)};
    start_mqtt(app);
    lp_app_log_sinks_start(app);
}

lp_mqtt_link_t *lp_app_mqtt(const lp_app_t *app, const char *name)
{
    (void)app;
    for (size_t i = 0; i < SIZE_MQTT_LINKS; i++) {
        if (strcmp(mqtt_names[i], name) == 0) {
            return base.loop != NULL ? &mqtt[i] : NULL;
        }
    }
    return NULL;
}

void lp_app_net_changed(void)
{
    for (size_t i = 0; i < SIZE_MQTT_LINKS && base.loop != NULL; i++) {
        lp_mqtt_link_poke(&mqtt[i]);
    }
    lp_app_log_sinks_changed();
}

void lp_app_net_stop(void)
{
    for (size_t i = 0; i < SIZE_MQTT_LINKS && base.loop != NULL; i++) {
        lp_mqtt_link_stop(&mqtt[i]);
    }
}

bool lp_app_net_is_up(void)
{
    for (size_t i = 0; i < SIZE_MQTT_LINKS && base.loop != NULL; i++) {
        if (mqtt[i].state != LP_MQTT_LINK_OFF) {
            return true;
        }
    }
    return false;
}

void lp_app_net_end(void)
{
    lp_app_log_sinks_stop();
}
