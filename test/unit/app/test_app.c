// SPDX-License-Identifier: Apache-2.0
// limpet/app.h: tasks that keep their pace, messages out, messages in.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "app_internal.h"
#include "fake/port.h"
#include "limpet/port/clock.h"

static lp_loop_t loop;
static lp_svc_cloud_t cloud; // its state only
static lp_app_t app;

// -- a cloud that remembers

static struct {
    lp_cloud_client_t *clients;
    char what[40];
    char payload[300];
    char filter[200];
    const char *thing;
    unsigned published, subscribes;
    lp_err_t refuses;
    lp_mqtt_done_fn *done;
    void *done_ctx;
} hub;

void lp_svc_cloud_add_client(lp_svc_cloud_t *svc, lp_cloud_client_t *client)
{
    (void)svc;
    client->next_ = hub.clients;
    hub.clients = client;
}

const char *lp_svc_cloud_thing(const lp_svc_cloud_t *svc)
{
    (void)svc;
    return hub.thing;
}

lp_err_t lp_svc_cloud_publish(lp_svc_cloud_t *svc, const char *what, lp_span_t payload)
{
    (void)svc;
    if (hub.refuses != LP_OK) {
        return hub.refuses;
    }
    hub.published++;
    snprintf(hub.what, sizeof hub.what, "%s", what);
    snprintf(hub.payload, sizeof hub.payload, "%.*s", (int)payload.len, (const char *)payload.ptr);
    return LP_OK;
}

lp_err_t lp_svc_cloud_subscribe(lp_svc_cloud_t *svc, const lp_mqtt_filter_t *filters, size_t count,
                                lp_mqtt_done_fn *done, void *ctx)
{
    (void)svc;
    assert_int_equal(count, 1);
    assert_int_equal(filters[0].qos, 1);
    hub.subscribes++;
    snprintf(hub.filter, sizeof hub.filter, "%.*s", (int)filters[0].filter.len,
             (const char *)filters[0].filter.ptr);
    hub.done = done;
    hub.done_ctx = ctx;
    return hub.refuses;
}

// -- settings

static lp_store_t store; // nothing is read from it, or saved
static lp_config_t config;
static lp_config_value_t values[1];
static lp_store_item_t items[1];
static uint8_t config_arena[16];
static const lp_config_row_t rows[1] = {
    {.key = "pace", .type = LP_CONFIG_INT, .fallback_num = 10, .min = 0, .max = 86400}};

static void set_pace(int seconds)
{
    char text[40];
    char why[LP_CONFIG_WHY_MAX];
    lp_buf_t out = lp_buf(why, sizeof why);
    lp_json_t tree;
    snprintf(text, sizeof text, "{\"pace\":%d}", seconds);
    assert_int_equal(lp_json_parse(lp_span_str(text), &tree), LP_OK);
    assert_int_equal(lp_config_set(&config, tree, &out), LP_OK);
    lp_app_settings_changed(&app);
}

// -- the scene

static unsigned calls;
static uint64_t last_call_ms;

static int set_up(void **state)
{
    (void)state;
    fake_clock_reset();
    fake_system_reset();
    memset(&hub, 0, sizeof hub);
    hub.thing = "lamp";
    calls = 0;
    lp_loop_init(&loop);
    const lp_config_setup_t setup = {.rows = rows,
                                     .count = 1,
                                     .values = values,
                                     .items = items,
                                     .arena = config_arena,
                                     .arena_bytes = sizeof config_arena,
                                     .store = &store};
    assert_int_equal(lp_config_init(&config, &setup), LP_OK);
    cloud = (lp_svc_cloud_t){.state = LP_CLOUD_CONNECTED};
    app = (lp_app_t){.loop = &loop, .config = &config, .cloud = &cloud};
    return 0;
}

static void count(void *ctx)
{
    calls++;
    last_call_ms = lp_port_now_ms();
    if (ctx != NULL) {
        fake_clock_advance_ms(*(const unsigned *)ctx);
    }
}

static void run_for(uint64_t ms)
{
    const uint64_t end = lp_port_now_ms() + ms;
    while (lp_port_now_ms() < end) {
        lp_loop_turn(&loop, (uint32_t)(end - lp_port_now_ms()));
    }
}

// -- tasks

static void a_task_runs_at_once_and_then_keeps_its_pace(void **state)
{
    static lp_app_task_t task;
    unsigned takes_ms = 30;
    (void)state;
    lp_app_every(&app, &task, 100, count, &takes_ms);
    run_for(1);
    assert_int_equal(calls, 1);
    run_for(1049);
    assert_int_equal(calls, 11); // at 0, 100, ... 1000, whatever it takes itself
    assert_int_equal(last_call_ms, 1000);
}

static void what_was_missed_is_left_out(void **state)
{
    static lp_app_task_t task;
    unsigned takes_ms = 250;
    (void)state;
    lp_app_every(&app, &task, 100, count, &takes_ms);
    run_for(1000);
    assert_in_range(calls, 3, 5); // 10 would be due
}

static void no_period_is_the_shortest(void **state)
{
    static lp_app_task_t task;
    (void)state;
    lp_app_every(&app, &task, 0, count, NULL);
    run_for(5);
    assert_in_range(calls, 4, 6);
}

static void a_stopped_task_rests_until_it_is_started(void **state)
{
    static lp_app_task_t task;
    static lp_app_task_t never_started;
    (void)state;
    lp_app_stop_task(&never_started);
    lp_app_every(&app, &task, 100, count, NULL);
    run_for(50);
    lp_app_stop_task(&task);
    run_for(1000);
    assert_int_equal(calls, 1);
    lp_app_every(&app, &task, 500, count, NULL);
    lp_app_every(&app, &task, 200, count, NULL);
    run_for(450);
    assert_int_equal(calls, 4);
}

