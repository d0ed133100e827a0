// SPDX-License-Identifier: Apache-2.0
// The files of the page, which the build puts into the tool. Private to this folder.
#ifndef LP_PAGE_FILES_H
#define LP_PAGE_FILES_H

#include <stddef.h>

typedef struct {
    const char *name; // "index.html"
    const char *type; // "text/html; charset=utf-8"
    const unsigned char *bytes;
    size_t len;
} lp_page_file_t;

extern const lp_page_file_t lp_page_files[]; // ended by a null name

#endif
