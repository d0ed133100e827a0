// SPDX-License-Identifier: Apache-2.0
// Jobs as their makers see them: targets, rollouts, ends, templates, and jobs that cannot be made.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jobs_fixture.h"

// --- targets, rates, ends
// -------------------------------------------------------------------------

static void jobs_rollout_keeps_its_rate(void **state)
{
    fixture_t *f = *state;
    for (int i = 0; i < 7; i++) {
        char name[8];
        snprintf(name, sizeof name, "t%d", i);
        thing(f, name);
        if (i == 0) {
            group(f, "all", NULL);
        }
        assert_int_equal(lp_reg_group_add(f->reg, &f->scope, "all", name), LP_REG_OK);
    }
    create(f, "slow",
           "{" DOCUMENT "\"targets\":[" GROUP("all") "],\"jobExecutionsRolloutConfig\":"
                                                     "{\"maximumPerMinute\":3}}");
    expect_job(f, "slow", "job.jobProcessDetails.numberOfQueuedThings", "3");
    expect_job(f, "slow", "job.jobProcessDetails.processingTargets", "[" GROUP("all") "]");
    later(f, 59);
    expect_job(f, "slow", "job.jobProcessDetails.numberOfQueuedThings", "3");
    later(f, 2);
    expect_job(f, "slow", "job.jobProcessDetails.numberOfQueuedThings", "6");
    later(f, 61);
    expect_job(f, "slow", "job.jobProcessDetails.numberOfQueuedThings", "7");
    expect_job(f, "slow", "job.jobProcessDetails.processingTargets", "(none)");
    expect_job(f, "slow", "job.status", "\"IN_PROGRESS\"");
}

static void jobs_exponential_rollout_speeds_up_with_success(void **state)
{
    fixture_t *f = *state;
    group(f, "all", NULL);
    for (int i = 0; i < 9; i++) {
        char name[8];
        snprintf(name, sizeof name, "t%d", i);
        thing(f, name);
        assert_int_equal(lp_reg_group_add(f->reg, &f->scope, "all", name), LP_REG_OK);
    }
    create(f, "exp",
           "{" DOCUMENT "\"targets\":[" GROUP(
               "all") "],\"jobExecutionsRolloutConfig\":{"
                      "\"exponentialRate\":{\"baseRatePerMinute\":1,\"incrementFactor\":3,"
                      "\"rateIncreaseCriteria\":{\"numberOfSucceededThings\":1}}}}");
    expect_job(f, "exp", "job.jobProcessDetails.numberOfQueuedThings", "1");
    later(f, 61);
    expect_job(f, "exp", "job.jobProcessDetails.numberOfQueuedThings", "2"); // no success yet
    update(f, "t0", "exp", "SUCCEEDED");
    later(f, 61);
    expect_job(f, "exp", "job.jobProcessDetails.numberOfQueuedThings", "4"); // three a minute
}

static void jobs_snapshot_ends_continuous_goes_on(void **state)
{
    fixture_t *f = *state;
    group(f, "house", NULL);
    group(f, "floor", "house");
    thing(f, "lamp");
    thing(f, "bulb");
    assert_int_equal(lp_reg_group_add(f->reg, &f->scope, "floor", "lamp"), LP_REG_OK);
    create(f, "snap", "{" DOCUMENT "\"targets\":[" GROUP("house") "]}");
    create(f, "cont",
           "{" DOCUMENT "\"targets\":[" GROUP("house") "],\"targetSelection\":"
                                                       "\"CONTINUOUS\"}");
    update(f, "lamp", "snap", "SUCCEEDED");
    update(f, "lamp", "cont", "SUCCEEDED");
    expect_job(f, "snap", "job.status", "\"COMPLETED\"");
    expect_job(f, "cont", "job.status", "\"IN_PROGRESS\"");
    assert_int_equal(lp_reg_group_add(f->reg, &f->scope, "floor", "bulb"), LP_REG_OK);
    told(f);
    later(f, 1);
    assert_non_null(strstr(told(f), "$aws/things/bulb/jobs/notify-next"));
    expect_execution(f, "cont", "bulb", "status", "\"QUEUED\"");
    expect_job(f, "snap", "job.jobProcessDetails.numberOfQueuedThings", "0");
    // who leaves the group is removed, who comes back starts anew
    assert_int_equal(lp_reg_group_remove(f->reg, &f->scope, "floor", "bulb"), LP_REG_OK);
    later(f, 1);
    expect_execution(f, "cont", "bulb", "status", "\"REMOVED\"");
    assert_int_equal(lp_reg_group_add(f->reg, &f->scope, "floor", "bulb"), LP_REG_OK);
    later(f, 1);
    expect_execution(f, "cont", "bulb", "status", "\"QUEUED\"");
    expect_execution(f, "cont", "bulb", "executionNumber", "2");
    // who was there all the time is not asked again
    expect_execution(f, "cont", "lamp", "status", "\"SUCCEEDED\"");
}

