// SPDX-License-Identifier: Apache-2.0
// aws-iot-audit: what is judged, page after page, and answers that lie.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audit.h"
#include "scene.h"

enum { DAY_S = 86400, NOW_S = 1800000000 };

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// Which findings a certificate leads to, as bits.
static unsigned judge(const char *status, size_t n_things, size_t n_policies, int64_t left_s)
{
    lp_audit_t a = {.n_findings = 0};
    lp_audit_cert_t cert = {.id = ID,
                            .n_things = n_things,
                            .n_policies = n_policies,
                            .not_after_s = left_s != 0 ? NOW_S + left_s : 0};
    snprintf(cert.status, sizeof cert.status, "%s", status);
    lp_audit_judge_cert(&a, &cert, NOW_S, 30);
    unsigned bits = 0;
    for (size_t i = 0; i < a.n_findings; i++) {
        assert_string_equal(a.findings[i].name, ID);
        bits |= 1u << a.findings[i].kind;
    }
    lp_audit_deinit(&a);
    return bits;
}

#define BIT(kind) (1u << LP_FINDING_##kind)

static void certificates_are_judged(void **state)
{
    (void)state;
    const int64_t far_s = 4000 * (int64_t)DAY_S;
    assert_int_equal(judge("ACTIVE", 1, 1, far_s), 0);
    assert_int_equal(judge("ACTIVE", 0, 1, far_s), BIT(NO_THING));
    assert_int_equal(judge("ACTIVE", 1, 0, far_s), BIT(NO_POLICY));
    assert_int_equal(judge("ACTIVE", 0, 0, far_s), BIT(NO_THING) | BIT(NO_POLICY));
    assert_int_equal(judge("INACTIVE", 0, 0, far_s), 0);
    assert_int_equal(judge("INACTIVE", 1, 0, far_s), BIT(OFF_ATTACHED));
    assert_int_equal(judge("REVOKED", 0, 1, far_s), BIT(OFF_ATTACHED));
    assert_int_equal(judge("PENDING_ACTIVATION", 0, 0, far_s), BIT(PENDING));
    assert_int_equal(judge("PENDING_TRANSFER", 0, 1, far_s), BIT(PENDING));
    assert_int_equal(judge("ACTIVE", 1, 1, 0), BIT(UNREADABLE));
    assert_int_equal(judge("INACTIVE", 0, 0, 0), 0);
    assert_int_equal(judge("ACTIVE", 1, 1, -1), BIT(EXPIRED));
    assert_int_equal(judge("INACTIVE", 0, 0, -1), BIT(EXPIRED));
    assert_int_equal(judge("REVOKED", 0, 0, -1), 0);
    assert_int_equal(judge("ACTIVE", 1, 1, 30 * DAY_S - 1), BIT(EXPIRING));
    assert_int_equal(judge("ACTIVE", 1, 1, 30 * DAY_S), 0);
    assert_int_equal(judge("INACTIVE", 0, 0, DAY_S), 0);
}

static void things_with_several_certificates(void **state)
{
    (void)state;
    static const char *const names[] = {"b", "a", "c", "b", "c", "b", "d"};
    lp_audit_t a = {.n_findings = 0};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        lp_audit_count_thing(&a, names[i]);
    }
    lp_audit_judge_things(&a);
    assert_int_equal(a.n_findings, 2);
    assert_string_equal(a.findings[0].name, "b");
    assert_string_equal(a.findings[0].detail, "has 3 ACTIVE certificates");
    assert_string_equal(a.findings[1].name, "c");
    lp_audit_deinit(&a);
    lp_audit_judge_things(&a);
    assert_int_equal(a.n_findings, 0);
}

// An account of policies alone, in pages; "mode" says how the pages lie.
typedef enum { HONEST, CIRCLE, NO_LIST, NO_NAME, NUMBER_AS_MARK, NAME_TOO_LONG } pages_t;

static char *policies_page(void *ctx, const http_request_t *r)
{
    const pages_t *mode = ctx;
    char name[400] = "";
    if (strncmp(r->target, "/policies/", 10) == 0) {
        return strdup("{\"policyDocument\":\"{\\\"Statement\\\":{\\\"Effect\\\":\\\"Allow\\\","
                      "\\\"Action\\\":\\\"iot:*\\\",\\\"Resource\\\":\\\"*\\\"}}\"}");
    }
    if (strncmp(r->target, "/policies", 9) != 0) {
        return NULL;
    }
    const char *mark = strstr(r->target, "marker=p%2F");
    int page = mark != NULL ? atoi(mark + 11) : 0;
    snprintf(name, sizeof name, "p%d", page);
    if (*mode == NAME_TOO_LONG) {
        memset(name, 'x', 300);
    }
    char *out = NULL;
    bool is_last = page == 7 && *mode == HONEST;
    int rc =
        asprintf(&out, "{\"%s\":[{\"%s\":\"%s\"}]%s%s%d%s}",
                 *mode == NO_LIST ? "other" : "policies", *mode == NO_NAME ? "other" : "policyName",
                 name, is_last ? ",\"other\":" : ",\"nextMarker\":",
                 *mode == NUMBER_AS_MARK || is_last ? "" : "\"p/", *mode == CIRCLE ? 1 : page + 1,
                 *mode == NUMBER_AS_MARK || is_last ? "" : "\"");
    return rc >= 0 ? out : NULL;
}

