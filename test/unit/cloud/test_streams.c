// SPDX-License-Identifier: Apache-2.0
// File streams: their files stay in their folder, blocks come as asked for, in JSON and CBOR.
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

#include "cbor_json.h"
#include "fixture.h"
#include "limpet/base64.h"
#include "limpet/cbor.h"
#include "limpet/hex.h"
#include "limpet/service.h"
#include "limpet/streams.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ROLE     "\"roleArn\":\"arn:aws:iam::123456789012:role/x\""
#define FILES(bucket, key)                                                                         \
    "\"files\":[{\"fileId\":0,\"s3Location\":{\"bucket\":\"" bucket "\",\"key\":\"" key "\"}}]"

enum { SIZE = 1000 };

static uint8_t content(size_t i)
{
    return (uint8_t)(i * 7 + i / 256);
}

static void path_of(fixture_t *f, const char *name, char out[256])
{
    snprintf(out, 256, "%s/objects/%s", f->folder, name);
}

static void write_file(fixture_t *f, const char *name, size_t size)
{
    char path[256];
    path_of(f, name, path);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    for (size_t i = 0; i < size; i++) {
        fputc(content(i), file);
    }
    fclose(file);
}

static int setup(void **state)
{
    char path[256];
    int rc = fixture_setup(state);
    fixture_t *f = *state;
    snprintf(path, sizeof path, "%s/objects", f->folder);
    assert_int_equal(mkdir(path, 0700), 0);
    path_of(f, "fw-bucket", path);
    assert_int_equal(mkdir(path, 0700), 0);
    path_of(f, "fw-bucket/v1", path);
    assert_int_equal(mkdir(path, 0700), 0);
    write_file(f, "fw-bucket/v1/app.bin", SIZE);
    return rc;
}

static lp_reg_err_t create(fixture_t *f, const char *id, const char *body)
{
    cJSON *doc = NULL;
    cJSON *request = cJSON_Parse(body);
    assert_non_null(request);
    lp_reg_err_t rc = lp_streams_create(f->reg, &f->scope, id, request, &doc);
    cJSON_Delete(request);
    cJSON_Delete(doc);
    return rc;
}

// --- objects ------------------------------------------------------------------------------------

static void streams_files_stay_in_their_folder(void **state)
{
    fixture_t *f = *state;
    char path[256];
    char target[256];
    path_of(f, "fw-bucket/link", path);
    snprintf(target, sizeof target, "%s/registry.db", f->folder);
    assert_int_equal(symlink(target, path), 0);
    path_of(f, "fw-bucket/up", path);
    assert_int_equal(symlink("../..", path), 0);
    path_of(f, "fw-bucket/pipe", path);
    assert_int_equal(mkfifo(path, 0600), 0);
    static const struct {
        const char *body;
        lp_reg_err_t err;
    } cases[] = {
        {"{" ROLE "," FILES("fw-bucket", "v1/app.bin") "}", LP_REG_OK},
        {"{" ROLE "," FILES("fw-bucket", "none") "}", LP_REG_NOT_FOUND},
        {"{" ROLE "," FILES("fw-bucket", "v1") "}", LP_REG_NOT_FOUND},
        {"{" ROLE "," FILES("fw-bucket", "link") "}", LP_REG_NOT_FOUND},
        {"{" ROLE "," FILES("fw-bucket", "up/registry.db") "}", LP_REG_NOT_FOUND},
        {"{" ROLE "," FILES("fw-bucket", "pipe") "}", LP_REG_NOT_FOUND},
        {"{" ROLE "," FILES("fw-bucket", "../../registry.db") "}", LP_REG_INVALID},
        {"{" ROLE "," FILES("fw-bucket", "v1/../v1/app.bin") "}", LP_REG_INVALID},
        {"{" ROLE "," FILES("fw-bucket", "/etc/passwd") "}", LP_REG_INVALID},
        {"{" ROLE "," FILES("fw-bucket", "v1//app.bin") "}", LP_REG_INVALID},
        {"{" ROLE "," FILES("fw-bucket", "v1/app.bin/") "}", LP_REG_INVALID},
        {"{" ROLE "," FILES("fw-bucket", "./v1/app.bin") "}", LP_REG_INVALID},
        {"{" ROLE "," FILES("fw-bucket", "") "}", LP_REG_INVALID},
        {"{" ROLE "," FILES("..", "registry.db") "}", LP_REG_INVALID},
        {"{" ROLE "," FILES("../objects", "x") "}", LP_REG_INVALID},
        {"{" ROLE "," FILES("a", "x") "}", LP_REG_INVALID},
        {"{" ROLE ",\"files\":[{\"fileId\":0,\"s3Location\":7}]}", LP_REG_INVALID},
        {"{" ROLE ",\"files\":[{\"fileId\":0}]}", LP_REG_INVALID},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        lp_reg_err_t rc = create(f, "s", cases[i].body);
        if (rc != cases[i].err) {
            print_error("case %zu: %s gives %s\n", i, cases[i].body, lp_reg_err_name(rc));
        }
        assert_int_equal(rc, cases[i].err);
        (void)lp_streams_delete(f->reg, &f->scope, "s");
    }
}

