// SPDX-License-Identifier: Apache-2.0
#include "svc_cron_internal.h"

// -- parameters

// The place that `id` names. -1: answered.
static int take_id(const lp_svc_cron_t *svc, lp_rpc_req_t *req)
{
    lp_json_t value;
    uint32_t id = 0;
    if (lp_rpc_param(req, "id", &value) != LP_OK ||
        lp_json_u32(value, LP_CRON_JOBS, &id) != LP_OK || id == 0) {
        lp_rpc_fail(req, LP_E_INVALID, "id: 1..%d, as Cron.List has it", LP_CRON_JOBS);
        return -1;
    }
    if (svc->jobs_[id - 1].at[0] == '\0') {
        lp_rpc_fail(req, LP_E_NOT_FOUND, "there is no job %lu", (unsigned long)id);
        return -1;
    }
    return (int)id - 1;
}

// A text that may be left out where `is_optional`. False: answered.
static bool take_text(lp_rpc_req_t *req, const char *key, char *dst, size_t cap, bool is_optional)
{
    char text[LP_CRON_PAYLOAD_MAX + 1];
    const lp_err_t err = lp_rpc_param_str(req, key, text, cap);
    if (err == LP_E_NOT_FOUND && is_optional) {
        return true;
    }
    if (err != LP_OK) {
        lp_rpc_fail(req, LP_E_INVALID, "%s: a text of up to %u bytes", key, (unsigned)cap - 1);
        return false;
    }
    (void)lp_fmt_str(dst, cap, "%s", text);
    return true;
}

static bool take_time(lp_rpc_req_t *req, lp_cron_job_t *job)
{
    uint8_t text[160];
    lp_buf_t why = lp_buf(text, sizeof text);
    const lp_err_t err = lp_cron_parse(lp_span_str(job->at), &job->cron_, &why);
    if (err != LP_OK) {
        lp_rpc_fail(req, LP_E_INVALID, "at: %.*s", LP_FMT_SPAN(lp_buf_span(&why)));
    }
    return err == LP_OK;
}

// What the request says, over what is in `job`. False: answered.
static bool take_job(const lp_svc_cron_t *svc, lp_rpc_req_t *req, lp_cron_job_t *job, bool is_edit)
{
    if (!take_text(req, "at", job->at, sizeof job->at, is_edit) ||
        !take_text(req, "action", job->action, sizeof job->action, is_edit) ||
        !take_text(req, "payload", job->payload, sizeof job->payload, true) ||
        !take_time(req, job)) {
        return false;
    }
    if (lp_rpc_param_bool(req, "enable", job->is_enabled, &job->is_enabled) != LP_OK) {
        lp_rpc_fail(req, LP_E_INVALID, "enable: true or false");
        return false;
    }
    if (lp_svc_cron_action(svc, job->action) == NULL) {
        lp_rpc_fail(req, LP_E_NOT_FOUND,
                    "action: nobody here does that; Cron.Actions lists what there is");
        return false;
    }
    return true;
}

// -- answers

static void put_job(const lp_cron_job_t *job, size_t i, lp_json_writer_t *w)
{
    lp_json_put_object(w);
    lp_json_put_key(w, "id");
    lp_json_put_uint(w, i + 1);
    lp_json_put_key(w, "at");
    lp_json_put_str(w, job->at);
    lp_json_put_key(w, "action");
    lp_json_put_str(w, job->action);
    lp_json_put_key(w, "payload");
    lp_json_put_str(w, job->payload);
    lp_json_put_key(w, "enable");
    lp_json_put_bool(w, job->is_enabled);
    lp_json_put_key(w, "next_utc_s");
    if (job->next_s_ == INT64_MAX) {
        lp_json_put_null(w);
    } else {
        lp_json_put_int(w, job->next_s_);
    }
    lp_json_put_object_end(w);
}

static void answer_kept(lp_rpc_req_t *req, lp_err_t err, size_t i)
{
    if (err != LP_OK) {
        lp_rpc_fail(req, err, NULL);
        return;
    }
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_object(w);
    lp_json_put_key(w, "id");
    lp_json_put_uint(w, i + 1);
    lp_json_put_object_end(w);
    lp_rpc_done(req);
}

// -- methods

