// SPDX-License-Identifier: Apache-2.0
// Presigned addresses: what a device is given works without credentials, for that object and that
// long, and nothing else does.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "jobs_fixture.h"
#include "limpet/control.h"
#include "limpet/presign.h"

#define BASE "https://localhost:4599"

static void write_file(fixture_t *f, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/objects/%s", f->folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static int setup(void **state)
{
    char path[256];
    int rc = fixture_setup(state);
    fixture_t *f = *state;
    clock_now = (double)time(NULL);
    snprintf(path, sizeof path, "%s/objects", f->folder);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/objects/files", f->folder);
    assert_int_equal(mkdir(path, 0700), 0);
    write_file(f, "files/a b.bin", "0123456789");
    write_file(f, "files/other", "other");
    assert_int_equal(lp_reg_setting_put(f->reg, "https", BASE), LP_REG_OK);
    thing(f, "lamp");
    return rc;
}

// The path of the address that a device gets for a job with this placeholder.
static void address_of(fixture_t *f, const char *seconds, char out[400])
{
    char body[600];
    const lp_jobs_t j = jobs(f);
    (void)lp_jobs_delete(&j, "j", true);
    snprintf(body, sizeof body,
             "{\"document\":\"{\\\"url\\\":\\\"${aws:iot:s3-presigned-url:"
             "https://s3.amazonaws.com/files/a b.bin}\\\",\\\"x\\\":1}\",\"targets\":[" THING(
                 "lamp") "],\"presignedUrlConfig\":{\"roleArn\":"
                         "\"arn:aws:iam::123456789012:role/x\",\"expiresInSec\":%s}}",
             seconds);
    create(f, "j", body);
    lp_jobs_answer_t a = ask(f, LP_JOBS_DESCRIBE, "lamp", "$next", "{}");
    const cJSON *document = at(a.accepted, "execution.jobDocument");
    assert_int_equal(cJSON_GetObjectItem(document, "x")->valueint, 1);
    const char *url = fixture_text(document, "url");
    assert_int_equal(strncmp(url, BASE "/objects/files/a%20b.bin?", strlen(BASE) + 25), 0);
    snprintf(out, 400, "%s", url + strlen(BASE));
    lp_jobs_answer_free(&a);
}

static lp_http_response_t get(fixture_t *f, const char *target, const char *range)
{
    lp_http_request_t q = {.method = "GET", .target = target};
    lp_http_response_t r;
    if (range != NULL) {
        q.header[q.header_count++] = (lp_http_header_t){"Range", range};
    }
    lp_control_handle(f->reg, &q, &r);
    return r;
}

static void expect_get(fixture_t *f, const char *target, const char *range, int status,
                       const char *text)
{
    lp_http_response_t r = get(f, target, range);
    if (r.status != status) {
        print_error("%s: %d %.*s\n", target, r.status, (int)r.body_len, r.body);
    }
    assert_int_equal(r.status, status);
    if (text != NULL) {
        assert_int_equal(r.body_len, strlen(text));
        assert_memory_equal(r.body, text, r.body_len);
    }
    free(r.body);
}

static void presign_address_works_without_credentials(void **state)
{
    fixture_t *f = *state;
    char target[400];
    address_of(f, "60", target);
    expect_get(f, target, NULL, 200, "0123456789");
    expect_get(f, target, "bytes=2-4", 206, "234");
    expect_get(f, target, "bytes=8-", 206, "89");
    expect_get(f, target, "bytes=8-100", 206, "89");
    expect_get(f, target, "bytes=10-", 400, NULL);
    expect_get(f, target, "bytes=-5", 200, "0123456789");
    lp_http_response_t r = get(f, target, "bytes=2-4");
    assert_string_equal(r.content_range, "bytes 2-4/10");
    free(r.body);
    // the makers of the job see the placeholder
    const lp_jobs_t j = jobs(f);
    cJSON *doc = NULL;
    assert_int_equal(lp_jobs_document(&j, "j", &doc), LP_REG_OK);
    assert_non_null(strstr(fixture_text(doc, "document"), LP_PRESIGN_MARK));
    cJSON_Delete(doc);
}

static void presign_nothing_else_is_given_out(void **state)
{
    fixture_t *f = *state;
    char target[400];
    char other[500];
    address_of(f, "60", target);
    const char *query = strchr(target, '?');
    snprintf(other, sizeof other, "/objects/files/other%s", query);
    expect_get(f, other, NULL, 403, NULL);
    snprintf(other, sizeof other, "/objects/files/..%%2f..%%2fregistry.db%s", query);
    expect_get(f, other, NULL, 403, NULL);
    expect_get(f, "/objects/files/other", NULL, 403, NULL);
    expect_get(f, "/objects/files/other?expires=99999999999&signature=", NULL, 403, NULL);
    snprintf(other, sizeof other, "%s", target); // a later end
    strstr(other, "expires=1")[8] = '9';
    expect_get(f, other, NULL, 403, NULL);
    snprintf(other, sizeof other, "%s", target); // each digit of the signature counts
    size_t last = strlen(other) - 1;
    other[last] = other[last] == '0' ? '1' : '0';
    expect_get(f, other, NULL, 403, NULL);
}

static void presign_addresses_end(void **state)
{
    fixture_t *f = *state;
    char target[400];
    clock_now -= 61;
    address_of(f, "60", target);
    expect_get(f, target, NULL, 403, NULL);
}

static void presign_placeholders_are_checked(void **state)
{
    fixture_t *f = *state;
    static const char *const role = "\"presignedUrlConfig\":{\"roleArn\":"
                                    "\"arn:aws:iam::123456789012:role/x\"},";
    static const struct {
        const char *url;
        bool with_role;
        lp_reg_err_t err;
    } cases[] = {
        {"https://files.s3.amazonaws.com/a}", true, LP_REG_OK},
        {"https://files.s3.eu-west-1.amazonaws.com/a/b}", true, LP_REG_OK},
        {"https://s3-eu-west-1.amazonaws.com/files/a}", true, LP_REG_OK},
        {"https://files.s3.amazonaws.com/a}", false, LP_REG_INVALID},
        {"https://example.com/a}", true, LP_REG_INVALID},
        {"https://s3.amazonaws.com/}", true, LP_REG_INVALID},
        {"https://s3.amazonaws.com/files/a", true, LP_REG_INVALID}, // not closed
        {"}", true, LP_REG_INVALID},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char id[8];
        char body[600];
        snprintf(id, sizeof id, "c%zu", i);
        snprintf(body, sizeof body,
                 "{%s\"document\":\"{\\\"u\\\":\\\"" LP_PRESIGN_MARK
                 "%s\\\"}\",\"targets\":[" THING("lamp") "]}",
                 cases[i].with_role ? role : "", cases[i].url);
        assert_int_equal(try_create(f, id, body), cases[i].err);
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(presign_address_works_without_credentials),
        T(presign_nothing_else_is_given_out),
        T(presign_addresses_end),
        T(presign_placeholders_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
