// SPDX-License-Identifier: Apache-2.0
// Customers' certificate authorities, and thing types and groups.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "fixture.h"
#include "limpet/authz.h"

static const lp_page_t all = {0};

static void code_of(fixture_t *f, char code[65])
{
    cJSON *doc = NULL;
    assert_int_equal(lp_reg_ca_code(f->reg, &f->scope, &doc), LP_REG_OK);
    snprintf(code, 65, "%s", fixture_text(doc, "registrationCode"));
    cJSON_Delete(doc);
}

// Registers a CA with the proof that AWS asks for.
static lp_reg_err_t register_ca(fixture_t *f, const fixture_own_t *ca, bool automatic, char id[65])
{
    char code[65];
    cJSON *doc = NULL;
    code_of(f, code);
    fixture_own_t proof = fixture_own(code, false, ca);
    const lp_ca_config_t config = {.ca_pem = ca->pem,
                                   .verification_pem = proof.pem,
                                   .active = true,
                                   .auto_registration = automatic};
    lp_reg_err_t rc = lp_reg_ca_register(f->reg, &f->scope, &config, &doc);
    if (rc == LP_REG_OK) {
        snprintf(id, 65, "%s", fixture_text(doc, "certificateId"));
    }
    cJSON_Delete(doc);
    fixture_own_free(&proof);
    return rc;
}

static void code_is_the_same_until_it_is_deleted(void **state)
{
    fixture_t *f = *state;
    char one[65];
    char two[65];
    code_of(f, one);
    code_of(f, two);
    assert_int_equal(strlen(one), 64);
    assert_string_equal(one, two);
    assert_int_equal(lp_reg_ca_code_delete(f->reg, &f->scope), LP_REG_OK);
    code_of(f, two);
    assert_string_not_equal(one, two);
}

static void ca_needs_the_proof_of_its_key(void **state)
{
    fixture_t *f = *state;
    char code[65];
    cJSON *doc = NULL;
    code_of(f, code);
    fixture_own_t ca = fixture_own("maker", true, NULL);
    fixture_own_t thief = fixture_own("maker", true, NULL);
    fixture_own_t forged = fixture_own(code, false, &thief);
    fixture_own_t other_name = fixture_own("not the code", false, &ca);
    fixture_own_t leaf = fixture_own(code, false, NULL);
    lp_ca_config_t config = {.ca_pem = ca.pem};
    assert_int_equal(lp_reg_ca_register(f->reg, &f->scope, &config, &doc), LP_REG_CERT_VALIDATION);
    config.verification_pem = forged.pem;
    assert_int_equal(lp_reg_ca_register(f->reg, &f->scope, &config, &doc), LP_REG_CERT_VALIDATION);
    config.verification_pem = other_name.pem;
    assert_int_equal(lp_reg_ca_register(f->reg, &f->scope, &config, &doc), LP_REG_REG_CODE);
    const lp_ca_config_t no_ca = {.ca_pem = leaf.pem, .sni_only = true};
    assert_int_equal(lp_reg_ca_register(f->reg, &f->scope, &no_ca, &doc), LP_REG_CERT_VALIDATION);
    assert_null(doc);
    fixture_own_free(&ca);
    fixture_own_free(&thief);
    fixture_own_free(&forged);
    fixture_own_free(&other_name);
    fixture_own_free(&leaf);
}

static void ca_life(void **state)
{
    fixture_t *f = *state;
    char id[65];
    cJSON *doc = NULL;
    fixture_own_t ca = fixture_own("maker", true, NULL);
    assert_int_equal(register_ca(f, &ca, false, id), LP_REG_OK);
    assert_int_equal(register_ca(f, &ca, false, id), LP_REG_EXISTS);
    assert_int_equal(lp_reg_ca_get(f->reg, &f->scope, id, &doc), LP_REG_OK);
    const cJSON *about = cJSON_GetObjectItemCaseSensitive(doc, "certificateDescription");
    assert_string_equal(fixture_text(about, "status"), "ACTIVE");
    assert_string_equal(fixture_text(about, "autoRegistrationStatus"), "DISABLE");
    cJSON_Delete(doc);
    assert_int_equal(lp_reg_cas(f->reg, &f->scope, &all, &doc), LP_REG_OK);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(doc, "certificates")), 1);
    cJSON_Delete(doc);
    assert_int_equal(lp_reg_ca_delete(f->reg, &f->scope, id), LP_REG_CERT_STATE);
    assert_int_equal(lp_reg_ca_update(f->reg, &f->scope, id, "REVOKED", NULL), LP_REG_INVALID);
    assert_int_equal(lp_reg_ca_update(f->reg, &f->scope, id, "INACTIVE", "ENABLE"), LP_REG_OK);
    assert_int_equal(lp_reg_ca_delete(f->reg, &f->scope, id), LP_REG_OK);
    assert_int_equal(lp_reg_ca_delete(f->reg, &f->scope, id), LP_REG_NOT_FOUND);
    fixture_own_free(&ca);
}

