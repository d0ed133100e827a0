// SPDX-License-Identifier: Apache-2.0
// What a message costs the core, for tools/bench: one of 64 bytes, QoS 1, from the call to its
// acknowledgement, with all that lies between: MQTT, TLS, TCP, the network card, and back. One
// after the other; the log says the least, the median and the most, in the core's time, not the
// network's.
#include "limpet/app.h"
#include "limpet/log.h"
#include "limpet/port/clock.h"

#define LOG_MODULE "bench"

enum { PAYLOAD_BYTES = 64, MESSAGES = 31, EVERY_MS = 50 };

static struct {
    lp_app_t *app;
    lp_app_task_t task;
    uint64_t began_us;
    uint16_t took_us[MESSAGES]; // in order
    size_t done;
    bool is_under_way;
} bench;

static void note(uint32_t took_us)
{
    size_t i = bench.done++;
    for (; i > 0 && bench.took_us[i - 1] > took_us; i--) {
        bench.took_us[i] = bench.took_us[i - 1];
    }
    bench.took_us[i] = (uint16_t)took_us;
}

static void on_acknowledged(void *ctx, lp_err_t err, const lp_mqtt_result_t *result)
{
    const uint64_t took_us = lp_port_busy_us() - bench.began_us;
    (void)ctx;
    (void)result;
    bench.is_under_way = false;
    if (err != LP_OK) {
        return; // the connection went: one more then
    }
    note(took_us < UINT16_MAX ? (uint32_t)took_us : UINT16_MAX);
    if (bench.done == MESSAGES) {
        lp_app_stop_task(&bench.task);
        LP_LOGI("%u messages of %u bytes: %u %u %u us each", (unsigned)MESSAGES,
                (unsigned)PAYLOAD_BYTES, (unsigned)bench.took_us[0],
                (unsigned)bench.took_us[MESSAGES / 2], (unsigned)bench.took_us[MESSAGES - 1]);
    }
}

static void publish(void *ctx)
{
    static const uint8_t payload[PAYLOAD_BYTES] = {'{', '"', 't', '"', ':', '2', '1', '}'};
    lp_svc_cloud_t *cloud = bench.app->cloud;
    char topic[LP_CLOUD_TOPIC_MAX];
    (void)ctx;
    if (bench.is_under_way || cloud->state != LP_CLOUD_CONNECTED ||
        lp_fmt_str(topic, sizeof topic, "limpet/%s/bench", lp_svc_cloud_thing(cloud)) != LP_OK) {
        return;
    }
    bench.is_under_way = true;
    bench.began_us = lp_port_busy_us();
    if (lp_svc_cloud_send(cloud, topic, lp_span(payload, sizeof payload), 1, on_acknowledged,
                          NULL) != LP_OK) {
        bench.is_under_way = false;
    }
}

void lp_app_main(lp_app_t *app)
{
    bench.app = app;
    if (app->cloud != NULL) {
        lp_app_every(app, &bench.task, EVERY_MS, publish, NULL);
    }
}
