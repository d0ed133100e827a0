// SPDX-License-Identifier: Apache-2.0
// FS.*, except for the moving of content (svc_fs_data.c).
#include <string.h>

#include "limpet/log.h"
#include "svc_fs_internal.h"

#define LOG_MODULE "fs"

// -- shared

bool lp_svc_fs_name(lp_rpc_req_t *req, const char *key, char name[LP_FILES_NAME_MAX])
{
    if (lp_rpc_param_str(req, key, name, LP_FILES_NAME_MAX) == LP_OK && lp_files_is_name(name)) {
        return true;
    }
    lp_rpc_fail(req, LP_E_INVALID,
                "%s: a name is needed: 1 to %d letters, digits and . _ -, a letter or digit first; "
                "there are no folders",
                key, LP_FILES_NAME_MAX - 1);
    return false;
}

bool lp_svc_fs_number(lp_rpc_req_t *req, const char *key, uint32_t fallback, uint32_t *value)
{
    lp_json_t found;
    const lp_err_t err = lp_rpc_param(req, key, &found);
    *value = fallback;
    if (err == LP_E_NOT_FOUND || (err == LP_OK && lp_json_u32(found, INT32_MAX, value) == LP_OK)) {
        return true;
    }
    lp_rpc_fail(req, LP_E_INVALID, "%s: a whole number from 0 on is needed", key);
    return false;
}

void lp_svc_fs_fail(lp_svc_fs_t *svc, lp_rpc_req_t *req, lp_err_t err, const char *name)
{
    if (err == LP_E_NOT_FOUND) {
        lp_rpc_fail(req, err, "there is no file %s", name);
    } else if (err == LP_E_NOSPACE) {
        lp_rpc_fail(req, err, "no room for %s; FS.Info says what there is", name);
    } else if (err == LP_E_RANGE) {
        lp_rpc_fail(req, err, "%s would be longer than %lu bytes, the longest a file may be", name,
                    (unsigned long)svc->files->config_.max_file_bytes);
    } else if (!svc->files->is_usable) {
        lp_rpc_fail(req, err, "the file system cannot be read (%s); FS.Mkfs makes a new, empty one",
                    lp_err_text(err));
    } else {
        lp_rpc_fail(req, err, "%s: %s", name, lp_err_text(err));
    }
}

lp_err_t lp_svc_fs_hash(lp_svc_fs_t *svc, lp_files_area_t area, const char *name,
                        uint8_t hash[LP_SHA256_LEN])
{
    lp_sha256_t sha;
    size_t got = sizeof svc->part_;
    lp_err_t err = LP_OK;
    lp_sha256_init(&sha);
    for (uint32_t at = 0; err == LP_OK && got == sizeof svc->part_; at += (uint32_t)got) {
        err = lp_files_read(svc->files, area, name, at, svc->part_, sizeof svc->part_, &got);
        lp_sha256_update(&sha, lp_span(svc->part_, err == LP_OK ? got : 0));
    }
    if (err == LP_OK) {
        lp_sha256_final(&sha, hash);
    }
    lp_wipe(svc->part_, sizeof svc->part_);
    return err;
}

// -- lists

static void put_name(void *ctx, const char *name, uint32_t size_bytes)
{
    (void)size_bytes;
    lp_json_put_str(ctx, name);
}

static void put_entry(void *ctx, const char *name, uint32_t size_bytes)
{
    lp_json_writer_t *w = ctx;
    lp_json_put_object(w);
    lp_json_put_key(w, "name");
    lp_json_put_str(w, name);
    lp_json_put_key(w, "size");
    lp_json_put_uint(w, size_bytes);
    lp_json_put_object_end(w);
}

static void answer_list(lp_svc_fs_t *svc, lp_rpc_req_t *req, lp_files_each_fn *fn)
{
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_array(w);
    const lp_err_t err = lp_files_each(svc->files, LP_FILES_PLAIN, fn, w);
    lp_json_put_array_end(w);
    if (err == LP_OK) {
        lp_rpc_done(req);
    } else {
        lp_svc_fs_fail(svc, req, err, "the list");
    }
}

