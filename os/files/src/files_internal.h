// SPDX-License-Identifier: Apache-2.0
// The parts of the file layer.
#ifndef FILES_INTERNAL_H
#define FILES_INTERNAL_H

#include <lfs2.h>

#include "limpet/files.h"

enum { FILES_PATH_MAX = LP_FILES_NAME_MAX + 1 }; // the mark of the area and a name

static inline lfs2_t *files_fs(lp_files_t *f)
{
    return (lfs2_t *)(void *)f->fs_;
}

static inline struct lfs2_config *files_fs_config(lp_files_t *f)
{
    return (struct lfs2_config *)(void *)f->fs_config_;
}

// -- files_flash.c: littlefs on the port

// Fills littlefs' configuration for the region of `f`. LP_E_INVALID: it does not fit the flash.
lp_err_t lp_files_flash_setup(lp_files_t *f);

// Before and after each use of littlefs: how much it may read, and what its answer means. An
// assertion of littlefs' that failed meanwhile makes the file system unusable.
void lp_files_begin(lp_files_t *f);
lp_err_t lp_files_end(lp_files_t *f, int code);

// -- files.c

// The path of a name. LP_E_STATE: `f` is not usable; LP_E_INVALID: the name is not legal.
lp_err_t lp_files_path(const lp_files_t *f, lp_files_area_t area, const char *name,
                       char path[FILES_PATH_MAX]);

// The name in a path of this area, or null.
const char *lp_files_name_in(lp_files_area_t area, const char *path);

// An open file; littlefs keeps a pointer to its configuration.
typedef struct {
    lfs2_file_t file;
    struct lfs2_file_config config_;
} files_handle_t;

// Opens a file with the buffer of `f`, so one at a time; a littlefs code.
int lp_files_open_path(lp_files_t *f, files_handle_t *h, const char *path, int flags);

// -- files_list.c

// Kept for littlefs itself, so that removing is always possible.
enum { FILES_SPARE_SECTORS = 2 };

// Files of all areas.
lp_err_t lp_files_count(lp_files_t *f, unsigned *files);

// Sectors that content may still take.
lp_err_t lp_files_free_sectors(lp_files_t *f, uint32_t *sectors);

#endif
