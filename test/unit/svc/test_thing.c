// SPDX-License-Identifier: Apache-2.0
// Shadow and jobs against a cloud of the test's own: what is sent, and what a hostile cloud gets.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "device.h"
#include "limpet/svc_jobs_basic.h"
#include "limpet/svc_shadow.h"

#define SHADOW "$aws/things/t1/shadow/"
#define JOBS   "$aws/things/t1/jobs/"

// -- a cloud that remembers

enum { SENT_MAX = 16 };

typedef struct {
    char topic[300];
    char payload[1100];
    uint8_t qos;
    lp_mqtt_done_fn *done;
    void *ctx;
} sent_t;

static struct {
    lp_cloud_client_t *clients;
    sent_t sent[SENT_MAX];
    size_t count;
    char filters[4][300];
    size_t filter_count;
    unsigned subscribes;
    lp_mqtt_done_fn *subscribed;
    void *subscribed_ctx;
    lp_err_t refuses;
} hub;

static world_t *world;
static device_t dev;
static lp_svc_cloud_t cloud; // its state only
static lp_svc_shadow_t shadow;
static lp_svc_jobs_basic_t basic;
static lp_svc_jobs_t jobs;
static unsigned changes, handled, told, reboots;
static char document[300];

void lp_svc_cloud_add_client(lp_svc_cloud_t *svc, lp_cloud_client_t *client)
{
    (void)svc;
    client->next_ = hub.clients;
    hub.clients = client;
}

const char *lp_svc_cloud_thing(const lp_svc_cloud_t *svc)
{
    (void)svc;
    return "t1";
}

lp_err_t lp_svc_cloud_send(lp_svc_cloud_t *svc, const char *topic, lp_span_t payload, uint8_t qos,
                           lp_mqtt_done_fn *done, void *ctx)
{
    (void)svc;
    if (hub.refuses != LP_OK) {
        return hub.refuses;
    }
    assert_in_range(hub.count, 0, SENT_MAX - 1);
    sent_t *s = &hub.sent[hub.count++];
    snprintf(s->topic, sizeof s->topic, "%s", topic);
    snprintf(s->payload, sizeof s->payload, "%.*s", (int)payload.len, (const char *)payload.ptr);
    s->qos = qos;
    s->done = done;
    s->ctx = ctx;
    return LP_OK;
}

lp_err_t lp_svc_cloud_subscribe(lp_svc_cloud_t *svc, const lp_mqtt_filter_t *filters, size_t count,
                                lp_mqtt_done_fn *done, void *ctx)
{
    (void)svc;
    hub.filter_count = count;
    for (size_t i = 0; i < count; i++) {
        snprintf(hub.filters[i], sizeof hub.filters[i], "%.*s", (int)filters[i].filter.len,
                 (const char *)filters[i].filter.ptr);
        assert_int_equal(filters[i].qos, 1);
    }
    hub.subscribes++;
    hub.subscribed = done;
    hub.subscribed_ctx = ctx;
    return LP_OK;
}

// -- helpers

static void turn(void)
{
    device_run(&dev, 20);
}

static void login(bool session_present)
{
    cloud.state = LP_CLOUD_CONNECTED;
    for (lp_cloud_client_t *c = hub.clients; c != NULL; c = c->next_) {
        c->on_connected(c->ctx, session_present);
    }
    turn();
}

static void suback(lp_err_t err)
{
    const lp_mqtt_result_t result = {0};
    assert_non_null(hub.subscribed);
    hub.subscribed(hub.subscribed_ctx, err, &result);
    hub.subscribed = NULL;
    turn();
}

static void deliver(const char *topic, const char *payload)
{
    for (lp_cloud_client_t *c = hub.clients; c != NULL; c = c->next_) {
        c->on_message(c->ctx, topic, lp_span_str(payload));
    }
    turn();
}

static void set(const char *config)
{
    char params[512];
    snprintf(params, sizeof params, "{\"config\":{%s}}", config);
    assert_result(device_call(&dev, "Config.Set", params), "", "{}");
}

static const sent_t *find_sent(const char *topic)
{
    for (size_t i = 0; i < hub.count; i++) {
        if (strcmp(hub.sent[i].topic, topic) == 0) {
            return &hub.sent[i];
        }
    }
    return NULL;
}

static void forget_sent(void)
{
    hub.count = 0;
}

