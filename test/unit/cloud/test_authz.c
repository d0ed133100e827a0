// SPDX-License-Identifier: Apache-2.0
// Who may do what, and why not in words; and the broker plugin's table of sessions.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "limpet/authz.h"
#include "sessions.h"

// What `aws-iot-setup` gives a device: its own name, its own topics.
#define DEVICE_POLICY                                                                              \
    "{\"Version\":\"2012-10-17\",\"Statement\":["                                                  \
    "{\"Effect\":\"Allow\",\"Action\":\"iot:Connect\","                                            \
    "\"Resource\":\"arn:aws:iot:*:*:client/${iot:Connection.Thing.ThingName}\"},"                  \
    "{\"Effect\":\"Allow\",\"Action\":[\"iot:Publish\",\"iot:Receive\"],"                          \
    "\"Resource\":\"arn:aws:iot:*:*:topic/dt/${iot:Connection.Thing.ThingName}/*\"},"              \
    "{\"Effect\":\"Allow\",\"Action\":\"iot:Subscribe\","                                          \
    "\"Resource\":\"arn:aws:iot:*:*:topicfilter/dt/${iot:Connection.Thing.ThingName}/*\"},"        \
    "{\"Effect\":\"Deny\",\"Action\":\"iot:Publish\","                                             \
    "\"Resource\":\"arn:aws:iot:*:*:topic/dt/${iot:Connection.Thing.ThingName}/ro\"}]}"

static void put_policy(fixture_t *f, const char *name, const char *text)
{
    cJSON *doc = NULL;
    assert_int_equal(lp_reg_policy_create(f->reg, &f->scope, name, text, &doc), LP_REG_OK);
    cJSON_Delete(doc);
}

// A thing with a certificate and the device policy, as after a set-up.
static fixture_cert_t device(fixture_t *f, const char *thing, const char *policy)
{
    const fixture_cert_t c = fixture_cert(f, true);
    const lp_thing_config_t plain = {0};
    cJSON *doc = NULL;
    assert_int_equal(lp_reg_thing_create(f->reg, &f->scope, thing, &plain, &doc), LP_REG_OK);
    cJSON_Delete(doc);
    assert_int_equal(lp_reg_thing_attach(f->reg, &f->scope, thing, c.arn), LP_REG_OK);
    put_policy(f, "device", policy);
    assert_int_equal(lp_reg_policy_attach(f->reg, &f->scope, "device", c.arn), LP_REG_OK);
    return c;
}

static lp_session_t *open_as(fixture_t *f, const char *certificate, const char *client)
{
    lp_session_t *s = NULL;
    lp_decision_t d;
    const lp_session_config_t config = {
        .certificate_id = certificate, .client_id = client, .address = "127.0.0.1"};
    assert_true(lp_session_open(f->reg, &f->scope, &config, &s, &d));
    return s;
}

static void expect_refusal(lp_session_t *s, lp_action_t action, const char *name,
                           const char *reason)
{
    lp_decision_t d;
    assert_false(lp_session_check(s, action, name, &d));
    assert_string_equal(d.reason, reason);
}

static void expect_allowed(lp_session_t *s, lp_action_t action, const char *name)
{
    lp_decision_t d;
    if (!lp_session_check(s, action, name, &d)) {
        print_error("%s: %s\n", name, d.reason);
        fail();
    }
}

static void device_does_what_is_its_own_and_nothing_else(void **state)
{
    fixture_t *f = *state;
    const fixture_cert_t c = device(f, "lamp", DEVICE_POLICY);
    lp_session_t *s = open_as(f, c.id, "lamp");
    assert_string_equal(lp_session_thing(s), "lamp");
    expect_allowed(s, LP_ACTION_CONNECT, "lamp");
    expect_allowed(s, LP_ACTION_PUBLISH, "dt/lamp/t");
    expect_allowed(s, LP_ACTION_SUBSCRIBE, "dt/lamp/#");
    expect_allowed(s, LP_ACTION_RECEIVE, "dt/lamp/cmd");
    expect_refusal(s, LP_ACTION_PUBLISH, "dt/lamp/ro",
                   "policy device denies iot:Publish on topic/dt/lamp/ro");
    expect_refusal(s, LP_ACTION_PUBLISH, "dt/door/t",
                   "no policy allows iot:Publish on topic/dt/door/t");
    expect_refusal(s, LP_ACTION_SUBSCRIBE, "#", "no policy allows iot:Subscribe on topicfilter/#");
    expect_refusal(s, LP_ACTION_RETAIN_PUBLISH, "dt/lamp/t",
                   "no policy allows iot:RetainPublish on topic/dt/lamp/t");
    lp_session_close(s);
}

