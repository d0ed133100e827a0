// SPDX-License-Identifier: Apache-2.0
// The policy engine against a table: the cases of AWS's documentation, and what an attacker would
// try.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "limpet/policy.h"

#define ARN "arn:aws:iot:us-east-1:123456789012:"

// What the request knows: "key=value" lines; the same key again is a further value.
static const char *lookup(void *arg, const char *key, size_t n)
{
    static char value[256];
    for (const char *p = arg; p != NULL && *p != '\0';) {
        size_t len = strcspn(p, "\n");
        const char *eq = memchr(p, '=', len);
        size_t key_len = (size_t)(eq - p);
        if (strlen(key) == key_len && strncasecmp(p, key, key_len) == 0 && n-- == 0) {
            snprintf(value, sizeof value, "%.*s", (int)(len - key_len - 1), eq + 1);
            return value;
        }
        p += len + (p[len] == '\n');
    }
    return NULL;
}

typedef struct {
    const char *name;
    const char *statements; // ' for ", ~ for '
    const char *action, *resource, *context;
    lp_policy_answer_t answer;
} case_t;

#define ALLOW     LP_POLICY_ALLOWS
#define DENY      LP_POLICY_DENIES
#define SILENT    LP_POLICY_SILENT
#define ANY_TOPIC "'Effect':'Allow','Action':'iot:Publish','Resource':'" ARN "topic/*'"
#define COND(c)   "{'Effect':'Allow','Action':'iot:*','Resource':'*','Condition':{" c "}}"
#define THING     "iot:Connection.Thing.ThingName=lamp\niot:ClientId=lamp\n"

