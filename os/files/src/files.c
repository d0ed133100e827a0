// SPDX-License-Identifier: Apache-2.0
// Names and reading. On the flash a name has the mark of its area in front, which no legal name
// begins with.
#include "limpet/files.h"

#include <string.h>

#include "files_internal.h"

static const char *mark_of(lp_files_area_t area)
{
    switch (area) {
    case LP_FILES_PLAIN:
        return "";
    case LP_FILES_STAGED:
        return "~";
    case LP_FILES_SEALED:
        return "=";
    }
    return "";
}

static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool lp_files_is_name(const char *name)
{
    size_t len = 0;
    for (; name[len] != '\0'; len++) {
        const char c = name[len];
        const bool is_sign = len > 0 && (c == '.' || c == '_' || c == '-');
        if (len + 1 == LP_FILES_NAME_MAX || (!is_letter_or_digit(c) && !is_sign)) {
            return false;
        }
    }
    return len > 0;
}

lp_err_t lp_files_path(const lp_files_t *f, lp_files_area_t area, const char *name,
                       char path[FILES_PATH_MAX])
{
    if (!f->is_usable) {
        return LP_E_STATE;
    }
    if (!lp_files_is_name(name)) {
        return LP_E_INVALID;
    }
    const char *mark = mark_of(area);
    const size_t mark_len = strlen(mark);
    memcpy(path, mark, mark_len);
    memcpy(path + mark_len, name, strlen(name) + 1);
    return LP_OK;
}

const char *lp_files_name_in(lp_files_area_t area, const char *path)
{
    const char *mark = mark_of(area);
    const size_t mark_len = strlen(mark);
    const bool is_of_area = strncmp(path, mark, mark_len) == 0;
    return is_of_area && lp_files_is_name(path + mark_len) ? path + mark_len : NULL;
}

int lp_files_open_path(lp_files_t *f, files_handle_t *h, const char *path, int flags)
{
    *h = (files_handle_t){.config_ = {.buffer = f->file_cache_}};
    return lfs2_file_opencfg(files_fs(f), &h->file, path, flags, &h->config_);
}

lp_err_t lp_files_size(lp_files_t *f, lp_files_area_t area, const char *name, uint32_t *size_bytes)
{
    char path[FILES_PATH_MAX];
    struct lfs2_info info;
    lp_err_t err = lp_files_path(f, area, name, path);
    if (err != LP_OK) {
        return err;
    }
    lp_files_begin(f);
    err = lp_files_end(f, lfs2_stat(files_fs(f), path, &info));
    if (err == LP_OK && info.type != LFS2_TYPE_REG) {
        err = LP_E_NOT_FOUND;
    }
    if (err == LP_OK) {
        *size_bytes = info.size;
    }
    return err;
}

static int read_at(lp_files_t *f, const char *path, uint32_t offset, uint8_t *buf, size_t len,
                   size_t *got)
{
    files_handle_t h;
    int code = lp_files_open_path(f, &h, path, LFS2_O_RDONLY);
    if (code != LFS2_ERR_OK) {
        return code;
    }
    const lfs2_soff_t end = lfs2_file_size(files_fs(f), &h.file);
    const bool is_inside = end > 0 && offset < (uint32_t)end;
    if (is_inside) {
        code = lfs2_file_seek(files_fs(f), &h.file, (lfs2_soff_t)offset, LFS2_SEEK_SET);
    }
    if (is_inside && code >= 0) {
        code = lfs2_file_read(files_fs(f), &h.file, buf, (lfs2_size_t)len);
    }
    const int closed = lfs2_file_close(files_fs(f), &h.file);
    if (code < 0 || closed < 0) {
        return code < 0 ? code : closed;
    }
    *got = is_inside ? (size_t)code : 0;
    return LFS2_ERR_OK;
}

lp_err_t lp_files_read(lp_files_t *f, lp_files_area_t area, const char *name, uint32_t offset,
                       uint8_t *buf, size_t len, size_t *got)
{
    char path[FILES_PATH_MAX];
    size_t n = 0;
    lp_err_t err = lp_files_path(f, area, name, path);
    if (err != LP_OK) {
        return err;
    }
    lp_files_begin(f);
    err = lp_files_end(f, read_at(f, path, offset, buf, len, &n));
    if (err == LP_OK) {
        *got = n;
    }
    return err;
}
