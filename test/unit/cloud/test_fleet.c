// SPDX-License-Identifier: Apache-2.0
// Provisioning on a registry: what templates make of things, certificates and policies, and what
// nobody can make them do.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db.h"
#include "fixture.h"
#include "limpet/authz.h"
#include "limpet/cbor.h"
#include "limpet/fleet.h"

#define ROLE "arn:aws:iam::123456789012:role/Provision"
#define POLICY                                                                                     \
    "\"p\":{\"Type\":\"AWS::IoT::Policy\",\"Properties\":{\"PolicyDocument\":{\"Version\":"        \
    "\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"iot:Connect\","              \
    "\"Resource\":\"*\"}]}}}"
#define CERT                                                                                       \
    "\"c\":{\"Type\":\"AWS::IoT::Certificate\",\"Properties\":{\"CertificateId\":"                 \
    "{\"Ref\":\"AWS::IoT::Certificate::Id\"},\"Status\":\"Active\"}}"
#define THING                                                                                      \
    "\"t\":{\"Type\":\"AWS::IoT::Thing\",\"Properties\":{\"ThingName\":{\"Ref\":\"Serial\"},"      \
    "\"AttributePayload\":{\"sn\":{\"Ref\":\"Serial\"}}}}"
#define BODY                                                                                       \
    "{\"Parameters\":{\"Serial\":{\"Type\":\"String\"}},\"Resources\":{" THING "," CERT "," POLICY \
    "},\"DeviceConfiguration\":{\"url\":\"https://x\"}}"

static void make_template(fixture_t *f, const char *name, const char *body, const char *type)
{
    cJSON *doc = NULL;
    const lp_template_config_t config = {
        .body = body, .role_arn = ROLE, .type = type, .enabled = true};
    assert_int_equal(lp_fleet_template_create(f->reg, &f->scope, name, &config, &doc), LP_REG_OK);
    cJSON_Delete(doc);
}

// --- templates ----------------------------------------------------------------------------------

static void fleet_template_lives_and_has_versions(void **state)
{
    fixture_t *f = *state;
    cJSON *doc = NULL;
    make_template(f, "lamp", BODY, NULL);
    assert_int_equal(lp_fleet_version_create(f->reg, &f->scope, "lamp", BODY, true, &doc),
                     LP_REG_OK);
    cJSON_Delete(doc);
    assert_int_equal(lp_fleet_template_get(f->reg, &f->scope, "lamp", &doc), LP_REG_OK);
    assert_int_equal(cJSON_GetObjectItem(doc, "defaultVersionId")->valueint, 2);
    assert_string_equal(fixture_text(doc, "templateArn"),
                        "arn:aws:iot:us-east-1:123456789012:provisioningtemplate/lamp");
    cJSON_Delete(doc);
    assert_int_equal(lp_fleet_version_delete(f->reg, &f->scope, "lamp", "2"),
                     LP_REG_DELETE_CONFLICT);
    assert_int_equal(lp_fleet_template_delete(f->reg, &f->scope, "lamp"), LP_REG_DELETE_CONFLICT);
    const lp_template_update_t back = {.enabled = -1, .default_version = 1};
    assert_int_equal(lp_fleet_template_update(f->reg, &f->scope, "lamp", &back), LP_REG_OK);
    assert_int_equal(lp_fleet_version_delete(f->reg, &f->scope, "lamp", "2"), LP_REG_OK);
    for (int i = 0; i < LP_FLEET_VERSIONS_MAX - 1; i++) {
        assert_int_equal(lp_fleet_version_create(f->reg, &f->scope, "lamp", BODY, false, &doc),
                         LP_REG_OK);
        cJSON_Delete(doc);
    }
    assert_int_equal(lp_fleet_version_create(f->reg, &f->scope, "lamp", BODY, false, &doc),
                     LP_REG_VERSIONS_LIMIT);
}

static void fleet_template_is_checked(void **state)
{
    fixture_t *f = *state;
    cJSON *doc = NULL;
    cJSON *hook = cJSON_CreateObject();
    const struct {
        const char *name;
        lp_template_config_t config;
        lp_reg_err_t expected;
    } cases[] = {
        {"a b", {.body = BODY, .role_arn = ROLE}, LP_REG_INVALID},
        {"a", {.body = BODY}, LP_REG_INVALID},
        {"a", {.body = "{}", .role_arn = ROLE}, LP_REG_INVALID},
        {"a", {.body = BODY, .role_arn = ROLE, .type = "OTHER"}, LP_REG_INVALID},
        {"a", {.body = BODY, .role_arn = ROLE, .hook = hook}, LP_REG_NOT_IMPLEMENTED},
        // A device's certificate is the one it presents, not one that a template makes.
        {"a", {.body = "{\"Resources\":{" POLICY "}}", .role_arn = ROLE}, LP_REG_INVALID},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(
            lp_fleet_template_create(f->reg, &f->scope, cases[i].name, &cases[i].config, &doc),
            cases[i].expected);
    }
    cJSON_Delete(hook);
}

