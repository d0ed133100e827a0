// SPDX-License-Identifier: Apache-2.0
// FS.Get and FS.Put: content as base64, in parts that fit a frame.
//
//   a put of a client of mos        every frame counts by itself: the first replaces the file,
//   those
//                                   with append add to it
//   a put with offset               the parts are staged; the one without `more` is the last, and
//                                   only with it the whole takes the place of the old file
#include <string.h>

#include "limpet/hex.h"
#include "svc_fs_internal.h"

// -- FS.Get

// Where the content must begin for its text to be made in the same buffer, from the front: the text
// grows by 4 for each 3 and never reaches what is not read yet.
enum { CONTENT_AT = LP_BASE64_LEN(LP_SVC_FS_PART_MAX) - LP_SVC_FS_PART_MAX };

// Turns the content into text. Returns the text's length.
static size_t encode_in_place(uint8_t part[LP_BASE64_LEN(LP_SVC_FS_PART_MAX)], size_t len)
{
    lp_buf_t out = lp_buf(part, LP_BASE64_LEN(LP_SVC_FS_PART_MAX));
    for (size_t at = 0; at < len;) {
        uint8_t chunk[48];
        const size_t n = len - at < sizeof chunk ? len - at : sizeof chunk;
        memcpy(chunk, part + CONTENT_AT + at, n);
        (void)lp_base64_encode(&out, lp_span(chunk, n)); // there is room: see CONTENT_AT
        lp_wipe(chunk, sizeof chunk);
        at += n;
    }
    return out.len;
}

static void answer_part(lp_svc_fs_t *svc, lp_rpc_req_t *req, size_t len, uint32_t left)
{
    const size_t text_len = encode_in_place(svc->part_, len);
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_object(w);
    lp_json_put_key(w, "data");
    lp_json_put_span(w, lp_span(svc->part_, text_len));
    lp_json_put_key(w, "left");
    lp_json_put_uint(w, left);
    lp_json_put_object_end(w);
    lp_rpc_done(req);
}

void lp_svc_fs_get(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_fs_t *svc = ctx;
    char name[LP_FILES_NAME_MAX];
    uint32_t offset;
    uint32_t len;
    uint32_t size = 0;
    size_t got = 0;
    if (!lp_svc_fs_name(req, "filename", name) || !lp_svc_fs_number(req, "offset", 0, &offset) ||
        !lp_svc_fs_number(req, "len", LP_SVC_FS_PART_MAX, &len)) {
        return;
    }
    len = len < LP_SVC_FS_PART_MAX ? len : LP_SVC_FS_PART_MAX;
    lp_err_t err = lp_files_size(svc->files, LP_FILES_PLAIN, name, &size);
    if (err == LP_OK) {
        err = lp_files_read(svc->files, LP_FILES_PLAIN, name, offset, svc->part_ + CONTENT_AT, len,
                            &got);
    }
    if (err == LP_OK) {
        answer_part(svc, req, got, offset < size ? size - offset - (uint32_t)got : 0);
    } else {
        lp_svc_fs_fail(svc, req, err, name);
    }
    lp_wipe(svc->part_, sizeof svc->part_);
}

// -- FS.Put

typedef struct {
    char name[LP_FILES_NAME_MAX];
    uint32_t offset;
    bool is_staged; // `offset` was given
    bool appends;
    bool has_more;
    bool has_hash;
    uint8_t hash[LP_SHA256_LEN];
    lp_span_t data; // in svc->part_
} put_t;

// Decodes svc->part_[0..len) in place: what is written never overtakes what is read.
static lp_err_t decode_in_place(uint8_t *text, size_t len, size_t *n)
{
    size_t used = 0;
    for (size_t at = 0; at < len;) {
        uint8_t group[64];
        const size_t take = len - at < sizeof group ? len - at : sizeof group;
        memcpy(group, text + at, take);
        lp_buf_t out = lp_buf(text + used, 48);
        const lp_err_t err = lp_base64_decode(&out, lp_span(group, take));
        lp_wipe(group, sizeof group);
        at += take;
        // Padding ends the text.
        if (err != LP_OK || (out.len != take / 4 * 3 && at < len)) {
            return LP_E_FORMAT;
        }
        used += out.len;
    }
    *n = used;
    return LP_OK;
}

static bool take_data(lp_svc_fs_t *svc, lp_rpc_req_t *req, put_t *put)
{
    lp_json_t data;
    size_t n = 0;
    lp_buf_t text = lp_buf(svc->part_, sizeof svc->part_);
    lp_err_t err = lp_rpc_param(req, "data", &data);
    if (err == LP_OK) {
        err = lp_json_str(data, &text);
    }
    if (err == LP_OK) {
        err = decode_in_place(svc->part_, text.len, &n);
    }
    if (err == LP_E_NOSPACE || n > LP_SVC_FS_PART_MAX) {
        lp_rpc_fail(req, LP_E_NOSPACE, "data: at most %d bytes go into one frame",
                    LP_SVC_FS_PART_MAX);
        return false;
    }
    if (err != LP_OK) {
        lp_rpc_fail(req, LP_E_FORMAT, "data: base64 is needed");
        return false;
    }
    put->data = lp_span(svc->part_, n);
    return true;
}

