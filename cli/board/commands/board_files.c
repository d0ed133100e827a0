// SPDX-License-Identifier: Apache-2.0
// Files of a board, part by part. @source docs/files.md
#include "board_files.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limpet/base64.h"
#include "limpet/hexline.h"
#include "limpet/sha256.h"

enum { PART_MAX = 4096, HASH_CHARS = 2 * LP_SHA256_LEN + 1, FILE_MAX = 16 * 1024 * 1024 };

double lp_json_number(const struct cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

static void hash_of(char text[HASH_CHARS], const uint8_t *bytes, size_t len)
{
    uint8_t digest[LP_SHA256_LEN];
    lp_sha256(lp_span(bytes, len), digest);
    lp_hexline(text, digest, sizeof digest);
}

// Gives the board's refusal a code of its own where there is something to do about it.
static lp_exit_t explain(lp_board_t *board, const char *name, lp_exit_t rc, lp_fault_t *f)
{
    const lp_board_error_t *error = lp_board_last_error(board);
    if (rc != LP_EXIT_BOARD || strcmp(f->code, "board-refused") != 0) {
        return rc;
    }
    if (strcmp(error->name, "LP_E_NOT_FOUND") == 0 && error->code != 404) {
        lp_fault_set(f, LP_EXIT_BOARD, "file-missing", "the board has no file %s", name);
        lp_fault_next(f, "limpet ls lists what it has");
    } else if (strcmp(error->name, "LP_E_NOSPACE") == 0 || strcmp(error->name, "LP_E_RANGE") == 0) {
        lp_fault_set(f, LP_EXIT_BOARD, "file-room", "the board has no room for %s", name);
        lp_fault_why(f, "%s", error->message);
        lp_fault_next(f, "limpet fs says how much there is; limpet rm makes room");
    } else if (strcmp(error->name, "LP_E_INVALID") == 0) {
        lp_fault_set(f, LP_EXIT_USAGE, "file-name", "a file of a board cannot be called %s", name);
        lp_fault_why(f, "%s", error->message);
        lp_fault_next(f, "give another name: limpet put FILE NAME");
    }
    return f->exit;
}

static lp_exit_t call_about(lp_board_t *board, const char *method, const char *name, cJSON *params,
                            cJSON **result, lp_fault_t *f)
{
    cJSON_AddStringToObject(params, "filename", name);
    return explain(board, name, lp_board_call(board, method, params, 0, result, f), f);
}

static lp_exit_t stat_file(lp_board_t *board, const char *name, cJSON **result, lp_fault_t *f)
{
    cJSON *params = cJSON_CreateObject();
    cJSON_AddBoolToObject(params, "hash", true);
    return call_about(board, "FS.Stat", name, params, result, f);
}

static bool has_hash(const cJSON *facts, const char *hash)
{
    const cJSON *found = cJSON_GetObjectItemCaseSensitive(facts, "sha256");
    return cJSON_IsString(found) && strcmp(found->valuestring, hash) == 0;
}

static lp_exit_t fail_answer(const char *method, lp_fault_t *f)
{
    lp_fault_set(f, LP_EXIT_BOARD, "board-answer", "the board answered %s with nonsense", method);
    return f->exit;
}

// -- get

// Appends the part in `answer`. False: it is not what was asked for.
static bool take_part(lp_content_t *c, const cJSON *answer, double *left)
{
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(answer, "data");
    if (!cJSON_IsString(data)) {
        return false;
    }
    uint8_t *more = realloc(c->bytes, c->len + PART_MAX);
    if (more == NULL) {
        return false;
    }
    c->bytes = more;
    lp_buf_t out = lp_buf(c->bytes + c->len, PART_MAX);
    const bool is_whole = lp_base64_decode(&out, lp_span_str(data->valuestring)) == LP_OK;
    c->len += out.len;
    *left = lp_json_number(answer, "left");
    return is_whole && *left >= 0 && (double)c->len + *left <= FILE_MAX &&
           (out.len > 0 || *left == 0);
}

static lp_exit_t check_get(lp_board_t *board, const char *name, const lp_content_t *c,
                           lp_fault_t *f)
{
    char hash[HASH_CHARS];
    cJSON *facts = NULL;
    const lp_exit_t rc = stat_file(board, name, &facts, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    hash_of(hash, c->bytes, c->len);
    const bool is_same = has_hash(cJSON_GetObjectItemCaseSensitive(facts, "file"), hash);
    cJSON_Delete(facts);
    if (is_same) {
        return LP_EXIT_OK;
    }
    lp_fault_set(f, LP_EXIT_BOARD, "file-changed", "%s was written while it was read", name);
    lp_fault_why(f, "its SHA-256 is not that of what arrived");
    lp_fault_next(f, "run the same command again");
    return f->exit;
}

lp_exit_t lp_board_files_get(lp_board_t *board, const char *name, lp_content_t *c, lp_fault_t *f)
{
    lp_content_t got = {0};
    double left = 1;
    lp_exit_t rc = LP_EXIT_OK;
    while (rc == LP_EXIT_OK && left > 0) {
        cJSON *params = cJSON_CreateObject();
        cJSON *answer = NULL;
        cJSON_AddNumberToObject(params, "offset", (double)got.len);
        cJSON_AddNumberToObject(params, "len", PART_MAX);
        rc = call_about(board, "FS.Get", name, params, &answer, f);
        if (rc == LP_EXIT_OK && !take_part(&got, answer, &left)) {
            rc = fail_answer("FS.Get", f);
        }
        cJSON_Delete(answer);
        if (rc == LP_EXIT_OK && got.len + (size_t)left > PART_MAX) {
            lp_ui_progress(name, got.len, got.len + (size_t)left);
        }
    }
    if (rc == LP_EXIT_OK) {
        rc = check_get(board, name, &got, f);
    }
    if (rc != LP_EXIT_OK) {
        lp_content_free(&got);
        return rc;
    }
    *c = got;
    return LP_EXIT_OK;
}

// -- put

static lp_exit_t put_part(lp_board_t *board, const char *name, const lp_content_t *c, size_t offset,
                          const char *hash, lp_fault_t *f)
{
    const size_t left = c->len - offset;
    const lp_content_t part = {.bytes = c->bytes + offset,
                               .len = left < PART_MAX ? left : PART_MAX};
    cJSON *params = cJSON_CreateObject();
    cJSON *answer = NULL;
    char *text = lp_content_base64(&part);
    cJSON_AddNumberToObject(params, "offset", (double)offset);
    cJSON_AddStringToObject(params, "data", text != NULL ? text : "");
    free(text);
    if (left > PART_MAX) {
        cJSON_AddBoolToObject(params, "more", true);
    } else {
        cJSON_AddStringToObject(params, "sha256", hash);
    }
    const lp_exit_t rc = call_about(board, "FS.Put", name, params, &answer, f);
    cJSON_Delete(answer);
    return rc;
}

// How much of the file an earlier try has left on the board.
static size_t resume_point(const cJSON *facts, const lp_content_t *c)
{
    char hash[HASH_CHARS];
    const cJSON *staged = cJSON_GetObjectItemCaseSensitive(facts, "staged");
    const double size = lp_json_number(staged, "size");
    if (size < 1 || size > (double)c->len) {
        return 0;
    }
    hash_of(hash, c->bytes, (size_t)size);
    return has_hash(staged, hash) ? (size_t)size : 0;
}

lp_exit_t lp_board_files_put(lp_board_t *board, const char *name, const lp_content_t *c,
                             lp_put_t *outcome, lp_fault_t *f)
{
    char hash[HASH_CHARS];
    cJSON *facts = NULL;
    lp_exit_t rc = stat_file(board, name, &facts, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    hash_of(hash, c->bytes, c->len);
    outcome->is_unchanged = has_hash(cJSON_GetObjectItemCaseSensitive(facts, "file"), hash);
    outcome->resumed_at = outcome->is_unchanged ? 0 : resume_point(facts, c);
    cJSON_Delete(facts);
    bool is_done = outcome->is_unchanged;
    for (size_t at = outcome->resumed_at; rc == LP_EXIT_OK && !is_done; at += PART_MAX) {
        rc = put_part(board, name, c, at, hash, f);
        is_done = c->len - at <= PART_MAX;
        if (rc == LP_EXIT_OK && c->len > PART_MAX) {
            lp_ui_progress(name, is_done ? c->len : at + PART_MAX, c->len);
        }
    }
    return rc;
}

lp_exit_t lp_board_files_remove(lp_board_t *board, const char *name, lp_fault_t *f)
{
    cJSON *answer = NULL;
    const lp_exit_t rc = call_about(board, "FS.Remove", name, cJSON_CreateObject(), &answer, f);
    cJSON_Delete(answer);
    return rc;
}