static void list(void *ctx, lp_rpc_req_t *req)
{
    answer_list(ctx, req, put_name);
}

static void list_ext(void *ctx, lp_rpc_req_t *req)
{
    answer_list(ctx, req, put_entry);
}

// -- about one file, and about all

static void put_hash(lp_json_writer_t *w, const uint8_t hash[LP_SHA256_LEN], bool has_hash)
{
    lp_json_put_key(w, "sha256");
    if (has_hash) {
        lp_json_put_hex(w, lp_span(hash, LP_SHA256_LEN));
    } else {
        lp_json_put_null(w);
    }
}

typedef struct {
    bool exists;
    uint32_t size;
    uint8_t hash[LP_SHA256_LEN];
} facts_t;

static lp_err_t look_at(lp_svc_fs_t *svc, lp_files_area_t area, const char *name, bool wants_hash,
                        facts_t *facts)
{
    *facts = (facts_t){0};
    lp_err_t err = lp_files_size(svc->files, area, name, &facts->size);
    facts->exists = err == LP_OK;
    if (err == LP_OK && wants_hash) {
        err = lp_svc_fs_hash(svc, area, name, facts->hash);
    }
    return err == LP_E_NOT_FOUND ? LP_OK : err;
}

static void put_facts(lp_json_writer_t *w, const char *key, const facts_t *facts, bool has_hash)
{
    lp_json_put_key(w, key);
    if (!facts->exists) {
        lp_json_put_null(w);
        return;
    }
    lp_json_put_object(w);
    lp_json_put_key(w, "size");
    lp_json_put_uint(w, facts->size);
    put_hash(w, facts->hash, has_hash);
    lp_json_put_object_end(w);
}

static void stat_file(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_fs_t *svc = ctx;
    char name[LP_FILES_NAME_MAX];
    bool wants_hash = false;
    facts_t whole;
    facts_t staged;
    if (!lp_svc_fs_name(req, "filename", name)) {
        return;
    }
    if (lp_rpc_param_bool(req, "hash", false, &wants_hash) != LP_OK) {
        lp_rpc_fail(req, LP_E_INVALID, "hash: true or false");
        return;
    }
    lp_err_t err = look_at(svc, LP_FILES_PLAIN, name, wants_hash, &whole);
    if (err == LP_OK) {
        err = look_at(svc, LP_FILES_STAGED, name, wants_hash, &staged);
    }
    if (err != LP_OK) {
        lp_svc_fs_fail(svc, req, err, name);
        return;
    }
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_object(w);
    lp_json_put_key(w, "name");
    lp_json_put_str(w, name);
    put_facts(w, "file", &whole, wants_hash);
    put_facts(w, "staged", &staged, wants_hash);
    lp_json_put_object_end(w);
    lp_rpc_done(req);
}

static void info(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_fs_t *svc = ctx;
    lp_files_space_t space;
    const lp_err_t err = lp_files_space(svc->files, &space);
    if (err != LP_OK) {
        lp_svc_fs_fail(svc, req, err, "the file system");
        return;
    }
    const lp_files_config_t *config = &svc->files->config_;
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_object(w);
    lp_json_put_key(w, "size");
    lp_json_put_uint(w, space.size_bytes);
    lp_json_put_key(w, "free");
    lp_json_put_uint(w, space.free_bytes);
    lp_json_put_key(w, "files");
    lp_json_put_uint(w, space.files);
    lp_json_put_key(w, "max_files");
    lp_json_put_uint(w, config->max_files);
    lp_json_put_key(w, "max_file");
    lp_json_put_uint(w, config->max_file_bytes);
    lp_json_put_key(w, "part");
    lp_json_put_uint(w, LP_SVC_FS_PART_MAX);
    lp_json_put_key(w, "staged");
    lp_json_put_array(w);
    const lp_err_t listed = lp_files_each(svc->files, LP_FILES_STAGED, put_entry, w);
    lp_json_put_array_end(w);
    lp_json_put_object_end(w);
    if (listed == LP_OK) {
        lp_rpc_done(req);
    } else {
        lp_svc_fs_fail(svc, req, listed, "the file system");
    }
}

