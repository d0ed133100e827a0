// SPDX-License-Identifier: Apache-2.0
// The application of the soak: it numbers what it publishes and what it hears, and says so.
#include "image.h"

#include <stdlib.h>
#include <string.h>

#include "limpet/app.h"
#include "limpet/log.h"
#include "limpet/port/clock.h"

#define LOG_MODULE "soak"

enum { PACE_MS = 20000, PENDING_MAX = 32 };

static const soak_witness_t *witness;
static lp_app_t *app;
static lp_app_task_t task;
static lp_app_topic_t topic;
static uint32_t boot, last;

// A message that was taken: it ends once.
static struct {
    uint32_t number; // 0: free
    uint64_t since_ms;
} pending[PENDING_MAX];

static void on_done(void *ctx, lp_err_t err, const lp_mqtt_result_t *result)
{
    (void)result;
    const size_t i = (size_t)(uintptr_t)ctx;
    const uint32_t number = pending[i].number;
    pending[i].number = 0;
    witness->done(witness->ctx, number, err);
}

static size_t free_entry(void)
{
    size_t i = 0;
    while (i < PENDING_MAX && pending[i].number != 0) {
        i++;
    }
    return i;
}

static void publish(void *ctx)
{
    (void)ctx;
    char name[LP_CLOUD_TOPIC_MAX];
    char text[64];
    const size_t i = free_entry();
    if (i == PENDING_MAX) {
        return;
    }
    last++;
    (void)lp_fmt_str(name, sizeof name, "limpet/%s/soak", lp_svc_cloud_thing(app->cloud));
    (void)lp_fmt_str(text, sizeof text, "{\"boot\":%u,\"number\":%u}", (unsigned)boot,
                     (unsigned)last);
    pending[i].number = last;
    pending[i].since_ms = lp_port_now_ms();
    const lp_err_t err = lp_svc_cloud_send(app->cloud, name, lp_span_str(text), 1, on_done,
                                           (void *)(uintptr_t)i); // NOLINT: an index
    if (err != LP_OK) {
        pending[i].number = 0; // it will not be heard of again
    }
}

static void hear(void *ctx, lp_span_t payload)
{
    (void)ctx;
    char text[16] = "";
    if (payload.len < sizeof text) {
        memcpy(text, payload.ptr, payload.len);
        witness->heard(witness->ctx, (uint32_t)strtoul(text, NULL, 10));
    }
}

void lp_app_main(lp_app_t *platform)
{
    app = platform;
    if (app->cloud != NULL) {
        lp_app_every(app, &task, PACE_MS, publish, NULL);
        (void)lp_app_listen(app, &topic, "told", hear, NULL);
    }
}

static lp_err_t start(const lp_app_board_t *board, const soak_witness_t *w, uint32_t number)
{
    witness = w;
    boot = number;
    return lp_app_start(board);
}

static void probe(soak_probe_t *p)
{
    memset(p, 0, sizeof *p);
    lp_tls_memory(&p->tls);
    for (const lp_timer_t *t = app->loop->timers_; t != NULL; t = t->next_) {
        p->timers++;
    }
    for (size_t i = 0; i < PENDING_MAX; i++) {
        const uint64_t age = pending[i].number != 0 ? lp_port_now_ms() - pending[i].since_ms : 0;
        p->pending += pending[i].number != 0;
        p->pending_ms = age > p->pending_ms ? age : p->pending_ms;
    }
    p->cloud = app->cloud != NULL ? app->cloud->state : LP_CLOUD_OFF;
    p->queued =
        app->cloud != NULL && app->cloud->has_mqtt_ ? lp_mqtt_stats(&app->cloud->mqtt_).queued : 0;
}

const soak_image_t soak_image = {.start = start, .probe = probe};
