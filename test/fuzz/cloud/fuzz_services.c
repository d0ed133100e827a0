// SPDX-License-Identifier: Apache-2.0
// What a device can send to the cloud's own topics: the first line of the input is the topic below
// $aws/things/lamp/, the rest is the payload. Whatever comes back must be in the format of its
// topic, and nothing may be an internal error.
#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "limpet/cbor.h"
#include "limpet/jobs.h"
#include "limpet/service.h"
#include "limpet/streams.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ACCOUNT "123456789012"

enum { FILE_BYTES = 3000, TOPIC_MAX = 200 };

static lp_registry_t *reg;
static lp_scope_t scope;
static char folder[64];

static void must(bool claim)
{
    if (!claim) {
        abort();
    }
}

static void remove_folder(void)
{
    static const char *const paths[] = {"/objects/files/f", "/objects/files", "/objects", ""};
    char path[128];
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        snprintf(path, sizeof path, "%s%s", folder, paths[i]);
        (void)remove(path);
    }
}

static void make_file(void)
{
    char path[128];
    snprintf(folder, sizeof folder, "/tmp/lp-fuzz-XXXXXX");
    must(mkdtemp(folder) != NULL);
    atexit(remove_folder);
    snprintf(path, sizeof path, "%s/objects", folder);
    must(mkdir(path, 0700) == 0);
    snprintf(path, sizeof path, "%s/objects/files", folder);
    must(mkdir(path, 0700) == 0);
    snprintf(path, sizeof path, "%s/objects/files/f", folder);
    FILE *file = fopen(path, "wb");
    must(file != NULL);
    for (int i = 0; i < FILE_BYTES; i++) {
        fputc(i, file);
    }
    fclose(file);
}

static void make_stream(void)
{
    cJSON *doc = NULL;
    cJSON *request = cJSON_Parse("{\"roleArn\":\"arn:aws:iam::" ACCOUNT ":role/x\",\"files\":[{"
                                 "\"fileId\":0,\"s3Location\":{\"bucket\":\"files\",\"key\":"
                                 "\"f\"}}]}");
    must(lp_streams_create(reg, &scope, "s", request, &doc) == LP_REG_OK);
    cJSON_Delete(request);
    cJSON_Delete(doc);
}

static void open_registry(void)
{
    cJSON *doc = NULL;
    const lp_thing_config_t config = {0};
    if (reg != NULL) {
        return;
    }
    make_file();
    must(lp_registry_open(&reg, ":memory:", true, NULL, 0) == LP_REG_OK);
    lp_registry_set_folder(reg, folder);
    must(lp_reg_scope(reg, ACCOUNT, "us-east-1", &scope) == LP_REG_OK);
    must(lp_reg_thing_create(reg, &scope, "lamp", &config, &doc) == LP_REG_OK);
    cJSON_Delete(doc);
    make_stream();
}

// Each input meets the same two jobs.
static void make_job(const char *id)
{
    const lp_jobs_t j = lp_jobs(reg, &scope);
    cJSON *doc = NULL;
    cJSON *request = cJSON_Parse(
        "{\"document\":\"{}\",\"targets\":[\"arn:aws:iot:us-east-1:" ACCOUNT ":thing/lamp\"]}");
    (void)lp_jobs_delete(&j, id, true);
    must(lp_jobs_create(&j, id, request, &doc) == LP_REG_OK);
    cJSON_Delete(request);
    cJSON_Delete(doc);
}

static bool ends_with(const char *text, const char *tail)
{
    size_t n = strlen(text);
    size_t len = strlen(tail);
    return n >= len && strcmp(text + n - len, tail) == 0;
}

static void look_at(void *arg, const char *client, const char *topic, const void *payload,
                    size_t len)
{
    (void)arg;
    (void)client;
    if (ends_with(topic, "/cbor")) {
        lp_cbor_t root;
        must(lp_cbor_parse(lp_span(payload, len), &root) == LP_OK);
        must(lp_cbor_type(root) == LP_CBOR_MAP);
        return;
    }
    cJSON *doc = cJSON_ParseWithLength(payload, len);
    must(cJSON_IsObject(doc));
    const char *code = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(doc, "code"));
    const char *o = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(doc, "o"));
    must(code == NULL || strcmp(code, "InternalError") != 0);
    must(o == NULL || strcmp(o, "InternalError") != 0);
    cJSON_Delete(doc);
}

static void drop(void *arg, const char *client, const lp_reg_message_t *m)
{
    look_at(arg, client, m->topic, m->payload, m->payload_len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char topic[TOPIC_MAX + 32] = "$aws/things/lamp/";
    const uint8_t *line_end = size > 0 ? memchr(data, '\n', size) : NULL;
    size_t line = line_end != NULL ? (size_t)(line_end - data) : 0;
    if (line == 0 || line > TOPIC_MAX || memchr(data, 0, line) != NULL) {
        return 0;
    }
    open_registry();
    if (memcmp(data, "jobs", line < 4 ? line : 4) == 0) {
        make_job("a");
        make_job("b");
    }
    strncat(topic, (const char *)data, line);
    const lp_service_out_t out = {.send = look_at};
    const lp_service_request_t q = {.reg = reg,
                                    .scope = &scope,
                                    .client = "lamp",
                                    .topic = topic,
                                    .payload = data + line + 1,
                                    .payload_len = size - line - 1};
    lp_service_handle(&q, &out);
    while (lp_reg_outbox_take(reg, &scope, drop, NULL) > 0) {
    }
    return 0;
}
