// SPDX-License-Identifier: Apache-2.0
// Shadow and jobs of the thing under test, as far as a device can see them in a test case.
// @source AWS IoT Core Developer Guide, "Device Shadow MQTT topics", "Jobs device MQTT API"
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine.h"

#define JOB_ID_DEFAULT "limpet-advisor-job"

const char *adv_thing(const lp_advisor_t *a, unsigned conn)
{
    return a->p.thing != NULL ? a->p.thing : a->conns[conn].client_id;
}

void adv_thing_free(lp_advisor_t *a)
{
    cJSON_Delete(a->desired);
    cJSON_Delete(a->reported);
    cJSON_Delete(a->job_document);
}

void adv_shadow_topic(const lp_advisor_t *a, unsigned conn, const char *rest,
                      char out[LP_ADVISOR_TOPIC_MAX])
{
    const bool is_named = a->p.shadow_name != NULL;
    snprintf(out, LP_ADVISOR_TOPIC_MAX, "$aws/things/%s/shadow/%s%s%s%s", adv_thing(a, conn),
             is_named ? "name/" : "", is_named ? a->p.shadow_name : "", is_named ? "/" : "", rest);
}

// --- JSON ---------------------------------------------------------------------------------------

bool adv_json_contains(const cJSON *whole, const cJSON *part)
{
    if (!cJSON_IsObject(part)) {
        return cJSON_Compare(whole, part, true);
    }
    const cJSON *item;
    cJSON_ArrayForEach(item, part)
    {
        const cJSON *own = cJSON_GetObjectItemCaseSensitive(whole, item->string);
        if (own == NULL || !adv_json_contains(own, item)) {
            return false;
        }
    }
    return cJSON_IsObject(whole);
}

// null removes, objects are merged, everything else is replaced.
static void merge(cJSON *into, const cJSON *from)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, from)
    {
        cJSON *own = cJSON_GetObjectItemCaseSensitive(into, item->string);
        if (cJSON_IsObject(item) && cJSON_IsObject(own)) {
            merge(own, item);
            continue;
        }
        cJSON_DeleteItemFromObjectCaseSensitive(into, item->string);
        if (!cJSON_IsNull(item)) {
            cJSON_AddItemToObject(into, item->string, cJSON_Duplicate(item, true));
        }
    }
}

// What desired has and reported has not, or null.
static cJSON *make_delta(const cJSON *desired, const cJSON *reported)
{
    cJSON *delta = cJSON_CreateObject();
    const cJSON *item;
    cJSON_ArrayForEach(item, desired)
    {
        const cJSON *own = cJSON_GetObjectItemCaseSensitive(reported, item->string);
        if (cJSON_IsObject(item) && cJSON_IsObject(own)) {
            cJSON *inner = make_delta(item, own);
            if (inner != NULL) {
                cJSON_AddItemToObject(delta, item->string, inner);
            }
        } else if (!cJSON_Compare(item, own, true)) {
            cJSON_AddItemToObject(delta, item->string, cJSON_Duplicate(item, true));
        }
    }
    if (delta != NULL && delta->child == NULL) {
        cJSON_Delete(delta);
        return NULL;
    }
    return delta;
}

static cJSON *parse(lp_span_t payload)
{
    return payload.len > 0 ? cJSON_ParseWithLength((const char *)payload.ptr, payload.len) : NULL;
}

// Owns `message`.
static bool answer(lp_advisor_t *a, unsigned conn, const char *base, const char *rest,
                   const cJSON *request, cJSON *message)
{
    char topic[LP_ADVISOR_TOPIC_MAX + 32];
    const cJSON *token = cJSON_GetObjectItemCaseSensitive(request, "clientToken");
    if (token != NULL) {
        cJSON_AddItemToObject(message, "clientToken", cJSON_Duplicate(token, true));
    }
    if (cJSON_GetObjectItemCaseSensitive(message, "timestamp") == NULL) {
        cJSON_AddNumberToObject(message, "timestamp", (double)time(NULL));
    }
    snprintf(topic, sizeof topic, "%s%s", base, rest);
    char *text = cJSON_PrintUnformatted(message);
    const bool is_sent = text != NULL && adv_deliver(a, conn, topic, text);
    cJSON_free(text);
    cJSON_Delete(message);
    return is_sent;
}

