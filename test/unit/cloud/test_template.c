// SPDX-License-Identifier: Apache-2.0
// Provisioning templates: the language as a table, with the examples of AWS's documentation.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limpet/template.h"

#define CERT                                                                                       \
    "\"c\":{\"Type\":\"AWS::IoT::Certificate\",\"Properties\":{\"CertificateId\":"                 \
    "{\"Ref\":\"AWS::IoT::Certificate::Id\"}}}"
#define MAPS "\"Mappings\":{\"M\":{\"Seattle\":{\"Url\":\"https://s\",\"L\":[\"x\",\"y\"]}}},"
#define PARAMS                                                                                     \
    "\"Parameters\":{\"A\":{\"Type\":\"String\"},\"B\":{\"Type\":\"String\",\"Default\":\"WA\"}},"

// What stands for DeviceConfiguration.v and what it becomes; null: evaluation fails, "-": the
// template is refused when it is made.
typedef struct {
    const char *value;
    const char *result;
} row_t;

static const row_t rows[] = {
    {"\"text\"", "\"text\""},
    {"7", "7"},
    {"{\"Ref\":\"A\"}", "\"one,two\""},
    {"{\"Ref\":\"B\"}", "\"WA\""},
    {"{\"Ref\":\"AWS::IoT::Certificate::Id\"}", "\"cid\""},
    {"{\"Ref\":\"C\"}", "-"},
    {"{\"Ref\":[\"A\"]}", "-"},
    {"{\"Ref\":\"A\",\"x\":1}", "-"},
    {"{\"Ref\":\"AWS::IoT::Certificate::Country\"}", NULL},
    {"{\"Fn::Join\":[\"-\",[\"a\",{\"Ref\":\"B\"},\"c\"]]}", "\"a-WA-c\""},
    {"{\"Fn::Join\":[\"\",[\"ThingPrefix_\",{\"Ref\":\"B\"}]]}", "\"ThingPrefix_WA\""},
    {"{\"Fn::Join\":[\",\",[\"\",\"\"]]}", "\",\""},
    {"{\"Fn::Join\":[\",\",[]]}", "\"\""},
    {"{\"Fn::Join\":[\"-\",{\"Fn::Split\":[\",\",{\"Ref\":\"A\"}]}]}", "\"one-two\""},
    {"{\"Fn::Join\":[\"-\"]}", "-"},
    {"{\"Fn::Join\":[\"-\",[1]]}", "-"},
    {"{\"Fn::Join\":\"x\"}", "-"},
    {"{\"Fn::Select\":[\"1\",[\"a\",\"b\"]]}", "\"b\""},
    {"{\"Fn::Select\":[1,[\"a\",\"b\"]]}", "\"b\""},
    {"{\"Fn::Select\":[0,{\"Fn::Split\":[\",\",{\"Ref\":\"A\"}]}]}", "\"one\""},
    {"{\"Fn::Select\":[2,[\"a\",\"b\"]]}", NULL},
    {"{\"Fn::Select\":[0,[null]]}", NULL},
    {"{\"Fn::Select\":[-1,[\"a\"]]}", NULL},
    {"{\"Fn::Select\":[\"x\",[\"a\"]]}", NULL},
    {"{\"Fn::Select\":[0,\"a\"]}", "-"},
    {"{\"Fn::Split\":[\",\",\"a,b,,c\"]}", "[\"a\",\"b\",\"\",\"c\"]"},
    {"{\"Fn::Split\":[\"ab\",\"1ab2\"]}", "[\"1\",\"2\"]"},
    {"{\"Fn::Split\":[\"|\",\"a\"]}", "[\"a\"]"},
    {"{\"Fn::Split\":[\"\",\"a\"]}", "-"},
    {"{\"Fn::FindInMap\":[\"M\",\"Seattle\",\"Url\"]}", "\"https://s\""},
    {"{\"Fn::FindInMap\":[\"M\",\"Seattle\",\"L\"]}", "[\"x\",\"y\"]"},
    {"{\"Fn::FindInMap\":[\"M\",{\"Ref\":\"B\"},\"Url\"]}", NULL},
    {"{\"Fn::FindInMap\":[\"N\",\"Seattle\",\"Url\"]}", NULL},
    {"{\"Fn::FindInMap\":[\"M\",\"Seattle\"]}", "-"},
    {"{\"Fn::Sub\":\"x/${A}/${B}\"}", "\"x/one,two/WA\""},
    {"{\"Fn::Sub\":[\"x/${V}/${B}\",{\"V\":{\"Ref\":\"A\"}}]}", "\"x/one,two/WA\""},
    {"{\"Fn::Sub\":\"x/${!iot:ClientId}\"}", "\"x/${iot:ClientId}\""},
    {"{\"Fn::Sub\":\"$A $ {A} 100%\"}", "\"$A $ {A} 100%\""},
    {"{\"Fn::Sub\":\"${C}\"}", "-"},
    {"{\"Fn::Sub\":\"${A\"}", "-"},
    {"{\"Fn::Sub\":[\"a\"]}", "-"},
    {"{\"Fn::Other\":\"a\"}", "-"},
    {"\"${A}\"", "\"${A}\""}, // only Fn::Sub looks at it
    {"{\"a\":[{\"b\":{\"Ref\":\"B\"}}]}", "{\"a\":[{\"b\":\"WA\"}]}"},
};

