// SPDX-License-Identifier: Apache-2.0
// The control plane as a function: signed requests in, AWS's answers out.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fixture.h"
#include "limpet/control.h"
#include "limpet/sigv4.h"

typedef struct {
    const char *method, *target, *body;
    const char *name, *value; // a further, signed header
    const char *secret, *key, *service;
    long long at; // 0: now
} ask_t;

typedef struct {
    lp_http_response_t response;
    cJSON *doc;
} reply_t;

static void sign(lp_http_request_t *q, const ask_t *a, char time_text[17], char auth[512])
{
    lp_sigv4_t s = {0};
    time_t t = (time_t)(a->at != 0 ? a->at : (long long)time(NULL));
    struct tm tm;
    strftime(time_text, 17, "%Y%m%dT%H%M%SZ", gmtime_r(&t, &tm));
    q->header[q->header_count++] = (lp_http_header_t){"Host", "localhost:1"};
    q->header[q->header_count++] = (lp_http_header_t){"X-Amz-Date", time_text};
    snprintf(s.signed_headers, sizeof s.signed_headers, "host;x-amz-date%s%s",
             a->name != NULL ? ";" : "", a->name != NULL ? a->name : "");
    if (a->name != NULL) {
        q->header[q->header_count++] = (lp_http_header_t){a->name, a->value};
    }
    snprintf(s.date, sizeof s.date, "%.8s", time_text);
    snprintf(s.time, sizeof s.time, "%s", time_text);
    snprintf(s.region, sizeof s.region, "us-east-1");
    snprintf(s.service, sizeof s.service, "%s", a->service != NULL ? a->service : "iot");
    char signature[65];
    assert_true(lp_sigv4_sign(q, &s, a->secret != NULL ? a->secret : FIXTURE_SECRET, signature));
    snprintf(auth, 512,
             "AWS4-HMAC-SHA256 Credential=%s/%s/us-east-1/%s/aws4_request, SignedHeaders=%s, "
             "Signature=%s",
             a->key != NULL ? a->key : FIXTURE_KEY, s.date, s.service, s.signed_headers, signature);
    q->header[q->header_count++] = (lp_http_header_t){"Authorization", auth};
}

static reply_t ask(fixture_t *f, const ask_t *a)
{
    char time_text[17];
    char auth[512];
    reply_t r;
    lp_http_request_t q = {.method = a->method, .target = a->target, .body = a->body};
    q.body_len = a->body != NULL ? strlen(a->body) : 0;
    sign(&q, a, time_text, auth);
    lp_control_handle(f->reg, &q, &r.response);
    r.doc = r.response.body_len > 0 ? cJSON_ParseWithLength(r.response.body, r.response.body_len)
                                    : NULL;
    return r;
}

static void done(reply_t *r)
{
    free(r->response.body);
    cJSON_Delete(r->doc);
}

static void expect(fixture_t *f, const ask_t *a, int status, const char *error)
{
    reply_t r = ask(f, a);
    if (r.response.status != status || strcmp(r.response.error, error) != 0) {
        print_error("%s %s: %d %s, expected %d %s\n", a->method, a->target, r.response.status,
                    r.response.error, status, error);
        fail();
    }
    assert_int_equal(strlen(r.response.request_id), 36);
    if (error[0] != '\0') {
        assert_string_equal(fixture_text(r.doc, "__type"), error);
        assert_string_not_equal(fixture_text(r.doc, "message"), "");
    }
    done(&r);
}

static void control_unsigned_and_wrong_are_refused_as_by_aws(void **state)
{
    fixture_t *f = *state;
    const ask_t wrong_secret = {.method = "GET", .target = "/things", .secret = "other"};
    const ask_t wrong_key = {.method = "GET", .target = "/things", .key = "AKIAUNKNOWN"};
    const ask_t wrong_service = {.method = "GET", .target = "/things", .service = "s3"};
    const ask_t old = {.method = "GET", .target = "/things", .at = (long long)time(NULL) - 900};
    expect(f, &wrong_secret, 403, "InvalidSignatureException");
    expect(f, &wrong_key, 403, "UnrecognizedClientException");
    expect(f, &wrong_service, 403, "InvalidSignatureException");
    expect(f, &old, 403, "InvalidSignatureException");
    lp_http_response_t r;
    const lp_http_request_t bare = {.method = "GET", .target = "/things"};
    lp_control_handle(f->reg, &bare, &r);
    assert_int_equal(r.status, 403);
    assert_string_equal(r.error, "MissingAuthenticationTokenException");
    free(r.body);
}

static void control_both_service_names_are_accepted(void **state)
{
    fixture_t *f = *state;
    const ask_t old = {.method = "GET", .target = "/things", .service = "execute-api"};
    const ask_t data = {.method = "GET", .target = "/retainedMessage", .service = "iotdata"};
    expect(f, &old, 200, "");
    expect(f, &data, 200, "");
}