static void rpc_add(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_cron_t *svc = ctx;
    lp_cron_job_t job = {.is_enabled = true};
    size_t i = 0;
    while (i < LP_CRON_JOBS && svc->jobs_[i].at[0] != '\0') {
        i++;
    }
    if (i == LP_CRON_JOBS) {
        lp_rpc_fail(req, LP_E_NOSPACE, "there are %d jobs, which is all there is room for",
                    LP_CRON_JOBS);
        return;
    }
    if (take_job(svc, req, &job, false)) {
        answer_kept(req, lp_svc_cron_keep(svc, i, &job), i);
    }
}

static void rpc_edit(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_cron_t *svc = ctx;
    const int i = take_id(svc, req);
    if (i < 0) {
        return;
    }
    lp_cron_job_t job = svc->jobs_[i];
    if (take_job(svc, req, &job, true)) {
        answer_kept(req, lp_svc_cron_keep(svc, (size_t)i, &job), (size_t)i);
    }
}

static void rpc_remove(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_cron_t *svc = ctx;
    const int i = take_id(svc, req);
    if (i < 0) {
        return;
    }
    const lp_err_t err = lp_svc_cron_drop(svc, (size_t)i);
    if (err == LP_OK) {
        lp_rpc_ok(req);
    } else {
        lp_rpc_fail(req, err, NULL);
    }
}

static void rpc_get(void *ctx, lp_rpc_req_t *req)
{
    const lp_svc_cron_t *svc = ctx;
    const int i = take_id(svc, req);
    if (i >= 0) {
        put_job(&svc->jobs_[i], (size_t)i, lp_rpc_result(req));
        lp_rpc_done(req);
    }
}

static void rpc_list(void *ctx, lp_rpc_req_t *req)
{
    const lp_svc_cron_t *svc = ctx;
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_array(w);
    for (size_t i = 0; i < LP_CRON_JOBS; i++) {
        if (svc->jobs_[i].at[0] != '\0') {
            put_job(&svc->jobs_[i], i, w);
        }
    }
    lp_json_put_array_end(w);
    lp_rpc_done(req);
}

static void rpc_actions(void *ctx, lp_rpc_req_t *req)
{
    const lp_svc_cron_t *svc = ctx;
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_array(w);
    for (const lp_cron_action_t *a = svc->actions_; a != NULL; a = a->next_) {
        lp_json_put_str(w, a->name);
    }
    lp_json_put_array_end(w);
    lp_rpc_done(req);
}

static void rpc_zone(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_cron_t *svc = ctx;
    char zone[LP_CRON_ZONE_MAX + 1];
    lp_tz_t tz;
    const lp_err_t found = lp_rpc_param_str(req, "zone", zone, sizeof zone);
    lp_err_t err = LP_OK;
    if (found == LP_OK && lp_tz_parse(lp_span_str(zone), &tz) == LP_OK) {
        err = lp_svc_cron_keep_zone(svc, zone, &tz);
    } else if (found != LP_E_NOT_FOUND) {
        lp_rpc_fail(req, LP_E_INVALID,
                    "zone: its rules are needed, like CET-1CEST,M3.5.0,M10.5.0/3 or <+0530>-5:30");
        return;
    }
    if (err != LP_OK) {
        lp_rpc_fail(req, err, NULL);
        return;
    }
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_object(w);
    lp_json_put_key(w, "zone");
    lp_json_put_str(w, svc->zone_);
    lp_json_put_object_end(w);
    lp_rpc_done(req);
}

const lp_rpc_method_t lp_svc_cron_methods[] = {
    {"Cron.Add", LP_RPC_WRITE, rpc_add, "{at, action, payload, enable}", "{id}"},
    {"Cron.Edit", LP_RPC_WRITE, rpc_edit, "{id, at, action, payload, enable}", "{id}"},
    {"Cron.Remove", LP_RPC_WRITE, rpc_remove, "{id}", "{}"},
    {"Cron.Get", LP_RPC_READ, rpc_get, "{id}", "{id, at, action, payload, enable, next_utc_s}"},
    {"Cron.List", LP_RPC_READ, rpc_list, "", "[job]"},
    {"Cron.Actions", LP_RPC_READ, rpc_actions, "", "[name]"},
    {"Cron.Zone", LP_RPC_WRITE, rpc_zone, "{zone}", "{zone}"},
};
const size_t lp_svc_cron_method_count = sizeof lp_svc_cron_methods / sizeof lp_svc_cron_methods[0];