// --- the control plane --------------------------------------------------------------------------

static void streams_bad_ones_are_not_made(void **state)
{
    fixture_t *f = *state;
    static const struct {
        const char *id, *body;
    } cases[] = {
        {"s", "{" FILES("fw-bucket", "v1/app.bin") "}"},
        {"s", "{" ROLE "}"},
        {"s", "{" ROLE ",\"files\":[]}"},
        {"a b", "{" ROLE "," FILES("fw-bucket", "v1/app.bin") "}"},
        {"s", "{\"roleArn\":\"short\"," FILES("fw-bucket", "v1/app.bin") "}"},
        {"s", "{" ROLE ",\"description\":7," FILES("fw-bucket", "v1/app.bin") "}"},
        {"s", "{" ROLE ",\"files\":[{\"fileId\":256,\"s3Location\":{\"bucket\":\"fw-bucket\","
              "\"key\":\"v1/app.bin\"}}]}"},
        {"s", "{" ROLE ",\"files\":[{\"fileId\":1,\"s3Location\":{\"bucket\":\"fw-bucket\","
              "\"key\":\"v1/app.bin\"}},{\"fileId\":1,\"s3Location\":{\"bucket\":\"fw-bucket\","
              "\"key\":\"v1/app.bin\"}}]}"},
        {"s", "{" ROLE ",\"tags\":[{\"Key\":\"\"}]," FILES("fw-bucket", "v1/app.bin") "}"},
    };
    cJSON *doc = NULL;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(create(f, cases[i].id, cases[i].body), LP_REG_INVALID);
        assert_int_equal(lp_streams_describe(f->reg, &f->scope, "s", &doc), LP_REG_NOT_FOUND);
    }
}

static void streams_update_moves_the_version(void **state)
{
    fixture_t *f = *state;
    cJSON *doc = NULL;
    cJSON *change = cJSON_Parse("{\"description\":\"second\"}");
    const lp_page_t all = {0};
    assert_int_equal(create(f, "s", "{" ROLE "," FILES("fw-bucket", "v1/app.bin") "}"), LP_REG_OK);
    assert_int_equal(create(f, "s", "{" ROLE "," FILES("fw-bucket", "v1/app.bin") "}"),
                     LP_REG_EXISTS);
    assert_int_equal(lp_streams_update(f->reg, &f->scope, "s", change, &doc), LP_REG_OK);
    assert_int_equal(cJSON_GetObjectItem(doc, "streamVersion")->valueint, 2);
    cJSON_Delete(doc);
    assert_int_equal(lp_streams_update(f->reg, &f->scope, "none", change, &doc), LP_REG_NOT_FOUND);
    assert_int_equal(lp_streams_describe(f->reg, &f->scope, "s", &doc), LP_REG_OK);
    char *text = cJSON_PrintUnformatted(doc);
    assert_non_null(strstr(text, "\"description\":\"second\""));
    assert_non_null(strstr(text, "{\"fileId\":0,\"s3Location\":{\"bucket\":\"fw-bucket\","
                                 "\"key\":\"v1/app.bin\"}}"));
    free(text);
    cJSON_Delete(doc);
    assert_int_equal(lp_streams_list(f->reg, &f->scope, &all, &doc), LP_REG_OK);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(doc, "streams")), 1);
    cJSON_Delete(doc);
    assert_int_equal(lp_streams_delete(f->reg, &f->scope, "s"), LP_REG_OK);
    assert_int_equal(lp_streams_delete(f->reg, &f->scope, "s"), LP_REG_NOT_FOUND);
    cJSON_Delete(change);
}

