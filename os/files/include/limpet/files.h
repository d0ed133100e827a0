// SPDX-License-Identifier: Apache-2.0
// limpet/files.h - named files on a region of the flash: wear-levelled, safe from power cuts.
//
// The names are flat: there are no folders, and so no way out of one. A file is replaced as a whole
// or not at all: what is new is written beside it ("staged") and takes its place in one step. Each
// call opens and closes what it needs, so nothing is half open between calls, and nothing is
// allocated. Flash contents are hostile input: whatever they are, a call ends with an error at
// worst.
//
// @context loop; a call takes as long as the flash does
#ifndef LIMPET_FILES_H
#define LIMPET_FILES_H

#include <stdbool.h>

#include "limpet/err.h"
#include "limpet/span.h"
#include "limpet/store.h"

enum {
    LP_FILES_NAME_MAX = 64,   // with the terminator
    LP_FILES_CACHE_MAX = 256, // largest page of a flash that can be used
    LP_FILES_LOOKAHEAD = 16,
};

// Where a name lives. The areas do not see each other's names.
typedef enum {
    LP_FILES_PLAIN,  // what everybody sees
    LP_FILES_STAGED, // the beginning of a plain file that is not complete yet
    LP_FILES_SEALED, // see limpet/sealed.h
} lp_files_area_t;

typedef struct {
    uint32_t offset;         // of the region in the port's flash; whole sectors
    uint32_t size_bytes;     // at least 4 sectors
    uint32_t max_file_bytes; // longest file
    uint16_t max_files;      // of all areas together
    lp_store_t *store; // open; remembers whether the region was made. Null: it is not remembered
} lp_files_config_t;

// Private, except for `is_usable`. The caller owns one; it must not move.
typedef struct {
    lp_files_config_t config_;
    uint32_t reads_left_; // of the call under way: ends what would go in circles
    uint32_t sector_bytes_;
    uint32_t page_bytes_;
    bool is_usable; // false: damaged or not there; lp_files_format() helps when open() said FORMAT
    bool has_region_;
    bool is_stale_; // a write failed: what littlefs knows is not what the flash has
    uint64_t fs_[32];
    uint64_t fs_config_[24];
    uint64_t read_cache_[LP_FILES_CACHE_MAX / 8];
    uint64_t program_cache_[LP_FILES_CACHE_MAX / 8];
    uint64_t file_cache_[LP_FILES_CACHE_MAX / 8];
    uint64_t lookahead_[LP_FILES_LOOKAHEAD / 8];
} lp_files_t;

// Takes what is on the region; makes a file system on one that is blank, or on which making one was
// cut short. LP_E_INVALID: the region does not fit the flash, or its pages are too large.
// LP_E_FORMAT: there is something else, or it is damaged; nothing was written. LP_E_IO.
lp_err_t lp_files_open(lp_files_t *f, const lp_files_config_t *config);

// Makes a new, empty file system; everything is lost. Erases the region, so that nothing of it can
// be read any more. LP_E_STATE: there is no region.
lp_err_t lp_files_format(lp_files_t *f);

// Whether a name is legal: 1 to 63 letters, digits and . _ - with a letter or digit first.
bool lp_files_is_name(const char *name);

// All calls below. LP_E_STATE: not usable; LP_E_INVALID: the name is not legal; LP_E_FORMAT: the
// file system is damaged, and not usable from now on when it cannot be trusted any more; LP_E_IO:
// the flash refused something; the call was done or not, as after a power cut, and the next one
// works.

// Length of a file. LP_E_NOT_FOUND.
lp_err_t lp_files_size(lp_files_t *f, lp_files_area_t area, const char *name, uint32_t *size_bytes);

// Reads up to `len` bytes from `offset` on; *got is less at the end. LP_E_NOT_FOUND.
lp_err_t lp_files_read(lp_files_t *f, lp_files_area_t area, const char *name, uint32_t offset,
                       uint8_t *buf, size_t len, size_t *got);

// Replaces or makes a file, as a whole. LP_E_NOSPACE: the flash or the number of files; LP_E_RANGE:
// longer than a file may be. The old content is there then.
lp_err_t lp_files_put(lp_files_t *f, lp_files_area_t area, const char *name, lp_span_t content);

// Adds to the end of a plain file, all of it or nothing; makes the file when there is none. Errors
// as lp_files_put().
lp_err_t lp_files_append(lp_files_t *f, const char *name, lp_span_t more);

// Writes a part of a staged file, on flash when it returns. `offset` 0 begins anew; else it must be
// where the staged part ends, or the part must be what is there already (a repeated call).
// LP_E_STATE: it is neither. Other errors as lp_files_put().
lp_err_t lp_files_stage(lp_files_t *f, const char *name, uint32_t offset, lp_span_t part);

// The staged file takes the place of the plain one of the same name. LP_E_NOT_FOUND: none is
// staged.
lp_err_t lp_files_commit(lp_files_t *f, const char *name);

// LP_E_NOT_FOUND.
lp_err_t lp_files_remove(lp_files_t *f, lp_files_area_t area, const char *name);

// Renames a plain file. LP_E_NOT_FOUND; LP_E_EXISTS: there is a `to`, and not `replaces`.
lp_err_t lp_files_rename(lp_files_t *f, const char *from, const char *to, bool replaces);

// Calls `fn` for each file of an area. It must not call anything of the same `f`.
typedef void lp_files_each_fn(void *ctx, const char *name, uint32_t size_bytes);
lp_err_t lp_files_each(lp_files_t *f, lp_files_area_t area, lp_files_each_fn *fn, void *ctx);

typedef struct {
    uint32_t size_bytes;
    uint32_t free_bytes; // for content; less where files are small
    unsigned files;      // of all areas
} lp_files_space_t;
lp_err_t lp_files_space(lp_files_t *f, lp_files_space_t *space);

#endif
