// SPDX-License-Identifier: Apache-2.0
// limpet/svc_shadow.h - the classic device shadow: some settings, reported and desired.
//
// After each login the device reports the settings that it was given the names of, and asks what is
// desired. A desired value counts at once and is not saved: the cloud keeps it and says it again
// after a restart. A setting whose name is not in the list cannot be changed from the cloud at all;
// a value that is not legal is refused, with a line in the log, and the old one stays reported.
//
// Works while cloud.shadow is true. Topics: $aws/things/THING/shadow/{get,update}[/...].
// @source AWS IoT Core Developer Guide, "Device Shadow MQTT topics", "Device Shadow documents"
// @context loop
#ifndef LIMPET_SVC_SHADOW_H
#define LIMPET_SVC_SHADOW_H

#include "limpet/svc_cloud.h"

enum { LP_SHADOW_DOC_MAX = 1024 }; // bytes of a report

typedef struct {
    lp_loop_t *loop;
    lp_config_t *config;
    lp_svc_cloud_t *cloud;
    const char *const *keys; // dotted names of settings, null-ended, in the settings' order. Static
    void (*on_change)(void *ctx); // desired values were set; may be null
    void *ctx;
} lp_svc_shadow_setup_t;

typedef struct {
    lp_svc_shadow_setup_t s_;
    lp_thing_t thing_;
    lp_event_t report_;
    uint32_t refused; // desired values that were not legal or not ours to take
    uint32_t taken;   // documents of which something was set
} lp_svc_shadow_t;

// Everything in `setup` is lent for good.
void lp_svc_shadow_init(lp_svc_shadow_t *svc, const lp_svc_shadow_setup_t *setup);

// Settings changed by another way: reports them, once, from the loop.
void lp_svc_shadow_poke(lp_svc_shadow_t *svc);

#endif
