// SPDX-License-Identifier: Apache-2.0
//   idle --login, notify-next--> asking --start-next/accepted with a job--> under way
//     ^                            |                                            |
//     +------- without one --------+--------- lp_svc_jobs_end() ----------------+
#include "limpet/svc_jobs.h"

#include <string.h>

#include "limpet/log.h"
#include "limpet/settings.h"
#include "thing.h"

#define LOG_MODULE "jobs"

enum { UPDATE_MAX = 384 };

static bool is_on(const void *ctx)
{
    const lp_svc_jobs_t *svc = ctx;
    return lp_setting_cloud_jobs(svc->s_.config);
}

// -- asking

static void on_asked(void *ctx, lp_err_t err, const lp_mqtt_result_t *result)
{
    lp_svc_jobs_t *svc = ctx;
    (void)result;
    if (err != LP_OK) {
        svc->is_asking_ = false;
    }
}

static void ask(lp_svc_jobs_t *svc)
{
    char topic[LP_CLOUD_INCOMING_MAX];
    if (svc->job_[0] != '\0' || svc->is_asking_) {
        return;
    }
    lp_err_t err = lp_thing_topic(&svc->thing_, "start-next", topic);
    if (err == LP_OK) {
        err = lp_svc_cloud_send(svc->s_.cloud, topic, lp_span_str("{}"), 1, on_asked, svc);
    }
    svc->is_asking_ = err == LP_OK;
    if (err != LP_OK) {
        LP_LOGW("jobs were not asked for (%s)", lp_err_text(err));
    }
}

// -- a job

// Job ids go into topics: only what AWS allows in them.
static bool is_job_id(const char *id)
{
    for (const char *p = id; *p != '\0'; p++) {
        const bool is_word = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
                             (*p >= '0' && *p <= '9') || *p == '-' || *p == '_';
        if (!is_word) {
            return false;
        }
    }
    return id[0] != '\0';
}

static void start(lp_svc_jobs_t *svc, lp_json_t execution)
{
    char id[LP_JOB_ID_MAX];
    lp_json_t value;
    lp_json_t document;
    const lp_err_t err = lp_json_get(execution, "jobId", &value);
    if (err == LP_E_NOT_FOUND) {
        return; // nothing is waiting: the execution is empty
    }
    if (err != LP_OK || lp_json_cstr(value, id, sizeof id) != LP_OK || !is_job_id(id) ||
        lp_json_get(execution, "jobDocument", &document) != LP_OK) {
        LP_LOGW("a job has no usable id or no document");
        return;
    }
    memcpy(svc->job_, id, sizeof svc->job_);
    svc->started++;
    LP_LOGI("job %s begins", id);
    svc->s_.handler(svc->s_.ctx, svc, document);
}

static void on_started(void *ctx, lp_span_t payload)
{
    lp_svc_jobs_t *svc = ctx;
    lp_json_t root;
    lp_json_t execution;
    svc->is_asking_ = false;
    if (svc->job_[0] != '\0' || lp_json_parse(payload, &root) != LP_OK) {
        return;
    }
    if (lp_json_get(root, "execution", &execution) == LP_OK) {
        start(svc, execution);
    }
}

static bool has_execution(lp_span_t payload)
{
    lp_json_t root;
    lp_json_t execution;
    lp_json_t id;
    return lp_json_parse(payload, &root) == LP_OK &&
           lp_json_get(root, "execution", &execution) == LP_OK &&
           lp_json_get(execution, "jobId", &id) == LP_OK;
}

static void on_next(void *ctx, lp_span_t payload)
{
    if (has_execution(payload)) {
        ask(ctx);
    }
}

// -- its end

static const char *name_of(lp_job_end_t end)
{
    switch (end) {
    case LP_JOB_SUCCEEDED:
        return "SUCCEEDED";
    case LP_JOB_FAILED:
        return "FAILED";
    case LP_JOB_REJECTED:
        return "REJECTED";
    }
    return "FAILED";
}

static lp_err_t compose(lp_job_end_t end, const char *reason, lp_buf_t *out)
{
    char words[LP_JOB_REASON_MAX];
    lp_json_writer_t w;
    lp_json_init(&w, out);
    lp_json_put_object(&w);
    lp_json_put_key(&w, "status");
    lp_json_put_str(&w, name_of(end));
    if (reason != NULL) {
        size_t len = strlen(reason) < sizeof words ? strlen(reason) : sizeof words - 1;
        while (len > 0 && ((uint8_t)reason[len] & 0xC0) == 0x80) {
            len--; // not inside of a character
        }
        memcpy(words, reason, len);
        words[len] = '\0';
        lp_json_put_key(&w, "statusDetails");
        lp_json_put_object(&w);
        lp_json_put_key(&w, "reason");
        lp_json_put_str(&w, words);
        lp_json_put_object_end(&w);
    }
    lp_json_put_object_end(&w);
    return lp_json_done(&w);
}

static void on_told(void *ctx, lp_err_t err, const lp_mqtt_result_t *result)
{
    const lp_svc_jobs_t *svc = ctx;
    (void)result;
    if (err == LP_OK && svc->s_.on_told != NULL) {
        svc->s_.on_told(svc->s_.ctx);
    }
}

lp_err_t lp_svc_jobs_end(lp_svc_jobs_t *svc, lp_job_end_t end, const char *reason)
{
    char rest[LP_JOB_ID_MAX + 8];
    char topic[LP_CLOUD_INCOMING_MAX];
    uint8_t bytes[UPDATE_MAX];
    lp_buf_t out = lp_buf(bytes, sizeof bytes);
    if (svc->job_[0] == '\0') {
        return LP_E_STATE;
    }
    (void)lp_fmt_str(rest, sizeof rest, "%s/update", svc->job_);
    lp_err_t err = lp_thing_topic(&svc->thing_, rest, topic);
    if (err == LP_OK) {
        err = compose(end, reason, &out);
    }
    if (err == LP_OK) {
        err = lp_svc_cloud_send(svc->s_.cloud, topic, lp_buf_span(&out), 1, on_told, svc);
    }
    if (err == LP_OK) {
        LP_LOGI("job %s: %s%s%s", svc->job_, name_of(end), reason != NULL ? ", " : "",
                reason != NULL ? reason : "");
        svc->job_[0] = '\0';
        svc->ended++;
    }
    return err;
}

const char *lp_svc_jobs_current(const lp_svc_jobs_t *svc)
{
    return svc->job_;
}

// -- the connection

static void on_ready(void *ctx)
{
    lp_svc_jobs_t *svc = ctx;
    svc->is_asking_ = false; // an answer of before may be lost
    ask(svc);
}

static const lp_thing_kind_t kind = {.name = "jobs",
                                     .topics = {"notify-next", "start-next/accepted"},
                                     .is_on = is_on,
                                     .ready = on_ready,
                                     .on_topic = {on_next, on_started}};

void lp_svc_jobs_init(lp_svc_jobs_t *svc, const lp_svc_jobs_setup_t *setup)
{
    memset(svc, 0, sizeof *svc);
    svc->s_ = *setup;
    lp_thing_init(&svc->thing_, &kind, setup->cloud, svc);
}