// --- the device's side --------------------------------------------------------------------------

typedef struct {
    char topics[2000]; // "topic\n" of each message
    uint8_t last[200000];
    size_t last_len;
    int count;
} inbox_t;

static void receive(void *arg, const char *client, const char *topic, const void *payload,
                    size_t len)
{
    inbox_t *in = arg;
    assert_null(client);
    assert_true(len <= sizeof in->last);
    memcpy(in->last, payload, len);
    in->last_len = len;
    in->count++;
    size_t n = strlen(in->topics);
    snprintf(in->topics + n, sizeof in->topics - n, "%s\n", topic);
}

static inbox_t *publish(fixture_t *f, const char *topic, const void *payload, size_t len)
{
    static inbox_t in;
    in = (inbox_t){0};
    const lp_service_out_t out = {.send = receive, .arg = &in};
    // exactly as long as it is, so that a byte too many is seen
    uint8_t *exact = malloc(len > 0 ? len : 1);
    memcpy(exact, payload, len);
    const lp_service_request_t q = {.reg = f->reg,
                                    .scope = &f->scope,
                                    .client = "lamp",
                                    .topic = topic,
                                    .payload = exact,
                                    .payload_len = len};
    assert_true(lp_service_handle(&q, &out));
    free(exact);
    return &in;
}

static cJSON *last_json(const inbox_t *in)
{
    cJSON *doc = cJSON_ParseWithLength((const char *)in->last, in->last_len);
    assert_non_null(doc);
    return doc;
}

static void expect_rejected(fixture_t *f, const char *topic, const char *payload, const char *code)
{
    const inbox_t *in = publish(f, topic, payload, strlen(payload));
    if (in->count != 1 || strstr(in->topics, "/rejected/json\n") == NULL) {
        print_error("%s: %d answers, %s", payload, in->count, in->topics);
        fail();
    }
    cJSON *doc = last_json(in);
    assert_string_equal(fixture_text(doc, "o"), code);
    assert_string_not_equal(fixture_text(doc, "m"), "");
    cJSON_Delete(doc);
}

#define GET      "$aws/things/lamp/streams/s/get/json"
#define DESCRIBE "$aws/things/lamp/streams/s/describe/json"

static void streams_describe_over_mqtt(void **state)
{
    fixture_t *f = *state;
    assert_int_equal(create(f, "s",
                            "{" ROLE
                            "," FILES("fw-bucket", "v1/app.bin") ",\"description\":\"firmware\"}"),
                     LP_REG_OK);
    const inbox_t *in = publish(f, DESCRIBE, "{\"c\":\"tok\"}", 11);
    assert_string_equal(in->topics, "$aws/things/lamp/streams/s/description/json\n");
    assert_string_equal((const char *)in->last,
                        "{\"s\":1,\"d\":\"firmware\",\"r\":[{\"f\":0,\"z\":1000}],\"c\":\"tok\"}");
    in = publish(f, "$aws/things/lamp/streams/s/describe/cbor", "\xa1\x61\x63\x63tok", 7);
    assert_string_equal(in->topics, "$aws/things/lamp/streams/s/description/cbor\n");
    cJSON *doc = lp_cbor_to_cjson(lp_span(in->last, in->last_len));
    char *text = cJSON_PrintUnformatted(doc);
    assert_string_equal(text,
                        "{\"s\":1,\"d\":\"firmware\",\"r\":[{\"f\":0,\"z\":1000}],\"c\":\"tok\"}");
    free(text);
    cJSON_Delete(doc);
}

