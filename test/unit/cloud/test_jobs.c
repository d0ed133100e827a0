// SPDX-License-Identifier: Apache-2.0
// Jobs: each state and event, rollouts and timers with a clock of their own, and what is told.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"
#include "limpet/jobs.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static double clock_now = 1900000000;

static lp_jobs_t jobs(fixture_t *f)
{
    return (lp_jobs_t){.reg = f->reg, .scope = &f->scope, .now = clock_now};
}

static void later(fixture_t *f, double seconds)
{
    clock_now += seconds;
    const lp_jobs_t j = jobs(f);
    assert_int_equal(lp_jobs_tick(&j), LP_REG_OK);
}

static void thing(fixture_t *f, const char *name)
{
    cJSON *doc = NULL;
    const lp_thing_config_t config = {0};
    assert_int_equal(lp_reg_thing_create(f->reg, &f->scope, name, &config, &doc), LP_REG_OK);
    cJSON_Delete(doc);
}

static void group(fixture_t *f, const char *name, const char *parent)
{
    cJSON *doc = NULL;
    const lp_group_config_t config = {.parent = parent};
    assert_int_equal(lp_reg_group_create(f->reg, &f->scope, name, &config, &doc), LP_REG_OK);
    cJSON_Delete(doc);
}

static lp_reg_err_t try_create(fixture_t *f, const char *id, const char *body)
{
    const lp_jobs_t j = jobs(f);
    cJSON *doc = NULL;
    cJSON *request = cJSON_Parse(body);
    assert_non_null(request);
    lp_reg_err_t rc = lp_jobs_create(&j, id, request, &doc);
    if (rc == LP_REG_OK) {
        assert_string_equal(fixture_text(doc, "jobId"), id);
    }
    cJSON_Delete(request);
    cJSON_Delete(doc);
    return rc;
}

#define THING(name) "\"arn:aws:iot:us-east-1:" FIXTURE_ACCOUNT ":thing/" name "\""
#define GROUP(name) "\"arn:aws:iot:us-east-1:" FIXTURE_ACCOUNT ":thinggroup/" name "\""
#define DOCUMENT    "\"document\":\"{\\\"do\\\":1}\","

static void create(fixture_t *f, const char *id, const char *body)
{
    lp_reg_err_t rc = try_create(f, id, body);
    if (rc != LP_REG_OK) {
        print_error("%s: %s\n", id, lp_reg_error(f->reg)->message);
    }
    assert_int_equal(rc, LP_REG_OK);
}

static lp_jobs_answer_t ask(fixture_t *f, lp_jobs_op_t op, const char *name, const char *job,
                            const char *body)
{
    const lp_jobs_t j = jobs(f);
    lp_jobs_answer_t a;
    cJSON *request = cJSON_Parse(body);
    lp_jobs_request(&j, op, name, job, request, &a);
    cJSON_Delete(request);
    return a;
}

static lp_jobs_code_t code_of(fixture_t *f, lp_jobs_op_t op, const char *name, const char *job,
                              const char *body)
{
    lp_jobs_answer_t a = ask(f, op, name, job, body);
    lp_jobs_code_t code = a.code;
    lp_jobs_answer_free(&a);
    return code;
}

static void update(fixture_t *f, const char *name, const char *job, const char *status)
{
    char body[80];
    snprintf(body, sizeof body, "{\"status\":\"%s\"}", status);
    assert_int_equal(code_of(f, LP_JOBS_UPDATE, name, job, body), LP_JOBS_OK);
}

static const cJSON *at(const cJSON *doc, const char *path)
{
    char member[64];
    for (const char *p = path; *p != '\0';) {
        size_t len = strcspn(p, ".");
        snprintf(member, sizeof member, "%.*s", (int)len, p);
        doc = cJSON_GetObjectItemCaseSensitive(doc, member);
        p += len + (p[len] == '.');
    }
    return doc;
}

static void expect(const cJSON *doc, const char *path, const char *expected)
{
    const cJSON *v = at(doc, path);
    char *text = v != NULL ? cJSON_PrintUnformatted(v) : strdup("(none)");
    if (strcmp(text, expected) != 0) {
        print_error("%s is %s, expected %s\n", path, text, expected);
        fail();
    }
    free(text);
}