static void jobs_associate_adds_targets_to_a_continuous_job(void **state)
{
    fixture_t *f = *state;
    const lp_jobs_t j = jobs(f);
    cJSON *doc = NULL;
    cJSON *more = cJSON_Parse("{\"targets\":[" THING("bulb") "]}");
    thing(f, "lamp");
    thing(f, "bulb");
    create(f, "snap", "{" DOCUMENT "\"targets\":[" THING("lamp") "]}");
    create(f, "cont",
           "{" DOCUMENT "\"targets\":[" THING("lamp") "],\"targetSelection\":"
                                                      "\"CONTINUOUS\"}");
    assert_int_equal(lp_jobs_associate(&j, "snap", more, &doc), LP_REG_INVALID);
    assert_int_equal(lp_jobs_associate(&j, "cont", more, &doc), LP_REG_OK);
    expect_execution(f, "cont", "bulb", "status", "\"QUEUED\"");
    assert_int_equal(cJSON_GetArraySize(at(doc, "targets")), 0);
    cJSON_Delete(doc);
    cJSON_Delete(more);
}

static void jobs_too_many_failures_abort_the_job(void **state)
{
    fixture_t *f = *state;
    group(f, "all", NULL);
    for (int i = 0; i < 4; i++) {
        char name[8];
        snprintf(name, sizeof name, "t%d", i);
        thing(f, name);
        assert_int_equal(lp_reg_group_add(f->reg, &f->scope, "all", name), LP_REG_OK);
    }
    create(f, "risky",
           "{" DOCUMENT "\"targets\":[" GROUP(
               "all") "],\"abortConfig\":{\"criteriaList\":[{"
                      "\"failureType\":\"ALL\",\"action\":\"CANCEL\",\"thresholdPercentage\":50,"
                      "\"minNumberOfExecutedThings\":2}]}}");
    update(f, "t3", "risky", "IN_PROGRESS");
    update(f, "t0", "risky", "FAILED");
    expect_job(f, "risky", "job.status", "\"IN_PROGRESS\"");
    told(f);
    update(f, "t1", "risky", "REJECTED"); // two of four
    expect_job(f, "risky", "job.status", "\"CANCELED\"");
    expect_execution(f, "risky", "t2", "status", "\"CANCELED\"");
    expect_execution(f, "risky", "t3", "status", "\"IN_PROGRESS\"");
    const char *text = told(f);
    assert_non_null(strstr(text, "$aws/events/job/risky/cancellation_in_progress"));
    assert_non_null(strstr(text, "$aws/events/job/risky/canceled"));
    assert_int_equal(times(text, "$aws/events/job/risky/completed"), 0);
    update(f, "t3", "risky", "SUCCEEDED"); // what runs may finish
    expect_job(f, "risky", "job.status", "\"CANCELED\"");
}