static void reject(lp_advisor_t *a, unsigned conn, const char *base, const char *rest,
                   const cJSON *request, int code, const char *words)
{
    cJSON *m = cJSON_CreateObject();
    cJSON_AddNumberToObject(m, "code", code);
    cJSON_AddStringToObject(m, "message", words);
    (void)answer(a, conn, base, rest, request, m);
}

// --- shadow -------------------------------------------------------------------------------------

static void send_delta(lp_advisor_t *a, unsigned conn, const char *base)
{
    cJSON *delta = a->desired != NULL ? make_delta(a->desired, a->reported) : NULL;
    if (delta == NULL) {
        return;
    }
    cJSON *m = cJSON_CreateObject();
    cJSON_AddNumberToObject(m, "version", a->shadow_version);
    cJSON_AddItemToObject(m, "state", delta);
    cJSON_AddStringToObject(m, "clientToken", "DeviceAdvisorShadowTestCaseSetup");
    (void)answer(a, conn, base, "update/delta", NULL, m);
}

static void shadow_get(lp_advisor_t *a, unsigned conn, const char *base, const cJSON *request)
{
    if (a->desired == NULL && a->reported == NULL) {
        reject(a, conn, base, "get/rejected", request, 404, "No shadow exists with that name");
        return;
    }
    cJSON *m = cJSON_CreateObject();
    cJSON *state = cJSON_AddObjectToObject(m, "state");
    cJSON *delta = a->desired != NULL ? make_delta(a->desired, a->reported) : NULL;
    if (a->desired != NULL) {
        cJSON_AddItemToObject(state, "desired", cJSON_Duplicate(a->desired, true));
    }
    if (a->reported != NULL) {
        cJSON_AddItemToObject(state, "reported", cJSON_Duplicate(a->reported, true));
    }
    if (delta != NULL) {
        cJSON_AddItemToObject(state, "delta", delta);
    }
    cJSON_AddNumberToObject(m, "version", a->shadow_version);
    (void)answer(a, conn, base, "get/accepted", request, m);
}

static void shadow_update(lp_advisor_t *a, unsigned conn, const char *base, const cJSON *request)
{
    const cJSON *state = cJSON_GetObjectItemCaseSensitive(request, "state");
    const cJSON *reported = cJSON_GetObjectItemCaseSensitive(state, "reported");
    if (!cJSON_IsObject(state)) {
        reject(a, conn, base, "update/rejected", request, 400, "Missing required node: state");
        return;
    }
    if (a->reported == NULL) {
        a->reported = cJSON_CreateObject();
    }
    merge(a->reported, reported);
    a->shadow_version++;
    cJSON *m = cJSON_CreateObject();
    cJSON_AddItemToObject(m, "state", cJSON_Duplicate(state, true));
    cJSON_AddNumberToObject(m, "version", a->shadow_version);
    (void)answer(a, conn, base, "update/accepted", request, m);
    send_delta(a, conn, base);
}

static void shadow(lp_advisor_t *a, unsigned conn, const char *base, const char *op,
                   const cJSON *request)
{
    if (strcmp(op, "get") == 0) {
        shadow_get(a, conn, base, request);
    } else if (strcmp(op, "update") == 0) {
        shadow_update(a, conn, base, request);
    }
}

// --- jobs ---------------------------------------------------------------------------------------

static const char *job_id(const lp_advisor_t *a)
{
    return a->p.job_id != NULL ? a->p.job_id : JOB_ID_DEFAULT;
}

static bool is_job_open(const lp_advisor_t *a)
{
    return a->job == ADV_JOB_QUEUED || a->job == ADV_JOB_IN_PROGRESS;
}