static void client_with_another_id_has_no_thing(void **state)
{
    fixture_t *f = *state;
    const fixture_cert_t c = device(f, "lamp", DEVICE_POLICY);
    lp_session_t *s = open_as(f, c.id, "other");
    expect_refusal(s, LP_ACTION_CONNECT, "other",
                   "no policy allows iot:Connect on client/other (the client id is not a thing "
                   "that the certificate is attached to)");
    lp_session_close(s);
}

// Somebody else's certificate, with the name of our thing.
static void thing_of_another_certificate_does_not_resolve(void **state)
{
    fixture_t *f = *state;
    lp_decision_t d;
    device(f, "lamp", DEVICE_POLICY);
    const fixture_cert_t thief = fixture_cert(f, true);
    assert_int_equal(lp_reg_policy_attach(f->reg, &f->scope, "device", thief.arn), LP_REG_OK);
    lp_session_t *s = open_as(f, thief.id, "lamp");
    assert_false(lp_session_check(s, LP_ACTION_CONNECT, "lamp", &d));
    lp_session_close(s);
}

static void unknown_inactive_and_revoked_are_refused_in_words(void **state)
{
    fixture_t *f = *state;
    char expected[160];
    const fixture_cert_t c = fixture_cert(f, false);
    const char *const status[] = {"INACTIVE", "REVOKED"};
    lp_session_t *s = NULL;
    lp_decision_t d;
    lp_session_config_t config = {.certificate_id = c.id, .client_id = "a"};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(lp_reg_cert_set_status(f->reg, &f->scope, c.id, status[i]), LP_REG_OK);
        assert_false(lp_session_open(f->reg, &f->scope, &config, &s, &d));
        snprintf(expected, sizeof expected, "certificate %.8s is %s", c.id, status[i]);
        assert_string_equal(d.reason, expected);
    }
    config.certificate_id = "0000000000000000000000000000000000000000000000000000000000000000";
    assert_false(lp_session_open(f->reg, &f->scope, &config, &s, &d));
    assert_string_equal(d.reason,
                        "certificate 00000000 is not registered in account " FIXTURE_ACCOUNT
                        ", us-east-1");
    assert_null(s);
}

static void certificate_without_policy_says_so(void **state)
{
    fixture_t *f = *state;
    char expected[160];
    const fixture_cert_t c = fixture_cert(f, true);
    lp_session_t *s = open_as(f, c.id, "a");
    snprintf(expected, sizeof expected, "no policy is attached to certificate %.8s", c.id);
    expect_refusal(s, LP_ACTION_CONNECT, "a", expected);
    lp_session_close(s);
}

// Each of these must end a live session at once.
typedef lp_reg_err_t (*change_t)(fixture_t *f, const fixture_cert_t *c);

static lp_reg_err_t deactivate(fixture_t *f, const fixture_cert_t *c)
{
    return lp_reg_cert_set_status(f->reg, &f->scope, c->id, "INACTIVE");
}

static lp_reg_err_t revoke(fixture_t *f, const fixture_cert_t *c)
{
    return lp_reg_cert_set_status(f->reg, &f->scope, c->id, "REVOKED");
}

static lp_reg_err_t detach_thing(fixture_t *f, const fixture_cert_t *c)
{
    return lp_reg_thing_detach(f->reg, &f->scope, "lamp", c->arn);
}

static lp_reg_err_t detach_policy(fixture_t *f, const fixture_cert_t *c)
{
    return lp_reg_policy_detach(f->reg, &f->scope, "device", c->arn);
}