static void jobs_cancel_spares_what_runs_unless_forced(void **state)
{
    fixture_t *f = *state;
    const lp_jobs_t j = jobs(f);
    cJSON *doc = NULL;
    cJSON *why = cJSON_Parse("{\"reasonCode\":\"TOO_LATE\",\"comment\":\"c\"}");
    thing(f, "lamp");
    thing(f, "bulb");
    create(f, "c", "{" DOCUMENT "\"targets\":[" THING("lamp") "," THING("bulb") "]}");
    update(f, "lamp", "c", "IN_PROGRESS");
    assert_int_equal(lp_jobs_delete(&j, "c", false), LP_REG_STATE_TRANSITION);
    assert_int_equal(lp_jobs_execution_cancel(&j, "c", "lamp", NULL, false),
                     LP_REG_STATE_TRANSITION);
    assert_int_equal(lp_jobs_cancel(&j, "c", why, false, &doc), LP_REG_OK);
    cJSON_Delete(doc);
    expect_execution(f, "c", "lamp", "status", "\"IN_PROGRESS\"");
    expect_execution(f, "c", "bulb", "status", "\"CANCELED\"");
    expect_job(f, "c", "job.reasonCode", "\"TOO_LATE\"");
    assert_int_equal(lp_jobs_cancel(&j, "c", why, true, &doc), LP_REG_INVALID);
    assert_int_equal(lp_jobs_execution_cancel(&j, "c", "lamp", NULL, true), LP_REG_OK);
    expect_execution(f, "c", "lamp", "forceCanceled", "true");
    assert_int_equal(lp_jobs_execution_cancel(&j, "c", "lamp", NULL, true),
                     LP_REG_STATE_TRANSITION);
    assert_int_equal(lp_jobs_execution_delete(&j, "c", "lamp", 2, false), LP_REG_NOT_FOUND);
    assert_int_equal(lp_jobs_execution_delete(&j, "c", "lamp", 1, false), LP_REG_OK);
    assert_int_equal(lp_jobs_execution(&j, "c", "lamp", 0, &doc), LP_REG_NOT_FOUND);
    assert_int_equal(lp_jobs_delete(&j, "c", false), LP_REG_OK);
    assert_int_equal(lp_jobs_describe(&j, "c", &doc), LP_REG_NOT_FOUND);
    cJSON_Delete(why);
}

static void jobs_forced_delete_tells_the_devices(void **state)
{
    fixture_t *f = *state;
    const lp_jobs_t j = jobs(f);
    thing(f, "lamp");
    create(f, "d", "{" DOCUMENT "\"targets\":[" THING("lamp") "]}");
    told(f);
    assert_int_equal(lp_jobs_delete(&j, "d", true), LP_REG_OK);
    const char *text = told(f);
    assert_non_null(strstr(text, "$aws/things/lamp/jobs/notify {"));
    assert_non_null(strstr(text, "$aws/events/job/d/deletion_in_progress"));
    assert_non_null(strstr(text, "$aws/events/job/d/deleted"));
    assert_int_equal(code_of(f, LP_JOBS_UPDATE, "lamp", "d", "{\"status\":\"SUCCEEDED\"}"),
                     LP_JOBS_NOT_FOUND);
    create(f, "d", "{" DOCUMENT "\"targets\":[" THING("lamp") "]}"); // the id is free again
}

static void jobs_schedule_starts_and_ends(void **state)
{
    fixture_t *f = *state;
    clock_now = 1893456000; // 2030-01-01 00:00
    thing(f, "lamp");
    create(f, "timed",
           "{" DOCUMENT "\"targets\":[" THING(
               "lamp") "],\"schedulingConfig\":{\"startTime\":"
                       "\"2030-01-01 01:00\",\"endTime\":\"2030-01-01 02:00\",\"endBehavior\":"
                       "\"FORCE_CANCEL\"}}");
    expect_job(f, "timed", "job.status", "\"SCHEDULED\"");
    later(f, 3599);
    expect_job(f, "timed", "job.status", "\"SCHEDULED\"");
    later(f, 1);
    expect_job(f, "timed", "job.status", "\"IN_PROGRESS\"");
    update(f, "lamp", "timed", "IN_PROGRESS");
    later(f, 3600);
    expect_job(f, "timed", "job.status", "\"CANCELED\"");
    expect_execution(f, "timed", "lamp", "status", "\"CANCELED\"");
}