static void expect_job(fixture_t *f, const char *id, const char *path, const char *expected)
{
    const lp_jobs_t j = jobs(f);
    cJSON *doc = NULL;
    assert_int_equal(lp_jobs_describe(&j, id, &doc), LP_REG_OK);
    expect(doc, path, expected);
    cJSON_Delete(doc);
}

static void expect_execution(fixture_t *f, const char *id, const char *name, const char *path,
                             const char *expected)
{
    const lp_jobs_t j = jobs(f);
    cJSON *doc = NULL;
    assert_int_equal(lp_jobs_execution(&j, id, name, 0, &doc), LP_REG_OK);
    expect(cJSON_GetObjectItemCaseSensitive(doc, "execution"), path, expected);
    cJSON_Delete(doc);
}

// What was told since the last look, as "topic payload" lines.
typedef struct {
    char text[65536];
} told_t;

static void collect(void *arg, const char *client, const lp_reg_message_t *m)
{
    told_t *told = arg;
    size_t n = strlen(told->text);
    assert_null(client);
    snprintf(told->text + n, sizeof told->text - n, "%s %.*s\n", m->topic, (int)m->payload_len,
             (const char *)m->payload);
}

static const char *told(fixture_t *f)
{
    static told_t all;
    all.text[0] = '\0';
    while (lp_reg_outbox_take(f->reg, collect, &all) > 0) {
    }
    return all.text;
}

static size_t times(const char *text, const char *part)
{
    size_t n = 0;
    for (const char *p = text; (p = strstr(p, part)) != NULL; p++) {
        n++;
    }
    return n;
}

// --- the state machine
// ----------------------------------------------------------------------------

// Rows: states in their order. Columns: PROGRESS SUCCEED FAIL REJECT TIMEOUT CANCEL CANCEL_FORCE
// REMOVE RETRY. -1: refused.
static const int table[LP_JOB_STATES][LP_JOB_EVENTS] = {
    [LP_JOB_QUEUED] = {LP_JOB_IN_PROGRESS, LP_JOB_SUCCEEDED, LP_JOB_FAILED, LP_JOB_REJECTED, -1,
                       LP_JOB_CANCELED, LP_JOB_CANCELED, LP_JOB_REMOVED, -1},
    [LP_JOB_IN_PROGRESS] = {LP_JOB_IN_PROGRESS, LP_JOB_SUCCEEDED, LP_JOB_FAILED, LP_JOB_REJECTED,
                            LP_JOB_TIMED_OUT, -1, LP_JOB_CANCELED, LP_JOB_REMOVED, -1},
    [LP_JOB_SUCCEEDED] = {-1, -1, -1, -1, -1, -1, -1, -1, -1},
    [LP_JOB_FAILED] = {-1, -1, -1, -1, -1, -1, -1, -1, LP_JOB_QUEUED},
    [LP_JOB_TIMED_OUT] = {-1, -1, -1, -1, -1, -1, -1, -1, LP_JOB_QUEUED},
    [LP_JOB_REJECTED] = {-1, -1, -1, -1, -1, -1, -1, -1, -1},
    [LP_JOB_REMOVED] = {-1, -1, -1, -1, -1, -1, -1, -1, -1},
    [LP_JOB_CANCELED] = {-1, -1, -1, -1, -1, -1, -1, -1, -1},
};

static void jobs_state_machine_each_cell(void **state)
{
    (void)state;
    for (int s = 0; s < LP_JOB_STATES; s++) {
        lp_job_state_t named;
        assert_true(lp_job_state_of(lp_job_state_name((lp_job_state_t)s), &named));
        assert_int_equal(named, s);
        for (int e = 0; e < LP_JOB_EVENTS; e++) {
            lp_job_state_t to = (lp_job_state_t)s;
            bool ok = lp_job_step(&to, (lp_job_event_t)e);
            assert_int_equal(ok, table[s][e] >= 0);
            assert_int_equal(to, ok ? table[s][e] : s);
        }
    }
}

