// SPDX-License-Identifier: Apache-2.0
// Jobs and job templates: the control plane, and the devices' side over REST.
//
// Two of the data plane's calls have the method and path of a control plane's call; AWS tells them
// apart by the host, here the service of the signature does.
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "limpet/jobs.h"

static bool is_data_plane(const lp_call_t *c)
{
    return strcmp(c->service, "iot-jobs-data") == 0;
}

// What is due comes first, so that every answer is true now.
static lp_reg_err_t begin(lp_call_t *c, lp_jobs_t *j)
{
    *j = lp_jobs(c->reg, &c->scope);
    return lp_jobs_tick(j);
}

static lp_reg_err_t number(lp_call_t *c, const char *text, int64_t *out)
{
    char *end = NULL;
    *out = text != NULL ? strtoll(text, &end, 10) : 0;
    return text == NULL || (end != text && *end == '\0' && *out > 0)
               ? LP_REG_OK
               : lp_call_fail(c, LP_REG_INVALID, "The executionNumber is a number above 0");
}

// --- jobs ---------------------------------------------------------------------------------------

static lp_reg_err_t create(lp_call_t *c)
{
    lp_jobs_t j;
    lp_reg_err_t rc = begin(c, &j);
    return rc == LP_REG_OK ? lp_jobs_create(&j, c->param[0], c->body, &c->out) : rc;
}

static lp_reg_err_t describe(lp_call_t *c)
{
    lp_jobs_t j;
    lp_reg_err_t rc = begin(c, &j);
    return rc == LP_REG_OK ? lp_jobs_describe(&j, c->param[0], &c->out) : rc;
}

static lp_reg_err_t document(lp_call_t *c)
{
    lp_jobs_t j;
    lp_reg_err_t rc = begin(c, &j);
    return rc == LP_REG_OK ? lp_jobs_document(&j, c->param[0], &c->out) : rc;
}

static lp_reg_err_t list(lp_call_t *c)
{
    lp_jobs_t j;
    lp_page_t page = {0};
    const lp_jobs_filter_t filter = {
        .status = lp_call_query(c, "status"),
        .selection = lp_call_query(c, "targetSelection"),
        .group = lp_call_query(c, "thingGroupName"),
        .group_id = lp_call_query(c, "thingGroupId"),
        .name_space = lp_call_query(c, "namespaceId"),
    };
    lp_reg_err_t rc = lp_call_page(c, "maxResults", "nextToken", &page);
    rc = rc == LP_REG_OK ? begin(c, &j) : rc;
    return rc == LP_REG_OK ? lp_jobs_list(&j, &filter, &page, &c->out) : rc;
}

static lp_reg_err_t update(lp_call_t *c)
{
    lp_jobs_t j;
    lp_reg_err_t rc = begin(c, &j);
    return rc == LP_REG_OK ? lp_jobs_update(&j, c->param[0], c->body) : rc;
}

static lp_reg_err_t cancel(lp_call_t *c)
{
    lp_jobs_t j;
    lp_reg_err_t rc = begin(c, &j);
    return rc == LP_REG_OK
               ? lp_jobs_cancel(&j, c->param[0], c->body, lp_call_flag(c, "force"), &c->out)
               : rc;
}

static lp_reg_err_t delete_job(lp_call_t *c)
{
    lp_jobs_t j;
    lp_reg_err_t rc = begin(c, &j);
    return rc == LP_REG_OK ? lp_jobs_delete(&j, c->param[0], lp_call_flag(c, "force")) : rc;
}

static lp_reg_err_t associate(lp_call_t *c)
{
    lp_jobs_t j;
    lp_reg_err_t rc = begin(c, &j);
    return rc == LP_REG_OK ? lp_jobs_associate(&j, c->param[0], c->body, &c->out) : rc;
}

// --- executions ---------------------------------------------------------------------------------

static lp_reg_err_t executions(lp_call_t *c)
{
    lp_jobs_t j;
    lp_page_t page = {0};
    lp_reg_err_t rc = lp_call_page(c, "maxResults", "nextToken", &page);
    rc = rc == LP_REG_OK ? begin(c, &j) : rc;
    return rc == LP_REG_OK
               ? lp_jobs_executions(&j, c->param[0], lp_call_query(c, "status"), &page, &c->out)
               : rc;
}

static lp_reg_err_t execution_cancel(lp_call_t *c)
{
    lp_jobs_t j;
    lp_reg_err_t rc = begin(c, &j);
    return rc == LP_REG_OK ? lp_jobs_execution_cancel(&j, c->param[1], c->param[0], c->body,
                                                      lp_call_flag(c, "force"))
                           : rc;
}

static lp_reg_err_t execution_delete(lp_call_t *c)
{
    lp_jobs_t j;
    int64_t n = 0;
    lp_reg_err_t rc = number(c, c->param[2], &n);
    rc = rc == LP_REG_OK ? begin(c, &j) : rc;
    return rc == LP_REG_OK
               ? lp_jobs_execution_delete(&j, c->param[1], c->param[0], n, lp_call_flag(c, "force"))
               : rc;
}

// --- the devices' side --------------------------------------------------------------------------

static void document_as_text(cJSON *holder)
{
    cJSON *document = cJSON_DetachItemFromObjectCaseSensitive(holder, "jobDocument");
    char *text = document != NULL ? cJSON_PrintUnformatted(document) : NULL;
    if (text != NULL) {
        cJSON_AddStringToObject(holder, "jobDocument", text);
    }
    cJSON_free(text);
    cJSON_Delete(document);
}