static void control_expired_key_is_told(void **state)
{
    fixture_t *f = *state;
    lp_access_key_t key = {
        .account = FIXTURE_ACCOUNT, .user = "t", .secret = FIXTURE_SECRET, .expires = 1};
    assert_int_equal(lp_reg_access_key_add(f->reg, "ASIAOLD", &key), LP_REG_OK);
    const ask_t a = {.method = "GET", .target = "/things", .key = "ASIAOLD"};
    expect(f, &a, 403, "ExpiredTokenException");
}

static void control_session_token_is_needed_and_compared(void **state)
{
    fixture_t *f = *state;
    lp_access_key_t key = {
        .account = FIXTURE_ACCOUNT, .user = "t", .secret = FIXTURE_SECRET, .token = "SESSION"};
    assert_int_equal(lp_reg_access_key_add(f->reg, "ASIANEW", &key), LP_REG_OK);
    ask_t a = {.method = "GET", .target = "/things", .key = "ASIANEW"};
    expect(f, &a, 403, "UnrecognizedClientException");
    a.name = "x-amz-security-token";
    a.value = "SESSIOM";
    expect(f, &a, 403, "UnrecognizedClientException");
    a.value = "SESSION";
    expect(f, &a, 200, "");
}

static const struct {
    const char *method, *target, *body;
    int status;
    const char *error;
} table[] = {
    {"POST", "/things/a", "{}", 200, ""},
    {"POST", "/things/a", "{}", 200, ""},
    {"POST", "/things/a", "{\"attributePayload\":{\"attributes\":{\"x\":\"1\"}}}", 409,
     "ResourceAlreadyExistsException"},
    {"POST", "/things/a", "not json", 400, "InvalidRequestException"},
    {"POST", "/things/a", "[]", 400, "InvalidRequestException"},
    {"POST", "/things/a%20b", "{}", 400, "InvalidRequestException"},
    {"POST", "/things/a%00b", "{}", 400, "InvalidRequestException"},
    {"POST", "/things/a%ff", "{}", 400, "InvalidRequestException"},
    {"POST", "/topics/a%0ab%01", "x", 400, "InvalidRequestException"},
    {"POST", "/things/a", "{\"thingTypeName\":\"\xff\"}", 400, "InvalidRequestException"},
    {"POST", "/things/a%zz", "{}", 400, "InvalidRequestException"},
    {"POST", "/things/t", "{\"thingTypeName\":\"none\"}", 404, "ResourceNotFoundException"},
    {"GET", "/things/a", NULL, 200, ""},
    {"GET", "/things/%61", NULL, 200, ""},
    {"GET", "/things/none", NULL, 404, "ResourceNotFoundException"},
    {"GET", "/things?maxResults=0", NULL, 400, "InvalidRequestException"},
    {"GET", "/things?maxResults=251", NULL, 400, "InvalidRequestException"},
    {"GET", "/things?nextToken=x", NULL, 400, "InvalidRequestException"},
    {"PATCH", "/things/a", "{\"expectedVersion\":9}", 409, "VersionConflictException"},
    {"PATCH", "/things/a", "{\"attributePayload\":{\"attributes\":{\"x\":\"1\"}}}", 200, ""},
    {"DELETE", "/things/a?expectedVersion=1", NULL, 409, "VersionConflictException"},
    {"DELETE", "/things/a?expectedVersion=2", NULL, 200, ""},
    {"GET", "/nothing", NULL, 404, "UnknownOperationException"},
    {"GET", "/things/a/b/c", NULL, 404, "UnknownOperationException"},
    {"DELETE", "/endpoint", NULL, 404, "UnknownOperationException"},
    {"GET", "/endpoint?endpointType=iot:Wrong", NULL, 400, "InvalidRequestException"},
    {"GET", "/endpoint?endpointType=iot%3AData-ATS", NULL, 200, ""},
    {"POST", "/certificates", "{\"certificateSigningRequest\":\"x\"}", 400,
     "InvalidRequestException"},
    {"POST", "/certificates", "{}", 400, "InvalidRequestException"},
    {"GET", "/certificates/abc", NULL, 400, "InvalidRequestException"},
    {"POST", "/certificate/register-no-ca", "{\"certificatePem\":\"x\"}", 400,
     "CertificateValidationException"},
    {"POST", "/policies/p", "{\"policyDocument\":\"{}\"}", 400, "MalformedPolicyException"},
    {"POST", "/policies/p", "{}", 400, "InvalidRequestException"},
    {"GET", "/policies/p", NULL, 404, "ResourceNotFoundException"},
    {"PUT", "/target-policies/p", "{\"target\":\"x\"}", 404, "ResourceNotFoundException"},
    {"PUT", "/things/none/principals", NULL, 404, "ResourceNotFoundException"},
    {"POST", "/topics/a%2Fb?qos=1", "hello", 200, ""},
    {"POST", "/topics/a/b?qos=1", "hello", 200, ""},
    {"POST", "/topics/a%2F%23", "hello", 400, "InvalidRequestException"},
    {"POST", "/topics/%24SYS%2Fx", "hello", 400, "InvalidRequestException"},
    {"POST", "/topics/a?qos=2", "hello", 400, "InvalidRequestException"},
    {"GET", "/retainedMessage/a%2Fb", NULL, 404, "ResourceNotFoundException"},
    {"POST", "/topics/a%2Fb?retain=true", "hello", 200, ""},
    {"GET", "/retainedMessage/a%2Fb", NULL, 200, ""},
    {"POST", "/test-authorization", "{}", 400, "InvalidRequestException"},
};