static void certificate_of_a_registered_ca_is_taken_once(void **state)
{
    fixture_t *f = *state;
    char id[65];
    cJSON *doc = NULL;
    fixture_own_t ca = fixture_own("maker", true, NULL);
    fixture_own_t device = fixture_own("dev", false, &ca);
    fixture_own_t stranger = fixture_own("dev", false, NULL);
    assert_int_equal(lp_reg_cert_register_ca(f->reg, &f->scope, device.pem, NULL, "ACTIVE", &doc),
                     LP_REG_CERT_VALIDATION);
    assert_int_equal(register_ca(f, &ca, false, id), LP_REG_OK);
    assert_int_equal(lp_reg_cert_register_ca(f->reg, &f->scope, stranger.pem, NULL, "ACTIVE", &doc),
                     LP_REG_CERT_VALIDATION);
    assert_int_equal(lp_reg_cert_register_ca(f->reg, &f->scope, device.pem, ca.pem, "ACTIVE", &doc),
                     LP_REG_OK);
    cJSON_Delete(doc);
    assert_int_equal(lp_reg_cert_register_ca(f->reg, &f->scope, device.pem, NULL, "ACTIVE", &doc),
                     LP_REG_EXISTS);
    assert_int_equal(lp_reg_certs(f->reg, &f->scope, id, &all, &doc), LP_REG_OK);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(doc, "certificates")), 1);
    cJSON_Delete(doc);
    fixture_own_free(&ca);
    fixture_own_free(&device);
    fixture_own_free(&stranger);
}

// Two CAs of the same name: the key decides, so there is no doubt which one signed.
static void ca_of_the_same_name_is_told_apart_by_its_key(void **state)
{
    fixture_t *f = *state;
    char one_id[65];
    char two_id[65];
    cJSON *doc = NULL;
    fixture_own_t one = fixture_own("maker", true, NULL);
    fixture_own_t two = fixture_own("maker", true, NULL);
    fixture_own_t device = fixture_own("dev", false, &two);
    assert_int_equal(register_ca(f, &one, false, one_id), LP_REG_OK);
    assert_int_equal(register_ca(f, &two, false, two_id), LP_REG_OK);
    assert_int_equal(
        lp_reg_cert_register_ca(f->reg, &f->scope, device.pem, one.pem, "ACTIVE", &doc),
        LP_REG_CERT_VALIDATION);
    assert_int_equal(lp_reg_cert_register_ca(f->reg, &f->scope, device.pem, NULL, NULL, &doc),
                     LP_REG_OK);
    char id[65];
    snprintf(id, sizeof id, "%s", fixture_text(doc, "certificateId"));
    cJSON_Delete(doc);
    assert_int_equal(lp_reg_cert_get(f->reg, &f->scope, id, &doc), LP_REG_OK);
    assert_string_equal(fixture_text(doc, "caCertificateId"), two_id);
    cJSON_Delete(doc);
    fixture_own_free(&one);
    fixture_own_free(&two);
    fixture_own_free(&device);
}

static void inactive_ca_takes_no_more_certificates(void **state)
{
    fixture_t *f = *state;
    char id[65];
    cJSON *doc = NULL;
    fixture_own_t ca = fixture_own("maker", true, NULL);
    fixture_own_t device = fixture_own("dev", false, &ca);
    assert_int_equal(register_ca(f, &ca, false, id), LP_REG_OK);
    assert_int_equal(lp_reg_ca_update(f->reg, &f->scope, id, "INACTIVE", NULL), LP_REG_OK);
    assert_int_equal(lp_reg_cert_register_ca(f->reg, &f->scope, device.pem, NULL, NULL, &doc),
                     LP_REG_CERT_STATE);
    fixture_own_free(&ca);
    fixture_own_free(&device);
}