// --- fleet provisioning -------------------------------------------------------------------------

typedef struct {
    char client[64];
    char topic[300];
    char payload[8192];
    size_t len;
    int count;
} heard_t;

static void hear(void *arg, const char *client, const char *topic, const void *payload, size_t len)
{
    heard_t *h = arg;
    snprintf(h->client, sizeof h->client, "%s", client != NULL ? client : "(all)");
    snprintf(h->topic, sizeof h->topic, "%s", topic);
    assert_true(len < sizeof h->payload);
    memcpy(h->payload, payload, len);
    h->payload[len] = '\0';
    h->len = len;
    h->count++;
}

static void ask(fixture_t *f, const char *owner, const char *topic, const void *payload, size_t len,
                heard_t *h)
{
    *h = (heard_t){0};
    const lp_service_out_t out = {.send = hear, .arg = h};
    const lp_service_request_t q = {.reg = f->reg,
                                    .scope = &f->scope,
                                    .client = "dev",
                                    .certificate = owner,
                                    .topic = topic,
                                    .payload = payload,
                                    .payload_len = len};
    assert_true(lp_service_handle(&q, &out));
    assert_int_equal(h->count, 1);
    assert_string_equal(h->client, "dev"); // to the one that asked, to nobody else
}

// A certificate and its token. Caller deletes.
static cJSON *new_certificate(fixture_t *f, const char *owner)
{
    heard_t h;
    char *csr = fixture_csr("P-256", 0);
    cJSON *request = cJSON_CreateObject();
    cJSON_AddStringToObject(request, "certificateSigningRequest", csr);
    char *text = cJSON_PrintUnformatted(request);
    ask(f, owner, "$aws/certificates/create-from-csr/json", text, strlen(text), &h);
    assert_string_equal(h.topic, "$aws/certificates/create-from-csr/json/accepted");
    cJSON_free(text);
    cJSON_Delete(request);
    free(csr);
    return cJSON_Parse(h.payload);
}

static cJSON *provision(fixture_t *f, const char *owner, const char *token, const char *parameters,
                        heard_t *h)
{
    char text[1000];
    snprintf(text, sizeof text, "{\"certificateOwnershipToken\":\"%s\",\"parameters\":%s}", token,
             parameters);
    ask(f, owner, "$aws/provisioning-templates/lamp/provision/json", text, strlen(text), h);
    return cJSON_Parse(h->payload);
}

static void status_is(fixture_t *f, const char *id, const char *expected)
{
    cJSON *doc = NULL;
    lp_reg_err_t rc = lp_reg_cert_get(f->reg, &f->scope, id, &doc);
    assert_string_equal(rc == LP_REG_OK ? fixture_text(doc, "status") : "(none)", expected);
    cJSON_Delete(doc);
}

static int64_t count(fixture_t *f, const char *table)
{
    char sql[100];
    int64_t n = -1;
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", table);
    assert_true(lp_db_int(f->reg, &n, sql, ""));
    return n;
}

static void rejected(const heard_t *h, const cJSON *doc, int status, const char *code)
{
    assert_non_null(strstr(h->topic, "/rejected"));
    assert_int_equal(cJSON_GetObjectItem(doc, "statusCode")->valueint, status);
    assert_string_equal(fixture_text(doc, "errorCode"), code);
    assert_true(fixture_text(doc, "errorMessage")[0] != '\0');
}

static void fleet_device_is_provisioned(void **state)
{
    fixture_t *f = *state;
    heard_t h;
    make_template(f, "lamp", BODY, NULL);
    fixture_cert_t claim = fixture_cert(f, true);
    cJSON *cert = new_certificate(f, claim.id);
    const char *id = fixture_text(cert, "certificateId");
    status_is(f, id, "PENDING_ACTIVATION");
    assert_null(cJSON_GetObjectItem(cert, "privateKey"));
    cJSON *doc = provision(f, claim.id, fixture_text(cert, "certificateOwnershipToken"),
                           "{\"Serial\":\"0123EE\"}", &h);
    assert_string_equal(h.topic, "$aws/provisioning-templates/lamp/provision/json/accepted");
    assert_string_equal(h.payload, "{\"thingName\":\"0123EE\",\"deviceConfiguration\":"
                                   "{\"url\":\"https://x\"}}");
    status_is(f, id, "ACTIVE");
    assert_int_equal(count(f, "thing_principals"), 1);
    assert_int_equal(count(f, "policy_targets"), 1);
    assert_int_equal(count(f, "ownership_tokens"), 0);
    cJSON_Delete(doc);
    cJSON_Delete(cert);
}