static void jobs_stop_rollout_completes_when_the_rest_is_done(void **state)
{
    fixture_t *f = *state;
    clock_now = 1893456000;
    group(f, "g", NULL);
    thing(f, "lamp");
    thing(f, "bulb");
    assert_int_equal(lp_reg_group_add(f->reg, &f->scope, "g", "lamp"), LP_REG_OK);
    create(f, "stop",
           "{" DOCUMENT "\"targets\":[" GROUP(
               "g") "],\"targetSelection\":\"CONTINUOUS\","
                    "\"schedulingConfig\":{\"endTime\":\"2030-01-01 02:00\",\"endBehavior\":"
                    "\"STOP_ROLLOUT\"}}");
    later(f, 7201);
    assert_int_equal(lp_reg_group_add(f->reg, &f->scope, "g", "bulb"), LP_REG_OK);
    later(f, 1);
    expect_job(f, "stop", "job.jobProcessDetails.numberOfQueuedThings", "1");
    update(f, "lamp", "stop", "SUCCEEDED");
    expect_job(f, "stop", "job.status", "\"COMPLETED\"");
}

// --- what a job may be
// ----------------------------------------------------------------------------

static const struct {
    const char *id, *body;
    lp_reg_err_t err;
} bad_jobs[] = {
    {"x", "{}", LP_REG_INVALID},
    {"x", "{" DOCUMENT "\"targets\":[]}", LP_REG_INVALID},
    {"a b", "{" DOCUMENT "\"targets\":[" THING("lamp") "]}", LP_REG_INVALID},
    {"x", "{" DOCUMENT "\"targets\":[" THING("none") "]}", LP_REG_NOT_FOUND},
    {"x", "{" DOCUMENT "\"targets\":[" GROUP("none") "]}", LP_REG_NOT_FOUND},
    {"x", "{" DOCUMENT "\"targets\":[\"lamp\"]}", LP_REG_INVALID},
    {"x", "{" DOCUMENT "\"targets\":[7]}", LP_REG_INVALID},
    {"x", "{" DOCUMENT "\"targets\":[\"arn:aws:iot:eu-west-1:" FIXTURE_ACCOUNT ":thing/lamp\"]}",
     LP_REG_INVALID},
    {"x", "{\"document\":\"no json\",\"targets\":[" THING("lamp") "]}", LP_REG_INVALID},
    {"x", "{\"document\":{},\"targets\":[" THING("lamp") "]}", LP_REG_INVALID},
    {"x", "{" DOCUMENT "\"documentSource\":\"s3://b/k\",\"targets\":[" THING("lamp") "]}",
     LP_REG_INVALID},
    {"x", "{\"documentSource\":\"http://x/y\",\"targets\":[" THING("lamp") "]}", LP_REG_INVALID},
    {"x", "{\"documentSource\":\"s3://bucket/none\",\"targets\":[" THING("lamp") "]}",
     LP_REG_NOT_FOUND},
    {"x", "{\"documentSource\":\"s3://bucket/../../registry.db\",\"targets\":[" THING("lamp") "]}",
     LP_REG_INVALID},
    {"x",
     "{\"document\":\"{\\\"u\\\":\\\"${aws:iot:s3-presigned-url:https://x}\\\"}\","
     "\"targets\":[" THING("lamp") "]}",
     LP_REG_INVALID},
    {"x", "{" DOCUMENT "\"targetSelection\":\"ALL\",\"targets\":[" THING("lamp") "]}",
     LP_REG_INVALID},
    {"x",
     "{" DOCUMENT
     "\"timeoutConfig\":{\"inProgressTimeoutInMinutes\":0},\"targets\":[" THING("lamp") "]}",
     LP_REG_INVALID},
    {"x", "{" DOCUMENT "\"timeoutConfig\":7,\"targets\":[" THING("lamp") "]}", LP_REG_INVALID},
    {"x", "{" DOCUMENT "\"abortConfig\":{\"criteriaList\":[]},\"targets\":[" THING("lamp") "]}",
     LP_REG_INVALID},
    {"x",
     "{" DOCUMENT "\"jobExecutionsRolloutConfig\":{\"maximumPerMinute\":1001},"
     "\"targets\":[" THING("lamp") "]}",
     LP_REG_INVALID},
    {"x",
     "{" DOCUMENT "\"jobExecutionsRetryConfig\":{\"criteriaList\":[{\"failureType\":"
     "\"FAILED\",\"numberOfRetries\":11}]},\"targets\":[" THING("lamp") "]}",
     LP_REG_INVALID},
    {"x",
     "{" DOCUMENT "\"schedulingConfig\":{\"startTime\":\"2001-01-01 00:00\"},"
     "\"targets\":[" THING("lamp") "]}",
     LP_REG_INVALID},
    {"x",
     "{" DOCUMENT "\"schedulingConfig\":{\"startTime\":\"2031-02-30 00:00\"},"
     "\"targets\":[" THING("lamp") "]}",
     LP_REG_INVALID},
    {"x",
     "{" DOCUMENT
     "\"schedulingConfig\":{\"maintenanceWindows\":[]},\"targets\":[" THING("lamp") "]}",
     LP_REG_NOT_IMPLEMENTED},
    {"x", "{" DOCUMENT "\"documentParameters\":{},\"targets\":[" THING("lamp") "]}",
     LP_REG_NOT_IMPLEMENTED},
    {"x", "{" DOCUMENT "\"tags\":[{\"Key\":\"aws:x\"}],\"targets\":[" THING("lamp") "]}",
     LP_REG_INVALID},
};