static void automatic_registration_waits_for_activation(void **state)
{
    fixture_t *f = *state;
    char id[65];
    char by[65] = "";
    fixture_own_t ca = fixture_own("maker", true, NULL);
    fixture_own_t device = fixture_own("dev", false, &ca);
    assert_int_equal(register_ca(f, &ca, false, id), LP_REG_OK);
    assert_int_equal(lp_reg_cert_auto_register(f->reg, &f->scope, device.pem, by),
                     LP_REG_NOT_FOUND);
    assert_int_equal(lp_reg_ca_update(f->reg, &f->scope, id, NULL, "ENABLE"), LP_REG_OK);
    assert_int_equal(lp_reg_cert_auto_register(f->reg, &f->scope, device.pem, by), LP_REG_OK);
    assert_string_equal(by, id);
    assert_int_equal(lp_reg_cert_auto_register(f->reg, &f->scope, device.pem, by), LP_REG_EXISTS);
    fixture_own_free(&ca);
    fixture_own_free(&device);
}

// --- types and groups ---------------------------------------------------------------------------

static void type_gives_a_thing_room_and_ends_when_deprecated(void **state)
{
    fixture_t *f = *state;
    cJSON *four = cJSON_Parse("{\"a\":\"1\",\"b\":\"2\",\"c\":\"3\",\"d\":\"4\"}");
    cJSON *doc = NULL;
    const lp_type_config_t bulb = {.description = "a bulb"};
    const lp_type_config_t other = {.description = "another"};
    const lp_thing_config_t thing = {.type = "bulb", .attributes = four};
    assert_int_equal(lp_reg_type_create(f->reg, &f->scope, "bulb", &bulb, &doc), LP_REG_OK);
    assert_int_equal(cJSON_GetArraySize(doc), 3);
    cJSON_Delete(doc);
    assert_int_equal(lp_reg_type_create(f->reg, &f->scope, "bulb", &bulb, &doc), LP_REG_OK);
    cJSON_Delete(doc);
    assert_int_equal(lp_reg_type_create(f->reg, &f->scope, "bulb", &other, &doc), LP_REG_EXISTS);
    assert_int_equal(lp_reg_thing_create(f->reg, &f->scope, "t", &thing, &doc), LP_REG_OK);
    cJSON_Delete(doc);
    assert_int_equal(lp_reg_type_delete(f->reg, &f->scope, "bulb"), LP_REG_INVALID);
    assert_int_equal(lp_reg_type_deprecate(f->reg, &f->scope, "bulb", false), LP_REG_OK);
    assert_int_equal(lp_reg_thing_create(f->reg, &f->scope, "u", &thing, &doc), LP_REG_INVALID);
    assert_int_equal(lp_reg_type_delete(f->reg, &f->scope, "bulb"), LP_REG_INVALID);
    assert_int_equal(lp_reg_type_deprecate(f->reg, &f->scope, "bulb", true), LP_REG_OK);
    assert_int_equal(lp_reg_thing_create(f->reg, &f->scope, "u", &thing, &doc), LP_REG_OK);
    cJSON_Delete(doc);
    assert_int_equal(lp_reg_type_deprecate(f->reg, &f->scope, "none", true), LP_REG_NOT_FOUND);
    cJSON_Delete(four);
}

static lp_reg_err_t make_group(fixture_t *f, const char *name, const char *parent)
{
    cJSON *doc = NULL;
    const lp_group_config_t config = {.parent = parent};
    lp_reg_err_t rc = lp_reg_group_create(f->reg, &f->scope, name, &config, &doc);
    cJSON_Delete(doc);
    return rc;
}

static void make_thing(fixture_t *f, const char *name)
{
    cJSON *doc = NULL;
    const lp_thing_config_t plain = {0};
    assert_int_equal(lp_reg_thing_create(f->reg, &f->scope, name, &plain, &doc), LP_REG_OK);
    cJSON_Delete(doc);
}

static int count_in(cJSON *doc, const char *list)
{
    int n = cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(doc, list));
    cJSON_Delete(doc);
    return n;
}

