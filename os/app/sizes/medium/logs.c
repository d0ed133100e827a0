// SPDX-License-Identifier: Apache-2.0
#include "logs.h"

#include "limpet/port/retained.h"
#include "limpet/port/system.h"
#include "limpet/svc_log.h"

static lp_log_ring_t ring;
static lp_svc_log_t log_service;

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

void logs_start(const lp_app_extras_t *parts)
{
    lp_svc_log_init(&log_service, parts->app->loop, parts->app->rpc, &ring);
}
