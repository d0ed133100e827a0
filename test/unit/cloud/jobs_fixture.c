// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jobs_fixture.h"

double clock_now = 1900000000;

lp_jobs_t jobs(fixture_t *f)
{
    return (lp_jobs_t){.reg = f->reg, .scope = &f->scope, .now = clock_now};
}

void later(fixture_t *f, double seconds)
{
    clock_now += seconds;
    const lp_jobs_t j = jobs(f);
    assert_int_equal(lp_jobs_tick(&j), LP_REG_OK);
}

void thing(fixture_t *f, const char *name)
{
    cJSON *doc = NULL;
    const lp_thing_config_t config = {0};
    assert_int_equal(lp_reg_thing_create(f->reg, &f->scope, name, &config, &doc), LP_REG_OK);
    cJSON_Delete(doc);
}

void group(fixture_t *f, const char *name, const char *parent)
{
    cJSON *doc = NULL;
    const lp_group_config_t config = {.parent = parent};
    assert_int_equal(lp_reg_group_create(f->reg, &f->scope, name, &config, &doc), LP_REG_OK);
    cJSON_Delete(doc);
}

lp_reg_err_t try_create(fixture_t *f, const char *id, const char *body)
{
    const lp_jobs_t j = jobs(f);
    cJSON *doc = NULL;
    cJSON *request = cJSON_Parse(body);
    assert_non_null(request);
    lp_reg_err_t rc = lp_jobs_create(&j, id, request, &doc);
    if (rc == LP_REG_OK) {
        assert_string_equal(fixture_text(doc, "jobId"), id);
    }
    cJSON_Delete(request);
    cJSON_Delete(doc);
    return rc;
}

void create(fixture_t *f, const char *id, const char *body)
{
    lp_reg_err_t rc = try_create(f, id, body);
    if (rc != LP_REG_OK) {
        print_error("%s: %s\n", id, lp_reg_error(f->reg)->message);
    }
    assert_int_equal(rc, LP_REG_OK);
}

lp_jobs_answer_t ask(fixture_t *f, lp_jobs_op_t op, const char *name, const char *job,
                     const char *body)
{
    const lp_jobs_t j = jobs(f);
    lp_jobs_answer_t a;
    cJSON *request = cJSON_Parse(body);
    lp_jobs_request(&j, op, name, job, request, &a);
    cJSON_Delete(request);
    return a;
}

lp_jobs_code_t code_of(fixture_t *f, lp_jobs_op_t op, const char *name, const char *job,
                       const char *body)
{
    lp_jobs_answer_t a = ask(f, op, name, job, body);
    lp_jobs_code_t code = a.code;
    lp_jobs_answer_free(&a);
    return code;
}

void update(fixture_t *f, const char *name, const char *job, const char *status)
{
    char body[80];
    snprintf(body, sizeof body, "{\"status\":\"%s\"}", status);
    assert_int_equal(code_of(f, LP_JOBS_UPDATE, name, job, body), LP_JOBS_OK);
}

const cJSON *at(const cJSON *doc, const char *path)
{
    char member[64];
    for (const char *p = path; *p != '\0';) {
        size_t len = strcspn(p, ".");
        snprintf(member, sizeof member, "%.*s", (int)len, p);
        doc = cJSON_GetObjectItemCaseSensitive(doc, member);
        p += len + (p[len] == '.');
    }
    return doc;
}

void expect(const cJSON *doc, const char *path, const char *expected)
{
    const cJSON *v = at(doc, path);
    char *text = v != NULL ? cJSON_PrintUnformatted(v) : strdup("(none)");
    if (strcmp(text, expected) != 0) {
        print_error("%s is %s, expected %s\n", path, text, expected);
        fail();
    }
    free(text);
}

void expect_job(fixture_t *f, const char *id, const char *path, const char *expected)
{
    const lp_jobs_t j = jobs(f);
    cJSON *doc = NULL;
    assert_int_equal(lp_jobs_describe(&j, id, &doc), LP_REG_OK);
    expect(doc, path, expected);
    cJSON_Delete(doc);
}

void expect_execution(fixture_t *f, const char *id, const char *name, const char *path,
                      const char *expected)
{
    const lp_jobs_t j = jobs(f);
    cJSON *doc = NULL;
    assert_int_equal(lp_jobs_execution(&j, id, name, 0, &doc), LP_REG_OK);
    expect(cJSON_GetObjectItemCaseSensitive(doc, "execution"), path, expected);
    cJSON_Delete(doc);
}

// What was told since the last look, as "topic payload" lines.
typedef struct {
    char text[65536];
} told_t;

static void collect(void *arg, const char *client, const lp_reg_message_t *m)
{
    told_t *told = arg;
    size_t n = strlen(told->text);
    assert_null(client);
    snprintf(told->text + n, sizeof told->text - n, "%s %.*s\n", m->topic, (int)m->payload_len,
             (const char *)m->payload);
}

const char *told(fixture_t *f)
{
    static told_t all;
    all.text[0] = '\0';
    while (lp_reg_outbox_take(f->reg, &f->scope, collect, &all) > 0) {
    }
    return all.text;
}

size_t times(const char *text, const char *part)
{
    size_t n = 0;
    for (const char *p = text; (p = strstr(p, part)) != NULL; p++) {
        n++;
    }
    return n;
}
