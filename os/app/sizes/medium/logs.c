// SPDX-License-Identifier: Apache-2.0
#include "logs.h"

#include "app_manifest.h"
#include "limpet/port/crash.h"
#include "limpet/port/retained.h"
#include "limpet/port/system.h"
#include "limpet/settings.h"
#include "limpet/svc_crash.h"
#include "limpet/svc_log.h"

static lp_log_ring_t ring;
static lp_svc_log_t log_service;
static lp_svc_crash_t crash_service;

void logs_begin(void)
{
    size_t bytes = 0;
    uint8_t nonce[4] = {0};
    uint8_t *memory = lp_port_retained_log(&bytes);
    (void)lp_port_entropy(nonce, sizeof nonce); // a name only: zeros will do
    lp_log_ring_open(&ring, memory, bytes,
                     (uint32_t)nonce[0] << 24 | (uint32_t)nonce[1] << 16 | (uint32_t)nonce[2] << 8 |
                         nonce[3]);
    lp_log_add_sink(lp_log_ring_sink(&ring));
}

const lp_log_ring_t *lp_app_extras_log_ring(void)
{
    return &ring;
}

void logs_start(const lp_app_extras_t *parts)
{
    static const char about[] = LP_APP_NAME " " LP_APP_VERSION;
    lp_port_crash_start(about, parts->app->counters->value[LP_COUNTER_BOOTS]);
    lp_svc_crash_init(&crash_service, parts->app->rpc, parts->store, parts->app->config);
    lp_svc_log_init(&log_service, parts->app->loop, parts->app->rpc, &ring);
}