static int32_t interval(void)
{
    return lp_config_int(&dev.config, "telemetry.interval_s");
}

static void on_change(void *ctx)
{
    (void)ctx;
    changes++;
}

static void on_job(void *ctx, lp_svc_jobs_t *svc, lp_json_t doc)
{
    (void)ctx;
    (void)svc;
    handled++;
    snprintf(document, sizeof document, "%.*s", (int)doc.raw.len, (const char *)doc.raw.ptr);
}

static void on_told(void *ctx)
{
    (void)ctx;
    told++;
}

static void on_reboot(void *ctx)
{
    (void)ctx;
    reboots++;
}

static int setup(void **state)
{
    (void)state;
    world = device_world(LP_CHIPSIM_ATECC508A);
    device_start(&dev, world, false, NULL);
    memset(&hub, 0, sizeof hub);
    memset(&cloud, 0, sizeof cloud);
    changes = handled = told = reboots = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_free(world);
    return 0;
}

static int setup_shadow(void **state)
{
    static const char *const keys[] = {"telemetry.interval_s", "log.level", NULL};
    setup(state);
    const lp_svc_shadow_setup_t s = {.loop = &world->loop,
                                     .config = &dev.config,
                                     .cloud = &cloud,
                                     .keys = keys,
                                     .on_change = on_change};
    lp_svc_shadow_init(&shadow, &s);
    set("\"cloud\":{\"shadow\":true}");
    return 0;
}

static int setup_jobs(void **state)
{
    setup(state);
    const lp_svc_jobs_setup_t s = {
        .config = &dev.config, .cloud = &cloud, .handler = on_job, .on_told = on_told};
    lp_svc_jobs_init(&jobs, &s);
    set("\"cloud\":{\"jobs\":true}");
    return 0;
}

static int setup_basic(void **state)
{
    setup(state);
    const lp_svc_jobs_basic_setup_t s = {
        .loop = &world->loop, .config = &dev.config, .cloud = &cloud, .on_reboot = on_reboot};
    lp_svc_jobs_basic_init(&basic, &s);
    set("\"cloud\":{\"jobs\":true}");
    return 0;
}

static void shadow_up(void)
{
    login(false);
    suback(LP_OK);
    forget_sent();
}

static void jobs_up(void)
{
    login(false);
    suback(LP_OK);
    forget_sent();
}

// -- shadow

static void shadow_switched_off_does_nothing(void **state)
{
    (void)state;
    set("\"cloud\":{\"shadow\":false}");
    login(false);
    deliver(SHADOW "update/delta", "{\"state\":{\"telemetry\":{\"interval_s\":7}}}");
    lp_svc_shadow_poke(&shadow);
    turn();
    assert_int_equal(hub.subscribes, 0);
    assert_int_equal(hub.count, 0);
    assert_int_equal(interval(), 10);
}

static void shadow_login_subscribes_asks_and_reports(void **state)
{
    (void)state;
    login(false);
    assert_int_equal(hub.filter_count, 2);
    assert_string_equal(hub.filters[0], SHADOW "update/delta");
    assert_string_equal(hub.filters[1], SHADOW "get/accepted");
    assert_int_equal(hub.count, 0); // nothing before SUBACK: the answer could be lost
    suback(LP_OK);
    assert_int_equal(find_sent(SHADOW "get")->qos, 0);
    assert_string_equal(find_sent(SHADOW "get")->payload, "");
    assert_string_equal(find_sent(SHADOW "update")->payload,
                        "{\"state\":{\"reported\":{\"telemetry\":{\"interval_s\":10},\"log\":{"
                        "\"level\":\"info\"}}}}");
    assert_int_equal(find_sent(SHADOW "update")->qos, 1);
}

static void shadow_delta_is_taken_over_and_reported(void **state)
{
    (void)state;
    shadow_up();
    deliver(SHADOW "update/delta", "{\"version\":3,\"state\":{\"telemetry\":{\"interval_s\":7}}}");
    assert_int_equal(interval(), 7);
    assert_int_equal(changes, 1);
    assert_int_equal(hub.count, 1);
    assert_non_null(strstr(find_sent(SHADOW "update")->payload, "\"interval_s\":7"));
    forget_sent();
    deliver(SHADOW "get/accepted",
            "{\"state\":{\"desired\":{\"x\":1},\"delta\":{\"log\":{\"level\":\"debug\"}}}}");
    assert_string_equal(lp_config_str(&dev.config, "log.level"), "debug");
}