static bool take_hash(lp_rpc_req_t *req, put_t *put)
{
    char digits[2 * LP_SHA256_LEN + 1] = "";
    lp_buf_t out = lp_buf(put->hash, sizeof put->hash);
    const lp_err_t err = lp_rpc_param_str(req, "sha256", digits, sizeof digits);
    put->has_hash = err == LP_OK;
    if (err == LP_E_NOT_FOUND ||
        (err == LP_OK && lp_hex_decode(&out, lp_span_str(digits)) == LP_OK &&
         out.len == LP_SHA256_LEN)) {
        return true;
    }
    lp_rpc_fail(req, LP_E_INVALID, "sha256: 64 hex digits are needed");
    return false;
}

static bool take_flags(lp_rpc_req_t *req, put_t *put)
{
    lp_json_t value;
    put->is_staged = lp_rpc_param(req, "offset", &value) != LP_E_NOT_FOUND;
    if (lp_rpc_param_bool(req, "append", false, &put->appends) != LP_OK ||
        lp_rpc_param_bool(req, "more", false, &put->has_more) != LP_OK) {
        lp_rpc_fail(req, LP_E_INVALID, "append and more: true or false");
        return false;
    }
    if ((put->is_staged && put->appends) || (!put->is_staged && put->has_more)) {
        lp_rpc_fail(req, LP_E_INVALID, "either append, or offset and more: see docs/files.md");
        return false;
    }
    return true;
}

static void answer_size(lp_svc_fs_t *svc, lp_rpc_req_t *req, lp_files_area_t area, const put_t *put)
{
    uint32_t size = 0;
    const lp_err_t err = lp_files_size(svc->files, area, put->name, &size);
    if (err != LP_OK) {
        lp_svc_fs_fail(svc, req, err, put->name);
        return;
    }
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_object(w);
    lp_json_put_key(w, "size");
    lp_json_put_uint(w, size);
    lp_json_put_object_end(w);
    lp_rpc_done(req);
}

// Whether the file of this area is the one that the caller means.
static lp_err_t check_hash(lp_svc_fs_t *svc, lp_files_area_t area, const put_t *put)
{
    uint8_t hash[LP_SHA256_LEN];
    const lp_err_t err = lp_svc_fs_hash(svc, area, put->name, hash);
    return err == LP_OK && memcmp(hash, put->hash, sizeof hash) != 0 ? LP_E_VERIFY : err;
}

// An offset that does not continue what is staged.
static void refuse_offset(lp_svc_fs_t *svc, lp_rpc_req_t *req, const put_t *put)
{
    uint32_t size = 0;
    (void)lp_files_size(svc->files, LP_FILES_STAGED, put->name, &size);
    // The answer to the last frame may have been lost, and the frame come again.
    if (put->has_hash && !put->has_more && size == 0 &&
        check_hash(svc, LP_FILES_PLAIN, put) == LP_OK) {
        answer_size(svc, req, LP_FILES_PLAIN, put);
        return;
    }
    lp_rpc_fail(req, LP_E_STATE, "offset: %lu bytes of %s are staged, go on there or begin at 0",
                (unsigned long)size, put->name);
}

static void put_staged(lp_svc_fs_t *svc, lp_rpc_req_t *req, const put_t *put)
{
    lp_err_t err = lp_files_stage(svc->files, put->name, put->offset, put->data);
    if (err == LP_E_STATE && svc->files->is_usable) {
        refuse_offset(svc, req, put);
        return;
    }
    if (err == LP_OK && put->has_more) {
        answer_size(svc, req, LP_FILES_STAGED, put);
        return;
    }
    if (err == LP_OK && put->has_hash) {
        err = check_hash(svc, LP_FILES_STAGED, put);
    }
    if (err == LP_E_VERIFY) {
        (void)lp_files_remove(svc->files, LP_FILES_STAGED, put->name);
        lp_rpc_fail(req, err,
                    "%s arrived with another SHA-256; the old content counts, begin again",
                    put->name);
        return;
    }
    if (err == LP_OK) {
        err = lp_files_commit(svc->files, put->name);
    }
    if (err == LP_OK) {
        answer_size(svc, req, LP_FILES_PLAIN, put);
    } else {
        lp_svc_fs_fail(svc, req, err, put->name);
    }
}

static void put_at_once(lp_svc_fs_t *svc, lp_rpc_req_t *req, const put_t *put)
{
    const lp_err_t err = put->appends
                             ? lp_files_append(svc->files, put->name, put->data)
                             : lp_files_put(svc->files, LP_FILES_PLAIN, put->name, put->data);
    if (err == LP_OK) {
        answer_size(svc, req, LP_FILES_PLAIN, put);
    } else {
        lp_svc_fs_fail(svc, req, err, put->name);
    }
}

void lp_svc_fs_put(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_fs_t *svc = ctx;
    put_t put = {0};
    if (lp_svc_fs_name(req, "filename", put.name) && take_flags(req, &put) &&
        lp_svc_fs_number(req, "offset", 0, &put.offset) && take_hash(req, &put) &&
        take_data(svc, req, &put)) {
        if (put.is_staged) {
            put_staged(svc, req, &put);
        } else {
            put_at_once(svc, req, &put);
        }
    }
    lp_wipe(svc->part_, sizeof svc->part_);
}
