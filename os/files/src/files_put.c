// SPDX-License-Identifier: Apache-2.0
// Writing. A plain or sealed file is written beside its old content and renamed over it; littlefs
// commits the closing of a file and a rename in one step each.
#include <string.h>

#include "files_internal.h"

// -- whether there is room

// The pointers that littlefs keeps at the beginning of a sector take less than this of it.
static uint32_t sectors_for(const lp_files_t *f, uint32_t bytes)
{
    const uint32_t room = f->sector_bytes_ - f->sector_bytes_ / 8;
    return bytes / room + 1;
}

static lp_err_t check_count(lp_files_t *f, const char *path)
{
    struct lfs2_info info;
    unsigned files = 0;
    lp_files_begin(f);
    lp_err_t err = lp_files_end(f, lfs2_stat(files_fs(f), path, &info));
    if (err != LP_E_NOT_FOUND) {
        return err;
    }
    err = lp_files_count(f, &files);
    return err == LP_OK && files >= f->config_.max_files ? LP_E_NOSPACE : err;
}

// Whether `len` more bytes may go to the file, which has `size` now.
static lp_err_t check_room(lp_files_t *f, const char *path, uint32_t size, size_t len)
{
    uint32_t sectors = 0;
    if (size > f->config_.max_file_bytes || len > f->config_.max_file_bytes - size) {
        return LP_E_RANGE;
    }
    lp_err_t err = check_count(f, path);
    if (err == LP_OK) {
        err = lp_files_free_sectors(f, &sectors);
    }
    return err == LP_OK && sectors_for(f, (uint32_t)len) > sectors ? LP_E_NOSPACE : err;
}

// -- one file

static int write_path(lp_files_t *f, const char *path, int flags, lp_span_t bytes)
{
    files_handle_t h;
    int code = lp_files_open_path(f, &h, path, LFS2_O_WRONLY | LFS2_O_CREAT | flags);
    if (code != LFS2_ERR_OK) {
        return code;
    }
    if (bytes.len > 0) {
        code = lfs2_file_write(files_fs(f), &h.file, bytes.ptr, (lfs2_size_t)bytes.len);
    }
    const int closed = lfs2_file_close(files_fs(f), &h.file);
    return code < 0 ? code : closed;
}

static lp_err_t write(lp_files_t *f, const char *path, int flags, uint32_t size, lp_span_t bytes)
{
    const lp_err_t err = check_room(f, path, size, bytes.len);
    if (err != LP_OK) {
        return err;
    }
    lp_files_begin(f);
    return lp_files_end(f, write_path(f, path, flags, bytes));
}

static lp_err_t rename_path(lp_files_t *f, const char *from, const char *to)
{
    lp_files_begin(f);
    return lp_files_end(f, lfs2_rename(files_fs(f), from, to));
}

static lp_err_t remove_path(lp_files_t *f, const char *path)
{
    lp_files_begin(f);
    return lp_files_end(f, lfs2_remove(files_fs(f), path));
}

// Size of what is there; 0 when nothing is.
static lp_err_t size_or_0(lp_files_t *f, lp_files_area_t area, const char *name, uint32_t *size)
{
    *size = 0;
    const lp_err_t err = lp_files_size(f, area, name, size);
    return err == LP_E_NOT_FOUND ? LP_OK : err;
}

// -- the calls

lp_err_t lp_files_put(lp_files_t *f, lp_files_area_t area, const char *name, lp_span_t content)
{
    char path[FILES_PATH_MAX];
    static const char beside[] = "+"; // no legal name, and what is left of it is nobody's
    const lp_err_t legal = lp_files_path(f, area, name, path);
    if (legal != LP_OK) {
        return legal;
    }
    lp_err_t err = check_room(f, path, 0, content.len);
    if (err == LP_OK) {
        lp_files_begin(f);
        err = lp_files_end(f, write_path(f, beside, LFS2_O_TRUNC, content));
    }
    if (err == LP_OK) {
        err = rename_path(f, beside, path);
    }
    if (err == LP_E_NOSPACE) {
        (void)remove_path(f, beside);
    }
    return err;
}

