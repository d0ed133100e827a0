// SPDX-License-Identifier: Apache-2.0
#include "limpet/svc_cron.h"

#include <string.h>

#include "limpet/log.h"
#include "limpet/port/clock.h"
#include "svc_cron_internal.h"

#define LOG_MODULE "cron"

// The clock may be set at any time: nobody sleeps longer than this.
enum {
    LOOK_MS = 1000,
    RECORD_MAX = 2 * (LP_CRON_AT_MAX + LP_CRON_ACTION_MAX + LP_CRON_PAYLOAD_MAX) * 3
};

static const char zone_key[] = "cron.zone";

static void key_of(size_t i, char key[LP_STORE_KEY_MAX])
{
    (void)lp_fmt_str(key, LP_STORE_KEY_MAX, "cron.%u", (unsigned)i + 1);
}

// -- when

static void plan(lp_svc_cron_t *svc, lp_cron_job_t *job, int64_t now_s)
{
    job->next_s_ = INT64_MAX;
    if (job->at[0] != '\0' && job->is_enabled && now_s > 0 &&
        lp_cron_next(&job->cron_, &svc->tz_, now_s, &job->next_s_) != LP_OK) {
        LP_LOGW("%s will not come within ten years", job->at);
    }
}

static void plan_all(lp_svc_cron_t *svc, int64_t now_s)
{
    for (size_t i = 0; i < LP_CRON_JOBS; i++) {
        plan(svc, &svc->jobs_[i], now_s);
    }
}

static void run_job(lp_svc_cron_t *svc, const lp_cron_job_t *job)
{
    const lp_cron_action_t *action = lp_svc_cron_action(svc, job->action);
    if (action == NULL) {
        LP_LOGW("nobody here does %s", job->action);
        return;
    }
    LP_LOGI("%s: %s", job->at, job->action);
    action->run(action->ctx, job->payload);
}

static void run_due(lp_svc_cron_t *svc, int64_t now_s)
{
    for (size_t i = 0; i < LP_CRON_JOBS; i++) {
        if (svc->jobs_[i].next_s_ <= now_s) {
            const lp_cron_job_t job = svc->jobs_[i]; // the action may change the list
            plan(svc, &svc->jobs_[i], now_s);
            run_job(svc, &job);
        }
    }
}

// A clock that was set, forwards by more than a few looks or backwards at all, makes everything be
// planned anew: what lies in a jump is left out.
static void look(void *ctx)
{
    enum { JUMP_S = 30 };
    lp_svc_cron_t *svc = ctx;
    int64_t now_s = 0;
    lp_timer_start(svc->s_.loop, &svc->timer_, LOOK_MS);
    if (lp_port_utc_s(&now_s) != LP_OK) {
        return;
    }
    const bool is_jump = now_s < svc->looked_s_ || now_s > svc->looked_s_ + JUMP_S;
    svc->looked_s_ = now_s;
    if (is_jump) {
        plan_all(svc, now_s);
        return;
    }
    run_due(svc, now_s);
}

// -- what is kept

static lp_err_t compose(const lp_cron_job_t *job, lp_buf_t *out)
{
    lp_json_writer_t w;
    lp_json_init(&w, out);
    lp_json_put_object(&w);
    lp_json_put_key(&w, "at");
    lp_json_put_str(&w, job->at);
    lp_json_put_key(&w, "action");
    lp_json_put_str(&w, job->action);
    lp_json_put_key(&w, "payload");
    lp_json_put_str(&w, job->payload);
    lp_json_put_key(&w, "enable");
    lp_json_put_bool(&w, job->is_enabled);
    lp_json_put_object_end(&w);
    return lp_json_done(&w);
}

lp_err_t lp_svc_cron_keep(lp_svc_cron_t *svc, size_t i, const lp_cron_job_t *job)
{
    char key[LP_STORE_KEY_MAX];
    uint8_t bytes[RECORD_MAX];
    lp_buf_t record = lp_buf(bytes, sizeof bytes);
    key_of(i, key);
    lp_err_t err = compose(job, &record);
    if (err == LP_OK) {
        const lp_store_item_t item = {.key = key, .value = lp_buf_span(&record)};
        err = lp_store_put(svc->s_.store, &item, 1);
    }
    if (err == LP_OK) {
        svc->jobs_[i] = *job;
        plan(svc, &svc->jobs_[i], svc->looked_s_);
    }
    return err;
}

lp_err_t lp_svc_cron_drop(lp_svc_cron_t *svc, size_t i)
{
    char key[LP_STORE_KEY_MAX];
    key_of(i, key);
    const lp_store_item_t item = {.key = key, .is_removal = true};
    const lp_err_t err = lp_store_put(svc->s_.store, &item, 1);
    if (err == LP_OK) {
        svc->jobs_[i] = (lp_cron_job_t){.next_s_ = INT64_MAX};
    }
    return err;
}

