// SPDX-License-Identifier: Apache-2.0
// Jobs as devices see them: each state and event, requests good and bad, timers.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jobs_fixture.h"

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

static void jobs_status_details_have_limits(void **state)
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
    thing(f, "lamp");
    create(f, "r", "{" DOCUMENT "\"targets\":[" THING("lamp") "]}");
    assert_int_equal(code_of(f, LP_JOBS_UPDATE, "lamp", "r", details), LP_JOBS_INVALID_REQUEST);
    assert_int_equal(code_of(f, LP_JOBS_UPDATE, "lamp", "r", long_value), LP_JOBS_INVALID_REQUEST);
    expect_execution(f, "r", "lamp", "versionNumber", "1");
}

static const struct {
    lp_jobs_op_t op;
    const char *thing, *job, *body;
    lp_jobs_code_t code;
} bad_requests[] = {
    {LP_JOBS_UPDATE, "lamp", "r", "{}", LP_JOBS_INVALID_REQUEST},
    {LP_JOBS_UPDATE, "lamp", "r", "{\"status\":\"DONE\"}", LP_JOBS_INVALID_REQUEST},
    {LP_JOBS_UPDATE, "lamp", "r", "{\"status\":5}", LP_JOBS_INVALID_REQUEST},
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
    {LP_JOBS_START_NEXT, "lamp", NULL, "{\"stepTimeoutInMinutes\":-1}", LP_JOBS_INVALID_REQUEST},
    {LP_JOBS_GET_PENDING, "lamp", NULL,
     "{\"clientToken\":\"0123456789012345678901234567890123456789012345678901234567890123x\"}",
     LP_JOBS_INVALID_REQUEST},
    {LP_JOBS_DESCRIBE, "lamp", "a b", "{}", LP_JOBS_INVALID_REQUEST},
    {LP_JOBS_DESCRIBE, "lamp", "r", "{\"executionNumber\":[]}", LP_JOBS_INVALID_REQUEST},
};

static void jobs_bad_requests_are_refused_in_words(void **state)
{
    fixture_t *f = *state;
    thing(f, "lamp");
    thing(f, "other");
    create(f, "r", "{" DOCUMENT "\"targets\":[" THING("lamp") "]}");
    for (size_t i = 0; i < COUNT(bad_requests); i++) {
        lp_jobs_code_t code = code_of(f, bad_requests[i].op, bad_requests[i].thing,
                                      bad_requests[i].job, bad_requests[i].body);
        if (code != bad_requests[i].code) {
            print_error("case %zu: %s is %s\n", i, bad_requests[i].body, lp_jobs_code_name(code));
        }
        assert_int_equal(code, bad_requests[i].code);
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

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_state_machine_each_cell),
        T(jobs_update_each_status_in_each_state),
        T(jobs_device_goes_through_a_job),
        T(jobs_next_is_the_one_in_progress_then_the_oldest),
        T(jobs_version_mismatch_tells_the_state),
        T(jobs_status_details_have_limits),
        T(jobs_bad_requests_are_refused_in_words),
        T(jobs_describe_of_a_finished_one_is_terminal),
        T(jobs_step_timer_restarts_with_each_update),
        T(jobs_step_timer_can_be_stopped),
        T(jobs_in_progress_timer_does_not_restart),
        T(jobs_failures_are_retried_as_new_executions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