static void streams_blocks_in_json(void **state)
{
    fixture_t *f = *state;
    assert_int_equal(create(f, "s", "{" ROLE "," FILES("fw-bucket", "v1/app.bin") "}"), LP_REG_OK);
    const char *ask = "{\"c\":\"t\\\"\",\"s\":1,\"f\":0,\"l\":256,\"o\":3,\"n\":5}";
    const inbox_t *in = publish(f, GET, ask, strlen(ask));
    assert_string_equal(in->topics, "$aws/things/lamp/streams/s/data/json\n"); // the last block
    cJSON *doc = last_json(in);
    assert_string_equal(fixture_text(doc, "c"), "t\"");
    assert_int_equal(cJSON_GetObjectItem(doc, "l")->valueint, SIZE - 3 * 256);
    assert_int_equal(cJSON_GetObjectItem(doc, "i")->valueint, 3);
    uint8_t bytes[256];
    lp_buf_t b = lp_buf(bytes, sizeof bytes);
    assert_int_equal(lp_base64_decode(&b, lp_span_str(fixture_text(doc, "p"))), LP_OK);
    assert_int_equal(b.len, SIZE - 3 * 256);
    for (size_t i = 0; i < b.len; i++) {
        assert_int_equal(bytes[i], content(3 * 256 + i));
    }
    cJSON_Delete(doc);
}

static void streams_blocks_in_cbor_by_bitmap(void **state)
{
    fixture_t *f = *state;
    uint8_t mem[64];
    lp_buf_t ask = lp_buf(mem, sizeof mem);
    lp_cbor_writer_t w;
    assert_int_equal(create(f, "s", "{" ROLE "," FILES("fw-bucket", "v1/app.bin") "}"), LP_REG_OK);
    lp_cbor_init(&w, &ask);
    lp_cbor_put_map(&w, 4);
    lp_cbor_put_str(&w, "f");
    lp_cbor_put_uint(&w, 0);
    lp_cbor_put_str(&w, "l");
    lp_cbor_put_uint(&w, 256);
    lp_cbor_put_str(&w, "o");
    lp_cbor_put_uint(&w, 0);
    lp_cbor_put_str(&w, "b");
    lp_cbor_put_bytes(&w, lp_span("\x05", 1)); // blocks 0 and 2
    assert_int_equal(lp_cbor_done(&w), LP_OK);
    const inbox_t *in = publish(f, "$aws/things/lamp/streams/s/get/cbor", ask.ptr, ask.len);
    assert_int_equal(in->count, 2);
    lp_cbor_t root;
    lp_cbor_t v;
    int64_t n = 0;
    uint8_t bytes[256];
    lp_buf_t b = lp_buf(bytes, sizeof bytes);
    assert_int_equal(lp_cbor_parse(lp_span(in->last, in->last_len), &root), LP_OK);
    assert_int_equal(lp_cbor_get(root, "i", &v), LP_OK);
    assert_int_equal(lp_cbor_int(v, 2, 2, &n), LP_OK);
    assert_int_equal(lp_cbor_get(root, "p", &v), LP_OK);
    assert_int_equal(lp_cbor_type(v), LP_CBOR_BYTES);
    assert_int_equal(lp_cbor_content(v, &b), LP_OK);
    assert_int_equal(b.len, 256);
    assert_int_equal(bytes[255], content(2 * 256 + 255));
}

static void streams_one_answer_has_128_kb(void **state)
{
    fixture_t *f = *state;
    write_file(f, "fw-bucket/v1/big.bin", 300000);
    assert_int_equal(create(f, "s", "{" ROLE "," FILES("fw-bucket", "v1/big.bin") "}"), LP_REG_OK);
    const char *ask = "{\"f\":0,\"l\":32768,\"o\":0,\"n\":9}";
    assert_int_equal(publish(f, GET, ask, strlen(ask))->count, 4);
    ask = "{\"f\":0,\"l\":131072,\"o\":2,\"n\":1}";
    const inbox_t *in = publish(f, GET, ask, strlen(ask));
    assert_int_equal(in->count, 1);
    cJSON *doc = last_json(in);
    assert_int_equal(cJSON_GetObjectItem(doc, "l")->valueint, 300000 - 2 * 131072);
    cJSON_Delete(doc);
    ask = "{\"f\":0,\"l\":256,\"o\":0,\"b\":\"ff\",\"n\":3}"; // n of the blocks in the map
    assert_int_equal(publish(f, GET, ask, strlen(ask))->count, 3);
}