static void fleet_keys_are_made_when_asked(void **state)
{
    fixture_t *f = *state;
    heard_t h;
    fixture_cert_t claim = fixture_cert(f, true);
    ask(f, claim.id, "$aws/certificates/create/json", "", 0, &h);
    cJSON *doc = cJSON_Parse(h.payload);
    assert_string_equal(h.topic, "$aws/certificates/create/json/accepted");
    assert_non_null(strstr(fixture_text(doc, "privateKey"), "PRIVATE KEY"));
    assert_int_equal(strlen(fixture_text(doc, "certificateOwnershipToken")), 64);
    cJSON_Delete(doc);
}

static void fleet_token_is_used_once_by_its_owner_in_time(void **state)
{
    fixture_t *f = *state;
    heard_t h;
    make_template(f, "lamp", BODY, NULL);
    fixture_cert_t claim = fixture_cert(f, true);
    fixture_cert_t other = fixture_cert(f, true);
    cJSON *cert = new_certificate(f, claim.id);
    const char *token = fixture_text(cert, "certificateOwnershipToken");
    const struct {
        const char *owner, *token;
    } wrong[] = {{other.id, token}, {claim.id, ""}, {claim.id, "guessed"}};
    for (size_t i = 0; i < 3; i++) {
        cJSON *doc = provision(f, wrong[i].owner, wrong[i].token, "{\"Serial\":\"x\"}", &h);
        rejected(&h, doc, 400, "InvalidCertificateOwnershipToken");
        cJSON_Delete(doc);
    }
    assert_int_equal(lp_db_run(f->reg, "UPDATE ownership_tokens SET expires=1", ""), LP_REG_OK);
    cJSON *doc = provision(f, claim.id, token, "{\"Serial\":\"x\"}", &h);
    rejected(&h, doc, 400, "InvalidCertificateOwnershipToken");
    cJSON_Delete(doc);
    assert_int_equal(lp_db_run(f->reg, "UPDATE ownership_tokens SET expires=9e9", ""), LP_REG_OK);
    cJSON_Delete(provision(f, claim.id, token, "{\"Serial\":\"x\"}", &h));
    assert_non_null(strstr(h.topic, "/accepted"));
    doc = provision(f, claim.id, token, "{\"Serial\":\"y\"}", &h); // replayed
    rejected(&h, doc, 400, "InvalidCertificateOwnershipToken");
    assert_int_equal(count(f, "things"), 1);
    cJSON_Delete(doc);
    cJSON_Delete(cert);
}

// All or nothing, and the token stays good for another try.
static void fleet_failure_leaves_nothing_behind(void **state)
{
    fixture_t *f = *state;
    heard_t h;
    make_template(f, "lamp",
                  "{\"Parameters\":{\"Serial\":{\"Type\":\"String\"},\"Policy\":{\"Type\":"
                  "\"String\"}},\"Resources\":{" THING "," CERT "," POLICY
                  ",\"q\":{\"Type\":\"AWS::IoT::Policy\",\"Properties\":{\"PolicyName\":{\"Ref\":"
                  "\"Policy\"}}}}}",
                  NULL);
    fixture_cert_t claim = fixture_cert(f, true);
    cJSON *cert = new_certificate(f, claim.id);
    const char *token = fixture_text(cert, "certificateOwnershipToken");
    cJSON *doc = provision(f, claim.id, token, "{\"Serial\":\"x\"}", &h);
    rejected(&h, doc, 400, "InvalidRequest"); // a parameter without a value
    cJSON_Delete(doc);
    doc = provision(f, claim.id, token, "{\"Serial\":\"x\",\"Policy\":\"none\"}", &h);
    rejected(&h, doc, 400, "ResourceRegistrationFailure");
    cJSON_Delete(doc);
    assert_int_equal(count(f, "things"), 0);
    assert_int_equal(count(f, "policies"), 0);
    assert_int_equal(count(f, "policy_targets"), 0);
    status_is(f, fixture_text(cert, "certificateId"), "PENDING_ACTIVATION");
    assert_int_equal(count(f, "ownership_tokens"), 1);
    cJSON_Delete(cert);
}

// A template that takes the certificate from a parameter would let a device name another's.
static void fleet_device_cannot_name_a_certificate(void **state)
{
    fixture_t *f = *state;
    heard_t h;
    char parameters[300];
    make_template(f, "lamp",
                  "{\"Parameters\":{\"Serial\":{\"Type\":\"String\"},\"Id\":{\"Type\":\"String\"}},"
                  "\"Resources\":{" THING ",\"c\":{\"Type\":\"AWS::IoT::Certificate\","
                  "\"Properties\":{\"CertificateId\":{\"Ref\":\"Id\"}}}}}",
                  NULL);
    fixture_cert_t claim = fixture_cert(f, true);
    fixture_cert_t victim = fixture_cert(f, false);
    cJSON *cert = new_certificate(f, claim.id);
    snprintf(parameters, sizeof parameters, "{\"Serial\":\"x\",\"Id\":\"%s\"}", victim.id);
    cJSON *doc =
        provision(f, claim.id, fixture_text(cert, "certificateOwnershipToken"), parameters, &h);
    rejected(&h, doc, 400, "ResourceRegistrationFailure");
    status_is(f, victim.id, "INACTIVE");
    assert_int_equal(count(f, "thing_principals"), 0);
    cJSON_Delete(doc);
    cJSON_Delete(cert);
}

