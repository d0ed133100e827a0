// SPDX-License-Identifier: Apache-2.0
// A change reaches the sessions that it concerns, and no other has to read anything again.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "db.h"
#include "fixture.h"
#include "limpet/authz.h"

#define ALLOW(action, resource)                                                                    \
    "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"" action        \
    "\",\"Resource\":\"" resource "\"}]}"

typedef struct {
    fixture_t *f;
    fixture_cert_t cert;
    lp_session_t *session;
} rig_t;

static void done(lp_reg_err_t rc)
{
    assert_int_equal(rc, LP_REG_OK);
}

static void make_thing(fixture_t *f, const char *name)
{
    cJSON *doc = NULL;
    done(lp_reg_thing_create(f->reg, &f->scope, name, &(lp_thing_config_t){0}, &doc));
    cJSON_Delete(doc);
}

static void make_policy(fixture_t *f, const char *name, const char *text)
{
    cJSON *doc = NULL;
    done(lp_reg_policy_create(f->reg, &f->scope, name, text, &doc));
    cJSON_Delete(doc);
}

static void make_group(fixture_t *f, const char *name, const char *parent)
{
    cJSON *doc = NULL;
    done(
        lp_reg_group_create(f->reg, &f->scope, name, &(lp_group_config_t){.parent = parent}, &doc));
    cJSON_Delete(doc);
}

// A client "lamp" that may connect; thing, certificate, policy "p".
static rig_t rig_open(fixture_t *f)
{
    rig_t r = {.f = f, .cert = fixture_cert(f, true)};
    lp_decision_t d;
    const lp_session_config_t config = {.certificate_id = r.cert.id, .client_id = "lamp"};
    make_thing(f, "lamp");
    make_policy(f, "p", ALLOW("iot:Connect", "*"));
    done(lp_reg_policy_attach(f->reg, &f->scope, "p", r.cert.arn));
    done(lp_reg_thing_attach(f->reg, &f->scope, "lamp", r.cert.arn));
    assert_true(lp_session_open(f->reg, &f->scope, &config, &r.session, &d));
    return r;
}

static bool may(const rig_t *r, lp_action_t action)
{
    lp_decision_t d;
    return lp_session_check(r->session, action, action == LP_ACTION_CONNECT ? "lamp" : "t", &d);
}

static bool is_valid(const rig_t *r)
{
    lp_decision_t d;
    return lp_session_valid(r->session, &d);
}

static void changes_of_every_kind_are_noticed(void **state)
{
    fixture_t *f = *state;
    rig_t r = rig_open(f);
    cJSON *doc = NULL;
    assert_true(may(&r, LP_ACTION_CONNECT) && !may(&r, LP_ACTION_PUBLISH));
    make_policy(f, "q", ALLOW("iot:Publish", "*"));
    assert_false(may(&r, LP_ACTION_PUBLISH));
    done(lp_reg_policy_attach(f->reg, &f->scope, "q", r.cert.arn)); // a policy is attached
    assert_true(may(&r, LP_ACTION_PUBLISH));
    done(lp_reg_policy_version_create(f->reg, &f->scope, "q", ALLOW("iot:Receive", "*"), true,
                                      &doc)); // it gets another version
    cJSON_Delete(doc);
    assert_false(may(&r, LP_ACTION_PUBLISH));
    done(lp_reg_policy_version_default(f->reg, &f->scope, "q", "1"));
    assert_true(may(&r, LP_ACTION_PUBLISH));
    done(lp_reg_policy_detach(f->reg, &f->scope, "q", r.cert.arn));
    assert_false(may(&r, LP_ACTION_PUBLISH));
    done(lp_reg_cert_set_status(f->reg, &f->scope, r.cert.id, "INACTIVE"));
    assert_false(is_valid(&r));
    done(lp_reg_cert_set_status(f->reg, &f->scope, r.cert.id, "ACTIVE"));
    assert_true(is_valid(&r));
    lp_session_close(r.session);
}

static void changes_of_groups_are_noticed(void **state)
{
    fixture_t *f = *state;
    rig_t r = rig_open(f);
    char arn[LP_REG_ARN_SIZE];
    make_group(f, "top", NULL);
    make_group(f, "sub", "top");
    make_policy(f, "q", ALLOW("iot:Publish", "*"));
    lp_reg_arn(&f->scope, "thinggroup", "top", arn);
    done(lp_reg_policy_attach(f->reg, &f->scope, "q", arn));
    assert_false(may(&r, LP_ACTION_PUBLISH));
    done(lp_reg_group_add(f->reg, &f->scope, "sub", "lamp"));
    assert_true(may(&r, LP_ACTION_PUBLISH));
    done(lp_reg_policy_detach(f->reg, &f->scope, "q", arn));
    assert_false(may(&r, LP_ACTION_PUBLISH));
    done(lp_reg_policy_attach(f->reg, &f->scope, "q", arn));
    assert_true(may(&r, LP_ACTION_PUBLISH));
    done(lp_reg_group_remove(f->reg, &f->scope, "sub", "lamp"));
    assert_false(may(&r, LP_ACTION_PUBLISH));
    lp_session_close(r.session);
}