// The attack: whoever can write to the shadow wants the device on a server of his own.
static void shadow_cannot_touch_what_is_not_in_its_list(void **state)
{
    (void)state;
    shadow_up();
    deliver(SHADOW "update/delta", "{\"state\":{\"cloud\":{\"server\":\"evil.example\"},"
                                   "\"trust\":{\"check_dates\":false}}}");
    assert_string_equal(lp_config_str(&dev.config, "cloud.server"), "");
    assert_true(lp_config_bool(&dev.config, "trust.check_dates"));
    deliver(SHADOW "update/delta", "{\"state\":{\"cloud\":{\"server\":\"evil.example\"},"
                                   "\"telemetry\":{\"interval_s\":8}}}");
    assert_string_equal(lp_config_str(&dev.config, "cloud.server"), "");
    assert_int_equal(interval(), 8);
}

// A report brings a delta; a report because of a delta that cannot be met would go on for ever.
static void shadow_value_that_is_not_legal_is_refused_without_a_report(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{\"state\":{\"telemetry\":{\"interval_s\":0}}}",
        "{\"state\":{\"telemetry\":{\"interval_s\":\"7\"}}}",
        "{\"state\":{\"telemetry\":{\"interval_s\":null}}}",
        "{\"state\":{\"telemetry\":7}}",
        "{\"state\":{\"log\":{\"level\":\"loud\"},\"telemetry\":{\"interval_s\":9}}}",
        "{\"state\":{\"telemetry\":{\"interval_s\":9,\"interval_s\":8}}}",
        "{\"state\":[]}",
        "{\"state\":{}}",
        "{}",
        "[",
        "",
    };
    shadow_up();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        deliver(SHADOW "update/delta", bad[i]);
        assert_int_equal(interval(), 10);
        assert_int_equal(hub.count, 0);
    }
    assert_int_equal(changes, 0);
    assert_int_equal(shadow.taken, 0);
}

static void shadow_of_another_thing_is_not_ours(void **state)
{
    (void)state;
    shadow_up();
    deliver("$aws/things/t2/shadow/update/delta", "{\"state\":{\"telemetry\":{\"interval_s\":7}}}");
    deliver(SHADOW "update/accepted", "{\"state\":{\"telemetry\":{\"interval_s\":7}}}");
    assert_int_equal(interval(), 10);
}

static void shadow_session_that_is_there_needs_no_subscription(void **state)
{
    (void)state;
    login(true); // the server's memory of an earlier life of this device
    assert_int_equal(hub.subscribes, 1);
    suback(LP_OK);
    forget_sent();
    login(true);
    assert_int_equal(hub.subscribes, 1);
    assert_non_null(find_sent(SHADOW "get"));
    assert_non_null(find_sent(SHADOW "update"));
    login(false);
    assert_int_equal(hub.subscribes, 2);
}

static void shadow_subscription_that_was_lost_is_made_again(void **state)
{
    (void)state;
    login(false);
    suback(LP_E_CLOSED);
    assert_int_equal(hub.count, 0);
    login(true);
    assert_int_equal(hub.subscribes, 2);
    suback(LP_E_DENIED);
    assert_true(fake_log_contains("does not let this device subscribe"));
    assert_int_equal(hub.count, 0);
}

static void shadow_reports_a_change_once_and_only_when_connected(void **state)
{
    (void)state;
    shadow_up();
    lp_svc_shadow_poke(&shadow);
    lp_svc_shadow_poke(&shadow);
    turn();
    assert_int_equal(hub.count, 1);
    cloud.state = LP_CLOUD_BACKOFF;
    lp_svc_shadow_poke(&shadow);
    turn();
    assert_int_equal(hub.count, 1);
}

// -- jobs

static const char one_job[] = "{\"execution\":{\"jobId\":\"j-1\",\"status\":\"IN_PROGRESS\","
                              "\"jobDocument\":{\"operation\":\"x\"}}}";

static void jobs_switched_off_does_nothing(void **state)
{
    (void)state;
    set("\"cloud\":{\"jobs\":false}");
    login(false);
    deliver(JOBS "start-next/accepted", one_job);
    assert_int_equal(hub.subscribes, 0);
    assert_int_equal(handled, 0);
}

