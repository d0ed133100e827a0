// SPDX-License-Identifier: Apache-2.0
// Streams over MQTT: $aws/things/THING/streams/STREAM/get|describe/json|cbor. A request and its
// answers are in the same format.
#include "streams_serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cbor_json.h"
#include "limpet/base64.h"
#include "limpet/cbor.h"
#include "limpet/streams.h"

enum { FRAME = 256, DOCUMENT_MAX = 8192 }; // around a block's bytes; of what is no block

typedef struct {
    const lp_service_request_t *q;
    const lp_service_out_t *out;
    char base[LP_REG_NAME_MAX + LP_STREAM_ID_MAX + 32]; // up to STREAM
    char stream[LP_STREAM_ID_MAX + 1];
    char verb[12];
    bool is_cbor;
    const char *token; // of the request, borrowed; null: none
} serving_t;

static void send(const serving_t *s, const char *what, const void *payload, size_t len)
{
    char topic[sizeof s->base + 40];
    snprintf(topic, sizeof topic, "%s/%s/%s", s->base, what, s->is_cbor ? "cbor" : "json");
    s->out->send(s->out->arg, NULL, topic, payload, len);
}

static void send_document(const serving_t *s, const char *what, cJSON *doc)
{
    uint8_t bytes[DOCUMENT_MAX];
    lp_buf_t buf = lp_buf(bytes, sizeof bytes);
    if (s->token != NULL) {
        cJSON_AddStringToObject(doc, "c", s->token);
    }
    if (s->is_cbor) {
        if (lp_cjson_to_cbor(doc, &buf) == LP_OK) {
            send(s, what, bytes, buf.len);
        }
    } else {
        char *text = cJSON_PrintUnformatted(doc);
        if (text != NULL) {
            send(s, what, text, strlen(text));
        }
        cJSON_free(text);
    }
    cJSON_Delete(doc);
}

static void reject(const serving_t *s, lp_stream_code_t code)
{
    static const struct {
        lp_stream_code_t code;
        const char *message;
    } words[] = {
        {LP_STREAM_INVALID_TOPIC, "No request has this topic"},
        {LP_STREAM_INVALID_JSON, "The payload is not a JSON object"},
        {LP_STREAM_INVALID_CBOR, "The payload is not a CBOR map"},
        {LP_STREAM_INVALID_REQUEST, "A member is missing, of another type or out of range"},
        {LP_STREAM_BLOCK_SIZE, "l is 256 to 131072"},
        {LP_STREAM_OFFSET, "o is 0 to 98304, in blocks, and within the file"},
        {LP_STREAM_COUNT, "n is up to 98304"},
        {LP_STREAM_BITMAP, "b has up to 12288 bytes"},
        {LP_STREAM_NOT_FOUND, "There is no such stream or file"},
        {LP_STREAM_VERSION, "The stream has another version"},
        {LP_STREAM_ETAG, "The file has changed since the stream was made"},
    };
    const char *message = "The file cannot be read";
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        message = words[i].code == code ? words[i].message : message;
    }
    cJSON *doc = cJSON_CreateObject();
    cJSON_AddStringToObject(doc, "o", lp_stream_code_name(code));
    cJSON_AddStringToObject(doc, "m", message);
    send_document(s, "rejected", doc);
}

// --- blocks -------------------------------------------------------------------------------------

static lp_err_t cbor_block(const serving_t *s, const lp_stream_block_t *b, lp_buf_t *buf)
{
    lp_cbor_writer_t w;
    lp_cbor_init(&w, buf);
    lp_cbor_put_map(&w, s->token != NULL ? 5 : 4);
    lp_cbor_put_str(&w, "f");
    lp_cbor_put_int(&w, b->file);
    lp_cbor_put_str(&w, "l");
    lp_cbor_put_uint(&w, b->len);
    lp_cbor_put_str(&w, "i");
    lp_cbor_put_int(&w, b->block);
    lp_cbor_put_str(&w, "p");
    lp_cbor_put_bytes(&w, lp_span(b->bytes, b->len));
    if (s->token != NULL) {
        lp_cbor_put_str(&w, "c");
        lp_cbor_put_str(&w, s->token);
    }
    return lp_cbor_done(&w);
}