lp_err_t lp_files_append(lp_files_t *f, const char *name, lp_span_t more)
{
    char path[FILES_PATH_MAX];
    uint32_t size = 0;
    lp_err_t err = lp_files_path(f, LP_FILES_PLAIN, name, path);
    if (err == LP_OK) {
        err = size_or_0(f, LP_FILES_PLAIN, name, &size);
    }
    return err == LP_OK ? write(f, path, LFS2_O_APPEND, size, more) : err;
}

// Whether `part` is what the staged file of `size` bytes has at `offset`, to its end.
static lp_err_t is_repeated(lp_files_t *f, const char *name, uint32_t size, uint32_t offset,
                            lp_span_t part)
{
    uint8_t chunk[64];
    if (offset > size || part.len != size - offset) {
        return LP_E_STATE;
    }
    for (size_t done = 0; done < part.len;) {
        const size_t n = part.len - done < sizeof chunk ? part.len - done : sizeof chunk;
        size_t got = 0;
        const lp_err_t err =
            lp_files_read(f, LP_FILES_STAGED, name, offset + (uint32_t)done, chunk, n, &got);
        if (err != LP_OK) {
            return err;
        }
        if (got != n || memcmp(chunk, part.ptr + done, n) != 0) {
            return LP_E_STATE;
        }
        done += n;
    }
    return LP_OK;
}

lp_err_t lp_files_stage(lp_files_t *f, const char *name, uint32_t offset, lp_span_t part)
{
    char path[FILES_PATH_MAX];
    uint32_t size = 0;
    lp_err_t err = lp_files_path(f, LP_FILES_STAGED, name, path);
    if (err == LP_OK && offset > 0) {
        err = size_or_0(f, LP_FILES_STAGED, name, &size);
    }
    if (err != LP_OK) {
        return err;
    }
    if (offset != size) {
        return is_repeated(f, name, size, offset, part);
    }
    return write(f, path, offset == 0 ? LFS2_O_TRUNC : LFS2_O_APPEND, size, part);
}

lp_err_t lp_files_commit(lp_files_t *f, const char *name)
{
    char from[FILES_PATH_MAX];
    char to[FILES_PATH_MAX];
    lp_err_t err = lp_files_path(f, LP_FILES_STAGED, name, from);
    if (err == LP_OK) {
        err = lp_files_path(f, LP_FILES_PLAIN, name, to);
    }
    return err == LP_OK ? rename_path(f, from, to) : err;
}

lp_err_t lp_files_remove(lp_files_t *f, lp_files_area_t area, const char *name)
{
    char path[FILES_PATH_MAX];
    const lp_err_t err = lp_files_path(f, area, name, path);
    return err == LP_OK ? remove_path(f, path) : err;
}

lp_err_t lp_files_rename(lp_files_t *f, const char *from, const char *to, bool replaces)
{
    char old_path[FILES_PATH_MAX];
    char new_path[FILES_PATH_MAX];
    uint32_t size;
    lp_err_t err = lp_files_path(f, LP_FILES_PLAIN, from, old_path);
    if (err == LP_OK) {
        err = lp_files_path(f, LP_FILES_PLAIN, to, new_path);
    }
    if (err == LP_OK) {
        err = lp_files_size(f, LP_FILES_PLAIN, from, &size);
    }
    if (err != LP_OK || strcmp(from, to) == 0) {
        return err;
    }
    err = replaces ? LP_E_NOT_FOUND : lp_files_size(f, LP_FILES_PLAIN, to, &size);
    if (err != LP_E_NOT_FOUND) {
        return err == LP_OK ? LP_E_EXISTS : err;
    }
    return rename_path(f, old_path, new_path);
}