static void jobs_login_subscribes_and_asks(void **state)
{
    (void)state;
    login(false);
    assert_string_equal(hub.filters[0], JOBS "notify-next");
    assert_string_equal(hub.filters[1], JOBS "start-next/accepted");
    suback(LP_OK);
    assert_string_equal(find_sent(JOBS "start-next")->payload, "{}");
    assert_int_equal(hub.count, 1);
    deliver(JOBS "start-next/accepted", "{\"timestamp\":1}"); // none is waiting
    assert_int_equal(handled, 0);
    forget_sent();
    deliver(JOBS "notify-next", "{\"timestamp\":1}");
    assert_int_equal(hub.count, 0);
    deliver(JOBS "notify-next", one_job);
    assert_non_null(find_sent(JOBS "start-next"));
    deliver(JOBS "notify-next", one_job); // asked once is enough
    assert_int_equal(hub.count, 1);
}

static void jobs_one_is_handed_out_and_its_end_is_told(void **state)
{
    (void)state;
    const lp_mqtt_result_t result = {0};
    jobs_up();
    deliver(JOBS "start-next/accepted", one_job);
    assert_int_equal(handled, 1);
    assert_string_equal(document, "{\"operation\":\"x\"}");
    assert_string_equal(lp_svc_jobs_current(&jobs), "j-1");
    deliver(JOBS "start-next/accepted", one_job); // one at a time
    assert_int_equal(handled, 1);
    assert_int_equal(lp_svc_jobs_end(&jobs, LP_JOB_FAILED, "no \"room\""), LP_OK);
    const sent_t *s = find_sent(JOBS "j-1/update");
    assert_non_null(s);
    assert_int_equal(s->qos, 1);
    assert_string_equal(
        s->payload, "{\"status\":\"FAILED\",\"statusDetails\":{\"reason\":\"no \\\"room\\\"\"}}");
    assert_int_equal(told, 0);
    s->done(s->ctx, LP_OK, &result);
    assert_int_equal(told, 1);
    assert_string_equal(lp_svc_jobs_current(&jobs), "");
    assert_int_equal(lp_svc_jobs_end(&jobs, LP_JOB_SUCCEEDED, NULL), LP_E_STATE);
}

static void jobs_long_reason_is_cut_between_characters(void **state)
{
    (void)state;
    char reason[LP_JOB_REASON_MAX + 10];
    jobs_up();
    memset(reason, 'a', sizeof reason);
    memcpy(reason + LP_JOB_REASON_MAX - 2, "\xc3\xbc", 2); // over the edge
    reason[sizeof reason - 1] = '\0';
    deliver(JOBS "start-next/accepted", one_job);
    assert_int_equal(lp_svc_jobs_end(&jobs, LP_JOB_REJECTED, reason), LP_OK);
    assert_null(strstr(find_sent(JOBS "j-1/update")->payload, "\xc3"));
}

static void jobs_end_that_cannot_be_queued_can_be_told_later(void **state)
{
    (void)state;
    jobs_up();
    deliver(JOBS "start-next/accepted", one_job);
    hub.refuses = LP_E_NOSPACE;
    assert_int_equal(lp_svc_jobs_end(&jobs, LP_JOB_SUCCEEDED, NULL), LP_E_NOSPACE);
    hub.refuses = LP_OK;
    assert_string_equal(lp_svc_jobs_current(&jobs), "j-1");
    assert_int_equal(lp_svc_jobs_end(&jobs, LP_JOB_SUCCEEDED, NULL), LP_OK);
}

// The attack: an id that would make the device publish somewhere else.
static void jobs_hostile_documents_are_not_taken(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{\"execution\":{\"jobId\":\"../../t2/shadow/update\",\"jobDocument\":{}}}",
        "{\"execution\":{\"jobId\":\"a/b\",\"jobDocument\":{}}}",
        "{\"execution\":{\"jobId\":\"#\",\"jobDocument\":{}}}",
        "{\"execution\":{\"jobId\":\"\",\"jobDocument\":{}}}",
        "{\"execution\":{\"jobId\":7,\"jobDocument\":{}}}",
        "{\"execution\":{\"jobId\":\"j\"}}",
        "{\"execution\":{\"jobId\":"
        "\"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggg\","
        "\"jobDocument\":{}}}",
        "{\"execution\":{\"jobId\":\"j\",\"jobId\":\"j\",\"jobDocument\":{}}}",
        "{\"execution\":7}",
        "{\"execution\"",
        "",
    };
    jobs_up();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        deliver(JOBS "start-next/accepted", bad[i]);
        assert_int_equal(handled, 0);
        assert_string_equal(lp_svc_jobs_current(&jobs), "");
    }
}

