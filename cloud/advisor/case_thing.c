// SPDX-License-Identifier: Apache-2.0
// Shadow_Publish_Reported_State, Shadow_Update_Reported_State, Job_Execution.
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "engine.h"

#define DESIRED_DEFAULT  "{\"telemetry\":{\"interval_s\":17}}"
#define DOCUMENT_DEFAULT "{\"operation\":\"ping\"}"

static bool is_topic(const lp_advisor_t *a, const adv_input_t *in, const char *rest)
{
    char topic[LP_ADVISOR_TOPIC_MAX];
    adv_shadow_topic(a, in->conn, rest, topic);
    return lp_span_equal_str(in->publish->topic, topic);
}

// The reported state of an update, or null; *root is the caller's to delete.
static const cJSON *reported_of(lp_span_t payload, cJSON **root)
{
    *root = payload.len > 0 ? cJSON_ParseWithLength((const char *)payload.ptr, payload.len) : NULL;
    const cJSON *state = cJSON_GetObjectItemCaseSensitive(*root, "state");
    const cJSON *reported = cJSON_GetObjectItemCaseSensitive(state, "reported");
    return cJSON_IsObject(reported) ? reported : NULL;
}

// --- Shadow_Publish_Reported_State --------------------------------------------------------------

static void on_report(lp_advisor_t *a, const adv_input_t *in)
{
    cJSON *root = NULL;
    const cJSON *reported = reported_of(in->publish->payload, &root);
    cJSON *wanted = a->p.reported_state != NULL ? cJSON_Parse(a->p.reported_state) : NULL;
    if (reported == NULL) {
        adv_end(a, LP_ADVISOR_FAIL, "the shadow update has no object state.reported");
    } else if (a->p.reported_state != NULL && !adv_json_contains(reported, wanted)) {
        a->s.count++;
        adv_log(a, "the reported state is not the one asked for");
    } else {
        adv_end(a, LP_ADVISOR_PASS, "the device published its state");
    }
    cJSON_Delete(wanted);
    cJSON_Delete(root);
}

static void on_shadow_publish(lp_advisor_t *a, const adv_input_t *in)
{
    if (in->kind == ADV_PUBLISH && is_topic(a, in, "update")) {
        on_report(a, in);
    } else if (in->kind == ADV_EXPIRED && a->s.count > 0) {
        adv_end(a, LP_ADVISOR_FAIL, "the device published a state, but not REPORTED_STATE");
    }
}

const adv_play_t adv_shadow_publish = {on_shadow_publish, "for an update of the shadow"};

// --- Shadow_Update_Reported_State ---------------------------------------------------------------

static void on_update(lp_advisor_t *a, const adv_input_t *in)
{
    cJSON *root = NULL;
    const cJSON *reported = reported_of(in->publish->payload, &root);
    if (reported != NULL && adv_json_contains(reported, a->desired)) {
        adv_end(a, LP_ADVISOR_PASS, "the device took over the desired state and reported it");
    } else if (reported != NULL) {
        a->s.count++;
    }
    cJSON_Delete(root);
}

static void on_shadow_update(lp_advisor_t *a, const adv_input_t *in)
{
    if (in->kind == ADV_START) {
        a->desired = cJSON_Parse(a->p.desired_state != NULL ? a->p.desired_state : DESIRED_DEFAULT);
        if (!cJSON_IsObject(a->desired) || a->desired->child == NULL) {
            adv_end(a, LP_ADVISOR_ERROR, "DESIRED_STATE is not a JSON object with a member");
        }
        a->shadow_version = 1;
    } else if (in->kind == ADV_PUBLISH && is_topic(a, in, "update")) {
        on_update(a, in);
    } else if (in->kind == ADV_EXPIRED && a->s.count > 0) {
        adv_end(a, LP_ADVISOR_FAIL, "the device reported a state, but never the desired one");
    } else if (in->kind == ADV_CLOSED) {
        a->s.flags &= ~0x100u; // tell again on the next connection
    }
}

const adv_play_t adv_shadow_update = {on_shadow_update,
                                      "for the device to report the desired state"};

// --- Job_Execution ------------------------------------------------------------------------------

static void start_job(lp_advisor_t *a)
{
    a->job_document = cJSON_Parse(a->p.job_document != NULL ? a->p.job_document : DOCUMENT_DEFAULT);
    if (!cJSON_IsObject(a->job_document)) {
        adv_end(a, LP_ADVISOR_ERROR, "JOB_DOCUMENT is not a JSON object");
        return;
    }
    a->job = ADV_JOB_QUEUED;
    a->job_version = 1;
    snprintf(a->job_status, sizeof a->job_status, "QUEUED");
}

// The run has answered the update before: what it made of it is what counts. So this looks at the
// job's state with each later event, and a short timer makes sure that there is one.
static void look_at_job(lp_advisor_t *a)
{
    if (a->job != ADV_JOB_OVER) {
        return;
    }
    if (strcmp(a->job_status, "SUCCEEDED") == 0) {
        adv_end(a, LP_ADVISOR_PASS, "the device carried the job out: SUCCEEDED");
    } else {
        adv_end(a, LP_ADVISOR_FAIL, "the device ended the job with %s", a->job_status);
    }
}

static void on_job(lp_advisor_t *a, const adv_input_t *in)
{
    if (in->kind == ADV_START) {
        start_job(a);
        return;
    }
    look_at_job(a);
    if (in->kind == ADV_PUBLISH) {
        adv_timer(a, 50);
    } else if (in->kind == ADV_CLOSED) {
        a->s.flags &= ~0x200u;
    } else if (in->kind == ADV_EXPIRED && a->job == ADV_JOB_IN_PROGRESS) {
        adv_end(a, LP_ADVISOR_FAIL, "the device started the job and never said how it ended");
    }
}

const adv_play_t adv_job_execution = {on_job, "for the device to take the job"};
