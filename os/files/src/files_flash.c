// SPDX-License-Identifier: Apache-2.0
// littlefs on the flash port. What littlefs asks for is checked here once more, because a hostile
// image can make it ask for anything.
#include "files_internal.h"
#include "limpet/port/flash.h"
#include "lp_littlefs.h"

enum {
    SECTOR_MIN = 128, // what littlefs can work with
    SECTORS_MIN = 4,
    CACHE_MIN = 64,
    CYCLES = 500, // erases of a sector of names before it is moved: wear levelling
    READS_FLOOR = 4000,
    READS_PER_CACHE = 100, // reads of the whole region that one call may take
};

_Static_assert(sizeof(lfs2_t) <= sizeof(((lp_files_t *)0)->fs_), "fs_ holds littlefs' state");
_Static_assert(sizeof(struct lfs2_config) <= sizeof(((lp_files_t *)0)->fs_config_),
               "fs_config_ holds littlefs' configuration");
_Static_assert(LFS2_NAME_MAX >= LP_FILES_NAME_MAX, "a name and the mark of its area");

// One for all, since littlefs' assertions say not whose they are.
static bool littlefs_is_wrong;

void lp_files_littlefs_is_wrong(void)
{
    littlefs_is_wrong = true;
}

static bool is_inside(const lp_files_t *f, const struct lfs2_config *c, lfs2_block_t block,
                      lfs2_off_t off, lfs2_size_t size)
{
    return !littlefs_is_wrong && block < c->block_count && off <= f->sector_bytes_ &&
           size <= f->sector_bytes_ - off;
}

static uint32_t place(const lp_files_t *f, lfs2_block_t block, lfs2_off_t off)
{
    return f->config_.offset + block * f->sector_bytes_ + off;
}

static int code_of(lp_err_t err)
{
    return err == LP_OK ? LFS2_ERR_OK : LFS2_ERR_IO;
}

// littlefs goes on with what it wanted to have written; the flash has something else.
static int code_of_write(lp_files_t *f, lp_err_t err)
{
    f->is_stale_ = f->is_stale_ || err != LP_OK;
    return code_of(err);
}

static int read_flash(const struct lfs2_config *c, lfs2_block_t block, lfs2_off_t off, void *buf,
                      lfs2_size_t size)
{
    lp_files_t *f = c->context;
    if (!is_inside(f, c, block, off, size) || f->reads_left_ == 0) {
        return LFS2_ERR_CORRUPT;
    }
    f->reads_left_--;
    return code_of(lp_port_flash_read(place(f, block, off), buf, size));
}

static int program_flash(const struct lfs2_config *c, lfs2_block_t block, lfs2_off_t off,
                         const void *data, lfs2_size_t size)
{
    lp_files_t *f = c->context;
    if (!is_inside(f, c, block, off, size)) {
        return LFS2_ERR_CORRUPT;
    }
    return code_of_write(f, lp_port_flash_program(place(f, block, off), data, size));
}

static int erase_flash(const struct lfs2_config *c, lfs2_block_t block)
{
    lp_files_t *f = c->context;
    if (!is_inside(f, c, block, 0, 0)) {
        return LFS2_ERR_CORRUPT;
    }
    return code_of_write(f, lp_port_flash_erase(place(f, block, 0), f->sector_bytes_));
}

static int sync_flash(const struct lfs2_config *c)
{
    (void)c;
    return littlefs_is_wrong ? LFS2_ERR_CORRUPT : LFS2_ERR_OK;
}

static bool fits(const lp_files_config_t *config, const lp_flash_geometry_t *g)
{
    return g->sector_bytes >= SECTOR_MIN && g->page_bytes > 0 &&
           g->page_bytes <= LP_FILES_CACHE_MAX && g->sector_bytes % CACHE_MIN == 0 &&
           g->sector_bytes % g->page_bytes == 0 && config->offset % g->sector_bytes == 0 &&
           config->size_bytes % g->sector_bytes == 0 &&
           config->size_bytes / g->sector_bytes >= SECTORS_MIN && config->offset <= g->size_bytes &&
           config->size_bytes <= g->size_bytes - config->offset;
}

lp_err_t lp_files_flash_setup(lp_files_t *f)
{
    const lp_flash_geometry_t g = lp_port_flash_geometry();
    const uint32_t cache = g.page_bytes > CACHE_MIN ? g.page_bytes : CACHE_MIN;
    if (!fits(&f->config_, &g) || cache % g.page_bytes != 0) {
        return LP_E_INVALID;
    }
    f->sector_bytes_ = g.sector_bytes;
    f->page_bytes_ = g.page_bytes;
    *files_fs_config(f) = (struct lfs2_config){
        .context = f,
        .read = read_flash,
        .prog = program_flash,
        .erase = erase_flash,
        .sync = sync_flash,
        .read_size = 1,
        .prog_size = g.page_bytes,
        .block_size = g.sector_bytes,
        .block_count = f->config_.size_bytes / g.sector_bytes,
        .block_cycles = CYCLES,
        .cache_size = cache,
        .lookahead_size = LP_FILES_LOOKAHEAD,
        .read_buffer = f->read_cache_,
        .prog_buffer = f->program_cache_,
        .lookahead_buffer = f->lookahead_,
        .name_max = LP_FILES_NAME_MAX,
    };
    return LP_OK;
}

void lp_files_begin(lp_files_t *f)
{
    const struct lfs2_config *c = files_fs_config(f);
    littlefs_is_wrong = false;
    f->reads_left_ =
        READS_FLOOR + READS_PER_CACHE * c->block_count * (c->block_size / c->cache_size);
}

// As after a power cut: what is on the flash counts, and it is as it was or as it was to be.
static void read_again(lp_files_t *f)
{
    f->is_stale_ = false;
    lp_files_begin(f);
    const int code = lfs2_mount(files_fs(f), files_fs_config(f));
    f->is_usable = code == LFS2_ERR_OK && !littlefs_is_wrong;
    f->is_stale_ = false;
}

lp_err_t lp_files_end(lp_files_t *f, int code)
{
    if (f->is_stale_) {
        read_again(f);
        return code < 0 ? LP_E_IO : LP_OK;
    }
    if (littlefs_is_wrong) {
        f->is_usable = false;
        return LP_E_FORMAT;
    }
    switch (code) {
    case LFS2_ERR_NOENT:
    case LFS2_ERR_ISDIR: // none of ours
    case LFS2_ERR_NOTDIR:
        return LP_E_NOT_FOUND;
    case LFS2_ERR_EXIST:
        return LP_E_EXISTS;
    case LFS2_ERR_NOSPC:
        return LP_E_NOSPACE;
    case LFS2_ERR_FBIG:
        return LP_E_RANGE;
    case LFS2_ERR_IO:
        return LP_E_IO;
    default:
        return code >= 0 ? LP_OK : LP_E_FORMAT;
    }
}