static void jobs_under_way_are_not_asked_for_again_after_a_reconnect(void **state)
{
    (void)state;
    jobs_up();
    deliver(JOBS "start-next/accepted", one_job);
    login(true);
    assert_int_equal(hub.subscribes, 1);
    assert_int_equal(hub.count, 0);
    assert_int_equal(lp_svc_jobs_end(&jobs, LP_JOB_SUCCEEDED, NULL), LP_OK);
    forget_sent();
    login(true);
    assert_non_null(find_sent(JOBS "start-next"));
}

// -- the jobs that every device knows

static void basic_ping_succeeds_and_the_unknown_is_rejected(void **state)
{
    (void)state;
    login(false);
    suback(LP_OK);
    deliver(JOBS "start-next/accepted",
            "{\"execution\":{\"jobId\":\"p\",\"jobDocument\":{\"operation\":\"ping\"}}}");
    assert_string_equal(find_sent(JOBS "p/update")->payload, "{\"status\":\"SUCCEEDED\"}");
    deliver(
        JOBS "start-next/accepted",
        "{\"execution\":{\"jobId\":\"q\",\"jobDocument\":{\"operation\":\"format-everything\"}}}");
    assert_non_null(strstr(find_sent(JOBS "q/update")->payload, "REJECTED"));
    deliver(JOBS "start-next/accepted", "{\"execution\":{\"jobId\":\"r\",\"jobDocument\":[]}}");
    assert_non_null(strstr(find_sent(JOBS "r/update")->payload, "REJECTED"));
}

static jmp_buf rebooted;

static void on_fake_reboot(void)
{
    longjmp(rebooted, 1);
}

static void basic_reboot_waits_until_the_cloud_knows(void **state)
{
    (void)state;
    const lp_mqtt_result_t result = {0};
    login(false);
    suback(LP_OK);
    deliver(JOBS "start-next/accepted",
            "{\"execution\":{\"jobId\":\"b\",\"jobDocument\":{\"operation\":\"reboot\"}}}");
    device_run(&dev, 5000);
    assert_int_equal(fake_reboots, 0);
    const sent_t *s = find_sent(JOBS "b/update");
    s->done(s->ctx, LP_OK, &result);
    assert_int_equal(reboots, 1);
    fake_on_reboot = on_fake_reboot;
    if (setjmp(rebooted) == 0) {
        device_run(&dev, 5000);
        fail();
    }
    assert_int_equal(fake_reboots, 1);
}

int main(void)
{
#define S(f) cmocka_unit_test_setup_teardown(f, setup_shadow, teardown)
#define J(f) cmocka_unit_test_setup_teardown(f, setup_jobs, teardown)
#define B(f) cmocka_unit_test_setup_teardown(f, setup_basic, teardown)
    const struct CMUnitTest tests[] = {
        S(shadow_switched_off_does_nothing),
        S(shadow_login_subscribes_asks_and_reports),
        S(shadow_delta_is_taken_over_and_reported),
        S(shadow_cannot_touch_what_is_not_in_its_list),
        S(shadow_value_that_is_not_legal_is_refused_without_a_report),
        S(shadow_of_another_thing_is_not_ours),
        S(shadow_session_that_is_there_needs_no_subscription),
        S(shadow_subscription_that_was_lost_is_made_again),
        S(shadow_reports_a_change_once_and_only_when_connected),
        J(jobs_switched_off_does_nothing),
        J(jobs_login_subscribes_and_asks),
        J(jobs_one_is_handed_out_and_its_end_is_told),
        J(jobs_long_reason_is_cut_between_characters),
        J(jobs_end_that_cannot_be_queued_can_be_told_later),
        J(jobs_hostile_documents_are_not_taken),
        J(jobs_under_way_are_not_asked_for_again_after_a_reconnect),
        B(basic_ping_succeeds_and_the_unknown_is_rejected),
        B(basic_reboot_waits_until_the_cloud_knows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