static void fleet_device_cannot_say_what_the_cloud_says(void **state)
{
    fixture_t *f = *state;
    heard_t h;
    char parameters[300];
    make_template(f, "lamp", BODY, NULL);
    fixture_cert_t claim = fixture_cert(f, true);
    fixture_cert_t victim = fixture_cert(f, false);
    cJSON *cert = new_certificate(f, claim.id);
    snprintf(parameters, sizeof parameters,
             "{\"Serial\":\"x\",\"AWS::IoT::Certificate::Id\":\"%s\"}", victim.id);
    cJSON_Delete(
        provision(f, claim.id, fixture_text(cert, "certificateOwnershipToken"), parameters, &h));
    assert_non_null(strstr(h.topic, "/accepted"));
    status_is(f, victim.id, "INACTIVE");
    status_is(f, fixture_text(cert, "certificateId"), "ACTIVE");
    cJSON_Delete(cert);
}

static void fleet_template_must_be_there_and_enabled(void **state)
{
    fixture_t *f = *state;
    heard_t h;
    fixture_cert_t claim = fixture_cert(f, true);
    cJSON *cert = new_certificate(f, claim.id);
    const char *token = fixture_text(cert, "certificateOwnershipToken");
    cJSON *doc = provision(f, claim.id, token, "{\"Serial\":\"x\"}", &h);
    rejected(&h, doc, 404, "ResourceNotFound");
    cJSON_Delete(doc);
    make_template(f, "lamp", BODY, NULL);
    const lp_template_update_t off = {.enabled = 0};
    assert_int_equal(lp_fleet_template_update(f->reg, &f->scope, "lamp", &off), LP_REG_OK);
    doc = provision(f, claim.id, token, "{\"Serial\":\"x\"}", &h);
    rejected(&h, doc, 400, "InvalidRequest");
    cJSON_Delete(doc);
    cJSON_Delete(cert);
}

