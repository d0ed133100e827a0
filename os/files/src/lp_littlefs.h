// SPDX-License-Identifier: Apache-2.0
// What littlefs is compiled with. It asserts on what it takes for its own bugs; on a hostile image
// those are reached, so an assertion that fails only takes the file system out of use: the flash
// callbacks (files_flash.c) answer "corrupt" from then on.
#ifndef LP_LITTLEFS_H
#define LP_LITTLEFS_H

void lp_files_littlefs_is_wrong(void);

#ifndef LFS2_ASSERT // os/files has littlefs' own header first
#define LFS2_ASSERT(test) ((test) ? (void)0 : lp_files_littlefs_is_wrong())
#endif

#endif