static lp_reg_err_t request(lp_call_t *c, lp_jobs_op_t op, const char *job)
{
    lp_jobs_answer_t a;
    const lp_jobs_t j = lp_jobs(c->reg, &c->scope);
    lp_jobs_request(&j, op, c->param[0], job, c->body, &a);
    lp_reg_err_t rc = LP_REG_OK;
    if (a.code == LP_JOBS_OK) {
        cJSON_DeleteItemFromObjectCaseSensitive(a.accepted, "timestamp");
        document_as_text(a.accepted);
        document_as_text(cJSON_GetObjectItemCaseSensitive(a.accepted, "execution"));
        c->out = a.accepted;
        a.accepted = NULL;
    } else {
        rc = lp_call_fail(
            c, lp_jobs_code_rest(a.code),
            cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(a.rejected, "message")));
    }
    lp_jobs_answer_free(&a);
    return rc;
}

static lp_reg_err_t start_next(lp_call_t *c)
{
    return request(c, LP_JOBS_START_NEXT, NULL);
}

static lp_reg_err_t device_update(lp_call_t *c)
{
    return request(c, LP_JOBS_UPDATE, c->param[1]);
}

// Over REST the document comes only when asked for.
static lp_reg_err_t device_describe(lp_call_t *c)
{
    const char *number_text = lp_call_query(c, "executionNumber");
    cJSON_AddBoolToObject(c->body, "includeJobDocument", lp_call_flag(c, "includeJobDocument"));
    if (number_text != NULL) {
        cJSON_AddStringToObject(c->body, "executionNumber", number_text);
    }
    return request(c, LP_JOBS_DESCRIBE, c->param[1]);
}

static lp_reg_err_t execution(lp_call_t *c)
{
    lp_jobs_t j;
    int64_t n = 0;
    if (is_data_plane(c)) {
        return device_describe(c);
    }
    lp_reg_err_t rc = number(c, lp_call_query(c, "executionNumber"), &n);
    rc = rc == LP_REG_OK ? begin(c, &j) : rc;
    return rc == LP_REG_OK ? lp_jobs_execution(&j, c->param[1], c->param[0], n, &c->out) : rc;
}

static lp_reg_err_t of_thing(lp_call_t *c)
{
    lp_jobs_t j;
    lp_page_t page = {0};
    if (is_data_plane(c)) {
        return request(c, LP_JOBS_GET_PENDING, NULL);
    }
    lp_reg_err_t rc = lp_call_page(c, "maxResults", "nextToken", &page);
    rc = rc == LP_REG_OK ? begin(c, &j) : rc;
    return rc == LP_REG_OK ? lp_jobs_of_thing(&j, c->param[0], lp_call_query(c, "jobId"),
                                              lp_call_query(c, "status"), &page, &c->out)
                           : rc;
}

// --- templates ----------------------------------------------------------------------------------

static lp_reg_err_t template_create(lp_call_t *c)
{
    const lp_jobs_t j = lp_jobs(c->reg, &c->scope);
    return lp_jobs_template_create(&j, c->param[0], c->body, &c->out);
}

static lp_reg_err_t template_describe(lp_call_t *c)
{
    const lp_jobs_t j = lp_jobs(c->reg, &c->scope);
    return lp_jobs_template_describe(&j, c->param[0], &c->out);
}

static lp_reg_err_t template_delete(lp_call_t *c)
{
    const lp_jobs_t j = lp_jobs(c->reg, &c->scope);
    return lp_jobs_template_delete(&j, c->param[0]);
}

static lp_reg_err_t template_list(lp_call_t *c)
{
    const lp_jobs_t j = lp_jobs(c->reg, &c->scope);
    lp_page_t page = {0};
    lp_reg_err_t rc = lp_call_page(c, "maxResults", "nextToken", &page);
    return rc == LP_REG_OK ? lp_jobs_templates(&j, &page, &c->out) : rc;
}

// $next before {jobId}: the first that fits is taken.
const lp_route_t lp_routes_jobs[] = {
    {"PUT", "/jobs/{jobId}", create, "CreateJob"},
    {"GET", "/jobs/{jobId}", describe, "DescribeJob"},
    {"PATCH", "/jobs/{jobId}", update, "UpdateJob"},
    {"DELETE", "/jobs/{jobId}", delete_job, "DeleteJob"},
    {"GET", "/jobs/{jobId}/job-document", document, "GetJobDocument"},
    {"PUT", "/jobs/{jobId}/cancel", cancel, "CancelJob"},
    {"POST", "/jobs/{jobId}/targets", associate, "AssociateTargetsWithJob"},
    {"GET", "/jobs/{jobId}/things", executions, "ListJobExecutionsForJob"},
    {"GET", "/jobs", list, "ListJobs"},
    {"PUT", "/things/{thingName}/jobs/$next", start_next, "StartNextPendingJobExecution"},
    {"PUT", "/things/{thingName}/jobs/%24next", start_next, "StartNextPendingJobExecution"},
    {"GET", "/things/{thingName}/jobs", of_thing, "ListJobExecutionsForThing"},
    {"GET", "/things/{thingName}/jobs/{jobId}", execution, "DescribeJobExecution"},
    {"POST", "/things/{thingName}/jobs/{jobId}", device_update, "UpdateJobExecution"},
    {"PUT", "/things/{thingName}/jobs/{jobId}/cancel", execution_cancel, "CancelJobExecution"},
    {"DELETE", "/things/{thingName}/jobs/{jobId}/executionNumber/{executionNumber}",
     execution_delete, "DeleteJobExecution"},
    {"PUT", "/job-templates/{jobTemplateId}", template_create, "CreateJobTemplate"},
    {"GET", "/job-templates/{jobTemplateId}", template_describe, "DescribeJobTemplate"},
    {"DELETE", "/job-templates/{jobTemplateId}", template_delete, "DeleteJobTemplate"},
    {"GET", "/job-templates", template_list, "ListJobTemplates"},
    {0},
};