// Brings an execution of a fresh job into each state by the ways there are.
static void bring_to(fixture_t *f, const char *id, lp_job_state_t wanted)
{
    const lp_jobs_t j = jobs(f);
    create(f, id,
           "{" DOCUMENT "\"targets\":[" THING("lamp") "],\"timeoutConfig\":"
                                                      "{\"inProgressTimeoutInMinutes\":1}}");
    switch (wanted) {
    case LP_JOB_IN_PROGRESS:
    case LP_JOB_SUCCEEDED:
    case LP_JOB_FAILED:
    case LP_JOB_REJECTED:
        update(f, "lamp", id, lp_job_state_name(wanted));
        break;
    case LP_JOB_TIMED_OUT:
        update(f, "lamp", id, "IN_PROGRESS");
        later(f, 61);
        break;
    case LP_JOB_REMOVED:
        assert_int_equal(lp_reg_thing_delete(f->reg, &f->scope, "lamp", 0), LP_REG_OK);
        later(f, 1);
        thing(f, "lamp");
        break;
    case LP_JOB_CANCELED:
        assert_int_equal(lp_jobs_execution_cancel(&j, id, "lamp", NULL, false), LP_REG_OK);
        break;
    case LP_JOB_QUEUED:
    case LP_JOB_STATES:
        break;
    }
    char expected[32];
    snprintf(expected, sizeof expected, "\"%s\"", lp_job_state_name(wanted));
    expect_execution(f, id, "lamp", "status", expected);
}

// A device asks for each status in each state: accepted exactly where the machine says so, and what
// is refused changes nothing.
static void jobs_update_each_status_in_each_state(void **state)
{
    fixture_t *f = *state;
    thing(f, "lamp");
    for (int from = 0; from < LP_JOB_STATES; from++) {
        for (int to = 0; to < LP_JOB_STATES; to++) {
            char id[32];
            char body[80];
            const lp_jobs_t j = jobs(f);
            bool device_may = to == LP_JOB_IN_PROGRESS || to == LP_JOB_SUCCEEDED ||
                              to == LP_JOB_FAILED || to == LP_JOB_REJECTED;
            bool fits = device_may && (from == LP_JOB_QUEUED || from == LP_JOB_IN_PROGRESS);
            snprintf(id, sizeof id, "job-%d-%d", from, to);
            bring_to(f, id, (lp_job_state_t)from);
            snprintf(body, sizeof body, "{\"status\":\"%s\"}",
                     lp_job_state_name((lp_job_state_t)to));
            lp_jobs_answer_t a = ask(f, LP_JOBS_UPDATE, "lamp", id, body);
            assert_int_equal(a.code, fits ? LP_JOBS_OK : LP_JOBS_STATE_TRANSITION);
            char shown[32];
            snprintf(shown, sizeof shown, "\"%s\"",
                     lp_job_state_name((lp_job_state_t)(fits ? to : from)));
            if (!fits) {
                expect(a.rejected, "code", "\"InvalidStateTransition\"");
                expect(a.rejected, "executionState.status", shown);
            }
            expect_execution(f, id, "lamp", "status", shown);
            lp_jobs_answer_free(&a);
            assert_int_equal(lp_jobs_delete(&j, id, true), LP_REG_OK);
        }
    }
}

// --- a device's day
// -------------------------------------------------------------------------------

static void jobs_device_goes_through_a_job(void **state)
{
    fixture_t *f = *state;
    thing(f, "lamp");
    create(f, "one", "{" DOCUMENT "\"targets\":[" THING("lamp") "],\"description\":\"d\"}");
    const char *text = told(f);
    assert_non_null(strstr(text, "$aws/things/lamp/jobs/notify {"));
    assert_non_null(strstr(text, "\"jobs\":{\"QUEUED\":[{\"jobId\":\"one\""));
    assert_non_null(strstr(text, "$aws/things/lamp/jobs/notify-next {"));
    assert_non_null(strstr(text, "\"jobDocument\":{\"do\":1}"));

    lp_jobs_answer_t a = ask(f, LP_JOBS_GET_PENDING, "lamp", NULL, "{\"clientToken\":\"t\"}");
    expect(a.accepted, "clientToken", "\"t\"");
    expect(a.accepted, "inProgressJobs", "[]");
    assert_int_equal(cJSON_GetArraySize(at(a.accepted, "queuedJobs")), 1);
    lp_jobs_answer_free(&a);

    a = ask(f, LP_JOBS_START_NEXT, "lamp", NULL,
            "{\"statusDetails\":{\"step\":\"1\"},\"stepTimeoutInMinutes\":5}");
    expect(a.accepted, "execution.jobId", "\"one\"");
    expect(a.accepted, "execution.status", "\"IN_PROGRESS\"");
    expect(a.accepted, "execution.versionNumber", "2");
    expect(a.accepted, "execution.jobDocument", "{\"do\":1}");
    expect(a.accepted, "execution.approximateSecondsBeforeTimedOut", "300");
    expect(a.accepted, "execution.statusDetails", "{\"step\":\"1\"}");
    lp_jobs_answer_free(&a);
    text = told(f);
    assert_non_null(strstr(text, "\"IN_PROGRESS\":[{\"jobId\":\"one\""));
    assert_null(strstr(text, "notify-next")); // the first one is still the first

    a = ask(f, LP_JOBS_UPDATE, "lamp", "one",
            "{\"status\":\"SUCCEEDED\",\"expectedVersion\":\"2\",\"includeJobExecutionState\":true,"
            "\"includeJobDocument\":true}");
    expect(a.accepted, "executionState",
           "{\"status\":\"SUCCEEDED\",\"statusDetails\":{\"step\":\"1\"},\"versionNumber\":3}");
    expect(a.accepted, "jobDocument", "{\"do\":1}");
    lp_jobs_answer_free(&a);
    text = told(f);
    assert_non_null(strstr(text, "$aws/events/jobExecution/one/succeeded"));
    assert_non_null(strstr(text, "$aws/events/job/one/completed"));
    assert_non_null(strstr(text, "\"jobs\":{}"));
    assert_non_null(strstr(text, "\"execution\":{}"));
    expect_job(f, "one", "job.status", "\"COMPLETED\"");
    expect_job(f, "one", "job.jobProcessDetails.numberOfSucceededThings", "1");
}