static void streams_bad_requests_are_rejected(void **state)
{
    fixture_t *f = *state;
    char bitmap[2 * LP_STREAM_BITMAP_MAX + 80];
    int at = snprintf(bitmap, sizeof bitmap, "{\"f\":0,\"l\":256,\"o\":0,\"b\":\"");
    memset(bitmap + at, '1', 2 * LP_STREAM_BITMAP_MAX + 2);
    snprintf(bitmap + at + 2 * LP_STREAM_BITMAP_MAX + 2, 8, "\"}");
    assert_int_equal(create(f, "s", "{" ROLE "," FILES("fw-bucket", "v1/app.bin") "}"), LP_REG_OK);
    expect_rejected(f, GET, bitmap, "BlockBitmapLimitExceeded");
    expect_rejected(f, GET, "{", "InvalidJson");
    expect_rejected(f, GET, "[]", "InvalidJson");
    expect_rejected(f, GET, "\xff\xfe", "InvalidJson");
    expect_rejected(f, GET, "{}", "InvalidRequest");
    expect_rejected(f, GET, "{\"f\":0}", "BlockSizeOutOfBounds");
    expect_rejected(f, GET, "{\"f\":0,\"l\":255,\"o\":0}", "BlockSizeOutOfBounds");
    expect_rejected(f, GET, "{\"f\":0,\"l\":131073,\"o\":0}", "BlockSizeOutOfBounds");
    expect_rejected(f, GET, "{\"f\":0,\"l\":256,\"o\":-1}", "OffsetOutOfBounds");
    expect_rejected(f, GET, "{\"f\":0,\"l\":256,\"o\":98305}", "OffsetOutOfBounds");
    expect_rejected(f, GET, "{\"f\":0,\"l\":256,\"o\":4}", "OffsetOutOfBounds"); // past the end
    expect_rejected(f, GET, "{\"f\":0,\"l\":256,\"o\":0,\"n\":98305}", "BlockCountLimitExceeded");
    expect_rejected(f, GET, "{\"f\":0,\"l\":256,\"o\":0,\"n\":-1}", "InvalidRequest");
    expect_rejected(f, GET, "{\"f\":0,\"l\":256,\"o\":1e30}", "InvalidRequest");
    expect_rejected(f, GET, "{\"f\":0,\"l\":256,\"o\":0,\"b\":\"0g\"}", "InvalidRequest");
    expect_rejected(f, GET, "{\"f\":0,\"l\":256,\"o\":0,\"b\":5}", "InvalidRequest");
    expect_rejected(f, GET, "{\"f\":1,\"l\":256,\"o\":0}", "ResourceNotFound");
    expect_rejected(f, GET, "{\"f\":256,\"l\":256,\"o\":0}", "InvalidRequest");
    expect_rejected(f, GET, "{\"s\":2,\"f\":0,\"l\":256,\"o\":0}", "VersionMismatch");
    expect_rejected(f, GET, "{\"s\":\"1\",\"f\":0,\"l\":256,\"o\":0}", "InvalidRequest");
    expect_rejected(f, GET, "{\"c\":7,\"f\":0,\"l\":256,\"o\":0}", "InvalidRequest");
    expect_rejected(f, "$aws/things/lamp/streams/none/get/json", "{\"f\":0,\"l\":256,\"o\":0}",
                    "ResourceNotFound");
    expect_rejected(f, "$aws/things/lamp/streams/none/describe/json", "{}", "ResourceNotFound");
    expect_rejected(f, "$aws/things/lamp/streams/s/other/json", "{}", "InvalidTopic");
}

