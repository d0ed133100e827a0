// SPDX-License-Identifier: Apache-2.0
#include "telemetry.h"

#include "limpet/log.h"
#include "limpet/port/clock.h"
#include "limpet/settings.h"
#include "sizes.h"

#define LOG_MODULE "telemetry"

enum { LOOK_MS = 500 }; // how soon a changed interval counts

static lp_err_t compose(telemetry_t *t, lp_buf_t *out)
{
    const lp_atecc_id_t *chip = lp_svc_chip_id(t->chip);
    lp_json_writer_t w;
    lp_json_init(&w, out);
    lp_json_put_object(&w);
    lp_json_put_key(&w, "uptime_s");
    lp_json_put_uint(&w, lp_port_now_ms() / 1000);
    lp_json_put_key(&w, "counter");
    lp_json_put_uint(&w, t->counter);
    lp_json_put_key(&w, "boots");
    lp_json_put_uint(&w, t->counters->value[LP_COUNTER_BOOTS]);
    lp_json_put_key(&w, "chip");
    if (chip != NULL) {
        lp_json_put_hex(&w, lp_span(chip->serial, sizeof chip->serial));
    } else {
        lp_json_put_null(&w);
    }
    lp_json_put_object_end(&w);
    return lp_json_done(&w);
}

static void publish(telemetry_t *t)
{
    uint8_t bytes[SIZE_TELEMETRY_BYTES];
    lp_buf_t payload = lp_buf(bytes, sizeof bytes);
    t->counter++;
    lp_err_t err = compose(t, &payload);
    if (err == LP_OK) {
        err = lp_svc_cloud_publish(t->cloud, "telemetry", lp_buf_span(&payload));
    }
    if (err != LP_OK) {
        LP_LOGW("message %lu was not queued (%s)", (unsigned long)t->counter, lp_err_text(err));
    }
}

static void look(void *ctx)
{
    telemetry_t *t = ctx;
    const uint64_t now = lp_port_now_ms();
    const uint64_t interval_ms = (uint64_t)lp_setting_telemetry_interval_s(t->config) * 1000;
    if (t->cloud->state == LP_CLOUD_CONNECTED &&
        (t->counter == 0 || now - t->last_ms >= interval_ms)) {
        t->last_ms = now;
        publish(t);
    }
    lp_timer_start(t->loop, &t->timer, LOOK_MS);
}

void telemetry_start(telemetry_t *t)
{
    lp_timer_init(&t->timer, look, t);
    lp_timer_start(t->loop, &t->timer, LOOK_MS);
}