static void jobs_bad_jobs_are_not_made(void **state)
{
    fixture_t *f = *state;
    const lp_jobs_t j = jobs(f);
    cJSON *doc = NULL;
    thing(f, "lamp");
    for (size_t i = 0; i < COUNT(bad_jobs); i++) {
        lp_reg_err_t rc = try_create(f, bad_jobs[i].id, bad_jobs[i].body);
        if (rc != bad_jobs[i].err) {
            print_error("case %zu: %s gives %s\n", i, bad_jobs[i].body, lp_reg_err_name(rc));
        }
        assert_int_equal(rc, bad_jobs[i].err);
        assert_int_equal(lp_jobs_describe(&j, "x", &doc), LP_REG_NOT_FOUND); // nothing half-made
    }
    assert_string_equal(told(f), "");
}

static void jobs_document_size_is_limited(void **state)
{
    fixture_t *f = *state;
    thing(f, "lamp");
    for (int extra = 0; extra <= 1; extra++) {
        size_t fill = (size_t)LP_JOBS_DOCUMENT_MAX - strlen("[\"\"]") + (size_t)extra;
        char *body = malloc(fill + 300);
        int n = snprintf(body, 300, "{\"targets\":[" THING("lamp") "],\"document\":\"[\\\"");
        memset(body + n, 'a', fill);
        snprintf(body + n + (int)fill, 20, "\\\"]\"}");
        assert_int_equal(try_create(f, "big", body), extra == 0 ? LP_REG_OK : LP_REG_INVALID);
        if (extra == 0) {
            const lp_jobs_t j = jobs(f);
            assert_int_equal(lp_jobs_delete(&j, "big", true), LP_REG_OK);
        }
        free(body);
    }
}

static void jobs_same_id_again_is_refused(void **state)
{
    fixture_t *f = *state;
    thing(f, "lamp");
    create(f, "id", "{" DOCUMENT "\"targets\":[" THING("lamp") "]}");
    assert_int_equal(try_create(f, "id", "{" DOCUMENT "\"targets\":[" THING("lamp") "]}"),
                     LP_REG_EXISTS);
    assert_string_equal(lp_reg_error(f->reg)->resource_id, "id");
}