static void fleet_nonsense_is_rejected(void **state)
{
    fixture_t *f = *state;
    heard_t h;
    fixture_cert_t claim = fixture_cert(f, true);
    const struct {
        const char *topic, *payload;
    } cases[] = {
        {"$aws/certificates/create-from-csr/json", "no"},
        {"$aws/certificates/create-from-csr/json", "[]"},
        {"$aws/certificates/create-from-csr/json", "{}"},
        {"$aws/certificates/create-from-csr/json", "{\"certificateSigningRequest\":\"x\"}"},
        {"$aws/certificates/create-from-csr/cbor", "{}"},
        {"$aws/provisioning-templates/lamp/provision/json", "{\"certificateOwnershipToken\":7}"},
        {"$aws/provisioning-templates/lamp/provision/json",
         "{\"certificateOwnershipToken\":\"x\",\"parameters\":{\"a\":1}}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ask(f, claim.id, cases[i].topic, cases[i].payload, strlen(cases[i].payload), &h);
        assert_non_null(strstr(h.topic, "/rejected"));
    }
    assert_int_equal(count(f, "certificates"), 1);
    assert_false(lp_fleet_is_request("$aws/certificates/create/json/accepted"));
    assert_false(lp_fleet_is_request("$aws/provisioning-templates/a/b/provision/json"));
    assert_true(lp_fleet_is_request("$aws/provisioning-templates/a/provision/cbor"));
}

static void cbor_text(lp_cbor_t map, const char *key, char *out, size_t size)
{
    lp_cbor_t v;
    assert_int_equal(lp_cbor_get(map, key, &v), LP_OK);
    assert_int_equal(lp_cbor_cstr(v, out, size), LP_OK);
}

static void fleet_speaks_cbor(void **state)
{
    fixture_t *f = *state;
    heard_t h;
    uint8_t bytes[6000];
    char token[100];
    char thing[100];
    lp_cbor_writer_t w;
    lp_cbor_t root;
    make_template(f, "lamp", BODY, NULL);
    fixture_cert_t claim = fixture_cert(f, true);
    ask(f, claim.id, "$aws/certificates/create/cbor", "", 0, &h);
    assert_string_equal(h.topic, "$aws/certificates/create/cbor/accepted");
    assert_int_equal(lp_cbor_parse(lp_span(h.payload, h.len), &root), LP_OK);
    cbor_text(root, "certificateOwnershipToken", token, sizeof token);
    lp_buf_t buf = lp_buf(bytes, sizeof bytes);
    lp_cbor_init(&w, &buf);
    lp_cbor_put_map(&w, 2);
    lp_cbor_put_str(&w, "certificateOwnershipToken");
    lp_cbor_put_str(&w, token);
    lp_cbor_put_str(&w, "parameters");
    lp_cbor_put_map(&w, 1);
    lp_cbor_put_str(&w, "Serial");
    lp_cbor_put_str(&w, "0123EE");
    assert_int_equal(lp_cbor_done(&w), LP_OK);
    ask(f, claim.id, "$aws/provisioning-templates/lamp/provision/cbor", buf.ptr, buf.len, &h);
    assert_string_equal(h.topic, "$aws/provisioning-templates/lamp/provision/cbor/accepted");
    assert_int_equal(lp_cbor_parse(lp_span(h.payload, h.len), &root), LP_OK);
    cbor_text(root, "thingName", thing, sizeof thing);
    assert_string_equal(thing, "0123EE");
}

// --- what runs out ------------------------------------------------------------------------------

static void fleet_sweep_forgets_only_what_nobody_provisioned(void **state)
{
    fixture_t *f = *state;
    heard_t h;
    make_template(f, "lamp", BODY, NULL);
    fixture_cert_t claim = fixture_cert(f, true);
    cJSON *used = new_certificate(f, claim.id);
    cJSON *unused = new_certificate(f, claim.id);
    cJSON *attached = new_certificate(f, claim.id);
    cJSON_Delete(provision(f, claim.id, fixture_text(used, "certificateOwnershipToken"),
                           "{\"Serial\":\"x\"}", &h));
    char arn[LP_REG_ARN_SIZE];
    lp_reg_arn(&f->scope, "cert", fixture_text(attached, "certificateId"), arn);
    assert_int_equal(lp_reg_thing_attach(f->reg, &f->scope, "x", arn), LP_REG_OK);
    lp_fleet_sweep(f->reg);
    status_is(f, fixture_text(unused, "certificateId"), "PENDING_ACTIVATION");
    assert_int_equal(lp_db_run(f->reg, "UPDATE ownership_tokens SET expires=1", ""), LP_REG_OK);
    lp_fleet_sweep(f->reg);
    status_is(f, fixture_text(unused, "certificateId"), "(none)");
    status_is(f, fixture_text(used, "certificateId"), "ACTIVE");
    status_is(f, fixture_text(attached, "certificateId"), "PENDING_ACTIVATION");
    assert_int_equal(count(f, "ownership_tokens"), 0);
    cJSON_Delete(used);
    cJSON_Delete(unused);
    cJSON_Delete(attached);
}

static bool may(lp_session_t *s, lp_action_t action, const char *name)
{
    lp_decision_t d;
    return lp_session_check(s, action, name, &d);
}

static void fleet_claim_may_be_provisioned_and_nothing_else(void **state)
{
    fixture_t *f = *state;
    cJSON *claim = NULL;
    cJSON *doc = NULL;
    lp_session_t *s = NULL;
    lp_decision_t d;
    make_template(f, "lamp", BODY, NULL);
    assert_int_equal(lp_fleet_claim_create(f->reg, &f->scope, "lamp", &claim), LP_REG_OK);
    const char *id = fixture_text(claim, "certificateId");
    const lp_session_config_t config = {.certificate_id = id, .client_id = "dev"};
    assert_true(lp_session_open(f->reg, &f->scope, &config, &s, &d));
    assert_true(may(s, LP_ACTION_CONNECT, "dev"));
    assert_true(may(s, LP_ACTION_PUBLISH, "$aws/certificates/create-from-csr/json"));
    assert_true(may(s, LP_ACTION_SUBSCRIBE, "$aws/provisioning-templates/lamp/provision/json/+"));
    assert_true(may(s, LP_ACTION_PUBLISH, "$aws/provisioning-templates/lamp/provision/json"));
    assert_false(may(s, LP_ACTION_PUBLISH, "$aws/provisioning-templates/door/provision/json"));
    assert_false(may(s, LP_ACTION_PUBLISH, "dt/dev/t"));
    assert_false(may(s, LP_ACTION_SUBSCRIBE, "#"));
    assert_false(may(s, LP_ACTION_RETAIN_PUBLISH, "$aws/certificates/create/json"));
    // In no list, and nothing to attach to.
    status_is(f, id, "(none)");
    char arn[LP_REG_ARN_SIZE];
    lp_reg_arn(&f->scope, "cert", id, arn);
    assert_int_equal(lp_reg_policy_create(f->reg, &f->scope, "all",
                                          "{\"Version\":\"2012-10-17\","
                                          "\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\","
                                          "\"Resource\":\"*\"}]}",
                                          &doc),
                     LP_REG_OK);
    assert_int_equal(lp_reg_policy_attach(f->reg, &f->scope, "all", arn), LP_REG_NOT_FOUND);
    cJSON_Delete(doc);
    // Out of time: refused even before it is swept, and gone after.
    assert_int_equal(lp_db_run(f->reg, "UPDATE claims SET expires=1", ""), LP_REG_OK);
    assert_false(may(s, LP_ACTION_CONNECT, "dev"));
    assert_false(lp_session_valid(s, &d) && may(s, LP_ACTION_CONNECT, "dev"));
    lp_fleet_sweep(f->reg);
    assert_int_equal(count(f, "claims"), 0);
    assert_false(may(s, LP_ACTION_CONNECT, "dev"));
    lp_session_close(s);
    cJSON_Delete(claim);
}

// --- RegisterThing ------------------------------------------------------------------------------

#define OVERRIDE(a, t, g)                                                                          \
    "{\"Resources\":{\"t\":{\"Type\":\"AWS::IoT::Thing\",\"Properties\":{\"ThingName\":\"lamp\","  \
    "\"ThingTypeName\":\"new\",\"AttributePayload\":{\"b\":\"2\"},\"ThingGroups\":[\"g2\"]},"      \
    "\"OverrideSettings\":{\"AttributePayload\":\"" a "\",\"ThingTypeName\":\"" t                  \
    "\",\"ThingGroups\":\"" g "\"}}}}"

static void make_lamp(fixture_t *f)
{
    cJSON *doc = NULL;
    cJSON *attributes = cJSON_Parse("{\"a\":\"1\"}");
    const lp_type_config_t type = {0};
    const lp_group_config_t group = {0};
    const lp_thing_config_t thing = {.type = "old", .attributes = attributes};
    assert_int_equal(lp_reg_type_create(f->reg, &f->scope, "old", &type, &doc), LP_REG_OK);
    cJSON_Delete(doc);
    assert_int_equal(lp_reg_type_create(f->reg, &f->scope, "new", &type, &doc), LP_REG_OK);
    cJSON_Delete(doc);
    assert_int_equal(lp_reg_group_create(f->reg, &f->scope, "g1", &group, &doc), LP_REG_OK);
    cJSON_Delete(doc);
    assert_int_equal(lp_reg_group_create(f->reg, &f->scope, "g2", &group, &doc), LP_REG_OK);
    cJSON_Delete(doc);
    assert_int_equal(lp_reg_thing_create(f->reg, &f->scope, "lamp", &thing, &doc), LP_REG_OK);
    cJSON_Delete(doc);
    assert_int_equal(lp_reg_group_add(f->reg, &f->scope, "g1", "lamp"), LP_REG_OK);
    cJSON_Delete(attributes);
}

static void lamp_is(fixture_t *f, const char *attributes, const char *type, const char *groups)
{
    char have[200];
    assert_true(lp_db_text(f->reg, have, sizeof have, "SELECT attributes FROM things", ""));
    assert_string_equal(have, attributes);
    assert_true(lp_db_text(f->reg, have, sizeof have, "SELECT type FROM things", ""));
    assert_string_equal(have, type);
    assert_true(lp_db_text(f->reg, have, sizeof have,
                           "SELECT group_concat(grp) FROM (SELECT grp FROM group_things ORDER BY"
                           " grp)",
                           ""));
    assert_string_equal(have, groups);
}

static void fleet_override_settings_decide_what_happens(void **state)
{
    fixture_t *f = *state;
    cJSON *doc = NULL;
    make_lamp(f);
    const struct {
        const char *body;
        lp_reg_err_t expected;
        const char *attributes, *type, *groups;
    } steps[] = {
        {OVERRIDE("DO_NOTHING", "DO_NOTHING", "DO_NOTHING"), LP_REG_OK, "{\"a\":\"1\"}", "old",
         "g1"},
        {OVERRIDE("FAIL", "REPLACE", "DO_NOTHING"), LP_REG_UPDATE_CONFLICT, "{\"a\":\"1\"}", "old",
         "g1"},
        {OVERRIDE("REPLACE", "FAIL", "DO_NOTHING"), LP_REG_UPDATE_CONFLICT, "{\"a\":\"1\"}", "old",
         "g1"},
        {OVERRIDE("REPLACE", "REPLACE", "FAIL"), LP_REG_UPDATE_CONFLICT, "{\"a\":\"1\"}", "old",
         "g1"},
        {OVERRIDE("MERGE", "DO_NOTHING", "MERGE"), LP_REG_OK, "{\"a\":\"1\",\"b\":\"2\"}", "old",
         "g1,g2"},
        {OVERRIDE("REPLACE", "REPLACE", "REPLACE"), LP_REG_OK, "{\"b\":\"2\"}", "new", "g2"},
    };
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        doc = NULL;
        assert_int_equal(lp_fleet_register_thing(f->reg, &f->scope, steps[i].body, NULL, &doc),
                         steps[i].expected);
        lamp_is(f, steps[i].attributes, steps[i].type, steps[i].groups);
        cJSON_Delete(doc);
    }
}