static char *with_value(const char *value)
{
    char *body = NULL;
    assert_true(asprintf(&body,
                         "{" PARAMS MAPS "\"Resources\":{" CERT
                         "},\"DeviceConfiguration\":{\"v\":%s}}",
                         value) > 0);
    return body;
}

static cJSON *object(const char *text)
{
    cJSON *o = cJSON_Parse(text);
    assert_non_null(o);
    return o;
}

static void check_row(const row_t *row)
{
    char why[240] = "";
    char *body = with_value(row->value);
    cJSON *template = NULL;
    cJSON *out = NULL;
    bool refused = row->result != NULL && strcmp(row->result, "-") == 0;
    bool parsed = lp_template_parse(body, &template, why, sizeof why);
    if (parsed == refused) {
        fail_msg("%s: %s", row->value, why);
    }
    cJSON *values = object("{\"A\":\"one,two\"}");
    cJSON *given = object("{\"AWS::IoT::Certificate::Id\":\"cid\"}");
    if (parsed) {
        bool ok = lp_template_evaluate(template, values, given, &out, why, sizeof why);
        if (ok != (row->result != NULL)) {
            fail_msg("%s: %s", row->value, why);
        }
    }
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(
        cJSON_GetObjectItemCaseSensitive(out, "DeviceConfiguration"), "v");
    char *text = v != NULL ? cJSON_PrintUnformatted(v) : NULL;
    if (out != NULL) {
        assert_string_equal(text, row->result);
    } else {
        assert_true(why[0] != '\0');
    }
    cJSON_free(text);
    cJSON_Delete(out);
    cJSON_Delete(values);
    cJSON_Delete(given);
    cJSON_Delete(template);
    free(body);
}

static void template_functions_give_what_the_table_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        check_row(&rows[i]);
    }
}

// Bodies and whether they are accepted.
static const struct {
    const char *body;
    bool ok;
} bodies[] = {
    {"{\"Resources\":{" CERT "}}", true},
    {"", false},
    {"[]", false},
    {"{\"Resources\":{}}", false},
    {"{\"Resource\":{" CERT "}}", false},
    {"{\"Resources\":{" CERT "},\"Outputs\":{}}", false},
    {"{\"Resources\":{\"x\":{\"Type\":\"AWS::IoT::Thing\"}}}", false},
    {"{\"Resources\":{\"x\":{\"Type\":\"AWS::IoT::Other\",\"Properties\":{}}}}", false},
    {"{\"Resources\":{\"x\":{\"Type\":\"AWS::IoT::Thing\",\"Properties\":{\"Name\":\"a\"}}}}",
     false},
    {"{\"Resources\":{\"x\":{\"Type\":\"AWS::IoT::Thing\",\"Properties\":{\"ThingName\":\"a\"}},"
     "\"y\":{\"Type\":\"AWS::IoT::Thing\",\"Properties\":{\"ThingName\":\"b\"}}}}",
     false},
    {"{\"Resources\":{\"x\":{\"Type\":\"AWS::IoT::Certificate\",\"Properties\":"
     "{\"CertificateId\":\"a\",\"CertificatePem\":\"b\"}}}}",
     false},
    {"{\"Resources\":{\"x\":{\"Type\":\"AWS::IoT::Certificate\",\"Properties\":{}}}}", false},
    {"{\"Resources\":{\"x\":{\"Type\":\"AWS::IoT::Policy\",\"Properties\":{\"PolicyName\":\"a\","
     "\"PolicyDocument\":\"b\"}}}}",
     false},
    {"{\"Resources\":{\"x\":{\"Type\":\"AWS::IoT::Policy\",\"Properties\":{\"PolicyName\":\"a\"},"
     "\"OverrideSettings\":{\"PolicyName\":\"FAIL\"}}}}",
     false},
    {"{\"Resources\":{\"x\":{\"Type\":\"AWS::IoT::Thing\",\"Properties\":{\"ThingName\":\"a\"},"
     "\"OverrideSettings\":{\"ThingTypeName\":\"MERGE\"}}}}",
     false},
    {"{\"Resources\":{\"x\":{\"Type\":\"AWS::IoT::Thing\",\"Properties\":{\"ThingName\":\"a\"},"
     "\"OverrideSettings\":{\"ThingGroups\":\"MERGE\",\"AttributePayload\":\"MERGE\"}}}}",
     true},
    {"{\"Parameters\":{\"a\":{\"Type\":\"Number\"}},\"Resources\":{" CERT "}}", false},
    {"{\"Parameters\":{\"a\":{\"Type\":\"String\",\"Default\":1}},\"Resources\":{" CERT "}}",
     false},
    {"{\"Mappings\":{\"a\":{\"b\":\"c\"}},\"Resources\":{" CERT "}}", false},
    {"{\"Mappings\":{\"a\":{\"b\":{\"c\":{\"Ref\":\"d\"}}}},\"Resources\":{" CERT "}}", false},
    {"{\"Resources\":{" CERT "},\"DeviceConfiguration\":[]}", false},
};

