// SPDX-License-Identifier: Apache-2.0
// limpet/svc_crash.h - Crash.*: the dumps of crashes, for as long as nobody has cleared them.
//
// The first one that is found after a restart goes to the store, where a power cut leaves it alone;
// the next one stays in the memory that a restart leaves alone. Further ones are only counted.
// @context loop
#ifndef LIMPET_SVC_CRASH_H
#define LIMPET_SVC_CRASH_H

#include "limpet/base64.h"
#include "limpet/config.h"
#include "limpet/crash.h"
#include "limpet/rpc.h"
#include "limpet/store.h"

enum {
#if defined(LP_SMALL)
    LP_SVC_CRASH_DUMP_MAX = 1024,
#else
    LP_SVC_CRASH_DUMP_MAX = 3072,
#endif
    LP_SVC_CRASH_PART_MAX = 768,
};

typedef struct {
    lp_store_t *store_;
    const lp_config_t *config_;
    lp_rpc_set_t set_;
    uint8_t dump_[LP_SVC_CRASH_DUMP_MAX];
} lp_svc_crash_t;

// Brings what the last run left to safety, says so in the log, and adds the methods to `rpc`.
// Lends `store` and `config`, whose device.id Crash.Clear wants to hear.
void lp_svc_crash_init(lp_svc_crash_t *svc, lp_rpc_t *rpc, lp_store_t *store,
                       const lp_config_t *config);

#endif
