// SPDX-License-Identifier: Apache-2.0
#include "files_internal.h"

static int walk(lp_files_t *f, lp_files_area_t area, lp_files_each_fn *fn, void *ctx)
{
    lfs2_dir_t dir = {0};
    int code = lfs2_dir_open(files_fs(f), &dir, "/");
    if (code != LFS2_ERR_OK) {
        return code;
    }
    struct lfs2_info info;
    while ((code = lfs2_dir_read(files_fs(f), &dir, &info)) > 0) {
        const char *name = lp_files_name_in(area, info.name);
        if (info.type == LFS2_TYPE_REG && name != NULL) {
            fn(ctx, name, info.size);
        }
    }
    const int closed = lfs2_dir_close(files_fs(f), &dir);
    return code < 0 ? code : closed;
}

lp_err_t lp_files_each(lp_files_t *f, lp_files_area_t area, lp_files_each_fn *fn, void *ctx)
{
    if (!f->is_usable) {
        return LP_E_STATE;
    }
    lp_files_begin(f);
    return lp_files_end(f, walk(f, area, fn, ctx));
}

static void count(void *ctx, const char *name, uint32_t size_bytes)
{
    unsigned *files = ctx;
    (void)name;
    (void)size_bytes;
    (*files)++;
}

lp_err_t lp_files_count(lp_files_t *f, unsigned *files)
{
    lp_err_t err = LP_OK;
    *files = 0;
    for (unsigned area = LP_FILES_PLAIN; err == LP_OK && area <= LP_FILES_SEALED; area++) {
        err = lp_files_each(f, (lp_files_area_t)area, count, files);
    }
    return err;
}

lp_err_t lp_files_free_sectors(lp_files_t *f, uint32_t *sectors)
{
    const uint32_t all = files_fs_config(f)->block_count;
    lp_files_begin(f);
    const lfs2_ssize_t used = lfs2_fs_size(files_fs(f));
    const lp_err_t err = lp_files_end(f, used < 0 ? (int)used : LFS2_ERR_OK);
    if (err == LP_OK) {
        const uint32_t taken = (uint32_t)used + FILES_SPARE_SECTORS;
        *sectors = taken < all ? all - taken : 0;
    }
    return err;
}

lp_err_t lp_files_space(lp_files_t *f, lp_files_space_t *space)
{
    uint32_t sectors = 0;
    unsigned files = 0;
    if (!f->is_usable) {
        return LP_E_STATE;
    }
    lp_err_t err = lp_files_count(f, &files);
    if (err == LP_OK) {
        err = lp_files_free_sectors(f, &sectors);
    }
    if (err == LP_OK) {
        *space = (lp_files_space_t){.size_bytes = f->config_.size_bytes,
                                    .free_bytes = sectors * f->sector_bytes_,
                                    .files = files};
    }
    return err;
}