static lp_reg_err_t deny_by_new_version(fixture_t *f, const fixture_cert_t *c)
{
    (void)c;
    cJSON *doc = NULL;
    lp_reg_err_t rc = lp_reg_policy_version_create(
        f->reg, &f->scope, "device",
        "{\"Statement\":[{\"Effect\":\"Deny\",\"Action\":\"iot:*\",\"Resource\":\"*\"}]}", true,
        &doc);
    cJSON_Delete(doc);
    return rc;
}

static void session_ends_with_what_it_stood_on(void **state)
{
    (void)state;
    static const change_t changes[] = {deactivate, revoke, detach_thing, detach_policy,
                                       deny_by_new_version};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        void *own = NULL;
        assert_int_equal(fixture_setup(&own), 0);
        fixture_t *f = own;
        const fixture_cert_t c = device(f, "lamp", DEVICE_POLICY);
        lp_session_t *s = open_as(f, c.id, "lamp");
        lp_decision_t d = {0};
        assert_true(lp_session_valid(s, &d));
        assert_int_equal(changes[i](f, &c), LP_REG_OK);
        assert_false(lp_session_valid(s, &d));
        assert_string_not_equal(d.reason, "");
        lp_session_close(s);
        fixture_teardown(&own);
    }
}

static void session_survives_changes_elsewhere(void **state)
{
    fixture_t *f = *state;
    lp_decision_t d;
    const fixture_cert_t c = device(f, "lamp", DEVICE_POLICY);
    lp_session_t *s = open_as(f, c.id, "lamp");
    fixture_cert(f, true);
    put_policy(f, "unrelated", DEVICE_POLICY);
    assert_true(lp_session_valid(s, &d));
    lp_session_close(s);
}

static void variables_of_certificate_and_thing_resolve(void **state)
{
    fixture_t *f = *state;
    char topic[200];
    cJSON *attributes = cJSON_Parse("{\"site\":\"porto\"}");
    const lp_thing_update_t u = {.attributes = attributes};
    const fixture_cert_t c =
        device(f, "lamp",
               "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"iot:"
               "Publish\","
               "\"Resource\":[\"arn:aws:iot:*:*:topic/a/${iot:Connection.Thing.Attributes[site]}\","
               "\"arn:aws:iot:*:*:topic/b/${iot:Certificate.Subject.CommonName}\","
               "\"arn:aws:iot:*:*:topic/c/${iot:CertificateId}\","
               "\"arn:aws:iot:*:*:topic/d/${iot:Certificate.Issuer.Organization}\","
               "\"arn:aws:iot:*:*:topic/e/${iot:Certificate.Subject.CommonName.1}\"]}]}");
    assert_int_equal(lp_reg_thing_update(f->reg, &f->scope, "lamp", &u), LP_REG_OK);
    cJSON_Delete(attributes);
    lp_session_t *s = open_as(f, c.id, "lamp");
    lp_decision_t d;
    expect_allowed(s, LP_ACTION_PUBLISH, "a/porto");
    expect_allowed(s, LP_ACTION_PUBLISH, "b/dev1");
    snprintf(topic, sizeof topic, "c/%s", c.id);
    expect_allowed(s, LP_ACTION_PUBLISH, topic);
    expect_allowed(s, LP_ACTION_PUBLISH, "d/Limpet local cloud");
    assert_false(lp_session_check(s, LP_ACTION_PUBLISH, "e/dev1", &d));
    assert_false(lp_session_check(s, LP_ACTION_PUBLISH, "e/", &d));
    lp_session_close(s);
}

// --- topics and client ids ----------------------------------------------------------------------

