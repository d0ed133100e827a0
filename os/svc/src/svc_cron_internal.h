// SPDX-License-Identifier: Apache-2.0
// Between the clockwork of cron and its RPC.
#ifndef LP_SVC_CRON_INTERNAL_H
#define LP_SVC_CRON_INTERNAL_H

#include "limpet/svc_cron.h"

extern const lp_rpc_method_t lp_svc_cron_methods[];
extern const size_t lp_svc_cron_method_count;

const lp_cron_action_t *lp_svc_cron_action(const lp_svc_cron_t *svc, const char *name);

// Puts `job` at place `i`, in the store first. Errors as lp_store_put(): nothing changed.
lp_err_t lp_svc_cron_keep(lp_svc_cron_t *svc, size_t i, const lp_cron_job_t *job);
lp_err_t lp_svc_cron_drop(lp_svc_cron_t *svc, size_t i);
lp_err_t lp_svc_cron_keep_zone(lp_svc_cron_t *svc, const char *zone, const lp_tz_t *tz);

#endif
