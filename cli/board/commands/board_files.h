// SPDX-License-Identifier: Apache-2.0
// Files of a board and of this computer, as the commands move them.
#ifndef BOARD_FILES_H
#define BOARD_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "limpet/board.h"

struct cJSON;

// Bytes of a whole file. Owns them: lp_content_free().
typedef struct {
    uint8_t *bytes;
    size_t len;
} lp_content_t;

// Reads a file of this computer. Errors: file-open.
lp_exit_t lp_content_load(lp_content_t *c, const char *path, lp_fault_t *f);

// Writes it beside `path` and renames it, so that a half one is never seen there. file-write.
lp_exit_t lp_content_save(const lp_content_t *c, const char *path, lp_fault_t *f);

// A malloc'd string; null: no memory.
char *lp_content_base64(const lp_content_t *c);

void lp_content_free(lp_content_t *c);

// Gets a file, checked against the board's SHA-256 of it. file-changed: it was written meanwhile.
lp_exit_t lp_board_files_get(lp_board_t *board, const char *name, lp_content_t *c, lp_fault_t *f);

typedef struct {
    bool is_unchanged; // it was there already
    size_t resumed_at; // bytes that an earlier try has left
} lp_put_t;

// Puts a file; the board's old one counts until the last part has arrived and is checked.
lp_exit_t lp_board_files_put(lp_board_t *board, const char *name, const lp_content_t *c,
                             lp_put_t *outcome, lp_fault_t *f);

lp_exit_t lp_board_files_remove(lp_board_t *board, const char *name, lp_fault_t *f);

// The number `key` of an object; 0 when there is none.
double lp_json_number(const struct cJSON *object, const char *key);

#endif
