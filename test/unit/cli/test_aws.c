// SPDX-License-Identifier: Apache-2.0
// Signatures against published vectors, the credentials chain, and what is read out of answers.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <cjson/cJSON.h>

#include "credential_process.h"
#include "fake_cloud.h"
#include "limpet/aws_answer.h"
#include "limpet/ini.h"
#include "limpet/iot.h"
#include "scene.h"
#include "text.h"

// --- the verifier is right, so that what it accepts is right

static void add(http_request_t *r, const char *name, const char *value)
{
    SET_TEXT(r->headers[r->n_headers].name, name);
    SET_TEXT(r->headers[r->n_headers].value, value);
    r->n_headers++;
}

static void expect_signature(http_request_t *r, const char *scope, const char *headers,
                             const char *expected)
{
    char out[65];
    add(r, "x-amz-date", "20150830T123600Z");
    sigv4_signature(r, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", scope, headers, out);
    assert_string_equal(out, expected);
}

static void sigv4_check_agrees_with_published_vectors(void **state)
{
    (void)state;
    http_request_t get = {.method = "GET", .target = "/", .body = (char *)(uintptr_t) ""};
    add(&get, "host", "example.amazonaws.com");
    expect_signature(&get, "20150830/us-east-1/service/aws4_request", "host;x-amz-date",
                     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
    char body[] = "{\"attributePayload\":{\"attributes\":{\"sn\":\"0123EE\"}}}";
    http_request_t post = {
        .method = "POST", .target = "/things/dev%3A1_a", .body = body, .body_len = sizeof body - 1};
    add(&post, "host", "iot.us-east-1.amazonaws.com");
    add(&post, "content-type", "application/json");
    expect_signature(&post, "20150830/us-east-1/iot/aws4_request", "content-type;host;x-amz-date",
                     "cee293505e68a277d3a0b0096f24f47b98578bab51a635fee8b8cce35cb8944e");
    char empty[] = "{}";
    http_request_t token = {
        .method = "POST", .target = "/certificates?setAsActive=true", .body = empty, .body_len = 2};
    add(&token, "host", "iot.us-east-1.amazonaws.com");
    add(&token, "content-type", "application/json");
    add(&token, "x-amz-security-token", "TOKEN");
    expect_signature(&token, "20150830/us-east-1/iot/aws4_request",
                     "content-type;host;x-amz-date;x-amz-security-token",
                     "48995c728f29fb3d0d1cd571e7e073ee6a82079f315ae0c2b15bc99f92572e13");
}

// --- the client against that verifier

static lp_aws_config_t config_for(const fake_cloud_t *cloud)
{
    lp_aws_config_t c = {.max_tries = 2,
                         .retry_base_ms = 1,
                         .retry_cap_ms = 2,
                         .timeout_ms = 2000,
                         .is_custom = true};
    SET_TEXT(c.region, "eu-central-1");
    snprintf(c.endpoint_url, sizeof c.endpoint_url, "http://127.0.0.1:%d", cloud->port);
    SET_TEXT(c.data_url, c.endpoint_url);
    SET_TEXT(c.sts_url, c.endpoint_url);
    c.credentials.access_key_id = strdup(fake_key_id);
    c.credentials.secret_access_key = strdup(fake_secret);
    c.credentials.session_token = strdup("to/ken+with=odd chars");
    return c;
}

static void client_signs_what_the_cloud_verifies(void **state)
{
    (void)state;
    static fake_cloud_t cloud;
    fake_cloud_start(&cloud);
    lp_aws_config_t c = config_for(&cloud);
    lp_fault_t f;
    char text[64];
    char *document = NULL;
    bool is_attached = true;
    const char *arn = "arn:aws:iot:eu-central-1:123456789012:cert/00";
    assert_int_equal(lp_iot_endpoint(&c, text, sizeof text, &f), LP_AWS_OK);
    assert_int_equal(lp_iot_account(&c, text, sizeof text, &f), LP_AWS_OK);
    assert_string_equal(text, "123456789012");
    // Names that need encoding in the path, once on the wire and twice in the signature.
    assert_int_equal(lp_iot_thing_create(&c, "dev:1_a", &f), LP_AWS_OK);
    assert_string_equal(cloud.thing, "dev:1_a");
    assert_int_equal(lp_iot_thing_get(&c, "dev:2", &f), LP_AWS_NOT_FOUND);
    assert_int_equal(lp_iot_policy_create(&c, "p+=,.@-x", "{\"a\":\"\\u00e4 ${x}\"}", &f),
                     LP_AWS_OK);
    assert_int_equal(lp_iot_policy_get(&c, "p+=,.@-x", &document, NULL, 0, &f), LP_AWS_OK);
    assert_int_equal(lp_iot_policy_create(&c, "p+=,.@-x", "{}", &f), LP_AWS_CONFLICT);
    assert_int_equal(lp_iot_thing_attach(&c, "dev:1_a", arn, &f), LP_AWS_NOT_FOUND);
    assert_int_equal(lp_iot_policy_is_attached(&c, "x", arn, &is_attached, &f), LP_AWS_OK);
    assert_false(is_attached);
    assert_int_equal(lp_iot_retained(&c, "limpet/a b/\xc3\xa4?&=+#", text, sizeof text, &f),
                     LP_AWS_NOT_FOUND);
    if (cloud.n_bad_signatures > 0) {
        print_message("%s\n", cloud.last_bad);
    }
    assert_int_equal(cloud.n_bad_signatures, 0);
    free(document);
    lp_aws_config_deinit(&c);
    assert_null(c.credentials.secret_access_key);
    fake_cloud_stop(&cloud);
}

static void expect_refusal(lp_aws_config_t *c, lp_exit_t exit, const char *code)
{
    lp_fault_t f;
    assert_int_equal(lp_iot_thing_get(c, "t", &f), LP_AWS_FAILED);
    assert_int_equal(f.exit, exit);
    assert_string_equal(f.code, code);
    assert_null(strstr(f.why, fake_secret));
    assert_true(f.next[0] != '\0');
}

static void attributes_are_names_and_values(void **state)
{
    (void)state;
    static const char *const good[] = {"a=b", "a=b,c=d", "floor=3,path=/a:b#c@d-_."};
    static const char *const bad[] = {"",     ",",      "a",     "a=",       "=b",
                                      "a=b,", "a=b,,c", "a=b c", "a=b,c",    "a=\"b\"",
                                      "a==b", "\x01=b", "a=b\n", "a=b,c=d,e"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(lp_iot_is_attributes(good[i]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(lp_iot_is_attributes(bad[i]));
    }
}

static void client_tells_refusals_apart(void **state)
{
    (void)state;
    static fake_cloud_t cloud;
    fake_cloud_start(&cloud);
    lp_aws_config_t c = config_for(&cloud);
    c.credentials.secret_access_key[0] ^= 1;
    expect_refusal(&c, LP_EXIT_CREDENTIALS, "aws-credentials");
    c.credentials.secret_access_key[0] ^= 1;
    c.credentials.access_key_id[0] ^= 1;
    expect_refusal(&c, LP_EXIT_CREDENTIALS, "aws-credentials");
    c.credentials.access_key_id[0] ^= 1;
    cloud.has_no_time_for_you = true;
    expect_refusal(&c, LP_EXIT_LOCAL, "clock-wrong");
    cloud.has_no_time_for_you = false;
    static const int skews[] = {-7200, 86400, 0};
    for (size_t i = 0; i < sizeof skews / sizeof skews[0]; i++) { // corrected by one more try
        lp_fault_t f;
        cloud.clock_skew_s = skews[i];
        int n = cloud.n_bad_signatures;
        assert_int_equal(lp_iot_thing_create(&c, "clock", &f), LP_AWS_OK);
        assert_int_equal(cloud.n_bad_signatures, n);
        assert_in_range(lp_aws_now_s() - time(NULL) - skews[i] + 5, 0, 10);
    }
    cloud.fault = FAULT_DENIED;
    cloud.fault_count = -1;
    expect_refusal(&c, LP_EXIT_CREDENTIALS, "aws-denied");
    cloud.fault = FAULT_HTML;
    expect_refusal(&c, LP_EXIT_CLOUD, "cloud-garbage");
    cloud.fault = FAULT_HUGE;
    expect_refusal(&c, LP_EXIT_CLOUD, "cloud-garbage");
    cloud.fault = FAULT_HALF;
    expect_refusal(&c, LP_EXIT_NETWORK, "cloud-broken-off");
    fake_cloud_stop(&cloud);
    expect_refusal(&c, LP_EXIT_NETWORK, "cloud-unreachable");
    lp_aws_config_deinit(&c);
}

static void client_does_not_repeat_what_must_not_happen_twice(void **state)
{
    (void)state;
    static fake_cloud_t cloud;
    fake_cloud_start(&cloud);
    lp_aws_config_t c = config_for(&cloud);
    lp_fault_t f;
    lp_iot_cert_t cert;
    static const fault_mode_t unknown[] = {FAULT_RESET_AFTER, FAULT_500_AFTER, FAULT_HALF,
                                           FAULT_HTML,        FAULT_NOTHING,   FAULT_HUGE};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        fake_cloud_calm(&cloud);
        cloud.fault = unknown[i];
        cloud.fault_count = -1;
        lp_aws_result_t rc = lp_iot_cert_create(&c, "not a request", &cert, &f);
        assert_true(rc == LP_AWS_UNKNOWN);
        assert_int_equal(fake_cloud_count(&cloud, "CreateCertificateFromCsr"), 1);
    }
    fake_cloud_calm(&cloud);
    cloud.fault = FAULT_THROTTLE;
    cloud.fault_count = -1;
    assert_int_equal(lp_iot_cert_create(&c, "x", &cert, &f), LP_AWS_FAILED);
    assert_int_equal(fake_cloud_count(&cloud, "CreateCertificateFromCsr"), 2);
    fake_cloud_stop(&cloud);
    assert_int_equal(lp_iot_cert_create(&c, "x", &cert, &f), LP_AWS_FAILED);
    lp_aws_config_deinit(&c);
}

static void client_refuses_names_that_could_change_the_path(void **state)
{
    (void)state;
    lp_aws_config_t c = {.max_tries = 1};
    lp_fault_t f;
    static const char *const bad[] = {"", "a/b", "a b", "a?b", "..", "a%2fb"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(lp_iot_thing_get(&c, bad[i], &f), LP_AWS_FAILED);
        assert_int_equal(f.exit, LP_EXIT_USAGE);
    }
    assert_false(lp_iot_is_cert_id("../../things/x"));
    assert_false(lp_iot_is_policy_name("a/b"));
}

// --- words in answers

static void answer_errors_are_read_from_either_place(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        const char *body;
        const char *type;
    } cases[] = {
        {"ResourceNotFoundException:http://internal.amazon.com/", "{}",
         "ResourceNotFoundException"},
        {NULL, "{\"__type\":\"com.amazon.coral#ThrottlingException\",\"message\":\"m\"}",
         "ThrottlingException"},
        {NULL, "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>",
         "AccessDenied"},
        {NULL, "<html>", ""},
        {NULL, "", ""},
        {NULL, "{\"__type\":17}", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        lp_aws_error_t e;
        lp_aws_error_parse(cases[i].header, cases[i].body, strlen(cases[i].body), &e);
        assert_string_equal(e.type, cases[i].type);
    }
}

static void answer_kinds_follow_the_name_before_the_status(void **state)
{
    (void)state;
    static const struct {
        long status;
        const char *type;
        const char *message;
        lp_aws_error_kind_t kind;
    } cases[] = {
        {400, "ThrottlingException", "", LP_AWS_ERROR_THROTTLED},
        {429, "", "", LP_AWS_ERROR_THROTTLED},
        {403, "ExpiredTokenException", "", LP_AWS_ERROR_EXPIRED},
        {400, "RequestExpired", "", LP_AWS_ERROR_CLOCK},
        {403, "InvalidSignatureException", "Signature expired: 1 is now earlier than 2",
         LP_AWS_ERROR_CLOCK},
        {403, "SignatureDoesNotMatch", "", LP_AWS_ERROR_CREDENTIALS},
        {403, "UnrecognizedClientException", "", LP_AWS_ERROR_CREDENTIALS},
        {403, "AccessDeniedException", "", LP_AWS_ERROR_DENIED},
        {403, "", "", LP_AWS_ERROR_DENIED},
        {410, "LimitExceededException", "", LP_AWS_ERROR_LIMIT},
        {404, "ResourceNotFoundException", "", LP_AWS_ERROR_MISSING},
        {409, "ResourceAlreadyExistsException", "", LP_AWS_ERROR_CONFLICT},
        {400, "InvalidRequestException", "", LP_AWS_ERROR_OTHER},
        {500, "InternalFailureException", "", LP_AWS_ERROR_OTHER},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        lp_aws_error_t e = {.type = ""};
        SET_TEXT(e.type, cases[i].type);
        SET_TEXT(e.message, cases[i].message);
        assert_int_equal(lp_aws_error_kind(cases[i].status, &e), cases[i].kind);
    }
}

static void answer_bodies_are_objects_or_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        bool is_good;
    } cases[] = {{"", true},        {"  \r\n", true}, {"{}", true}, {" {\"a\":1} \n", true},
                 {"[]", false},     {"1", false},     {"{", false}, {"{}x", false},
                 {"<html>", false}, {"{}{}", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cJSON *tree = lp_aws_body_parse(cases[i].body, strlen(cases[i].body));
        assert_int_equal(tree != NULL, cases[i].is_good);
        cJSON_Delete(tree);
    }
}

// --- credentials

static char home[64];

static int make_home(void **state)
{
    (void)state;
    SET_TEXT(home, "/tmp/limpet-test-XXXXXX");
    static const char *const clear[] = {"AWS_ACCESS_KEY_ID",           "AWS_SECRET_ACCESS_KEY",
                                        "AWS_SESSION_TOKEN",           "AWS_PROFILE",
                                        "AWS_DEFAULT_PROFILE",         "AWS_REGION",
                                        "AWS_DEFAULT_REGION",          "AWS_ENDPOINT_URL",
                                        "AWS_ENDPOINT_URL_IOT",        "AWS_CA_BUNDLE",
                                        "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"};
    for (size_t i = 0; i < sizeof clear / sizeof clear[0]; i++) {
        unsetenv(clear[i]);
    }
    return mkdtemp(home) != NULL ? setenv("HOME", home, 1) : -1;
}

static int remove_home(void **state)
{
    (void)state;
    scene_remove(home);
    return 0;
}

static void write_file(const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/.aws", home);
    (void)mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/.aws/%s", home, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static lp_exit_t load(const char *profile, lp_aws_config_t *c, lp_fault_t *f)
{
    lp_aws_flags_t flags = {.profile = profile, .region = "eu-west-1"};
    return lp_aws_config_load(&flags, c, f);
}

static void expect_key(const char *profile, const char *key, const char *token)
{
    lp_aws_config_t c;
    lp_fault_t f = {.exit = LP_EXIT_OK};
    assert_int_equal(load(profile, &c, &f), LP_EXIT_OK);
    assert_string_equal(c.credentials.access_key_id, key);
    if (token == NULL) {
        assert_null(c.credentials.session_token);
    } else {
        assert_string_equal(c.credentials.session_token, token);
    }
    lp_aws_config_deinit(&c);
}

static void expect_none(const char *profile, const char *code, const char *in_next)
{
    lp_aws_config_t c;
    lp_fault_t f = {.exit = LP_EXIT_OK};
    assert_int_equal(load(profile, &c, &f), LP_EXIT_CREDENTIALS);
    assert_string_equal(f.code, code);
    assert_non_null(strstr(f.next, in_next));
    assert_null(c.credentials.secret_access_key);
    lp_aws_config_deinit(&c);
}

static void credentials_come_from_the_first_source_that_has_them(void **state)
{
    (void)state;
    expect_none(NULL, "aws-no-credentials", "aws configure");
    write_file("config", "[default]\naws_access_key_id = CONFIG\naws_secret_access_key = s\n"
                         "[profile work]\nregion = eu-north-1\ncredential_process = /bin/echo "
                         "'{\"Version\":1,\"AccessKeyId\":\"PROCESS\",\"SecretAccessKey\":\"s\","
                         "\"SessionToken\":\"t\"}'\n"
                         "[profile sso]\nsso_session = corp\n");
    expect_key(NULL, "CONFIG", NULL);
    expect_key("work", "PROCESS", "t");
    expect_none("sso", "aws-no-credentials", "aws sso login");
    expect_none("nobody", "aws-no-credentials", "no such profile");
    write_file(
        "credentials",
        "# comment\r\n[default]\r\naws_access_key_id=SHARED\r\naws_secret_access_key = s=/+ \r\n"
        "[work]\naws_access_key_id = ONLYHALF\n");
    expect_key(NULL, "SHARED", NULL);
    expect_key("work", "PROCESS", "t");
    setenv("AWS_ACCESS_KEY_ID", "ENV", 1);
    expect_key(NULL, "SHARED", NULL); // half a key is no key
    setenv("AWS_SECRET_ACCESS_KEY", "s", 1);
    setenv("AWS_SESSION_TOKEN", "envtoken", 1);
    expect_key(NULL, "ENV", "envtoken");
    expect_key("work", "PROCESS", "t"); // a profile that was named comes first
    setenv("AWS_PROFILE", "work", 1);
    expect_key(NULL, "ENV", "envtoken");
}

static const char *why_none(const char *profile, const char *in_next)
{
    static lp_fault_t f;
    lp_aws_config_t c;
    f = (lp_fault_t){.exit = LP_EXIT_OK};
    assert_int_equal(load(profile, &c, &f), LP_EXIT_CREDENTIALS);
    assert_null(c.credentials.secret_access_key);
    lp_aws_config_deinit(&c);
    assert_non_null(strstr(f.next, in_next));
    assert_null(strstr(f.why, "t0ken"));
    return f.why;
}

// The name of the cache's file is the SHA-1 of "corp".
static void write_login(const char *ends)
{
    char path[128];
    char text[300];
    snprintf(path, sizeof path, "%s/.aws/sso", home);
    (void)mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/.aws/sso/cache", home);
    (void)mkdir(path, 0700);
    snprintf(text, sizeof text, "{\"accessToken\":\"t0ken\",\"expiresAt\":\"%s\"}", ends);
    write_file("sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json", text);
}

static void logins_of_others_are_explained(void **state)
{
    (void)state;
    write_file("config", "[profile sso]\nsso_session = corp\n"
                         "[profile old]\nsso_start_url = https://corp.example/start\n"
                         "[profile role]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = x\n");
    assert_non_null(strstr(why_none("sso", "aws sso login --profile sso"), "nobody is logged in"));
    assert_non_null(strstr(why_none("old", "aws sso login --profile old"), "nobody is logged in"));
    assert_non_null(strstr(why_none("role", "export-credentials"), "role/r"));
    write_login("2001-02-03T04:05:06Z");
    assert_non_null(strstr(why_none("sso", "aws sso login"), "ended at 2001-02-03T04:05:06Z"));
    write_login("2999-01-01T00:00:00Z");
    assert_non_null(strstr(why_none("sso", "export-credentials"), "good until 2999"));
    static const char *const broken[] = {"", "soon", "\\u0000"};
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        write_login(broken[i]);
        assert_non_null(strstr(why_none("sso", "aws sso login"), "nobody is logged in"));
    }
    write_file("sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json", "{\"accessToken\":7");
    assert_non_null(strstr(why_none("sso", "aws sso login"), "nobody is logged in"));
}

static void credentials_region_and_endpoint_follow_the_order(void **state)
{
    (void)state;
    write_file(
        "config",
        "[default]\nregion = eu-north-1\naws_access_key_id = K\naws_secret_access_key = s\n");
    lp_aws_flags_t flags = {.profile = NULL};
    lp_aws_config_t c;
    lp_fault_t f;
    assert_int_equal(lp_aws_config_load(&flags, &c, &f), LP_EXIT_OK);
    assert_string_equal(c.endpoint_url, "https://iot.eu-north-1.amazonaws.com");
    lp_aws_config_deinit(&c);
    setenv("AWS_DEFAULT_REGION", "us-west-2", 1);
    setenv("AWS_REGION", "cn-north-1", 1);
    assert_int_equal(lp_aws_config_load(&flags, &c, &f), LP_EXIT_OK);
    assert_string_equal(c.endpoint_url, "https://iot.cn-north-1.amazonaws.com.cn");
    lp_aws_config_deinit(&c);
    setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1/", 1);
    setenv("AWS_ENDPOINT_URL_IOT", "https://localhost:2", 1);
    assert_int_equal(lp_aws_config_load(&flags, &c, &f), LP_EXIT_OK);
    assert_string_equal(c.endpoint_url, "https://localhost:2");
    lp_aws_config_deinit(&c);
    static const char *const bad[] = {"ftp://x",    "http://",         "https://a/b",
                                      "http://a b", "http://10.0.0.1", "x"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        flags.endpoint_url = bad[i];
        assert_int_equal(lp_aws_config_load(&flags, &c, &f), LP_EXIT_USAGE);
        lp_aws_config_deinit(&c);
    }
    flags = (lp_aws_flags_t){.region = "Mars/1"};
    assert_int_equal(lp_aws_config_load(&flags, &c, &f), LP_EXIT_USAGE);
    assert_non_null(strstr(f.next, "--aws-region"));
    lp_aws_config_deinit(&c);
}

// A misspelt profile has no region either: which of the two it is has to be said.
static void credentials_profile_that_is_missing_is_named_before_its_region(void **state)
{
    (void)state;
    write_file("config", "[default]\nregion = eu-north-1\n");
    lp_aws_flags_t flags = {.profile = "works"};
    lp_aws_config_t c;
    lp_fault_t f;
    assert_int_equal(lp_aws_config_load(&flags, &c, &f), LP_EXIT_USAGE);
    assert_string_equal(f.code, "aws-no-region");
    assert_non_null(strstr(f.why, "\"works\", which does not exist"));
    assert_non_null(strstr(f.next, "--aws-profile"));
    lp_aws_config_deinit(&c);
    write_file("config", "[profile works]\noutput = json\n");
    assert_int_equal(lp_aws_config_load(&flags, &c, &f), LP_EXIT_USAGE);
    assert_null(strstr(f.why, "does not exist"));
    assert_non_null(strstr(f.next, "--aws-region"));
    lp_aws_config_deinit(&c);
}

static lp_exit_t run_process(const char *command, lp_aws_credentials_t *c, lp_fault_t *f)
{
    *c = (lp_aws_credentials_t){.source = ""};
    return lp_credential_process(command, c, f);
}

static void credentials_process_failures_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *command;
        const char *why;
    } cases[] = {
        {"/bin/false", "exit code 1"},
        {"/nonexistent/program", "No such file"},
        {"/bin/echo hello", "not a JSON object"},
        {"/bin/echo '{\"Version\":2}'", "\"Version\": 1"},
        {"/bin/echo '{\"Version\":1,\"AccessKeyId\":\"A\"}'", "missing"},
        {"/bin/sh -c 'yes | head -c 100000'", "64 KB"},
        {"/bin/sh -c 'kill -9 $$'", "signal 9"},
        {"unclosed 'quote", "open quote"},
        {"", "no words"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        lp_aws_credentials_t c;
        lp_fault_t f;
        assert_int_equal(run_process(cases[i].command, &c, &f), LP_EXIT_CREDENTIALS);
        assert_string_equal(f.code, "credential-process");
        if (strstr(f.why, cases[i].why) == NULL) {
            print_message("%s: %s\n", cases[i].command, f.why);
        }
        assert_non_null(strstr(f.why, cases[i].why));
        assert_null(c.access_key_id);
    }
}

static void credentials_that_have_expired_are_refused(void **state)
{
    (void)state;
    const char *json = "{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\","
                       "\"Expiration\":\"2026-01-02T03:04:05+01:00\"}";
    lp_aws_credentials_t c = {.source = ""};
    lp_fault_t f;
    const int64_t ends = 1767319445; // 2026-01-02T02:04:05Z
    assert_int_equal(lp_aws_credentials_parse_process(json, strlen(json), ends - 1, &c, &f),
                     LP_EXIT_OK);
    lp_aws_credentials_wipe(&c);
    assert_int_equal(lp_aws_credentials_parse_process(json, strlen(json), ends, &c, &f),
                     LP_EXIT_CREDENTIALS);
    assert_string_equal(f.code, "aws-expired");
    assert_null(c.access_key_id);
}

static void command_is_split_like_a_shell_does(void **state)
{
    (void)state;
    char text[] = "  a 'b c' \"d \\\" e\" f\\ g ''";
    char *words[8];
    assert_int_equal(lp_command_split(text, words, 8), 5);
    assert_string_equal(words[0], "a");
    assert_string_equal(words[1], "b c");
    assert_string_equal(words[2], "d \" e");
    assert_string_equal(words[3], "f g");
    assert_string_equal(words[4], "");
    char many[] = "a b c d";
    assert_int_equal(lp_command_split(many, words, 3), -1);
}

int main(void)
{
#define HOME_TEST(name) cmocka_unit_test_setup_teardown(name, make_home, remove_home)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sigv4_check_agrees_with_published_vectors),
        cmocka_unit_test(client_signs_what_the_cloud_verifies),
        cmocka_unit_test(attributes_are_names_and_values),
        cmocka_unit_test(client_tells_refusals_apart),
        cmocka_unit_test(client_does_not_repeat_what_must_not_happen_twice),
        cmocka_unit_test(client_refuses_names_that_could_change_the_path),
        cmocka_unit_test(answer_errors_are_read_from_either_place),
        cmocka_unit_test(answer_kinds_follow_the_name_before_the_status),
        cmocka_unit_test(answer_bodies_are_objects_or_nothing),
        HOME_TEST(credentials_come_from_the_first_source_that_has_them),
        HOME_TEST(logins_of_others_are_explained),
        HOME_TEST(credentials_region_and_endpoint_follow_the_order),
        HOME_TEST(credentials_profile_that_is_missing_is_named_before_its_region),
        HOME_TEST(credentials_process_failures_are_named),
        HOME_TEST(credentials_that_have_expired_are_refused),
        cmocka_unit_test(command_is_split_like_a_shell_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