// A block may be too large to be worth a tree of JSON: it is written directly.
static lp_err_t json_block(const serving_t *s, const lp_stream_block_t *b, lp_buf_t *buf)
{
    char head[120];
    snprintf(head, sizeof head, "{\"f\":%d,\"l\":%zu,\"i\":%lld,\"p\":\"", (int)b->file, b->len,
             (long long)b->block);
    lp_err_t err = lp_buf_put_str(buf, head);
    err = err == LP_OK ? lp_base64_encode(buf, lp_span(b->bytes, b->len)) : err;
    err = err == LP_OK ? lp_buf_put_str(buf, "\"") : err;
    if (err == LP_OK && s->token != NULL) {
        cJSON *token = cJSON_CreateString(s->token);
        char *text = cJSON_PrintUnformatted(token);
        err = lp_buf_put_str(buf, ",\"c\":");
        err = err == LP_OK && text != NULL ? lp_buf_put_str(buf, text) : err;
        cJSON_free(text);
        cJSON_Delete(token);
    }
    return err == LP_OK ? lp_buf_put_str(buf, "}") : err;
}

static void send_block(void *arg, const lp_stream_block_t *b)
{
    const serving_t *s = arg;
    size_t cap = b->len * 4 / 3 + 6 * LP_STREAM_TOKEN_MAX + FRAME;
    uint8_t *bytes = malloc(cap);
    lp_buf_t buf = lp_buf(bytes, bytes != NULL ? cap : 0);
    if ((s->is_cbor ? cbor_block(s, b, &buf) : json_block(s, b, &buf)) == LP_OK) {
        send(s, "data", bytes, buf.len);
    }
    free(bytes);
}

// --- requests -----------------------------------------------------------------------------------

static bool take(const char **p, char *out, size_t size)
{
    size_t len = strcspn(*p, "/");
    if (len == 0 || len >= size || (*p)[len] != '/') {
        return false;
    }
    memcpy(out, *p, len);
    out[len] = '\0';
    *p += len + 1;
    return true;
}

static bool read_topic(serving_t *s)
{
    char thing[LP_REG_NAME_MAX + 1];
    const char *p = s->q->topic + strlen("$aws/things/");
    if (!take(&p, thing, sizeof thing)) {
        return false;
    }
    p += strlen("streams/");
    if (!take(&p, s->stream, sizeof s->stream) || !take(&p, s->verb, sizeof s->verb)) {
        return false;
    }
    snprintf(s->base, sizeof s->base, "$aws/things/%s/streams/%s", thing, s->stream);
    s->is_cbor = strcmp(p, "cbor") == 0;
    return s->is_cbor || strcmp(p, "json") == 0;
}

static cJSON *parse(const serving_t *s)
{
    const lp_service_request_t *q = s->q;
    if (q->payload_len == 0) {
        return cJSON_CreateObject();
    }
    if (s->is_cbor) {
        return lp_cbor_to_cjson(lp_span(q->payload, q->payload_len));
    }
    return lp_text_ok(q->payload, q->payload_len)
               ? cJSON_ParseWithLength(q->payload, q->payload_len)
               : NULL;
}

static lp_stream_code_t handle(serving_t *s, const cJSON *request)
{
    const cJSON *token = cJSON_GetObjectItemCaseSensitive(request, "c");
    const char *text = cJSON_GetStringValue(token);
    cJSON *doc = NULL;
    if (!cJSON_IsObject(request)) {
        return s->is_cbor ? LP_STREAM_INVALID_CBOR : LP_STREAM_INVALID_JSON;
    }
    if (token != NULL && (text == NULL || strlen(text) > LP_STREAM_TOKEN_MAX)) {
        return LP_STREAM_INVALID_REQUEST;
    }
    s->token = text;
    if (strcmp(s->verb, "get") == 0) {
        return lp_stream_get(s->q->reg, s->q->scope, s->stream, request, send_block, s);
    }
    if (strcmp(s->verb, "describe") != 0) {
        return LP_STREAM_INVALID_TOPIC;
    }
    lp_stream_code_t code = lp_stream_describe(s->q->reg, s->q->scope, s->stream, &doc);
    if (code == LP_STREAM_OK) {
        send_document(s, "description", doc);
    }
    return code;
}

static bool is_answer(const char *verb)
{
    return strcmp(verb, "data") == 0 || strcmp(verb, "description") == 0 ||
           strcmp(verb, "rejected") == 0;
}

void lp_streams_serve(const lp_service_request_t *q, const lp_service_out_t *out)
{
    serving_t s = {.q = q, .out = out};
    if (!read_topic(&s) || is_answer(s.verb)) {
        return;
    }
    cJSON *request = parse(&s);
    lp_stream_code_t code = handle(&s, request);
    if (code != LP_STREAM_OK) {
        reject(&s, code);
    }
    cJSON_Delete(request);
}