static void template_bodies_are_accepted_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        char why[240] = "";
        cJSON *template = NULL;
        bool ok = lp_template_parse(bodies[i].body, &template, why, sizeof why);
        if (ok != bodies[i].ok) {
            fail_msg("%s: %s", bodies[i].body, why);
        }
        cJSON_Delete(template);
    }
}

// The two complete examples of "Provisioning templates" in AWS's guide, shortened in nothing that
// matters.
static const char bulk_example[] =
    "{\"Parameters\":{\"SerialNumber\":{\"Type\":\"String\"},\"Location\":{\"Type\":\"String\","
    "\"Default\":\"WA\"},\"CSR\":{\"Type\":\"String\"}},\"Resources\":{\"thing\":{\"Type\":"
    "\"AWS::IoT::Thing\",\"Properties\":{\"AttributePayload\":{\"version\":\"v1\","
    "\"serialNumber\":{\"Ref\":\"SerialNumber\"}},\"ThingTypeName\":\"lightBulb-versionA\","
    "\"ThingGroups\":[\"v1-lightbulbs\",{\"Ref\":\"Location\"}]}},\"certificate\":{\"Type\":"
    "\"AWS::IoT::Certificate\",\"Properties\":{\"CertificateSigningRequest\":{\"Ref\":\"CSR\"},"
    "\"Status\":\"ACTIVE\"}},\"policy\":{\"Type\":\"AWS::IoT::Policy\",\"Properties\":{"
    "\"PolicyDocument\":\"{ \\\"Version\\\": \\\"2012-10-17\\\", \\\"Statement\\\": [{ "
    "\\\"Effect\\\": \\\"Allow\\\", \\\"Action\\\":[\\\"iot:Publish\\\"], \\\"Resource\\\": "
    "[\\\"arn:aws:iot:us-east-1:123456789012:topic/foo/bar\\\"] }] }\"}}}}";

static const char fleet_example[] =
    "{\"Parameters\":{\"SerialNumber\":{\"Type\":\"String\"},\"DeviceLocation\":{\"Type\":"
    "\"String\"}},\"Mappings\":{\"LocationTable\":{\"Seattle\":{\"LocationUrl\":"
    "\"https://example.aws\"}}},\"Resources\":{\"thing\":{\"Type\":\"AWS::IoT::Thing\","
    "\"Properties\":{\"AttributePayload\":{\"version\":\"v1\",\"serialNumber\":"
    "\"serialNumber\"},\"ThingTypeName\":{\"Fn::Join\":[\"\",[\"ThingPrefix_\",{\"Ref\":"
    "\"SerialNumber\"}]]},\"ThingGroups\":[\"v1-lightbulbs\",\"WA\"],\"BillingGroup\":"
    "\"LightBulbBillingGroup\"},\"OverrideSettings\":{\"AttributePayload\":\"MERGE\","
    "\"ThingTypeName\":\"REPLACE\",\"ThingGroups\":\"DO_NOTHING\"}},\"certificate\":{\"Type\":"
    "\"AWS::IoT::Certificate\",\"Properties\":{\"CertificateId\":{\"Ref\":"
    "\"AWS::IoT::Certificate::Id\"},\"Status\":\"Active\"}},\"policy\":{\"Type\":"
    "\"AWS::IoT::Policy\",\"Properties\":{\"PolicyDocument\":{\"Version\":\"2012-10-17\","
    "\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"iot:Publish\"],\"Resource\":"
    "[\"arn:aws:iot:us-east-1:123456789012:topic/foo/bar\"]}]}}}},\"DeviceConfiguration\":{"
    "\"FallbackUrl\":\"https://www.example.com/test-site\",\"LocationUrl\":{\"Fn::FindInMap\":"
    "[\"LocationTable\",{\"Ref\":\"DeviceLocation\"},\"LocationUrl\"]}}}";

