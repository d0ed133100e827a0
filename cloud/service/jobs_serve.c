// SPDX-License-Identifier: Apache-2.0
// Jobs over MQTT: $aws/things/THING/jobs/get, start-next, JOB/get, JOB/update.
#include "jobs_serve.h"

#include <stdio.h>
#include <string.h>

#include "limpet/jobs.h"

typedef struct {
    char thing[LP_REG_NAME_MAX + 1];
    char job[LP_JOBS_ID_MAX + 1];
    lp_jobs_op_t op;
} topic_t;

static bool ends_with(const char *text, const char *tail)
{
    size_t n = strlen(text);
    size_t len = strlen(tail);
    return n >= len && strcmp(text + n - len, tail) == 0;
}

// What only the service publishes: a client that does so is not answered.
static bool is_answer(const char *rest)
{
    return ends_with(rest, "/accepted") || ends_with(rest, "/rejected") ||
           strcmp(rest, "notify") == 0 || strcmp(rest, "notify-next") == 0;
}

static bool take(const char *from, size_t len, char *out, size_t size)
{
    if (len == 0 || len >= size) {
        return false;
    }
    memcpy(out, from, len);
    out[len] = '\0';
    return true;
}

static bool read_rest(const char *rest, topic_t *t)
{
    size_t len = strcspn(rest, "/");
    if (strcmp(rest, "get") == 0) {
        t->op = LP_JOBS_GET_PENDING;
        return true;
    }
    if (strcmp(rest, "start-next") == 0) {
        t->op = LP_JOBS_START_NEXT;
        return true;
    }
    bool describe = strcmp(rest + len, "/get") == 0;
    t->op = describe ? LP_JOBS_DESCRIBE : LP_JOBS_UPDATE;
    return (describe || strcmp(rest + len, "/update") == 0) &&
           take(rest, len, t->job, sizeof t->job);
}

static void answer(const lp_service_request_t *q, const lp_service_out_t *out,
                   const lp_jobs_answer_t *a)
{
    char topic[400];
    const cJSON *doc = a->accepted != NULL ? a->accepted : a->rejected;
    char *text = cJSON_PrintUnformatted(doc);
    if (text == NULL) {
        return;
    }
    snprintf(topic, sizeof topic, "%s/%s", q->topic, a->accepted != NULL ? "accepted" : "rejected");
    out->send(out->arg, q->client, topic, text, strlen(text));
    cJSON_free(text);
}

// An empty payload is an empty request; many devices send it so.
static cJSON *parse(const lp_service_request_t *q)
{
    if (q->payload_len == 0) {
        return cJSON_CreateObject();
    }
    return lp_text_ok(q->payload, q->payload_len)
               ? cJSON_ParseWithLength(q->payload, q->payload_len)
               : NULL;
}

void lp_jobs_serve(const lp_service_request_t *q, const lp_service_out_t *out)
{
    topic_t t = {0};
    lp_jobs_answer_t a = {0};
    const lp_jobs_t j = lp_jobs(q->reg, q->scope);
    const char *thing = q->topic + strlen("$aws/things/");
    size_t len = strcspn(thing, "/");
    const char *rest = thing + len + strlen("/jobs/");
    if (strlen(q->topic) > 300 || is_answer(rest)) {
        return;
    }
    cJSON *request = parse(q);
    if (!take(thing, len, t.thing, sizeof t.thing) || !read_rest(rest, &t)) {
        lp_jobs_reject(&j, LP_JOBS_INVALID_TOPIC, "No request has this topic", request, &a);
    } else if (!cJSON_IsObject(request)) {
        lp_jobs_reject(&j, LP_JOBS_INVALID_JSON, "The payload is not a JSON object", NULL, &a);
    } else {
        lp_jobs_request(&j, t.op, t.thing, t.job, request, &a);
    }
    answer(q, out, &a);
    lp_jobs_answer_free(&a);
    cJSON_Delete(request);
}