// A thing that is attached, but is not the client: only its groups count.
static void changes_of_other_attached_things_groups_are_noticed(void **state)
{
    fixture_t *f = *state;
    rig_t r = rig_open(f);
    char arn[LP_REG_ARN_SIZE];
    make_thing(f, "other");
    make_group(f, "top", NULL);
    make_policy(f, "q", ALLOW("iot:Publish", "*"));
    lp_reg_arn(&f->scope, "thinggroup", "top", arn);
    done(lp_reg_policy_attach(f->reg, &f->scope, "q", arn));
    done(lp_reg_thing_attach(f->reg, &f->scope, "other", r.cert.arn));
    assert_false(may(&r, LP_ACTION_PUBLISH));
    done(lp_reg_group_add(f->reg, &f->scope, "top", "other"));
    assert_true(may(&r, LP_ACTION_PUBLISH));
    done(lp_reg_thing_detach(f->reg, &f->scope, "other", r.cert.arn));
    assert_false(may(&r, LP_ACTION_PUBLISH));
    lp_session_close(r.session);
}

static bool never(void *arg, const char *key)
{
    (*(int *)arg)++;
    assert_true(strlen(key) > 2 && key[1] == ':');
    return false;
}

static void changes_are_known_one_by_one(void **state)
{
    fixture_t *f = *state;
    int seen = 0;
    int64_t from = lp_registry_change(f->reg);
    assert_false(lp_registry_changed(f->reg, from, never, &seen));
    assert_int_equal(seen, 0);
    make_thing(f, "a");
    make_thing(f, "b");
    lp_registry_change(f->reg);
    assert_false(lp_registry_changed(f->reg, from, never, &seen));
    assert_int_equal(seen, 2);
}

// Too many to remember: everybody reads again, rather than that somebody misses one.
static void changes_beyond_memory_concern_everybody(void **state)
{
    fixture_t *f = *state;
    int seen = 0;
    char name[32];
    int64_t from = lp_registry_change(f->reg);
    lp_registry_changed(f->reg, from, never, &seen);
    for (int i = 0; i < LP_CHANGE_KEYS + 1; i++) {
        snprintf(name, sizeof name, "t%d", i);
        make_thing(f, name);
        if (i == LP_CHANGE_KEYS - 1) {
            lp_registry_change(f->reg);
            assert_false(lp_registry_changed(f->reg, from, never, &seen));
            assert_int_equal(seen, LP_CHANGE_KEYS);
        }
    }
    lp_registry_change(f->reg);
    assert_true(lp_registry_changed(f->reg, from, never, &seen));
    assert_int_equal(seen, LP_CHANGE_KEYS);
    int64_t rows = 0;
    assert_true(lp_db_int(f->reg, &rows, "SELECT count(*) FROM changes", ""));
    assert_true(rows <= 1001);
}

// A registry that an earlier version made has triggers that only count.
static void changes_of_an_older_registry_are_tracked(void **state)
{
    fixture_t *f = *state;
    char path[128];
    int seen = 0;
    snprintf(path, sizeof path, "%s/registry.db", f->folder);
    assert_int_equal(
        sqlite3_exec(f->reg->db_,
                     "DROP TRIGGER things_INSERT_2; DROP TABLE changes;"
                     "CREATE TRIGGER things_INSERT AFTER INSERT ON things BEGIN UPDATE meta SET"
                     " value=value+1 WHERE key='change'; END;",
                     NULL, NULL, NULL),
        SQLITE_OK);
    lp_registry_close(f->reg);
    done(lp_registry_open(&f->reg, path, true, NULL, 0));
    int64_t from = lp_registry_change(f->reg);
    assert_false(lp_registry_changed(f->reg, from, never, &seen)); // it remembers from here on
    make_thing(f, "a");
    assert_int_equal(lp_registry_change(f->reg), from + 1);
    assert_false(lp_registry_changed(f->reg, from, never, &seen));
    assert_int_equal(seen, 1);
}

// Another process takes a right away: it ends within the time that answers may be old; one that is
// given counts at once.
static void changes_of_another_handle_are_seen_in_time(void **state)
{
    fixture_t *f = *state;
    rig_t r = rig_open(f);
    char path[128];
    lp_registry_t *other = NULL;
    snprintf(path, sizeof path, "%s/registry.db", f->folder);
    done(lp_registry_open(&other, path, false, NULL, 0));
    make_policy(f, "q", ALLOW("iot:Publish", "*"));
    assert_false(may(&r, LP_ACTION_PUBLISH));
    done(lp_reg_policy_attach(other, &f->scope, "q", r.cert.arn));
    assert_true(may(&r, LP_ACTION_PUBLISH));
    done(lp_reg_policy_detach(other, &f->scope, "q", r.cert.arn));
    int64_t since = 0;
    do {
        since = f->reg->change_ms_;
    } while (may(&r, LP_ACTION_PUBLISH) && since == f->reg->change_ms_);
    assert_false(may(&r, LP_ACTION_PUBLISH));
    lp_registry_close(other);
    lp_session_close(r.session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(changes_of_every_kind_are_noticed, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(changes_of_groups_are_noticed, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(changes_of_other_attached_things_groups_are_noticed,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(changes_are_known_one_by_one, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(changes_beyond_memory_concern_everybody, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(changes_of_an_older_registry_are_tracked, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(changes_of_another_handle_are_seen_in_time, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
