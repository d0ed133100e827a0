// SPDX-License-Identifier: Apache-2.0
// Signature Version 4 against public vectors and against what must not pass.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "limpet/sigv4.h"
#include "sigv4_suite.h"

#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
// 2015-08-30T12:36:00Z
#define NOW 1440938160LL

static lp_http_request_t request_of(const char *method, const char *target, const char *host,
                                    const char *body)
{
    lp_http_request_t r = {.method = method, .target = target, .body = body};
    r.body_len = strlen(body);
    r.header[r.header_count++] = (lp_http_header_t){"Host", host};
    r.header[r.header_count++] = (lp_http_header_t){"X-Amz-Date", "20150830T123600Z"};
    return r;
}

static void add(lp_http_request_t *r, const char *name, const char *value)
{
    r->header[r->header_count++] = (lp_http_header_t){name, value};
}

static lp_sigv4_t scope_of(const char *service, const char *signed_headers)
{
    lp_sigv4_t s = {0};
    snprintf(s.access_key, sizeof s.access_key, "AKIDEXAMPLE");
    snprintf(s.date, sizeof s.date, "20150830");
    snprintf(s.region, sizeof s.region, "us-east-1");
    snprintf(s.service, sizeof s.service, "%s", service);
    snprintf(s.time, sizeof s.time, "20150830T123600Z");
    snprintf(s.signed_headers, sizeof s.signed_headers, "%s", signed_headers);
    return s;
}

static void expect_signature(const lp_http_request_t *r, const lp_sigv4_t *scope,
                             const char *expected)
{
    char signature[65] = "";
    assert_true(lp_sigv4_sign(r, scope, SECRET, signature));
    assert_string_equal(signature, expected);
}

static void sigv4_public_suite_matches(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sigv4_suite / sizeof sigv4_suite[0]; i++) {
        char signature[65] = "";
        lp_http_request_t r = request_of(sigv4_suite[i].method, sigv4_suite[i].target,
                                         "example.amazonaws.com", sigv4_suite[i].body);
        for (size_t k = 0; k < 8 && sigv4_suite[i].header[k] != NULL; k += 2) {
            add(&r, sigv4_suite[i].header[k], sigv4_suite[i].header[k + 1]);
        }
        const lp_sigv4_t s = scope_of("service", sigv4_suite[i].signed_headers);
        assert_true(lp_sigv4_sign(&r, &s, SECRET, signature));
        if (strcmp(signature, sigv4_suite[i].signature) != 0) {
            print_error("%s\n", sigv4_suite[i].name);
        }
        assert_string_equal(signature, sigv4_suite[i].signature);
    }
}

static void sigv4_encoded_path_is_encoded_twice(void **state)
{
    (void)state;
    lp_http_request_t r = request_of("POST", "/things/dev%3A1_a", "iot.us-east-1.amazonaws.com",
                                     "{\"attributePayload\":{\"attributes\":{\"sn\":\"0123EE\"}}}");
    add(&r, "Content-Type", "application/json");
    const lp_sigv4_t s = scope_of("iot", "content-type;host;x-amz-date");
    expect_signature(&r, &s, "cee293505e68a277d3a0b0096f24f47b98578bab51a635fee8b8cce35cb8944e");
}

static void sigv4_query_and_token_match_vector(void **state)
{
    (void)state;
    lp_http_request_t r =
        request_of("POST", "/certificates?setAsActive=true", "iot.us-east-1.amazonaws.com", "{}");
    add(&r, "Content-Type", "application/json");
    add(&r, "X-Amz-Security-Token", "TOKEN");
    const lp_sigv4_t s = scope_of("iot", "content-type;host;x-amz-date;x-amz-security-token");
    expect_signature(&r, &s, "48995c728f29fb3d0d1cd571e7e073ee6a82079f315ae0c2b15bc99f92572e13");
}

static char authorization[512];

// A request signed as a client would sign it.
static lp_http_request_t signed_request(const char *method, const char *target, const char *body)
{
    lp_http_request_t r = request_of(method, target, "localhost:4599", body);
    const lp_sigv4_t s = scope_of("iot", "host;x-amz-date");
    char signature[65];
    assert_true(lp_sigv4_sign(&r, &s, SECRET, signature));
    snprintf(authorization, sizeof authorization,
             "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iot/aws4_request, "
             "SignedHeaders=host;x-amz-date, Signature=%s",
             signature);
    add(&r, "Authorization", authorization);
    return r;
}