static void jobs_next_is_the_one_in_progress_then_the_oldest(void **state)
{
    fixture_t *f = *state;
    thing(f, "lamp");
    create(f, "b", "{" DOCUMENT "\"targets\":[" THING("lamp") "]}");
    later(f, 1);
    create(f, "a", "{" DOCUMENT "\"targets\":[" THING("lamp") "]}");
    lp_jobs_answer_t x = ask(f, LP_JOBS_DESCRIBE, "lamp", "$next", "{}");
    expect(x.accepted, "execution.jobId", "\"b\"");
    expect(x.accepted, "execution.status", "\"QUEUED\"");
    lp_jobs_answer_free(&x);
    told(f);
    update(f, "lamp", "a", "IN_PROGRESS");
    assert_non_null(strstr(told(f), "notify-next")); // a has overtaken b
    x = ask(f, LP_JOBS_START_NEXT, "lamp", NULL, "{\"statusDetails\":{\"x\":\"y\"}}");
    expect(x.accepted, "execution.jobId", "\"a\"");
    expect(x.accepted, "execution.statusDetails", "(none)"); // given out as it is
    expect(x.accepted, "execution.versionNumber", "2");
    lp_jobs_answer_free(&x);
    update(f, "lamp", "a", "SUCCEEDED");
    update(f, "lamp", "b", "FAILED");
    x = ask(f, LP_JOBS_START_NEXT, "lamp", NULL, "{}");
    expect(x.accepted, "execution", "{}");
    lp_jobs_answer_free(&x);
}

static void jobs_version_mismatch_tells_the_state(void **state)
{
    fixture_t *f = *state;
    thing(f, "lamp");
    create(f, "v", "{" DOCUMENT "\"targets\":[" THING("lamp") "]}");
    lp_jobs_answer_t a = ask(f, LP_JOBS_UPDATE, "lamp", "v",
                             "{\"status\":\"IN_PROGRESS\",\"expectedVersion\":7,"
                             "\"clientToken\":\"me\"}");
    assert_int_equal(a.code, LP_JOBS_VERSION_MISMATCH);
    expect(a.rejected, "code", "\"VersionMismatch\"");
    expect(a.rejected, "clientToken", "\"me\"");
    expect(a.rejected, "executionState",
           "{\"status\":\"QUEUED\",\"statusDetails\":{},\"versionNumber\":1}");
    lp_jobs_answer_free(&a);
}