static char *evaluated(const char *body, const char *values_text, const char *path)
{
    char why[240] = "";
    cJSON *template = NULL;
    cJSON *out = NULL;
    cJSON *values = object(values_text);
    cJSON *given = object("{\"AWS::IoT::Certificate::Id\":\"cid\"}");
    assert_true(lp_template_parse(body, &template, why, sizeof why));
    bool ok = lp_template_evaluate(template, values, given, &out, why, sizeof why);
    const cJSON *part = out;
    char copy[100];
    snprintf(copy, sizeof copy, "%s", path);
    char *save = NULL;
    for (char *p = strtok_r(copy, ".", &save); p != NULL; p = strtok_r(NULL, ".", &save)) {
        part = cJSON_GetObjectItemCaseSensitive(part, p);
    }
    char *text = ok ? cJSON_PrintUnformatted(part) : strdup(why);
    cJSON_Delete(out);
    cJSON_Delete(values);
    cJSON_Delete(given);
    cJSON_Delete(template);
    return text;
}

static void says(const char *body, const char *values, const char *path, const char *expected)
{
    char *text = evaluated(body, values, path);
    assert_string_equal(text, expected);
    free(text);
}

static void template_bulk_example_of_aws(void **state)
{
    (void)state;
    const char *values = "{\"SerialNumber\":\"0123EE\",\"CSR\":\"pem\"}";
    says(bulk_example, values, "Resources.thing.Properties.AttributePayload",
         "{\"version\":\"v1\",\"serialNumber\":\"0123EE\"}");
    says(bulk_example, values, "Resources.thing.Properties.ThingGroups",
         "[\"v1-lightbulbs\",\"WA\"]");
    says(bulk_example, "{\"SerialNumber\":\"1\"}", "", "The parameter has no value: CSR");
}

static void template_fleet_example_of_aws(void **state)
{
    (void)state;
    const char *values = "{\"SerialNumber\":\"7\",\"DeviceLocation\":\"Seattle\"}";
    says(fleet_example, values, "DeviceConfiguration",
         "{\"FallbackUrl\":\"https://www.example.com/test-site\",\"LocationUrl\":"
         "\"https://example.aws\"}");
    says(fleet_example, values, "Resources.thing.Properties.ThingTypeName", "\"ThingPrefix_7\"");
    says(fleet_example, values, "Resources.certificate.Properties",
         "{\"CertificateId\":\"cid\",\"Status\":\"Active\"}");
    says(fleet_example, "{\"SerialNumber\":\"7\",\"DeviceLocation\":\"Mars\"}", "",
         "Fn::FindInMap finds nothing for: Mars");
}

// A value is never evaluated itself, and cannot say what the cloud says.
static void template_values_stay_text(void **state)
{
    (void)state;
    char *body = with_value("{\"Fn::Sub\":\"${A}|${AWS::IoT::Certificate::Id}\"}");
    says(body, "{\"A\":\"${B} {\\\"Ref\\\":\\\"B\\\"}\",\"AWS::IoT::Certificate::Id\":\"stolen\"}",
         "DeviceConfiguration.v", "\"${B} {\\\"Ref\\\":\\\"B\\\"}|cid\"");
    free(body);
}

// Joins of splits of joins: each level is a hundred times the one below.
static void template_that_grows_without_end_is_stopped(void **state)
{
    (void)state;
    char value[4096] = "{\"Ref\":\"A\"}";
    char next[4096];
    for (int i = 0; i < 8; i++) {
        snprintf(next, sizeof next, "{\"Fn::Join\":[{\"Ref\":\"A\"},{\"Fn::Split\":[\",\",%s]}]}",
                 value);
        memcpy(value, next, sizeof value);
    }
    char *body = with_value(value);
    cJSON *values = cJSON_CreateObject();
    char commas[1001];
    memset(commas, ',', 1000);
    commas[1000] = '\0';
    cJSON_AddStringToObject(values, "A", commas);
    char *text = cJSON_PrintUnformatted(values);
    says(body, text, "", "The template makes too much text");
    cJSON_free(text);
    cJSON_Delete(values);
    free(body);
}

static void template_nested_too_deeply_is_refused(void **state)
{
    (void)state;
    char value[600] = "";
    char why[240] = "";
    cJSON *template = NULL;
    memset(value, '[', 200);
    memset(value + 200, ']', 200);
    char *body = with_value(value);
    assert_false(lp_template_parse(body, &template, why, sizeof why));
    free(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(template_functions_give_what_the_table_says),
        cmocka_unit_test(template_bodies_are_accepted_or_refused),
        cmocka_unit_test(template_bulk_example_of_aws),
        cmocka_unit_test(template_fleet_example_of_aws),
        cmocka_unit_test(template_values_stay_text),
        cmocka_unit_test(template_that_grows_without_end_is_stopped),
        cmocka_unit_test(template_nested_too_deeply_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