lp_err_t lp_svc_cron_keep_zone(lp_svc_cron_t *svc, const char *zone, const lp_tz_t *tz)
{
    const lp_store_item_t item = {.key = zone_key, .value = lp_span_str(zone)};
    const lp_err_t err = lp_store_put(svc->s_.store, &item, 1);
    if (err == LP_OK) {
        (void)lp_fmt_str(svc->zone_, sizeof svc->zone_, "%s", zone);
        svc->tz_ = *tz;
        plan_all(svc, svc->looked_s_);
    }
    return err;
}

static lp_err_t take_text(lp_json_t record, const char *key, char *dst, size_t cap)
{
    lp_json_t value;
    const lp_err_t err = lp_json_get(record, key, &value);
    return err == LP_OK ? lp_json_cstr(value, dst, cap) : err;
}

static lp_err_t parse(lp_span_t text, lp_cron_job_t *job)
{
    lp_json_t record;
    lp_json_t enable;
    uint8_t bytes[120];
    lp_buf_t why = lp_buf(bytes, sizeof bytes);
    lp_err_t err = lp_json_parse(text, &record);
    if (err == LP_OK) {
        err = take_text(record, "at", job->at, sizeof job->at);
    }
    if (err == LP_OK) {
        err = take_text(record, "action", job->action, sizeof job->action);
    }
    if (err == LP_OK) {
        err = take_text(record, "payload", job->payload, sizeof job->payload);
    }
    if (err == LP_OK) {
        err = lp_json_get(record, "enable", &enable);
    }
    if (err == LP_OK) {
        err = lp_json_bool(enable, &job->is_enabled);
    }
    return err == LP_OK ? lp_cron_parse(lp_span_str(job->at), &job->cron_, &why) : err;
}

static void load_job(lp_svc_cron_t *svc, size_t i)
{
    char key[LP_STORE_KEY_MAX];
    uint8_t bytes[RECORD_MAX];
    lp_buf_t record = lp_buf(bytes, sizeof bytes);
    lp_cron_job_t job = {.next_s_ = INT64_MAX};
    svc->jobs_[i] = job;
    key_of(i, key);
    lp_err_t err = lp_store_get(svc->s_.store, key, &record);
    if (err == LP_E_NOT_FOUND) {
        return;
    }
    if (err == LP_OK) {
        err = parse(lp_buf_span(&record), &job);
    }
    if (err != LP_OK) {
        LP_LOGE("job %u cannot be read (%s)", (unsigned)i + 1, lp_err_text(err));
        return;
    }
    svc->jobs_[i] = job;
}

static void load_zone(lp_svc_cron_t *svc)
{
    lp_buf_t out = lp_buf((uint8_t *)svc->zone_, LP_CRON_ZONE_MAX);
    const lp_err_t err = lp_store_get(svc->s_.store, zone_key, &out);
    svc->zone_[err == LP_OK ? out.len : 0] = '\0';
    if (err != LP_OK || lp_tz_parse(lp_buf_span(&out), &svc->tz_) != LP_OK) {
        (void)lp_fmt_str(svc->zone_, sizeof svc->zone_, "UTC0");
        svc->tz_ = (lp_tz_t){0};
    }
}

// -- the service

const lp_cron_action_t *lp_svc_cron_action(const lp_svc_cron_t *svc, const char *name)
{
    const lp_cron_action_t *a = svc->actions_;
    while (a != NULL && strcmp(a->name, name) != 0) {
        a = a->next_;
    }
    return a;
}

void lp_svc_cron_add_action(lp_svc_cron_t *svc, lp_cron_action_t *action)
{
    if (lp_svc_cron_action(svc, action->name) != NULL) {
        LP_LOGE("there are two actions called %s", action->name);
        return;
    }
    action->next_ = svc->actions_;
    svc->actions_ = action;
}

void lp_svc_cron_init(lp_svc_cron_t *svc, const lp_svc_cron_setup_t *setup)
{
    *svc = (lp_svc_cron_t){.s_ = *setup};
    load_zone(svc);
    for (size_t i = 0; i < LP_CRON_JOBS; i++) {
        load_job(svc, i);
    }
    svc->set_ = (lp_rpc_set_t){
        .methods = lp_svc_cron_methods, .count = lp_svc_cron_method_count, .ctx = svc};
    lp_rpc_add(setup->rpc, &svc->set_);
    lp_timer_init(&svc->timer_, look, svc);
    lp_timer_start(setup->loop, &svc->timer_, 0);
}
