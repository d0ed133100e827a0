// SPDX-License-Identifier: Apache-2.0
// What goes to the cloud goes to a broker in the house as well, which may also ask: mqtt1.*.
#include "limpet/app.h"
#include "limpet/log.h"
#include "limpet/mqtt_link.h"
#include "limpet/port/clock.h"

#define LOG_MODULE "mirror"

enum { TOPIC = 80 };

static lp_app_task_t task;
static lp_mqtt_link_t *house;
static lp_mqtt_link_topic_t questions;
static char asked[TOPIC];

static void tell_house(const lp_app_t *app, const char *what, lp_span_t text)
{
    char topic[TOPIC];
    (void)lp_fmt_str(topic, sizeof topic, "house/%s/%s", lp_config_str(app->config, "device.id"),
                     what);
    const lp_err_t err = lp_mqtt_link_publish(house, topic, text, 1, false, NULL, NULL);
    if (err != LP_OK && err != LP_E_STATE) { // off is what somebody wanted
        LP_LOGW("the house was not told (%s)", lp_err_text(err));
    }
}

static void measure(void *ctx)
{
    char text[40];
    (void)lp_fmt_str(text, sizeof text, "{\"uptime_s\":%lu}",
                     (unsigned long)(lp_port_now_ms() / 1000));
    (void)lp_app_publish(ctx, "telemetry", "%s", text);
    tell_house(ctx, "telemetry", lp_span_str(text));
}

static void on_question(void *ctx, const char *topic, lp_span_t payload)
{
    (void)topic;
    tell_house(ctx, "answer", payload);
}

void lp_app_main(lp_app_t *app)
{
    house = lp_app_mqtt(app, "mqtt1");
    if (house == NULL) {
        LP_LOGE("this board has one MQTT connection only");
        return;
    }
    (void)lp_fmt_str(asked, sizeof asked, "house/%s/ask", lp_config_str(app->config, "device.id"));
    (void)lp_mqtt_link_listen(house, &questions, asked, 1, on_question, app);
    lp_app_every_setting(app, &task, "telemetry.interval_s", measure, app);
}
