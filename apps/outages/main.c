// SPDX-License-Identifier: Apache-2.0
// Tells, when the cloud is back, how long it was away and why: what limpet/events.h is for.
#include "limpet/app.h"
#include "limpet/log.h"

#define LOG_MODULE "outages"

static lp_events_sub_t watch;
static lp_events_item_t lost; // seq 0: it is not away

static void on_cloud(void *ctx, const lp_events_item_t *event)
{
    if (event->id == LP_EV_CLOUD_LOST) {
        lost = *event;
    } else if (lost.seq != 0) {
        const unsigned long ms = (unsigned long)(event->at_ms - lost.at_ms);
        (void)lp_app_publish(ctx, "outage", "{\"ms\":%lu,\"why\":\"%s\"}", ms, lost.text);
        lost.seq = 0;
    }
}

void lp_app_main(lp_app_t *app)
{
    lp_events_t *events = lp_app_events(app);
    if (events == NULL) {
        LP_LOGE("this image has no events");
        return;
    }
    lp_events_subscribe(events, &watch, LP_EV_CLOUD, on_cloud, app);
}