static void control_answers_follow_the_table(void **state)
{
    fixture_t *f = *state;
    assert_int_equal(lp_reg_setting_put(f->reg, "endpoint", "localhost:8884"), LP_REG_OK);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const ask_t a = {
            .method = table[i].method, .target = table[i].target, .body = table[i].body};
        expect(f, &a, table[i].status, table[i].error);
    }
}

static void control_conflict_names_the_resource(void **state)
{
    fixture_t *f = *state;
    const ask_t first = {.method = "POST", .target = "/things/a", .body = "{}"};
    const ask_t second = {.method = "POST",
                          .target = "/things/a",
                          .body = "{\"attributePayload\":{\"attributes\":{\"x\":\"1\"}}}"};
    expect(f, &first, 200, "");
    reply_t r = ask(f, &second);
    assert_string_equal(fixture_text(r.doc, "resourceArn"),
                        "arn:aws:iot:us-east-1:" FIXTURE_ACCOUNT ":thing/a");
    assert_int_equal(strlen(fixture_text(r.doc, "resourceId")), 36);
    done(&r);
}

static void control_principal_arrives_by_header(void **state)
{
    fixture_t *f = *state;
    const fixture_cert_t c = fixture_cert(f, true);
    const ask_t thing = {.method = "POST", .target = "/things/a", .body = "{}"};
    ask_t attach = {.method = "PUT",
                    .target = "/things/a/principals",
                    .name = "x-amzn-principal",
                    .value = c.arn};
    expect(f, &thing, 200, "");
    expect(f, &attach, 200, "");
    const ask_t list = {.method = "GET", .target = "/things/a/principals"};
    reply_t r = ask(f, &list);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(r.doc, "principals")), 1);
    done(&r);
    attach.method = "DELETE";
    expect(f, &attach, 200, "");
}

static void control_test_authorization_tells_allowed_and_denied(void **state)
{
    fixture_t *f = *state;
    char body[900];
    const fixture_cert_t c = fixture_cert(f, true);
    const ask_t policy = {
        .method = "POST",
        .target = "/policies/p",
        .body = "{\"policyDocument\":\"{\\\"Statement\\\":[{\\\"Effect\\\":\\\"Allow\\\","
                "\\\"Action\\\":\\\"iot:*\\\",\\\"Resource\\\":\\\"*\\\"},{\\\"Effect\\\":"
                "\\\"Deny\\\",\\\"Action\\\":\\\"iot:Publish\\\",\\\"Resource\\\":\\\"arn:x\\\"}]}"
                "\"}"};
    expect(f, &policy, 200, "");
    assert_int_equal(lp_reg_policy_attach(f->reg, &f->scope, "p", c.arn), LP_REG_OK);
    snprintf(body, sizeof body,
             "{\"principal\":\"%s\",\"authInfos\":[{\"actionType\":\"PUBLISH\",\"resources\":["
             "\"arn:x\",\"arn:y\"]}]}",
             c.arn);
    const ask_t test = {.method = "POST", .target = "/test-authorization?clientId=a", .body = body};
    reply_t r = ask(f, &test);
    const cJSON *results = cJSON_GetObjectItemCaseSensitive(r.doc, "authResults");
    assert_string_equal(fixture_text(cJSON_GetArrayItem(results, 0), "authDecision"),
                        "EXPLICIT_DENY");
    assert_string_equal(fixture_text(cJSON_GetArrayItem(results, 1), "authDecision"), "ALLOWED");
    done(&r);
}

static void control_caller_identity_is_xml(void **state)
{
    fixture_t *f = *state;
    const ask_t a = {.method = "POST",
                     .target = "/",
                     .body = "Action=GetCallerIdentity&Version=2011-06-15",
                     .service = "sts"};
    reply_t r = ask(f, &a);
    assert_int_equal(r.response.status, 200);
    assert_string_equal(r.response.content_type, "text/xml");
    assert_non_null(memmem(r.response.body, r.response.body_len,
                           "<Account>" FIXTURE_ACCOUNT "</Account>",
                           strlen("<Account>" FIXTURE_ACCOUNT "</Account>")));
    done(&r);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(control_unsigned_and_wrong_are_refused_as_by_aws),
        T(control_both_service_names_are_accepted),
        T(control_expired_key_is_told),
        T(control_session_token_is_needed_and_compared),
        T(control_answers_follow_the_table),
        T(control_conflict_names_the_resource),
        T(control_principal_arrives_by_header),
        T(control_test_authorization_tells_allowed_and_denied),
        T(control_caller_identity_is_xml),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