static void groups_nest_list_and_refuse_to_go_while_used(void **state)
{
    fixture_t *f = *state;
    cJSON *doc = NULL;
    char name[8];
    char above[8] = "";
    assert_int_equal(make_group(f, "house", NULL), LP_REG_OK);
    assert_int_equal(make_group(f, "floor", "house"), LP_REG_OK);
    assert_int_equal(make_group(f, "floor", "house"), LP_REG_OK);
    assert_int_equal(make_group(f, "floor", NULL), LP_REG_EXISTS);
    assert_int_equal(make_group(f, "x", "none"), LP_REG_NOT_FOUND);
    make_thing(f, "lamp");
    assert_int_equal(lp_reg_group_add(f->reg, &f->scope, "floor", "lamp"), LP_REG_OK);
    assert_int_equal(lp_reg_group_add(f->reg, &f->scope, "floor", "lamp"), LP_REG_OK);
    assert_int_equal(lp_reg_group_add(f->reg, &f->scope, "floor", "none"), LP_REG_NOT_FOUND);
    assert_int_equal(lp_reg_group_things(f->reg, &f->scope, "house", false, &all, &doc), LP_REG_OK);
    assert_int_equal(count_in(doc, "things"), 0);
    assert_int_equal(lp_reg_group_things(f->reg, &f->scope, "house", true, &all, &doc), LP_REG_OK);
    assert_int_equal(count_in(doc, "things"), 1);
    assert_int_equal(lp_reg_thing_groups(f->reg, &f->scope, "lamp", &all, &doc), LP_REG_OK);
    assert_int_equal(count_in(doc, "thingGroups"), 1);
    const lp_group_filter_t top = {0};
    const lp_group_filter_t deep = {.recursive = true, .prefix = "f"};
    assert_int_equal(lp_reg_groups(f->reg, &f->scope, &top, &all, &doc), LP_REG_OK);
    assert_int_equal(count_in(doc, "thingGroups"), 1);
    assert_int_equal(lp_reg_groups(f->reg, &f->scope, &deep, &all, &doc), LP_REG_OK);
    assert_int_equal(count_in(doc, "thingGroups"), 1);
    assert_int_equal(lp_reg_group_delete(f->reg, &f->scope, "house", 0), LP_REG_INVALID);
    assert_int_equal(lp_reg_group_delete(f->reg, &f->scope, "floor", 7), LP_REG_VERSION_CONFLICT);
    assert_int_equal(lp_reg_group_delete(f->reg, &f->scope, "floor", 1), LP_REG_OK);
    for (int i = 1; i <= 8; i++) {
        snprintf(name, sizeof name, "l%d", i);
        assert_int_equal(make_group(f, name, i > 1 ? above : NULL),
                         i <= 7 ? LP_REG_OK : LP_REG_INVALID);
        snprintf(above, sizeof above, "%s", name);
    }
}

// A policy of the house holds for the lamp on its floor, and no longer when the lamp moves out.
static void policy_of_a_group_above_holds_for_its_things(void **state)
{
    fixture_t *f = *state;
    char arn[LP_REG_ARN_SIZE];
    cJSON *doc = NULL;
    lp_session_t *s = NULL;
    lp_decision_t d;
    const fixture_cert_t c = fixture_cert(f, true);
    assert_int_equal(make_group(f, "house", NULL), LP_REG_OK);
    assert_int_equal(make_group(f, "floor", "house"), LP_REG_OK);
    make_thing(f, "lamp");
    assert_int_equal(lp_reg_group_add(f->reg, &f->scope, "floor", "lamp"), LP_REG_OK);
    assert_int_equal(lp_reg_thing_attach(f->reg, &f->scope, "lamp", c.arn), LP_REG_OK);
    assert_int_equal(lp_reg_policy_create(f->reg, &f->scope, "p",
                                          "{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":"
                                          "\"iot:Connect\",\"Resource\":\"*\"}]}",
                                          &doc),
                     LP_REG_OK);
    cJSON_Delete(doc);
    const lp_session_config_t config = {.certificate_id = c.id, .client_id = "lamp"};
    assert_true(lp_session_open(f->reg, &f->scope, &config, &s, &d));
    assert_false(lp_session_check(s, LP_ACTION_CONNECT, "lamp", &d));
    lp_reg_arn(&f->scope, "thinggroup", "house", arn);
    assert_int_equal(lp_reg_policy_attach(f->reg, &f->scope, "p", arn), LP_REG_OK);
    assert_true(lp_session_check(s, LP_ACTION_CONNECT, "lamp", &d));
    assert_int_equal(lp_reg_group_remove(f->reg, &f->scope, "floor", "lamp"), LP_REG_OK);
    assert_false(lp_session_valid(s, &d));
    lp_session_close(s);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(code_is_the_same_until_it_is_deleted),
        T(ca_needs_the_proof_of_its_key),
        T(ca_life),
        T(certificate_of_a_registered_ca_is_taken_once),
        T(ca_of_the_same_name_is_told_apart_by_its_key),
        T(inactive_ca_takes_no_more_certificates),
        T(automatic_registration_waits_for_activation),
        T(type_gives_a_thing_room_and_ends_when_deprecated),
        T(groups_nest_list_and_refuse_to_go_while_used),
        T(policy_of_a_group_above_holds_for_its_things),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