static const case_t cases[] = {
    // effect
    {"allow", "{" ANY_TOPIC "}", "iot:Publish", ARN "topic/a", "", ALLOW},
    {"silence", "{" ANY_TOPIC "}", "iot:Subscribe", ARN "topicfilter/a", "", SILENT},
    {"deny wins after allow", "{" ANY_TOPIC "},{'Effect':'Deny','Action':'iot:*','Resource':'*'}",
     "iot:Publish", ARN "topic/a", "", DENY},
    {"deny wins before allow", "{'Effect':'Deny','Action':'iot:*','Resource':'*'},{" ANY_TOPIC "}",
     "iot:Publish", ARN "topic/a", "", DENY},
    {"deny of another topic is silent",
     "{" ANY_TOPIC "},{'Effect':'Deny','Action':'iot:Publish','Resource':'" ARN "topic/b'}",
     "iot:Publish", ARN "topic/a", "", ALLOW},
    // actions
    {"action without case", "{'Effect':'Allow','Action':'IOT:publish','Resource':'*'}",
     "iot:Publish", ARN "topic/a", "", ALLOW},
    {"action star", "{'Effect':'Allow','Action':'*','Resource':'*'}", "iot:Connect", ARN "client/a",
     "", ALLOW},
    {"action with a wildcard inside", "{'Effect':'Allow','Action':'iot:*ublish','Resource':'*'}",
     "iot:RetainPublish", ARN "topic/a", "", ALLOW},
    {"action list", "{'Effect':'Allow','Action':['iot:Connect','iot:Receive'],'Resource':'*'}",
     "iot:Receive", ARN "topic/a", "", ALLOW},
    {"Publish is not RetainPublish", "{'Effect':'Allow','Action':'iot:Publish','Resource':'*'}",
     "iot:RetainPublish", ARN "topic/a", "", SILENT},
    {"Publish is not Receive", "{'Effect':'Allow','Action':'iot:Publish','Resource':'*'}",
     "iot:Receive", ARN "topic/a", "", SILENT},
    {"NotAction", "{'Effect':'Allow','NotAction':'iot:Publish','Resource':'*'}", "iot:Receive",
     ARN "topic/a", "", ALLOW},
    {"NotAction of itself", "{'Effect':'Allow','NotAction':'iot:Publish','Resource':'*'}",
     "iot:Publish", ARN "topic/a", "", SILENT},
    // resources
    {"resource with case", "{" ANY_TOPIC "}", "iot:Publish", ARN "Topic/a", "", SILENT},
    {"star crosses slashes", "{" ANY_TOPIC "}", "iot:Publish", ARN "topic/a/b/c", "", ALLOW},
    {"question mark is one",
     "{'Effect':'Allow','Action':'iot:Publish','Resource':'" ARN "topic/a?'}", "iot:Publish",
     ARN "topic/ab", "", ALLOW},
    {"question mark is not none",
     "{'Effect':'Allow','Action':'iot:Publish','Resource':'" ARN "topic/a?'}", "iot:Publish",
     ARN "topic/a", "", SILENT},
    {"question mark is not two",
     "{'Effect':'Allow','Action':'iot:Publish','Resource':'" ARN "topic/a?'}", "iot:Publish",
     ARN "topic/abc", "", SILENT},
    {"mqtt hash in a policy is literal",
     "{'Effect':'Allow','Action':'iot:Subscribe','Resource':'" ARN "topicfilter/a/#'}",
     "iot:Subscribe", ARN "topicfilter/a/b", "", SILENT},
    {"mqtt hash matches itself",
     "{'Effect':'Allow','Action':'iot:Subscribe','Resource':'" ARN "topicfilter/a/#'}",
     "iot:Subscribe", ARN "topicfilter/a/#", "", ALLOW},
    {"mqtt plus in a policy is literal",
     "{'Effect':'Allow','Action':'iot:Subscribe','Resource':'" ARN "topicfilter/a/+/c'}",
     "iot:Subscribe", ARN "topicfilter/a/b/c", "", SILENT},
    {"topic is not topicfilter",
     "{'Effect':'Allow','Action':'iot:Subscribe','Resource':'" ARN "topic/a'}", "iot:Subscribe",
     ARN "topicfilter/a", "", SILENT},
    {"other account",
     "{'Effect':'Allow','Action':'iot:*','Resource':'arn:aws:iot:us-east-1:999999999999:*'}",
     "iot:Publish", ARN "topic/a", "", SILENT},
    {"other region",
     "{'Effect':'Allow','Action':'iot:*','Resource':'arn:aws:iot:eu-west-1:123456789012:*'}",
     "iot:Publish", ARN "topic/a", "", SILENT},
    {"NotResource", "{'Effect':'Deny','Action':'iot:*','NotResource':'" ARN "topic/ok/*'}",
     "iot:Publish", ARN "topic/other", "", DENY},
    {"NotResource of itself",
     "{'Effect':'Deny','Action':'iot:*','NotResource':'" ARN "topic/ok/*'}", "iot:Publish",
     ARN "topic/ok/1", "", SILENT},
    {"stars that must come back",
     "{'Effect':'Allow','Action':'iot:Publish','Resource':'" ARN "topic/*a*b*c'}", "iot:Publish",
     ARN "topic/xaxbxcxbxc", "", ALLOW},
    {"prefix only", "{'Effect':'Allow','Action':'iot:Publish','Resource':'" ARN "topic/a'}",
     "iot:Publish", ARN "topic/ab", "", SILENT},
    // variables
    {"client id",
     "{'Effect':'Allow','Action':'iot:Connect','Resource':'" ARN "client/${iot:ClientId}'}",
     "iot:Connect", ARN "client/x1", "iot:ClientId=x1", ALLOW},
    {"thing name",
     "{'Effect':'Allow','Action':'iot:Publish','Resource':'" ARN
     "topic/dt/${iot:Connection.Thing.ThingName}/*'}",
     "iot:Publish", ARN "topic/dt/lamp/t", THING, ALLOW},
    {"thing name of another",
     "{'Effect':'Allow','Action':'iot:Publish','Resource':'" ARN
     "topic/dt/${iot:Connection.Thing.ThingName}/*'}",
     "iot:Publish", ARN "topic/dt/door/t", THING, SILENT},
    {"unresolved allows nothing",
     "{'Effect':'Allow','Action':'iot:Publish','Resource':'" ARN
     "topic/dt/${iot:Connection.Thing.ThingName}*'}",
     "iot:Publish", ARN "topic/dt/", "iot:ClientId=x", SILENT},
    {"unresolved beside a plain one",
     "{'Effect':'Allow','Action':'iot:Publish','Resource':['" ARN
     "topic/${iot:Connection.Thing.ThingName}','" ARN "topic/free']}",
     "iot:Publish", ARN "topic/free", "", ALLOW},
    {"unresolved NotResource does not open up",
     "{'Effect':'Allow','Action':'iot:Publish','NotResource':'" ARN
     "topic/${iot:Connection.Thing.ThingName}/secret'}",
     "iot:Publish", ARN "topic/lamp/secret", "", SILENT},
    {"a star in a value is literal",
     "{'Effect':'Allow','Action':'iot:Publish','Resource':'" ARN "topic/${iot:ClientId}'}",
     "iot:Publish", ARN "topic/victim", "iot:ClientId=*", SILENT},
    {"a question mark in a value is literal",
     "{'Effect':'Allow','Action':'iot:Publish','Resource':'" ARN "topic/${iot:ClientId}'}",
     "iot:Publish", ARN "topic/ab", "iot:ClientId=a?", SILENT},
    {"a variable in a value is literal",
     "{'Effect':'Allow','Action':'iot:Publish','Resource':'" ARN "topic/${iot:ClientId}'}",
     "iot:Publish", ARN "topic/secret",
     "iot:ClientId=${iot:CertificateId}\niot:CertificateId=secret", SILENT},
    {"variable names without case",
     "{'Effect':'Allow','Action':'iot:Connect','Resource':'" ARN "client/${IOT:CLIENTID}'}",
     "iot:Connect", ARN "client/x1", "iot:ClientId=x1", ALLOW},
    {"escaped star", "{'Effect':'Allow','Action':'iot:Publish','Resource':'" ARN "topic/${*}'}",
     "iot:Publish", ARN "topic/*", "", ALLOW},
    {"escaped star is no wildcard",
     "{'Effect':'Allow','Action':'iot:Publish','Resource':'" ARN "topic/${*}'}", "iot:Publish",
     ARN "topic/a", "", SILENT},
    {"attribute",
     "{'Effect':'Allow','Action':'iot:Publish','Resource':'" ARN
     "topic/${iot:Connection.Thing.Attributes[site]}/t'}",
     "iot:Publish", ARN "topic/porto/t", "iot:Connection.Thing.Attributes[site]=porto", ALLOW},
    {"default of a variable",
     "{'Effect':'Allow','Action':'iot:Publish','Resource':'" ARN
     "topic/${iot:Connection.Thing.ThingTypeName, ~none~}'}",
     "iot:Publish", ARN "topic/none", "", ALLOW},
    {"variable that is not closed",
     "{'Effect':'Allow','Action':'iot:Publish','Resource':'" ARN "topic/${iot:ClientId*'}",
     "iot:Publish", ARN "topic/${iot:ClientIdx", "iot:ClientId=x", SILENT},
    // conditions
    {"StringEquals", COND("'StringEquals':{'iot:ClientId':'a'}"), "iot:Connect", ARN "client/a",
     "iot:ClientId=a", ALLOW},
    {"StringEquals with case", COND("'StringEquals':{'iot:ClientId':'A'}"), "iot:Connect",
     ARN "client/a", "iot:ClientId=a", SILENT},
    {"StringEquals one of several", COND("'StringEquals':{'iot:ClientId':['x','a']}"),
     "iot:Connect", ARN "client/a", "iot:ClientId=a", ALLOW},
    {"StringEquals takes no wildcard", COND("'StringEquals':{'iot:ClientId':'*'}"), "iot:Connect",
     ARN "client/a", "iot:ClientId=a", SILENT},
    {"StringEqualsIgnoreCase", COND("'StringEqualsIgnoreCase':{'iot:ClientId':'A'}"), "iot:Connect",
     ARN "client/a", "iot:ClientId=a", ALLOW},
    {"StringNotEquals", COND("'StringNotEquals':{'iot:ClientId':'b'}"), "iot:Connect",
     ARN "client/a", "iot:ClientId=a", ALLOW},
    {"StringNotEquals none of several", COND("'StringNotEquals':{'iot:ClientId':['a','b']}"),
     "iot:Connect", ARN "client/a", "iot:ClientId=a", SILENT},
    {"StringLike", COND("'StringLike':{'iot:ClientId':'la*'}"), "iot:Connect", ARN "client/lamp",
     "iot:ClientId=lamp", ALLOW},
    {"StringNotLike", COND("'StringNotLike':{'iot:ClientId':'la*'}"), "iot:Connect",
     ARN "client/lamp", "iot:ClientId=lamp", SILENT},
    {"a key that is not there", COND("'StringEquals':{'iot:Domainname':'x'}"), "iot:Connect",
     ARN "client/a", "", SILENT},
    {"a key that is not there, IfExists", COND("'StringEqualsIfExists':{'iot:Domainname':'x'}"),
     "iot:Connect", ARN "client/a", "", ALLOW},
    {"a key that is not there, negated", COND("'StringNotEquals':{'iot:Domainname':'x'}"),
     "iot:Connect", ARN "client/a", "", ALLOW},
    {"Null", COND("'Null':{'iot:Domainname':'true'}"), "iot:Connect", ARN "client/a", "", ALLOW},
    {"Null of what is there", COND("'Null':{'iot:ClientId':true}"), "iot:Connect", ARN "client/a",
     "iot:ClientId=a", SILENT},
    {"two operators, both",
     COND("'StringLike':{'iot:ClientId':'a*'},'Bool':{'iot:Connection.Thing.IsAttached':'true'}"),
     "iot:Connect", ARN "client/a", "iot:ClientId=a\niot:Connection.Thing.IsAttached=true", ALLOW},
    {"two operators, one",
     COND("'StringLike':{'iot:ClientId':'a*'},'Bool':{'iot:Connection.Thing.IsAttached':['true']}"),
     "iot:Connect", ARN "client/a", "iot:ClientId=a\niot:Connection.Thing.IsAttached=false",
     SILENT},
    {"two keys, one", COND("'StringEquals':{'iot:ClientId':'a','iot:CertificateId':'c'}"),
     "iot:Connect", ARN "client/a", "iot:ClientId=a\niot:CertificateId=d", SILENT},
    {"Bool as JSON", COND("'Bool':{'iot:Connection.Thing.IsAttached':true}"), "iot:Connect",
     ARN "client/a", "iot:Connection.Thing.IsAttached=true", ALLOW},
    {"variable in a condition",
     COND("'StringEquals':{'iot:Certificate.Subject.CommonName':'${iot:ClientId}'}"), "iot:Connect",
     ARN "client/a", "iot:ClientId=a\niot:Certificate.Subject.CommonName=a", ALLOW},
    {"NumericLessThan", COND("'NumericLessThan':{'aws:EpochTime':'100'}"), "iot:Connect",
     ARN "client/a", "aws:EpochTime=99", ALLOW},
    {"NumericLessThan not", COND("'NumericLessThan':{'aws:EpochTime':100}"), "iot:Connect",
     ARN "client/a", "aws:EpochTime=100", SILENT},
    {"Numeric of words", COND("'NumericLessThan':{'aws:EpochTime':'100'}"), "iot:Connect",
     ARN "client/a", "aws:EpochTime=soon", SILENT},
    {"DateGreaterThan", COND("'DateGreaterThan':{'aws:CurrentTime':'2026-01-01T00:00:00Z'}"),
     "iot:Connect", ARN "client/a", "aws:CurrentTime=2026-11-22T10:00:00Z", ALLOW},
    {"DateGreaterThan not", COND("'DateGreaterThan':{'aws:CurrentTime':'2027-01-01'}"),
     "iot:Connect", ARN "client/a", "aws:CurrentTime=2026-11-22T10:00:00Z", SILENT},
    {"IpAddress", COND("'IpAddress':{'aws:SourceIp':'203.0.113.0/24'}"), "iot:Connect",
     ARN "client/a", "aws:SourceIp=203.0.113.77", ALLOW},
    {"IpAddress outside", COND("'IpAddress':{'aws:SourceIp':'203.0.113.0/25'}"), "iot:Connect",
     ARN "client/a", "aws:SourceIp=203.0.113.200", SILENT},
    {"IpAddress v6", COND("'IpAddress':{'aws:SourceIp':'2001:db8::/33'}"), "iot:Connect",
     ARN "client/a", "aws:SourceIp=2001:db8:7fff::1", ALLOW},
    {"NotIpAddress", COND("'NotIpAddress':{'aws:SourceIp':'203.0.113.0/24'}"), "iot:Connect",
     ARN "client/a", "aws:SourceIp=203.0.113.77", SILENT},
    {"IpAddress of the other family", COND("'IpAddress':{'aws:SourceIp':'0.0.0.0/0'}"),
     "iot:Connect", ARN "client/a", "aws:SourceIp=::1", SILENT},
    {"ForAnyValue", COND("'ForAnyValue:StringEquals':{'iot:ConnectAttributes':'LastWill'}"),
     "iot:Connect", ARN "client/a",
     "iot:ConnectAttributes=PersistentConnect\niot:ConnectAttributes=LastWill", ALLOW},
    {"ForAnyValue of none", COND("'ForAnyValue:StringEquals':{'iot:ConnectAttributes':'LastWill'}"),
     "iot:Connect", ARN "client/a", "", SILENT},
    {"ForAllValues",
     COND("'ForAllValues:StringEquals':{'iot:ConnectAttributes':['PersistentConnect']}"),
     "iot:Connect", ARN "client/a", "iot:ConnectAttributes=PersistentConnect", ALLOW},
    {"ForAllValues with one too many",
     COND("'ForAllValues:StringEquals':{'iot:ConnectAttributes':['PersistentConnect']}"),
     "iot:Connect", ARN "client/a",
     "iot:ConnectAttributes=PersistentConnect\niot:ConnectAttributes=LastWill", SILENT},
    {"ForAllValues of none", COND("'ForAllValues:StringEquals':{'iot:ConnectAttributes':['x']}"),
     "iot:Connect", ARN "client/a", "", ALLOW},
    {"ArnLike", COND("'ArnLike':{'aws:SourceArn':'arn:aws:iot:*:*:thing/*'}"), "iot:Connect",
     ARN "client/a", "aws:SourceArn=" ARN "thing/x", ALLOW},
};