static void jobs_bad_requests_are_refused_in_words(void **state)
{
    fixture_t *f = *state;
    char details[600] = "{\"status\":\"FAILED\",\"statusDetails\":{";
    for (int i = 0; i < 11; i++) {
        snprintf(details + strlen(details), sizeof details - strlen(details), "%s\"k%d\":\"v\"",
                 i > 0 ? "," : "", i);
    }
    strcat(details, "}}");
    char long_value[1400];
    snprintf(long_value, sizeof long_value,
             "{\"status\":\"FAILED\",\"statusDetails\":{\"k\":\"%01025d\"}}", 0);
    const struct {
        lp_jobs_op_t op;
        const char *thing, *job, *body;
        lp_jobs_code_t code;
    } cases[] = {
        {LP_JOBS_UPDATE, "lamp", "r", "{}", LP_JOBS_INVALID_REQUEST},
        {LP_JOBS_UPDATE, "lamp", "r", "{\"status\":\"DONE\"}", LP_JOBS_INVALID_REQUEST},
        {LP_JOBS_UPDATE, "lamp", "r", "{\"status\":5}", LP_JOBS_INVALID_REQUEST},
        {LP_JOBS_UPDATE, "lamp", "r", details, LP_JOBS_INVALID_REQUEST},
        {LP_JOBS_UPDATE, "lamp", "r", long_value, LP_JOBS_INVALID_REQUEST},
        {LP_JOBS_UPDATE, "lamp", "r", "{\"status\":\"FAILED\",\"statusDetails\":[1]}",
         LP_JOBS_INVALID_REQUEST},
        {LP_JOBS_UPDATE, "lamp", "r", "{\"status\":\"FAILED\",\"statusDetails\":{\"a b\":\"c\"}}",
         LP_JOBS_INVALID_REQUEST},
        {LP_JOBS_UPDATE, "lamp", "r", "{\"status\":\"FAILED\",\"statusDetails\":{\"a\":1}}",
         LP_JOBS_INVALID_REQUEST},
        {LP_JOBS_UPDATE, "lamp", "r", "{\"status\":\"FAILED\",\"expectedVersion\":\"x\"}",
         LP_JOBS_INVALID_REQUEST},
        {LP_JOBS_UPDATE, "lamp", "r", "{\"status\":\"FAILED\",\"expectedVersion\":1.5}",
         LP_JOBS_INVALID_REQUEST},
        {LP_JOBS_UPDATE, "lamp", "r", "{\"status\":\"IN_PROGRESS\",\"stepTimeoutInMinutes\":0}",
         LP_JOBS_INVALID_REQUEST},
        {LP_JOBS_UPDATE, "lamp", "r", "{\"status\":\"IN_PROGRESS\",\"stepTimeoutInMinutes\":10081}",
         LP_JOBS_INVALID_REQUEST},
        {LP_JOBS_UPDATE, "lamp", "r", "{\"status\":\"IN_PROGRESS\",\"stepTimeoutInMinutes\":1e300}",
         LP_JOBS_INVALID_REQUEST},
        {LP_JOBS_UPDATE, "lamp", "r", "{\"status\":\"FAILED\",\"executionNumber\":9}",
         LP_JOBS_NOT_FOUND},
        {LP_JOBS_UPDATE, "lamp", "$next", "{\"status\":\"FAILED\"}", LP_JOBS_INVALID_REQUEST},
        {LP_JOBS_UPDATE, "lamp", "none", "{\"status\":\"FAILED\"}", LP_JOBS_NOT_FOUND},
        {LP_JOBS_UPDATE, "other", "r", "{\"status\":\"FAILED\"}", LP_JOBS_NOT_FOUND},
        {LP_JOBS_UPDATE, "nobody", "r", "{\"status\":\"FAILED\"}", LP_JOBS_NOT_FOUND},
        {LP_JOBS_START_NEXT, "lamp", NULL, "{\"stepTimeoutInMinutes\":-1}",
         LP_JOBS_INVALID_REQUEST},
        {LP_JOBS_GET_PENDING, "lamp", NULL,
         "{\"clientToken\":\"0123456789012345678901234567890123456789012345678901234567890123x\"}",
         LP_JOBS_INVALID_REQUEST},
        {LP_JOBS_DESCRIBE, "lamp", "a b", "{}", LP_JOBS_INVALID_REQUEST},
        {LP_JOBS_DESCRIBE, "lamp", "r", "{\"executionNumber\":[]}", LP_JOBS_INVALID_REQUEST},
    };
    thing(f, "lamp");
    thing(f, "other");
    create(f, "r", "{" DOCUMENT "\"targets\":[" THING("lamp") "]}");
    for (size_t i = 0; i < COUNT(cases); i++) {
        lp_jobs_code_t code = code_of(f, cases[i].op, cases[i].thing, cases[i].job, cases[i].body);
        if (code != cases[i].code) {
            print_error("case %zu: %s is %s\n", i, cases[i].body, lp_jobs_code_name(code));
        }
        assert_int_equal(code, cases[i].code);
    }
    expect_execution(f, "r", "lamp", "versionNumber", "1"); // nothing has changed
}

