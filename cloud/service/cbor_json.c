// SPDX-License-Identifier: Apache-2.0
#include "cbor_json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "limpet/hex.h"

static cJSON *convert(lp_cbor_t v);

static char *content_text(lp_cbor_t v, bool as_hex)
{
    size_t len = lp_cbor_content_len(v);
    uint8_t *bytes = malloc(len + 1);
    char *text = malloc(2 * len + 1);
    lp_buf_t raw = lp_buf(bytes, len);
    lp_buf_t out = lp_buf(text, 2 * len);
    bool ok = bytes != NULL && text != NULL && lp_cbor_content(v, &raw) == LP_OK &&
              (as_hex ? lp_hex_encode(&out, lp_buf_span(&raw)) == LP_OK
                      : lp_buf_put(&out, lp_buf_span(&raw)) == LP_OK);
    ok = ok && (as_hex || len == 0 || memchr(bytes, 0, len) == NULL);
    free(bytes);
    if (!ok) {
        free(text);
        return NULL;
    }
    text[out.len] = '\0';
    return text;
}

static cJSON *text_value(lp_cbor_t v, bool as_hex)
{
    char *text = content_text(v, as_hex);
    cJSON *out = text != NULL ? cJSON_CreateString(text) : NULL;
    free(text);
    return out;
}

static cJSON *number_value(lp_cbor_t v)
{
    int64_t n = 0;
    return lp_cbor_int(v, INT64_MIN, INT64_MAX, &n) == LP_OK ? cJSON_CreateNumber((double)n) : NULL;
}

static cJSON *float_value(lp_cbor_t v)
{
    uint64_t bits = 0;
    double d = 0;
    if (lp_cbor_float_bits(v, &bits) == LP_OK) {
        memcpy(&d, &bits, sizeof d);
    }
    return isfinite(d) ? cJSON_CreateNumber(d) : NULL;
}

static bool add_member(cJSON *object, lp_cbor_t key, lp_cbor_t value)
{
    char *name = lp_cbor_type(key) == LP_CBOR_TEXT ? content_text(key, false) : NULL;
    bool fresh = name != NULL && cJSON_GetObjectItemCaseSensitive(object, name) == NULL;
    cJSON *item = fresh ? convert(value) : NULL;
    bool ok = item != NULL && cJSON_AddItemToObject(object, name, item);
    free(name);
    return ok;
}

static cJSON *container_value(lp_cbor_t v, bool is_map)
{
    lp_cbor_iter_t it;
    lp_cbor_t key;
    lp_cbor_t value;
    cJSON *out = is_map ? cJSON_CreateObject() : cJSON_CreateArray();
    bool ok = out != NULL && lp_cbor_iter(v, &it) == LP_OK;
    while (ok && lp_cbor_next(&it, &key, &value)) {
        cJSON *item = is_map ? NULL : convert(value);
        ok = is_map ? add_member(out, key, value) : item != NULL && cJSON_AddItemToArray(out, item);
    }
    if (!ok) {
        cJSON_Delete(out);
        return NULL;
    }
    return out;
}

static cJSON *convert(lp_cbor_t v)
{
    bool b = false;
    switch (lp_cbor_type(v)) {
    case LP_CBOR_UINT:
    case LP_CBOR_NINT:
        return number_value(v);
    case LP_CBOR_BYTES:
        return text_value(v, true);
    case LP_CBOR_TEXT:
        return text_value(v, false);
    case LP_CBOR_ARRAY:
        return container_value(v, false);
    case LP_CBOR_MAP:
        return container_value(v, true);
    case LP_CBOR_BOOL:
        lp_cbor_bool(v, &b);
        return cJSON_CreateBool(b);
    case LP_CBOR_NULL:
    case LP_CBOR_UNDEFINED:
        return cJSON_CreateNull();
    case LP_CBOR_FLOAT:
        return float_value(v);
    case LP_CBOR_NONE:
    case LP_CBOR_TAG:
    case LP_CBOR_SIMPLE:
        break;
    }
    return NULL;
}

cJSON *lp_cbor_to_cjson(lp_span_t bytes)
{
    lp_cbor_t root;
    return lp_cbor_parse(bytes, &root) == LP_OK ? convert(root) : NULL;
}

static void put(lp_cbor_writer_t *w, const cJSON *v);

static void put_number(lp_cbor_writer_t *w, double d)
{
    uint64_t bits = 0;
    if (fabs(d) < 9e15 && !(fabs(d - floor(d)) > 0.0)) {
        lp_cbor_put_int(w, (int64_t)d);
    } else {
        memcpy(&bits, &d, sizeof bits);
        lp_cbor_put_float_bits(w, bits);
    }
}

static void put_container(lp_cbor_writer_t *w, const cJSON *v)
{
    const cJSON *e = NULL;
    bool is_map = cJSON_IsObject(v);
    if (is_map) {
        lp_cbor_put_map(w, (uint32_t)cJSON_GetArraySize(v));
    } else {
        lp_cbor_put_array(w, (uint32_t)cJSON_GetArraySize(v));
    }
    cJSON_ArrayForEach(e, v)
    {
        if (is_map) {
            lp_cbor_put_str(w, e->string);
        }
        put(w, e);
    }
}

static void put(lp_cbor_writer_t *w, const cJSON *v)
{
    if (cJSON_IsString(v)) {
        lp_cbor_put_str(w, v->valuestring);
    } else if (cJSON_IsNumber(v)) {
        put_number(w, v->valuedouble);
    } else if (cJSON_IsBool(v)) {
        lp_cbor_put_bool(w, cJSON_IsTrue(v));
    } else if (cJSON_IsObject(v) || cJSON_IsArray(v)) {
        put_container(w, v);
    } else {
        lp_cbor_put_null(w);
    }
}

lp_err_t lp_cjson_to_cbor(const cJSON *doc, lp_buf_t *out)
{
    lp_cbor_writer_t w;
    lp_cbor_init(&w, out);
    put(&w, doc);
    return lp_cbor_done(&w);
}