static void jobs_update_changes_configurations(void **state)
{
    fixture_t *f = *state;
    const lp_jobs_t j = jobs(f);
    cJSON *change = cJSON_Parse("{\"description\":\"new\",\"timeoutConfig\":"
                                "{\"inProgressTimeoutInMinutes\":9}}");
    thing(f, "lamp");
    create(f, "u",
           "{" DOCUMENT "\"targets\":[" THING("lamp") "],\"timeoutConfig\":"
                                                      "{\"inProgressTimeoutInMinutes\":2},"
                                                      "\"namespaceId\":\"n\"}");
    assert_int_equal(lp_jobs_update(&j, "u", change), LP_REG_OK);
    expect_job(f, "u", "job.timeoutConfig.inProgressTimeoutInMinutes", "9");
    expect_job(f, "u", "job.description", "\"new\"");
    expect_job(f, "u", "job.namespaceId", "\"n\"");
    update(f, "lamp", "u", "SUCCEEDED");
    assert_int_equal(lp_jobs_update(&j, "u", change), LP_REG_INVALID);
    assert_int_equal(lp_jobs_update(&j, "none", change), LP_REG_NOT_FOUND);
    cJSON_Delete(change);
}

// The broker serves one region: what happens in another is not for its clients.
static void jobs_of_another_region_are_not_told(void **state)
{
    fixture_t *f = *state;
    assert_int_equal(lp_reg_setting_put(f->reg, "broker", FIXTURE_ACCOUNT "/eu-west-1"), LP_REG_OK);
    thing(f, "lamp");
    create(f, "far", "{" DOCUMENT "\"targets\":[" THING("lamp") "]}");
    assert_string_equal(told(f), "");
    assert_int_equal(lp_reg_setting_put(f->reg, "broker", FIXTURE_ACCOUNT "/us-east-1"), LP_REG_OK);
    create(f, "near", "{" DOCUMENT "\"targets\":[" THING("lamp") "]}");
    assert_string_not_equal(told(f), "");
}