static void jobs_describe_of_a_finished_one_is_terminal(void **state)
{
    fixture_t *f = *state;
    thing(f, "lamp");
    create(f, "t", "{" DOCUMENT "\"targets\":[" THING("lamp") "]}");
    lp_jobs_answer_t a = ask(f, LP_JOBS_DESCRIBE, "lamp", "t",
                             "{\"executionNumber\":1,\"includeJobDocument\":false}");
    expect(a.accepted, "execution.jobDocument", "(none)");
    expect(a.accepted, "execution.thingName", "\"lamp\"");
    lp_jobs_answer_free(&a);
    update(f, "lamp", "t", "SUCCEEDED");
    assert_int_equal(code_of(f, LP_JOBS_DESCRIBE, "lamp", "t", "{}"), LP_JOBS_TERMINAL);
    assert_string_equal(lp_jobs_code_name(LP_JOBS_TERMINAL), "TerminalStateReached");
    assert_int_equal(lp_reg_err_status(lp_jobs_code_rest(LP_JOBS_TERMINAL)), 410);
}

// --- timers
// ---------------------------------------------------------------------------------------

static void jobs_step_timer_restarts_with_each_update(void **state)
{
    fixture_t *f = *state;
    thing(f, "lamp");
    create(f, "s", "{" DOCUMENT "\"targets\":[" THING("lamp") "]}");
    const char *progress = "{\"status\":\"IN_PROGRESS\",\"stepTimeoutInMinutes\":2}";
    assert_int_equal(code_of(f, LP_JOBS_UPDATE, "lamp", "s", progress), LP_JOBS_OK);
    later(f, 110);
    assert_int_equal(code_of(f, LP_JOBS_UPDATE, "lamp", "s", progress), LP_JOBS_OK);
    later(f, 110);
    expect_execution(f, "s", "lamp", "status", "\"IN_PROGRESS\"");
    expect_execution(f, "s", "lamp", "approximateSecondsBeforeTimedOut", "10");
    update(f, "lamp", "s", "IN_PROGRESS"); // without a timer: the old one runs on
    told(f);
    later(f, 11);
    expect_execution(f, "s", "lamp", "status", "\"TIMED_OUT\"");
    expect_job(f, "s", "job.status", "\"COMPLETED\"");
    assert_non_null(strstr(told(f), "$aws/events/jobExecution/s/timed_out"));
}

static void jobs_step_timer_can_be_stopped(void **state)
{
    fixture_t *f = *state;
    thing(f, "lamp");
    create(f, "s", "{" DOCUMENT "\"targets\":[" THING("lamp") "]}");
    assert_int_equal(code_of(f, LP_JOBS_UPDATE, "lamp", "s",
                             "{\"status\":\"IN_PROGRESS\",\"stepTimeoutInMinutes\":1}"),
                     LP_JOBS_OK);
    assert_int_equal(code_of(f, LP_JOBS_UPDATE, "lamp", "s",
                             "{\"status\":\"IN_PROGRESS\",\"stepTimeoutInMinutes\":-1}"),
                     LP_JOBS_OK);
    later(f, 100000);
    expect_execution(f, "s", "lamp", "status", "\"IN_PROGRESS\"");
}

// A device that reports after its time is up has timed out, even if no tick came in between.
static void jobs_in_progress_timer_does_not_restart(void **state)
{
    fixture_t *f = *state;
    thing(f, "lamp");
    create(f, "p",
           "{" DOCUMENT "\"targets\":[" THING("lamp") "],\"timeoutConfig\":"
                                                      "{\"inProgressTimeoutInMinutes\":2}}");
    later(f, 1000); // it counts from IN_PROGRESS, not from the queue
    update(f, "lamp", "p", "IN_PROGRESS");
    later(f, 100);
    update(f, "lamp", "p", "IN_PROGRESS");
    clock_now += 21;
    assert_int_equal(code_of(f, LP_JOBS_UPDATE, "lamp", "p", "{\"status\":\"SUCCEEDED\"}"),
                     LP_JOBS_STATE_TRANSITION);
    expect_execution(f, "p", "lamp", "status", "\"TIMED_OUT\"");
}