static void fleet_register_thing_takes_a_csr(void **state)
{
    fixture_t *f = *state;
    cJSON *doc = NULL;
    char *csr = fixture_csr("P-256", 0);
    cJSON *values = cJSON_CreateObject();
    cJSON_AddStringToObject(values, "CSR", csr);
    const char *body =
        "{\"Parameters\":{\"CSR\":{\"Type\":\"String\"}},\"Resources\":{\"thing\":{\"Type\":"
        "\"AWS::IoT::Thing\",\"Properties\":{\"ThingName\":\"lamp\"}},\"certificate\":{\"Type\":"
        "\"AWS::IoT::Certificate\",\"Properties\":{\"CertificateSigningRequest\":{\"Ref\":"
        "\"CSR\"}}}," POLICY "}}";
    assert_int_equal(lp_fleet_register_thing(f->reg, &f->scope, body, values, &doc), LP_REG_OK);
    assert_non_null(strstr(fixture_text(doc, "certificatePem"), "BEGIN CERTIFICATE"));
    const cJSON *arns = cJSON_GetObjectItem(doc, "resourceArns");
    assert_string_equal(fixture_text(arns, "thing"),
                        "arn:aws:iot:us-east-1:123456789012:thing/lamp");
    const char *cert = strrchr(fixture_text(arns, "certificate"), '/');
    assert_non_null(cert);
    status_is(f, cert + 1, "ACTIVE");
    assert_int_equal(count(f, "thing_principals"), 1);
    assert_int_equal(count(f, "policy_targets"), 1);
    cJSON_Delete(doc);
    cJSON_Delete(values);
    free(csr);
}

