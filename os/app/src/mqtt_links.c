// SPDX-License-Identifier: Apache-2.0
// An image with MQTT connections beside the cloud's.
#include <string.h>

#include "app_internal.h"
#include "limpet/mqtt_link.h"
#include "sizes.h"

static lp_mqtt_link_t mqtt[SIZE_MQTT_LINKS];
static lp_mqtt_links_t mqtt_links = {.links = mqtt, .count = SIZE_MQTT_LINKS};
static struct {
    lp_mqtt_slot_t slots[SIZE_LINK_SLOTS];
    uint8_t queue[SIZE_LINK_QUEUE_BYTES];
    uint8_t rx[SIZE_MQTT_RX_BYTES];
    uint8_t inbox[SIZE_LINK_INBOX_BYTES + LP_MQTT_INBOX_TOPIC_MAX];
} mqtt_memory[SIZE_MQTT_LINKS];
static const char *const mqtt_names[SIZE_MQTT_LINKS] = {"mqtt1"};
static bool is_started;

void lp_app_mqtt_start(const lp_app_t *app, const lp_link_base_t *base)
{
    for (size_t i = 0; i < SIZE_MQTT_LINKS; i++) {
        const lp_mqtt_link_setup_t setup = {.base = base,
                                            .name = mqtt_names[i],
                                            .slots = mqtt_memory[i].slots,
                                            .slot_count = SIZE_LINK_SLOTS,
                                            .queue = mqtt_memory[i].queue,
                                            .queue_bytes = SIZE_LINK_QUEUE_BYTES,
                                            .rx = mqtt_memory[i].rx,
                                            .rx_bytes = SIZE_MQTT_RX_BYTES,
                                            .inbox = mqtt_memory[i].inbox,
                                            .inbox_bytes = sizeof mqtt_memory[i].inbox};
        lp_mqtt_link_init(&mqtt[i], &setup);
    }
    lp_mqtt_links_add_methods(&mqtt_links, app->rpc);
    is_started = true;
}

lp_mqtt_link_t *lp_app_mqtt(const lp_app_t *app, const char *name)
{
    (void)app;
    for (size_t i = 0; i < SIZE_MQTT_LINKS; i++) {
        if (strcmp(mqtt_names[i], name) == 0) {
            return is_started ? &mqtt[i] : NULL;
        }
    }
    return NULL;
}

void lp_app_mqtt_changed(void)
{
    for (size_t i = 0; i < SIZE_MQTT_LINKS && is_started; i++) {
        lp_mqtt_link_poke(&mqtt[i]);
    }
}

void lp_app_mqtt_stop(void)
{
    for (size_t i = 0; i < SIZE_MQTT_LINKS && is_started; i++) {
        lp_mqtt_link_stop(&mqtt[i]);
    }
}

bool lp_app_mqtt_is_up(void)
{
    for (size_t i = 0; i < SIZE_MQTT_LINKS && is_started; i++) {
        if (mqtt[i].state != LP_MQTT_LINK_OFF) {
            return true;
        }
    }
    return false;
}