static int audit(scene_t *s, pages_t mode, const char *limit)
{
    const char *args[] = {"aws-iot-audit", "--json", limit != NULL ? "--limit" : NULL, limit, NULL};
    s->cloud.script = policies_page;
    s->cloud.script_ctx = &mode;
    int rc = scene_run(s, args);
    s->cloud.script = NULL;
    return rc;
}

static int count(const char *text, const char *word)
{
    int n = 0;
    for (const char *p = strstr(text, word); p != NULL; p = strstr(p + 1, word)) {
        n++;
    }
    return n;
}

static void all_pages_are_read(void **state)
{
    scene_t *s = *state;
    assert_int_equal(audit(s, HONEST, NULL), LP_EXIT_FINDINGS);
    assert_int_equal(count(s->out, "policy-wildcard"), 8);
    assert_non_null(strstr(s->out, "\"is_complete\":true"));
    assert_int_equal(fake_cloud_count(&s->cloud, "ListPolicies"), 8);
    assert_int_equal(s->cloud.n_bad_signatures, 0);
    assert_int_equal(s->cloud.n_changes, 0);
    assert_int_equal(audit(s, HONEST, "3"), LP_EXIT_FINDINGS);
    assert_int_equal(count(s->out, "policy-wildcard"), 3);
    assert_non_null(strstr(s->out, "\"is_complete\":false"));
}

static void pages_that_lie_are_no_clean_account(void **state)
{
    scene_t *s = *state;
    for (pages_t mode = CIRCLE; mode <= NAME_TOO_LONG; mode++) {
        assert_int_equal(audit(s, mode, NULL), LP_EXIT_CLOUD);
        assert_non_null(strstr(s->out, "cloud-garbage"));
        assert_null(strstr(s->out, "\"event\":\"done\""));
    }
}

static char *no_policies(void *ctx, const http_request_t *r)
{
    (void)ctx;
    return strncmp(r->target, "/policies", 9) == 0 ? strdup("{\"policies\":[]}") : NULL;
}

static void a_missing_list_is_no_clean_account(void **state)
{
    scene_t *s = *state;
    const char *args[] = {"aws-iot-audit", NULL};
    assert_int_equal(scene_run(s, args), LP_EXIT_CLOUD); // the fake has no ListPolicies by itself
    assert_non_null(strstr(s->err, "cloud-not-found"));
    assert_string_equal(s->out, "");
}

static void faults_are_no_clean_account(void **state)
{
    static const struct {
        fault_mode_t fault;
        int count;
        int exit;
    } cases[] = {{FAULT_THROTTLE, 1, LP_EXIT_OK},     {FAULT_500_BEFORE, 1, LP_EXIT_OK},
                 {FAULT_THROTTLE, -1, LP_EXIT_CLOUD}, {FAULT_DENIED, -1, LP_EXIT_CREDENTIALS},
                 {FAULT_HTML, -1, LP_EXIT_CLOUD},     {FAULT_NOTHING, -1, LP_EXIT_CLOUD},
                 {FAULT_HUGE, -1, LP_EXIT_CLOUD},     {FAULT_RESET_BEFORE, -1, LP_EXIT_NETWORK}};
    scene_t *s = *state;
    const char *args[] = {"aws-iot-audit", "--limit", "1", NULL};
    s->cloud.script = no_policies;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fake_cloud_calm(&s->cloud);
        s->cloud.fault_action = "ListCertificates";
        s->cloud.fault = cases[i].fault;
        s->cloud.fault_count = cases[i].count;
        int rc = scene_run(s, args);
        assert_int_equal(rc, cases[i].exit);
    }
}

// One certificate without a thing, one narrow policy.
static char *small_account(void *ctx, const http_request_t *r)
{
    (void)ctx;
    if (strncmp(r->target, "/principals/things", 18) == 0) {
        return strdup("{\"things\":[]}");
    }
    if (strncmp(r->target, "/policies/", 10) == 0) {
        return strdup("{\"policyDocument\":\"{\\\"Statement\\\":[]}\"}");
    }
    return strncmp(r->target, "/policies", 9) == 0
               ? strdup("{\"policies\":[{\"policyName\":\"p\"}]}")
               : NULL;
}