static lp_policy_t *parse_with(const char *version, const char *statements)
{
    char text[2048];
    char why[160] = "";
    lp_policy_t *policy = NULL;
    snprintf(text, sizeof text, "{%s'Statement':[%s]}", version, statements);
    for (char *p = text; *p != '\0'; p++) {
        *p = *p == '\'' ? '"' : *p == '~' ? '\'' : *p;
    }
    if (!lp_policy_parse(text, &policy, why, sizeof why)) {
        print_error("%s: %s\n", text, why);
        fail();
    }
    return policy;
}

static void policy_cases_answer_as_documented(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const case_t *c = &cases[i];
        char context[256];
        snprintf(context, sizeof context, "%s", c->context);
        lp_policy_t *policy = parse_with("'Version':'2012-10-17',", c->statements);
        const lp_policy_request_t request = {
            .action = c->action, .resource = c->resource, .lookup = lookup, .arg = context};
        lp_policy_answer_t answer = lp_policy_evaluate(policy, &request);
        lp_policy_free(policy);
        if (answer != c->answer) {
            print_error("case \"%s\": answer %d, expected %d\n", c->name, answer, c->answer);
            fail();
        }
    }
}

static void policy_of_old_version_takes_variables_as_text(void **state)
{
    (void)state;
    char context[] = "iot:ClientId=x";
    lp_policy_t *policy = parse_with("'Version':'2008-10-17',",
                                     "{'Effect':'Allow','Action':'iot:Connect','Resource':'" ARN
                                     "client/${iot:ClientId}'}");
    lp_policy_request_t request = {
        .action = "iot:Connect", .resource = ARN "client/x", .lookup = lookup, .arg = context};
    assert_int_equal(lp_policy_evaluate(policy, &request), LP_POLICY_SILENT);
    request.resource = ARN "client/${iot:ClientId}";
    assert_int_equal(lp_policy_evaluate(policy, &request), LP_POLICY_ALLOWS);
    lp_policy_free(policy);
}

