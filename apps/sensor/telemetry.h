// SPDX-License-Identifier: Apache-2.0
// What the application does for a living: a message every telemetry.interval_s.
#ifndef TELEMETRY_H
#define TELEMETRY_H

#include "limpet/counters.h"
#include "limpet/svc_cloud.h"

typedef struct {
    lp_loop_t *loop;
    const lp_config_t *config;
    const lp_counters_t *counters;
    const lp_svc_chip_t *chip;
    lp_svc_cloud_t *cloud;
    lp_timer_t timer;
    uint64_t last_ms;
    uint32_t counter; // messages since the start
} telemetry_t;

// Lends everything that is set in `t`.
void telemetry_start(telemetry_t *t);

#endif
