// SPDX-License-Identifier: Apache-2.0
// What this device does: it says how long it has been up, every telemetry.interval_s, and it
// listens.
#include "limpet/app.h"
#include "limpet/log.h"
#include "limpet/port/clock.h"

#define LOG_MODULE "main"

static lp_app_task_t measuring;
static lp_app_topic_t hello;

static void measure(void *ctx)
{
    lp_app_t *app = ctx;
    const unsigned long uptime_s = (unsigned long)(lp_port_now_ms() / 1000);
    (void)lp_app_publish(app, "state", "{\"uptime_s\":%lu}", uptime_s);
}

// Somebody published on limpet/<thing>/hello.
static void on_hello(void *ctx, lp_span_t payload)
{
    (void)ctx;
    LP_LOGI("hello, too: %lu bytes", (unsigned long)payload.len);
}

void lp_app_main(lp_app_t *app)
{
    lp_app_every_setting(app, &measuring, "telemetry.interval_s", measure, app);
    (void)lp_app_listen(app, &hello, "hello", on_hello, NULL);
}