static const char *const malformed[] = {
    "",
    "{",
    "[]",
    "null",
    "{}",
    "{'Statement':[]}",
    "{'Statement':7}",
    "{'Statement':['x']}",
    "{'Version':'2013-01-01','Statement':[{'Effect':'Allow','Action':'iot:*','Resource':'*'}]}",
    "{'Version':2012,'Statement':[{'Effect':'Allow','Action':'iot:*','Resource':'*'}]}",
    "{'Statement':[{'Effect':'allow','Action':'iot:*','Resource':'*'}]}",
    "{'Statement':[{'Action':'iot:*','Resource':'*'}]}",
    "{'Statement':[{'Effect':'Allow','Resource':'*'}]}",
    "{'Statement':[{'Effect':'Allow','Action':'iot:*'}]}",
    "{'Statement':[{'Effect':'Allow','Action':[],'Resource':'*'}]}",
    "{'Statement':[{'Effect':'Allow','Action':'Publish','Resource':'*'}]}",
    "{'Statement':[{'Effect':'Allow','Action':7,'Resource':'*'}]}",
    "{'Statement':[{'Effect':'Allow','Action':'iot:*','Resource':'topic/a'}]}",
    "{'Statement':[{'Effect':'Allow','Action':'iot:*','NotAction':'iot:*','Resource':'*'}]}",
    "{'Statement':[{'Effect':'Allow','Effect':'Deny','Action':'iot:*','Resource':'*'}]}",
    "{'Statement':[{'Effect':'Allow','Action':'iot:*','Resource':'*','Principal':'*'}]}",
    "{'Statement':[{'Effect':'Allow','Action':'iot:*','Resource':'*','Condition':7}]}",
    "{'Statement':[{'Effect':'Allow','Action':'iot:*','Resource':'*','Condition':{'X':{'a':'b'}}}]"
    "}",
    "{'Statement':[{'Effect':'Allow','Action':'iot:*','Resource':'*','Condition':{'Bool':{}}}]}",
    "{'Statement':[{'Effect':'Allow','Action':'iot:*','Resource':'*','Condition':{'Bool':{'a':[]}}}"
    "]}",
    "{'Statement':[{'Effect':'Allow','Action':'iot:*','Resource':'*'}],'Other':1}",
    "{'Statement':[{'Effect':'Allow','Action':'iot:*','Resource':'*'}]} x",
};