static void topics_follow_awss_limits(void **state)
{
    (void)state;
    char longest[300];
    memset(longest, 'a', sizeof longest);
    longest[256] = '\0';
    assert_string_equal(lp_topic_fault(longest, false), "");
    longest[256] = 'a';
    longest[257] = '\0';
    assert_string_not_equal(lp_topic_fault(longest, false), "");
    assert_string_equal(lp_topic_fault("a/b/c/d/e/f/g/h", false), "");
    assert_string_not_equal(lp_topic_fault("a/b/c/d/e/f/g/h/i", false), "");
    assert_string_equal(lp_topic_fault("$aws/rules/r/a/b/c/d/e/f/g/h", false), "");
    assert_string_equal(lp_topic_fault("$share/g/a/b/c/d/e/f/g/h", true), "");
    assert_string_not_equal(lp_topic_fault("$share/g/a", false), "");
    assert_string_not_equal(lp_topic_fault("$SYS/broker/uptime", true), "");
    assert_string_equal(lp_topic_fault("$aws/things/a/shadow/get", false), "");
    assert_string_not_equal(lp_topic_fault("", false), "");
}

static void client_ids_follow_awss_limits(void **state)
{
    (void)state;
    char longest[200];
    memset(longest, 'a', sizeof longest);
    longest[128] = '\0';
    assert_string_equal(lp_client_id_fault(longest), "");
    longest[128] = 'a';
    longest[129] = '\0';
    assert_string_not_equal(lp_client_id_fault(longest), "");
    assert_string_not_equal(lp_client_id_fault("$aws"), "");
    assert_string_not_equal(lp_client_id_fault(""), "");
    assert_string_not_equal(lp_client_id_fault(NULL), "");
}

// --- the plugin's table -------------------------------------------------------------------------

static void sessions_are_believed_only_for_the_same_client(void **state)
{
    fixture_t *f = *state;
    lp_sessions_t *table = calloc(1, sizeof *table);
    const fixture_cert_t c = device(f, "lamp", DEVICE_POLICY);
    const fixture_cert_t other = fixture_cert(f, true);
    int broker[2];
    lp_entry_t *e = lp_sessions_put(table, &broker[0], open_as(f, c.id, "lamp"));
    assert_ptr_equal(lp_sessions_find(table, &broker[0], "lamp", c.id), e);
    assert_null(lp_sessions_find(table, &broker[0], "door", c.id));
    assert_null(lp_sessions_find(table, &broker[0], "lamp", other.id));
    assert_null(lp_sessions_find(table, &broker[0], "lamp", NULL));
    assert_null(lp_sessions_find(table, &broker[1], "lamp", c.id));
    // The broker uses the pointer again for another client.
    lp_sessions_put(table, &broker[0], open_as(f, other.id, "door"));
    assert_null(lp_sessions_find(table, &broker[0], "lamp", c.id));
    lp_sessions_remove(table, &broker[0]);
    lp_sessions_remove(table, &broker[0]);
    lp_sessions_clear(table);
    free(table);
}

static void sessions_that_lost_their_right_are_found_one_by_one(void **state)
{
    fixture_t *f = *state;
    lp_sessions_t *table = calloc(1, sizeof *table);
    const fixture_cert_t c = device(f, "lamp", DEVICE_POLICY);
    lp_decision_t d = {0};
    int broker[3];
    for (int i = 0; i < 3; i++) {
        lp_sessions_put(table, &broker[i], open_as(f, c.id, "lamp"))->connected = i < 2;
    }
    assert_null(lp_sessions_invalid(table, &d));
    assert_int_equal(deactivate(f, &c), LP_REG_OK);
    int found = 0;
    lp_entry_t *e = NULL;
    while ((e = lp_sessions_invalid(table, &d)) != NULL) {
        e->connected = false;
        found++;
    }
    assert_int_equal(found, 2);
    lp_sessions_clear(table);
    free(table);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(device_does_what_is_its_own_and_nothing_else),
        T(client_with_another_id_has_no_thing),
        T(thing_of_another_certificate_does_not_resolve),
        T(unknown_inactive_and_revoked_are_refused_in_words),
        T(certificate_without_policy_says_so),
        cmocka_unit_test(session_ends_with_what_it_stood_on),
        T(session_survives_changes_elsewhere),
        T(variables_of_certificate_and_thing_resolve),
        cmocka_unit_test(topics_follow_awss_limits),
        cmocka_unit_test(client_ids_follow_awss_limits),
        T(sessions_are_believed_only_for_the_same_client),
        T(sessions_that_lost_their_right_are_found_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
