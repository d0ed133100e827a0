// SPDX-License-Identifier: Apache-2.0
// Blocks of a stream's files.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../registry/db.h"
#include "limpet/hex.h"
#include "limpet/streams.h"
#include "objects.h"

static const char *const codes[] = {
#define LP_STREAM_CODE_NAME(name, code) code,
    LP_STREAM_CODE_LIST(LP_STREAM_CODE_NAME)
#undef LP_STREAM_CODE_NAME
};

const char *lp_stream_code_name(lp_stream_code_t code)
{
    return codes[code];
}

static const cJSON *get(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static cJSON *load(lp_registry_t *reg, const lp_scope_t *scope, const char *id)
{
    return lp_db_row(reg,
                     "SELECT version, description, files AS 'j:files' FROM streams WHERE scope=?"
                     " AND id=?",
                     "it", scope->id, id);
}

lp_stream_code_t lp_stream_describe(lp_registry_t *reg, const lp_scope_t *scope, const char *id,
                                    cJSON **doc)
{
    const cJSON *file = NULL;
    cJSON *row = load(reg, scope, id);
    if (row == NULL) {
        return LP_STREAM_NOT_FOUND;
    }
    *doc = cJSON_CreateObject();
    cJSON_AddItemToObject(*doc, "s", cJSON_DetachItemFromObjectCaseSensitive(row, "version"));
    cJSON *text = cJSON_DetachItemFromObjectCaseSensitive(row, "description");
    cJSON_AddItemToObject(*doc, "d", text != NULL ? text : cJSON_CreateString(""));
    cJSON *list = cJSON_AddArrayToObject(*doc, "r");
    cJSON_ArrayForEach(file, get(row, "files"))
    {
        cJSON *one = cJSON_CreateObject();
        cJSON_AddNumberToObject(one, "f", get(file, "fileId")->valuedouble);
        cJSON_AddNumberToObject(one, "z", get(file, "size")->valuedouble);
        cJSON_AddItemToArray(list, one);
    }
    cJSON_Delete(row);
    return LP_STREAM_OK;
}

// --- what is asked for
// ----------------------------------------------------------------------------

typedef struct {
    int64_t file, block_size, offset, count; // count in blocks; 0: not said
    uint8_t *bitmap;                         // bit 0 of byte 0 is the block at `offset`; owned
    size_t bitmap_len;
} wish_t;

// False: not a whole number. *out is untouched where the member is not there.
static bool whole(const cJSON *request, const char *name, int64_t *out)
{
    const cJSON *v = get(request, name);
    if (v == NULL) {
        return true;
    }
    if (!cJSON_IsNumber(v) || fabs(v->valuedouble) > 1e12 ||
        fabs(v->valuedouble - floor(v->valuedouble)) > 0.0) {
        return false;
    }
    *out = (int64_t)v->valuedouble;
    return true;
}

static lp_stream_code_t read_bitmap(const cJSON *b, wish_t *w)
{
    const char *hex = cJSON_GetStringValue(b);
    if (b == NULL) {
        return LP_STREAM_OK;
    }
    if (hex == NULL || hex[0] == '\0') {
        return LP_STREAM_INVALID_REQUEST;
    }
    size_t len = strlen(hex);
    if (len / 2 > LP_STREAM_BITMAP_MAX) {
        return LP_STREAM_BITMAP;
    }
    w->bitmap = malloc(len / 2 + 1);
    lp_buf_t out = lp_buf(w->bitmap, len / 2);
    if (w->bitmap == NULL) {
        return LP_STREAM_INTERNAL;
    }
    if (lp_hex_decode(&out, lp_span_str(hex)) != LP_OK) {
        return LP_STREAM_INVALID_REQUEST;
    }
    w->bitmap_len = out.len;
    return LP_STREAM_OK;
}

static lp_stream_code_t read_wish(const cJSON *request, wish_t *w)
{
    *w = (wish_t){.file = -1, .block_size = -1};
    if (!whole(request, "f", &w->file) || !whole(request, "l", &w->block_size) ||
        !whole(request, "o", &w->offset) || !whole(request, "n", &w->count) || w->file < 0 ||
        w->file > LP_STREAM_FILE_ID_MAX || w->count < 0) {
        return LP_STREAM_INVALID_REQUEST;
    }
    if (w->block_size < LP_STREAM_BLOCK_MIN || w->block_size > LP_STREAM_BLOCK_MAX) {
        return LP_STREAM_BLOCK_SIZE;
    }
    if (w->offset < 0 || w->offset > LP_STREAM_OFFSET_MAX) {
        return LP_STREAM_OFFSET;
    }
    return w->count > LP_STREAM_COUNT_MAX ? LP_STREAM_COUNT : read_bitmap(get(request, "b"), w);
}

static bool wanted(const wish_t *w, int64_t i)
{
    if (w->bitmap == NULL) {
        return w->count == 0 || i < w->count;
    }
    return (size_t)(i / 8) < w->bitmap_len && (w->bitmap[i / 8] >> (i % 8) & 1) != 0;
}

// --- the answer
// -----------------------------------------------------------------------------------

// With a bitmap, `n` says how many of its blocks may come at once.
static lp_stream_code_t send_blocks(const wish_t *w, const lp_object_t *object, uint8_t *bytes,
                                    lp_stream_send_fn send, void *arg)
{
    int64_t blocks = (object->size + w->block_size - 1) / w->block_size;
    int64_t left = LP_STREAM_ANSWER_MAX;
    int64_t sent = 0;
    if (w->offset >= blocks) {
        return LP_STREAM_OFFSET;
    }
    for (int64_t i = 0; w->offset + i < blocks && left >= w->block_size; i++) {
        int64_t at = (w->offset + i) * w->block_size;
        int64_t len = object->size - at < w->block_size ? object->size - at : w->block_size;
        if (!wanted(w, i)) {
            continue;
        }
        if (w->count > 0 && sent >= w->count) {
            break;
        }
        if (!lp_object_read(object, at, bytes, (size_t)len)) {
            return sent > 0 ? LP_STREAM_OK : LP_STREAM_INTERNAL; // it has just shrunk
        }
        send(arg, &(lp_stream_block_t){.file = w->file,
                                       .block_size = w->block_size,
                                       .block = w->offset + i,
                                       .bytes = bytes,
                                       .len = (size_t)len});
        left -= w->block_size;
        sent++;
    }
    return LP_STREAM_OK;
}

static const cJSON *find_file(const cJSON *files, int64_t id)
{
    const cJSON *file = NULL;
    cJSON_ArrayForEach(file, files)
    {
        if ((int64_t)get(file, "fileId")->valuedouble == id) {
            return file;
        }
    }
    return NULL;
}

static lp_stream_code_t send_file(lp_registry_t *reg, const cJSON *file, const wish_t *w,
                                  lp_stream_send_fn send, void *arg)
{
    const cJSON *where = get(file, "s3Location");
    lp_object_t object;
    if (lp_object_open(reg, cJSON_GetStringValue(get(where, "bucket")),
                       cJSON_GetStringValue(get(where, "key")), &object) != LP_REG_OK) {
        return LP_STREAM_NOT_FOUND;
    }
    lp_stream_code_t code = LP_STREAM_ETAG;
    if (strcmp(object.etag, cJSON_GetStringValue(get(file, "etag"))) == 0) {
        uint8_t *bytes = malloc((size_t)w->block_size);
        code = bytes != NULL ? send_blocks(w, &object, bytes, send, arg) : LP_STREAM_INTERNAL;
        free(bytes);
    }
    lp_object_close(&object);
    return code;
}

lp_stream_code_t lp_stream_get(lp_registry_t *reg, const lp_scope_t *scope, const char *id,
                               const cJSON *request, lp_stream_send_fn send, void *arg)
{
    wish_t w;
    int64_t version = -1;
    cJSON *row = load(reg, scope, id);
    lp_stream_code_t code = read_wish(request, &w);
    const cJSON *file = row != NULL ? find_file(get(row, "files"), w.file) : NULL;
    if (code == LP_STREAM_OK && (!whole(request, "s", &version))) {
        code = LP_STREAM_INVALID_REQUEST;
    } else if (code == LP_STREAM_OK && file == NULL) {
        code = LP_STREAM_NOT_FOUND;
    } else if (code == LP_STREAM_OK && get(request, "s") != NULL &&
               version != (int64_t)get(row, "version")->valuedouble) {
        code = LP_STREAM_VERSION;
    } else if (code == LP_STREAM_OK) {
        code = send_file(reg, file, &w, send, arg);
    }
    free(w.bitmap);
    cJSON_Delete(row);
    return code;
}
