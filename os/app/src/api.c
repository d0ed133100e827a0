// SPDX-License-Identifier: Apache-2.0
#include "limpet/app.h"

#include <stdarg.h>
#include <string.h>

#include "app_internal.h"
#include "limpet/log.h"
#include "limpet/port/clock.h"
#include "sizes.h"

#define LOG_MODULE "app"

// -- again and again

static uint32_t period_of(const lp_app_task_t *t)
{
    const uint32_t ms = t->setting_ != NULL
                            ? (uint32_t)lp_config_int(t->app_->config, t->setting_) * 1000u
                            : t->period_ms_;
    return ms > 0 ? ms : 1;
}

static void arm(lp_app_task_t *t)
{
    const uint64_t now = lp_port_now_ms();
    const uint64_t left = t->due_ms_ > now ? t->due_ms_ - now : 0;
    lp_timer_start(t->app_->loop, &t->timer_, left < UINT32_MAX ? (uint32_t)left : UINT32_MAX);
}

static void run(void *ctx)
{
    lp_app_task_t *t = ctx;
    const uint64_t now = lp_port_now_ms();
    const uint32_t period = period_of(t);
    if (t->due_ms_ <= now) {
        t->due_ms_ += period;
        t->due_ms_ = t->due_ms_ > now ? t->due_ms_ : now + period;
    }
    arm(t);
    t->fn_(t->ctx_);
}

static bool is_known(const lp_app_t *app, const lp_app_task_t *task)
{
    const lp_app_task_t *t = app->tasks_;
    while (t != NULL && t != task) {
        t = t->next_;
    }
    return t != NULL;
}

static void start(lp_app_t *app, lp_app_task_t *task, const lp_app_task_t *wish)
{
    if (is_known(app, task)) {
        lp_timer_stop(app->loop, &task->timer_);
    } else {
        task->next_ = app->tasks_;
        app->tasks_ = task;
    }
    task->app_ = app;
    task->setting_ = wish->setting_;
    task->period_ms_ = wish->period_ms_;
    task->fn_ = wish->fn_;
    task->ctx_ = wish->ctx_;
    task->due_ms_ = lp_port_now_ms();
    lp_timer_init(&task->timer_, run, task);
    arm(task);
}

void lp_app_every(lp_app_t *app, lp_app_task_t *task, uint32_t period_ms, lp_loop_fn *fn, void *ctx)
{
    start(app, task, &(lp_app_task_t){.period_ms_ = period_ms, .fn_ = fn, .ctx_ = ctx});
}

void lp_app_every_setting(lp_app_t *app, lp_app_task_t *task, const char *key, lp_loop_fn *fn,
                          void *ctx)
{
    start(app, task, &(lp_app_task_t){.setting_ = key, .fn_ = fn, .ctx_ = ctx});
}

void lp_app_stop_task(lp_app_task_t *task)
{
    if (task->app_ != NULL) {
        lp_timer_stop(task->app_->loop, &task->timer_);
    }
}

// A shorter period counts from now on; a longer one when the wait under way is over.
void lp_app_settings_changed(lp_app_t *app)
{
    for (lp_app_task_t *t = app->tasks_; t != NULL; t = t->next_) {
        const uint64_t latest = lp_port_now_ms() + period_of(t);
        if (t->setting_ != NULL && t->timer_.is_running && t->due_ms_ > latest) {
            t->due_ms_ = latest;
            arm(t);
        }
    }
}

// -- out

// Queues `text`, or says why not. A cloud that is off is what somebody wanted, not news at each
// message.
static lp_err_t queue(lp_app_t *app, const char *what, const lp_buf_t *text, lp_err_t err)
{
    if (err == LP_OK) {
        err = app->cloud != NULL ? lp_svc_cloud_publish(app->cloud, what, lp_buf_span(text))
                                 : LP_E_STATE;
    }
    if (err != LP_OK && err != LP_E_STATE) {
        LP_LOGW("a message for %s was not queued (%s)", what, lp_err_text(err));
    }
    return err;
}

lp_err_t lp_app_publish(lp_app_t *app, const char *what, const char *fmt, ...)
{
    uint8_t bytes[SIZE_TELEMETRY_BYTES];
    lp_buf_t text = lp_buf(bytes, sizeof bytes);
    va_list args;
    va_start(args, fmt);
    const lp_err_t err = lp_vfmt(&text, fmt, args);
    va_end(args);
    return queue(app, what, &text, err);
}

lp_err_t lp_app_publish_readings(lp_app_t *app, const char *what, const lp_app_reading_t *readings,
                                 size_t count)
{
    uint8_t bytes[SIZE_TELEMETRY_BYTES];
    lp_buf_t text = lp_buf(bytes, sizeof bytes);
    lp_json_writer_t w;
    lp_json_init(&w, &text);
    lp_json_put_object(&w);
    for (size_t i = 0; i < count; i++) {
        lp_json_put_key(&w, readings[i].name);
        lp_json_put_fixed(&w, readings[i].value, readings[i].decimals);
    }
    lp_json_put_object_end(&w);
    return queue(app, what, &text, lp_json_done(&w));
}

// -- in

static lp_err_t topic_of(const lp_app_topic_t *t, char out[LP_CLOUD_TOPIC_MAX])
{
    return lp_fmt_str(out, LP_CLOUD_TOPIC_MAX, "limpet/%s/%s", lp_svc_cloud_thing(t->app_->cloud),
                      t->what_);
}

static void on_subscribed(void *ctx, lp_err_t err, const lp_mqtt_result_t *result)
{
    (void)result;
    const lp_app_topic_t *t = ctx;
    if (err == LP_OK) {
        LP_LOGI("listening to %s", t->what_);
    } else if (err != LP_E_CLOSED) {
        LP_LOGW("the broker refused to let this device listen to %s (%s)", t->what_,
                lp_err_text(err));
    }
}

static void on_connected(void *ctx, bool session_present)
{
    lp_app_topic_t *t = ctx;
    char topic[LP_CLOUD_TOPIC_MAX];
    (void)
        session_present; // what is subscribed to may have changed since; asking again costs little
    lp_err_t err = topic_of(t, topic);
    if (err == LP_OK) {
        const lp_mqtt_filter_t filter = {.filter = lp_span_str(topic), .qos = 1};
        err = lp_svc_cloud_subscribe(t->app_->cloud, &filter, 1, on_subscribed, t);
    }
    if (err != LP_OK) {
        LP_LOGW("cannot listen to %s (%s)", t->what_, lp_err_text(err));
    }
}

static void on_message(void *ctx, const char *name, lp_span_t payload)
{
    lp_app_topic_t *t = ctx;
    char topic[LP_CLOUD_TOPIC_MAX];
    if (topic_of(t, topic) == LP_OK && strcmp(topic, name) == 0) {
        t->fn_(t->ctx_, payload);
    }
}

lp_err_t lp_app_listen(lp_app_t *app, lp_app_topic_t *topic, const char *what,
                       lp_app_message_fn *fn, void *ctx)
{
    if (app->cloud == NULL) {
        return LP_E_STATE;
    }
    *topic = (lp_app_topic_t){
        .client_ = {.on_connected = on_connected, .on_message = on_message, .ctx = topic},
        .app_ = app,
        .what_ = what,
        .fn_ = fn,
        .ctx_ = ctx};
    lp_svc_cloud_add_client(app->cloud, &topic->client_);
    if (app->cloud->state == LP_CLOUD_CONNECTED) {
        on_connected(topic, false);
    }
    return LP_OK;
}