static void jobs_lists_are_filtered_and_paged(void **state)
{
    fixture_t *f = *state;
    const lp_jobs_t j = jobs(f);
    thing(f, "lamp");
    group(f, "g", NULL);
    for (int i = 0; i < 5; i++) {
        char id[8];
        snprintf(id, sizeof id, "j%d", i);
        create(f, id,
               i == 4 ? "{" DOCUMENT "\"targets\":[" GROUP("g") "],\"targetSelection\":"
                                                                "\"CONTINUOUS\"}"
                      : "{" DOCUMENT "\"targets\":[" THING("lamp") "]}");
    }
    static const struct {
        lp_jobs_filter_t filter;
        int count;
    } cases[] = {
        {{0}, 5},
        {{.selection = "CONTINUOUS"}, 1},
        {{.group = "g"}, 1},
        {{.group = "h"}, 0},
        {{.status = "IN_PROGRESS"}, 5},
        {{.status = "COMPLETED"}, 0},
        {{.name_space = "x"}, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const lp_page_t all = {0};
        cJSON *doc = NULL;
        assert_int_equal(lp_jobs_list(&j, &cases[i].filter, &all, &doc), LP_REG_OK);
        assert_int_equal(cJSON_GetArraySize(at(doc, "jobs")), cases[i].count);
        cJSON_Delete(doc);
    }
    const lp_page_t page = {.limit = 3};
    const lp_jobs_filter_t wrong = {.status = "NEVER"};
    cJSON *doc = NULL;
    assert_int_equal(lp_jobs_list(&j, &wrong, &page, &doc), LP_REG_INVALID);
    assert_int_equal(lp_jobs_of_thing(&j, "lamp", NULL, NULL, &page, &doc), LP_REG_OK);
    assert_int_equal(cJSON_GetArraySize(at(doc, "executionSummaries")), 3);
    const lp_page_t rest = {.limit = 3, .after = fixture_text(doc, "nextToken")};
    cJSON *more = NULL;
    assert_int_equal(lp_jobs_of_thing(&j, "lamp", NULL, NULL, &rest, &more), LP_REG_OK);
    assert_int_equal(cJSON_GetArraySize(at(more, "executionSummaries")), 1);
    cJSON_Delete(doc);
    cJSON_Delete(more);
}

static void jobs_notifications_have_at_most_fifteen(void **state)
{
    fixture_t *f = *state;
    thing(f, "lamp");
    for (int i = 0; i < 17; i++) {
        char id[8];
        snprintf(id, sizeof id, "n%d", i);
        create(f, id, "{" DOCUMENT "\"targets\":[" THING("lamp") "]}");
    }
    told(f);
    update(f, "lamp", "n16", "IN_PROGRESS");
    const char *text = told(f);
    char *list = strstr(text, "notify {");
    assert_non_null(list);
    *strchr(list, '\n') = '\0';
    assert_int_equal(times(list, "\"jobId\""), LP_JOBS_NOTIFIED_MAX);
    assert_non_null(strstr(list, "\"IN_PROGRESS\":[{\"jobId\":\"n16\""));
}

static void jobs_templates_make_jobs(void **state)
{
    fixture_t *f = *state;
    const lp_jobs_t j = jobs(f);
    const lp_page_t all = {0};
    cJSON *doc = NULL;
    cJSON *t = cJSON_Parse("{\"document\":\"{\\\"do\\\":7}\",\"description\":\"tmpl\","
                           "\"timeoutConfig\":{\"inProgressTimeoutInMinutes\":5}}");
    thing(f, "lamp");
    assert_int_equal(lp_jobs_template_create(&j, "t", t, &doc), LP_REG_OK);
    cJSON_Delete(doc);
    assert_int_equal(lp_jobs_template_create(&j, "t", t, &doc), LP_REG_CONFLICT);
    create(f, "made",
           "{\"jobTemplateArn\":\"arn:aws:iot:us-east-1:" FIXTURE_ACCOUNT
           ":jobtemplate/t\",\"targets\":[" THING("lamp") "]}");
    expect_job(f, "made", "job.timeoutConfig.inProgressTimeoutInMinutes", "5");
    lp_jobs_answer_t a = ask(f, LP_JOBS_START_NEXT, "lamp", NULL, "{}");
    expect(a.accepted, "execution.jobDocument", "{\"do\":7}");
    lp_jobs_answer_free(&a);
    cJSON *from =
        cJSON_Parse("{\"description\":\"copy\",\"jobArn\":\"arn:aws:iot:us-east-1:" FIXTURE_ACCOUNT
                    ":job/made\"}");
    assert_int_equal(lp_jobs_template_create(&j, "u", from, &doc), LP_REG_OK);
    cJSON_Delete(doc);
    assert_int_equal(lp_jobs_template_describe(&j, "u", &doc), LP_REG_OK);
    expect(doc, "document", "\"{\\\"do\\\":7}\"");
    expect(doc, "timeoutConfig.inProgressTimeoutInMinutes", "5");
    cJSON_Delete(doc);
    assert_int_equal(lp_jobs_templates(&j, &all, &doc), LP_REG_OK);
    assert_int_equal(cJSON_GetArraySize(at(doc, "jobTemplates")), 2);
    cJSON_Delete(doc);
    assert_int_equal(lp_jobs_template_delete(&j, "t"), LP_REG_OK);
    assert_int_equal(lp_jobs_template_delete(&j, "t"), LP_REG_NOT_FOUND);
    cJSON_Delete(t);
    cJSON_Delete(from);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(jobs_rollout_keeps_its_rate),
        T(jobs_exponential_rollout_speeds_up_with_success),
        T(jobs_snapshot_ends_continuous_goes_on),
        T(jobs_associate_adds_targets_to_a_continuous_job),
        T(jobs_too_many_failures_abort_the_job),
        T(jobs_cancel_spares_what_runs_unless_forced),
        T(jobs_forced_delete_tells_the_devices),
        T(jobs_schedule_starts_and_ends),
        T(jobs_stop_rollout_completes_when_the_rest_is_done),
        T(jobs_bad_jobs_are_not_made),
        T(jobs_document_size_is_limited),
        T(jobs_same_id_again_is_refused),
        T(jobs_update_changes_configurations),
        T(jobs_of_another_region_are_not_told),
        T(jobs_lists_are_filtered_and_paged),
        T(jobs_notifications_have_at_most_fifteen),
        T(jobs_templates_make_jobs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