static lp_sigv4_result_t verdict(const lp_http_request_t *r, const char *token, long long now,
                                 char why[300])
{
    lp_sigv4_t s;
    lp_sigv4_result_t rc = lp_sigv4_parse(r, &s);
    return rc != LP_SIGV4_OK ? rc : lp_sigv4_verify(r, &s, SECRET, token, now, why, 300);
}

static void sigv4_public_presigned_url_is_accepted(void **state)
{
    (void)state;
    char why[300];
    lp_http_request_t r = {.method = "GET", .target = SIGV4_SUITE_PRESIGNED, .body = ""};
    add(&r, "Host", "example.amazonaws.com");
    assert_int_equal(verdict(&r, "", NOW + 10, why), LP_SIGV4_OK);
    r.method = "POST";
    assert_int_equal(verdict(&r, "", NOW + 10, why), LP_SIGV4_MISMATCH);
}

static void sigv4_signed_request_is_accepted(void **state)
{
    (void)state;
    char why[300];
    lp_http_request_t r = signed_request("GET", "/things/a?x=1", "");
    assert_int_equal(verdict(&r, "", NOW, why), LP_SIGV4_OK);
    assert_int_equal(verdict(&r, "", NOW + 300, why), LP_SIGV4_OK);
    assert_int_equal(verdict(&r, "", NOW - 300, why), LP_SIGV4_OK);
}

static void sigv4_any_change_is_noticed(void **state)
{
    (void)state;
    char why[300];
    lp_http_request_t r = signed_request("PUT", "/things/a?x=1", "body");
    lp_http_request_t changed = r;
    changed.method = "POST";
    assert_int_equal(verdict(&changed, "", NOW, why), LP_SIGV4_MISMATCH);
    changed = r;
    changed.target = "/things/b?x=1";
    assert_int_equal(verdict(&changed, "", NOW, why), LP_SIGV4_MISMATCH);
    changed.target = "/things/a?x=2";
    assert_int_equal(verdict(&changed, "", NOW, why), LP_SIGV4_MISMATCH);
    changed = r;
    changed.body = "bodx";
    assert_int_equal(verdict(&changed, "", NOW, why), LP_SIGV4_MISMATCH);
    changed = r;
    changed.header[0].value = "localhost:4600";
    assert_int_equal(verdict(&changed, "", NOW, why), LP_SIGV4_MISMATCH);
    assert_non_null(strstr(why, "does not match the signature you provided"));
}

static void sigv4_old_and_future_are_refused_in_words(void **state)
{
    (void)state;
    char why[300];
    lp_http_request_t r = signed_request("GET", "/things", "");
    assert_int_equal(verdict(&r, "", NOW + 301, why), LP_SIGV4_SKEW);
    assert_string_equal(why, "Signature expired: 20150830T123600Z is now earlier than "
                             "20150830T123601Z (20150830T124101Z - 5 min.)");
    assert_int_equal(verdict(&r, "", NOW - 301, why), LP_SIGV4_SKEW);
    assert_non_null(strstr(why, "Signature not yet current"));
}

static void sigv4_scope_of_another_day_is_refused(void **state)
{
    (void)state;
    char why[300];
    lp_http_request_t r = signed_request("GET", "/things", "");
    char *date = strstr(authorization, "20150830");
    memcpy(date, "20150829", 8);
    assert_int_equal(verdict(&r, "", NOW, why), LP_SIGV4_SKEW);
}

static void sigv4_unsigned_principal_is_refused(void **state)
{
    (void)state;
    char why[300];
    lp_http_request_t r = signed_request("PUT", "/things/a/principals", "");
    add(&r, "x-amzn-principal", "arn:aws:iot:us-east-1:123456789012:cert/evil");
    assert_int_equal(verdict(&r, "", NOW, why), LP_SIGV4_UNSIGNED);
    assert_non_null(strstr(why, "x-amzn-principal"));
}

static void sigv4_token_must_be_the_keys(void **state)
{
    (void)state;
    char why[300];
    lp_http_request_t r = signed_request("GET", "/things", "");
    assert_int_equal(verdict(&r, "TOKEN", NOW, why), LP_SIGV4_TOKEN);
}

