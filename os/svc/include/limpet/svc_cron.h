// SPDX-License-Identifier: Apache-2.0
// limpet/svc_cron.h - what is to happen at which time of day; Cron.*.
//
// Jobs are in the store and survive a restart; what came due while the board was off, or did not
// know the time, is left out. A job names an action that the application (or the platform) brought
// along and gives it a text. Times are local ones of the zone that Cron.Zone sets, with its summer
// time (limpet/cron.h).
// @context loop
#ifndef LIMPET_SVC_CRON_H
#define LIMPET_SVC_CRON_H

#include "limpet/cron.h"
#include "limpet/loop.h"
#include "limpet/rpc.h"
#include "limpet/store.h"

enum {
    LP_CRON_JOBS = 8,
    LP_CRON_AT_MAX = 64,
    LP_CRON_ACTION_MAX = 32,
    LP_CRON_PAYLOAD_MAX = 128,
    LP_CRON_ZONE_MAX = 64,
};

// Something that a job can do. Lent for good.
typedef struct lp_cron_action {
    const char *name;
    void (*run)(void *ctx, const char *payload); // `payload` is borrowed until the return
    void *ctx;
    struct lp_cron_action *next_;
} lp_cron_action_t;

typedef struct {
    char at[LP_CRON_AT_MAX + 1]; // "": this place is free
    char action[LP_CRON_ACTION_MAX + 1];
    char payload[LP_CRON_PAYLOAD_MAX + 1];
    bool is_enabled;
    lp_cron_t cron_;
    int64_t next_s_; // INT64_MAX: never
} lp_cron_job_t;

typedef struct {
    lp_loop_t *loop;
    lp_rpc_t *rpc;
    lp_store_t *store; // open
} lp_svc_cron_setup_t;

typedef struct {
    lp_svc_cron_setup_t s_;
    lp_rpc_set_t set_;
    lp_timer_t timer_;
    lp_cron_action_t *actions_;
    lp_cron_job_t jobs_[LP_CRON_JOBS];
    char zone_[LP_CRON_ZONE_MAX + 1];
    lp_tz_t tz_;
    int64_t looked_s_; // 0: the time was not known yet
} lp_svc_cron_t;

// Lends what is in `setup`; reads the jobs. One that cannot be read is logged and left out.
void lp_svc_cron_init(lp_svc_cron_t *svc, const lp_svc_cron_setup_t *setup);

// Before the loop runs. A name that is taken already is a bug of ours: logged, the first one stays.
void lp_svc_cron_add_action(lp_svc_cron_t *svc, lp_cron_action_t *action);

#endif