static void a_setting_gives_the_pace_and_counts_at_once(void **state)
{
    static lp_app_task_t task;
    (void)state;
    lp_app_every_setting(&app, &task, "pace", count, NULL);
    run_for(1);
    assert_int_equal(calls, 1);
    run_for(3000);
    set_pace(2); // the wait under way becomes as short
    run_for(2001);
    assert_int_equal(calls, 2);
    set_pace(60);
    run_for(1999);
    assert_int_equal(calls, 3);
    run_for(30000);
    assert_int_equal(calls, 3);
}

// -- out

static void publish_formats_and_queues(void **state)
{
    (void)state;
    assert_int_equal(lp_app_publish(&app, "temperature", "{\"celsius\":%d.%02d}", 21, 5), LP_OK);
    assert_string_equal(hub.what, "temperature");
    assert_string_equal(hub.payload, "{\"celsius\":21.05}");
}

static void publish_refuses_what_is_too_long_whole(void **state)
{
    char text[400];
    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_int_equal(lp_app_publish(&app, "t", "%s", text), LP_E_NOSPACE);
    assert_int_equal(hub.published, 0);
    assert_true(fake_log_contains("a message for t was not queued"));
}

static void publish_says_that_there_is_no_cloud(void **state)
{
    (void)state;
    hub.refuses = LP_E_STATE;
    assert_int_equal(lp_app_publish(&app, "t", "x"), LP_E_STATE);
    app.cloud = NULL;
    assert_int_equal(lp_app_publish(&app, "t", "x"), LP_E_STATE);
    assert_int_equal(fake_log_count(), 0);
}

static void readings_are_an_object(void **state)
{
    const lp_app_reading_t some[] = {{"celsius", -50, 2}, {"humidity", 4000, 2}, {"count", 7, 0}};
    lp_app_reading_t many[40];
    (void)state;
    assert_int_equal(lp_app_publish_readings(&app, "air", some, 3), LP_OK);
    assert_string_equal(hub.payload, "{\"celsius\":-0.50,\"humidity\":40.00,\"count\":7}");
    for (size_t i = 0; i < 40; i++) {
        many[i] = some[0];
    }
    assert_int_equal(lp_app_publish_readings(&app, "air", many, 40), LP_E_NOSPACE);
    assert_int_equal(hub.published, 1);
}

// -- in

static char heard[100];

static void hear(void *ctx, lp_span_t payload)
{
    snprintf(heard, sizeof heard, "%s %.*s", (const char *)ctx, (int)payload.len,
             (const char *)payload.ptr);
}

static void tell(const char *topic, const char *payload)
{
    for (const lp_cloud_client_t *c = hub.clients; c != NULL; c = c->next_) {
        c->on_message(c->ctx, topic, lp_span_str(payload));
    }
}

static void listens_at_each_login_and_hears_its_own_topic_only(void **state)
{
    static lp_app_topic_t led;
    char name[] = "led:";
    (void)state;
    cloud.state = LP_CLOUD_BACKOFF;
    assert_int_equal(lp_app_listen(&app, &led, "led", hear, name), LP_OK);
    assert_int_equal(hub.subscribes, 0);
    for (unsigned login = 1; login <= 2; login++) {
        hub.clients->on_connected(hub.clients->ctx, login == 2);
        assert_int_equal(hub.subscribes, login);
        assert_string_equal(hub.filter, "limpet/lamp/led");
    }
    heard[0] = '\0';
    tell("limpet/lamp/le", "no");
    tell("limpet/other/led", "no");
    tell("limpet/lamp/led/x", "no");
    assert_string_equal(heard, "");
    tell("limpet/lamp/led", "on");
    assert_string_equal(heard, "led: on");
}

static void listens_at_once_when_it_is_connected(void **state)
{
    static lp_app_topic_t led;
    (void)state;
    assert_int_equal(lp_app_listen(&app, &led, "led", hear, NULL), LP_OK);
    assert_int_equal(hub.subscribes, 1);
    hub.done(hub.done_ctx, LP_E_DENIED, NULL);
    assert_true(fake_log_contains("the broker refused to let this device listen to led"));
}

static void listening_that_fails_is_said(void **state)
{
    static lp_app_topic_t led;
    char thing[300];
    (void)state;
    hub.refuses = LP_E_NOSPACE;
    assert_int_equal(lp_app_listen(&app, &led, "led", hear, NULL), LP_OK);
    assert_true(fake_log_contains("cannot listen to led"));
    memset(thing, 't', sizeof thing - 1);
    thing[sizeof thing - 1] = '\0';
    hub.thing = thing;
    tell("limpet/lamp/led", "on"); // a name without room hears nothing
    app.cloud = NULL;
    assert_int_equal(lp_app_listen(&app, &led, "led", hear, NULL), LP_E_STATE);
}

int main(void)
{
#define APP_TEST(f) cmocka_unit_test_setup(f, set_up)
    const struct CMUnitTest tests[] = {
        APP_TEST(a_task_runs_at_once_and_then_keeps_its_pace),
        APP_TEST(what_was_missed_is_left_out),
        APP_TEST(no_period_is_the_shortest),
        APP_TEST(a_stopped_task_rests_until_it_is_started),
        APP_TEST(a_setting_gives_the_pace_and_counts_at_once),
        APP_TEST(publish_formats_and_queues),
        APP_TEST(publish_refuses_what_is_too_long_whole),
        APP_TEST(publish_says_that_there_is_no_cloud),
        APP_TEST(readings_are_an_object),
        APP_TEST(listens_at_each_login_and_hears_its_own_topic_only),
        APP_TEST(listens_at_once_when_it_is_connected),
        APP_TEST(listening_that_fails_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