static void streams_bad_cbor_is_rejected_in_cbor(void **state)
{
    fixture_t *f = *state;
    static const char *const payloads[] = {"a1", "ff", "01", "a10102", "a1616bc100", "a161666a6e"};
    for (size_t i = 0; i < COUNT(payloads); i++) {
        uint8_t mem[32];
        lp_buf_t b = lp_buf(mem, sizeof mem);
        lp_cbor_t root;
        lp_cbor_t v;
        assert_int_equal(lp_hex_decode(&b, lp_span_str(payloads[i])), LP_OK);
        const inbox_t *in = publish(f, "$aws/things/lamp/streams/s/get/cbor", b.ptr, b.len);
        assert_string_equal(in->topics, "$aws/things/lamp/streams/s/rejected/cbor\n");
        assert_int_equal(lp_cbor_parse(lp_span(in->last, in->last_len), &root), LP_OK);
        assert_int_equal(lp_cbor_get(root, "o", &v), LP_OK);
        assert_true(lp_cbor_equal_str(v, "InvalidCbor"));
    }
}

static void streams_a_changed_file_is_noticed(void **state)
{
    fixture_t *f = *state;
    assert_int_equal(create(f, "s", "{" ROLE "," FILES("fw-bucket", "v1/app.bin") "}"), LP_REG_OK);
    write_file(f, "fw-bucket/v1/app.bin", SIZE + 1);
    expect_rejected(f, GET, "{\"f\":0,\"l\":256,\"o\":0,\"n\":1}", "ETagMismatch");
    char path[256];
    path_of(f, "fw-bucket/v1/app.bin", path);
    assert_int_equal(unlink(path), 0);
    expect_rejected(f, GET, "{\"f\":0,\"l\":256,\"o\":0,\"n\":1}", "ResourceNotFound");
}

static void streams_answers_are_not_answered(void **state)
{
    fixture_t *f = *state;
    static const char *const topics[] = {
        "$aws/things/lamp/streams/s/data/json",
        "$aws/things/lamp/streams/s/rejected/json",
        "$aws/things/lamp/streams/s/description/cbor",
        "$aws/things/lamp/streams/s/get/xml",
        "$aws/things/lamp/streams/s",
        "$aws/things/lamp/jobs/get/rejected",
        "$aws/things/lamp/jobs/notify",
    };
    for (size_t i = 0; i < COUNT(topics); i++) {
        assert_int_equal(publish(f, topics[i], "{}", 2)->count, 0);
    }
}

static void services_topics_fit_their_filters(void **state)
{
    (void)state;
    static const struct {
        const char *filter, *topic;
        bool fits;
    } cases[] = {
        {"$aws/things/+/jobs/#", "$aws/things/lamp/jobs/get", true},
        {"$aws/things/+/jobs/#", "$aws/things/lamp/jobs/a/update", true},
        {"$aws/things/+/jobs/#", "$aws/things/lamp/jobs", false},
        {"$aws/things/+/jobs/#", "$aws/things/lamp/x/jobs/get", false},
        {"$aws/things/+/jobs/#", "$aws/things/lamp/jobsx/get", false},
        {"a/+", "a/b", true},
        {"a/+", "a/b/c", false},
        {"a/+", "a", false},
        {"a", "ab", false},
        {"ab", "a", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(lp_service_topic_fits(cases[i].filter, cases[i].topic), cases[i].fits);
    }
    const lp_service_request_t other = {.topic = "dt/lamp/t"};
    const lp_service_out_t none = {0};
    assert_false(lp_service_handle(&other, &none));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(streams_files_stay_in_their_folder),
        T(streams_bad_ones_are_not_made),
        T(streams_update_moves_the_version),
        T(streams_describe_over_mqtt),
        T(streams_blocks_in_json),
        T(streams_blocks_in_cbor_by_bitmap),
        T(streams_one_answer_has_128_kb),
        T(streams_bad_requests_are_rejected),
        T(streams_bad_cbor_is_rejected_in_cbor),
        T(streams_a_changed_file_is_noticed),
        T(streams_answers_are_not_answered),
        cmocka_unit_test(services_topics_fit_their_filters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