// -- changes

// The plain file and what is staged for it: either may be there.
static void remove_file(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_fs_t *svc = ctx;
    char name[LP_FILES_NAME_MAX];
    if (!lp_svc_fs_name(req, "filename", name)) {
        return;
    }
    const lp_err_t staged = lp_files_remove(svc->files, LP_FILES_STAGED, name);
    lp_err_t err = staged == LP_OK || staged == LP_E_NOT_FOUND
                       ? lp_files_remove(svc->files, LP_FILES_PLAIN, name)
                       : staged;
    if (err == LP_E_NOT_FOUND && staged == LP_OK) {
        err = LP_OK;
    }
    if (err == LP_OK) {
        lp_rpc_ok(req);
    } else {
        lp_svc_fs_fail(svc, req, err, name);
    }
}

static void rename_file(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_fs_t *svc = ctx;
    char from[LP_FILES_NAME_MAX];
    char to[LP_FILES_NAME_MAX];
    bool replaces = false;
    if (!lp_svc_fs_name(req, "src", from) || !lp_svc_fs_name(req, "dst", to)) {
        return;
    }
    if (lp_rpc_param_bool(req, "replace", false, &replaces) != LP_OK) {
        lp_rpc_fail(req, LP_E_INVALID, "replace: true or false");
        return;
    }
    const lp_err_t err = lp_files_rename(svc->files, from, to, replaces);
    if (err == LP_OK) {
        lp_rpc_ok(req);
    } else if (err == LP_E_EXISTS) {
        lp_rpc_fail(req, err, "there is a file %s already; with \"replace\": true it goes", to);
    } else {
        lp_svc_fs_fail(svc, req, err, from);
    }
}

static void mkfs(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_fs_t *svc = ctx;
    char confirm[LP_FILES_NAME_MAX] = "";
    (void)lp_rpc_param_str(req, "confirm", confirm, sizeof confirm);
    if (strcmp(confirm, svc->device_id) != 0) {
        lp_rpc_fail(req, LP_E_INVALID,
                    "confirm: the board's id is needed (%s); all files will be lost",
                    svc->device_id);
        return;
    }
    const lp_err_t err = lp_files_format(svc->files);
    if (err == LP_OK) {
        LP_LOGW("a new file system was made; the old files are gone");
        lp_rpc_ok(req);
    } else {
        lp_rpc_fail(req, err, "no file system could be made (%s)", lp_err_text(err));
    }
}

static const lp_rpc_method_t methods[] = {
    {"FS.List", LP_RPC_READ, list, "", "array of names"},
    {"FS.ListExt", LP_RPC_READ, list_ext, "", "array of {name, size}"},
    {"FS.Stat", LP_RPC_READ, stat_file, "filename, hash: bool",
     "{name, file: {size, sha256} or null, staged: {size, sha256} or null}"},
    {"FS.Info", LP_RPC_READ, info, "",
     "{size, free, files, max_files, max_file, part, staged: array of {name, size}}"},
    {"FS.Get", LP_RPC_WRITE, lp_svc_fs_get, "filename, offset, len", "{data: base64, left}"},
    {"FS.Put", LP_RPC_WRITE, lp_svc_fs_put,
     "filename, data: base64, append; or offset, more, sha256", "{size}"},
    {"FS.Remove", LP_RPC_WRITE, remove_file, "filename", "{}"},
    {"FS.Rename", LP_RPC_WRITE, rename_file, "src, dst, replace: bool", "{}"},
    {"FS.Mkfs", LP_RPC_WRITE, mkfs, "confirm: the board's id", "{}"},
};

void lp_svc_fs_init(lp_svc_fs_t *svc, lp_rpc_t *rpc, lp_files_t *files, const char *device_id)
{
    *svc = (lp_svc_fs_t){.files = files, .device_id = device_id};
    svc->set_ =
        (lp_rpc_set_t){.methods = methods, .count = sizeof methods / sizeof methods[0], .ctx = svc};
    lp_rpc_add(rpc, &svc->set_);
}