static void jobs_failures_are_retried_as_new_executions(void **state)
{
    fixture_t *f = *state;
    thing(f, "lamp");
    create(f, "again",
           "{" DOCUMENT "\"targets\":[" THING(
               "lamp") "],\"jobExecutionsRetryConfig\":{"
                       "\"criteriaList\":[{\"failureType\":\"FAILED\",\"numberOfRetries\":2}]}}");
    for (int i = 1; i <= 2; i++) {
        char number[8];
        lp_jobs_answer_t a = ask(f, LP_JOBS_UPDATE, "lamp", "again",
                                 "{\"status\":\"FAILED\",\"includeJobExecutionState\":true}");
        expect(a.accepted, "executionState.status", "\"FAILED\"");
        lp_jobs_answer_free(&a);
        snprintf(number, sizeof number, "%d", i + 1);
        expect_execution(f, "again", "lamp", "status", "\"QUEUED\"");
        expect_execution(f, "again", "lamp", "executionNumber", number);
        expect_job(f, "again", "job.status", "\"IN_PROGRESS\"");
    }
    update(f, "lamp", "again", "FAILED");
    expect_execution(f, "again", "lamp", "status", "\"FAILED\"");
    expect_job(f, "again", "job.status", "\"COMPLETED\"");
}

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

static void jobs_bad_jobs_are_not_made(void **state)
{
    fixture_t *f = *state;
    static const struct {
        const char *id, *body;
        lp_reg_err_t err;
    } cases[] = {
        {"x", "{}", LP_REG_INVALID},
        {"x", "{" DOCUMENT "\"targets\":[]}", LP_REG_INVALID},
        {"a b", "{" DOCUMENT "\"targets\":[" THING("lamp") "]}", LP_REG_INVALID},
        {"x", "{" DOCUMENT "\"targets\":[" THING("none") "]}", LP_REG_NOT_FOUND},
        {"x", "{" DOCUMENT "\"targets\":[" GROUP("none") "]}", LP_REG_NOT_FOUND},
        {"x", "{" DOCUMENT "\"targets\":[\"lamp\"]}", LP_REG_INVALID},
        {"x", "{" DOCUMENT "\"targets\":[7]}", LP_REG_INVALID},
        {"x",
         "{" DOCUMENT "\"targets\":[\"arn:aws:iot:eu-west-1:" FIXTURE_ACCOUNT ":thing/lamp\"]}",
         LP_REG_INVALID},
        {"x", "{\"document\":\"no json\",\"targets\":[" THING("lamp") "]}", LP_REG_INVALID},
        {"x", "{\"document\":{},\"targets\":[" THING("lamp") "]}", LP_REG_INVALID},
        {"x", "{" DOCUMENT "\"documentSource\":\"s3://b/k\",\"targets\":[" THING("lamp") "]}",
         LP_REG_INVALID},
        {"x", "{\"documentSource\":\"http://x/y\",\"targets\":[" THING("lamp") "]}",
         LP_REG_INVALID},
        {"x", "{\"documentSource\":\"s3://bucket/none\",\"targets\":[" THING("lamp") "]}",
         LP_REG_NOT_FOUND},
        {"x",
         "{\"documentSource\":\"s3://bucket/../../registry.db\",\"targets\":[" THING("lamp") "]}",
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
    const lp_jobs_t j = jobs(f);
    cJSON *doc = NULL;
    thing(f, "lamp");
    for (size_t i = 0; i < COUNT(cases); i++) {
        lp_reg_err_t rc = try_create(f, cases[i].id, cases[i].body);
        if (rc != cases[i].err) {
            print_error("case %zu: %s gives %s\n", i, cases[i].body, lp_reg_err_name(rc));
        }
        assert_int_equal(rc, cases[i].err);
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
        cmocka_unit_test(jobs_state_machine_each_cell),
        T(jobs_update_each_status_in_each_state),
        T(jobs_device_goes_through_a_job),
        T(jobs_next_is_the_one_in_progress_then_the_oldest),
        T(jobs_version_mismatch_tells_the_state),
        T(jobs_bad_requests_are_refused_in_words),
        T(jobs_describe_of_a_finished_one_is_terminal),
        T(jobs_step_timer_restarts_with_each_update),
        T(jobs_step_timer_can_be_stopped),
        T(jobs_in_progress_timer_does_not_restart),
        T(jobs_failures_are_retried_as_new_executions),
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
        T(jobs_lists_are_filtered_and_paged),
        T(jobs_notifications_have_at_most_fifteen),
        T(jobs_templates_make_jobs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
