// SPDX-License-Identifier: Apache-2.0
// Topic rules: statements as a table, and what they set off.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../service/rule_sql.h"
#include "db.h"
#include "fixture.h"
#include "limpet/rules.h"

#define ROLE "\"roleArn\":\"arn:aws:iam::1:role/r\""
#define PAYLOAD                                                                                    \
    "{\"t\":21.5,\"n\":7,\"s\":\"it's\",\"on\":true,\"a\":{\"b\":{\"c\":\"deep\"}},\"z\":null}"

// A statement, and what it makes of PAYLOAD on a/b/c; null: nothing, "-": it is refused.
static const struct {
    const char *sql, *result;
} rows[] = {
    {"SELECT * FROM 'a/#'", PAYLOAD},
    {"select * from 'a/+/c';", PAYLOAD},
    {"SELECT t FROM 'a/#'", "{\"t\":21.5}"},
    {"SELECT t, a.b.c AS d FROM 'a/#'", "{\"t\":21.5,\"d\":\"deep\"}"},
    {"SELECT a.b FROM 'a/#'", "{\"b\":{\"c\":\"deep\"}}"},
    {"SELECT none FROM 'a/#'", "{}"},
    {"SELECT topic() AS p, topic(2) AS q, clientid() AS c FROM 'a/#'",
     "{\"p\":\"a/b/c\",\"q\":\"b\",\"c\":\"dev\"}"},
    {"SELECT topic(9) AS q FROM 'a/#'", "{}"},
    {"SELECT timestamp() AS at FROM 'a/#'", "{\"at\":1000}"},
    {"SELECT 'x' AS k, 5 AS n, true AS b FROM 'a/#'", "{\"k\":\"x\",\"n\":5,\"b\":true}"},
    {"SELECT t FROM 'a/#' WHERE t > 20", "{\"t\":21.5}"},
    {"SELECT t FROM 'a/#' WHERE t > 21.5", NULL},
    {"SELECT t FROM 'a/#' WHERE t >= 21.5 AND n <= 7 AND n <> 8", "{\"t\":21.5}"},
    {"SELECT t FROM 'a/#' WHERE t < -1", NULL},
    {"SELECT n FROM 'a/#' WHERE s = 'it''s'", "{\"n\":7}"},
    {"SELECT n FROM 'a/#' WHERE on = true AND a.b.c != 'x'", "{\"n\":7}"},
    {"SELECT n FROM 'a/#' WHERE on = false", NULL},
    {"SELECT n FROM 'a/#' WHERE topic(3) = 'c'", "{\"n\":7}"},
    {"SELECT n FROM 'a/#' WHERE none = 1", NULL},
    {"SELECT n FROM 'a/#' WHERE none <> 1", NULL},
    {"SELECT n FROM 'a/#' WHERE s > 1", NULL},
    {"SELECT n FROM 'a/#' WHERE s <> 1", "{\"n\":7}"},
    {"", "-"},
    {"SELECT", "-"},
    {"SELECT * FROM a", "-"},
    {"SELECT * FROM 'a", "-"},
    {"SELECT *, * FROM 'a'", "-"},
    {"SELECT *", "-"},
    {"SELECT t. FROM 'a'", "-"},
    {"SELECT 5 FROM 'a'", "-"},
    {"SELECT t AS a.b FROM 'a'", "-"},
    {"SELECT abs(t) AS x FROM 'a'", "-"},
    {"SELECT topic(0) AS x FROM 'a'", "-"},
    {"SELECT t + 1 AS x FROM 'a'", "-"},
    {"SELECT * FROM 'a' WHERE t", "-"},
    {"SELECT * FROM 'a' WHERE t = 1 OR t = 2", "-"},
    {"SELECT * FROM 'a' WHERE", "-"},
    {"SELECT * FROM 'a' GROUP BY x", "-"},
    {"SELECTt FROM 'a'", "-"},
};

static void rules_statements_give_what_the_table_says(void **state)
{
    (void)state;
    cJSON *payload = cJSON_Parse(PAYLOAD);
    const sql_message_t m = {.topic = "a/b/c", .client = "dev", .payload = payload, .now_ms = 1000};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char why[160] = "";
        sql_t sql;
        bool refused = rows[i].result != NULL && strcmp(rows[i].result, "-") == 0;
        if (sql_parse(rows[i].sql, &sql, why, sizeof why) == refused) {
            fail_msg("%s: %s", rows[i].sql, why);
        }
        if (refused) {
            assert_true(why[0] != '\0');
            continue;
        }
        cJSON *out = sql_holds(&sql, &m) ? sql_select(&sql, &m) : NULL;
        char *text = out != NULL ? cJSON_PrintUnformatted(out) : NULL;
        if ((text == NULL) != (rows[i].result == NULL) ||
            (text != NULL && strcmp(text, rows[i].result) != 0)) {
            fail_msg("%s: %s", rows[i].sql, text != NULL ? text : "(nothing)");
        }
        cJSON_free(text);
        cJSON_Delete(out);
    }
    cJSON_Delete(payload);
}