static void policy_malformed_is_refused_with_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        char text[512];
        char why[160] = "";
        lp_policy_t *policy = NULL;
        snprintf(text, sizeof text, "%s", malformed[i]);
        for (char *p = text; *p != '\0'; p++) {
            *p = *p == '\'' ? '"' : *p;
        }
        if (lp_policy_parse(text, &policy, why, sizeof why)) {
            print_error("accepted: %s\n", text);
            fail();
        }
        assert_null(policy);
        assert_string_not_equal(why, "");
    }
}

static void policy_match_of_many_stars_is_quick(void **state)
{
    (void)state;
    char pattern[2000];
    char text[2000];
    for (size_t i = 0; i < sizeof pattern - 2; i++) {
        pattern[i] = i % 2 == 0 ? '*' : 'a';
        text[i] = 'a';
    }
    pattern[sizeof pattern - 2] = 'b';
    pattern[sizeof pattern - 1] = '\0';
    text[sizeof text - 2] = '\0';
    assert_false(lp_policy_match(pattern, text, true, NULL, NULL));
}

static void policy_chars_leaves_white_space_out(void **state)
{
    (void)state;
    assert_int_equal(lp_policy_chars(" { \"a\" :\n\t1 } "), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policy_cases_answer_as_documented),
        cmocka_unit_test(policy_of_old_version_takes_variables_as_text),
        cmocka_unit_test(policy_malformed_is_refused_with_words),
        cmocka_unit_test(policy_match_of_many_stars_is_quick),
        cmocka_unit_test(policy_chars_leaves_white_space_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
