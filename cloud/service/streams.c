// SPDX-License-Identifier: Apache-2.0
// Streams in the registry. With each file its size and tag are kept as they were when the stream
// was made, so that a file that changes behind its back is noticed.
#include "limpet/streams.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../registry/db.h"
#include "limpet/tags.h"
#include "objects.h"

enum { TEXT_MAX = 2028, ROLE_MIN = 20, ROLE_MAX = 2048, FIRST_VERSION = 1 };

static const cJSON *get(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static const char *text_of(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(get(object, name));
}

static bool id_ok(const char *id)
{
    size_t n = strlen(id);
    return n >= 1 && n <= LP_STREAM_ID_MAX &&
           strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == n;
}

static lp_reg_err_t missing(lp_registry_t *reg, const char *id)
{
    return lp_reg_fail(reg, LP_REG_NOT_FOUND, "Stream %.128s not found", id);
}

// --- files --------------------------------------------------------------------------------------

static lp_reg_err_t check_file(lp_registry_t *reg, const cJSON *file, cJSON *kept)
{
    const cJSON *id = get(file, "fileId");
    const cJSON *where = get(file, "s3Location");
    lp_object_t object;
    if (!cJSON_IsNumber(id) || id->valuedouble < 0 || id->valuedouble > LP_STREAM_FILE_ID_MAX ||
        fabs(id->valuedouble - floor(id->valuedouble)) > 0.0) {
        return lp_reg_fail(reg, LP_REG_INVALID, "A fileId is 0 to 255");
    }
    lp_reg_err_t rc = lp_object_open(reg, text_of(where, "bucket"), text_of(where, "key"), &object);
    if (rc != LP_REG_OK) {
        return rc;
    }
    if (object.size > LP_STREAM_FILE_BYTES_MAX) {
        rc = lp_reg_fail(reg, LP_REG_INVALID, "A file has up to 24 MB");
    } else {
        cJSON *one = cJSON_CreateObject();
        cJSON_AddNumberToObject(one, "fileId", id->valuedouble);
        cJSON_AddItemToObject(one, "s3Location", cJSON_Duplicate(where, true));
        cJSON_AddNumberToObject(one, "size", (double)object.size);
        cJSON_AddStringToObject(one, "etag", object.etag);
        cJSON_AddItemToArray(kept, one);
    }
    lp_object_close(&object);
    return rc;
}

static bool has_file(const cJSON *files, double id)
{
    const cJSON *e = NULL;
    cJSON_ArrayForEach(e, files)
    {
        if (fabs(get(e, "fileId")->valuedouble - id) < 0.5) {
            return true;
        }
    }
    return false;
}

static lp_reg_err_t check_files(lp_registry_t *reg, const cJSON *files, cJSON *kept)
{
    const cJSON *file = NULL;
    int n = cJSON_IsArray(files) ? cJSON_GetArraySize(files) : 0;
    if (n < 1 || n > LP_STREAM_FILES_MAX) {
        return lp_reg_fail(reg, LP_REG_INVALID, "A stream has 1 to 50 files");
    }
    lp_reg_err_t rc = LP_REG_OK;
    cJSON_ArrayForEach(file, files)
    {
        const cJSON *id = get(file, "fileId");
        if (rc == LP_REG_OK && cJSON_IsNumber(id) && has_file(kept, id->valuedouble)) {
            rc = lp_reg_fail(reg, LP_REG_INVALID, "A fileId occurs twice");
        }
        rc = rc == LP_REG_OK ? check_file(reg, file, kept) : rc;
    }
    return rc;
}

static lp_reg_err_t check_texts(lp_registry_t *reg, const cJSON *request)
{
    const cJSON *description = get(request, "description");
    const cJSON *role = get(request, "roleArn");
    const char *text = cJSON_GetStringValue(description);
    const char *arn = cJSON_GetStringValue(role);
    if (description != NULL && (text == NULL || strlen(text) > TEXT_MAX)) {
        return lp_reg_fail(reg, LP_REG_INVALID, "The description has up to 2028 characters");
    }
    if (role != NULL && (arn == NULL || strlen(arn) < ROLE_MIN || strlen(arn) > ROLE_MAX)) {
        return lp_reg_fail(reg, LP_REG_INVALID, "The roleArn has 20 to 2048 characters");
    }
    return LP_REG_OK;
}

// --- calls --------------------------------------------------------------------------------------

#define STREAM_NAMES                                                                               \
    "id AS streamId, 'arn:aws:iot:'||?2||':'||?3||':stream/'||id AS streamArn, description,"       \
    " version AS streamVersion"

static lp_reg_err_t named(lp_registry_t *reg, const lp_scope_t *scope, const char *id, cJSON **doc)
{
    *doc = lp_db_row(reg, "SELECT " STREAM_NAMES " FROM streams WHERE scope=?1 AND id=?4", "ittt",
                     scope->id, scope->region, scope->account, id);
    return *doc != NULL ? LP_REG_OK : missing(reg, id);
}

static lp_reg_err_t insert(lp_registry_t *reg, const lp_scope_t *scope, const char *id,
                           const cJSON *request, const cJSON *kept)
{
    int64_t one = 0;
    if (lp_db_int(reg, &one, "SELECT 1 FROM streams WHERE scope=? AND id=?", "it", scope->id, id)) {
        char arn[LP_REG_ARN_SIZE];
        lp_reg_arn(scope, "stream", id, arn);
        return lp_reg_fail_resource(reg, LP_REG_EXISTS, id, arn, "The stream exists already");
    }
    char *files = cJSON_PrintUnformatted(kept);
    double now = lp_db_now();
    lp_reg_err_t rc =
        lp_db_run(reg, "INSERT INTO streams VALUES(?,?,?,?,?,?,?,?)", "ititttdd", scope->id, id,
                  (int64_t)FIRST_VERSION, text_of(request, "description"), files,
                  text_of(request, "roleArn"), now, now);
    cJSON_free(files);
    return rc == LP_REG_OK ? lp_reg_tags_put(reg, scope, "stream", id, get(request, "tags")) : rc;
}

lp_reg_err_t lp_streams_create(lp_registry_t *reg, const lp_scope_t *scope, const char *id,
                               const cJSON *request, cJSON **doc)
{
    if (!id_ok(id)) {
        return lp_reg_fail(reg, LP_REG_INVALID,
                           "A streamId has 1 to 128 characters of a-z A-Z 0-9 _ -");
    }
    if (get(request, "roleArn") == NULL) {
        return lp_reg_fail(reg, LP_REG_INVALID, "The roleArn is missing");
    }
    cJSON *kept = cJSON_CreateArray();
    lp_reg_err_t rc = check_texts(reg, request);
    rc = rc == LP_REG_OK ? check_files(reg, get(request, "files"), kept) : rc;
    rc = rc == LP_REG_OK ? lp_db_begin(reg) : rc;
    rc = rc == LP_REG_OK ? lp_db_end(reg, insert(reg, scope, id, request, kept)) : rc;
    cJSON_Delete(kept);
    return rc == LP_REG_OK ? named(reg, scope, id, doc) : rc;
}

static lp_reg_err_t change(lp_registry_t *reg, const lp_scope_t *scope, const char *id,
                           const cJSON *request, const char *files)
{
    lp_reg_err_t rc = lp_db_run(
        reg,
        "UPDATE streams SET version=version%?7+1, updated=?6, description=coalesce(?3,"
        "description), files=coalesce(?4,files), role=coalesce(?5,role) WHERE scope=?1 AND id=?2",
        "ittttdi", scope->id, id, text_of(request, "description"), files,
        text_of(request, "roleArn"), lp_db_now(), (int64_t)LP_STREAM_VERSION_MAX);
    return rc == LP_REG_OK && lp_db_changes(reg) == 0 ? missing(reg, id) : rc;
}

lp_reg_err_t lp_streams_update(lp_registry_t *reg, const lp_scope_t *scope, const char *id,
                               const cJSON *request, cJSON **doc)
{
    cJSON *kept = cJSON_CreateArray();
    lp_reg_err_t rc = check_texts(reg, request);
    bool has_files = get(request, "files") != NULL;
    rc = rc == LP_REG_OK && has_files ? check_files(reg, get(request, "files"), kept) : rc;
    if (rc == LP_REG_OK) {
        char *files = has_files ? cJSON_PrintUnformatted(kept) : NULL;
        rc = change(reg, scope, id, request, files);
        cJSON_free(files);
    }
    cJSON_Delete(kept);
    return rc == LP_REG_OK ? named(reg, scope, id, doc) : rc;
}

lp_reg_err_t lp_streams_describe(lp_registry_t *reg, const lp_scope_t *scope, const char *id,
                                 cJSON **doc)
{
    cJSON *row = lp_db_row(reg,
                           "SELECT " STREAM_NAMES ", files AS 'j:files', created AS createdAt,"
                           " updated AS lastUpdatedAt, role AS roleArn FROM streams WHERE"
                           " scope=?1 AND id=?4",
                           "ittt", scope->id, scope->region, scope->account, id);
    if (row == NULL) {
        return missing(reg, id);
    }
    cJSON *file = NULL;
    cJSON_ArrayForEach(file, get(row, "files"))
    {
        cJSON_DeleteItemFromObjectCaseSensitive(file, "size");
        cJSON_DeleteItemFromObjectCaseSensitive(file, "etag");
    }
    *doc = cJSON_CreateObject();
    cJSON_AddItemToObject(*doc, "streamInfo", row);
    return LP_REG_OK;
}

lp_reg_err_t lp_streams_delete(lp_registry_t *reg, const lp_scope_t *scope, const char *id)
{
    lp_reg_err_t rc =
        lp_db_run(reg, "DELETE FROM streams WHERE scope=? AND id=?", "it", scope->id, id);
    return rc == LP_REG_OK && lp_db_changes(reg) == 0 ? missing(reg, id) : rc;
}

lp_reg_err_t lp_streams_list(lp_registry_t *reg, const lp_scope_t *scope, const lp_page_t *page,
                             cJSON **doc)
{
    const lp_db_list_t names = {.list = "streams", .next = "nextToken"};
    return lp_db_page(reg, &names, page, doc,
                      "SELECT id AS _key, " STREAM_NAMES " FROM streams WHERE scope=?1", "itt",
                      scope->id, scope->region, scope->account);
}
