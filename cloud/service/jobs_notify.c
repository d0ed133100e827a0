// SPDX-License-Identifier: Apache-2.0
// What a device and who watches jobs are told. Everything goes through the outbox, so that it is
// told exactly when the change it tells of is stored.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jobs_priv.h"

// The broker serves one account and region; what happens in another is not for its clients.
static bool broker_is_here(const lp_jobs_t *j)
{
    char served[64];
    char here[64];
    snprintf(here, sizeof here, "%s/%s", j->scope->account, j->scope->region);
    return !lp_db_text(j->reg, served, sizeof served, "SELECT value FROM meta WHERE key='s:broker'",
                       "") ||
           strcmp(served, here) == 0;
}

static void put(const lp_jobs_t *j, const char *topic, cJSON *doc)
{
    char *text = cJSON_PrintUnformatted(doc);
    cJSON_Delete(doc);
    if (text != NULL && broker_is_here(j)) {
        const lp_reg_message_t m = {.topic = topic, .payload = text, .payload_len = strlen(text)};
        lp_reg_outbox_put(j->reg, j->scope, NULL, &m);
    }
    cJSON_free(text);
}

static void name_first(const lp_jobs_t *j, const char *thing, char *out, size_t size)
{
    lp_job_exec_t e;
    out[0] = '\0';
    if (lp_job_exec_first(j, thing, &e)) {
        snprintf(out, size, "%s %lld", e.job, (long long)e.number);
        lp_job_exec_free(&e);
    }
}

void lp_jobs_watch(const lp_jobs_t *j, const char *thing, lp_jobs_watch_t *w)
{
    *w = (lp_jobs_watch_t){0};
    snprintf(w->thing, sizeof w->thing, "%s", thing);
    name_first(j, thing, w->first, sizeof w->first);
}

static void tell_list(const lp_jobs_t *j, const char *thing)
{
    char topic[LP_REG_NAME_MAX + 40];
    cJSON *doc = cJSON_CreateObject();
    cJSON_AddNumberToObject(doc, "timestamp", floor(j->now));
    cJSON *jobs = cJSON_AddObjectToObject(doc, "jobs");
    int left = LP_JOBS_NOTIFIED_MAX;
    static const lp_job_state_t states[] = {LP_JOB_IN_PROGRESS, LP_JOB_QUEUED};
    for (int i = 0; i < 2 && left > 0; i++) {
        cJSON *list = lp_job_exec_list(j, thing, states[i], left);
        left -= cJSON_GetArraySize(list);
        if (cJSON_GetArraySize(list) > 0) {
            cJSON_AddItemToObject(jobs, lp_job_state_name(states[i]), list);
        } else {
            cJSON_Delete(list);
        }
    }
    snprintf(topic, sizeof topic, "$aws/things/%s/jobs/notify", thing);
    put(j, topic, doc);
}

static cJSON *next_execution(const lp_jobs_t *j, const lp_job_exec_t *e)
{
    cJSON *doc = lp_job_exec_summary(e);
    cJSON_AddStringToObject(doc, "status", lp_job_state_name(e->state));
    if (e->details != NULL) {
        cJSON_AddItemToObject(doc, "statusDetails", cJSON_Duplicate(e->details, true));
    }
    cJSON *document = lp_job_document_for_device(j, e->job);
    if (document != NULL) {
        cJSON_AddItemToObject(doc, "jobDocument", document);
    }
    return doc;
}

static void tell_next(const lp_jobs_t *j, const char *thing)
{
    char topic[LP_REG_NAME_MAX + 40];
    lp_job_exec_t e;
    cJSON *doc = cJSON_CreateObject();
    cJSON_AddNumberToObject(doc, "timestamp", floor(j->now));
    if (lp_job_exec_first(j, thing, &e)) {
        cJSON_AddItemToObject(doc, "execution", next_execution(j, &e));
        lp_job_exec_free(&e);
    } else {
        cJSON_AddObjectToObject(doc, "execution");
    }
    snprintf(topic, sizeof topic, "$aws/things/%s/jobs/notify-next", thing);
    put(j, topic, doc);
}

void lp_jobs_watched(const lp_jobs_t *j, const lp_jobs_watch_t *w)
{
    char first[sizeof w->first];
    name_first(j, w->thing, first, sizeof first);
    tell_list(j, w->thing);
    if (strcmp(first, w->first) != 0) {
        tell_next(j, w->thing);
    }
}

// --- events -------------------------------------------------------------------------------------

static cJSON *event(const lp_jobs_t *j, const char *type, const char *operation, const char *job)
{
    char id[37];
    cJSON *doc = cJSON_CreateObject();
    lp_db_uuid(id);
    cJSON_AddStringToObject(doc, "eventType", type);
    cJSON_AddStringToObject(doc, "eventId", id);
    cJSON_AddNumberToObject(doc, "timestamp", floor(j->now));
    cJSON_AddStringToObject(doc, "operation", operation);
    cJSON_AddStringToObject(doc, "jobId", job);
    return doc;
}

static const char *const job_members[] = {
    "targetSelection", "targets",     "description",   "comment", "reasonCode",       "createdAt",
    "lastUpdatedAt",   "completedAt", "forceCanceled", "status",  "jobProcessDetails"};

void lp_jobs_job_event(const lp_jobs_t *j, const char *id, const char *operation)
{
    char topic[LP_JOBS_ID_MAX + 60];
    cJSON *described = NULL;
    cJSON *doc = event(j, "JOB", operation, id);
    if (lp_jobs_describe(j, id, &described) == LP_REG_OK) {
        cJSON *job = cJSON_GetObjectItemCaseSensitive(described, "job");
        for (size_t i = 0; i < sizeof job_members / sizeof job_members[0]; i++) {
            cJSON *one = cJSON_DetachItemFromObjectCaseSensitive(job, job_members[i]);
            if (cJSON_IsNumber(one)) {
                cJSON_SetNumberValue(one, floor(one->valuedouble));
            }
            if (one != NULL) {
                cJSON_AddItemToObject(doc, job_members[i], one);
            }
        }
    }
    cJSON_Delete(described);
    snprintf(topic, sizeof topic, "$aws/events/job/%s/%s", id, operation);
    put(j, topic, doc);
}

void lp_jobs_exec_event(const lp_jobs_t *j, const lp_job_exec_t *e, const char *operation)
{
    char topic[LP_JOBS_ID_MAX + 60];
    char arn[LP_REG_ARN_SIZE];
    cJSON *doc = event(j, "JOB_EXECUTION", operation, e->job);
    lp_reg_arn(j->scope, "thing", e->thing, arn);
    cJSON_AddStringToObject(doc, "thingArn", arn);
    cJSON_AddStringToObject(doc, "status", lp_job_state_name(e->state));
    if (e->details != NULL) {
        cJSON_AddItemToObject(doc, "statusDetails", cJSON_Duplicate(e->details, true));
    }
    snprintf(topic, sizeof topic, "$aws/events/jobExecution/%s/%s", e->job, operation);
    put(j, topic, doc);
}