// --- just in time -------------------------------------------------------------------------------

static void register_ca(fixture_t *f, const fixture_own_t *ca, const char *config_text)
{
    cJSON *doc = NULL;
    cJSON *config = cJSON_Parse(config_text);
    const lp_ca_config_t how = {.ca_pem = ca->pem,
                                .sni_only = true,
                                .active = true,
                                .auto_registration = true,
                                .registration_config = config};
    assert_int_equal(lp_fleet_check_registration(f->reg, &f->scope, config), LP_REG_OK);
    assert_int_equal(lp_reg_ca_register(f->reg, &f->scope, &how, &doc), LP_REG_OK);
    cJSON_Delete(doc);
    cJSON_Delete(config);
}

static void fleet_just_in_time_takes_the_subject(void **state)
{
    fixture_t *f = *state;
    char ca_id[LP_REG_ID_SIZE];
    char id[LP_REG_ID_SIZE];
    make_template(f, "jit",
                  "{\"Parameters\":{\"AWS::IoT::Certificate::CommonName\":{\"Type\":\"String\"},"
                  "\"AWS::IoT::Certificate::Id\":{\"Type\":\"String\"}},\"Resources\":{" CERT
                  "," POLICY ",\"t\":{\"Type\":\"AWS::IoT::Thing\",\"Properties\":{\"ThingName\":"
                  "{\"Ref\":\"AWS::IoT::Certificate::CommonName\"}}}}}",
                  "JITP");
    fixture_own_t ca = fixture_own("factory", true, NULL);
    fixture_own_t device = fixture_own("lamp7", false, &ca);
    register_ca(f, &ca, "{\"templateName\":\"jit\",\"roleArn\":\"" ROLE "\"}");
    assert_int_equal(lp_reg_cert_auto_register(f->reg, &f->scope, device.pem, ca_id), LP_REG_OK);
    assert_true(lp_db_text(f->reg, id, sizeof id, "SELECT id FROM certificates", ""));
    status_is(f, id, "PENDING_ACTIVATION");
    assert_int_equal(lp_fleet_just_in_time(f->reg, &f->scope, id, ca_id), LP_REG_OK);
    status_is(f, id, "ACTIVE");
    cJSON *thing = NULL;
    assert_int_equal(lp_reg_thing_get(f->reg, &f->scope, "lamp7", &thing), LP_REG_OK);
    cJSON_Delete(thing);
    assert_int_equal(count(f, "thing_principals"), 1);
    fixture_own_free(&ca);
    fixture_own_free(&device);
}