static const char *const broken[] = {
    "Basic dXNlcjpwYXNz",
    "AWS4-HMAC-SHA256",
    "AWS4-HMAC-SHA256 ",
    "AWS4-HMAC-SHA256 Credential=A/20150830/us-east-1/iot/aws4_request",
    "AWS4-HMAC-SHA256 Credential=A/20150830/us-east-1/iot, SignedHeaders=host, Signature=aa",
    "AWS4-HMAC-SHA256 Credential=//us-east-1/iot/aws4_request, SignedHeaders=host, Signature=aa",
    "AWS4-HMAC-SHA256 Credential=A/2015083000000/us-east-1/iot/aws4_request, SignedHeaders=host, "
    "Signature=aa",
    "AWS4-HMAC-SHA256 Credential=A/20150830/us-east-1/iot/aws4_requestx, SignedHeaders=host, "
    "Signature=aa",
    "AWS4-HMAC-SHA256 Credential=A/20150830/us-east-1/iot/aws4_request, SignedHeaders=, "
    "Signature=aa",
    "AWS4-HMAC-SHA256 Credential=A/20150830/us-east-1/iot/aws4_request, SignedHeaders=host, "
    "Signature=",
};

static void sigv4_broken_authorization_is_incomplete(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        char why[300];
        lp_http_request_t r = request_of("GET", "/", "localhost", "");
        add(&r, "Authorization", broken[i]);
        if (verdict(&r, "", NOW, why) != LP_SIGV4_INCOMPLETE) {
            print_error("not incomplete: %s\n", broken[i]);
            fail();
        }
    }
}

static void sigv4_none_is_missing(void **state)
{
    (void)state;
    char why[300];
    lp_http_request_t r = request_of("GET", "/", "localhost", "");
    assert_int_equal(verdict(&r, "", NOW, why), LP_SIGV4_MISSING);
}

static void sigv4_empty_or_short_signature_does_not_match(void **state)
{
    (void)state;
    char why[300];
    lp_http_request_t r = signed_request("GET", "/", "");
    char *signature = strstr(authorization, "Signature=") + 10;
    signature[63] = '\0';
    assert_int_equal(verdict(&r, "", NOW, why), LP_SIGV4_MISMATCH);
}

static void sigv4_presigned_url_is_accepted_until_it_expires(void **state)
{
    (void)state;
    char target[600];
    char why[300];
    char signature[65];
    static const char base[] = "/mqtt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential="
                               "AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fiotdevicegateway"
                               "%2Faws4_request&X-Amz-Date=20150830T123600Z&X-Amz-Expires=600"
                               "&X-Amz-SignedHeaders=host";
    lp_http_request_t r = {.method = "GET", .target = base};
    add(&r, "Host", "localhost:4599");
    lp_sigv4_t s = scope_of("iotdevicegateway", "host");
    s.presigned = true;
    assert_true(lp_sigv4_sign(&r, &s, SECRET, signature));
    snprintf(target, sizeof target, "%s&X-Amz-Signature=%s", base, signature);
    r.target = target;
    assert_int_equal(verdict(&r, "", NOW + 600, why), LP_SIGV4_OK);
    assert_int_equal(verdict(&r, "", NOW + 601, why), LP_SIGV4_SKEW);
    target[6] = 'Y'; // X-Amz-Algorithm
    assert_int_equal(verdict(&r, "", NOW, why), LP_SIGV4_INCOMPLETE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sigv4_public_suite_matches),
        cmocka_unit_test(sigv4_public_presigned_url_is_accepted),
        cmocka_unit_test(sigv4_encoded_path_is_encoded_twice),
        cmocka_unit_test(sigv4_query_and_token_match_vector),
        cmocka_unit_test(sigv4_signed_request_is_accepted),
        cmocka_unit_test(sigv4_any_change_is_noticed),
        cmocka_unit_test(sigv4_old_and_future_are_refused_in_words),
        cmocka_unit_test(sigv4_scope_of_another_day_is_refused),
        cmocka_unit_test(sigv4_unsigned_principal_is_refused),
        cmocka_unit_test(sigv4_token_must_be_the_keys),
        cmocka_unit_test(sigv4_broken_authorization_is_incomplete),
        cmocka_unit_test(sigv4_none_is_missing),
        cmocka_unit_test(sigv4_empty_or_short_signature_does_not_match),
        cmocka_unit_test(sigv4_presigned_url_is_accepted_until_it_expires),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
