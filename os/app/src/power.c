// SPDX-License-Identifier: Apache-2.0
// An image that can sleep deeply.
#include "app_internal.h"
#include "limpet/mqtt_link.h"
#include "limpet/svc_power.h"

static lp_power_t power;
static lp_svc_power_t service;
static lp_app_t *the_app; // null: not started

lp_power_t *lp_app_power(const lp_app_t *app)
{
    (void)app;
    return the_app != NULL ? &power : NULL;
}

static void on_goodbye(void *ctx)
{
    (void)ctx;
    lp_app_say_goodbye("sleep");
}

static bool is_up(void *ctx)
{
    (void)ctx;
    return lp_app_is_up();
}

static void on_rest(void *ctx, lp_loop_fn *done, void *done_ctx)
{
    (void)ctx;
    lp_svc_power_rest(&service, done, done_ctx);
}

static const char *house_objects(void *ctx)
{
    const lp_mqtt_link_t *link = lp_app_mqtt(ctx, "mqtt1");
    const bool has_messages = link != NULL && link->has_mqtt_ && link->state != LP_MQTT_LINK_OFF &&
                              lp_mqtt_stats(&link->mqtt_).queued > 0;
    return has_messages ? "messages wait for the second broker" : NULL;
}

void lp_app_power_begin(lp_app_t *app)
{
    const lp_power_setup_t setup = {
        .loop = app->loop, .goodbye = on_goodbye, .is_up = is_up, .rest = on_rest};
    lp_power_init(&power, &setup);
}

void lp_app_power_start(lp_app_t *app, lp_turn_t *turn)
{
    static lp_power_veto_t house = {.why_not = house_objects};
    const lp_svc_power_setup_t setup = {
        .power = &power, .rpc = app->rpc, .turn = turn, .chip = app->chip, .cloud = app->cloud};
    lp_svc_power_init(&service, &setup);
    house.ctx = app;
    lp_power_add_veto(&power, &house);
    the_app = app;
}

void lp_app_power_put(lp_json_writer_t *w)
{
    lp_svc_power_put(&power, w);
}