static void fleet_just_in_time_needs_every_named_part_of_the_subject(void **state)
{
    fixture_t *f = *state;
    char ca_id[LP_REG_ID_SIZE];
    char id[LP_REG_ID_SIZE];
    fixture_own_t ca = fixture_own("factory", true, NULL);
    fixture_own_t device = fixture_own("lamp7", false, &ca);
    register_ca(f, &ca,
                "{\"templateBody\":\"{\\\"Parameters\\\":{\\\"AWS::IoT::Certificate::Country\\\":"
                "{\\\"Type\\\":\\\"String\\\"}},\\\"Resources\\\":{\\\"c\\\":{\\\"Type\\\":"
                "\\\"AWS::IoT::Certificate\\\",\\\"Properties\\\":{\\\"CertificateId\\\":"
                "{\\\"Ref\\\":\\\"AWS::IoT::Certificate::Id\\\"}}}}}\",\"roleArn\":\"" ROLE "\"}");
    assert_int_equal(lp_reg_cert_auto_register(f->reg, &f->scope, device.pem, ca_id), LP_REG_OK);
    assert_true(lp_db_text(f->reg, id, sizeof id, "SELECT id FROM certificates", ""));
    assert_int_equal(lp_fleet_just_in_time(f->reg, &f->scope, id, ca_id), LP_REG_INVALID);
    status_is(f, id, "PENDING_ACTIVATION");
    // A CA that is switched off provisions nobody.
    assert_int_equal(lp_reg_ca_update(f->reg, &f->scope, ca_id, NULL, "DISABLE"), LP_REG_OK);
    assert_int_equal(lp_fleet_just_in_time(f->reg, &f->scope, id, ca_id), LP_REG_NOT_FOUND);
    fixture_own_free(&ca);
    fixture_own_free(&device);
}

static void fleet_registration_config_is_checked(void **state)
{
    fixture_t *f = *state;
    make_template(f, "lamp", BODY, NULL);
    const struct {
        const char *config;
        lp_reg_err_t expected;
    } cases[] = {
        {"{}", LP_REG_INVALID},
        {"{\"templateName\":\"none\"}", LP_REG_NOT_FOUND},
        {"{\"templateName\":\"lamp\"}", LP_REG_INVALID}, // not for just-in-time provisioning
        {"{\"templateName\":\"lamp\",\"templateBody\":\"{}\"}", LP_REG_INVALID},
        {"{\"templateBody\":\"{}\"}", LP_REG_INVALID},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cJSON *config = cJSON_Parse(cases[i].config);
        assert_int_equal(lp_fleet_check_registration(f->reg, &f->scope, config), cases[i].expected);
        cJSON_Delete(config);
    }
}

// --- other accounts -----------------------------------------------------------------------------

static void fleet_is_an_accounts_own(void **state)
{
    fixture_t *f = *state;
    fixture_t other = *f;
    cJSON *doc = NULL;
    heard_t h;
    assert_int_equal(lp_reg_account_add(f->reg, "999999999999", "other"), LP_REG_OK);
    assert_int_equal(lp_reg_scope(f->reg, "999999999999", "us-east-1", &other.scope), LP_REG_OK);
    make_template(f, "lamp", BODY, NULL);
    fixture_cert_t claim = fixture_cert(f, true);
    cJSON *cert = new_certificate(f, claim.id);
    const char *token = fixture_text(cert, "certificateOwnershipToken");
    assert_int_equal(lp_fleet_template_get(f->reg, &other.scope, "lamp", &doc), LP_REG_NOT_FOUND);
    assert_int_equal(lp_fleet_claim_create(f->reg, &other.scope, "lamp", &doc), LP_REG_NOT_FOUND);
    assert_int_equal(lp_fleet_template_delete(f->reg, &other.scope, "lamp"), LP_REG_NOT_FOUND);
    make_template(&other, "lamp", BODY, NULL);
    doc = provision(&other, claim.id, token, "{\"Serial\":\"x\"}", &h);
    rejected(&h, doc, 400, "InvalidCertificateOwnershipToken");
    cJSON_Delete(doc);
    // By its id, another account's certificate is not there.
    cJSON *values = cJSON_CreateObject();
    cJSON_AddStringToObject(values, "Serial", "x");
    cJSON_AddStringToObject(values, "AWS::IoT::Certificate::Id",
                            fixture_text(cert, "certificateId"));
    assert_int_equal(lp_fleet_register_thing(f->reg, &other.scope, BODY, values, &doc),
                     LP_REG_REGISTRATION);
    assert_int_equal(count(f, "things"), 0);
    cJSON_Delete(values);
    cJSON_Delete(cert);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        WITH(fleet_template_lives_and_has_versions),
        WITH(fleet_template_is_checked),
        WITH(fleet_device_is_provisioned),
        WITH(fleet_keys_are_made_when_asked),
        WITH(fleet_token_is_used_once_by_its_owner_in_time),
        WITH(fleet_failure_leaves_nothing_behind),
        WITH(fleet_device_cannot_name_a_certificate),
        WITH(fleet_device_cannot_say_what_the_cloud_says),
        WITH(fleet_template_must_be_there_and_enabled),
        WITH(fleet_nonsense_is_rejected),
        WITH(fleet_speaks_cbor),
        WITH(fleet_sweep_forgets_only_what_nobody_provisioned),
        WITH(fleet_claim_may_be_provisioned_and_nothing_else),
        WITH(fleet_override_settings_decide_what_happens),
        WITH(fleet_register_thing_takes_a_csr),
        WITH(fleet_just_in_time_takes_the_subject),
        WITH(fleet_just_in_time_needs_every_named_part_of_the_subject),
        WITH(fleet_registration_config_is_checked),
        WITH(fleet_is_an_accounts_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