static void every_call_may_fail(void **state)
{
    static const char *const actions[] = {"DescribeCertificate", "ListPrincipalThings",
                                          "ListAttachedPolicies", "ListPolicies", "GetPolicy"};
    static const struct {
        fault_mode_t fault;
        int count;
        int exit;
    } cases[] = {{FAULT_THROTTLE, 1, LP_EXIT_FINDINGS},
                 {FAULT_HALF, 1, LP_EXIT_FINDINGS},
                 {FAULT_DENIED, -1, LP_EXIT_CREDENTIALS},
                 {FAULT_NOTHING, -1, LP_EXIT_CLOUD}};
    scene_t *s = *state;
    const char *args[] = {"aws-iot-audit", "--json", NULL};
    fake_cert_t cert = {.id = ID,
                        .arn = "arn:aws:iot:eu-central-1:123456789012:cert/" ID,
                        .status = "ACTIVE",
                        .has_policy = true};
    s->cloud.certs[s->cloud.n_certs++] = cert;
    s->cloud.script = small_account;
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        for (size_t j = 0; j < sizeof cases / sizeof cases[0]; j++) {
            fake_cloud_calm(&s->cloud);
            s->cloud.fault_action = actions[i];
            s->cloud.fault = cases[j].fault;
            s->cloud.fault_count = cases[j].count;
            assert_int_equal(scene_run(s, args), cases[j].exit);
            bool is_done = strstr(s->out, "\"event\":\"done\"") != NULL;
            assert_int_equal(is_done, cases[j].exit == LP_EXIT_FINDINGS);
            // What was found before the fault is not lost.
            assert_int_equal(strstr(s->out, "no-thing") != NULL, is_done || i >= 3);
        }
    }
}

// One certificate whose thing is in a group that has the policy.
static char *grouped_account(void *ctx, const http_request_t *r)
{
    (void)ctx;
    if (strncmp(r->target, "/principals/things", 18) == 0) {
        return strdup("{\"things\":[\"t\"]}");
    }
    if (strncmp(r->target, "/things/t/thing-groups", 22) == 0) {
        return strdup("{\"thingGroups\":[{\"groupName\":\"g\",\"groupArn\":\"arn:g\"}]}");
    }
    if (strncmp(r->target, "/attached-policies/arn%3Ag", 26) == 0) {
        assert_non_null(strstr(r->target, "recursive=true"));
        return strdup("{\"policies\":[{\"policyName\":\"p\"}]}");
    }
    return small_account(ctx, r);
}

static void policies_of_groups_count(void **state)
{
    scene_t *s = *state;
    const char *args[] = {"aws-iot-audit", "--json", NULL};
    fake_cert_t cert = {
        .id = ID, .arn = "arn:aws:iot:eu-central-1:123456789012:cert/" ID, .status = "ACTIVE"};
    s->cloud.certs[s->cloud.n_certs++] = cert;
    s->cloud.script = grouped_account;
    assert_int_equal(scene_run(s, args), LP_EXIT_FINDINGS); // its end cannot be read
    assert_null(strstr(s->out, "no-policy"));
    s->cloud.fault_action = "ListThingGroupsForThing";
    s->cloud.fault = FAULT_DENIED;
    s->cloud.fault_count = -1;
    assert_int_equal(scene_run(s, args), LP_EXIT_CREDENTIALS);
    assert_null(strstr(s->out, "no-policy"));
    assert_null(strstr(s->out, "\"event\":\"done\""));
    s->cloud.fault_action = "ListAttachedPolicies";
    s->cloud.fault_skip = 1; // the certificate's own; the group's fails
    assert_int_equal(scene_run(s, args), LP_EXIT_CREDENTIALS);
    assert_null(strstr(s->out, "no-policy"));
}

static int open_scene(void **state)
{
    scene_t *s = calloc(1, sizeof *s);
    scene_open(s);
    *state = s;
    return 0;
}

static int close_scene(void **state)
{
    scene_close(*state);
    free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificates_are_judged),
        cmocka_unit_test(things_with_several_certificates),
        cmocka_unit_test_setup_teardown(all_pages_are_read, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(pages_that_lie_are_no_clean_account, open_scene,
                                        close_scene),
        cmocka_unit_test_setup_teardown(a_missing_list_is_no_clean_account, open_scene,
                                        close_scene),
        cmocka_unit_test_setup_teardown(faults_are_no_clean_account, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(every_call_may_fail, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(policies_of_groups_count, open_scene, close_scene),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