static lp_reg_err_t make(fixture_t *f, const char *name, const char *payload)
{
    cJSON *doc = cJSON_Parse(payload);
    assert_non_null(doc);
    lp_reg_err_t rc = lp_rule_create(f->reg, &f->scope, name, doc);
    cJSON_Delete(doc);
    return rc;
}

#define RULE(sql, action) "{\"sql\":\"" sql "\",\"actions\":[" action "]}"
#define REPUBLISH(topic)  "{\"republish\":{" ROLE ",\"topic\":\"" topic "\"}}"

static void rules_are_checked_when_made(void **state)
{
    fixture_t *f = *state;
    const struct {
        const char *name, *payload;
        lp_reg_err_t expected;
    } cases[] = {
        {"a b", RULE("SELECT * FROM 'a'", REPUBLISH("x")), LP_REG_INVALID},
        {"r", "{\"actions\":[]}", LP_REG_INVALID},
        {"r", "{\"sql\":\"SELECT * FROM 'a'\"}", LP_REG_INVALID},
        {"r", RULE("SELECT abs(x) FROM 'a'", REPUBLISH("x")), LP_REG_SQL_PARSE},
        {"r", RULE("SELECT * FROM '$x/a'", REPUBLISH("x")), LP_REG_SQL_PARSE},
        {"r", RULE("SELECT * FROM 'a'", "{\"sns\":{" ROLE ",\"targetArn\":\"x\"}}"),
         LP_REG_NOT_IMPLEMENTED},
        {"r", RULE("SELECT * FROM 'a'", "{\"lambda\":{\"functionArn\":\"x\"}}"),
         LP_REG_NOT_IMPLEMENTED},
        {"r", RULE("SELECT * FROM 'a'", "{\"republish\":{\"topic\":\"x\"}}"), LP_REG_INVALID},
        {"r", RULE("SELECT * FROM 'a'", REPUBLISH("$$aws/things/x/shadow/update")),
         LP_REG_NOT_IMPLEMENTED},
        {"r", RULE("SELECT * FROM 'a'", REPUBLISH("x/${abs(1)}")), LP_REG_INVALID},
        {"r", RULE("SELECT * FROM 'a'", "{\"s3\":{" ROLE ",\"bucketName\":\"b\"}}"),
         LP_REG_INVALID},
        {"r", RULE("SELECT * FROM 'a'", REPUBLISH("x")), LP_REG_OK},
        {"r", RULE("SELECT * FROM 'a'", REPUBLISH("x")), LP_REG_EXISTS},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(make(f, cases[i].name, cases[i].payload), cases[i].expected);
    }
    cJSON *doc = NULL;
    assert_int_equal(lp_rule_get(f->reg, &f->scope, "r", &doc), LP_REG_OK);
    assert_string_equal(fixture_text(doc, "ruleArn"), "arn:aws:iot:us-east-1:123456789012:rule/r");
    cJSON_Delete(doc);
    assert_int_equal(lp_rule_get(f->reg, &f->scope, "none", &doc), LP_REG_UNAUTHORIZED);
    fixture_t other = *f;
    assert_int_equal(lp_reg_scope(f->reg, "999999999999", "us-east-1", &other.scope), LP_REG_OK);
    assert_int_equal(lp_rule_delete(f->reg, &other.scope, "r"), LP_REG_UNAUTHORIZED);
    assert_int_equal(lp_rule_delete(f->reg, &f->scope, "r"), LP_REG_OK);
}

typedef struct {
    char text[600]; // "topic payload;" of each
} heard_t;

static void hear(void *arg, const char *client, const char *topic, const void *payload, size_t len)
{
    heard_t *h = arg;
    size_t n = strlen(h->text);
    assert_null(client);
    snprintf(h->text + n, sizeof h->text - n, "%s %.*s;", topic, (int)len, (const char *)payload);
}

static void say(fixture_t *f, lp_rules_t *rules, const char *topic, const char *payload,
                const char *expected)
{
    heard_t h = {0};
    const lp_service_out_t out = {.send = hear, .arg = &h};
    const lp_service_request_t q = {.reg = f->reg,
                                    .scope = &f->scope,
                                    .client = "dev",
                                    .topic = topic,
                                    .payload = payload,
                                    .payload_len = strlen(payload)};
    lp_rules_run(rules, &q, &out);
    assert_string_equal(h.text, expected);
}

