// SPDX-License-Identifier: Apache-2.0
// apps/outages on the fake port: what it publishes for which events.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fake/port.h"
#include "limpet/app.h"

static lp_loop_t loop;
static lp_app_t app = {.loop = &loop};
static lp_events_t bus;
static lp_events_item_t items[8];
static bool has_bus;
static unsigned published;
static char payload[300];

lp_err_t lp_app_publish(lp_app_t *a, const char *what, const char *fmt, ...)
{
    va_list args;
    assert_ptr_equal(a, &app);
    assert_string_equal(what, "outage");
    published++;
    va_start(args, fmt);
    vsnprintf(payload, sizeof payload, fmt, args);
    va_end(args);
    return LP_OK;
}

lp_events_t *lp_app_events(const lp_app_t *a)
{
    (void)a;
    return has_bus ? &bus : NULL;
}

static int set_up(void **state)
{
    (void)state;
    fake_clock_reset();
    fake_system_reset();
    lp_loop_init(&loop);
    lp_events_init(&bus, &loop, items, sizeof items / sizeof items[0]);
    published = 0;
    has_bus = true;
    return 0;
}

static void happens(lp_events_id_t id, const char *text, uint32_t and_then_ms)
{
    lp_events_publish(&bus, id, 0, text);
    lp_loop_turn(&loop, 0);
    fake_clock_advance_ms(and_then_ms);
}

static void outage_is_told_when_the_cloud_is_back(void **state)
{
    (void)state;
    lp_app_main(&app);
    happens(LP_EV_CLOUD_CONNECTED, NULL, 5000); // the first connection is no outage
    assert_int_equal(published, 0);
    happens(LP_EV_CLOUD_LOST, "connection reset", 61234);
    assert_int_equal(published, 0);
    happens(LP_EV_CLOUD_CONNECTED, NULL, 10);
    assert_int_equal(published, 1);
    assert_string_equal(payload, "{\"ms\":61234,\"why\":\"connection reset\"}");
    happens(LP_EV_NET_DOWN, NULL, 10); // not of the cloud
    happens(LP_EV_CLOUD_CONNECTED, NULL, 10);
    assert_int_equal(published, 1);
}

static void image_without_events_is_explained(void **state)
{
    (void)state;
    has_bus = false;
    lp_app_main(&app);
    assert_true(fake_log_contains("this image has no events"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(outage_is_told_when_the_cloud_is_back, set_up),
        cmocka_unit_test_setup(image_without_events_is_explained, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
