// SPDX-License-Identifier: Apache-2.0
// Jobs in a fixture's registry, with a clock that the test moves, and what was told.
#ifndef LP_TEST_CLOUD_JOBS_FIXTURE_H
#define LP_TEST_CLOUD_JOBS_FIXTURE_H

#include "fixture.h"
#include "limpet/jobs.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define THING(name) "\"arn:aws:iot:us-east-1:" FIXTURE_ACCOUNT ":thing/" name "\""
#define GROUP(name) "\"arn:aws:iot:us-east-1:" FIXTURE_ACCOUNT ":thinggroup/" name "\""
#define DOCUMENT    "\"document\":\"{\\\"do\\\":1}\","

extern double clock_now; // seconds since 1970

lp_jobs_t jobs(fixture_t *f);
// Moves the clock and does what is due.
void later(fixture_t *f, double seconds);

void thing(fixture_t *f, const char *name);
void group(fixture_t *f, const char *name, const char *parent);
lp_reg_err_t try_create(fixture_t *f, const char *id, const char *body);
void create(fixture_t *f, const char *id, const char *body);

lp_jobs_answer_t ask(fixture_t *f, lp_jobs_op_t op, const char *name, const char *job,
                     const char *body);
lp_jobs_code_t code_of(fixture_t *f, lp_jobs_op_t op, const char *name, const char *job,
                       const char *body);
// An update that is accepted.
void update(fixture_t *f, const char *name, const char *job, const char *status);

// A member along a dotted path, as JSON text; "(none)" where it is not there.
const cJSON *at(const cJSON *doc, const char *path);
void expect(const cJSON *doc, const char *path, const char *expected);
void expect_job(fixture_t *f, const char *id, const char *path, const char *expected);
void expect_execution(fixture_t *f, const char *id, const char *name, const char *path,
                      const char *expected);

// What was told since the last look, as "topic payload" lines. Static.
const char *told(fixture_t *f);
size_t times(const char *text, const char *part);

#endif