static void rules_republish_what_fits(void **state)
{
    fixture_t *f = *state;
    lp_rules_t *rules = lp_rules_open(f->reg, &f->scope);
    assert_int_equal(make(f, "all", RULE("SELECT * FROM 'dt/+/t'", REPUBLISH("all/${topic(2)}"))),
                     LP_REG_OK);
    assert_int_equal(
        make(f, "hot", RULE("SELECT t FROM 'dt/#' WHERE t > 30", REPUBLISH("hot/${clientid()}"))),
        LP_REG_OK);
    say(f, rules, "dt/a/t", "{\"t\":21,\"x\":1}", "all/a {\"t\":21,\"x\":1};");
    say(f, rules, "dt/a/t", "{\"t\":31,\"x\":1}", "all/a {\"t\":31,\"x\":1};hot/dev {\"t\":31};");
    say(f, rules, "dt/a/t", "no json", "all/a no json;");
    say(f, rules, "other", "{\"t\":31}", "");
    assert_int_equal(lp_rule_disable(f->reg, &f->scope, "all", true), LP_REG_OK);
    say(f, rules, "dt/a/t", "{\"t\":21}", "");
    lp_rules_close(rules);
}

// The device's own words become part of a topic; they must not become another kind of topic.
static void rules_republish_to_topics_only(void **state)
{
    fixture_t *f = *state;
    lp_rules_t *rules = lp_rules_open(f->reg, &f->scope);
    assert_int_equal(make(f, "r", RULE("SELECT * FROM 'in'", REPUBLISH("${to}"))), LP_REG_OK);
    say(f, rules, "in", "{\"to\":\"out\"}", "out {\"to\":\"out\"};");
    say(f, rules, "in", "{\"to\":\"$aws/things/x/shadow/update\"}", "");
    say(f, rules, "in", "{\"to\":\"a/#\"}", "");
    say(f, rules, "in", "{\"to\":\"\"}", "");
    say(f, rules, "in", "{}", "");
    say(f, rules, "in", "{\"to\":{\"a\":1}}", "");
    lp_rules_close(rules);
}

static void rules_basic_ingest_is_for_the_named_rule(void **state)
{
    fixture_t *f = *state;
    lp_rules_t *rules = lp_rules_open(f->reg, &f->scope);
    assert_int_equal(make(f, "one", RULE("SELECT topic() AS p FROM 'x/y'", REPUBLISH("one"))),
                     LP_REG_OK);
    assert_int_equal(make(f, "two", RULE("SELECT * FROM '$aws/rules/#'", REPUBLISH("two"))),
                     LP_REG_OK);
    say(f, rules, "$aws/rules/one/x/y", "{}", "one {\"p\":\"x/y\"};");
    say(f, rules, "$aws/rules/onetwo/x", "{}", "");
    say(f, rules, "$aws/rules/one", "{}", "");
    say(f, rules, "$aws/rules/none/x", "{}", "");
    assert_true(lp_rules_is_ingest("$aws/rules/x/y"));
    assert_false(lp_rules_is_ingest("$aws/things/x"));
    lp_rules_close(rules);
}

static bool object_is(fixture_t *f, const char *path, const char *expected)
{
    char full[300];
    char text[200] = "";
    snprintf(full, sizeof full, "%s/%s", f->folder, path);
    FILE *file = fopen(full, "r");
    size_t n = file != NULL ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file != NULL) {
        fclose(file);
    }
    text[n] = '\0';
    return file != NULL && strcmp(text, expected) == 0;
}

static void rules_put_objects_below_their_folder(void **state)
{
    fixture_t *f = *state;
    char path[300];
    struct stat st;
    lp_rules_t *rules = lp_rules_open(f->reg, &f->scope);
    assert_int_equal(
        make(f, "r",
             RULE("SELECT v FROM 'in'",
                  "{\"s3\":{" ROLE ",\"bucketName\":\"data\",\"key\":\"${k}/last\"}}")),
        LP_REG_OK);
    say(f, rules, "in", "{\"k\":\"a/b\",\"v\":1}", "");
    assert_true(object_is(f, "objects/data/a/b/last", "{\"v\":1}"));
    say(f, rules, "in", "{\"k\":\"a/b\",\"v\":2}", "");
    assert_true(object_is(f, "objects/data/a/b/last", "{\"v\":2}"));
    snprintf(path, sizeof path, "%s/objects/data/a/b/last", f->folder);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    // Out of the folder: by name, and by a link that somebody left there.
    say(f, rules, "in", "{\"k\":\"../../x\",\"v\":1}", "");
    snprintf(path, sizeof path, "%s/x", f->folder);
    assert_int_not_equal(access(path, F_OK), 0);
    snprintf(path, sizeof path, "%s/objects/data/link", f->folder);
    assert_int_equal(symlink(f->folder, path), 0);
    say(f, rules, "in", "{\"k\":\"link\",\"v\":1}", "");
    snprintf(path, sizeof path, "%s/last", f->folder);
    assert_int_not_equal(access(path, F_OK), 0);
    lp_rules_close(rules);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_statements_give_what_the_table_says),
        WITH(rules_are_checked_when_made),
        WITH(rules_republish_what_fits),
        WITH(rules_republish_to_topics_only),
        WITH(rules_basic_ingest_is_for_the_named_rule),
        WITH(rules_put_objects_below_their_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