static cJSON *make_execution(const lp_advisor_t *a, bool has_document)
{
    cJSON *e = cJSON_CreateObject();
    const double now = (double)time(NULL);
    cJSON_AddStringToObject(e, "jobId", job_id(a));
    cJSON_AddStringToObject(e, "status", a->job_status);
    cJSON_AddNumberToObject(e, "queuedAt", now);
    cJSON_AddNumberToObject(e, "lastUpdatedAt", now);
    cJSON_AddNumberToObject(e, "versionNumber", a->job_version);
    cJSON_AddNumberToObject(e, "executionNumber", 1);
    if (has_document) {
        cJSON_AddItemToObject(e, "jobDocument", cJSON_Duplicate(a->job_document, true));
    }
    return e;
}

static void notify(lp_advisor_t *a, unsigned conn, const char *base)
{
    cJSON *m = cJSON_CreateObject();
    cJSON *jobs = cJSON_AddObjectToObject(m, "jobs");
    cJSON *next = cJSON_CreateObject();
    if (is_job_open(a)) {
        cJSON *list =
            cJSON_AddArrayToObject(jobs, a->job == ADV_JOB_QUEUED ? "QUEUED" : "IN_PROGRESS");
        cJSON_AddItemToArray(list, make_execution(a, false));
        cJSON_AddItemToObject(next, "execution", make_execution(a, true));
    }
    (void)answer(a, conn, base, "notify", NULL, m);
    (void)answer(a, conn, base, "notify-next", NULL, next);
}

static void jobs_list(lp_advisor_t *a, unsigned conn, const char *base, const cJSON *request)
{
    cJSON *m = cJSON_CreateObject();
    cJSON *queued = cJSON_AddArrayToObject(m, "queuedJobs");
    cJSON *running = cJSON_AddArrayToObject(m, "inProgressJobs");
    if (is_job_open(a)) {
        cJSON_AddItemToArray(a->job == ADV_JOB_QUEUED ? queued : running, make_execution(a, false));
    }
    (void)answer(a, conn, base, "get/accepted", request, m);
}

static void jobs_start(lp_advisor_t *a, unsigned conn, const char *base, const cJSON *request)
{
    cJSON *m = cJSON_CreateObject();
    if (is_job_open(a)) {
        a->job = ADV_JOB_IN_PROGRESS;
        a->job_version++;
        snprintf(a->job_status, sizeof a->job_status, "IN_PROGRESS");
        cJSON_AddItemToObject(m, "execution", make_execution(a, true));
    }
    (void)answer(a, conn, base, "start-next/accepted", request, m);
}

static void job_get(lp_advisor_t *a, unsigned conn, const char *base, bool is_next,
                    const cJSON *request)
{
    if (!is_next && a->job == ADV_JOB_NONE) {
        reject(a, conn, base, "get/rejected", request, 404, "no such job");
        return;
    }
    cJSON *m = cJSON_CreateObject();
    if (is_job_open(a) || !is_next) {
        cJSON_AddItemToObject(m, "execution", make_execution(a, true));
    }
    (void)answer(a, conn, base, "get/accepted", request, m);
}

static int job_state_of(const char *status)
{
    static const char *const over[] = {"SUCCEEDED", "FAILED", "REJECTED"};
    for (size_t i = 0; i < sizeof over / sizeof over[0]; i++) {
        if (strcmp(over[i], status) == 0) {
            return ADV_JOB_OVER;
        }
    }
    return strcmp(status, "IN_PROGRESS") == 0 ? ADV_JOB_IN_PROGRESS : ADV_JOB_NONE;
}

static void job_update(lp_advisor_t *a, unsigned conn, const char *base, const char *jobs_base,
                       const cJSON *request)
{
    const cJSON *status = cJSON_GetObjectItemCaseSensitive(request, "status");
    const int state = cJSON_IsString(status) ? job_state_of(status->valuestring) : ADV_JOB_NONE;
    if (state == ADV_JOB_NONE || !is_job_open(a)) {
        reject(a, conn, base, "update/rejected", request, 400,
               state == ADV_JOB_NONE ? "status is not valid" : "the job is over");
        return;
    }
    a->job = state;
    a->job_version++;
    snprintf(a->job_status, sizeof a->job_status, "%s", status->valuestring);
    (void)answer(a, conn, base, "update/accepted", request, cJSON_CreateObject());
    if (state == ADV_JOB_OVER) {
        notify(a, conn, jobs_base);
    }
}

