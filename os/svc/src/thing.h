// SPDX-License-Identifier: Apache-2.0
// What the services of a thing share (shadow, jobs): two topics under $aws/things/THING/,
// subscribed to after each login that needs it.
#ifndef THING_H
#define THING_H

#include "limpet/svc_cloud.h"

// A service of a thing, for its whole life.
typedef struct lp_thing_kind {
    const char *name;      // "shadow": in its topics, and for people
    const char *topics[2]; // behind it: "update/delta"
    bool (*is_on)(const void *ctx);
    // Logged in and subscribed; from the loop.
    void (*ready)(void *ctx);
    // A message on topics[0] and on topics[1], while the service is on.
    void (*on_topic[2])(void *ctx, lp_span_t payload);
} lp_thing_kind_t;

// Adds it to the cloud; `t` and `kind` are lent for good, `ctx` is the service.
void lp_thing_init(lp_thing_t *t, const lp_thing_kind_t *kind, lp_svc_cloud_t *cloud, void *ctx);

// $aws/things/THING/NAME/REST.
lp_err_t lp_thing_topic(const lp_thing_t *t, const char *rest, char out[LP_CLOUD_INCOMING_MAX]);

// Whether it is switched on and the broker has its subscription.
bool lp_thing_is_ready(const lp_thing_t *t);

#endif