// `rest` is what follows "$aws/things/T/jobs/": get, start-next, ID/get, ID/update.
static void jobs(lp_advisor_t *a, unsigned conn, const char *base, const char *rest,
                 const cJSON *request)
{
    char job_base[LP_ADVISOR_TOPIC_MAX + 8];
    const char *slash = strchr(rest, '/');
    if (slash == NULL) {
        if (strcmp(rest, "get") == 0) {
            jobs_list(a, conn, base, request);
        } else if (strcmp(rest, "start-next") == 0) {
            jobs_start(a, conn, base, request);
        }
        return;
    }
    const size_t id_len = (size_t)(slash - rest);
    const bool is_next = strncmp(rest, "$next", id_len) == 0 && id_len == 5;
    snprintf(job_base, sizeof job_base, "%s%.*s/", base, (int)id_len, rest);
    if (!is_next && (strlen(job_id(a)) != id_len || strncmp(rest, job_id(a), id_len) != 0)) {
        return;
    }
    if (strcmp(slash, "/get") == 0) {
        job_get(a, conn, job_base, is_next, request);
    } else if (strcmp(slash, "/update") == 0) {
        job_update(a, conn, job_base, base, request);
    }
}

// --- the two ways in ----------------------------------------------------------------------------

void adv_thing_publish(lp_advisor_t *a, unsigned conn, const lp_mqtt_publish_t *p)
{
    char topic[LP_ADVISOR_TOPIC_MAX];
    char prefix[LP_ADVISOR_TOPIC_MAX];
    if (p->topic.len >= sizeof topic) {
        return;
    }
    memcpy(topic, p->topic.ptr, p->topic.len);
    topic[p->topic.len] = '\0';
    const int n = snprintf(prefix, sizeof prefix, "$aws/things/%s/", adv_thing(a, conn));
    if (n >= (int)sizeof prefix || strncmp(topic, prefix, (size_t)n) != 0) {
        return;
    }
    cJSON *request = parse(p->payload);
    char base[LP_ADVISOR_TOPIC_MAX];
    adv_shadow_topic(a, conn, "", base);
    if (strncmp(topic, base, strlen(base)) == 0) {
        shadow(a, conn, base, topic + strlen(base), request);
    } else if (strncmp(topic + n, "jobs/", 5) == 0) {
        snprintf(base, sizeof base, "%.*sjobs/", n, prefix);
        jobs(a, conn, base, topic + n + 5, request);
    }
    cJSON_Delete(request);
}

// A device that only listens learns of what waits for it.
void adv_thing_subscribed(lp_advisor_t *a, unsigned conn)
{
    char base[LP_ADVISOR_TOPIC_MAX];
    if (a->desired != NULL && (a->s.flags & 0x100u) == 0) {
        adv_shadow_topic(a, conn, "update/delta", base);
        if (adv_subscribed_qos(a, base) >= 0) {
            a->s.flags |= 0x100u;
            adv_shadow_topic(a, conn, "", base);
            send_delta(a, conn, base);
        }
    }
    if (a->job == ADV_JOB_QUEUED && (a->s.flags & 0x200u) == 0) {
        char topic[LP_ADVISOR_TOPIC_MAX + 16];
        snprintf(base, sizeof base, "$aws/things/%.128s/jobs/", adv_thing(a, conn));
        snprintf(topic, sizeof topic, "%snotify-next", base);
        const bool has_next = adv_subscribed_qos(a, topic) >= 0;
        snprintf(topic, sizeof topic, "%snotify", base);
        if (has_next || adv_subscribed_qos(a, topic) >= 0) {
            a->s.flags |= 0x200u;
            notify(a, conn, base);
        }
    }
}
